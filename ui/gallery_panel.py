"""The gallery's folders, their counting and re-scanning, what was skipped, and the filters of a search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from sketch_app.search_types import Filters

if TYPE_CHECKING:
    from index.records import IndexProgress, IndexReport
    from sketch_app.workspace import GallerySummary


class GalleryPanel(QWidget):
    """Shows what it is told; the owner runs the work that the signals ask for."""

    add_folder_requested = Signal()
    rescan_requested = Signal(object)
    """A folder's `Path`, or None for every folder."""
    remove_requested = Signal(object)
    """A folder's `Path`; the person has confirmed it."""
    cancel_requested = Signal()
    """Of the running scan."""
    filters_changed = Signal(object)
    """`Filters`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)

    @property
    def filters(self) -> Filters:
        """What the controls say now."""
        return Filters()

    def set_summary(self, summary: GallerySummary | None) -> None:
        """Show the folders, counts and albums; None: the gallery is not open yet."""

    def set_progress(self, progress: IndexProgress | None) -> None:
        """Show a running scan; None: nothing runs."""

    def set_report(self, report: IndexReport) -> None:
        """Say what the finished scan did, and end the progress."""

    def set_problem(self, sentence: str) -> None:
        """Show a sentence that stays until it is cleared with ""."""

    def set_read_only(self, read_only: bool, sentence: str = "") -> None:
        """Another process writes to the gallery: adding, re-scanning and removing are off, and why."""
