"""The pen in the air: where a stroke of the fingertip begins, breaks, goes on and ends.

Which gesture inks, and everything that is not ink, is decided in `air_drawing`.
"""

from __future__ import annotations

import math
from typing import Final

from sketch_app.air_layout import AirLayout, Point
from sketch_app.document import SketchDocument
from sketch_app.sketch import Pen

_JUMP: Final = 0.15
"""Share of the frame's width: a hand is followed up to a tenth of it between two frames at 30 a second, so a
fingertip that moves further is another one, or a slip of the tracker."""

_FRAME: Final = 1 / 30
_LOSS: Final = 0.19
"""Seconds since the last point, a lost hand's stroke is kept open for: 0.15 s without a hand and a frame."""

_DOUBT: Final = 0.4
"""Seconds a stroke is kept open while a hand is there of which it is not certain that it still draws. A hand
that was lost for 0.15 s needs about as long again until its gesture is recognised anew."""

_DOT_TIME: Final = 0.15
_DOT_LENGTH: Final = 6.0
_MIN_TIME: Final = 0.05
"""Shorter than this is no stroke but a flicker of two frames; shorter than both `_DOT_TIME` seconds and
`_DOT_LENGTH` canvas pixels neither. A finger that stays longer means its dot."""


class AirPen:
    """Lays the fingertip's way down as strokes of a document.

    Positions are camera frame pixels, times seconds.
    """

    def __init__(self, document: SketchDocument, layout: AirLayout) -> None:
        self._document = document
        self._layout = layout
        self._serial = -1
        self._last: tuple[Point, float] = ((0.0, 0.0), 0.0)
        self._suspect: tuple[Point, float] | None = None
        self._was_lost = False

    @property
    def is_down(self) -> bool:
        """True while a stroke of this pen is being drawn."""
        return self._document.is_drawing and self._document.live_serial == self._serial

    def ink(self, tip: Point, t: float, pen: Pen, width: float, *, may_begin: bool) -> bool:
        """Draw to the fingertip.

        Parameters
        ----------
        tip : tuple of float
            Camera frame pixels.
        t : float
            Seconds.
        pen, width
            For a stroke that begins.
        may_begin : bool
            False lets only a stroke that is already there go on.

        Returns
        -------
        bool
            True when the stroke has just run into the edge of the drawing area or a button, and ended there.
        """
        if self.is_down and t - self._last[1] > _DOUBT:
            self.lift()
        if not self.is_down:
            if may_begin:
                self._begin(tip, t, pen, width)
            return False
        if math.dist(tip, self._last[0]) > self._jump(t):
            return self._jumped(tip, t, pen, width, may_begin=may_begin)
        self._suspect = None
        self._was_lost = False
        return self._extend(tip, t)

    def hover(self, t: float, *, hand_there: bool) -> None:
        """Tell that this frame has no ink for the stroke, but may not be its end."""
        self._was_lost = self._was_lost or not hand_there
        if self.is_down and t - self._last[1] > (_DOUBT if hand_there else _LOSS):
            self.lift()

    def withdraw(self, count: int) -> None:
        """Take back the newest points: the finger was already folding."""
        if self.is_down:
            self._document.withdraw_points(count)

    def lift(self) -> None:
        """End the stroke. What only a flicker can have drawn is dropped."""
        self._suspect = None
        self._was_lost = False
        if not self.is_down:
            return
        stroke = self._document.live_stroke
        assert stroke is not None
        lasted = float(stroke.times[-1] - stroke.times[0])
        is_speck = lasted < _DOT_TIME and stroke.length < _DOT_LENGTH
        if is_speck or lasted < _MIN_TIME:
            self._document.cancel_stroke()
        else:
            self._document.end_stroke()

    def set_layout(self, layout: AirLayout) -> None:
        """Use another drawing area; a stroke in progress ends."""
        self.lift()
        self._layout = layout

    def _begin(self, tip: Point, t: float, pen: Pen, width: float) -> None:
        if self._layout.is_drawable(tip):
            x, y = self._on_canvas(tip)
            self._document.begin_stroke(pen, width, x, y, t)
            self._serial = self._document.live_serial
            self._last = (tip, t)

    def _extend(self, tip: Point, t: float) -> bool:
        (from_x, from_y), since = self._last
        share = self._layout.drawable_share((from_x, from_y), tip)
        reached = (from_x + share * (tip[0] - from_x), from_y + share * (tip[1] - from_y))
        self._document.extend_stroke(*self._on_canvas(reached), since + share * (t - since))
        self._last = (reached, t)
        if share < 1:
            self.lift()
        return share < 1

    def _jump(self, t: float) -> float:
        """How far the fingertip may have moved since the last point, in frame pixels."""
        limit = _JUMP * self._layout.frame_size[0]
        if self._was_lost:
            return limit
        # A camera in dim light gives fewer frames, and a hand gets further between them.
        return limit * min(max((t - self._last[1]) / _FRAME, 1.0), 2.0)

    def _jumped(self, tip: Point, t: float, pen: Pen, width: float, *, may_begin: bool) -> bool:
        """Wait for a second point where the tip has jumped to: a slip of the tracker comes back at once."""
        suspect, self._suspect = self._suspect, (tip, t)
        if suspect is None or math.dist(tip, suspect[0]) > self._jump(t):
            return False
        self.lift()
        if not may_begin:
            return False
        self._begin(*suspect, pen, width)
        return self.ink(tip, t, pen, width, may_begin=True)

    def _on_canvas(self, point: Point) -> Point:
        return self._layout.to_canvas(point, self._document.sketch.size)
