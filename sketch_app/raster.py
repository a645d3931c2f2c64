"""A sketch as pixels: in colour at any size for people, black on white and centred for the models.

The window draws its own strokes with Qt; nothing here is needed for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from sketch_app.sketch import Size, Sketch, Stroke

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

MODEL_SIDE: Final = 224
"""Pixels: the usual input of image models (ViT and its kin)."""

MODEL_MARGIN: Final = 0.08
"""Share of the side left white around the centre lines, the same as in the encoders' training."""

MODEL_WIDTH: Final = 2 / 112
"""Line width as a share of the side, the middle of those in the encoders' training."""

_FINE: Final = 4  # supersampling; Pillow rounds outlines to whole fine pixels, so a quarter pixel here
_MAX_FINE_SIDE: Final = 6144  # above this a picture is drawn less finely rather than in gigabytes
_MAX_SIDE: Final = 16384


def render(sketch: Sketch, size: Size | None = None, *, colour: bool = True) -> NDArray[np.uint8]:
    """Draw the whole canvas on white.

    Parameters
    ----------
    sketch : Sketch
        What to draw.
    size : tuple of int, optional
        Width and height of the picture in pixels, each 1..16384; the canvas is scaled to fit and centred.
        By default the canvas's own size.
    colour : bool
        False draws every pen black.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        RGB.

    Raises
    ------
    ValueError
        The size is out of range.
    """
    from PIL import Image, ImageDraw

    width, height = size or sketch.size
    if not (1 <= width <= _MAX_SIDE and 1 <= height <= _MAX_SIDE):
        raise ValueError(f"a picture may be 1 to {_MAX_SIDE} pixels wide and high, not {width} x {height}")
    fine = max(1, min(_FINE, _MAX_FINE_SIDE // max(width, height)))
    scale = min(width / sketch.size[0], height / sketch.size[1])
    offset = (np.array((width, height)) - scale * np.array(sketch.size)) / 2
    picture = Image.new("RGB", (width * fine, height * fine), (255, 255, 255))
    pencil = ImageDraw.Draw(picture)
    for stroke in sketch.strokes:
        ink = stroke.pen.rgb if colour else (0, 0, 0)
        _draw(pencil, stroke, scale * fine, offset * fine, width=stroke.width * scale * fine, ink=ink)
    return np.asarray(picture.reduce(fine) if fine > 1 else picture)


def render_for_model(
    sketch: Sketch, side: int = MODEL_SIDE, *, margin: float = MODEL_MARGIN, width: float = MODEL_WIDTH
) -> NDArray[np.uint8]:
    """Draw a sketch the way the models see it: black on white, cropped to the ink and centred.

    The picture does not depend on where on the canvas, how large, or with which pens the sketch was drawn.

    Parameters
    ----------
    sketch : Sketch
        What to draw. An empty one gives a white picture, a single dot a dot in the middle.
    side : int
        Width and height of the picture in pixels, 1..16384.
    margin : float
        Share of the side left free around the centre lines, 0 up to below 0.5.
    width : float
        Line width as a share of the side; the same for every stroke.

    Returns
    -------
    ndarray of uint8, shape (side, side)
        Grey, 0 black ink, 255 white paper, anti-aliased.

    Raises
    ------
    ValueError
        The side, margin or width is out of range.
    """
    from PIL import Image, ImageDraw

    if not (1 <= side <= _MAX_SIDE and 0 <= margin < 0.5 and 0 < width < 1):
        raise ValueError(f"cannot draw with side {side}, margin {margin} and width {width}")
    fine = max(1, min(_FINE, _MAX_FINE_SIDE // side))
    picture = Image.new("L", (side * fine, side * fine), 255)
    bounds = sketch.bounds()
    if bounds is not None:
        corner, opposite = np.array(bounds[:2], np.float64), np.array(bounds[2:], np.float64)
        extent = float((opposite - corner).max())
        # A dot has no extent: its one place is the middle whatever the scale.
        scale = side * (1 - 2 * margin) / extent if extent > 1e-3 else 1.0
        offset = side / 2 - scale * (corner + opposite) / 2
        pencil = ImageDraw.Draw(picture)
        for stroke in sketch.strokes:
            _draw(pencil, stroke, scale * fine, offset * fine, width=width * side * fine, ink=0)
    return np.asarray(picture.reduce(fine) if fine > 1 else picture)


def _draw(
    pencil: ImageDraw,
    stroke: Stroke,
    scale: float,
    offset: NDArray[np.float64],
    *,
    width: float,
    ink: int | tuple[int, int, int],
) -> None:
    """Draw one stroke with round caps and joins, in fine pixels."""
    # Pillow's coordinate 0 is the middle of the first pixel, a canvas's 0 is its edge.
    points = _thinned(stroke.points.astype(np.float64) * scale + offset - 0.5)
    thickness = max(1, round(width))
    if len(points) > 1:
        pencil.line(points.ravel().tolist(), fill=ink, width=thickness)
    if thickness > 1 or len(points) == 1:
        radius = (thickness - 1) / 2  # Pillow counts both edges of the box as inside
        boxes = np.concatenate([points - radius, points + radius], axis=1)
        for box in boxes.tolist():
            pencil.ellipse(box, fill=ink)


def _thinned(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """About one point a fine pixel of way is enough; both ends stay."""
    steps = np.diff(points, axis=0)
    way = np.concatenate(([0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))))
    kept = np.diff(np.floor(way), prepend=-1.0) > 0
    kept[-1] = True
    return points[kept]
