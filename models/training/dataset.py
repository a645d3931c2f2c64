"""Reads the training data's layout and its splits. No model and no augmentation lives here.

The layout is one folder:

- ``index.csv``: columns ``kind`` (sketch or photo), ``source``, ``class``, ``path``;
- ``sketches.zip``, ``photos.zip`` (or folders of the same name without ``.zip``): the files that ``path``
names;
- ``quickdraw.ndjson.gz``: Quick, Draw! drawings (``word``, ``key_id``, ``drawing`` as lists of ``[xs, ys]``
in 0..255).

A sketch made from a photo is named ``<photo>-<k>.png``. Folders of sketches alone, in the same layout, can be
added for training (`SketchPhotoData.with_sketches_of`).
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Strokes = tuple[NDArray[np.float32], ...]
"""A drawing: per stroke an (n, 2) array of x, y."""


class DatasetError(Exception):
    """The data folder is not in the documented layout; the message names the file."""


def class_key(name: str) -> str:
    """A class as data spell it, from a folder's or a person's word: lower case, underscores between words."""
    return "_".join(name.lower().replace("_", " ").split())


SKETCH_FOLDER, PHOTO_FOLDER = "sketches", "photos"
"""Class folders below these are data too; their pictures have that source."""
_PAIRED = {"sketch": ("sketchy", SKETCH_FOLDER), "photo": ("sketchy", PHOTO_FOLDER)}


@dataclass(frozen=True, slots=True)
class Picture:
    """One file of the data: `name` is its path inside the archive and its identity in a split."""

    name: str
    source: str
    class_name: str

    @property
    def photo_stem(self) -> str:
        """Of a sketch: the name of the photo it was drawn from. Of a photo: its own."""
        return PurePosixPath(self.name).stem.rsplit("-", 1)[0]

    @property
    def measures(self) -> bool:
        """Of a sketch: whether retrieval is measured by it. An index's other sources only teach."""
        return self.source in _PAIRED["sketch"]

    @property
    def may_be_drawn(self) -> bool:
        """Of a photo: whether sketches of the data may have been drawn from it."""
        return self.source in _PAIRED["photo"]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A Quick, Draw! drawing; `name` is ``quickdraw/<class>/<key_id>``."""

    name: str
    class_name: str
    strokes: Strokes


@dataclass(frozen=True)
class Split:
    """What is held back from training, by name; the rest trains."""

    validation_sketches: frozenset[str]
    """Sketches and drawings of the validation set."""
    gallery_photos: tuple[str, ...]
    """Photos of the validation gallery; none where no photo was learnt from, and all may be asked of."""
    unseen_classes: frozenset[str] = frozenset()
    """Classes left out of training altogether, in every source."""

    @classmethod
    def load(cls, path: Path) -> Split:
        """Read a split written by :meth:`save`; raises `DatasetError` naming the file."""
        try:
            d = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                frozenset(d["validation_sketches"]),
                tuple(d["gallery_photos"]),
                frozenset(d.get("unseen_classes", ())),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DatasetError(f"{path} is not a split that can be read ({error}).") from error

    def save(self, path: Path) -> None:
        """Write as sorted JSON, so that two equal splits are two equal files."""
        d = {
            "unseen_classes": sorted(self.unseen_classes),
            "gallery_photos": sorted(self.gallery_photos),
            "validation_sketches": sorted(self.validation_sketches),
        }
        path.write_text(json.dumps(d, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")


@dataclass
class Archive:
    """The files of ``<stem>.zip`` or of the folder ``<stem>``, by the name the index gives them.

    Names in `elsewhere` lie in a folder of their own.
    """

    folder: Path
    stem: str
    elsewhere: dict[str, Path] = field(default_factory=dict)
    _zip: zipfile.ZipFile | None = field(default=None, repr=False)

    def read(self, name: str) -> bytes:
        """The bytes of one file; raises `DatasetError` naming it."""
        path = self.elsewhere.get(name, self.folder) / self.stem / name
        try:
            if path.exists():
                return path.read_bytes()
            if self._zip is None:
                self._zip = zipfile.ZipFile(self.folder / f"{self.stem}.zip")
            return self._zip.read(name)
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise DatasetError(f"{self.folder / self.stem}(.zip) has no readable {name}: {error}") from error

    def rgb(self, name: str) -> NDArray[np.uint8]:
        """One picture as (h, w, 3) uint8 RGB; what is transparent is white."""
        return self._picture(name, "RGB")

    def grey(self, name: str) -> NDArray[np.uint8]:
        """One picture as (h, w) uint8; what is transparent is white, as paper is."""
        return self._picture(name, "L")

    def _picture(self, name: str, mode: str) -> NDArray[np.uint8]:
        data = self.read(name)
        try:
            image: Image.Image = Image.open(io.BytesIO(data))
            if image.has_transparency_data:
                ink = image.convert("RGBA")
                image = Image.alpha_composite(Image.new("RGBA", ink.size, "white"), ink)
            return np.asarray(image.convert(mode))
        except OSError as error:
            raise DatasetError(f"{name} in {self.folder / self.stem} is not a picture: {error}") from error


@dataclass
class SketchPhotoData:
    """Everything the index lists, opened lazily."""

    folder: Path
    sketches: tuple[Picture, ...]
    drawings: tuple[Drawing, ...]
    photos: tuple[Picture, ...]
    sketch_files: Archive
    photo_files: Archive

    @classmethod
    def open(cls, folder: Path) -> SketchPhotoData:
        """Read the index and the drawings of a data folder (the pictures stay on disk)."""
        pictures = _read_index(folder)
        drawings: tuple[Drawing, ...] = ()
        if (folder / "quickdraw.ndjson.gz").exists():
            drawings = tuple(_read_drawings(folder / "quickdraw.ndjson.gz"))
        return cls(
            folder,
            tuple(p for kind, p in pictures if kind == "sketch"),
            drawings,
            tuple(p for kind, p in pictures if kind == "photo"),
            Archive(folder, "sketches"),
            Archive(folder, "photos"),
        )

    def with_sketches_of(self, folders: Sequence[Path]) -> SketchPhotoData:
        """The same data and the sketches of further folders: their own ``index.csv`` and folder ``sketches``
        (no zip). A split is made before they are added, so that they train and never measure.
        """
        sketches, elsewhere = list(self.sketches), dict(self.sketch_files.elsewhere)
        names = {s.name for s in sketches}
        for folder in folders:
            for kind, picture in _read_index(folder):
                if kind != "sketch":
                    continue
                if picture.name in names:
                    raise DatasetError(
                        f"{folder / 'index.csv'} lists {picture.name}, which is there already."
                    )
                names.add(picture.name)
                sketches.append(picture)
                elsewhere[picture.name] = folder
        return replace(
            self, sketches=tuple(sketches), sketch_files=Archive(self.folder, "sketches", elsewhere)
        )

    def sketch_classes(self) -> list[str]:
        """Sorted names of every class that has a sketch or a drawing."""
        return sorted({s.class_name for s in self.sketches} | {d.class_name for d in self.drawings})


def _read_index(folder: Path) -> list[tuple[str, Picture]]:
    """The pictures that ``index.csv`` lists, each with its kind."""
    index = folder / "index.csv"
    if not index.exists():
        raise DatasetError(f"{folder} has no index.csv; see models/training/dataset.py for the layout.")
    with index.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        missing = {"kind", "source", "class", "path"} - set(rows.fieldnames or ())
        if missing:
            raise DatasetError(f"{index} has no column {', '.join(sorted(missing))}.")
        return [
            (
                "sketch" if row["kind"] == "sketch" else "photo",
                Picture(row["path"], row["source"], _SAME.get(row["class"], row["class"])),
            )
            for row in rows
        ]


_SAME = {"t-shirt": "t_shirt", "teddy-bear": "teddy_bear", "teddy": "teddy_bear", "tennis_racquet": "racket"}
"""Two names of one thing: the sources spell them differently, and neither should count as the other's
mistake.
"""


def _read_drawings(path: Path) -> Iterable[Drawing]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                d = json.loads(line)
                word = d["word"].lower().replace(" ", "_")
                strokes = tuple(np.array(s[:2], np.float32).T for s in d["drawing"])
                yield Drawing(f"quickdraw/{word}/{d['key_id']}", _SAME.get(word, word), strokes)
    except (OSError, EOFError, ValueError, KeyError) as error:
        raise DatasetError(f"{path} does not hold Quick, Draw! drawings throughout: {error}") from error


def make_split(data: SketchPhotoData, *, seed: int = 0, unseen: Iterable[str] = ()) -> Split:
    """Hold back one source photo a class with all its sketches, and a gallery of photos.

    The gallery has five photos of each Sketchy class (the held-back source photo among them; none of them
    the source of a training sketch) and 1,000 photos of the other sources, or half of them where there are
    fewer than 2,000. One drawing in sixteen and one sketch in ten of the other sketch sources validate the
    class head.

    Raises
    ------
    DatasetError
        A Sketchy class has too few photos for its share of the gallery, or there is no Sketchy class at all.
    """
    rng = np.random.default_rng(seed)
    held: set[str] = set()
    gallery: list[str] = []
    by_class: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for s in data.sketches:
        if s.source == "sketchy":
            by_class[s.class_name][s.photo_stem].append(s.name)
    photos: dict[str, dict[str, str]] = defaultdict(dict)
    for p in data.photos:
        if p.source == "sketchy":
            photos[p.class_name][PurePosixPath(p.name).stem] = p.name
    if not by_class:
        raise DatasetError(
            f"{data.folder / 'index.csv'} has no sketches of source sketchy: nothing could be held back."
        )
    for class_name in sorted(by_class):
        stems = sorted(by_class[class_name])
        chosen = stems[rng.integers(len(stems))]
        held.update(by_class[class_name][chosen])
        free = sorted(set(photos[class_name]) - set(stems))
        if chosen not in photos[class_name] or len(free) < 4:
            raise DatasetError(
                f"{data.folder / 'index.csv'}: the class {class_name} of source sketchy needs the photos "
                f"that its sketches were drawn from and four others; it has {len(free)} others."
            )
        others = rng.choice(free, 4, replace=False)
        gallery += [photos[class_name][stem] for stem in (chosen, *others)]
    held.update(d.name for d in data.drawings if rng.random() < 1 / 16)
    held.update(s.name for s in data.sketches if s.source != "sketchy" and rng.random() < 0.1)
    rest = sorted(p.name for p in data.photos if p.source != "sketchy")
    gallery += [str(n) for n in rng.choice(rest, min(1000, len(rest) // 2), replace=False)] if rest else []
    return Split(frozenset(held), tuple(gallery), frozenset(unseen))
