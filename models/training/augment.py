"""Makes training pictures of sketches: drawings rendered with shaken, dropped and widened strokes; pictures
warped.

Everything is 8-bit grey, black on white, and follows a `numpy.random.Generator` given by the caller, so
that a step of training can be repeated from its number alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.dataset import Strokes

WHITE = 255
_SHIFT = 4  # cv2 draws with 4 fractional bits
STORED_SIDE = 160
"""Side of the crops of sketch pictures kept in memory: above any training side, so that warping only
shrinks.
"""
MARGIN = 0.08
"""White border of a sketch given to the models, as a share of the side: what `sketch_app.raster` uses."""


@dataclass(frozen=True, slots=True)
class Warp:
    """Ranges of the random geometry; the values were chosen once, for air-drawn sketches, and not tuned."""

    rotation: float = 18.0  # degrees
    scale: tuple[float, float] = (0.62, 1.1)
    shear: float = 0.18
    stretch: float = 0.22  # log of the ratio of the axes
    shift: float = 0.08  # of the side
    flip: float = 0.5


def random_affine(rng: np.random.Generator, warp: Warp = Warp()) -> NDArray[np.float32]:
    """A (2, 3) map of the square [-.5, .5]^2 into itself, roughly."""
    a = np.deg2rad(rng.normal() * warp.rotation / 2)
    s = rng.uniform(*warp.scale)
    stretch = np.exp(rng.uniform(-warp.stretch, warp.stretch) / 2)
    shear = rng.uniform(-warp.shear, warp.shear)
    m = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) @ np.array([[1, shear], [0, 1]])
    m = m @ np.diag([s * stretch, s / stretch])
    if rng.random() < warp.flip:
        m[:, 0] *= -1
    t = rng.uniform(-warp.shift, warp.shift, 2)
    return np.hstack([m, t[:, None]]).astype(np.float32)


def normalise_strokes(strokes: Strokes) -> Strokes:
    """Centre on the origin and scale so that the longer side of the ink is ``1 - 2 * MARGIN``."""
    points = np.concatenate(strokes)
    lo, hi = points.min(0), points.max(0)
    scale = (1 - 2 * MARGIN) / max(float((hi - lo).max()), 1e-3)
    return tuple(((s - (lo + hi) / 2) * scale).astype(np.float32) for s in strokes)


def render_strokes(strokes: Strokes, side: int, width: float) -> NDArray[np.uint8]:
    """Strokes in [-.5, .5]^2 as a (side, side) picture, lines `width` pixels wide (twice as fine, then
    averaged).
    """
    fine = side * 2
    canvas = np.full((fine, fine), WHITE, np.uint8)
    lines = [np.round((s + 0.5) * fine * (1 << _SHIFT)).astype(np.int32)[:, None] for s in strokes]
    cv2.polylines(canvas, lines, False, 0, max(1, round(width * 2)), cv2.LINE_AA, _SHIFT)
    return cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA)


def shake(strokes: Strokes, rng: np.random.Generator) -> Strokes:
    """What a finger in the air does to a drawing: strokes lost, moved, wobbling, or joined by a pen not
    lifted.
    """
    kept = [s for s in strokes if len(strokes) < 3 or rng.random() > 0.12] or list(strokes)
    out: list[NDArray[np.float32]] = []
    wobble = rng.choice([0.0, 0.008, 0.018])
    for s in kept:
        moved = s + rng.normal(0, 0.012, 2)
        if wobble and len(s) > 1:
            dense = _resample(moved, 0.02)
            phase = np.cumsum(np.full(len(dense), 0.02))[:, None]
            f = rng.uniform(8, 40, 2)
            moved = dense + wobble * np.sin(phase * f + rng.uniform(0, 6.28, 2)) * rng.uniform(0.4, 1, 2)
        moved = moved.astype(np.float32)
        if out and rng.random() < 0.05:
            out[-1] = np.concatenate([out[-1], moved])
        else:
            out.append(moved)
    return tuple(out)


def _resample(points: NDArray[np.float32], step: float) -> NDArray[np.float32]:
    """Points every `step` along a polyline, its ends kept."""
    lengths = np.r_[0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
    n = max(2, int(lengths[-1] / step) + 1)
    at = np.linspace(0, lengths[-1], n)
    return np.stack([np.interp(at, lengths, points[:, i]) for i in (0, 1)], 1).astype(np.float32)


def augment_drawing(strokes: Strokes, side: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A random (side, side) picture of normalised strokes."""
    m = random_affine(rng)
    strokes = tuple(s @ m[:, :2].T + m[:, 2] for s in shake(strokes, rng))
    return render_strokes(strokes, side, side / 112 * rng.choice([1.0, 1.5, 2.0, 2.5, 3.5]))


def crop_to_ink(grey: NDArray[np.uint8], side: int = STORED_SIDE) -> NDArray[np.uint8]:
    """Cut a sketch picture to its ink, centre it on a white square with the margin, scale it to `side`.

    A blank picture stays blank.
    """
    ys, xs = np.nonzero(grey < 200)
    if len(ys) == 0:
        return np.full((side, side), WHITE, np.uint8)
    ink = grey[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    h, w = ink.shape
    full = round(max(h, w) / (1 - 2 * MARGIN))
    top, left = (full - h) // 2, (full - w) // 2
    square = cv2.copyMakeBorder(
        ink, top, full - h - top, left, full - w - left, cv2.BORDER_CONSTANT, value=WHITE
    )
    return cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)


def bend(square: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Move the ink along a smooth random field (elastic distortion, Simard et al. 2003), up to a few
    percent.
    """
    n = square.shape[0]
    coarse = rng.normal(0, 0.03 * n, (2, 4, 4)).astype(np.float32)
    dx, dy = (cv2.resize(c, (n, n), interpolation=cv2.INTER_CUBIC) for c in coarse)
    ys, xs = np.mgrid[0:n, 0:n].astype(np.float32)
    return cv2.remap(square, xs + dx, ys + dy, cv2.INTER_LINEAR, borderValue=WHITE)


def augment_picture(
    square: NDArray[np.uint8], side: int, rng: np.random.Generator, *, elastic: float = 0.0
) -> NDArray[np.uint8]:
    """A random (side, side) view of a square crop: bent, widened or thinned lines, a warp, a patch
    rubbed out.
    """
    if elastic and rng.random() < elastic:
        square = bend(square, rng)
    r = rng.random()
    if r < 0.3:
        square = cv2.erode(square, np.ones((2, 2), np.uint8) if r < 0.18 else np.ones((3, 3), np.uint8))
    n = square.shape[0]
    m = random_affine(rng)
    a = np.eye(3)
    a[:2] = m
    to_unit = np.array([[1 / n, 0, -0.5], [0, 1 / n, -0.5], [0, 0, 1]])
    to_pixels = np.array([[side, 0, side / 2], [0, side, side / 2], [0, 0, 1]])
    matrix = (to_pixels @ a @ to_unit)[:2]
    # AREA does not exist for warps: a slight blur beforehand keeps thin lines from breaking up.
    out = cv2.warpAffine(
        cv2.GaussianBlur(square, (3, 3), 0.6), matrix, (side, side), flags=cv2.INTER_LINEAR, borderValue=WHITE
    )
    if rng.random() < 0.25:
        x, y = rng.integers(0, side, 2)
        s = int(side * rng.uniform(0.1, 0.3))
        out[y : y + s, x : x + s] = WHITE
    # Any blur greys the ink: stretch it back to black, as the program's own renderer draws.
    gain = 255.0 / max(1.0, 255.0 - float(np.percentile(out, 2)))
    return cv2.convertScaleAbs(out, alpha=gain, beta=255 - 255 * gain) if gain < 3 else out


def edge_map(rgb: NDArray[np.uint8], side: int = STORED_SIDE) -> NDArray[np.uint8]:
    """A photo's Canny edges as a sketch-like picture: black lines on white, (side, side) uint8.

    The thresholds follow the picture's median (Rosebrock's rule), so that dim photos keep their outline.
    """
    grey = cv2.cvtColor(cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    smooth = cv2.bilateralFilter(grey, 7, 60, 7)
    median = float(np.median(smooth))
    edges = cv2.Canny(smooth, max(20, 0.5 * median), max(60, 1.2 * median))
    return WHITE - cv2.dilate(edges, np.ones((2, 2), np.uint8))
