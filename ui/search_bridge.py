"""Searches for the sketch on the canvas, and lets an answer through only while that sketch is still there.

What the person says of the drawing (its name, photos that are right or wrong) belongs to that drawing: it
stays while they draw on, erase in it or undo, and goes when the canvas is emptied or another drawing opened.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from PySide6.QtCore import QObject, Qt, Signal, Slot

from sketch_app.document import SketchDocument
from sketch_app.search_types import Feedback, Filters, SearchRequest, SearchUpdate, Stage
from sketch_app.sketch import Sketch
from ui.model_words import trouble_in_words
from ui.reasons import sentence_in_words

log = logging.getLogger(__name__)


class Pipeline(Protocol):
    """What is asked of `sketch_app.search.SearchPipeline`."""

    on_update: Any
    on_error: Any

    def submit(
        self,
        sketch: Sketch,
        revision: int,
        *,
        filters: Filters = ...,
        limit: int = ...,
        like_photo: int | None = ...,
        caption: str | None = ...,
        feedback: Feedback = ...,
        imagine: bool = ...,
    ) -> SearchRequest:
        """Search; returns at once, the newest request wins."""

    def cancel(self) -> None:
        """Forget what was asked."""


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What the person says of the drawing."""

    caption: str | None = None
    feedback: Feedback = field(default_factory=Feedback)
    like_photo: int | None = None


class SearchBridge(QObject):
    """Between the document and the search; signals arrive in the GUI thread.

    Parameters
    ----------
    document : SketchDocument
        Whose every finished step is searched for.
    """

    answered = Signal(object)
    """A `SearchUpdate` for the sketch that is on the canvas now."""
    failed = Signal(str)
    """A sentence, for the sketch that is on the canvas now."""
    stale = Signal(bool)
    """True: what is shown answers an earlier question, and a new answer is on its way."""
    emptied = Signal()
    """The canvas is empty: nothing answers it."""
    wishes_changed = Signal()
    """`caption`, `feedback` or `like_photo` is another one."""

    _update_posted = Signal(object)
    _error_posted = Signal(object, str)

    def __init__(self, document: SketchDocument, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._pipeline: Pipeline | None = None
        self._filters = Filters()
        self._wishes = _Wishes()
        self._imagine = True
        self._drawing = document.sketch
        self._asked: SearchRequest | None = None
        self._complete = True
        self._cancelled = False
        self._is_stale = False
        self._unsubscribes = [
            document.changed(self._changed),
            document.sketch_changed(self._sketch_changed),
        ]
        self._update_posted.connect(self._deliver_update, Qt.ConnectionType.QueuedConnection)
        self._error_posted.connect(self._deliver_error, Qt.ConnectionType.QueuedConnection)

    def attach(self, pipeline: Pipeline) -> None:
        """Search with this from now on, beginning with what is on the canvas."""
        self._pipeline = pipeline
        pipeline.on_update = self._post_update
        pipeline.on_error = self._post_error
        self._submit()

    def close(self) -> None:
        """Ask and hear nothing any more."""
        for unsubscribe in self._unsubscribes:
            unsubscribe()
        if self._pipeline is not None:
            self._pipeline.cancel()
        self._pipeline = None

    @property
    def waiting(self) -> bool:
        """True between a question and its complete answer."""
        return self._asked is not None and not self._complete and not self._cancelled

    @property
    def caption(self) -> str | None:
        """What the person says the sketch shows; None: the models name it."""
        return self._wishes.caption

    @property
    def feedback(self) -> Feedback:
        """What the person said of photos found for this drawing."""
        return self._wishes.feedback

    @property
    def like_photo(self) -> int | None:
        """The photo that stands in place of the sketch, if one does."""
        return self._wishes.like_photo

    def search(self) -> None:
        """Search for what is on the canvas now."""
        self._wish(replace(self._wishes, like_photo=None))
        self._submit()

    def search_again(self) -> None:
        """Put the same question anew: the photos, their ranking or the models have changed."""
        self._submit()

    def search_like(self, photo_id: int) -> None:
        """Search for photos like one."""
        self._wish(replace(self._wishes, like_photo=photo_id))
        self._submit()

    def search_as(self, caption: str) -> None:
        """Search for the sketch as what the person says it shows; "" lets the models name it again."""
        self._wish(replace(self._wishes, caption=caption.strip() or None, like_photo=None))
        self._submit()

    def like(self, photo_id: int) -> None:
        """More like this one; said again it is taken back."""
        self._wish(replace(self._wishes, feedback=self.feedback.like(photo_id)))
        self._submit()

    def dislike(self, photo_id: int) -> None:
        """Less like this one; said again it is taken back."""
        self._wish(replace(self._wishes, feedback=self.feedback.dislike(photo_id)))
        self._submit()

    def clear_feedback(self) -> None:
        """Forget what was said of photos."""
        if self.feedback:
            self._wish(replace(self._wishes, feedback=Feedback()))
            self._submit()

    def set_filters(self, filters: Filters) -> None:
        """Search again, in fewer or more photos."""
        if filters != self._filters:
            self._filters = filters
            self._submit()

    def set_imagine(self, imagine: bool) -> None:
        """Whether questions from now on shall be answered by the deep lane too."""
        self._imagine = imagine

    def _wish(self, wishes: _Wishes) -> None:
        if wishes != self._wishes:
            self._wishes = wishes
            self.wishes_changed.emit()

    def _submit(self) -> None:
        sketch = self._document.sketch
        if sketch.is_empty and self.like_photo is None:
            self._empty()
            return
        if self._pipeline is None:
            return
        self._set_stale(True)
        self._complete = self._cancelled = False
        self._asked = self._pipeline.submit(
            sketch,
            self._document.revision,
            filters=self._filters,
            like_photo=self.like_photo,
            caption=self.caption,
            feedback=self.feedback,
            imagine=self._imagine,
        )

    def _empty(self) -> None:
        self._asked = None
        if self._pipeline is not None:
            self._pipeline.cancel()
        self._wish(_Wishes(like_photo=self.like_photo))
        self._set_stale(False)
        self.emptied.emit()

    def _set_stale(self, stale: bool) -> None:
        if stale != self._is_stale:
            self._is_stale = stale
            self.stale.emit(stale)

    def _changed(self) -> None:
        document = self._document
        if self._asked is None:
            return
        if document.is_drawing or document.is_erasing or document.sketch is not self._asked.sketch:
            self._cancel()
            self._set_stale(True)
        else:  # a stroke was taken back: the same sketch, at a new revision
            self._submit()

    def _cancel(self) -> None:
        """The pen is down: nobody waits for the answer under way, and its models stop at their next stage."""
        if self._pipeline is not None and not self._cancelled:
            self._cancelled = True
            self._pipeline.cancel()

    def _sketch_changed(self) -> None:
        former, self._drawing = self._drawing, self._document.sketch
        if (self.caption or self.feedback) and is_another_drawing(former, self._drawing):
            self._wish(_Wishes(like_photo=self.like_photo))
        self.search()

    # On the worker's thread

    def _post_update(self, update: SearchUpdate) -> None:
        try:
            self._update_posted.emit(update)
        except RuntimeError:
            log.debug("an answer came after the window was gone")

    def _post_error(self, request: SearchRequest, sentence: str) -> None:
        try:
            self._error_posted.emit(request, sentence)
        except RuntimeError:
            log.debug("an error came after the window was gone")

    # In the GUI thread

    def _answers_the_canvas(self, request: SearchRequest) -> bool:
        # The very request, not its number: another pipeline counts from 1 again.
        return (
            self._pipeline is not None
            and request is self._asked
            and not self._cancelled
            and request.revision == self._document.revision
        )

    @Slot(object)
    def _deliver_update(self, update: SearchUpdate) -> None:
        if not self._answers_the_canvas(update.request):
            return
        self._complete = update.stage is Stage.COMPLETE
        self._set_stale(False)
        self.answered.emit(update)

    @Slot(object, str)
    def _deliver_error(self, request: SearchRequest, sentence: str) -> None:
        if self._answers_the_canvas(request):
            self._complete = True
            self._set_stale(False)
            self.failed.emit(trouble_in_words(sentence_in_words(sentence)))


def is_another_drawing(former: Sketch, now: Sketch) -> bool:
    """Whether two sketches have no point in common: one was opened in the other's place, for drawing on and
    erasing keep points. An empty one is no drawing.
    """
    if former.is_empty or now.is_empty:
        return False
    return not _points(former) & _points(now)


def _points(sketch: Sketch) -> set[bytes]:
    return {point.tobytes() for stroke in sketch.strokes for point in stroke.points}
