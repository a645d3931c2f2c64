"""What stands where there is nothing to show yet: an icon, one sentence and what to do."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ui.theme import icon_pixmap, theme_changed

_ICON_SIDE = 48
_WIDEST_SENTENCE = 340
"""In logical pixels: about 45 letters, a comfortable line."""


class EmptyState(QWidget):
    """An icon, one sentence and, where something can be done, a button, and a quiet one for another way."""

    action = Signal()
    """The button was pressed."""
    other_action = Signal()
    """The quiet button was pressed."""

    def __init__(
        self, icon: str = "", sentence: str = "", action: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._icon_name = icon
        self._icon = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self._sentence = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self._sentence.setWordWrap(True)
        self._sentence.setMaximumWidth(_WIDEST_SENTENCE)
        self._sentence.setProperty("role", "muted")
        self._button = QPushButton()
        self._button.setProperty("role", "primary")
        self._button.clicked.connect(self.action)
        self._other = QPushButton()
        self._other.setProperty("role", "flat")
        self._other.clicked.connect(self.other_action)
        column = QVBoxLayout(self)
        column.setSpacing(14)
        column.addStretch(2)
        column.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignHCenter)
        middle = QHBoxLayout()  # aligned by stretches: an aligned label would not grow with its lines
        middle.addStretch(1)
        middle.addWidget(self._sentence, 100)
        middle.addStretch(1)
        column.addLayout(middle)
        column.addWidget(self._button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._other, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)  # a little above the middle looks like the middle
        theme_changed().connect(self._paint_icon)
        self.show_message(icon, sentence, action)

    @property
    def sentence(self) -> str:
        """What stands there now."""
        return self._sentence.text()

    def show_message(self, icon: str, sentence: str, action: str = "", other: str = "") -> None:
        """Replace all four; no button for an empty word."""
        self._icon_name = icon
        self._paint_icon()
        self._sentence.setText(sentence)
        self._button.setText(action)
        self._button.setVisible(bool(action))
        self._other.setText(other)
        self._other.setVisible(bool(other))

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102 - Qt's own
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._paint_icon()
        super().changeEvent(event)

    @Slot()
    def _paint_icon(self) -> None:
        self._icon.setVisible(bool(self._icon_name))
        if self._icon_name:
            pixmap = icon_pixmap(self._icon_name, _ICON_SIDE, "muted", self.devicePixelRatioF())
            self._icon.setPixmap(pixmap)
