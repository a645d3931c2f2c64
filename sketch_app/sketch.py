"""What a drawing is: strokes of a pen, each with its colour, width and time. Immutable.

Changing a drawing over time is `document`, turning it into pixels is `raster`, into files `sketch_files`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray: TypeAlias = NDArray[np.float32]
Size: TypeAlias = tuple[int, int]

DEFAULT_SIZE: Final[Size] = (640, 480)
"""Width and height of a new canvas in its own pixels, the same shape as the usual camera frame."""

DEFAULT_WIDTH: Final = 6.0
"""Pen width in canvas pixels."""


class Pen(StrEnum):
    """The three pens. The models see all of them as black."""

    BLACK = "black"
    GREEN = "green"
    RED = "red"

    @property
    def rgb(self) -> tuple[int, int, int]:
        """Colour of the ink, sRGB, 0..255."""
        return _RGB[self]


_RGB: Final = {Pen.BLACK: (17, 17, 17), Pen.GREEN: (22, 138, 62), Pen.RED: (206, 38, 38)}


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """One line of the pen, from where it touched the canvas to where it left.

    The arrays are copied and made read-only, so a stroke may be shared between sketches and threads.

    Parameters
    ----------
    points : array_like of float32, shape (n, 2)
        x, y in canvas pixels, y downwards, finite, n >= 1. A single point is a dot.
    times : array_like of float32, shape (n,)
        Seconds since the sketch began, finite.
    pen : Pen
        The colour.
    width : float
        Canvas pixels, above 0.

    Raises
    ------
    ValueError
        The shapes do not fit together, or a number is not finite.
    """

    points: FloatArray
    times: FloatArray
    pen: Pen = Pen.BLACK
    width: float = DEFAULT_WIDTH

    def __post_init__(self) -> None:
        points = _frozen_copy(self.points)
        times = _frozen_copy(self.times)
        if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
            raise ValueError(f"a stroke needs points of shape (n, 2) with n >= 1, not {points.shape}")
        if times.shape != (len(points),):
            raise ValueError(f"{len(points)} points need as many times, not {times.shape}")
        if not (np.isfinite(points).all() and np.isfinite(times).all()):
            raise ValueError("a stroke's points and times must be finite")
        if not 0 < self.width < float("inf"):
            raise ValueError(f"a stroke's width must be above 0, not {self.width}")
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "times", times)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Stroke):
            return NotImplemented
        return (
            self.pen == other.pen
            and self.width == other.width
            and np.array_equal(self.points, other.points)
            and np.array_equal(self.times, other.times)
        )

    def __hash__(self) -> int:
        return hash((self.pen, self.width, len(self.points), self.points[0].tobytes()))

    @property
    def length(self) -> float:
        """Length of the line in canvas pixels; 0 for a dot."""
        steps = np.diff(self.points.astype(np.float64), axis=0)
        return float(np.hypot(steps[:, 0], steps[:, 1]).sum())


@dataclass(frozen=True, slots=True)
class Sketch:
    """A drawing at one moment: strokes from the first drawn to the last, on a canvas of a given size.

    Sketches are immutable and share their strokes, so keeping every version for undo costs almost nothing.

    Attributes
    ----------
    strokes : tuple of Stroke
        In drawing order; a later one lies on top.
    size : tuple of int
        Canvas width and height in pixels. Strokes may run a little over the edge.
    """

    strokes: tuple[Stroke, ...] = ()
    size: Size = DEFAULT_SIZE

    @property
    def is_empty(self) -> bool:
        """True when nothing is drawn."""
        return not self.strokes

    @property
    def duration(self) -> float:
        """Seconds from the sketch's beginning to its latest point; 0 when empty."""
        return max((float(stroke.times.max()) for stroke in self.strokes), default=0.0)

    def bounds(self) -> tuple[float, float, float, float] | None:
        """Box around the centre lines: left, top, right, bottom in canvas pixels; None when empty."""
        if not self.strokes:
            return None
        points = np.concatenate([stroke.points for stroke in self.strokes])
        left, top = points.min(axis=0).tolist()
        right, bottom = points.max(axis=0).tolist()
        return left, top, right, bottom

    def with_stroke(self, stroke: Stroke) -> Sketch:
        """Return the sketch with one more stroke on top."""
        return replace(self, strokes=(*self.strokes, stroke))

    def with_strokes(self, strokes: Iterable[Stroke]) -> Sketch:
        """Return a sketch on the same canvas with these strokes instead."""
        return replace(self, strokes=tuple(strokes))


def _frozen_copy(values: ArrayLike) -> FloatArray:
    array = np.array(values, dtype=np.float32, order="C")
    array.flags.writeable = False
    return array
