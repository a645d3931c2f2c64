"""The gallery's work off the GUI thread: opening it, reading folders, removing them.

What a person sees of it is in `gallery_panel`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ui.background import Failure, JobHandle, run_in_background

if TYPE_CHECKING:
    from index.records import IndexReport
    from sketch_app.workspace import GallerySummary, Workspace

_LANE = "gallery"
"""Opening and writing go one after the other."""


@dataclass(frozen=True, slots=True)
class PhoneSource:
    """A phone that photos of the gallery came from: what people call it, and how many can be searched."""

    name: str
    photo_count: int


def phones_in(directory: Path) -> tuple[PhoneSource, ...]:
    """The phones with photos in the gallery in a folder, by name; none where it cannot be read."""
    from index.database import Database
    from index.errors import GalleryError
    from index.gallery import DATABASE_NAME
    from index.phone_files import summaries

    try:
        database = Database(directory / DATABASE_NAME, write=False)
    except GalleryError:
        return ()
    try:
        phones = [PhoneSource(s.name or s.model or s.serial, s.shown) for s in summaries(database) if s.shown]
    finally:
        database.close()
    return tuple(sorted(phones, key=lambda phone: phone.name.casefold()))


class GalleryWork(QObject):
    """Runs what the panel asks for and says how it went; all signals arrive in the GUI thread."""

    opened = Signal()
    open_failed = Signal(str)
    summary_changed = Signal(object)
    """`GallerySummary`."""
    phones_counted = Signal(object)
    """A tuple of `PhoneSource`."""
    progress = Signal(object)
    """`IndexProgress` of the running scan."""
    reports = Signal(object)
    """A tuple of `IndexReport`, one a folder, of the finished scan; also ends `progress`."""
    failed = Signal(str)
    """A scan or a removal did not work: a sentence. Also ends `progress`."""
    busy = Signal(str)
    """Another process writes to the gallery: a sentence. Also ends `progress`."""

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._scans: list[JobHandle] = []
        self._stop = threading.Event()

    @property
    def is_scanning(self) -> bool:
        """True while a folder is read, or waits its turn."""
        return any(not scan.done for scan in self._scans)

    def open(self) -> None:
        """Open the gallery."""
        run_in_background(
            self,
            lambda _job: self._workspace.open(),
            on_success=lambda _none: self._has_opened(),
            on_failure=lambda failure: self.open_failed.emit(failure.sentence),
            name="open the gallery",
            serial=_LANE,
        )

    def refresh(self) -> None:
        """Count the gallery anew."""
        run_in_background(
            self,
            lambda _job: (self._workspace.gallery_summary(), phones_in(self._workspace.gallery_directory)),
            on_success=self._has_counted,
            on_failure=lambda failure: self.failed.emit(failure.sentence),
            name="count the gallery",
        )

    def read_folder(self, folder: Path | None) -> None:
        """Read a folder's photos into the gallery; None: every folder's again."""
        if not self.is_scanning:
            self._stop = threading.Event()
        stop = self._stop
        scan = run_in_background(
            self,
            lambda job: self._workspace.index_folder(
                folder,
                progress=job.report,
                cancelled=lambda: stop.is_set() or job.is_cancelled(),
            ),
            on_progress=self.progress.emit,
            on_success=self._has_read,
            on_failure=self._has_failed,
            name="read photos",
            serial=_LANE,
        )
        self._scans = [*(scan for scan in self._scans if not scan.done), scan]

    def remove_folder(self, folder: Path) -> None:
        """Take a folder out of the gallery; its photos on the disk are not touched."""
        run_in_background(
            self,
            lambda _job: self._workspace.remove_folder(folder),
            on_success=lambda _none: self.refresh(),
            on_failure=self._has_failed,
            name="remove a folder",
            serial=_LANE,
        )

    def stop_reading(self) -> None:
        """End the running scan and those that wait; what they have read is kept."""
        self._stop.set()

    def _has_counted(self, counted: tuple[GallerySummary, tuple[PhoneSource, ...]]) -> None:
        summary, phones = counted
        self.phones_counted.emit(phones)
        self.summary_changed.emit(summary)

    def _has_opened(self) -> None:
        self.opened.emit()
        self.refresh()

    def _has_read(self, reports: tuple[IndexReport, ...]) -> None:
        self.reports.emit(reports)
        self.refresh()

    def _has_failed(self, failure: Failure) -> None:
        from index.errors import GalleryBusyError

        if isinstance(failure.error, GalleryBusyError):
            self.busy.emit(failure.sentence)
        else:
            self.failed.emit(failure.sentence)
        self.refresh()
