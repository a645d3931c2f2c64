"""A rounded button for a word: it can be the first among others, and it can be the chosen one."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from ui.theme import current_theme, icon_pixmap, theme_changed

_PADDING = 11
_ABOVE = 4
_ICON = 14
_ICON_GAP = 5


class Chip(QAbstractButton):
    """Space, Enter or a click presses it; a chosen one has a cross, for it can be let go.

    Parameters
    ----------
    icon : str, optional
        An icon in place of words.
    """

    def __init__(self, parent: QWidget | None = None, *, icon: str = "") -> None:
        super().__init__(parent)
        self._icon_name = icon
        self._is_first = False
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys with the canvas
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        theme_changed().connect(self.update)

    def say(self, text: str, *, first: bool = False, chosen: bool = False) -> None:
        """Show a word."""
        self._is_first = first
        self.setCheckable(True)
        self.setChecked(chosen)
        self.setText(text)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: D102 - Qt's own
        metrics = QFontMetrics(self._letters())
        height = metrics.height() + 2 * _ABOVE
        if self._icon_name:
            return QSize(height + 8, height)
        cross = _ICON + _ICON_GAP - 3 if self.isChecked() else 0
        return QSize(metrics.horizontalAdvance(self.text()) + 2 * _PADDING + cross + 1, height)

    def minimumSizeHint(self) -> QSize:  # noqa: D102 - Qt's own
        return QSize(2 * _PADDING, self.sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102 - Qt's own
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def nextCheckState(self) -> None:  # noqa: D102 - Qt's own
        # Whether a word is chosen is for the bar to say, once it knows.
        return

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102 - Qt's own
        ground, ink = self._colours()
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(ground))
        body = QRectF(self.rect())
        painter.drawRoundedRect(body, body.height() / 2, body.height() / 2)
        if self.hasFocus():
            painter.setPen(QPen(theme.colour("text" if self.isChecked() else "accent_text"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            ring = body.adjusted(1, 1, -1, -1)
            painter.drawRoundedRect(ring, ring.height() / 2, ring.height() / 2)
        ratio = self.devicePixelRatioF()
        if self._icon_name:
            place = QRect(0, 0, _ICON, _ICON)
            place.moveCenter(self.rect().center())
            painter.drawPixmap(place, icon_pixmap(self._icon_name, _ICON, ink, ratio))
            return
        words = self.rect().adjusted(_PADDING, 0, -_PADDING + 2, 0)
        if self.isChecked():
            place = QRect(words.right() - _ICON + 3, (self.height() - _ICON) // 2, _ICON, _ICON)
            painter.drawPixmap(place, icon_pixmap("close", _ICON, ink, ratio))
            words.setRight(place.left() - _ICON_GAP + 2)
        painter.setFont(self._letters())
        painter.setPen(theme.colour(ink))
        text = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)

    def _colours(self) -> tuple[str, str]:
        """Ground and ink."""
        if self.isChecked():
            return "accent", "on_accent"
        hovered = self.underMouse() and self.isEnabled()
        if self._is_first:
            return "accent_soft", "accent_text"
        return ("pressed" if self.isDown() else "hover", "text") if hovered else ("sunken", "muted")

    def _letters(self) -> QFont:
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold if self._is_first or self.isChecked() else QFont.Weight.Normal)
        return font
