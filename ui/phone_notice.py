"""A tinted box on a phone's card: what has happened, what to do, and up to two buttons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from ui.theme import current_theme, icon_pixmap, theme_changed

Tone = Literal["ask", "warning"]

_ICON_SIDE = 20
_COLOURS: dict[Tone, tuple[str, str]] = {
    "ask": ("accent_soft", "accent_text"),
    "warning": ("warning_soft", "warning"),
}


@dataclass(frozen=True, slots=True)
class Notice:
    """Everything a box says, in the language of the window; no button for an empty word."""

    tone: Tone
    icon: str
    title: str
    text: str
    yes: str = ""
    no: str = ""
    meaning: str = ""
    """Of the buttons."""


class NoticeBox(QFrame):
    """Shows what it is told."""

    said_yes = Signal()
    said_no = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("phoneNotice")
        self._notice: Notice | None = None
        self._icon, self._title, self._text, self._meaning = QLabel(), QLabel(), QLabel(), QLabel()
        self._title.setStyleSheet("font-weight: 600;")
        self._meaning.setProperty("role", "small")
        for label in (self._title, self._text, self._meaning):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._yes, self._no = QPushButton(), QPushButton()
        self._yes.clicked.connect(self.said_yes)
        self._no.clicked.connect(self.said_no)
        self._buttons = QWidget()
        buttons = QHBoxLayout(self._buttons)
        buttons.setContentsMargins(0, 6, 0, 0)
        buttons.setSpacing(8)
        buttons.addWidget(self._yes)
        buttons.addWidget(self._no)
        buttons.addStretch(1)
        lines = QVBoxLayout()
        lines.setSpacing(3)
        lines.addWidget(self._title)
        lines.addWidget(self._text)
        lines.addWidget(self._meaning)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(lines, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 11, 12, 12)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self._buttons)
        theme_changed().connect(self._dress)
        self.hide()

    @property
    def way_on(self) -> QPushButton:
        """The first button."""
        return self._yes

    def show_notice(self, notice: Notice | None) -> None:
        """Say something else; None hides the box."""
        self._notice = notice
        if notice is not None:
            self._title.setText(notice.title)
            self._text.setText(notice.text)
            self._text.setVisible(bool(notice.text))
            self._meaning.setText(notice.meaning)
            self._meaning.setVisible(bool(notice.meaning))
            for button, words in ((self._yes, notice.yes), (self._no, notice.no)):
                button.setText(words)
                button.setVisible(bool(words))
            self._buttons.setVisible(bool(notice.yes or notice.no))
            self.setAccessibleName(
                " ".join(part for part in (notice.title, notice.text, notice.meaning) if part)
            )
            self._dress()
        self.setVisible(notice is not None)

    @Slot()
    def _dress(self) -> None:
        if self._notice is None:
            return
        background, ink = _COLOURS[self._notice.tone]
        tint = current_theme().colour(background).name()
        self.setStyleSheet(f"#phoneNotice {{ background: {tint}; border: none; border-radius: 8px; }}")
        self._icon.setPixmap(icon_pixmap(self._notice.icon, _ICON_SIDE, ink, self.devicePixelRatioF()))
