"""Shows what the embedded generator imagines: forty drawings that no training saw, with their pictures.

``python scripts/imagined_sheet.py DATA docs/imagined.png`` takes Quick, Draw! drawings (CC BY 4.0, Google)
that the shipped split holds back, one a class, from a folder in the layout of `models.training.dataset`: of
the measured classes all that have one, the rest of other common ones. Nobody chooses the good ones: of each
class the first by its number is taken. The prompt is what the program names the drawing.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from models.evaluation import shipped_split
from models.training.augment import crop_to_ink, normalise_strokes, render_strokes
from models.training.dataset import Drawing, SketchPhotoData, Split
from models.training.photo_classifier import measured_classes
from models.training.report import Tile, save_sheet
from sketch_app.deep_lane import SEED, STRENGTH
from sketch_app.model_sets import embedded_set

COUNT, ACROSS, SIDE = 40, 10, 256
OTHERS = ("apple", "bicycle", "cactus", "clock", "flower", "horse", "house", "ladder", "shoe", "sailboat")
"""Common classes besides the measured ones, of which many have no such drawing."""


def chosen_drawings(data: SketchPhotoData, split: Split) -> list[Drawing]:
    """One a class."""
    first: dict[str, Drawing] = {}
    for drawing in sorted(data.drawings, key=lambda d: d.name):
        if drawing.name in split.validation_sketches:
            first.setdefault(drawing.class_name, drawing)
    measured = [name for name in measured_classes() if name in first]
    names = [*measured, *(name for name in OTHERS if name in first)][:COUNT]
    return [first[name] for name in sorted(names)]


def main() -> None:
    """Read the arguments, make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    models = embedded_set()
    generator = models.generator
    if generator is None:
        parser.error("there is no embedded generator")
    shown = []
    for drawing in chosen_drawings(SketchPhotoData.open(given.data), Split.load(shipped_split())):
        sketch = crop_to_ink(render_strokes(normalise_strokes(drawing.strokes), SIDE, 4.0), SIDE)
        name = models.fast.read_sketch(sketch).names[0]
        picture = generator.generate(
            sketch, name.sentence, seed=SEED, strength=STRENGTH, size=models.picture_side
        )
        wanted = drawing.class_name.replace("_", " ")
        told = wanted if name.class_name == drawing.class_name else f"{wanted}, named “{name.english}”"
        shown.append((Tile(np.stack([sketch] * 3, 2), told), Tile(picture)))
    rows = []
    for start in range(0, len(shown), ACROSS):
        part = shown[start : start + ACROSS]
        rows += [[sketch for sketch, _ in part], [picture for _, picture in part]]
    save_sheet(given.out, rows)


if __name__ == "__main__":
    main()
