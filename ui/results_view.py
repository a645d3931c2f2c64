"""The grid of photos found. What a photo's tile looks like stands in `photo_tile`; the rows in `results_model`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from sketch_app.search_types import SearchUpdate

if TYPE_CHECKING:
    from sketch_app.workspace import Workspace


class ResultsView(QWidget):
    """Shows the newest answer."""

    more_like_this = Signal(int)
    """A photo id: the person asks for photos like it."""
    add_folder_requested = Signal()
    """The gallery is empty and the person pressed the button that says so."""
    notice = Signal(str)
    """A sentence for the status bar or a toast: copied, could not be opened ..."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)

    def show_update(self, update: SearchUpdate) -> None:
        """Show an answer's results; the caller drops answers of an older revision."""

    def clear(self, message: str = "") -> None:
        """Show no photo, and `message` (or the hint to draw) in their place."""

    def set_stale(self, stale: bool) -> None:
        """Dim the photos: the sketch has changed since and a new answer is on its way."""
