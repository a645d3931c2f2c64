"""Folders of pictures as people have them, read as training data: class folders, captioned folders, sketches
beside photos. What stands in an ``index.csv`` is `models.training.dataset`'s.

- **Class folders**: ``<folder>/<class>/<picture>``, torchvision's ImageFolder; a class is named with spaces
  or underscores.
- **Captions**: ``<folder>/metadata.jsonl`` (or ``.csv``) with ``file_name`` and ``text`` a line, Hugging
  Face's imagefolder; or class folders, whose captions are the sentence of their class.
- **Sketches and photos**: ``<folder>/sketches/<class>/…`` and ``<folder>/photos/<class>/…``. A sketch named
  ``<photo>-<number>.png`` was drawn from the photo of that name; others go with any photo of their class.

Hidden files, and files that no program would take for a picture, are passed over.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from models.caption_sentence import caption_sentence, subject_of
from models.training.dataset import (
    PHOTO_FOLDER,
    SKETCH_FOLDER,
    Archive,
    DatasetError,
    Picture,
    SketchPhotoData,
    class_key,
)

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
_METADATA = ("metadata.jsonl", "metadata.csv")
ONE_SOURCE = (
    "pictures of one source a class (a picture's name up to its last hyphen is its source: sketch-1.png and "
    "sketch-2.png have one)"
)
"""Of a sentence that says why nothing can be held back."""
T = TypeVar("T")


@dataclass(frozen=True)
class PictureSet:
    """Pictures with their classes, and where they are read."""

    files: Archive
    pictures: tuple[Picture, ...]

    @property
    def classes(self) -> list[str]:
        """Sorted, each once."""
        return sorted({picture.class_name for picture in self.pictures})


@dataclass(frozen=True)
class CaptionedSet:
    """Pictures with a sentence each."""

    files: Archive
    pictures: tuple[Picture, ...]
    texts: tuple[str, ...]


def open_class_folders(folder: Path, *, source: str = "folder") -> PictureSet:
    """Class folders; `source` is what the pictures are said to come from.

    Raises
    ------
    DatasetError
        The folder is not there, or holds no class folder with a picture.
    """
    root = _existing(folder)
    pictures = tuple(
        Picture(f"{path.parent.name}/{path.name}", source, class_key(path.parent.name))
        for below in sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
        for path in sorted(below.iterdir())
        if _is_picture(path)
    )
    if not pictures:
        raise DatasetError(
            f"{folder} holds no class folders with pictures: put them into "
            f"{folder / '<class>' / '<picture>.png'}."
        )
    return PictureSet(Archive(root.parent, root.name), pictures)


def is_class_folders(folder: Path) -> bool:
    """Whether `open_captioned` takes captions from class folders, and not from a metadata file."""
    return not any((folder / name).exists() for name in _METADATA)


def open_captioned(folder: Path) -> CaptionedSet:
    """Captions from a metadata file where there is one, else from the names of class folders.

    Raises
    ------
    DatasetError
        The folder holds neither, or a line of the metadata file names no picture that is there.
    """
    root = _existing(folder)
    found = next((root / name for name in _METADATA if (root / name).exists()), None)
    if found is None:
        labelled = open_class_folders(folder)
        return CaptionedSet(
            labelled.files,
            labelled.pictures,
            tuple(caption_sentence(p.class_name) for p in labelled.pictures),
        )
    pictures, texts = [], []
    for line, row in enumerate(_rows(found), 1 if found.suffix == ".jsonl" else 2):
        name, text = row.get("file_name"), row.get("text")
        if not isinstance(name, str) or not isinstance(text, str) or not name or not text.strip():
            raise DatasetError(f"{found}, line {line}: file_name and text must be there and not empty.")
        path = (root / name).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            raise DatasetError(f"{found}, line {line}: {name} is no file in {folder}.")
        pictures.append(Picture(path.relative_to(root).as_posix(), "folder", subject_of(text.strip())))
        texts.append(text.strip())
    if not pictures:
        raise DatasetError(f"{found} lists no picture.")
    return CaptionedSet(Archive(root.parent, root.name), tuple(pictures), tuple(texts))


def open_sketches_and_photos(folder: Path) -> SketchPhotoData:
    """Sketches beside photos: an ``index.csv`` where there is one, else class folders.

    Raises
    ------
    DatasetError
        The folder holds neither.
    """
    if (folder / "index.csv").exists():
        return SketchPhotoData.open(folder)
    root = _existing(folder)
    missing = [kind for kind in (SKETCH_FOLDER, PHOTO_FOLDER) if not (root / kind).is_dir()]
    if missing:
        raise DatasetError(
            f"{folder} has no folder {' and no folder '.join(missing)}: put pictures into "
            f"{SKETCH_FOLDER}/<class>/<picture>.png and {PHOTO_FOLDER}/<class>/<picture>.jpg there, or give "
            "a folder with index.csv."
        )
    sketches, photos = (
        open_class_folders(root / kind, source=kind) for kind in (SKETCH_FOLDER, PHOTO_FOLDER)
    )
    return SketchPhotoData(root, sketches.pictures, (), photos.pictures, sketches.files, photos.files)


def open_photos(folder: Path) -> SketchPhotoData:
    """Sketches beside photos, or photos alone: ``<folder>/photos/<class>/…`` without a folder of sketches.

    Raises
    ------
    DatasetError
        The folder holds neither.
    """
    root = _existing(folder)
    indexed, drawn = root / "index.csv", root / SKETCH_FOLDER
    if indexed.exists() or drawn.exists() or not (root / PHOTO_FOLDER).is_dir():
        return open_sketches_and_photos(folder)
    photos = open_class_folders(root / PHOTO_FOLDER, source=PHOTO_FOLDER)
    return SketchPhotoData(root, (), (), photos.pictures, Archive(root, SKETCH_FOLDER), photos.files)


def hold_back(pictures: Sequence[Picture], share: float, seed: int) -> tuple[list[int], list[int]]:
    """Part pictures into those to learn from and those to measure by; no photo is on both sides.

    Pictures of one class drawn from one photo stay together. Of each class with at least two photos, one or
    more are held back.

    Returns
    -------
    learnt, held
        Positions in `pictures`, ascending.
    """
    sources: dict[str, list[str]] = {}
    for picture in pictures:
        stems = sources.setdefault(picture.class_name, [])
        if picture.photo_stem not in stems:
            stems.append(picture.photo_stem)
    rng = np.random.default_rng([seed, len(pictures)])
    held: set[tuple[str, str]] = set()
    for name in sorted(sources):
        stems = sorted(sources[name])
        count = min(len(stems) - 1, max(1, round(share * len(stems)))) if share > 0 else 0
        held |= {(name, stems[i]) for i in rng.permutation(len(stems))[:count]}
    sides: tuple[list[int], list[int]] = ([], [])
    for position, picture in enumerate(pictures):
        sides[(picture.class_name, picture.photo_stem) in held].append(position)
    return sides


def chosen(items: Sequence[T], positions: Iterable[int]) -> tuple[T, ...]:
    """The items at some positions."""
    return tuple(items[position] for position in positions)


def _rows(path: Path) -> Iterator[dict[str, object]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".csv":
            yield from csv.DictReader(text.splitlines())
            return
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise DatasetError(f"{path}, line {number}: it must be an object in braces.")
                yield row
    except (OSError, ValueError, csv.Error) as error:
        raise DatasetError(f"{path} cannot be read as UTF-8 {path.suffix[1:].upper()}: {error}.") from error


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise DatasetError(f"{folder} is no folder.")
    return folder.resolve()


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
