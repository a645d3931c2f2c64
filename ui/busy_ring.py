"""A small ring that turns while something is under way."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QStyle, QWidget

from ui.theme import current_theme

_TICK_MS = 33
_TURN_MS = 1100
_ARC = 100
"""Degrees."""


class BusyRing(QWidget):
    """Turns while it is seen; stands still where the system asks for stillness."""

    def __init__(self, side: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(QSize(side, side))
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._since = QElapsedTimer()
        self._since.start()
        self._tick = QTimer(self, interval=_TICK_MS)
        self._tick.timeout.connect(self.update)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102 - Qt's own
        super().showEvent(event)
        if self.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration, None, self) > 0:
            self._tick.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: D102 - Qt's own
        super().hideEvent(event)
        self._tick.stop()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102 - Qt's own
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        wide = max(1.5, self.width() / 9)
        ring = QRectF(self.rect()).adjusted(wide, wide, -wide, -wide)
        painter.setPen(QPen(theme.colour("border"), wide))
        painter.drawEllipse(ring)
        turned = 360 * (self._since.elapsed() % _TURN_MS) / _TURN_MS if self._tick.isActive() else 0
        arc = QPen(theme.colour("accent_text"), wide)
        arc.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(arc)
        painter.drawArc(ring, round(16 * (90 - turned)), -16 * _ARC)
