"""A model that is loaded at its first use, moves on to where there is room when a device's memory does not
suffice, and can be let go of. Which model that is, is the caller's concern.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from models.devices import Placement

log = logging.getLogger(__name__)


class Releasable(Protocol):
    """What every loaded model can do."""

    def release(self) -> None:
        """Free the memory; the object is of no use afterwards."""


M = TypeVar("M", bound=Releasable)
R = TypeVar("R")


class Words:
    """What models have to say to a person meanwhile; taken by whoever shows the next answer."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._lock = threading.Lock()

    def say(self, sentence: str) -> None:
        """Add a sentence."""
        log.warning("%s", sentence)
        with self._lock:
            self._said.append(sentence)

    def take(self) -> str | None:
        """All sentences since the last time, or None."""
        with self._lock:
            said, self._said = self._said, []
        return " ".join(said) or None


@dataclass(frozen=True)
class Way(Generic[M, R]):
    """One way to do a piece of work with a model; the next one needs less memory."""

    name: str
    """Stands in a sentence: "the picture at 512 px"."""
    work: Callable[[M], R]


class Resident(Generic[M]):
    """Holds at most one loaded model. Any thread may use it.

    Parameters
    ----------
    load : callable
        Makes the model in a place.
    wish : str
        The device, as `models.devices.choose_placement` takes it.
    need_bytes : int
        Free memory that a graphics device must have for it.
    say : callable
        Is told in a sentence when something did not fit.
    """

    def __init__(
        self, load: Callable[[Placement], M], *, wish: str, need_bytes: int, say: Callable[[str], None]
    ) -> None:
        self._load, self._wish, self._need, self._say = load, wish, need_bytes, say
        self._model: M | None = None
        self._place: Placement | None = None
        self._lock = threading.RLock()

    @property
    def is_loaded(self) -> bool:
        """Whether it takes memory now."""
        return self._model is not None

    @property
    def placement(self) -> Placement | None:
        """Where it is, or was last; None before the first use."""
        return self._place

    def use(self, ways: Sequence[Way[M, R]]) -> R:
        """Do a piece of work in the first way that fits into the memory, on the processor if need be.

        Raises
        ------
        models.errors.ModelError
            It cannot be loaded, or does not fit anywhere.
        """
        from models.devices import Attempt, Placement, choose_placement, run_down_the_ladder

        with self._lock:
            first = self._place or choose_placement(self._wish, need_bytes=self._need)
            attempts = [Attempt(f"{way.name} on {_words(first)}", self._attempt(way, first)) for way in ways]
            if first.device != "cpu":
                last = ways[-1]
                on_processor = choose_placement("cpu")
                attempts.append(
                    Attempt(
                        f"{last.name} on the processor, which is slower", self._attempt(last, on_processor)
                    )
                )
            elif first.dtype != "float32" and not self.is_loaded:
                log.debug("Running on the processor in %s", Placement("cpu", first.dtype).dtype)
            return run_down_the_ladder(attempts, say=self._say)

    def release(self) -> None:
        """Let go of the model; the next use loads it again, where the wish says."""
        with self._lock:
            self._place = None
            self._drop()

    def _attempt(self, way: Way[M, R], place: Placement) -> Callable[[], R]:
        return lambda: way.work(self._at(place))

    def _at(self, place: Placement) -> M:
        if self._model is None or self._place != place:
            self._drop()
            self._model, self._place = self._load(place), place
        return self._model

    def _drop(self) -> None:
        model, self._model = self._model, None
        if model is not None:
            model.release()


def _words(place: Placement) -> str:
    return "the processor" if place.device == "cpu" else "the graphics device"
