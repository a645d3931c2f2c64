"""Which gesture a hand shows, made steady over time: debounce, fingertip filter, lost hands.

What a gesture *does* (ink, colour, search) is decided by the application, not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from device.tracking import Hand


class Gesture(StrEnum):
    """What the hand says; the thumb counts only to tell four from five."""

    NONE = "none"  # no hand in the picture
    FIST = "fist"  # pen lifted
    DRAW = "draw"  # index finger alone
    BLACK = "black"  # index and middle finger
    GREEN = "green"  # three fingers
    RED = "red"  # four fingers, thumb folded
    ERASE = "erase"  # open hand
    PINCH = "pinch"  # thumb and index together, the other fingers up
    OTHER = "other"  # a hand is there, nothing certain


@dataclass(frozen=True, slots=True)
class HandReading:
    """The hand at one frame, as the application may act on it.

    How to draw from it: a stroke is open while ``gesture is DRAW``; append ``tip`` only where
    ``ink`` is true (a flicker or a missed frame is bridged); in the reading in which the gesture
    leaves DRAW, drop the last ``withdraw`` appended points and end the stroke. ``withdraw`` is
    never above ``MAX_WITHDRAW``, so a consumer that holds back that many points never has to
    take back what it has already shown.

    Attributes
    ----------
    timestamp : float
        Seconds, the clock of the frame.
    gesture : Gesture
        The gesture after debouncing.
    raw_gesture : Gesture
        What this single frame shows.
    settled : bool
        False in the first frames after ``gesture`` changed.
    tip, raw_tip : tuple of float or None
        Index fingertip in frame pixels, filtered and as measured; None without a hand.
    palm : tuple of float or None
        Centre of the palm in frame pixels, filtered.
    palm_width : float
        Width across the knuckles in pixels (0 without a hand); the hand's own unit of length.
    pinch : float
        Thumb tip to index tip in palm widths (infinite without a hand).
    ink : bool
        This ``tip`` belongs on the paper.
    withdraw : int
        Points to take back now, drawn while the finger was already folding.
    hand : Hand or None
        The measured hand, for an overlay.
    """

    timestamp: float
    gesture: Gesture
    raw_gesture: Gesture
    settled: bool
    tip: tuple[float, float] | None
    raw_tip: tuple[float, float] | None
    palm: tuple[float, float] | None
    palm_width: float
    pinch: float
    ink: bool
    withdraw: int
    hand: Hand | None


MAX_WITHDRAW = 3
