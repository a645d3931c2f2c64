"""The newest answer: a grid of photos, or the sentence in its place, under what was said of photos before. A
tile's look is in `photo_tile`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Signal, SignalInstance, Slot
from PySide6.QtWidgets import QLabel, QStackedWidget, QVBoxLayout, QWidget

from sketch_app.fusion import Signal as RankingSignal
from sketch_app.search_types import Feedback, Filters, SearchUpdate, Stage
from ui.empty_state import EmptyState
from ui.feedback_bar import FeedbackBar
from ui.photo_actions import PhotoActions
from ui.photo_grid import PhotoGrid
from ui.thumbnails import Thumbnails

if TYPE_CHECKING:
    from sketch_app.workspace import Workspace


_NOT_CLOSE = 15
"""Percent: a best photo below this one has nothing of the sketch that a person would see."""


class ResultsView(QWidget):
    """Shows the newest answer."""

    more_like_this = Signal(int)
    """A photo id: the person asks for photos like it."""
    liked = Signal(int)
    """A photo id: the person says that it is this one, or takes that back."""
    disliked = Signal(int)
    """A photo id: not this one, or that taken back."""
    feedback_cleared = Signal()
    """All that was said of photos is taken back."""
    like_ended = Signal()
    """The sketch is to be searched for again, not a photo."""
    add_folder_requested = Signal()
    """The gallery is empty and the person pressed the button that says so."""
    phone_requested = Signal()
    """The gallery is empty and the person pressed the button that leads to phones."""
    clear_filters_requested = Signal()
    """No photo passes the filters and the person pressed the button that says so."""
    notice = Signal(str)
    """A sentence for the status bar or a toast: copied, could not be opened ..."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = Thumbnails(workspace, self)
        self.actions_of_photo = PhotoActions(workspace, self)
        self.grid = PhotoGrid(self._thumbnails, self.actions_of_photo)
        self.empty = EmptyState()
        self.feedback = FeedbackBar(self._thumbnails)
        self._marked: frozenset[int] = frozenset()
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.feedback)
        column.addWidget(self._stack, 1)
        self.hint = QLabel()
        self.hint.setProperty("role", "muted")
        self.hint.setContentsMargins(8, 0, 8, 8)
        self.hint.setWordWrap(True)
        self.hint.hide()
        self._answer = QWidget()
        rows = QVBoxLayout(self._answer)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.hint)
        rows.addWidget(self.grid, 1)
        self._stack.addWidget(self._answer)
        self._update: SearchUpdate | None = None
        self._signals: tuple[RankingSignal, ...] = tuple(RankingSignal)
        self._message, self._invites = "", False
        self._on_action: SignalInstance | None = None
        self.actions_of_photo.notice.connect(self.notice)
        self.actions_of_photo.more_like_this.connect(self.more_like_this)
        self.actions_of_photo.liked.connect(self.liked)
        self.actions_of_photo.disliked.connect(self.disliked)
        self.feedback.liked.connect(self.liked)
        self.feedback.disliked.connect(self.disliked)
        self.feedback.cleared.connect(self.feedback_cleared)
        self.feedback.like_ended.connect(self.like_ended)
        self.empty.action.connect(self._act)
        self.empty.other_action.connect(self.phone_requested)
        self._name_hint()
        self.clear()

    def show_wishes(self, feedback: Feedback, like_photo: int | None = None) -> None:
        """Show what was said of photos; a photo that was spoken of leaves the answer at once."""
        self.feedback.show_wishes(feedback, like_photo)
        self._marked = frozenset((*feedback.liked, *feedback.disliked))
        results = self.grid.model().results
        kept = [result for result in results if result.photo_id not in self._marked]
        if len(kept) < len(results):
            self.grid.show_results(kept)

    def set_signals(self, signals: Sequence[RankingSignal]) -> None:
        """The signals that the models in use can give."""
        self._signals = tuple(signals)

    def show_update(self, update: SearchUpdate) -> None:
        """Show an answer's results; the caller drops answers of an older revision."""
        said = {name for result in update.results for name in result.signals}
        of_photo = update.request.like_photo is not None
        self.grid.model().explain(
            update.weights,
            [s for s in self._signals if s.value in said or (s is RankingSignal.GENERATED and not of_photo)],
        )
        new_request = self._update is None or update.request.number != self._update.request.number
        self._update, self._invites = update, False
        self.set_stale(False)
        if not update.results and update.stage is not Stage.COMPLETE and self.grid.model().rowCount():
            return  # the photos stay until it is certain that none answers
        wanted = {result.photo_id for result in update.results}
        self._thumbnails.keep_waiting_for(wanted | self.feedback.photo_ids())
        self.grid.show_results(update.results, from_top=new_request)
        self._show_hint(update)
        if update.results:
            self._stack.setCurrentWidget(self._answer)
        else:
            self._say_nothing_found(update)

    def clear(self, message: str = "") -> None:
        """Show no photo, and `message` (or the hint to draw) in their place."""
        self._update, self._message, self._invites = None, message, False
        self.set_stale(False)
        self._thumbnails.keep_waiting_for(self.feedback.photo_ids())
        self.grid.show_results(())
        self._say("photos", message or self.tr("The photos that look like your sketch appear here."))

    def invite_folder(self) -> None:
        """Say that the gallery is empty, with the button that adds a folder."""
        self.clear()
        self._invites = True
        self._say(
            "folder-plus",
            self.tr("There are no photos here yet. Add a folder of photos to search in it."),
            self.tr("Add a folder"),
            self.add_folder_requested,
            other=self.tr("Connect a phone"),
        )

    def set_stale(self, stale: bool) -> None:
        """Dim the photos: the sketch has changed since and a new answer is on its way."""
        self.grid.set_stale(stale)

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102 - Qt's own
        if event.type() == QEvent.Type.LanguageChange:
            self._name_hint()
            if self._update is not None and not self._update.results:
                self._say_nothing_found(self._update)
            elif self._invites:
                self.invite_folder()
            elif self._update is None:
                self.clear(self._message)
        super().changeEvent(event)

    def _name_hint(self) -> None:
        self.hint.setText(self.tr("No close match yet; add a detail."))

    def _show_hint(self, update: SearchUpdate) -> None:
        far = max((result.percent for result in update.results), default=100) < _NOT_CLOSE
        of_photos = update.request.like_photo is not None or bool(update.request.feedback)
        if not far or of_photos:
            self.hint.hide()
        elif update.stage is Stage.COMPLETE:  # an early step of the answer may still be bettered
            self.hint.show()

    def _say_nothing_found(self, update: SearchUpdate) -> None:
        if update.gallery_count == 0 and update.request.filters == Filters():
            self.invite_folder()
        elif update.request.filters != Filters():
            self._say(
                "filter",
                self.tr("No photo that passes the filters looks like this."),
                self.tr("Clear the filters"),
                self.clear_filters_requested,
            )
        elif update.request.feedback:
            self._say(
                "search",
                self.tr("No other photo looks like this."),
                self.tr("Forget what I said of photos"),
                self.feedback_cleared,
            )
        else:
            self._say("search", self.tr("No photo looks like this yet. Draw a little more of it."))

    def _say(
        self,
        icon: str,
        sentence: str,
        action: str = "",
        signal: SignalInstance | None = None,
        *,
        other: str = "",
    ) -> None:
        self.empty.show_message(icon, sentence, action, other)
        self._on_action = signal
        self._stack.setCurrentWidget(self.empty)

    @Slot()
    def _act(self) -> None:
        if self._on_action is not None:
            self._on_action.emit()
