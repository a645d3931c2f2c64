"""A picture of the embedded generator, against what the fast lane takes for the same sketch."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

from benchmarks.rows import Row
from sketch_app.deep_lane import SEED, STRENGTH
from sketch_app.demo import load_drawings
from sketch_app.model_sets import embedded_set
from sketch_app.raster import render_for_model
from sketch_app.sketch import Sketch


def rows(_work: Path, *, quick: bool) -> list[Row]:
    repeats = 5 if quick else 30
    models = embedded_set()
    assert models.generator is not None
    sketch = render_for_model(Sketch())
    subjects = [drawing.subject for drawing in load_drawings()]
    pictures, readings = [], []
    for repeat in range(-2, repeats):  # the first ones load the weights
        prompt = f"a {subjects[repeat % len(subjects)]}"
        began = time.perf_counter()
        models.fast.read_sketch(sketch)
        read = time.perf_counter()
        models.generator.generate(sketch, prompt, seed=SEED, strength=STRENGTH, size=models.picture_side)
        if repeat >= 0:
            readings.append(read - began)
            pictures.append(time.perf_counter() - read)
    return [
        Row(
            what=f"embedded picture, {models.picture_side} px",
            measured=1000 * median(pictures),
            unit="ms",
            baseline=1000 * median(readings),
            against="the fast lane's reading of a sketch",
            goal=500,
            note=f"median of {repeats}, in turn; weights loaded",
        )
    ]
