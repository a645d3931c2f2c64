"""What is painted over the picture for the hand: buttons with their dwell ring, cursor, erase disc."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPen

from sketch_app.air_drawing import AirState
from sketch_app.air_layout import AirButton
from ui.ink import ink_colour
from ui.stage_geometry import StageGeometry
from ui.theme import current_theme, icon_pixmap

_GLASS: Final = QColor(18, 19, 23, 165)
_GLASS_HOVERED: Final = QColor(18, 19, 23, 225)
_ON_GLASS: Final = QColor(255, 255, 255)
_OFF_GLASS: Final = QColor(255, 255, 255, 110)
_RING: Final = QColor(150, 160, 255)
"""Light enough for glass in either theme."""

_ICONS: Final = {"undo": "undo", "redo": "redo", "search": "search", "save": "save", "clear": "clear"}


def button_label(name: str) -> str:
    """What a button in the air says."""
    return {
        "undo": QCoreApplication.translate("AirOverlay", "Undo"),
        "redo": QCoreApplication.translate("AirOverlay", "Redo"),
        "search": QCoreApplication.translate("AirOverlay", "Search"),
        "save": QCoreApplication.translate("AirOverlay", "Save"),
        "clear": QCoreApplication.translate("AirOverlay", "Clear"),
    }.get(name, name)


def paint_buttons(
    painter: QPainter,
    geometry: StageGeometry,
    state: AirState | None,
    enabled: Callable[[str], bool],
    hovered_by_mouse: AirButton | None,
) -> None:
    """Paint the row of buttons; the ring of the one under the fingertip fills as it is held."""
    if geometry.layout is None:
        return
    beside = all(_fits_beside(painter, geometry.button_rect(b), b.id) for b in geometry.layout.buttons)
    for button in geometry.layout.buttons:
        pointed = state is not None and state.hovered == button.id
        dwell = state.dwell if state is not None and pointed else 0.0
        _paint_button(
            painter,
            geometry.button_rect(button),
            button.id,
            dwell=dwell,
            lit=pointed or button == hovered_by_mouse,
            enabled=enabled(button.id),
            beside=beside,
        )


def _measures(rect: QRectF) -> tuple[float, float]:
    """Sides of the icon and of the ring around it, logical pixels."""
    side = max(16.0, min(26.0, rect.height() * 0.30))
    return side, side * 1.75


def _label_font(painter: QPainter, rect: QRectF) -> QFont:
    font = QFont(painter.font())
    font.setPixelSize(round(max(11.0, min(16.0, rect.height() * 0.2))))
    font.setWeight(QFont.Weight.DemiBold)
    return font


def _fits_beside(painter: QPainter, rect: QRectF, name: str) -> bool:
    words = QFontMetricsF(_label_font(painter, rect)).horizontalAdvance(button_label(name))
    return rect.width() > _measures(rect)[1] + words + 30


def _paint_button(
    painter: QPainter, rect: QRectF, name: str, *, dwell: float, lit: bool, enabled: bool, beside: bool
) -> None:
    ratio = painter.device().devicePixelRatioF()
    radius = min(14.0, rect.height() * 0.28)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_GLASS_HOVERED if lit else _GLASS)
    painter.drawRoundedRect(rect, radius, radius)
    ink = _ON_GLASS if enabled else _OFF_GLASS
    painter.setFont(_label_font(painter, rect))
    side, ring = _measures(rect)
    label = button_label(name)
    width = painter.fontMetrics().horizontalAdvance(label)
    if beside:
        left = rect.center().x() - (ring + 6 + width) / 2
        centre = QPointF(left + ring / 2, rect.center().y())
        words = QRectF(left + ring + 6, rect.top(), width + 4, rect.height())
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
    else:
        centre = QPointF(rect.center().x(), rect.top() + rect.height() * 0.36)
        words = QRectF(rect.left(), rect.top() + rect.height() * 0.63, rect.width(), rect.height() * 0.28)
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter
    picture = icon_pixmap(_ICONS[name], round(side), ink, ratio)
    painter.drawPixmap(QPointF(centre.x() - side / 2, centre.y() - side / 2), picture)
    painter.setPen(ink)
    painter.drawText(words, flags, label)
    if enabled and dwell > 0:
        paint_ring(painter, centre, ring / 2, dwell)


def paint_ring(painter: QPainter, centre: QPointF, radius: float, share: float) -> None:
    """Paint a progress ring, from the top and clockwise; full it is closed."""
    box = QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(255, 255, 255, 60), 3.5))
    painter.drawEllipse(box)
    painter.setPen(QPen(_RING, 3.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.drawArc(box, 90 * 16, -round(360 * 16 * max(0.0, min(1.0, share))))


def paint_hand(painter: QPainter, geometry: StageGeometry, state: AirState, width: float) -> None:
    """Paint what the hand is about to do: the nib, the eraser's disc, or the pinch being held."""
    if state.erase_disc is not None:
        x, y, radius = state.erase_disc
        paint_eraser(painter, geometry.to_widget(x, y), radius * geometry.scale)
        return
    if state.tip is None:
        return
    place = geometry.to_widget(*state.tip)
    if state.pinch > 0:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_GLASS)
        painter.drawEllipse(place, 25, 25)
        ratio = painter.device().devicePixelRatioF()
        painter.drawPixmap(place - QPointF(11, 11), icon_pixmap("search", 22, _ON_GLASS, ratio))
        paint_ring(painter, place, 25, state.pinch)
        return
    paint_nib(painter, place, ink_colour(state.pen), width * geometry.scale / 2, down=state.inking)


def paint_nib(painter: QPainter, place: QPointF, ink: QColor, radius: float, *, down: bool) -> None:
    """A filled dot while inking, an open ring while the pen is lifted; legible on any picture."""
    radius = max(4.0, radius) if down else 9.0
    painter.setBrush(QBrush(ink) if down else Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(255, 255, 255, 235), 6.5 if not down else 2.5))
    painter.drawEllipse(place, radius + (1.25 if down else 0), radius + (1.25 if down else 0))
    if not down:
        painter.setPen(QPen(ink, 3.2))
        painter.drawEllipse(place, radius, radius)


def paint_eraser(painter: QPainter, place: QPointF, radius: float) -> None:
    """The disc that is being erased."""
    painter.setBrush(QColor(255, 255, 255, 95))
    painter.setPen(QPen(QColor(255, 255, 255, 230), 3.5))
    painter.drawEllipse(place, radius, radius)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(30, 31, 36), 1.4))
    painter.drawEllipse(place, radius, radius)
    if radius > 16:
        ratio = painter.device().devicePixelRatioF()
        ink = QColor(current_theme().colour("toast")) if not current_theme().is_dark else QColor(30, 31, 36)
        painter.drawPixmap(place - QPointF(9, 9), icon_pixmap("eraser", 18, ink, ratio))
