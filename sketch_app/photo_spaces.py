"""Which model's vectors serve the deep lane now, and the preparing of another's. No Qt.

A person may choose another photo model at any time. Until every photo has a vector of it, the one that was
complete goes on serving; then the new one takes over in one step. Vectors of two models never meet: whoever
searches takes model and encoder together, as one `PhotoSpace`.
"""

from __future__ import annotations

import logging
import math
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sketch_app.protocols import PhotoEncoder

if TYPE_CHECKING:
    from index.gallery import Gallery
    from index.records import Coverage, EmbedProgress, EmbedReport
    from index.scan import PhotoSource

log = logging.getLogger(__name__)

FAST_LANE, DEEP_LANE = "fast", "deep"
"""The lanes' names in the gallery."""
_FORGET_WAIT_S = 5.0
"""How long forgetting a model waits for the searches that still use it."""


@dataclass(frozen=True, slots=True)
class PhotoSpace:
    """A model's vectors in the gallery, and the encoder that embeds queries for them."""

    model_id: str
    encoder: PhotoEncoder


@dataclass(frozen=True, slots=True)
class SpaceStatus:
    """Who serves the lane, who is wanted, and how far the wanted one has come."""

    serving: str
    wanted: str
    active: str | None
    """The model that the gallery names as serving; None before any set was complete."""
    coverage: Coverage

    @property
    def preparing(self) -> bool:
        """Whether photos are still to be embedded with the wanted model."""
        return self.coverage.remaining > 0

    @property
    def settled(self) -> bool:
        """Whether nothing is left to do but to try failed photos again: the wanted model serves."""
        return not self.preparing and self.active == self.wanted


@dataclass(frozen=True, slots=True)
class Preparation:
    """What `PhotoSpaces.prepare` did.

    Attributes
    ----------
    report : EmbedReport
        Of all its passes together.
    switched : bool
        Whether the wanted model serves the lane since this run.
    former : str or None
        The model that served before, where it switched.
    forgotten : bool
        Whether that model's vectors were deleted.
    """

    report: EmbedReport
    switched: bool = False
    former: str | None = None
    forgotten: bool = False


class PhotoSpaces:
    """The photo models of one lane over one gallery. Usable from any thread.

    Parameters
    ----------
    gallery : callable
        Gives the open gallery; opened for reading, so that others can write while photos are embedded.
    wanted : PhotoEncoder
        The encoder a person chose.
    encoder_for : callable
        The encoder of a model id, or None when its weights are no longer on this machine. An encoder that
        was given is kept as long as its model serves.
    lane : str
        The lane's name in the gallery.
    keep : frozenset of str
        Models never forgotten, above all the fast lane's.
    batch_size : int
        Photos a call of the encoder, and vectors a commit.
    workers : int
        Decoding threads.
    sources : sequence of PhotoSource
        Where photos that do not lie on this computer can be read.
    before : PhotoEncoder, optional
        What serves where the gallery does not name a model for the lane, as long as it has vectors of it.
    """

    def __init__(
        self,
        gallery: Callable[[], Gallery],
        wanted: PhotoEncoder,
        encoder_for: Callable[[str], PhotoEncoder | None],
        *,
        lane: str = DEEP_LANE,
        keep: frozenset[str] = frozenset(),
        batch_size: int = 8,
        workers: int = 2,
        sources: Sequence[PhotoSource] = (),
        before: PhotoEncoder | None = None,
    ) -> None:
        self._gallery = gallery
        self._wanted = wanted
        self._before = before
        self._encoder_for = encoder_for
        self._lane = lane
        self._keep = keep
        self._batch_size, self._workers = batch_size, workers
        self._sources = tuple(sources)
        self._former: PhotoEncoder | None = None  # the encoder of the active model where it is not the wanted
        self._lent: Counter[str] = Counter()
        self._change = threading.Condition()
        self._one_at_a_time = threading.Lock()

    @property
    def wanted(self) -> PhotoEncoder:
        """The encoder that was chosen last."""
        return self._wanted

    @property
    def lane(self) -> str:
        """The lane's name in the gallery."""
        return self._lane

    def want(self, encoder: PhotoEncoder) -> None:
        """Choose another encoder. A running `prepare` for the one before ends; start it again."""
        with self._change:
            if encoder.model_id != self._wanted.model_id:
                self._former = self._wanted
            self._wanted = encoder

    def serving(self) -> PhotoSpace:
        """The space to search in now: the active model's while its encoder is at hand, else the wanted one's
        with what it holds so far.

        Whoever lets the former model be forgotten takes it through `lent`.

        Raises
        ------
        index.errors.GalleryError
            If the gallery cannot be read.
        """
        with self._change:
            wanted = self._wanted
        active = self._gallery().active_model(self._lane)
        if active is None and self._before is not None:
            first = self._before.model_id
            active = first if self._gallery().coverage(first).done else None
        if active is None or active == wanted.model_id:
            return PhotoSpace(wanted.model_id, wanted)
        with self._change:
            former = self._former
        if former is None or former.model_id != active:
            former = self._encoder_for(active)
            if former is None:
                return PhotoSpace(wanted.model_id, wanted)
            with self._change:
                self._former = former
        return PhotoSpace(active, former)

    @contextmanager
    def lent(self) -> Iterator[PhotoSpace]:
        """The same for the time of one search, during which this process does not forget the model."""
        while True:
            space = self.serving()
            with self._change:
                self._lent[space.model_id] += 1
            # Counted first, then asked again: a model that was replaced in between may be forgotten already.
            if self.serving().model_id == space.model_id:
                break
            self._give_back(space)
        try:
            yield space
        finally:
            self._give_back(space)

    def _give_back(self, space: PhotoSpace) -> None:
        with self._change:
            self._lent[space.model_id] -= 1
            self._change.notify_all()

    def status(self) -> SpaceStatus:
        """Who serves and how far the wanted model has come; a few database queries."""
        wanted, gallery = self._wanted.model_id, self._gallery()
        active = gallery.active_model(self._lane)
        return SpaceStatus(self.serving().model_id, wanted, active, gallery.coverage(wanted))

    def prepare(
        self,
        progress: Callable[[EmbedProgress], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        *,
        forget_former: bool = False,
    ) -> Preparation:
        """Embed what the wanted model lacks and, once it is complete, let it serve. Blocks; not for the GUI
        thread. Whatever ends it, the next call goes on from there.

        Where the gallery's files are mostly out of reach (a disk is not connected) the set does not become
        complete, and the former model goes on serving.

        Parameters
        ----------
        forget_former : bool
            Delete the vectors of the model that served before, once no search of this process uses it.

        Raises
        ------
        index.errors.EncoderError
            If the encoder fails.
        index.errors.GalleryError
            If the gallery cannot be read or written.
        """
        with self._one_at_a_time:
            return self._prepare(progress, cancelled or _never, forget_former=forget_former)

    def _prepare(
        self,
        progress: Callable[[EmbedProgress], None] | None,
        cancelled: Callable[[], bool],
        *,
        forget_former: bool,
    ) -> Preparation:
        from index.embedding import Embedder

        wanted = self._wanted

        def stop() -> bool:
            return cancelled() or self._wanted is not wanted

        def encode(images: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
            return wanted.encode_photos(images)

        gallery = self._gallery()
        embedder = Embedder(
            gallery,
            encode,
            wanted.model_id,
            wanted.dimension,
            workers=self._workers,
            batch_size=self._batch_size,
            sources=self._sources,
        )
        total: EmbedReport | None = None
        while True:
            report = embedder.run(progress=progress, cancelled=stop)
            total = report if total is None else _sum(total, report)
            if report.cancelled:
                return Preparation(total)
            former = gallery.active_model(self._lane)
            if former == wanted.model_id:
                return Preparation(total)
            if self._switch(gallery, wanted.model_id, stop):
                log.info("The %s lane is served by %s now, before by %s", self._lane, wanted.model_id, former)
                forgotten = forget_former and self._forget(gallery, former, stop)
                return Preparation(total, switched=True, former=former, forgotten=forgotten)
            if stop():
                return Preparation(replace(total, cancelled=True))
            if not report.embedded:
                return Preparation(total)
            # Photos were added between the last look and the switch.

    def _switch(self, gallery: Gallery, model_id: str, stop: Callable[[], bool]) -> bool:
        """Let a model serve if it is complete, looked at while nobody can add photos."""
        with _writing(gallery, stop) as writer:
            if writer is None or stop() or not writer.coverage(model_id).complete:
                return False
            writer.set_active_model(self._lane, model_id)
            return True

    def _forget(self, gallery: Gallery, model_id: str | None, stop: Callable[[], bool]) -> bool:
        if model_id is None or model_id in self._keep:
            return False
        with self._change:
            if not self._change.wait_for(lambda: self._lent[model_id] <= 0, timeout=_FORGET_WAIT_S):
                log.info("The vectors of %s are still being searched and stay", model_id)
                return False
        from index.errors import GalleryError

        try:
            with _writing(gallery, stop) as writer:
                if writer is None:
                    return False
                writer.forget_model(model_id)
        except GalleryError as error:  # it serves another lane, or was chosen again by another process
            log.warning("The vectors of %s stay: %s", model_id, error)
            return False
        gallery.index_status(model_id)  # finds it gone and lets go of its index in memory
        return True


@contextmanager
def _writing(gallery: Gallery, stop: Callable[[], bool]) -> Iterator[Gallery | None]:
    """The gallery opened for writing as soon as nobody else writes; None if `stop` came first."""
    from index.errors import GalleryBusyError
    from index.gallery import Gallery

    if gallery.writable:
        yield gallery
        return
    try:
        writer = Gallery.open(gallery.directory, write=True, wait=math.inf, cancelled=stop)
    except GalleryBusyError:
        yield None
        return
    with writer:
        yield writer


def _sum(first: EmbedReport, second: EmbedReport) -> EmbedReport:
    return replace(
        second,
        embedded=first.embedded + second.embedded,
        tried=first.tried + second.tried,
        seconds=first.seconds + second.seconds,
    )


def _never() -> bool:
    return False
