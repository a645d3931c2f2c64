"""Strokes as Qt paints them: smooth lines, a light halo on a picture, finished ones kept in a pixmap."""

from __future__ import annotations

from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap

from sketch_app.sketch import FloatArray, Pen, Sketch, Stroke
from ui.stage_geometry import StageGeometry

_HALO: Final = QColor(255, 255, 255, 205)
_CORNER: Final = 0.7
"""Cosine of the sharpest turn, 45 degrees, that is a bend and no corner."""
_HALO_EDGE: Final = 2.2
"""Logical pixels of light on either side of a line: enough for black ink on a black coat."""


def ink_colour(pen: Pen) -> QColor:
    """The pen's colour on the screen, the same as in a saved picture."""
    return QColor(*pen.rgb)


def stroke_path(points: FloatArray) -> QPainterPath:
    """A stroke's centre line in canvas pixels: bends are rounded, corners stay.

    Parameters
    ----------
    points : (n, 2) float32
        Canvas pixels, n >= 1.
    """
    places = [QPointF(x, y) for x, y in points.tolist()]
    path = QPainterPath(places[0])
    if len(places) == 1:
        path.lineTo(places[0] + QPointF(0.01, 0))  # a dot: a line of no length has no round cap
        return path
    steps = np.diff(points, axis=0)
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    along = (steps[:-1] * steps[1:]).sum(axis=1)
    bends = along > _CORNER * lengths[:-1] * lengths[1:]
    for index, bend in enumerate(bends.tolist(), start=1):
        place = places[index]
        if bend:
            # A curve from the middle of one segment to the middle of the next, pulled towards the point.
            path.quadTo(place, (place + places[index + 1]) / 2)
        else:
            path.lineTo(place)
    path.lineTo(places[-1])
    return path


def paint_stroke(painter: QPainter, stroke: Stroke, scale: float, *, halo: bool, ink: bool = True) -> None:
    """Paint one stroke; the painter's unit is the canvas pixel, of `scale` logical pixels."""
    path = stroke_path(stroke.points)
    if halo:
        painter.strokePath(path, _pen(_HALO, stroke.width + 2 * _HALO_EDGE / scale))
    if ink:
        painter.strokePath(path, _pen(ink_colour(stroke.pen), stroke.width))


class InkCache:
    """The finished strokes, painted once: halos and ink in two pixmaps, so that no halo covers ink."""

    def __init__(self) -> None:
        self._halos = QPixmap()
        self._inks = QPixmap()
        self._painted: tuple[Stroke, ...] = ()
        self._key: tuple[object, ...] = ()

    def paint(
        self, painter: QPainter, sketch: Sketch, geometry: StageGeometry, ratio: float, *, halo: bool
    ) -> None:
        """Paint the sketch at its place in the stage; only strokes that are new since are drawn anew."""
        self._bring_up_to_date(sketch, geometry, ratio, halo)
        if not self._painted:
            return
        corner = geometry.canvas.topLeft()
        if halo:
            painter.drawPixmap(corner, self._halos)
        painter.drawPixmap(corner, self._inks)

    def _bring_up_to_date(self, sketch: Sketch, geometry: StageGeometry, ratio: float, halo: bool) -> None:
        size = QSize(
            max(1, round(geometry.canvas.width() * ratio)), max(1, round(geometry.canvas.height() * ratio))
        )
        # The fraction of a pixel by which the canvas is off the grid is left to drawPixmap.
        key = (size, ratio, halo, sketch.size)
        fresh = key != self._key
        known = len(self._painted)
        grown = len(sketch.strokes) >= known and all(
            old is new for old, new in zip(self._painted, sketch.strokes, strict=False)
        )
        if fresh or not grown:
            self._key, known = key, 0
            self._inks = _transparent(size, ratio)
            self._halos = _transparent(size, ratio) if halo else QPixmap()
        added = sketch.strokes[known:]
        if added:
            if halo:
                _paint_on(self._halos, added, geometry.scale, halo=True)
            _paint_on(self._inks, added, geometry.scale, halo=False)
        self._painted = sketch.strokes


def stroke_bounds(stroke: Stroke, geometry: StageGeometry, *, newest: int | None = None) -> QRectF:
    """What a stroke (or its `newest` points) covers in the widget, halo and smoothing included."""
    points = stroke.points if newest is None else stroke.points[-newest:]
    left, top = points.min(axis=0).tolist()
    right, bottom = points.max(axis=0).tolist()
    margin = stroke.width * geometry.scale / 2 + _HALO_EDGE + 2
    box = QRectF(geometry.to_widget(left, top), geometry.to_widget(right, bottom))
    return box.adjusted(-margin, -margin, margin, margin)


def _paint_on(pixmap: QPixmap, strokes: tuple[Stroke, ...], scale: float, *, halo: bool) -> None:
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(scale, scale)
    for stroke in strokes:
        paint_stroke(painter, stroke, scale, halo=halo, ink=not halo)
    painter.end()


def _transparent(size: QSize, ratio: float) -> QPixmap:
    pixmap = QPixmap(size)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    return pixmap


def _pen(colour: QColor, width: float) -> QPen:
    return QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
