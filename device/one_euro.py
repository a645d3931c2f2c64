"""The One-Euro filter: steady when the hand rests, quick when it moves.

Casiez, Roussel and Vogel, "1€ Filter", CHI 2012. Nothing here knows what the points are.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

MIN_CUTOFF = 1.0  # Hz: how much a resting point is smoothed
BETA = 0.05  # Hz for a pixel a second, in a picture 640 pixels wide
DERIVATIVE_CUTOFF = 3.0  # Hz


class OneEuroFilter:
    """Filter a point over time.

    Parameters
    ----------
    width : int
        Picture width in pixels: beta is scaled so that the same motion is filtered alike at any size.
    min_cutoff, beta, derivative_cutoff : float
        As in the paper; the defaults lag 8 ms behind a drawing fingertip.
    """

    def __init__(
        self,
        width: int = 640,
        *,
        min_cutoff: float = MIN_CUTOFF,
        beta: float = BETA,
        derivative_cutoff: float = DERIVATIVE_CUTOFF,
    ) -> None:
        self._min_cutoff = min_cutoff
        self._beta = beta * 640.0 / width
        self._derivative_cutoff = derivative_cutoff
        self.reset()

    def reset(self) -> None:
        """Forget the past: the next point is taken as it is."""
        self._time: float | None = None
        self._point: NDArray[np.float64] = np.zeros(2)
        self._velocity: NDArray[np.float64] = np.zeros(2)

    def __call__(self, point: tuple[float, float], timestamp: float) -> tuple[float, float]:
        """Return the filtered point; ``timestamp`` is in seconds and must grow."""
        new = np.array(point, dtype=np.float64)
        if self._time is None:
            self._point, self._time = new, timestamp
            return point
        step = timestamp - self._time
        if step <= 0:  # the same frame again
            return float(self._point[0]), float(self._point[1])
        velocity = (new - self._point) / step
        share = _share(self._derivative_cutoff, step)
        self._velocity = self._velocity + share * (velocity - self._velocity)
        # One cutoff for both axes: a diagonal stroke is not bent.
        share = _share(self._min_cutoff + self._beta * float(np.hypot(*self._velocity)), step)
        self._point = self._point + share * (new - self._point)
        self._time = timestamp
        return float(self._point[0]), float(self._point[1])


def _share(cutoff: float, step: float) -> float:
    """Return the weight of a new value in a low-pass of ``cutoff`` Hz after ``step`` seconds."""
    rate = 2 * math.pi * cutoff * step
    return rate / (rate + 1)
