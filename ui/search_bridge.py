"""Searches for the sketch on the canvas, and lets an answer through only while that sketch is still there."""

from __future__ import annotations

import logging
from typing import Any, Protocol

from PySide6.QtCore import QObject, Qt, Signal, Slot

from sketch_app.document import SketchDocument
from sketch_app.search_types import Filters, SearchRequest, SearchUpdate, Stage
from sketch_app.sketch import Sketch
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
    ) -> SearchRequest:
        """Search; returns at once, the newest request wins."""

    def cancel(self) -> None:
        """Forget what was asked."""


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
    """True: what is shown answers an earlier sketch, and a new answer is on its way."""
    emptied = Signal()
    """The canvas is empty: nothing answers it."""

    _update_posted = Signal(object)
    _error_posted = Signal(object, str)

    def __init__(self, document: SketchDocument, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._pipeline: Pipeline | None = None
        self._filters = Filters()
        self._like_photo: int | None = None
        self._asked: SearchRequest | None = None
        self._complete = True
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
        self.search()

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
        return self._asked is not None and not self._complete

    def search(self) -> None:
        """Search for what is on the canvas now."""
        self._like_photo = None
        self._submit()

    def search_like(self, photo_id: int) -> None:
        """Search for photos like one."""
        self._like_photo = photo_id
        self._submit()

    def set_filters(self, filters: Filters) -> None:
        """Search again, in fewer or more photos."""
        if filters != self._filters:
            self._filters = filters
            self._submit()

    def _submit(self) -> None:
        sketch = self._document.sketch
        if sketch.is_empty and self._like_photo is None:
            self._empty()
            return
        if self._pipeline is None:
            return
        self._set_stale(True)
        self._complete = False
        self._asked = self._pipeline.submit(
            sketch, self._document.revision, filters=self._filters, like_photo=self._like_photo
        )

    def _empty(self) -> None:
        self._asked = None
        if self._pipeline is not None:
            self._pipeline.cancel()
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
            self._set_stale(True)
        else:  # a stroke was taken back: the same sketch, at a new revision
            self._submit()

    def _sketch_changed(self) -> None:
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
        return (
            self._pipeline is not None
            and request.revision == self._document.revision
            and self._asked is not None
            and request.number >= self._asked.number
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
            self.failed.emit(sentence_in_words(sentence))
