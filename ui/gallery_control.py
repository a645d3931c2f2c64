"""The gallery's side of the window: its work, its panel and the status line, kept in step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from ui.gallery_panel import GalleryPanel
from ui.gallery_work import GalleryWork
from ui.preparing_photos import PhotoPreparation, Preparing
from ui.status_line import StatusLine

if TYPE_CHECKING:
    from index.records import IndexProgress
    from sketch_app.workspace import GallerySummary, Workspace


class GalleryControl(QObject):
    """Owns the gallery's work and shows how it goes."""

    opened = Signal()
    """The gallery can be searched."""
    not_opened = Signal(str)
    """A sentence that says why it cannot."""
    counted = Signal()
    """`photo_count` is up to date."""
    photos_added = Signal()
    """A scan has ended, or photos were prepared: the same sketch may find other photos."""
    said = Signal(str, str)
    """A sentence for a toast, and its kind."""

    def __init__(
        self, workspace: Workspace, panel: GalleryPanel, status: StatusLine, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._panel, self._status = panel, status
        self._summary: GallerySummary | None = None
        self._work = GalleryWork(workspace, self)
        self._work.opened.connect(self._has_opened)
        self._work.open_failed.connect(panel.set_problem)
        self._work.open_failed.connect(self.not_opened)
        self._work.phones_counted.connect(panel.set_phones)
        self._work.summary_changed.connect(self._has_counted)
        self._work.progress.connect(self._show_progress)
        self._work.reports.connect(self._has_read)
        self._work.failed.connect(self._failed)
        self._work.busy.connect(self._busy)
        self._preparation = PhotoPreparation(workspace, self)
        self._preparation.changed.connect(self._show_preparing)
        self._preparation.improved.connect(self.photos_added)
        for place in (panel, status):
            place.pause_requested.connect(self._preparation.pause)
            place.continue_requested.connect(self._preparation.go_on)
        panel.rescan_requested.connect(self.read_folder)
        panel.remove_requested.connect(self._work.remove_folder)
        panel.cancel_requested.connect(self.stop_reading)
        status.cancel_requested.connect(self.stop_reading)

    @property
    def photo_count(self) -> int | None:
        """Photos in the gallery; None before it is known."""
        return self._summary.photo_count if self._summary is not None else None

    @property
    def is_scanning(self) -> bool:
        """True while a folder is read, or waits its turn."""
        return self._work.is_scanning

    def open(self) -> None:
        """Open the gallery and count it."""
        self._work.open()

    def refresh(self) -> None:
        """Count the gallery anew, and prepare what is new in it; photos came from a phone, say."""
        self._work.refresh()
        self._preparation.refresh()

    def read_folder(self, folder: Path | None) -> None:
        """Read a folder's photos into the gallery; None: every folder's again."""
        self._panel.set_problem("")
        self._work.read_folder(folder)

    def stop_reading(self) -> None:
        """End the running scan; what it has read is kept."""
        self._work.stop_reading()

    def models_changed(self) -> None:
        """Other models are in use: prepare the photos for them."""
        self._preparation.restart()

    def _has_opened(self) -> None:
        self._panel.set_problem("")
        self.opened.emit()
        self._preparation.refresh()

    def _show_preparing(self, preparing: Preparing | None) -> None:
        self._panel.set_preparing(preparing)
        self._status.set_preparing(preparing)

    def _has_counted(self, summary: GallerySummary) -> None:
        self._summary = summary
        self._panel.set_summary(summary)
        self.counted.emit()

    def _show_progress(self, progress: IndexProgress | None) -> None:
        self._panel.set_progress(progress)
        self._status.set_progress(progress)

    def _has_read(self, reports: Any) -> None:
        self._show_progress(None)
        self._panel.set_reports(reports)
        added = sum(report.added for report in reports)
        skipped = sum(len(report.skipped) for report in reports)
        text = self.tr("%n photo(s) added.", "", added)
        if skipped:
            text += " " + self.tr("%n file(s) could not be read; the gallery says why.", "", skipped)
        self.said.emit(text, "check")
        self.photos_added.emit()
        self._preparation.refresh()

    def _failed(self, sentence: str) -> None:
        self._show_progress(None)
        self._panel.set_problem(sentence)
        self.said.emit(sentence, "warning")

    def _busy(self, sentence: str) -> None:
        self._show_progress(None)
        self._panel.set_problem(sentence)
        self.said.emit(sentence, "warning")
