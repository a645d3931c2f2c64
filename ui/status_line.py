"""The quiet line under the window: how things stand, how far the photos are read, and how far they are
prepared for the full models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QWidget

from ui.time_left import time_left

if TYPE_CHECKING:
    from index.records import IndexProgress
    from ui.preparing_photos import Preparing


class StatusLine(QWidget):
    """One sentence on the left; on the right a running scan with the time left, or else the preparing."""

    cancel_requested = Signal()
    """Of the running scan."""
    pause_requested = Signal()
    """Of the preparing."""
    continue_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._progress: IndexProgress | None = None
        self._preparing: Preparing | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(18, 2, 14, 2)  # the button needs 34 pixels
        row.setSpacing(12)
        self._state = QLabel()
        self._state.setProperty("role", "small")
        self._state.setTextFormat(Qt.TextFormat.PlainText)
        self._state.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._scan = QLabel()
        self._scan.setProperty("role", "small")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(140)
        self._button = QPushButton()
        self._button.setProperty("role", "flat")
        self._button.clicked.connect(self._ask)
        row.addWidget(self._state, 1)
        row.addWidget(self._scan)
        row.addWidget(self._bar)
        row.addWidget(self._button)
        self.setFixedHeight(38)
        self._show()

    @property
    def text(self) -> str:
        """The sentence on the left."""
        return self._state.text()

    @property
    def scan_text(self) -> str:
        """The sentence on the right, "" without one."""
        return self._scan.text() if not self._scan.isHidden() else ""

    def set_text(self, text: str) -> None:
        """Say how things stand."""
        self._state.setText(text)
        self._state.setToolTip(text)

    def set_progress(self, progress: IndexProgress | None) -> None:
        """Show a running scan; None: nothing runs."""
        self._progress = progress
        self._show()

    def set_preparing(self, preparing: Preparing | None) -> None:
        """Show how far the photos are prepared, unless a scan runs; None: there is nothing to prepare."""
        self._preparing = preparing
        self._show()

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102 - Qt's own
        if event.type() == QEvent.Type.LanguageChange:
            self._show()
        super().changeEvent(event)

    def _show(self) -> None:
        scan, preparing = self._progress, self._preparing
        # What failed is for the gallery's panel to say: nothing moves here any more.
        quiet = preparing is None or preparing.phase == "failed"
        for part in (self._scan, self._bar, self._button):
            part.setVisible(scan is not None or not quiet)
        if scan is not None:
            self._bar.setRange(0, scan.total if scan.phase != "scanning" else 0)
            self._bar.setValue(scan.done)
            self._scan.setText(self._sentence(scan))
            self._scan.setToolTip("")
            self._button.setText(self.tr("Stop"))
            self._button.setToolTip(self.tr("Stop reading photos; what has been read is kept."))
        elif preparing is not None:
            self._show_preparing(preparing)
        self._bar.setAccessibleName(self._scan.text())

    def _show_preparing(self, preparing: Preparing) -> None:
        self._bar.setRange(0, 0 if preparing.phase == "loading" else max(1, preparing.total))
        self._bar.setValue(preparing.done)
        self._bar.setVisible(not preparing.rests)
        counts = f"{preparing.done:,}", f"{preparing.total:,}"
        if preparing.phase == "paused":
            words = self.tr("Preparing photos is paused: {0} of {1}").format(*counts)
        else:
            words = self.tr("Preparing photos for the full models: {0} of {1}").format(*counts)
        left = "" if preparing.rests else time_left(preparing.remaining)
        self._scan.setText(f"{words} · {left}" if left else words)
        self._scan.setToolTip(self.tr("Searches already work; they get better as more photos are prepared."))
        self._button.setText(self.tr("Continue") if preparing.rests else self.tr("Pause"))
        self._button.setToolTip(self.tr("What has been prepared is kept."))

    @Slot()
    def _ask(self) -> None:
        if self._progress is not None:
            self.cancel_requested.emit()
        elif self._preparing is not None:
            (self.continue_requested if self._preparing.rests else self.pause_requested).emit()

    def _sentence(self, progress: IndexProgress) -> str:
        if progress.phase == "scanning":
            return self.tr("Looking for photos: {0} files so far").format(f"{progress.total:,}")
        if progress.phase == "finishing":
            return self.tr("Finishing")
        read = self.tr("Reading photos: {0} of {1}").format(f"{progress.done:,}", f"{progress.total:,}")
        left = time_left(progress.remaining)
        return f"{read} · {left}" if left else read
