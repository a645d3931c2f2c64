"""Line drawings made from photos, in several styles: what a generator sees of a photo that nobody has drawn.

Of several kinds, so that a network learns what lines mean and not one detector's habits. All are (side, side)
uint8, black on white, and follow a `numpy.random.Generator`, so that a training step can be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Style = Callable[[Grey, np.random.Generator], Grey]
WHITE = 255
_DRAWN_AT = 160
"""Pixels at which a photo is drawn at most: the styles' blurs and lines of one or two pixels are for pictures
of about that size. In a larger one the lines grow with it, as a pen's do (`augment.augment_drawing`).
"""


def canny(grey: Grey, rng: np.random.Generator) -> Grey:
    """Canny's edges (1986) after edge-preserving smoothing, at thresholds about the picture's median."""
    smooth = cv2.bilateralFilter(grey, 7, float(rng.uniform(30, 90)), 7)
    median = max(32.0, float(np.median(smooth)))
    high = float(rng.uniform(0.7, 1.4)) * median
    return _thickened(WHITE - cv2.Canny(smooth, high * 0.45, high), rng)


def difference_of_gaussians(grey: Grey, rng: np.random.Generator) -> Grey:
    """Lines where two blurs differ (XDoG, Winnemöller et al. 2012), as a soft pencil draws them."""
    sigma = float(rng.uniform(0.8, 1.6))
    picture = grey.astype(np.float32) / WHITE
    fine, coarse = (cv2.GaussianBlur(picture, (0, 0), s) for s in (sigma, 1.6 * sigma))
    tau, steep = float(rng.uniform(0.96, 0.985)), float(rng.uniform(30, 120))
    value = fine - tau * coarse
    lines = np.where(value > 0, 1.0, 1.0 + np.tanh(steep * value))
    return np.clip(lines * WHITE, 0, WHITE).astype(np.uint8)


def contours(grey: Grey, rng: np.random.Generator) -> Grey:
    """The borders of large even regions, simplified to a few corners, as a hand without patience draws."""
    levels = int(rng.integers(2, 4))
    smooth = cv2.medianBlur(cv2.bilateralFilter(grey, 9, 90, 9), 5)
    cuts = np.quantile(smooth, np.linspace(0, 1, levels + 2)[1:-1])
    out = np.full_like(grey, WHITE)
    smallest = grey.shape[0] * float(rng.uniform(0.1, 0.25))
    for cut in cuts:
        found, _ = cv2.findContours((smooth > cut).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        for line in found:
            if cv2.arcLength(line, True) > smallest:
                bent = cv2.approxPolyDP(line, float(rng.uniform(0.6, 2.0)), True)
                cv2.polylines(out, [bent], True, 0, 1, cv2.LINE_AA)
    out[[0, -1]], out[:, [0, -1]] = WHITE, WHITE  # the picture's own border is no line
    return _thickened(out, rng)


def strong_edges(grey: Grey, rng: np.random.Generator) -> Grey:
    """The strongest gradients of a blurred picture, thinned to their ridges: few lines, long ones."""
    smooth = cv2.GaussianBlur(grey, (0, 0), float(rng.uniform(1.5, 2.5))).astype(np.float32)
    dx, dy = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    strength = np.hypot(dx, dy)
    ridge = strength >= cv2.dilate(strength, np.ones((3, 3), np.uint8)) * 0.92
    strong = strength > np.quantile(strength, float(rng.uniform(0.86, 0.94)))
    return _thickened(np.where(ridge & strong, 0, WHITE).astype(np.uint8), rng)


STYLES: Mapping[str, Style] = {
    "canny": canny,
    "difference of gaussians": difference_of_gaussians,
    "contours": contours,
    "strong edges": strong_edges,
}


def line_drawing(rgb: NDArray[np.uint8], rng: np.random.Generator) -> Grey:
    """A drawing of a photo (side, side, 3) in a random one of `STYLES`."""
    style = list(STYLES.values())[int(rng.integers(len(STYLES)))]
    grey, side = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), rgb.shape[0]
    if side <= _DRAWN_AT:
        return style(grey, rng)
    drawn = style(cv2.resize(grey, (_DRAWN_AT, _DRAWN_AT), interpolation=cv2.INTER_AREA), rng)
    return cv2.resize(drawn, (side, side), interpolation=cv2.INTER_LINEAR)


def _thickened(lines: Grey, rng: np.random.Generator) -> Grey:
    """Lines of one or two pixels, sometimes with gaps."""
    if rng.random() < 0.6:
        lines = cv2.erode(lines, np.ones((2, 2), np.uint8))
    if rng.random() < 0.3:
        side = lines.shape[0]
        cells = rng.random((side // 8 + 1,) * 2) < 0.15
        gaps = cv2.resize(cells.astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST)
        lines = np.where(gaps > 0, WHITE, lines).astype(np.uint8)
    return lines
