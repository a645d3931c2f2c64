"""A real workspace on a real gallery of plain pictures, indexed with an encoder that sees colours only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
from PIL import Image

from sketch_app.model_sets import EmbeddedModels, ModelSet
from sketch_app.paths import AppPaths
from sketch_app.protocols import Embeddings, Rgb
from sketch_app.search_types import Filters, PhotoResult, SearchRequest, SearchUpdate, Stage
from sketch_app.sketch import Sketch
from sketch_app.workspace import Workspace

COLOURS = {
    "red": (200, 30, 30),
    "green": (30, 160, 60),
    "blue": (40, 60, 200),
    "yellow": (230, 200, 40),
    "grey": (120, 120, 120),
    "white": (240, 240, 240),
}


class ColourEncoder:
    """A photo's mean colours in four quarters: enough to fill a gallery without any weights."""

    model_id = "colours"
    dimension = 12

    def encode_photos(self, photos: Sequence[Rgb]) -> Embeddings:
        rows = []
        for photo in photos:
            small = np.asarray(Image.fromarray(photo).resize((2, 2), Image.Resampling.BOX), np.float32)
            row = small.ravel() + 1.0
            rows.append(row / np.linalg.norm(row))
        return np.asarray(rows, np.float32)


def make_photos(folder: Path) -> None:
    """Six plain photos in two albums, a text that says it is a photo, and half a photo."""
    for number, (name, colour) in enumerate(COLOURS.items()):
        place = folder / ("holiday" if number % 2 else "home")
        place.mkdir(parents=True, exist_ok=True)
        exif = Image.Exif()
        exif[0x010F] = "Camera maker"
        exif.get_ifd(0x8769)[0x9003] = f"202{number}:03:04 10:20:30"
        Image.new("RGB", (96, 64), colour).save(place / f"{name}.jpg", exif=exif)
    (folder / "home" / "letter.jpg").write_text("This is a letter, not a photo.")
    whole = (folder / "home" / "red.jpg").read_bytes()
    (folder / "home" / "half.jpg").write_bytes(whole[: len(whole) // 3])


def make_workspace(home: Path, photos: Path | None) -> Workspace:
    """A workspace whose settings, gallery and logs lie below `home`; `photos` is indexed."""
    paths = AppPaths(home / "config", home / "data", home / "logs", home / "pictures")
    workspace = Workspace(paths, models=ModelSet("embedded", fast=EmbeddedModels(), photos=ColourEncoder()))
    workspace.open()
    if photos is not None:
        workspace.index_folder(photos)
    return workspace


def results_of(workspace: Workspace) -> tuple[PhotoResult, ...]:
    """Every photo of the gallery as a result, in the order of their ids."""
    from index.gallery import Gallery

    with Gallery.open(workspace.gallery_directory, write=False) as gallery:
        ids = range(1, gallery.count() + 1)
        found = gallery.photos(list(ids))
        return tuple(
            PhotoResult(
                photo_id=photo.id,
                score=0.9 - 0.05 * rank,
                path=next(iter(workspace.locations(photo.id))).path,
                other_paths=(),
                width=photo.width,
                height=photo.height,
                taken_at=photo.taken_at,
                signals={"sketch": 0.9 - 0.05 * rank},
            )
            for rank, photo in enumerate(found)
        )


def update(
    results: Sequence[PhotoResult],
    *,
    number: int = 1,
    stage: Stage = Stage.COMPLETE,
    filters: Filters | None = None,
    gallery_count: int = 6,
) -> SearchUpdate:
    """An answer with these results."""
    request = SearchRequest(number, Sketch(), revision=number, filters=filters or Filters())
    return SearchUpdate(request, stage, (), tuple(results), 0.1, gallery_count)


A_DAY = datetime(2024, 3, 4, 10, 20)
