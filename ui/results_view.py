"""The newest answer: a grid of photos, or the sentence in its place. A tile's look is in `photo_tile`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Signal, SignalInstance, Slot
from PySide6.QtWidgets import QLabel, QStackedLayout, QVBoxLayout, QWidget

from sketch_app.search_types import Filters, SearchUpdate, Stage
from ui.empty_state import EmptyState
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
    add_folder_requested = Signal()
    """The gallery is empty and the person pressed the button that says so."""
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
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
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
        self._message, self._invites = "", False
        self._on_action: SignalInstance | None = None
        self.actions_of_photo.notice.connect(self.notice)
        self.actions_of_photo.more_like_this.connect(self.more_like_this)
        self.empty.action.connect(self._act)
        self._name_hint()
        self.clear()

    def show_update(self, update: SearchUpdate) -> None:
        """Show an answer's results; the caller drops answers of an older revision."""
        new_request = self._update is None or update.request.number != self._update.request.number
        self._update, self._invites = update, False
        self.set_stale(False)
        if not update.results and update.stage is not Stage.COMPLETE and self.grid.model().rowCount():
            return  # the photos stay until it is certain that none answers
        self._thumbnails.keep_waiting_for({result.photo_id for result in update.results})
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
        self._thumbnails.keep_waiting_for(set())
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
        if not far or update.request.like_photo is not None:
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
        else:
            self._say("search", self.tr("No photo looks like this yet. Draw a little more of it."))

    def _say(self, icon: str, sentence: str, action: str = "", signal: SignalInstance | None = None) -> None:
        self.empty.show_message(icon, sentence, action)
        self._on_action = signal
        self._stack.setCurrentWidget(self.empty)

    @Slot()
    def _act(self) -> None:
        if self._on_action is not None:
            self._on_action.emit()
