"""Finding the hand that draws in a picture: cvzone's HandDetector over MediaPipe, kept on one hand.

What the hand says is read in ``gestures``; nothing here knows fingers.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from device.errors import TrackingError
from device.finger_state import palm_centre, palm_width
from device.quiet import hush_environment, without_native_chatter

log = logging.getLogger(__name__)

Side = Literal["left", "right"]

# For how long the place of a hand that was lost is kept for it, before another hand is taken up.
HOLD_SECONDS = 0.6
# How far a hand may be from where it was last seen and still be the same: palm widths, and palm widths a
# second of absence. A hand that is lost in a quick motion may turn up farther off; then it is taken up again
# after ``HOLD_SECONDS``, which is better than a stranger's hand that goes on with the stroke.
SAME_HAND = 1.5
SAME_HAND_RATE = 3.0
# A hand of the same person does not change its size in the picture by more than this between two frames.
SAME_SIZE = 1.6
_BLANK = np.zeros((64, 64, 3), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """One tracked hand in one frame.

    Attributes
    ----------
    landmarks : (21, 3) float32
        MediaPipe's hand landmarks: x and y in frame pixels, z in the same unit relative to the wrist
        (negative towards the camera).
    world : (21, 3) float32
        The same points in metres around the middle of the hand.
    handedness : "left" or "right"
        Which hand of the person it is, whether or not the frame is mirrored.
    score : float
        MediaPipe's certainty of the handedness, 0..1.
    track : int
        Grows whenever the tracker takes up another hand (or the same one after it was lost).
    """

    landmarks: NDArray[np.float32]
    world: NDArray[np.float32]
    handedness: Side
    score: float
    track: int = 0


@dataclass(frozen=True, slots=True)
class _Seen:
    """Where and when the hand that draws was last seen."""

    centre: tuple[float, float]
    width: float
    timestamp: float

    def is_same(self, hand: Hand, timestamp: float) -> bool:
        """Whether ``hand`` can be the one seen here, by place and size."""
        x, y = palm_centre(hand.landmarks)
        width = max(palm_width(hand.landmarks), 1.0)
        away = float(np.hypot(x - self.centre[0], y - self.centre[1])) / max(self.width, 1.0)
        absent = max(timestamp - self.timestamp, 0.0)
        grown = max(width / max(self.width, 1.0), self.width / width)
        return away < SAME_HAND + SAME_HAND_RATE * absent and grown < SAME_SIZE


class HandTracker:
    """Follow one hand through the frames of a camera.

    Usually a detector for a single hand runs, at 11 ms a frame: MediaPipe looks for the hand where it was, so
    another person's hand is not even seen. Only when the hand appears elsewhere than where it was (it was
    lost and MediaPipe has taken up another) a second detector looks for all hands, and the one nearest to
    the old place is followed again; if there is none, its place is kept for ``HOLD_SECONDS``.

    Parameters
    ----------
    hands_in_view : int
        Hands that are told apart when the drawing hand was lost, itself included; at least 2. The usual
        frame costs the same whatever this is.
    mirrored : bool
        Frames are selfie views; needed to name the hand left or right.
    detection_confidence, tracking_confidence : float
        MediaPipe's thresholds, 0..1.

    Raises
    ------
    TrackingError
        If MediaPipe or cvzone cannot be loaded.
    """

    def __init__(
        self,
        *,
        hands_in_view: int = 2,
        mirrored: bool = True,
        detection_confidence: float = 0.5,
        tracking_confidence: float = 0.5,
    ) -> None:
        self._mirrored = mirrored
        self._hands_in_view = max(2, hands_in_view)
        self._confidence = (detection_confidence, tracking_confidence)
        self._all: Any = None
        self._seen: _Seen | None = None
        self._track = 0
        self._lost = True
        self._quiet = False
        self._one = self._detector(1, still=False)

    def detect(self, image: NDArray[np.uint8], timestamp: float | None = None) -> Hand | None:
        """Find the drawing hand.

        Parameters
        ----------
        image : (H, W, 3) uint8
            BGR.
        timestamp : float or None
            Seconds, growing from frame to frame; None takes the clock's.

        Returns
        -------
        Hand or None
            None if there is no hand, or only hands that are not the one that draws.
        """
        if timestamp is None:
            timestamp = time.monotonic()
        hands = self._run(self._one, image)
        if not hands:
            self._lost = True
            return None
        hand, seen = hands[0], self._seen
        if self._lost and seen is not None and not seen.is_same(hand, timestamp):
            if timestamp - seen.timestamp > HOLD_SECONDS:
                return self._follow(hand, timestamp, fresh=True)
            found = self._find_again(image, timestamp, seen)
            return None if found is None else self._follow(found, timestamp, fresh=False)
        fresh = seen is None or (self._lost and timestamp - seen.timestamp > HOLD_SECONDS)
        return self._follow(hand, timestamp, fresh=fresh)

    def reset(self) -> None:
        """Forget the hand, for a new source of frames."""
        self._seen, self._lost = None, True
        self._restart(self._one)

    def close(self) -> None:
        """Release the models; the tracker cannot be used after."""
        for detector in (self._one, self._all):
            if detector is not None:
                detector.hands.close()
        self._one = self._all = None

    def _follow(self, hand: Hand, timestamp: float, *, fresh: bool) -> Hand:
        if fresh:
            self._track += 1
        self._seen = _Seen(palm_centre(hand.landmarks), palm_width(hand.landmarks), timestamp)
        self._lost = False
        return replace(hand, track=self._track)

    def _find_again(self, image: NDArray[np.uint8], timestamp: float, seen: _Seen) -> Hand | None:
        """Look among all hands for the one that was seen, and put the single-hand detector back on it."""
        if self._all is None:
            self._all = self._detector(self._hands_in_view, still=True)
        hands = self._run(self._all, image)
        same = [hand for hand in hands if seen.is_same(hand, timestamp)]
        if not same:
            return None
        best = min(same, key=lambda hand: _distance(palm_centre(hand.landmarks), seen.centre))
        # MediaPipe cannot be told where to look, so it starts anew on a picture without the other hands.
        alone = image.copy()
        for hand in hands:
            if hand is not best:
                low, high = hand.landmarks[:, :2].min(0), hand.landmarks[:, :2].max(0)
                margin = 0.5 * (high - low)
                left, top = np.maximum(low - margin, 0).astype(int)
                right, bottom = (high + margin).astype(int)
                alone[top:bottom, left:right] = 127
        self._restart(self._one)
        again = self._run(self._one, alone)
        return again[0] if again and seen.is_same(again[0], timestamp) else best

    def _run(self, detector: Any, image: NDArray[np.uint8]) -> list[Hand]:
        if detector is None:
            raise TrackingError("The hand tracker was closed; make a new one.")
        if self._quiet:
            detector.findHands(image, draw=False)
        else:
            with without_native_chatter():
                detector.findHands(image, draw=False)
        results = detector.results
        if not results.multi_hand_landmarks:
            return []
        self._quiet = True  # the last of the start-up warnings comes with the first hand
        rows = zip(
            results.multi_hand_landmarks,
            results.multi_hand_world_landmarks,
            results.multi_handedness,
            strict=True,
        )
        height, width = image.shape[:2]
        scale = np.array([width, height, width], np.float32)
        return [
            Hand(
                _points(flat) * scale, _points(space), self._side(label), float(label.classification[0].score)
            )
            for flat, space, label in rows
        ]

    def _restart(self, detector: Any) -> None:
        """Make a detector forget where hands were."""
        with without_native_chatter():
            detector.hands.reset()
            detector.findHands(_BLANK, draw=False)

    def _side(self, label: Any) -> Side:
        """Name the person's hand: MediaPipe takes every picture for a selfie view."""
        left = (label.classification[0].label == "Left") == self._mirrored
        return "left" if left else "right"

    def _detector(self, hands: int, *, still: bool) -> Any:
        hush_environment()
        try:
            with without_native_chatter():
                from cvzone.HandTrackingModule import HandDetector

                detector = HandDetector(
                    staticMode=still,
                    maxHands=hands,
                    detectionCon=self._confidence[0],
                    minTrackCon=self._confidence[1],
                )
                detector.findHands(_BLANK, draw=False)  # its threads chatter until the first answer
                return detector
        except (ImportError, RuntimeError, OSError) as error:
            raise TrackingError(
                f"The hand tracker could not be started ({error}). "
                "Install the program again in an environment of its own."
            ) from error


def _points(message: Any) -> NDArray[np.float32]:
    return np.array([(p.x, p.y, p.z) for p in message.landmark], dtype=np.float32)


def _distance(a: tuple[float, float], b: tuple[float, float]) -> float:
    return float(np.hypot(a[0] - b[0], a[1] - b[1]))
