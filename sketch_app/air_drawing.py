"""What a hand's gestures do to the drawing: ink, pens, erasing, and commands without touching anything.

Which gesture a hand shows is decided in `device.gestures`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from device.gestures import Gesture
from sketch_app.air_buttons import AirButtons
from sketch_app.air_eraser import AirEraser
from sketch_app.air_layout import AirButton, AirLayout, ButtonId, Point, Rect, default_layout
from sketch_app.air_pen import AirPen
from sketch_app.document import SketchDocument
from sketch_app.holding import Hold
from sketch_app.sketch import DEFAULT_SIZE, DEFAULT_WIDTH, Pen, Size

__all__ = ["AirButton", "AirDrawing", "AirLayout", "AirState", "Gesture", "HandReadingLike", "default_layout"]


PINCH_TIME: Final = 0.8
"""Seconds a pinch is held until it searches."""

CHOICE_TIME: Final = 0.2
"""Seconds a pen's fingers are shown, once settled, until it is taken up."""

_GRACE: Final = 0.2  # seconds: the gesture may flicker for as long without ending a hold

_PENS: Final = {Gesture.BLACK: Pen.BLACK, Gesture.GREEN: Pen.GREEN, Gesture.RED: Pen.RED}
_POINTING: Final = (Gesture.DRAW, Gesture.BLACK)  # the index finger is up, and not the whole hand
_IN_DOUBT: Final = (Gesture.DRAW, Gesture.OTHER, Gesture.NONE)  # of these a stroke may come back


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

    @property
    def ink(self) -> bool:
        """Whether this frame's `tip` belongs on the paper."""

    @property
    def withdraw(self) -> int:
        """Points to take back now, drawn while the finger was already folding."""


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

    Not thread-safe: call it in the document's thread. `pen` and `width` (canvas pixels) may be set at any
    time and hold for the next stroke.

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
        self._on_command = on_command
        self._layout = AirLayout(canvas_rect, tuple(buttons), frame_size)
        self._stylus = AirPen(document, self._layout)
        self._eraser = AirEraser(document, self._layout)
        self._buttons = AirButtons(self._layout)
        self._pinch = Hold(PINCH_TIME, grace=_GRACE)
        self._choice = Hold(CHOICE_TIME, grace=_GRACE)
        self._chosen: Gesture | None = None
        self._ran_out = False

    def set_layout(self, layout: AirLayout) -> None:
        """Use another drawing area and other buttons from now on; a stroke in progress ends."""
        self._layout = layout
        self._stylus.set_layout(layout)
        self._eraser.set_layout(layout)
        self._buttons.set_layout(layout)
        self._ran_out = False

    def update(self, reading: HandReadingLike) -> AirState:
        """Act on one frame's reading and return what to show.

        Parameters
        ----------
        reading : HandReadingLike
            The hand, in the order of the frames.

        Returns
        -------
        AirState
            After strokes, pen and erasing have changed and commands have been handed on.
        """
        self._draw(reading)
        pressed = self._press(reading)
        self._eraser.follow(reading)
        if self._buttons.hovered is None or reading.gesture is not Gesture.BLACK:
            self._choose_pen(reading)
        searches = self._pinch.update(reading.timestamp, reading.gesture is Gesture.PINCH)
        if pressed is not None:
            self._on_command(pressed)
        if searches:
            self._on_command("search")
        return self._state(reading.gesture, reading.tip)

    def hand_lost(self) -> AirState:
        """End whatever the hand was doing: the camera is gone, or drawing in the air is switched off."""
        self._stylus.lift()
        self._eraser.lift()
        self._buttons.leave()
        self._pinch.reset()
        self._choice.reset()
        self._ran_out = False
        return self._state(Gesture.NONE, None)

    def _draw(self, reading: HandReadingLike) -> None:
        t, tip = reading.timestamp, reading.tip
        if reading.withdraw:
            self._stylus.withdraw(reading.withdraw)
        if reading.gesture is Gesture.DRAW and reading.ink and tip is not None:
            # Until the fingertip has left a button, its slack included, it stays off the paper.
            free = self._buttons.hovered is None and reading.settled
            ran_out = self._stylus.ink(tip, t, self.pen, self.width, may_begin=free)
            self._ran_out = self._ran_out or ran_out
        elif reading.gesture in _IN_DOUBT:
            self._stylus.hover(t, hand_there=tip is not None)
        else:
            self._stylus.lift()
            self._ran_out = False
        if self._stylus.is_down or reading.gesture is Gesture.NONE:
            self._ran_out = False

    def _press(self, reading: HandReadingLike) -> ButtonId | None:
        before = self._buttons.hovered
        pressed = self._buttons.update(
            reading.tip,
            reading.timestamp,
            points=reading.gesture in _POINTING,
            in_stroke=self._ran_out or self._stylus.is_down,
        )
        if before is not None and self._buttons.hovered is None:
            self._ran_out = False  # it has come off the button that its stroke ran into
        return pressed

    def _choose_pen(self, reading: HandReadingLike) -> None:
        """Take up a pen once its fingers are shown for long enough: a closing hand passes them by."""
        if reading.gesture is not self._chosen:
            self._chosen = reading.gesture
            self._choice.reset()
        pen = _PENS.get(reading.gesture)
        is_shown = pen is not None and reading.settled and reading.raw_gesture is reading.gesture
        if self._choice.update(reading.timestamp, is_shown) and pen is not None:
            self.pen = pen

    def _state(self, gesture: Gesture, tip: Point | None) -> AirState:
        return AirState(
            gesture=gesture,
            pen=self.pen,
            tip=None if tip is None else self._layout.to_canvas(tip, self._document.sketch.size),
            inking=self._stylus.is_down,
            erasing=self._eraser.disc is not None,
            erase_disc=self._eraser.disc,
            hovered=self._buttons.hovered,
            dwell=self._buttons.dwell,
            pinch=self._pinch.fraction,
        )
