"""A gallery of many photos, made in seconds: tiny files through the real indexer, with random vectors.

Files, database, albums, thumbnails and index file are what indexing leaves; only the vectors are drawn at
random, in the embedded model's space and dimension and in clusters, as those of photos lie.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.indexing import photo_like_vectors
from index.gallery import DATABASE_NAME, Gallery
from index.indexer import Indexer
from sketch_app.model_sets import embedded_set
from sketch_app.paths import AppPaths

PER_ALBUM = 500
HOW = "tiny distinct JPEGs through the real indexer; clustered random vectors in the embedded model's space"


def paths_below(home: Path) -> AppPaths:
    """The program's folders below one folder."""
    return AppPaths(home / "config", home / "data", home / "logs", home / "pictures")


def fill(work: Path, count: int) -> AppPaths:
    """The program's folders with a gallery of `count` photos; made once for a work folder."""
    home = work / f"home-{count}"
    paths = paths_below(home)
    if (paths.default_gallery / DATABASE_NAME).exists():
        return paths
    photos = home / "photos"
    _write_photos(photos, count)
    model = embedded_set().photos
    rows = iter(photo_like_vectors(count, model.dimension))

    def encode(images: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return np.stack([next(rows) for _ in images])

    with Gallery.open(paths.default_gallery, write=True) as gallery:
        folder = gallery.add_folder(photos)
        report = Indexer(gallery, encode, model.model_id, model.dimension).run(folder.path)
    if report.added != count:
        raise RuntimeError(f"the gallery took {report.added} of {count} photos: {report.skipped[:3]}")
    return paths


def _write_photos(folder: Path, count: int) -> None:
    random = np.random.default_rng(2)
    for number in range(count):
        album = folder / f"album-{number // PER_ALBUM:02}"
        album.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(random.integers(0, 256, (6, 8, 3), dtype=np.uint8))
        buffer = io.BytesIO()
        coarse.resize((96, 72), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=85)
        (album / f"{number:05}.jpg").write_bytes(buffer.getvalue())
