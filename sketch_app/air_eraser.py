"""The open hand as an eraser: what it covers, and when one gesture ends and the next begins.

How strokes are cut is in `erasing`; which gesture erases comes from `device.gestures`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from device.gestures import Gesture
from sketch_app.air_layout import AirLayout, Point
from sketch_app.document import SketchDocument

if TYPE_CHECKING:
    from sketch_app.air_drawing import HandReadingLike

_COVER: Final = 0.9
"""Radius of the erased disc in palm widths: the palm whole, and the roots of the fingers."""

_GRACE: Final = 0.3
"""Seconds the hand may be lost or in doubt without ending the gesture, and with it the undo step."""

_JUMP: Final = 0.15  # share of the frame's width; further than that the way between is not erased


class AirEraser:
    """Erases under an open hand, one undo step from its opening to its closing."""

    def __init__(self, document: SketchDocument, layout: AirLayout) -> None:
        self._document = document
        self._layout = layout
        self._last: tuple[Point, float] | None = None
        self._disc: tuple[float, float, float] | None = None

    @property
    def disc(self) -> tuple[float, float, float] | None:
        """x, y, radius in canvas pixels of what is being erased; None when nothing is."""
        return self._disc

    def set_layout(self, layout: AirLayout) -> None:
        """Use another drawing area; an erasing in progress ends."""
        self.lift()
        self._layout = layout

    def lift(self) -> None:
        """End the gesture."""
        if self._last is not None:
            self._document.end_erase()
        self._last = None
        self._disc = None

    def follow(self, reading: HandReadingLike) -> None:
        """Erase where the hand is, if it is open."""
        t, palm = reading.timestamp, reading.palm
        shown = reading.gesture is Gesture.ERASE and reading.settled and palm is not None
        if shown and palm is not None and reading.raw_gesture is Gesture.ERASE:
            self._erase(palm, reading.palm_width, t)
        elif self._last is not None:
            is_certain = reading.gesture not in (Gesture.ERASE, Gesture.OTHER, Gesture.NONE)
            if is_certain or t - self._last[1] > _GRACE:
                self.lift()

    def _erase(self, palm: Point, palm_width: float, t: float) -> None:
        size = self._document.sketch.size
        if self._last is not None and (
            not self._document.is_erasing  # someone else ended it, by an undo for example
            or math.dist(palm, self._last[0]) > _JUMP * self._layout.frame_size[0]
        ):
            self.lift()
        if self._last is None:
            self._document.begin_erase()
        radius = _COVER * palm_width * self._layout.canvas_scale(size)
        self._disc = (*self._layout.to_canvas(palm, size), radius)
        self._last = (palm, t)
        self._document.erase_at(*self._disc)
