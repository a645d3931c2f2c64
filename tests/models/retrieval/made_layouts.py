"""Tiny stand-ins of the published data sets, in the layouts in which those are handed about."""

from __future__ import annotations

import zlib

import numpy as np
from PIL import Image

from models.retrieval.splits import zero_shot_splits

TX = "tx_000000000000"
PHOTOS_A_CLASS = 2


def sketch(path, name):
    """A few strokes on white, the same for the same name."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    grey = np.full((32, 32), 255, np.uint8)
    for _ in range(3):
        row, column = rng.integers(4, 28, 2)
        grey[row, 4:28] = grey[4:28, column] = 0
    _save(path, grey)


def photo(path, name):
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    _save(path, rng.integers(0, 255, (24, 32, 3), np.uint8))


def _save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def make_class_folders(sketches, photos, names, *, stem="p{}"):
    """For each class two photos, and a sketch of the first of them."""
    for name in names:
        for number in range(PHOTOS_A_CLASS):
            photo(photos / name / f"{stem.format(number)}.jpg", f"{photos.name} {name} {number}")
        sketch(sketches / name / f"{stem.format(0)}-1.png", name)


def make_sketchy(root, names, *, end=""):
    """Photos that were drawn from in ``photo``, the very same and one more each in the extended folder."""
    photos = root / "256x256" / "photo" / f"{TX}{end}"
    make_class_folders(root / "256x256" / "sketch" / f"{TX}{end}", photos, names, stem="n{}")
    for name in names:
        for path in sorted((photos / name).iterdir()):
            copy = root / f"EXTEND_image_sketchy{end}" / name / path.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
        photo(root / f"EXTEND_image_sketchy{end}" / name / "ext_1.jpg", f"ext {name}")
    return root


def make_tuberlin(root, names, *, sketches="png", photos="ImageResized"):
    make_class_folders(root / sketches, root / photos, names)
    return root


def make_quickdraw(root, names, *, sketches="sketches", photos="images"):
    make_class_folders(root / sketches, root / photos, names)
    return root


def write_list(path, root, pattern):
    """A list of files, as SAKE's and ZSE-SBIR's: a path from the data set's folder, and a number."""
    names = sorted(p.relative_to(root).as_posix() for p in root.glob(pattern))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{name} {number % 7}\n" for number, name in enumerate(names)))
    return names


def unseen(split):
    return zero_shot_splits()[split].unseen
