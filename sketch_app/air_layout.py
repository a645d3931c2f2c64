"""Where in the camera frame one draws, and where the large buttons for the fingertip are.

What the hand does there is in `air_drawing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from sketch_app.sketch import DEFAULT_SIZE, Size

ButtonId: TypeAlias = Literal["undo", "redo", "search", "save", "clear"]
Rect: TypeAlias = tuple[float, float, float, float]
"""x, y, width, height in camera frame pixels."""

# The hand hangs below its fingertip, so the buttons are along the top and the drawing area ends well above
# the bottom: a fingertip at its lower edge still leaves knuckles in the picture for the tracker.
_BUTTON_TOP: Final = 0.015
_BUTTON_BOTTOM: Final = 0.155
_CANVAS_TOP: Final = 0.18
_CANVAS_BOTTOM: Final = 0.86
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
