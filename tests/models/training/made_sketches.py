"""Folders of sketches in the layouts that recipes read: the demo's drawings shaken, and photographs that come
with scikit-image and scikit-learn.
"""

from __future__ import annotations

import json

import numpy as np
from PIL import Image
from skimage import data
from sklearn.datasets import load_sample_image

from sketch_app.raster import render_for_model
from sketch_app.sketch import Sketch, Stroke
from tests.models.made_data import shaken

WORDS = {"cat": "cat", "cup": "coffee cup", "bicycle": "motorbike", "flower": "flower"}
"""Class, in words that the tiny captioner knows -> the demo's name of its drawing."""


def sketch_of(word, rng, side=128):
    """A demo drawing, its strokes a little elsewhere, as the models see it."""
    strokes = tuple(Stroke(s, np.zeros(len(s))) for s in shaken(word, rng))
    return render_for_model(Sketch(strokes), side)


def make_class_folders(folder, classes=tuple(WORDS), *, a_class=4, seed=2, drawings=WORDS):
    """Class folders of sketches, two a source: ``<class>/<class>_0-1.png``."""
    rng = np.random.default_rng(seed)
    for name in classes:
        (folder / name).mkdir(parents=True)
        for number in range(a_class):
            file = f"{name}_{number // 2}-{number % 2 + 1}.png"
            Image.fromarray(sketch_of(drawings[name], rng)).save(folder / name / file)
    return folder


def make_captioned(folder, texts, *, a_text=2, seed=3):
    """Pictures with ``metadata.jsonl``: each text's are the drawing whose name it holds."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    lines = []
    for i, text in enumerate(texts):
        word = next(w for name, w in WORDS.items() if name in text)
        for k in range(a_text):
            name = f"{i}_{k}.png"
            Image.fromarray(sketch_of(word, rng)).save(folder / name)
            lines.append(json.dumps({"file_name": name, "text": text}))
    (folder / "metadata.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def make_pairs(folder, *, seed=5):
    """Class folders of sketches and of photos that are nearly the same within a class: four sketches a class,
    each two of one photo, and three photos.
    """
    rng = np.random.default_rng(seed)
    photos = {"cat": data.chelsea(), "cup": data.coffee(), "flower": load_sample_image("flower.jpg")}
    for name, photo in photos.items():
        make_class_folders(folder / "sketches", (name,), seed=seed)
        (folder / "photos" / name).mkdir(parents=True)
        for number in range(3):
            side = min(photo.shape[:2]) - 16
            top, left = rng.integers(0, 16, 2)
            part = Image.fromarray(photo[top : top + side, left : left + side]).resize((96, 96))
            part.save(folder / "photos" / name / f"{name}_{number}.png")
    return folder
