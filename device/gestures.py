"""Which gesture a hand shows, made steady over time: debounce, fingertip filter, lost hands.

What a gesture *does* (ink, colour, search) is decided by the application, not here.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from device.finger_state import FingerState, palm_centre, palm_width, read_fingers
from device.one_euro import OneEuroFilter
from device.tracking import Hand

# Frames at 30 a second; a faster camera gets more of them.
DEBOUNCE = 3  # before a new gesture counts
DEBOUNCE_ERASE = 6  # erasing destroys, so it asks for more
DEBOUNCE_MOVING = 8  # before a gesture counts though the fingers still move
SETTLE = 2  # after the change, before anything is inked
MISSED = 3  # without a hand, before it counts as gone
MAX_WITHDRAW = 3
# A finger whose reach changes by more than this within so many frames is on its way to another gesture
# (straight to folded is about 0.6; a resting finger jitters by 0.03).
MOVING = 0.12
MOVING_FRAMES = 5
# An index finger whose reach falls below this share of what it just was is folding: its tip leaves the line
# two or three frames before the finger no longer counts as raised. A resting finger's reach jitters by 0.004.
FOLDING = 0.985


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


def classify(fingers: FingerState) -> Gesture:
    """Read the gesture of one frame, with no regard to the frames before.

    The pinch comes before the count, as its other fingers are up. Only a row of fingers from the index on
    is a count; the thumb only tells four from five, and where it is in doubt nothing is erased.
    """
    if fingers.pinched:
        return Gesture.PINCH
    raised = fingers.raised
    count = sum(raised)
    if raised != (True,) * count + (False,) * (4 - count):
        return Gesture.OTHER
    if count < 4:
        return (Gesture.FIST, Gesture.DRAW, Gesture.BLACK, Gesture.GREEN)[count]
    if fingers.thumb_clearly_out:
        return Gesture.ERASE
    return Gesture.OTHER if fingers.thumb_may_be_out else Gesture.RED


class GestureRecognizer:
    """Turn the hands of successive frames into steady readings.

    Parameters
    ----------
    frame_size : (int, int)
        Width and height of the frames in pixels.
    fps : float
        Frames a second, about: waiting times are kept in frames.
    """

    def __init__(self, *, frame_size: tuple[int, int] = (640, 480), fps: float = 30.0) -> None:
        self._rate = max(fps / 30.0, 1.0)
        self._tip_filter = OneEuroFilter(frame_size[0])
        self._palm_filter = OneEuroFilter(frame_size[0])
        self._extents: deque[NDArray[np.float64]] = deque(maxlen=self._frames(MOVING_FRAMES))
        # The index finger's reach at the last inked points: those that may be withdrawn, and ten before.
        self._inked: deque[float] = deque(maxlen=MAX_WITHDRAW + 10)
        self.reset()

    def reset(self) -> None:
        """Forget the hand: the next one starts anew."""
        self._tip_filter.reset()
        self._palm_filter.reset()
        self._extents.clear()
        self._inked.clear()
        self._gesture = Gesture.NONE
        self._age = 0  # frames since the gesture changed
        self._candidate = Gesture.NONE
        self._unlike = 0  # frames in which something else was seen
        self._run = 0  # frames for which the candidate has been seen
        self._missed = 0
        self._track: int | None = None

    def update(self, hand: Hand | None, timestamp: float) -> HandReading:
        """Read one frame.

        Parameters
        ----------
        hand : Hand or None
            What the tracker found.
        timestamp : float
            Seconds, growing from frame to frame.
        """
        if hand is None:
            return self._without_hand(timestamp)
        if self._track is not None and hand.track != self._track:
            self.reset()  # another hand: whatever the first one drew is finished
        self._track, self._missed = hand.track, 0
        fingers = read_fingers(hand.landmarks, hand.world)
        self._extents.append(np.append(fingers.extent, fingers.thumb_in_image[0]))
        raw = classify(fingers)
        before = self._gesture
        self._advance(raw)
        raw_tip = (float(hand.landmarks[8, 0]), float(hand.landmarks[8, 1]))
        ink = self._gesture is Gesture.DRAW and raw is Gesture.DRAW and self._settled
        withdraw = self._folded() if before is Gesture.DRAW and self._gesture is not Gesture.DRAW else 0
        if self._gesture is not Gesture.DRAW:
            self._inked.clear()
        if ink:
            self._inked.append(float(fingers.extent[0]))
        return HandReading(
            timestamp=timestamp,
            gesture=self._gesture,
            raw_gesture=raw,
            settled=self._settled,
            tip=self._tip_filter(raw_tip, timestamp),
            raw_tip=raw_tip,
            palm=self._palm_filter(palm_centre(hand.landmarks), timestamp),
            palm_width=palm_width(hand.landmarks),
            pinch=fingers.pinch,
            ink=ink,
            withdraw=withdraw,
            hand=hand,
        )

    @property
    def _settled(self) -> bool:
        return self._age >= self._frames(SETTLE)

    def _frames(self, at_thirty: int) -> int:
        return round(at_thirty * self._rate)

    def _advance(self, raw: Gesture) -> None:
        """Count how long a gesture has been seen, and take it up when that is long enough."""
        self._age += 1
        self._run = self._run + 1 if raw is self._candidate else 1
        self._candidate = raw
        self._unlike = 0 if raw is self._gesture else self._unlike + 1
        if raw is self._gesture:
            return
        needed = self._frames(DEBOUNCE_ERASE if raw is Gesture.ERASE else DEBOUNCE)
        if raw not in (Gesture.FIST, Gesture.OTHER) and self._fingers_move():
            needed = self._frames(DEBOUNCE_MOVING)
        if self._run >= needed:
            self._gesture, self._age = raw, 0
        elif self._unlike >= self._frames(DEBOUNCE) and self._gesture not in (Gesture.NONE, Gesture.OTHER):
            # What comes is not certain yet, but what was is over: above all, nothing is erased on the way.
            self._gesture, self._age = Gesture.OTHER, 0

    def _fingers_move(self) -> bool:
        """Whether a finger opens or closes: a closing hand passes four, three, two, one and means none."""
        if len(self._extents) < 2:
            return True
        recent = np.array(self._extents)
        return bool((recent.max(0) - recent.min(0)).max() > MOVING)

    def _folded(self) -> int:
        """Count the last inked points at which the index finger was already folding."""
        reaches = list(self._inked)
        if not reaches:
            return 0
        limit = FOLDING * float(np.median(reaches[:-MAX_WITHDRAW] or reaches))
        if self._extents[-1][0] > limit:
            return 0  # the stroke ended otherwise: another finger was raised beside this one
        count = 1  # a finger begins to fold before that can be measured
        for reach in reversed(reaches):
            if reach > limit or count == MAX_WITHDRAW:
                break
            count += 1
        return count

    def _without_hand(self, timestamp: float) -> HandReading:
        """Bridge a few missed frames; after that the hand is gone and its stroke is finished."""
        self._missed += 1
        self._run, self._candidate = 0, Gesture.NONE
        if self._missed > self._frames(MISSED) or self._gesture is Gesture.NONE:
            self.reset()
        return HandReading(
            timestamp=timestamp,
            gesture=self._gesture,
            raw_gesture=Gesture.NONE,
            settled=self._gesture is Gesture.NONE or self._settled,
            tip=None,
            raw_tip=None,
            palm=None,
            palm_width=0.0,
            pinch=float("inf"),
            ink=False,
            withdraw=0,
            hand=None,
        )
