"""The search pipeline: one worker, one request at a time, the newest wins.

Stages: the fast lane (vector and names of the sketch, first ranking), then the deep lane's caption and
picture where the model set has them. Every update holds all that is known so far.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from sketch_app.errors import SketchAppError
from sketch_app.model_sets import ModelSet
from sketch_app.protocols import Grey, SketchName
from sketch_app.ranking import rank_by_vector
from sketch_app.raster import render_for_model
from sketch_app.search_types import Filters, SearchRequest, SearchUpdate, Stage
from sketch_app.sketch import Sketch

if TYPE_CHECKING:
    from index.gallery import Gallery

log = logging.getLogger(__name__)

UpdateListener = Callable[[SearchUpdate], None]
ErrorListener = Callable[[SearchRequest, str], None]

DEEP_SEED = 0
"""The generator's seed: the same sketch gives the same answer."""
DEEP_STRENGTH = 0.4
"""Default r of Img2Img-Turbo's stochastic sketch variant (Parmar et al. 2024)."""
DEEP_SIDE = 256
"""Pixels of the imagined picture: encoders see 224, and 512 would be four times the work."""


_LOOK_UP_SECONDS = 0.5
"""How often an idle worker asks whether the program has ended without closing it."""
_OWN_PACKAGES = frozenset({"sketch_app", "index", "models", "device"})


class SearchPipeline:
    """Answers requests on its own thread.

    Parameters
    ----------
    models : ModelSet
        Loaded on the worker at the first request or `warm_up`.
    gallery : callable
        Gives the open gallery, or raises `SketchAppError` with a sentence; called on the worker.
    """

    def __init__(self, models: ModelSet, gallery: Callable[[], Gallery]) -> None:
        self._models, self._gallery = models, gallery
        self.on_update: UpdateListener = _ignore_update
        self.on_error: ErrorListener = _ignore_error
        self._wanted: SearchRequest | None = None
        self._submitted_at = 0.0
        self._number = 0
        self._warm = False
        self._closing = False
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None

    def submit(
        self,
        sketch: Sketch,
        revision: int,
        *,
        filters: Filters | None = None,
        limit: int = 60,
        like_photo: int | None = None,
    ) -> SearchRequest:
        """Ask; returns at once. An earlier request that is still waiting is forgotten, a running one is left
        at its next stage.
        """
        with self._change:
            self._number += 1
            request = SearchRequest(self._number, sketch, revision, filters or Filters(), limit, like_photo)
            self._wanted = request
            self._submitted_at = time.monotonic()
            self._wake()
        return request

    def cancel(self) -> None:
        """Forget what was asked; no update for it comes after this returns, but for one already on its
        way.
        """
        with self._change:
            self._number += 1
            self._wanted = None

    def warm_up(self) -> None:
        """Load the fast lane's models now, so that the first stroke is answered as fast as the others."""
        with self._change:
            self._warm = True
            self._wake()

    def close(self, timeout: float = 10.0) -> None:
        """End the worker."""
        with self._change:
            self._closing = True
            self._number += 1
            self._change.notify_all()
        if self._thread is not None:
            self._thread.join(timeout)

    def answer(self, request: SearchRequest) -> SearchUpdate:
        """Run all stages of a request here and now and return the last update (the command line's way).

        Raises
        ------
        SketchAppError, index.errors.GalleryError, models.errors.ModelError
            Each with a sentence.
        """
        last: list[SearchUpdate] = []
        self._answer(request, time.monotonic(), last.append, lambda: False)
        return last[-1]

    def _wake(self) -> None:
        if self._thread is None:
            # Not a daemon: one that dies inside torch while the interpreter ends takes the process with it.
            self._thread = threading.Thread(target=self._run, name="search")
            self._thread.start()
        self._change.notify_all()

    def _run(self) -> None:
        while True:
            with self._change:
                while not (self._closing or self._wanted or self._warm):
                    self._change.wait(_LOOK_UP_SECONDS)
                    self._closing |= not threading.main_thread().is_alive()
                if self._closing:
                    return
                request, self._wanted = self._wanted, None
                started, warm, self._warm = self._submitted_at, self._warm, False
            if warm and request is None:
                self._load()
            if request is not None:
                self._answer_safely(request, started)

    def _load(self) -> None:
        try:
            self._models.fast.read_sketch(render_for_model(Sketch()))
        except Exception:
            log.exception("The models could not be loaded ahead of the first search")

    def _answer_safely(self, request: SearchRequest, started: float) -> None:
        def superseded() -> bool:
            with self._change:
                return request.number != self._number

        def deliver(update: SearchUpdate) -> None:
            if not superseded():
                self.on_update(update)

        try:
            self._answer(request, started, deliver, superseded)
        except Exception as error:
            if superseded():
                return
            log.exception("Search %d failed", request.number)
            self.on_error(request, sentence_of(error))

    def _answer(
        self,
        request: SearchRequest,
        started: float,
        deliver: UpdateListener,
        superseded: Callable[[], bool],
    ) -> None:
        gallery = self._gallery()
        model_id = self._models.photos.model_id
        if request.like_photo is not None:
            vector = gallery.vector(request.like_photo, model_id)
            if vector is None:
                raise SketchAppError("That photo is not indexed yet: wait until indexing has finished.")
            names: tuple[SketchName, ...] = ()
            signal = "photo"
        else:
            vector, names = self._models.fast.read_sketch(_picture_of(request))
            signal = "sketch"
        if superseded():
            return
        results = rank_by_vector(
            gallery,
            model_id,
            vector,
            filters=request.filters,
            limit=request.limit,
            signal=signal,
            without=request.like_photo,
        )
        deep = request.like_photo is None and self._models.captioner is not None
        update = SearchUpdate(
            request,
            Stage.FAST if deep else Stage.COMPLETE,
            names,
            results,
            time.monotonic() - started,
            gallery.count(),
            caption=names[0].sentence if names else None,
        )
        deliver(update)
        if deep and not superseded():
            self._go_deep(update, started, deliver, superseded)

    def _go_deep(
        self,
        update: SearchUpdate,
        started: float,
        deliver: UpdateListener,
        superseded: Callable[[], bool],
    ) -> None:
        """Caption, picture, and the ranking by both; asked again between stages whether it is still
        wanted.
        """
        captioner, generator = self._models.captioner, self._models.generator
        assert captioner is not None
        picture = _picture_of(update.request)
        names = captioner.name_sketch(picture) or update.names
        sentence = names[0].sentence if names else None
        update = replace(
            update,
            stage=Stage.COMPLETE if generator is None or sentence is None else Stage.CAPTIONED,
            names=names,
            caption=sentence,
            seconds=time.monotonic() - started,
        )
        if superseded():
            return
        deliver(update)
        if generator is None or sentence is None:
            return
        imagined = generator.generate(
            picture, sentence, seed=DEEP_SEED, strength=DEEP_STRENGTH, size=DEEP_SIDE
        )
        if not superseded():
            deliver(
                replace(update, stage=Stage.COMPLETE, generated=imagined, seconds=time.monotonic() - started)
            )


def _picture_of(request: SearchRequest) -> Grey:
    return render_for_model(request.sketch) if request.picture is None else request.picture


def is_own_error(error: BaseException) -> bool:
    """Whether an error is one of ours, whose text is a sentence for people."""
    return type(error).__module__.split(".")[0] in _OWN_PACKAGES


def sentence_of(error: BaseException) -> str:
    """An error as one sentence for people: our own errors speak for themselves, others name their kind."""
    if is_own_error(error):
        return str(error)
    return f"Something went wrong ({type(error).__name__}: {error}). The log file has the details."


def _ignore_update(_: SearchUpdate) -> None:
    pass


def _ignore_error(_: SearchRequest, __: str) -> None:
    pass
