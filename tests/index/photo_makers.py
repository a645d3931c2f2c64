"""Pictures, a real if simple encoder, and questions to a gallery, for the tests of `index`."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from index.gallery import Gallery
from index.indexer import Indexer
from index.records import IndexReport

MODEL = "colour-grid/4x4"
DIMENSION = 48


def encode(images):
    """A 4 x 4 colour grid about grey, of length one."""
    rows = []
    for image in images:
        grid = Image.fromarray(image).resize((4, 4), Image.Resampling.BOX)
        rows.append(np.asarray(grid, dtype=np.float32).reshape(-1) - 127.3)
    vectors = np.stack(rows)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def picture(number, size=(64, 48)):
    """The picture with this number: sixteen patches of colour of its own."""
    random = np.random.default_rng(number)
    patches = Image.fromarray(random.integers(0, 256, (4, 4, 3), dtype=np.uint8))
    return patches.resize(size, Image.Resampling.NEAREST)


def photo_bytes(number, format="PNG", size=(64, 48), **options):
    buffer = io.BytesIO()
    picture(number, size).save(buffer, format, **options)
    return buffer.getvalue()


def vector_of(number):
    return encode([np.asarray(picture(number))])[0]


def fill(folder, numbers, suffix=".png"):
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / f"{number}{suffix}").write_bytes(photo_bytes(number, "PNG" if suffix == ".png" else "JPEG"))
    return folder


def index(gallery, folder, **options) -> IndexReport:
    run = {key: options.pop(key) for key in ("progress", "cancelled") if key in options}
    return Indexer(gallery, options.pop("encode", encode), MODEL, DIMENSION, **options).run(folder, **run)


def found_paths(gallery: Gallery, number: int) -> list[Path]:
    """Where the best answer for a picture lies at present; fails if it is not that picture, found once."""
    hits = gallery.search(MODEL, vector_of(number), 1000)
    assert len({hit.photo_id for hit in hits}) == len(hits)
    assert hits, f"nothing is found for picture {number}"
    assert hits[0].score > 0.99, f"picture {number} is not found"
    assert len(hits) < 2 or hits[1].score < 0.98, f"picture {number} is found twice"
    return [place.path for place in gallery.locations(hits[0].photo_id) if place.state == "present"]


def is_found(gallery, number) -> bool:
    hits = gallery.search(MODEL, vector_of(number), 1)
    return bool(hits) and hits[0].score > 0.99


def tree(folder):
    """Every name below a folder with its type, size and modification time: shows any change."""
    seen = {}
    for path in [folder, *folder.rglob("*")]:
        found = path.lstat()
        seen[path] = (found.st_mode, found.st_size, found.st_mtime_ns)
    return seen
