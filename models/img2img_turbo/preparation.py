"""From a drawing to the generator's input, in the three published ways. What is drawn, and how it is cropped,
is the caller's.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.img2img_turbo.checkpoint import Variant

_CANNY = (100, 200)
"""Thresholds of the published inference script."""
_INK = 128
"""Below this an 8-bit grey is ink: the published ``< 0.5``."""


def prepared(sketch: NDArray[np.uint8], side: int, variant: Variant) -> NDArray[np.float32]:
    """The network's input (3, side, side) float32 in 0..1, for a sketch (h, w) uint8, black on white.

    "sketch" is 1 where there is ink and 0 elsewhere; "edge" has Canny's edges; "trained" is the picture
    itself. A sketch that is not square is put on a white square.
    """
    grey = resized(_square(sketch), side)
    if variant == "sketch":
        plane = (grey < _INK).astype(np.float32)
    elif variant == "edge":
        import cv2

        plane = (cv2.Canny(grey, *_CANNY) / 255).astype(np.float32)
    else:
        plane = grey.astype(np.float32) / 255
    return np.repeat(plane[None], 3, axis=0)


def resized(grey: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A square drawing at (side, side), with every stroke still there and in one piece.

    Averaging alone would fade a stroke thinner than half a target pixel until it no longer counts as ink, and
    break one of up to a pixel. So strokes about as thin as a target pixel, or thinner, blacken every pixel
    that they touch, which makes them one to two pixels wide; broader ones are averaged and keep their width.
    Enlarging is Lanczos, as published; at the drawing's own size nothing changes.
    """
    old = grey.shape[0]
    if old == side:
        return grey
    if old < side:
        return np.asarray(Image.fromarray(grey).resize((side, side), Image.Resampling.LANCZOS))
    small = np.array(Image.fromarray(grey).resize((side, side), Image.Resampling.BOX))
    rows, columns = np.nonzero(_thin_ink(grey, math.ceil(1.25 * old / side)))
    small[rows * side // old, columns * side // old] = 0
    return small


def _thin_ink(grey: NDArray[np.uint8], width: int) -> NDArray[np.bool_]:
    """Where there is ink that a square of `width` pixels does not fit into: what an opening takes away."""
    import cv2

    ink = (grey < _INK).astype(np.uint8)
    brush = np.ones((width, width), np.uint8)
    # A brush of even width has no middle: the second step takes back the half pixel that the first one moved.
    inner = cv2.erode(ink, brush, anchor=(width // 2,) * 2)
    broad = cv2.dilate(inner, brush, anchor=(width - 1 - width // 2,) * 2)
    thin: NDArray[np.bool_] = (ink == 1) & (broad == 0)
    return thin


def _square(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = grey.shape
    if height == width:
        return grey
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    square = np.full((side, side), 255, np.uint8)
    square[top : top + height, left : left + width] = grey
    return square
