"""What lies behind the hand: plain and busy backgrounds, always the same for the same seed."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Background = Literal["plain", "dark", "wall", "room", "noise", "wood"]
BACKGROUNDS: tuple[Background, ...] = ("plain", "dark", "wall", "room", "noise", "wood")


@lru_cache(maxsize=32)
def background(kind: Background, size: tuple[int, int] = (640, 480), seed: int = 0) -> NDArray[np.uint8]:
    """Return a (height, width, 3) uint8 BGR picture for ``size`` = (width, height); do not write to it.

    ``room`` has furniture and a window, ``noise`` is colourful clutter, ``wood`` is as brown as skin.
    """
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    if kind == "plain":
        image = np.full((height, width, 3), (205, 205, 200), np.float32)
    elif kind == "dark":
        image = np.full((height, width, 3), (38, 34, 32), np.float32)
    elif kind == "wall":
        image = _wall(x / width, y / height)
    elif kind == "room":
        image = _room(size, _wall(x / width, y / height), np.random.default_rng(seed))
    elif kind == "noise":
        image = _clutter(size, np.random.default_rng(seed))
    elif kind == "wood":
        grain = 20 * np.sin(y / 23 + 2 * np.sin(x / 90))
        image = np.dstack([120 + grain, 150 + grain, 185 + grain])
    else:
        raise ValueError(f"There is no background '{kind}'; choose one of {', '.join(BACKGROUNDS)}.")
    out = np.clip(image, 0, 255).astype(np.uint8)
    out.flags.writeable = False
    return out


def _wall(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    grey = 190 - 60 * ((x - 0.3) ** 2 + (y - 0.2) ** 2)
    return np.asarray(np.dstack([grey * 0.93, grey * 0.97, grey]), dtype=np.float32)


def _room(size: tuple[int, int], wall: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    width, height = size
    scale = width / 640
    image = wall
    image[int(height * 0.78) :] = (70, 95, 125)
    for _ in range(22):
        left, top = int(rng.uniform(0, width)), int(rng.uniform(0, height * 0.8))
        across, down = int(rng.uniform(20, 140) * scale), int(rng.uniform(20, 120) * scale)
        colour = [float(c) for c in rng.integers(30, 220, 3)]
        cv2.rectangle(image, (left, top), (left + across, top + down), colour, -1)
    window = [round(v * scale) for v in (40, 30, 210, 200, 125)]
    cv2.rectangle(image, (window[0], window[1]), (window[2], window[3]), (235, 225, 205), -1)
    cv2.line(image, (window[4], window[1]), (window[4], window[3]), (90, 90, 90), max(1, round(4 * scale)))
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 3.5 * scale), dtype=np.float32)


def _clutter(size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    width, height = size
    image = np.zeros((height, width, 3), np.float32)
    for cells in (4, 9, 20, 60):
        coarse = rng.uniform(0, 255, (cells * height // width + 1, cells, 3)).astype(np.float32)
        image += cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC) / 4
    return image
