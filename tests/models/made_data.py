"""A small data folder in the documented layout: parts of scikit-image's and scikit-learn's photographs, and
the demo's drawings, shaken, as sketches of them and in Quick, Draw!'s own format.
"""

from __future__ import annotations

import csv
import gzip
import json
import zipfile

import numpy as np
from PIL import Image
from skimage import data
from sklearn.datasets import load_sample_image

from sketch_app.raster import render_for_model
from sketch_app.sketch import Sketch, Stroke
from tests.sketch_app.demo_sketches import demo_sketch

SKETCHY = {"cat": ("cat", data.chelsea), "coffee_cup": ("coffee cup", data.coffee)}
OTHERS = {"rocket": data.rocket, "flower": lambda: load_sample_image("flower.jpg"), "moon": data.astronaut}
ARCHIVES = {"sketch": "sketches", "photo": "photos"}
PHOTOS_A_CLASS = 7
SOURCES_A_CLASS = 3
SKETCHES_A_SOURCE = 2


def part(photo, rng):
    """A random part of a photo, 96 pixels wide."""
    height, width = photo.shape[:2]
    side = int(min(height, width) * rng.uniform(0.6, 0.9))
    top, left = rng.integers(0, height - side), rng.integers(0, width - side)
    return Image.fromarray(photo[top : top + side, left : left + side]).convert("RGB").resize((96, 96))


def shaken(subject, rng):
    """The strokes of a demo drawing in 0..255, each a little elsewhere."""
    strokes = [s.points * 0.5 - (33, 0) for s in demo_sketch(subject).strokes]
    return [np.clip(s + rng.normal(0, 4, (1, 2)) + rng.normal(0, 1, s.shape), 0, 255) for s in strokes]


def make_more_sketches(folder, names):
    """A folder of sketches alone: ``{source/class/file: class}``, each a cross."""
    cross = np.full((64, 64), 255, np.uint8)
    cross[30:34, 8:56] = cross[8:56, 30:34] = 0
    for name in names:
        path = folder / "sketches" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(cross).save(path)
    write_index(folder, [("sketch", *name.split("/")[:2], name) for name in names])
    return folder


def make_data(folder, *, photos_a_class=PHOTOS_A_CLASS, zipped=True):
    """Two classes with sketches made from photos, two with photos of another source alone, drawings of
    three.
    """
    rng = np.random.default_rng(4)
    folder.mkdir(parents=True, exist_ok=True)
    rows = []

    def picture(kind, source, class_name, name, image):
        path = folder / ARCHIVES[kind] / source / class_name / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path)
        rows.append((kind, source, class_name, f"{source}/{class_name}/{name}"))

    for class_name, (subject, photo) in SKETCHY.items():
        for number in range(photos_a_class):
            picture("photo", "sketchy", class_name, f"{class_name}_{number}.jpg", part(photo(), rng))
        for number in range(SOURCES_A_CLASS):
            for k in range(1, SKETCHES_A_SOURCE + 1):
                strokes = [Stroke(s, np.zeros(len(s))) for s in shaken(subject, rng)]
                drawn = Image.fromarray(render_for_model(Sketch(tuple(strokes)), 128))
                picture("sketch", "sketchy", class_name, f"{class_name}_{number}-{k}.png", drawn)
    for class_name, photo in OTHERS.items():
        for number in range(4):
            picture("photo", "elsewhere", class_name, f"{class_name}_{number}.jpg", part(photo(), rng))
    write_index(folder, rows)
    with gzip.open(folder / "quickdraw.ndjson.gz", "wt", encoding="utf-8") as lines:
        for word in ("cat", "coffee cup", "flower"):
            for number in range(12):
                drawing = [s.T.round().astype(int).tolist() for s in shaken(word, rng)]
                lines.write(json.dumps({"word": word, "key_id": str(number), "drawing": drawing}) + "\n")
    if zipped:
        with zipfile.ZipFile(folder / "photos.zip", "w") as archive:
            for path in sorted((folder / "photos").rglob("*.jpg")):
                archive.write(path, path.relative_to(folder / "photos").as_posix())
                path.unlink()
    return folder


def write_index(folder, rows):
    with (folder / "index.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("kind", "source", "class", "path"), *rows])
