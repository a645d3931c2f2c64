"""Where in the camera frame one draws, and where the large buttons for the fingertip are.

What the hand does there is in `air_drawing`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from sketch_app.sketch import DEFAULT_SIZE, Size

ButtonId: TypeAlias = Literal["undo", "redo", "search", "save", "clear"]
Point: TypeAlias = tuple[float, float]
Rect: TypeAlias = tuple[float, float, float, float]
"""x, y, width, height in camera frame pixels."""

# The hand hangs below its fingertip, so the buttons are along the top and the drawing area ends well above
# the bottom: a fingertip at its lower edge still leaves knuckles in the picture for the tracker.
_BUTTON_TOP: Final = 0.015
_BUTTON_BOTTOM: Final = 0.155
_CANVAS_TOP: Final = 0.19
_CANVAS_BOTTOM: Final = 0.8
_SIDE: Final = 0.015
_GAP: Final = 0.015

# Clear stands alone at the end of the row: what takes most is pressed least by mistake.
_ORDER: Final[tuple[ButtonId, ...]] = ("undo", "redo", "search", "save", "clear")


@dataclass(frozen=True, slots=True)
class AirButton:
    """A button pressed by resting the fingertip on it.

    Attributes
    ----------
    id : {"undo", "redo", "search", "save", "clear"}
        The command handed on when it is pressed.
    rect : tuple of float
        x, y, width, height in camera frame pixels.
    """

    id: ButtonId
    rect: Rect


@dataclass(frozen=True, slots=True)
class AirLayout:
    """The drawing area and the buttons, in camera frame pixels.

    Attributes
    ----------
    canvas_rect : tuple of float
        x, y, width, height of what becomes the whole canvas.
    buttons : tuple of AirButton
        They lie outside the drawing area; where they do not, they win.
    frame_size : tuple of int
        Width and height of the camera frame.
    """

    canvas_rect: Rect
    buttons: tuple[AirButton, ...]
    frame_size: Size

    def to_canvas(self, point: Point, canvas_size: Size) -> Point:
        """Map camera frame pixels to canvas pixels; points beside the drawing area fall beside the canvas."""
        x, y, width, height = self.canvas_rect
        return (point[0] - x) / width * canvas_size[0], (point[1] - y) / height * canvas_size[1]

    def canvas_scale(self, canvas_size: Size) -> float:
        """Canvas pixels per camera frame pixel."""
        _, _, width, height = self.canvas_rect
        return math.sqrt(canvas_size[0] / width * canvas_size[1] / height)

    def button_at(self, point: Point, *, slack: float = 0.0) -> AirButton | None:
        """Return the button at a place in the camera frame, or within `slack` pixels of it."""
        return next((button for button in self.buttons if contains(button.rect, point, slack=slack)), None)

    def is_drawable(self, point: Point) -> bool:
        """True inside the drawing area and off every button."""
        return contains(self.canvas_rect, point) and self.button_at(point) is None

    def drawable_share(self, start: Point, end: Point) -> float:
        """How much of the way from a drawable point can be drawn, before the edge or a button, 0..1."""
        _, leaves = _crossing(self.canvas_rect, start, end)
        share = min(1.0, leaves)
        for button in self.buttons:
            enters, leaves = _crossing(button.rect, start, end)
            if enters <= leaves:
                share = min(share, enters)
        return max(0.0, share)


def contains(rect: Rect, point: Point, *, slack: float = 0.0) -> bool:
    """True when a point lies in a rectangle, its edges included, or within `slack` of it."""
    x, y, width, height = rect
    return -slack <= point[0] - x <= width + slack and -slack <= point[1] - y <= height + slack


def _crossing(rect: Rect, start: Point, end: Point) -> tuple[float, float]:
    """Where the way from `start` to `end` enters and leaves a rectangle, 0..1; (2, -1) where it never does.

    Liang and Barsky's clipping of a line against a window (1984).
    """
    enters, leaves = 0.0, 1.0
    for low, length, from_, to in zip(rect[:2], rect[2:], start, end, strict=True):
        step = to - from_
        if step == 0:
            if not low <= from_ <= low + length:
                return 2.0, -1.0
            continue
        near, far = sorted(((low - from_) / step, (low + length - from_) / step))
        enters, leaves = max(enters, near), min(leaves, far)
    return (enters, leaves) if enters <= leaves else (2.0, -1.0)


def default_layout(frame_size: Size, canvas_size: Size = DEFAULT_SIZE) -> AirLayout:
    """Lay out a row of large buttons along the top and the drawing area below it.

    Parameters
    ----------
    frame_size : tuple of int
        Width and height of the camera frame in pixels.
    canvas_size : tuple of int
        The sketch's own size; the drawing area keeps its shape, so that a circle in the air stays one.

    Returns
    -------
    AirLayout
        Everything inside the frame.
    """
    width, height = frame_size
    area_height = (_CANVAS_BOTTOM - _CANVAS_TOP) * height
    area_width = area_height * canvas_size[0] / canvas_size[1]
    widest = (1 - 2 * _SIDE) * width
    if area_width > widest:
        area_height *= widest / area_width
        area_width = widest
    canvas = ((width - area_width) / 2, _CANVAS_TOP * height, area_width, area_height)
    count = len(_ORDER)
    button_width = (1 - 2 * _SIDE - (count - 1) * _GAP) * width / count
    buttons = tuple(
        AirButton(
            name,
            (
                _SIDE * width + place * (button_width + _GAP * width),
                _BUTTON_TOP * height,
                button_width,
                (_BUTTON_BOTTOM - _BUTTON_TOP) * height,
            ),
        )
        for place, name in enumerate(_ORDER)
    )
    return AirLayout(canvas, buttons, frame_size)
