"""The demo's drawings as sketches and as what the models see: real doodles that the tests may search with."""

from __future__ import annotations

import numpy as np

from sketch_app.demo import load_drawings
from sketch_app.raster import render_for_model
from sketch_app.sketch import Sketch, Stroke


def demo_sketch(subject):
    """A drawing in the middle of the usual canvas, drawn at the pace of a camera."""
    (drawing,) = load_drawings((subject,))
    low, high = np.min(np.concatenate(drawing.strokes), 0), np.max(np.concatenate(drawing.strokes), 0)
    scale = 400 / (high - low).max()
    strokes, since = [], 0.0
    for points in drawing.strokes:
        strokes.append(
            Stroke((points - (low + high) / 2) * scale + (320, 240), since + np.arange(len(points)) / 30)
        )
        since = float(strokes[-1].times[-1]) + 0.4
    return Sketch(tuple(strokes))


def demo_drawing(subject, side=224):
    """(side, side) uint8, black on white."""
    return render_for_model(demo_sketch(subject), side)
