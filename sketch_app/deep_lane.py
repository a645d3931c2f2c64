"""The slow lane: caption, imagined picture, and that picture's vector. No thread, no gallery, no ranking.

What was imagined for a sketch is remembered until another sketch comes, so that a change of filters, weights
or feedback costs nothing, and a caption tried before is there at once.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from models.caption_sentence import caption_sentence, subject_of
from models.errors import Cancelled
from sketch_app.errors import is_own_error, sentence_of
from sketch_app.model_sets import PICTURE_SIDE
from sketch_app.protocols import Captioner, Grey, ImageGenerator, PhotoEncoder, Rgb, SketchName
from sketch_app.resident import Words

log = logging.getLogger(__name__)

SEED = 0
"""The same sketch gives the same picture."""
STRENGTH = 0.4
"""Default r of Img2Img-Turbo's stochastic sketch variant (Parmar et al. 2024)."""


@dataclass(frozen=True, slots=True)
class Imagining:
    """All that the deep lane knows of a sketch so far."""

    names: tuple[SketchName, ...] = ()
    """What the captioner said, best first; empty where it was not asked."""
    caption: str | None = None
    """The sentence that the picture is made from."""
    picture: Rgb | None = None
    space: str | None = None
    """Id of the photo embedder of `vector`."""
    vector: NDArray[np.float32] | None = None
    """(dimension,)"""
    seconds: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    notice: str | None = None
    """What did not work, in a sentence; what could be done without it was done."""


@dataclass(frozen=True)
class _Work:
    """One run's input."""

    sketch: Grey
    fallback: str | None
    caption: str | None
    cancelled: Callable[[], bool]


@dataclass
class _Memory:
    """What was made of one sketch."""

    sketch: bytes = b""
    names: tuple[SketchName, ...] = ()
    pictures: dict[str, Rgb] = field(default_factory=dict)
    vectors: dict[tuple[str, str], NDArray[np.float32]] = field(default_factory=dict)


class DeepLane:
    """Runs the models one after the other; each result is yielded as it arrives.

    Parameters
    ----------
    captioner, generator : optional
        Absent ones are passed over.
    embedder : callable
        Gives the photo embedder whose vectors the gallery can be searched with now, or None.
    words : Words, optional
        Where the models say what they could not do as asked.
    side : int
        Of the picture, in pixels.
    """

    def __init__(
        self,
        captioner: Captioner | None,
        generator: ImageGenerator | None,
        embedder: Callable[[], PhotoEncoder | None],
        words: Words | None = None,
        *,
        side: int = PICTURE_SIDE,
    ) -> None:
        self._side = side
        self._captioner, self._generator, self._embedder = captioner, generator, embedder
        self._words = words or Words()
        self._memory = _Memory()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to run."""
        return self._captioner is None and self._generator is None

    def run(
        self,
        sketch: Grey,
        *,
        fallback: str | None,
        caption: str | None = None,
        cancelled: Callable[[], bool],
    ) -> Iterator[Imagining]:
        """Yield what is known after each stage: caption, picture, vector. Ends early when cancelled.

        Parameters
        ----------
        fallback : str or None
            The sentence to imagine from where the captioner has nothing to say.
        caption : str, optional
            What the person says it shows, in any words: the captioner is not asked.
        """
        memory, work = self._of(sketch), _Work(sketch, fallback, caption, cancelled)
        state = Imagining()
        try:
            state = self._heard(self._caption(state, memory, work))
            yield state
            if self._generator is None or state.caption is None or cancelled():
                return
            state = self._heard(self._imagine(state, memory, work))
            yield state
            if cancelled():
                return
            state = self._heard(self._embed(state, memory))
            if state.vector is not None:
                yield state
        except Cancelled:
            log.debug("The deep lane was cancelled")
        except Exception as error:
            _log(error, "The deep lane failed")
            yield replace(state, notice=_joined(state.notice, sentence_of(error)))

    def _heard(self, state: Imagining) -> Imagining:
        return replace(state, notice=_joined(state.notice, self._words.take()))

    def _of(self, sketch: Grey) -> _Memory:
        digest = hashlib.sha256(sketch.tobytes()).digest()
        if self._memory.sketch != digest:
            self._memory = _Memory(digest)
        return self._memory

    def _caption(self, state: Imagining, memory: _Memory, work: _Work) -> Imagining:
        subject = subject_of(work.caption) if work.caption else ""
        if subject:
            return replace(state, names=memory.names, caption=caption_sentence(subject))
        notice = None
        started = time.monotonic()
        if not memory.names and self._captioner is not None:
            try:
                memory.names = self._captioner.name_sketch(work.sketch, cancelled=work.cancelled)
            except Cancelled:
                raise
            except Exception as error:
                # The fast lane has a name for the sketch: a picture can still be imagined from that.
                _log(error, "The captioner failed")
                notice = sentence_of(error)
        names = memory.names
        return replace(
            state,
            names=names,
            caption=names[0].sentence if names else work.fallback,
            seconds=_with(state, "caption", started),
            notice=notice,
        )

    def _imagine(self, state: Imagining, memory: _Memory, work: _Work) -> Imagining:
        assert self._generator is not None and state.caption is not None
        started = time.monotonic()
        if state.caption not in memory.pictures:
            memory.pictures[state.caption] = self._generator.generate(
                work.sketch,
                state.caption,
                seed=SEED,
                strength=STRENGTH,
                size=self._side,
                cancelled=work.cancelled,
            )
        return replace(
            state, picture=memory.pictures[state.caption], seconds=_with(state, "generate", started)
        )

    def _embed(self, state: Imagining, memory: _Memory) -> Imagining:
        assert state.caption is not None and state.picture is not None
        started = time.monotonic()
        embedder = self._embedder()
        if embedder is None:
            return state
        key = (state.caption, embedder.model_id)
        if key not in memory.vectors:
            memory.vectors[key] = embedder.encode_photos([state.picture])[0]
        return replace(
            state,
            space=embedder.model_id,
            vector=memory.vectors[key],
            seconds=_with(state, "embed", started),
        )


def _joined(*sentences: str | None) -> str | None:
    return " ".join(dict.fromkeys(s for s in sentences if s)) or None


def _log(error: Exception, what: str) -> None:
    if is_own_error(error):
        log.warning("%s: %s", what, error)
    else:
        log.error("%s", what, exc_info=error)


def _with(state: Imagining, stage: str, started: float) -> Mapping[str, float]:
    return MappingProxyType({**state.seconds, stage: time.monotonic() - started})
