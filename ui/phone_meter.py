"""How far a phone's sync is, as a part of its card."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from sketch_app.phone.records import SyncPhase
from sketch_app.phone.states import PhoneState, Presence, Work
from ui import phone_words as words
from ui.theme import icon_pixmap, theme_changed

_STEPS = 10_000
"""Of the bar: bytes do not fit into its numbers."""
UNDER_WAY = (Work.SYNCING, Work.PAUSED, Work.INTERRUPTED)
"""A sync that has begun and not ended."""


class SyncMeter(QWidget):
    """How far a sync is, with the button that pauses it."""

    pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._phase, self._numbers, self._searchable, self._tick = QLabel(), QLabel(), QLabel(), QLabel()
        self._phase.setStyleSheet("font-weight: 600;")
        self._numbers.setProperty("role", "small")
        for label in (self._phase, self._numbers, self._searchable):
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        for label in (self._phase, self._searchable):
            label.setWordWrap(True)
        self._bar = QProgressBar(textVisible=False)
        self.button = QPushButton()
        self.button.clicked.connect(self.pressed)
        top = QHBoxLayout()
        top.addWidget(self._phase, 1)
        top.addWidget(self.button)
        found = QHBoxLayout()
        found.setSpacing(6)
        found.addWidget(self._tick, 0, Qt.AlignmentFlag.AlignTop)
        found.addWidget(self._searchable, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(top)
        column.addWidget(self._bar)
        column.addWidget(self._numbers)
        column.addLayout(found)
        theme_changed().connect(self._paint)
        self._paint()

    def show_phone(self, phone: PhoneState, *, for_previews: bool) -> None:
        """Show a phone's sync; hidden while none is under way. `for_previews`: see `words.phase`."""
        self.setVisible(phone.work in UNDER_WAY)
        if phone.work not in UNDER_WAY:
            return
        progress, resting = phone.progress, phone.work is not Work.SYNCING
        waits = phone.work is Work.INTERRUPTED and phone.presence is not Presence.READY
        phase = words.phase(progress, for_previews=for_previews)
        self._phase.setText(self.tr("Waiting for the phone") if waits else phase)
        said = words.numbers(progress, resting=resting) if progress is not None else ""
        self._numbers.setText(said or " ")  # nothing jumps when the first number comes
        listing = progress is None or progress.phase is SyncPhase.LISTING
        self._bar.setRange(0, 0 if listing and not resting else _STEPS)
        if progress is not None and not listing:
            done, total = progress.done, progress.total
            if progress.bytes_total:
                done, total = progress.bytes_done, progress.bytes_total
            self._bar.setValue(round(_STEPS * min(1.0, done / max(1, total))))
        self._bar.setAccessibleName(f"{self._phase.text()} {said}".strip())
        searchable = phone.searchable
        self._searchable.setText(self.tr("%Ln photo(s) can be searched already", "", searchable))
        for label in (self._searchable, self._tick):
            label.setVisible(searchable > 0)
        self.button.setText(self.tr("Continue") if phone.work is Work.PAUSED else self.tr("Pause"))
        self.button.setVisible(phone.work is not Work.INTERRUPTED)

    @Slot()
    def _paint(self) -> None:
        self._tick.setPixmap(icon_pixmap("check", 16, "success", self.devicePixelRatioF()))
