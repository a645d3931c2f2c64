"""Drawings that exist only as pixels (a scan, a PNG from elsewhere) made ready for the models.

Drawings made here are vectors: see `sketch` and `raster`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sketch_app.errors import SketchFileError
from sketch_app.protocols import Grey
from sketch_app.raster import MODEL_MARGIN, MODEL_SIDE

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
_MAX_PIXELS = 64_000_000
_INK = 0.35
"""Darker than white by this share of the picture's range counts as ink."""


def load_drawing_picture(path: Path, side: int = MODEL_SIDE) -> Grey:
    """Read a picture of a drawing, dark on light or light on dark, and cut it to its ink.

    Returns
    -------
    array (side, side) uint8
        Black on white, the ink centred with the models' margin.

    Raises
    ------
    SketchFileError
        The file is no picture, is too large, or shows no lines; the sentence names it.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            if image.width * image.height > _MAX_PIXELS:
                raise SketchFileError(
                    f"{path} is too large for a drawing: make it smaller than 64 megapixels."
                )
            upright = ImageOps.exif_transpose(image).convert("RGBA")
    except FileNotFoundError as error:
        raise SketchFileError(f"There is no file {path}: check the name.") from error
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise SketchFileError(
            f"{path} cannot be read as a picture ({error}): save the drawing as PNG."
        ) from error
    paper = Image.new("RGBA", upright.size, (255, 255, 255, 255))
    grey = np.asarray(Image.alpha_composite(paper, upright).convert("L")).astype(np.float32)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if np.median(border) < 128:  # chalk on a blackboard
        grey = 255 - grey
    low, high = float(grey.min()), float(np.median(grey))
    ink = grey < high - _INK * max(high - low, 1.0)
    if high - low < 30 or not ink.any():
        raise SketchFileError(f"{path} shows no drawing: dark lines on light paper are expected.")
    ys, xs = np.nonzero(ink)
    whitened = np.clip((grey - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    cut = Image.fromarray(whitened[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1])
    full = round(max(cut.size) / (1 - 2 * MODEL_MARGIN))
    square = Image.new("L", (full, full), 255)
    square.paste(cut, ((full - cut.width) // 2, (full - cut.height) // 2))
    return np.asarray(square.resize((side, side), Image.Resampling.BOX))
