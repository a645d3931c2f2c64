"""How far a running scan is, how long it still takes, and the button that cancels it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QLocale, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from index.records import IndexProgress


class ScanProgress(QWidget):
    """Hidden while nothing runs."""

    cancelled = Signal()
    """The person pressed Cancel."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._progress: IndexProgress | None = None
        self._cancelling = False
        self._words, self._left = QLabel(), QLabel()
        self._left.setProperty("role", "small")
        self._bar = QProgressBar(textVisible=False)
        self._button = QPushButton()
        self._button.clicked.connect(self._cancel)
        lines = QVBoxLayout()
        lines.setSpacing(4)
        lines.addWidget(self._words)
        lines.addWidget(self._left)
        row = QHBoxLayout()
        row.addLayout(lines, 1)
        row.addWidget(self._button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addWidget(self._bar)
        self.hide()

    @property
    def is_running(self) -> bool:
        """Whether a scan is shown."""
        return self._progress is not None

    def show_progress(self, progress: IndexProgress | None) -> None:
        """Show how far the scan is; None hides everything."""
        self._progress = progress
        if progress is None:
            self._cancelling = False
            self.hide()
            return
        self._say(progress)
        self.show()

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102 - Qt's own
        if event.type() == QEvent.Type.LanguageChange and self._progress is not None:
            self._say(self._progress)
        super().changeEvent(event)

    def time_left(self, seconds: float | None) -> str:
        """The rest of a scan in words; empty while nobody knows."""
        if seconds is None:
            return ""
        if seconds < 50:
            return self.tr("less than a minute left")
        minutes = math.ceil(seconds / 60)
        if minutes < 90:
            return self.tr("about %n minute(s) left", "", minutes)
        return self.tr("about %n hour(s) left", "", round(minutes / 60))

    def _say(self, progress: IndexProgress) -> None:
        locale = QLocale()
        scanning = progress.phase == "scanning"
        if self._cancelling:
            self._words.setText(self.tr("Cancelling…"))
        elif scanning:
            self._words.setText(self.tr("Looking for photos…"))
        elif progress.phase == "finishing":
            self._words.setText(self.tr("Finishing…"))
        else:
            self._words.setText(self.tr("Reading the photos…"))
        if scanning:
            counts = self.tr("%n file(s) so far", "", progress.total)
        else:
            done, total = locale.toString(progress.done), locale.toString(progress.total)
            counts = self.tr("{0} of {1}", "files done, files in all").format(done, total)
        left = "" if scanning else self.time_left(progress.remaining)
        self._left.setText(" · ".join(part for part in (counts, left) if part))
        self._left.setToolTip(progress.current)
        self._bar.setRange(0, 0 if scanning else max(1, progress.total))
        self._bar.setValue(progress.done)
        self._bar.setAccessibleName(self._words.text())
        self._button.setText(self.tr("Cancel"))
        self._button.setEnabled(not self._cancelling)

    @Slot()
    def _cancel(self) -> None:
        self._cancelling = True
        if self._progress is not None:
            self._say(self._progress)
        self.cancelled.emit()
