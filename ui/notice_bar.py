"""A sentence that stays over the stage while something needs a person, a lost camera for example."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from ui.theme import current_theme, icon_pixmap, theme_changed


class NoticeBar(QFrame):
    """Hidden while there is nothing to say."""

    action = Signal()
    """The button was pressed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._name = "warning"
        self._icon = QLabel()
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._button = QPushButton()
        self._button.setProperty("role", "flat")
        self._button.clicked.connect(self.action)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 8, 8)
        row.setSpacing(10)
        row.addWidget(self._icon)
        row.addWidget(self._words, 1)
        row.addWidget(self._button)
        theme_changed().connect(self._dress)
        self.say("")

    @property
    def text(self) -> str:
        """The sentence shown."""
        return self._words.text()

    def say(self, text: str, button: str = "", *, icon: str = "warning") -> None:
        """Show a sentence, with a button where something can be done; "" hides the bar."""
        self._name = icon
        self._words.setText(text)
        self._words.setAccessibleName(text)
        self._button.setText(button)
        self._button.setVisible(bool(button))
        self.setVisible(bool(text))
        self._dress(current_theme())

    def _dress(self, _theme: object) -> None:
        token = "warning" if self._name == "warning" else "accent_text"
        self._icon.setPixmap(icon_pixmap(self._name, 18, token, self.devicePixelRatioF()))
