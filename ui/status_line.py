"""The quiet line under the window: how things stand, and how far the photos are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QWidget

if TYPE_CHECKING:
    from index.records import IndexProgress


class StatusLine(QWidget):
    """One sentence on the left; a running scan, with the time left, on the right."""

    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
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
        self._cancel = QPushButton(self.tr("Stop"))
        self._cancel.setProperty("role", "flat")
        self._cancel.setToolTip(self.tr("Stop reading photos; what has been read is kept."))
        self._cancel.clicked.connect(self.cancel_requested)
        row.addWidget(self._state, 1)
        row.addWidget(self._scan)
        row.addWidget(self._bar)
        row.addWidget(self._cancel)
        self.setFixedHeight(38)
        self.set_progress(None)

    @property
    def text(self) -> str:
        """The sentence on the left."""
        return self._state.text()

    @property
    def scan_text(self) -> str:
        """The sentence of the running scan, "" without one."""
        return self._scan.text() if not self._scan.isHidden() else ""

    def set_text(self, text: str) -> None:
        """Say how things stand."""
        self._state.setText(text)
        self._state.setToolTip(text)

    def set_progress(self, progress: IndexProgress | None) -> None:
        """Show a running scan; None: nothing runs."""
        for part in (self._scan, self._bar, self._cancel):
            part.setVisible(progress is not None)
        if progress is None:
            return
        self._bar.setRange(0, progress.total if progress.phase != "scanning" else 0)
        self._bar.setValue(progress.done)
        self._scan.setText(self._sentence(progress))
        self._bar.setAccessibleName(self._scan.text())

    def _sentence(self, progress: IndexProgress) -> str:
        if progress.phase == "scanning":
            return self.tr("Looking for photos: {0} files so far").format(f"{progress.total:,}")
        if progress.phase == "finishing":
            return self.tr("Finishing")
        read = self.tr("Reading photos: {0} of {1}").format(f"{progress.done:,}", f"{progress.total:,}")
        left = self._time_left(progress.remaining)
        return f"{read} · {left}" if left else read

    def _time_left(self, seconds: float | None) -> str:
        if seconds is None:
            return ""
        if seconds < 50:
            return self.tr("less than a minute left")
        if seconds < 5400:
            return self.tr("about {0} min left").format(max(1, round(seconds / 60)))
        return self.tr("about {0} h left").format(round(seconds / 3600))
