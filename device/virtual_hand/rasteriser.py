"""A small z-buffer rasteriser in NumPy: triangles to pixels, no OpenGL, no window, always the same bytes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Fragments:
    """The nearest triangle at each covered pixel.

    Attributes
    ----------
    pixels : (k,) int64
        Flat indices into a (height, width) picture, ascending.
    triangles : (k,) int64
        Row of ``faces``.
    barycentric : (k, 3) float32
        Weights of the triangle's corners.
    """

    pixels: NDArray[np.int64]
    triangles: NDArray[np.int64]
    barycentric: NDArray[np.float32]


def rasterise(
    xy: NDArray[np.float64],
    depth: NDArray[np.float64],
    faces: NDArray[np.int32],
    height: int,
    width: int,
    *,
    cull: bool = True,
) -> Fragments:
    """Find which triangle each pixel shows.

    Parameters
    ----------
    xy : (n, 2) float64
        Vertices in pixels; a pixel's centre is at .5.
    depth : (n,) float64
        Distance in metres, nearest wins (compared in steps of 0.1 micrometre).
    faces : (m, 3) int32
        Triangles.
    cull : bool
        Drop faces whose area in the image is positive (those turned away).
    """
    corner = xy[faces].astype(np.float32)
    a, b, c = corner[:, 0], corner[:, 1], corner[:, 2]
    area: NDArray[np.float32] = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (
        c[:, 0] - a[:, 0]
    )
    # Only pixels whose centre may lie inside: x + .5 between the bounds.
    low = np.maximum(np.ceil(corner.min(1) - 0.5), 0).astype(np.int32)
    high = np.minimum(np.floor(corner.max(1) - 0.5) + 1, [width, height]).astype(np.int32)
    keep = ((high > low).all(1)) & (area < -1e-6 if cull else np.abs(area) > 1e-6)
    ids = np.flatnonzero(keep)
    if len(ids) == 0:
        none = np.zeros(0, np.int64)
        return Fragments(none, none, np.zeros((0, 3), np.float32))
    a, b, c, low, high = a[ids], b[ids], c[ids], low[ids], high[ids]
    inverse = 1.0 / area[ids]
    z = depth[faces[ids]].astype(np.float32)
    # The first two weights and the depth are planes over the picture: value = gx * x + gy * y + g0.
    gradient = np.empty((len(ids), 3, 3), np.float32)
    gradient[:, 0, 0] = (b[:, 1] - c[:, 1]) * inverse
    gradient[:, 0, 1] = (c[:, 0] - b[:, 0]) * inverse
    gradient[:, 1, 0] = (c[:, 1] - a[:, 1]) * inverse
    gradient[:, 1, 1] = (a[:, 0] - c[:, 0]) * inverse
    for k in (0, 1):  # taken at the box's own corner, so that float32 is enough
        gradient[:, k, 2] = gradient[:, k, 0] * (low[:, 0] + 0.5 - c[:, 0]) + gradient[:, k, 1] * (
            low[:, 1] + 0.5 - c[:, 1]
        )
    gradient[:, 2, :] = gradient[:, 0, :] * (z[:, :1] - z[:, 2:]) + gradient[:, 1, :] * (z[:, 1:2] - z[:, 2:])
    gradient[:, 2, 2] += z[:, 2]
    return _nearest(gradient, low, high - low, ids, (height, width))


def _nearest(
    gradient: NDArray[np.float32],
    low: NDArray[np.int32],
    extent: NDArray[np.int32],
    ids: NDArray[np.int64],
    size: tuple[int, int],
) -> Fragments:
    """Evaluate every triangle on its box, one row of pixels after the other, and keep the nearest."""
    height, width = size
    rows = extent[:, 1]
    row_triangle = np.repeat(np.arange(len(ids), dtype=np.int32), rows)
    row_y = np.arange(len(row_triangle), dtype=np.int32) - np.repeat(np.cumsum(rows) - rows, rows).astype(
        np.int32
    )
    at_row = gradient[row_triangle]
    start = at_row[:, :, 2] + at_row[:, :, 1] * row_y[:, None].astype(np.float32)
    length = extent[row_triangle, 0]
    # Clip each row to where both weights and their complement are positive, before any pixel is made.
    first, last = _span(start, at_row[:, :, 0], length)
    count = np.maximum(last - first, 0)
    step = np.arange(int(count.sum()), dtype=np.int32) - np.repeat(np.cumsum(count) - count, count).astype(
        np.int32
    )
    row = np.repeat(np.arange(len(row_triangle), dtype=np.int32), count)
    x = step + first[row]
    value = start[row] + at_row[row, :, 0] * x[:, None].astype(np.float32)
    pixel = ((low[row_triangle, 1] + row_y) * width + low[row_triangle, 0]).astype(np.int64)[row] + x
    order = np.arange(len(row), dtype=np.int64)
    key = ((value[:, 2] * 1e7).astype(np.int64) << 32) | order
    nearest = np.full(height * width, np.iinfo(np.int64).max)
    np.minimum.at(nearest, pixel, key)
    pixels = np.flatnonzero(nearest != np.iinfo(np.int64).max)
    chosen = nearest[pixels] & 0xFFFFFFFF
    weight = value[chosen]
    weight[:, 2] = 1.0 - weight[:, 0] - weight[:, 1]
    return Fragments(pixels, ids[row_triangle[row[chosen]]], weight)


def _span(
    start: NDArray[np.float32], slope: NDArray[np.float32], length: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the first and one past the last pixel of each row that lies in its triangle."""
    first = np.zeros(len(start), np.float32)
    last = length.astype(np.float32) - 1
    offset = np.stack([start[:, 0], start[:, 1], 1 - start[:, 0] - start[:, 1]])
    rise = np.stack([slope[:, 0], slope[:, 1], -slope[:, 0] - slope[:, 1]])
    for w, r in zip(offset, rise, strict=True):
        with np.errstate(divide="ignore", invalid="ignore"):
            zero = -(w + 1e-5) / r
        first = np.where(r > 0, np.maximum(first, np.ceil(zero)), first)
        last = np.where(r < 0, np.minimum(last, np.floor(zero)), last)
        last = np.where((r == 0) & (w < -1e-5), -1, last)
    first = np.clip(first, 0, length)
    last = np.clip(last, -1, length - 1)
    return first.astype(np.int32), last.astype(np.int32) + 1
