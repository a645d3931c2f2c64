"""A sentence that comes up over the stage and goes by itself; an older one makes way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject, QRect, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from ui.theme import current_theme, icon_pixmap, theme_changed

_SHORTEST: Final = 3500
_PER_LETTER: Final = 55
"""Milliseconds: a slow reader's pace."""


class Toast(QWidget):
    """Comes up inside the lower edge of its host, or of the `area` of it."""

    def __init__(self, host: QWidget, area: Callable[[], QRect] | None = None) -> None:
        super().__init__(host)
        self._area = area or host.rect
        self._icon = QLabel()
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._kind = "info"
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(14, 10, 18, 10)
        row.setSpacing(10)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._words, 1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        host.installEventFilter(self)
        theme_changed().connect(self._dress)
        self._dress(current_theme())
        self.hide()

    @property
    def text(self) -> str:
        """The sentence shown, "" when none is."""
        return self._words.text() if self.isVisible() or not self.isHidden() else ""

    def show_text(self, text: str, *, kind: str = "info") -> None:
        """Show a sentence; `kind` is "info", "check" or "warning"."""
        self._kind = kind
        self._words.setText(text)
        self.setAccessibleName(text)
        self._dress(current_theme())
        self._place()
        self.show()
        self.raise_()
        self._timer.start(max(_SHORTEST, _PER_LETTER * len(text)))

    def mousePressEvent(self, event: QEvent) -> None:
        """A click sends it away."""
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay at the host's lower edge."""
        if event.type() == QEvent.Type.Resize and not self.isHidden():
            self._place()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        """A rounded plate."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(0, 0, 0, 30))
        painter.setBrush(current_theme().colour("toast"))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 10, 10)
        painter.end()

    def _place(self) -> None:
        host = self.parentWidget()
        if host is None:
            return
        area = self._area()
        widest = min(560, area.width() - 48)
        margins = self._row.contentsMargins()
        spent = margins.left() + margins.right() + 18 + 10
        natural = self._words.fontMetrics().horizontalAdvance(self._words.text()) + 4
        words = min(natural, widest - spent)
        height = self._words.heightForWidth(words)
        self.resize(words + spent, height + margins.top() + margins.bottom())
        self.move(area.center().x() - self.width() // 2, area.bottom() - self.height() - 20)

    def _dress(self, theme: object) -> None:
        colour = current_theme().colour("on_toast")
        ratio = self.devicePixelRatioF()
        self._icon.setPixmap(icon_pixmap(self._kind, 18, colour, ratio))
        self._words.setStyleSheet(f"color: {colour.name()};")
        self.update()
