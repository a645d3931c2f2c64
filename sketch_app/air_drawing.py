"""What a hand's gestures do to the drawing: ink, pens, erasing, and commands without touching anything.

Which gesture a hand shows is decided in `device.gestures`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from device.gestures import Gesture
from sketch_app.air_layout import AirButton, AirLayout, ButtonId, Rect, default_layout
from sketch_app.document import SketchDocument
from sketch_app.sketch import DEFAULT_SIZE, DEFAULT_WIDTH, Pen, Size

__all__ = ["AirButton", "AirDrawing", "AirLayout", "AirState", "Gesture", "HandReadingLike", "default_layout"]


class HandReadingLike(Protocol):
    """What is read of `device.gestures.HandReading`."""

    @property
    def timestamp(self) -> float:
        """Seconds, a steady clock."""

    @property
    def gesture(self) -> Gesture:
        """The gesture after debouncing."""

    @property
    def raw_gesture(self) -> Gesture:
        """What this single frame shows."""

    @property
    def settled(self) -> bool:
        """False in the first frames after `gesture` changed."""

    @property
    def tip(self) -> tuple[float, float] | None:
        """Index fingertip, filtered, camera frame pixels; None without a hand."""

    @property
    def palm(self) -> tuple[float, float] | None:
        """Centre of the palm, camera frame pixels; None without a hand."""

    @property
    def palm_width(self) -> float:
        """Width across the knuckles, camera frame pixels."""


@dataclass(frozen=True, slots=True)
class AirState:
    """What the window shows of the hand after one frame.

    Attributes
    ----------
    gesture : Gesture
        The gesture in force.
    pen : Pen
        The pen in hand.
    tip : tuple of float or None
        Fingertip in canvas pixels, also when it is outside the canvas; None without a hand.
    inking : bool
        A stroke is being drawn.
    erasing : bool
        The hand erases.
    erase_disc : tuple of float or None
        x, y, radius in canvas pixels of what the hand erases; None when it does not.
    hovered : str or None
        The button under the fingertip.
    dwell : float
        How far that button is pressed, 0..1; stays 1 once pressed, until the fingertip leaves.
    pinch : float
        How far the pinch has been held, 0..1; stays 1 once it has searched, until the fingers open.
    """

    gesture: Gesture
    pen: Pen
    tip: tuple[float, float] | None
    inking: bool
    erasing: bool
    erase_disc: tuple[float, float, float] | None
    hovered: ButtonId | None
    dwell: float
    pinch: float


class AirDrawing:
    """Turns readings of the hand into strokes, pens, erasing and commands.

    Not thread-safe: call it in the document's thread.

    Parameters
    ----------
    document : SketchDocument
        What is drawn on.
    canvas_rect : tuple of float
        x, y, width, height in camera frame pixels of what becomes the whole canvas.
    buttons : sequence of AirButton
        The buttons in the camera frame.
    on_command : callable
        Called with "undo", "redo", "clear", "search" or "save"; the receiver does it.
    frame_size : tuple of int
        Width and height of the camera frame in pixels.
    """

    pen: Pen
    width: float

    def __init__(
        self,
        document: SketchDocument,
        *,
        canvas_rect: Rect,
        buttons: Sequence[AirButton],
        on_command: Callable[[str], None],
        frame_size: Size = DEFAULT_SIZE,
    ) -> None:
        self.pen = Pen.BLACK
        self.width = DEFAULT_WIDTH
        self._document = document
        raise NotImplementedError

    def set_layout(self, layout: AirLayout) -> None:
        """Use another drawing area and other buttons from now on; a stroke in progress ends."""
        raise NotImplementedError

    def update(self, reading: HandReadingLike) -> AirState:
        """Act on one frame's reading and return what to show."""
        raise NotImplementedError

    def hand_lost(self) -> AirState:
        """End whatever the hand was doing: the camera is gone, or drawing in the air is switched off."""
        raise NotImplementedError
