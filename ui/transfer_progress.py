"""One bar over all files of a fetch, an import or a check: bytes, rate, time left, and the way to stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from sketch_app.model_store import PullProgress, in_words
from ui.time_left import time_left

if TYPE_CHECKING:
    from ui.model_work import Kind

_STEPS = 10_000
"""Of the bar: bytes do not fit into its numbers."""


class TransferProgress(QWidget):
    """Hidden while nothing runs."""

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind: Kind | None = None
        self._title = ""
        self._progress: PullProgress | None = None
        self._cancelling = False
        self._words, self._small = QLabel(), QLabel()
        self._small.setProperty("role", "small")
        for label in (self._words, self._small):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._bar = QProgressBar(textVisible=False)
        self._button = QPushButton()
        self._button.setAutoDefault(False)
        self._button.clicked.connect(self._cancel)
        lines = QVBoxLayout()
        lines.setSpacing(3)
        lines.addWidget(self._words)
        lines.addWidget(self._small)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addLayout(lines, 1)
        row.addWidget(self._button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._bar)
        column.addLayout(row)
        self.hide()

    def begin(self, kind: Kind | None) -> None:
        """Show a piece of work that has just begun; None: nothing runs any more."""
        self._kind, self._progress, self._title, self._cancelling = kind, None, "", False
        self._say()
        self.setVisible(kind is not None)

    def show_progress(self, progress: PullProgress, title: str) -> None:
        """Show how far it is, and with which model."""
        self._progress, self._title = progress, title
        self._say()

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102 - Qt's own
        if event.type() == QEvent.Type.LanguageChange:
            self._say()
        super().changeEvent(event)

    def _say(self) -> None:
        now = self._progress
        words = {
            "fetch": self.tr("Fetching {0}"),
            "import": self.tr("Copying {0}"),
            "check": self.tr("Checking {0}"),
            "remove": self.tr("Removing"),
            "use": self.tr("Changing the models"),
        }.get(self._kind or "", "")
        if "{0}" in words and not self._title:
            words = self.tr("Getting ready")
        if self._cancelling:
            words = self.tr("Stopping…")
        self._words.setText(words.format(self._title))
        self._small.setText(self._numbers(now) if now is not None else "")
        self._small.setToolTip(now.file if now is not None else "")
        known = now is not None and now.total_bytes
        self._bar.setRange(0, _STEPS if known else 0)
        if now is not None and now.total_bytes:
            self._bar.setValue(round(_STEPS * min(1.0, now.done_bytes / now.total_bytes)))
        self._bar.setAccessibleName(f"{self._words.text()} {self._small.text()}".strip())
        self._button.setText(self.tr("Cancel"))
        self._button.setEnabled(not self._cancelling)
        self._button.setVisible(self._kind in ("fetch", "import", "check"))

    def _numbers(self, now: PullProgress) -> str:
        done = in_words(now.done_bytes)
        if now.total_bytes is not None:
            done = self.tr("{0} of {1}", "bytes done, bytes in all").format(done, in_words(now.total_bytes))
        rate = self.tr("{0} a second").format(in_words(round(now.rate))) if now.rate > 0 else ""
        left = time_left(now.remaining_s) if now.rate > 0 and now.done_bytes != now.total_bytes else ""
        return " · ".join(part for part in (done, rate, left) if part)

    @Slot()
    def _cancel(self) -> None:
        self._cancelling = True
        self._say()
        self.cancelled.emit()
