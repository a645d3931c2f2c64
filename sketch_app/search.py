"""The search pipeline: a fast lane that answers at once and a deep lane that betters its answer. In both the
newest request wins.

Every update holds all that is known so far, its photos ranked anew by all of it.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.caption_sentence import caption_sentence, subject_of
from sketch_app.deep_lane import DeepLane, Imagining
from sketch_app.errors import SketchAppError, sentence_of
from sketch_app.fusion import FusionWeights
from sketch_app.model_sets import FastLane, ModelSet
from sketch_app.newest import NewestWorker
from sketch_app.photo_spaces import DEEP_LANE
from sketch_app.protocols import ClassScorer, Grey, PhotoEncoder, SketchName, SketchReading, never
from sketch_app.ranking import Question, rank
from sketch_app.raster import render_for_model
from sketch_app.search_types import Feedback, Filters, PhotoResult, SearchRequest, SearchUpdate, Stage
from sketch_app.sketch import Sketch

if TYPE_CHECKING:
    from index.gallery import Gallery

log = logging.getLogger(__name__)

UpdateListener = Callable[[SearchUpdate], None]
ErrorListener = Callable[[SearchRequest, str], None]

CAPTION_SHARE = 0.5
"""How much the captioner's words count beside the fast lane's names for a photo's class: both see the same
sketch, and the fast lane's doubts are worth keeping. Not measured."""


@dataclass(frozen=True)
class _Asked:
    """A request under way, with what the fast lane said of it."""

    request: SearchRequest
    models: ModelSet
    started: float
    picture: Grey
    reading: SketchReading
    space: str
    """The model whose photos' vectors `vector` is compared with."""
    vector: NDArray[np.float32]
    """Of the sketch: (dimension,)."""


class SearchPipeline:
    """Answers requests on threads of its own.

    Parameters
    ----------
    models : ModelSet
        Loaded on the workers at the first request or `warm_up`.
    gallery : callable
        Gives the open gallery, or raises `SketchAppError` with a sentence; called on the workers.
    weights : callable, optional
        Gives the weights of the signals at present; the sketch alone counts when not given.
    embedder : callable, optional
        Gives the photo embedder that the gallery can be searched with at present, for imagined pictures; the
        set's own when not given.
    serving : callable, optional
        Gives the set with the encoder whose vectors the gallery has at present; the set itself when not
        given.
    """

    def __init__(
        self,
        models: ModelSet,
        gallery: Callable[[], Gallery],
        *,
        weights: Callable[[], FusionWeights] | None = None,
        embedder: Callable[[], PhotoEncoder | None] | None = None,
        serving: Callable[[], ModelSet] | None = None,
    ) -> None:
        self._serving, self._gallery = serving or (lambda: models), gallery
        self._weights = weights or FusionWeights
        self._deep = DeepLane(
            models.captioner,
            models.generator,
            embedder or (lambda: models.imagined),
            models.words,
            side=models.picture_side,
        )
        self.on_update: UpdateListener = _ignore_update
        self.on_error: ErrorListener = _ignore_error
        self._number = 0
        self._change = threading.Lock()
        self._fast_worker, self._deep_worker = NewestWorker("search"), NewestWorker("imagination")
        self._last_reading: tuple[FastLane, bytes, SketchReading] | None = None
        self._last_vector: tuple[bytes, NDArray[np.float32]] | None = None

    def submit(
        self,
        sketch: Sketch,
        revision: int,
        *,
        filters: Filters | None = None,
        limit: int = 60,
        like_photo: int | None = None,
        caption: str | None = None,
        feedback: Feedback | None = None,
        imagine: bool = True,
    ) -> SearchRequest:
        """Ask; returns at once. An earlier request that is still waiting is forgotten, a running one is left
        at its next stage.
        """
        with self._change:
            self._number += 1
            request = SearchRequest(
                self._number,
                sketch,
                revision,
                filters or Filters(),
                limit,
                like_photo,
                caption=caption,
                feedback=feedback or Feedback(),
                imagine=imagine,
            )
        started = time.monotonic()
        self._fast_worker.submit(lambda: self._answer_safely(request, started))
        return request

    def cancel(self) -> None:
        """Forget what was asked; no update for it comes after this returns, but for one already on its
        way.
        """
        with self._change:
            self._number += 1
        self._fast_worker.forget()
        self._deep_worker.forget()

    def warm_up(self) -> None:
        """Load the fast lane's models now, so that the first stroke is answered as fast as the others."""
        self._fast_worker.submit(self._load)

    def close(self, timeout: float = 10.0) -> None:
        """End the workers."""
        self.cancel()
        self._fast_worker.close(timeout)
        self._deep_worker.close(timeout)

    def answer(self, request: SearchRequest) -> SearchUpdate:
        """Run all stages of a request here and now and return the last update (the command line's way).

        Raises
        ------
        SketchAppError, index.errors.GalleryError, models.errors.ModelError
            Each with a sentence.
        """
        *_, last = self.stages(request)
        return last

    def stages(self, request: SearchRequest) -> Iterator[SearchUpdate]:
        """Run the stages of a request here and now, yielding after each; see `answer`."""
        update, asked = self._answer_fast(request, time.monotonic())
        yield update
        if asked is not None:
            yield from self._answer_deep(update, asked, never)

    # On the workers

    def _load(self) -> None:
        try:
            blank, models = render_for_model(Sketch()), self._serving()
            models.fast.read_sketch(blank)
            if models.sketches is not None:
                models.sketches.encode_sketches([blank])
        except Exception:
            log.exception("The models could not be loaded ahead of the first search")

    def _superseded(self, request: SearchRequest) -> bool:
        with self._change:
            return request.number != self._number

    def _answer_safely(self, request: SearchRequest, started: float) -> None:
        if self._superseded(request):
            return
        try:
            update, asked = self._answer_fast(request, started)
        except Exception as error:
            if not self._superseded(request):
                log.exception("Search %d failed", request.number)
                self.on_error(request, sentence_of(error))
            return
        if self._superseded(request):
            return
        self.on_update(update)
        if asked is not None:
            self._deep_worker.submit(lambda: self._go_deep(update, asked))

    def _go_deep(self, update: SearchUpdate, asked: _Asked) -> None:
        request = update.request
        try:
            for step in self._answer_deep(update, asked, lambda: self._superseded(request)):
                if self._superseded(request):
                    return
                self.on_update(step)
        except Exception as error:
            if not self._superseded(request):
                log.exception("The deep lane of search %d failed", request.number)
                self.on_update(replace(update, stage=Stage.COMPLETE, notice=sentence_of(error)))

    # The lanes

    def _answer_fast(self, request: SearchRequest, started: float) -> tuple[SearchUpdate, _Asked | None]:
        gallery, models = self._gallery(), self._serving()
        space = models.photos.model_id
        if request.like_photo is not None:
            if gallery.vector(request.like_photo, space) is None:
                raise SketchAppError("That photo is not indexed yet: wait until indexing has finished.")
            feedback = Feedback((request.like_photo, *request.feedback.liked), request.feedback.disliked)
            question = Question(space, feedback=feedback)
            return self._update(request, started, gallery, question, Stage.COMPLETE), None
        picture = render_for_model(request.sketch) if request.picture is None else request.picture
        reading = self._read(models.fast, picture)
        place = self._place(models, picture, reading, gallery)
        asked = _Asked(request, models, started, picture, reading, *place)
        deep = request.imagine and not self._deep.is_empty
        stage = Stage.FAST if deep else Stage.COMPLETE
        update = self._update(request, started, gallery, self._question(asked, None), stage)
        names = asked.reading.names
        sentence = names[0].sentence if names else None
        if request.caption and (subject := subject_of(request.caption)):
            sentence = caption_sentence(subject)
        return replace(update, names=names, caption=sentence), asked if deep else None

    def _answer_deep(
        self, update: SearchUpdate, asked: _Asked, cancelled: Callable[[], bool]
    ) -> Iterator[SearchUpdate]:
        """The last update always has the stage COMPLETE, unless cancelled."""
        steps = self._deep.run(
            asked.picture, fallback=update.caption, caption=asked.request.caption, cancelled=cancelled
        )
        for state in steps:
            if cancelled():
                return
            names, before = state.names or update.names, update
            update = replace(
                before,
                stage=_stage(state),
                names=names,
                caption=state.caption or before.caption,
                generated=state.picture,
                stage_seconds=state.seconds,
                notice=state.notice,
                seconds=time.monotonic() - asked.started,
            )
            if state.vector is not None or (state.names and state.names != before.names):
                ranked = self._update(
                    asked.request, asked.started, self._gallery(), self._question(asked, state), update.stage
                )
                update = replace(
                    update, results=ranked.results, weights=ranked.weights, seconds=ranked.seconds
                )
            if cancelled():
                return
            yield update
        if not cancelled() and update.stage is not Stage.COMPLETE:
            yield replace(update, stage=Stage.COMPLETE)

    def _read(self, fast: FastLane, picture: Grey) -> SketchReading:
        digest = hashlib.sha256(picture.tobytes()).digest()
        last = self._last_reading
        if last is not None and last[0] is fast and last[1] == digest:
            return last[2]
        reading = fast.read_sketch(picture)
        self._last_reading = (fast, digest, reading)
        return reading

    def _place(
        self, models: ModelSet, picture: Grey, reading: SketchReading, gallery: Gallery
    ) -> tuple[str, NDArray[np.float32]]:
        """Where the sketch lies: among the deep lane's photos when the models can put it there and every
        photo has been prepared, else where the fast lane's reading says.
        """
        sketches = models.sketches
        if sketches is None or gallery.active_model(DEEP_LANE) != sketches.model_id:
            return models.photos.model_id, reading.embedding.reshape(-1)
        digest = hashlib.sha256(picture.tobytes()).digest()
        last = self._last_vector
        if last is None or last[0] != digest:
            last = self._last_vector = digest, sketches.encode_sketches([picture])[0]
        return sketches.model_id, last[1]

    def _question(self, asked: _Asked, state: Imagining | None) -> Question:
        imagined = None
        if state is not None and state.space is not None and state.vector is not None:
            imagined = (state.space, state.vector)
        return Question(
            asked.models.photos.model_id,
            sketch=asked.vector,
            sketch_space=asked.space,
            classes=asked.models.classes,
            shares=self._shares(asked, state),
            imagined=imagined,
            feedback=asked.request.feedback,
        )

    def _shares(self, asked: _Asked, state: Imagining | None) -> Mapping[str, float]:
        """What the sketch shows: the person's word where they gave one; else fast lane and captioner."""
        scorer, reading = asked.models.classes, asked.reading
        if scorer is None:
            return {}
        if asked.request.caption:
            return scorer.shares({subject_of(asked.request.caption): 1.0})
        return class_shares(scorer, reading, state.names if state is not None else ())

    def _update(
        self, request: SearchRequest, started: float, gallery: Gallery, question: Question, stage: Stage
    ) -> SearchUpdate:
        weights = request.weights or self._weights()
        results: tuple[PhotoResult, ...] = rank(
            gallery, question, weights, filters=request.filters, limit=request.limit
        )
        return SearchUpdate(
            request,
            stage,
            (),
            results,
            time.monotonic() - started,
            gallery.count(),
            weights=weights,
        )


def _stage(state: Imagining) -> Stage:
    if state.vector is not None:
        return Stage.COMPLETE
    return Stage.CAPTIONED if state.picture is None else Stage.GENERATED


def class_shares(
    scorer: ClassScorer, reading: SketchReading, names: Sequence[SketchName]
) -> Mapping[str, float]:
    """Class -> probability, from the fast lane's reading and, where there are any, the captioner's names."""
    said = scorer.shares({name.class_name: name.probability for name in names})
    if not said:
        return reading.shares
    return {
        name: (1 - CAPTION_SHARE) * reading.shares.get(name, 0.0) + CAPTION_SHARE * said.get(name, 0.0)
        for name in {**reading.shares, **said}
    }


def _ignore_update(_: SearchUpdate) -> None:
    pass


def _ignore_error(_: SearchRequest, __: str) -> None:
    pass
