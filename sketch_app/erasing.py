"""Taking ink away under a disc: strokes are cut exactly at its edge.

Which disc, and when, is decided by `document` (the mouse) and `air_drawing` (the hand).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sketch_app.sketch import Sketch, Stroke

MIN_PIECE: Final = 1.0
"""Canvas pixels: a piece left over by a cut and shorter than this is a crumb and vanishes with it."""

_GRAZE: Final = 1e-3
"""Canvas pixels: a line that enters the disc no deeper is not cut, so that erasing twice changes nothing
although a cut point is rounded to float32."""


def erase_disc(sketch: Sketch, x: float, y: float, radius: float) -> Sketch:
    """Remove what lies inside a disc.

    The centre line of every stroke is cut where it crosses the circle; the cut point and its time are
    interpolated. Pieces shorter than `MIN_PIECE` vanish. Strokes that the disc does not touch are the same
    objects in the result.

    Parameters
    ----------
    sketch : Sketch
        What to erase from; unchanged.
    x, y, radius : float
        The disc in canvas pixels.

    Returns
    -------
    Sketch
        The rest, or `sketch` itself when nothing was hit.
    """
    if not radius > 0:
        return sketch
    centre = np.array((x, y), dtype=np.float64)
    rest: list[Stroke] = []
    hit = False
    for stroke in sketch.strokes:
        pieces = _erase_from_stroke(stroke, centre, float(radius))
        if pieces is None:
            rest.append(stroke)
        else:
            hit = True
            rest.extend(pieces)
    return sketch.with_strokes(rest) if hit else sketch


def _erase_from_stroke(stroke: Stroke, centre: NDArray[np.float64], radius: float) -> list[Stroke] | None:
    """Pieces outside the disc, or None when the stroke is not touched."""
    near = (np.abs(stroke.points.min(axis=0) + stroke.points.max(axis=0) - 2 * centre)) / 2
    if (near > radius + np.ptp(stroke.points, axis=0) / 2).any():  # its box is clear of the disc
        return None
    points = stroke.points.astype(np.float64)
    if len(points) == 1:
        inside = np.hypot(*(points[0] - centre)) < radius - _GRAZE
        return [] if inside else None
    enters, leaves = _crossings(points, centre, radius)
    if not (leaves >= enters).any():
        return None
    pieces = []
    for start, end in _gaps(enters, leaves):
        piece = _cut(stroke, points, start, end)
        if piece.length >= MIN_PIECE:
            pieces.append(piece)
    return pieces


def _crossings(
    points: NDArray[np.float64], centre: NDArray[np.float64], radius: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where each of the n-1 segments is inside the disc, as fractions 0..1; enter > leave where it is not.

    Solves ``|a + s (b - a) - centre| = radius`` for s.
    """
    start = points[:-1] - centre
    step = points[1:] - points[:-1]
    squared = (step**2).sum(axis=1)
    moving = squared > 0
    safe = np.where(moving, squared, 1.0)
    closest = np.where(moving, -(start * step).sum(axis=1) / safe, 0.0)
    # The distance of the carrying line, from its foot point: exact even for very short segments.
    foot = start + closest[:, None] * step
    beside = (foot**2).sum(axis=1)
    half = np.sqrt(np.maximum(radius**2 - beside, 0.0) / safe)
    half = np.where(moving, half, np.inf)
    enters = np.clip(closest - half, 0.0, 1.0)
    leaves = np.clip(closest + half, 0.0, 1.0)
    nearest = start + np.clip(closest, 0.0, 1.0)[:, None] * step
    missed = np.hypot(nearest[:, 0], nearest[:, 1]) >= radius - _GRAZE
    return np.where(missed, 2.0, enters), np.where(missed, -1.0, leaves)


def _gaps(enters: NDArray[np.float64], leaves: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Intervals outside the disc, in units of segments: 2.25 is a quarter along the third segment."""
    gaps = []
    position = 0.0
    for index in np.flatnonzero(leaves >= enters).tolist():
        if index + enters[index] > position:
            gaps.append((position, index + float(enters[index])))
        position = index + float(leaves[index])
    if position < len(enters):
        gaps.append((position, float(len(enters))))
    return gaps


def _cut(stroke: Stroke, points: NDArray[np.float64], start: float, end: float) -> Stroke:
    """The part of a stroke between two positions in units of segments."""
    inner = np.arange(np.floor(start) + 1, np.ceil(end))
    positions = np.concatenate(([start], inner, [end]))
    index = np.arange(len(points))
    part = np.stack([np.interp(positions, index, points[:, axis]) for axis in (0, 1)], axis=1)
    times = np.interp(positions, index, stroke.times)
    return Stroke(part.astype(np.float32), times.astype(np.float32), stroke.pen, stroke.width)
