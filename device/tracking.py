"""Finding the hand that draws in a picture: cvzone's HandDetector over MediaPipe, kept on one hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Side = Literal["left", "right"]


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
