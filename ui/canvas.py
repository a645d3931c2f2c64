"""The stage: the camera picture or paper, the sketch on it, and what hand or pointer are about to do.

How strokes look is in `ink`, the buttons for the fingertip in `air_overlay`; gestures are judged elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QCursor,
    QEventPoint,
    QImage,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QPointingDevice,
    QTabletEvent,
    QTouchEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from sketch_app.air_drawing import AirState
from sketch_app.air_layout import AirButton, AirLayout
from sketch_app.document import SketchDocument
from sketch_app.sketch import Size
from ui import air_overlay
from ui.ink import InkCache, ink_colour, paint_stroke, stroke_bounds
from ui.pointer_drawing import PointerDrawing
from ui.stage_geometry import StageGeometry
from ui.theme import current_theme, theme_changed
from ui.tools import Tools

_RADIUS: Final = 12.0
_BAND: Final = 12.0
"""Logical pixels beside the picture from which on a mat is seen there; narrower it would be a stray line."""
_DIM: Final = QColor(12, 13, 16, 96)
"""Over the picture outside the drawing area."""
_WASH: Final = QColor(255, 255, 255, 88)
"""Over the drawing area: every pen is dark, so the picture behind it is made lighter."""
_TAIL: Final = 4
"""Newest points whose line still changes when one more comes."""


class StageWidget(QWidget):
    """Shows the document and draws on it with mouse, touch and tablet.

    Parameters
    ----------
    document : SketchDocument
        What is shown and drawn on.
    tools : Tools
        Pen and eraser of the pointer.
    """

    button_pressed = Signal(str)
    """A button over the picture was pressed with the pointer: its id."""

    def __init__(self, document: SketchDocument, tools: Tools, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._tools = tools
        self._pointer = PointerDrawing(document, tools)
        self._cache = InkCache()
        self._picture: QImage | None = None
        self._layout: AirLayout | None = None
        self._air: AirState | None = None
        self._pressed_button: AirButton | None = None
        self._hovered_button: AirButton | None = None
        self._pointer_place: QPointF | None = None
        self._touch_id: int | None = None
        self._live_box = QRectF()
        self._hint = ""
        self._enabled: Callable[[str], bool] = lambda name: True
        self.setObjectName("stage")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        # Keys are for commands here: an input method would hold back letters to compose Hangul.
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 240)
        self._unsubscribe = document.changed(self._document_changed)
        tools.changed.connect(self._tool_changed)
        theme_changed().connect(self._theme_changed)
        self._tool_changed()

    def detach(self) -> None:
        """Stop listening to the document: the window closes."""
        self._unsubscribe()

    def sizeHint(self) -> QSize:
        """Room for a picture of 4:3."""
        return QSize(800, 600)

    @property
    def geometry_now(self) -> StageGeometry:
        """Where everything lies at the present size."""
        return StageGeometry.of(QSizeF(self.size()), self._document.sketch.size, self._layout)

    @property
    def picture_shape(self) -> Size:
        """Width and height of the camera picture or the paper, in pixels of their own."""
        return self._layout.frame_size if self._layout is not None else self._document.sketch.size

    def picture_area(self) -> QRect:
        """Where the picture or the paper lies in the widget."""
        return self.geometry_now.picture.toRect()

    @property
    def has_picture(self) -> bool:
        """True while a camera picture is shown."""
        return self._picture is not None

    @property
    def pointer_is_down(self) -> bool:
        """True while mouse, touch or tablet draw or erase."""
        return self._pointer.is_down

    def show_picture(self, picture: QImage, layout: AirLayout) -> None:
        """Show a camera frame; `layout` says where in it the canvas and the buttons are."""
        self._picture, self._layout = picture, layout
        self.update()

    def show_paper(self) -> None:
        """No camera: white paper, and no buttons for a hand."""
        self._picture = self._layout = self._air = None
        self._hovered_button = None
        self.update()

    def show_air(self, state: AirState | None) -> None:
        """Show what the hand does."""
        self._air = state
        self.update()

    def set_hint(self, text: str) -> None:
        """Show a line of advice while the canvas is empty."""
        if text != self._hint:
            self._hint = text
            self.update()

    def set_button_enabled(self, enabled: Callable[[str], bool]) -> None:
        """Ask `enabled` with a button's id whether it does anything now."""
        self._enabled = enabled

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the surroundings, the picture or paper, the ink, and the hand."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        geometry = self.geometry_now
        theme = current_theme()
        painter.fillRect(event.rect(), theme.colour("surface"))
        if max(self.width() - geometry.picture.width(), self.height() - geometry.picture.height()) > _BAND:
            mat = QPainterPath()
            mat.addRoundedRect(QRectF(self.rect()), _RADIUS, _RADIUS)
            painter.fillPath(mat, theme.colour("stage"))
        rounded = QPainterPath()
        rounded.addRoundedRect(geometry.picture, _RADIUS, _RADIUS)
        if self._picture is not None:
            self._paint_picture(painter, geometry, rounded)
        else:
            painter.fillPath(rounded, theme.colour("paper"))
            if not theme.is_dark:
                painter.strokePath(rounded, QPen(theme.colour("border"), 1))
        painter.save()
        painter.setClipRect(geometry.picture)
        self._paint_ink(painter, geometry)
        painter.restore()
        if self._picture is not None:
            air_overlay.paint_buttons(painter, geometry, self._air, self._enabled, self._hovered_button)
        if self._air is not None:
            air_overlay.paint_hand(painter, geometry, self._air, self._tools.width)
        self._paint_pointer(painter, geometry)
        if self.hasFocus() and self._focus_is_shown:
            painter.setPen(QPen(theme.colour("accent_text"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(geometry.picture.adjusted(1, 1, -1, -1), _RADIUS, _RADIUS)
        painter.end()

    def _paint_picture(self, painter: QPainter, geometry: StageGeometry, rounded: QPainterPath) -> None:
        assert self._picture is not None
        painter.save()
        painter.setClipPath(rounded)
        painter.drawImage(geometry.picture, self._picture)
        around = QPainterPath()
        around.addRect(geometry.picture)
        area = QPainterPath()
        area.addRoundedRect(geometry.canvas, 10, 10)
        painter.fillPath(around - area, _DIM)
        painter.fillPath(area, _WASH)
        painter.strokePath(area, QPen(QColor(255, 255, 255, 120), 1.2))
        painter.restore()

    def _paint_ink(self, painter: QPainter, geometry: StageGeometry) -> None:
        halo = self._picture is not None
        sketch = self._document.sketch
        self._cache.paint(painter, sketch, geometry, self.devicePixelRatioF(), halo=halo)
        live = self._document.live_stroke
        if live is not None:
            painter.save()
            painter.translate(geometry.canvas.topLeft())
            painter.scale(geometry.scale, geometry.scale)
            paint_stroke(painter, live, geometry.scale, halo=halo)
            painter.restore()
        elif sketch.is_empty and self._hint:
            self._paint_hint(painter, geometry)

    def _paint_hint(self, painter: QPainter, geometry: StageGeometry) -> None:
        font = self.font()
        font.setPointSizeF(font.pointSizeF() + 3)
        painter.setFont(font)
        # Dark on both the white paper and the lightened picture, which gets a plate of its own.
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        room = geometry.canvas.adjusted(40, 20, -40, -20)
        words = painter.boundingRect(room, flags, self._hint)
        if self._picture is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(255, 255, 255, 205))
            painter.drawRoundedRect(words.adjusted(-18, -12, 18, 12), 12, 12)
        painter.setPen(QColor("#5c5f69"))
        painter.drawText(words, flags, self._hint)

    def _paint_pointer(self, painter: QPainter, geometry: StageGeometry) -> None:
        if self._pointer_place is None or self._hovered_button is not None:
            return
        if self._tools.erasing or self._pointer.is_erasing:
            radius = self._tools.eraser_radius * geometry.scale
            air_overlay.paint_eraser(painter, self._pointer_place, radius)

    @property
    def _focus_is_shown(self) -> bool:
        return bool(self.property("focusByKeyboard"))

    def focusInEvent(self, event: QEvent) -> None:
        """Show the focus only to who moves it by keyboard."""
        by_key = event.reason() in (  # type: ignore[attr-defined]
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
            Qt.FocusReason.ShortcutFocusReason,
        )
        self.setProperty("focusByKeyboard", by_key)
        self.update()

    # Mouse, touch, tablet

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Left draws, or erases with the eraser in hand; right erases; buttons over the picture press."""
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            return
        self._down(event.position(), erase=event.button() == Qt.MouseButton.RightButton)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Draw on."""
        self._move(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Lift."""
        self._up(event.position())

    def tabletEvent(self, event: QTabletEvent) -> None:
        """As the mouse; the pen's other end erases. Pressure is not looked at."""
        eraser = event.pointerType() == QPointingDevice.PointerType.Eraser
        if event.type() == QEvent.Type.TabletPress:
            self._down(event.position(), erase=eraser or event.button() == Qt.MouseButton.RightButton)
        elif event.type() == QEvent.Type.TabletMove:
            self._move(event.position())
        elif event.type() == QEvent.Type.TabletRelease:
            self._up(event.position())
        event.accept()

    def event(self, event: QEvent) -> bool:
        """Touch with one finger draws; further fingers are not looked at."""
        if isinstance(event, QTouchEvent):
            return self._touch(event)
        return super().event(event)

    def _touch(self, event: QTouchEvent) -> bool:
        event.accept()
        if event.type() == QEvent.Type.TouchCancel:
            self._pointer.cancel()
            self._touch_id = None
            return True
        for point in event.points():
            if point.state() == QEventPoint.State.Pressed and self._touch_id is None:
                self._touch_id = point.id()
                self._down(point.position(), erase=False)
            elif point.id() == self._touch_id:
                if point.state() == QEventPoint.State.Released:
                    self._touch_id = None
                    self._up(point.position())
                    self._pointer_place = None
                else:
                    self._move(point.position())
        return True

    def leaveEvent(self, event: QEvent) -> None:
        """The eraser's disc goes with the mouse."""
        self._pointer_place = self._hovered_button = None
        self.update()

    def _down(self, place: QPointF, *, erase: bool) -> None:
        geometry = self.geometry_now
        self._pressed_button = geometry.button_at(place)
        if self._pressed_button is None and geometry.picture.contains(place):
            self._pointer_place = place
            self._pointer.down(*geometry.to_canvas(place), erase=erase or self._tools.erasing)
            self.update()

    def _move(self, place: QPointF) -> None:
        geometry = self.geometry_now
        if self._pointer.is_down:
            inside = QPointF(
                min(max(place.x(), geometry.picture.left()), geometry.picture.right()),
                min(max(place.y(), geometry.picture.top()), geometry.picture.bottom()),
            )
            self._pointer.move(*geometry.to_canvas(inside))
        hovered = geometry.button_at(place) if not self._pointer.is_down else None
        needs_paint = hovered != self._hovered_button or self._tools.erasing or self._pointer.is_erasing
        self._hovered_button, self._pointer_place = hovered, place
        if needs_paint:
            self._tool_changed()

    def _up(self, place: QPointF) -> None:
        pressed, self._pressed_button = self._pressed_button, None
        if self._pointer.is_down:
            self._pointer.up()
            self.update()
        elif pressed is not None and self.geometry_now.button_at(place) == pressed:
            self.button_pressed.emit(pressed.id)

    # What changes it

    def _document_changed(self) -> None:
        live = self._document.live_stroke
        if live is None or self._picture is not None:
            self.update()
            return
        # On paper only the end of the growing line is painted anew: a fast mouse asks for it often.
        box = stroke_bounds(live, self.geometry_now, newest=_TAIL)
        self.update(box.united(self._live_box).toAlignedRect() if len(live.points) > 1 else self.rect())
        self._live_box = box

    def _theme_changed(self, _theme: object) -> None:
        self.update()

    def _tool_changed(self) -> None:
        if self._hovered_button is not None:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        elif self._tools.erasing:
            self.setCursor(Qt.CursorShape.BlankCursor)
        else:
            self.setCursor(_nib_cursor(ink_colour(self._tools.pen), self.devicePixelRatioF()))
        self.update()


def _nib_cursor(ink: QColor, ratio: float) -> QCursor:
    side = 22
    pixmap = QPixmap(round(side * ratio), round(side * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    centre = QPointF(side / 2, side / 2)
    painter.setPen(QPen(QColor(255, 255, 255), 4))
    painter.drawEllipse(centre, 6, 6)
    painter.setPen(QPen(ink, 2))
    painter.drawEllipse(centre, 6, 6)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink)
    painter.drawEllipse(centre, 1.5, 1.5)
    painter.end()
    return QCursor(pixmap, round(side / 2), round(side / 2))
