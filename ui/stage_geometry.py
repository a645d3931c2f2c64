"""Where picture, canvas and buttons lie in the stage, and the ways between their coordinates.

Nothing is painted here.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSizeF

from sketch_app.air_layout import AirButton, AirLayout, Rect
from sketch_app.sketch import Size


@dataclass(frozen=True, slots=True)
class StageGeometry:
    """One arrangement of the stage, in logical widget pixels.

    Attributes
    ----------
    picture : QRectF
        The camera picture, or the paper when there is no camera.
    canvas : QRectF
        What the sketch's own canvas covers.
    canvas_size : tuple of int
        The sketch's canvas, in its own pixels.
    layout : AirLayout or None
        The buttons in the camera frame; None without a camera.
    """

    picture: QRectF
    canvas: QRectF
    canvas_size: Size
    layout: AirLayout | None = None

    @classmethod
    def of(cls, stage: QSizeF, canvas_size: Size, layout: AirLayout | None) -> StageGeometry:
        """Fit the camera frame (or the paper) into the stage, centred, its shape kept."""
        shape = layout.frame_size if layout is not None else canvas_size
        scale = max(1e-6, min(stage.width() / shape[0], stage.height() / shape[1]))
        width, height = shape[0] * scale, shape[1] * scale
        picture = QRectF((stage.width() - width) / 2, (stage.height() - height) / 2, width, height)
        canvas = _placed(layout.canvas_rect, picture, scale) if layout is not None else QRectF(picture)
        return cls(picture, canvas, canvas_size, layout)

    @property
    def scale(self) -> float:
        """Logical widget pixels a canvas pixel."""
        return self.canvas.width() / self.canvas_size[0]

    def to_canvas(self, point: QPointF) -> tuple[float, float]:
        """A place in the widget as canvas pixels; may lie outside the canvas."""
        return (
            (point.x() - self.canvas.x()) / self.scale,
            (point.y() - self.canvas.y()) / self.scale,
        )

    def to_widget(self, x: float, y: float) -> QPointF:
        """A place on the canvas as widget pixels."""
        return QPointF(self.canvas.x() + x * self.scale, self.canvas.y() + y * self.scale)

    def button_rect(self, button: AirButton) -> QRectF:
        """A button of the layout in the widget."""
        if self.layout is None:
            return QRectF()
        return _placed(button.rect, self.picture, self.picture.width() / self.layout.frame_size[0])

    def button_at(self, point: QPointF) -> AirButton | None:
        """The button under a place in the widget."""
        buttons = self.layout.buttons if self.layout is not None else ()
        return next((button for button in buttons if self.button_rect(button).contains(point)), None)


def _placed(rect: Rect, picture: QRectF, scale: float) -> QRectF:
    x, y, width, height = rect
    return QRectF(picture.x() + x * scale, picture.y() + y * scale, width * scale, height * scale)
