"""Data sets in the layouts in which they are handed about.

- **Sketchy extended**: ``256x256/sketch/tx_000000000000/<class>/`` (or ``sketch/...``) with
  ``EXTEND_image_sketchy/<class>/`` and ``256x256/photo/tx_000000000000/<class>/``;
- **TU-Berlin extended**: ``png/<class>/`` or ``sketches/<class>/`` with ``ImageResized/<class>/`` or
  ``images/<class>/``;
- **QuickDraw-Extended**: ``QuickDraw_sketches_final/<class>/`` or ``sketches/<class>/`` with
  ``QuickDraw_images_final/<class>/`` or ``images/<class>/``;

in the given folder or in ``Sketchy``, ``TUBerlin``, ``QuickDraw`` below it, and each folder with ``_ready``
behind its name too. So SAKE and ZSE-SBIR publish them, with lists of files beside them: ``zeroshot1`` for
Sketchy 100/25, ``zeroshot0`` (ZSE-SBIR) or ``zeroshot2`` (SAKE) for Sketchy 104/21, ``zeroshot`` for the
others; ``*_zero.txt`` measures, ``*_train.txt`` trains, and a line is a path and a class number. Anything
else is read by `models.training.layouts`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from models.training.dataset import Archive, DatasetError, Picture, SketchPhotoData
from models.training.layouts import SUFFIXES


@dataclass(frozen=True)
class Layout:
    """The folders of a data set, read.

    Attributes
    ----------
    data_set : str
        "sketchy", "tuberlin", "quickdraw", or "" for any other.
    lists : mapping
        Folders with lists of files, by name.
    """

    data_set: str
    data: SketchPhotoData
    root: Path
    lists: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class _Folders:
    """Where a data set keeps its pictures.

    The first of `sketches` that is there holds them, and the first of each group of `photos`. Folders in
    `telling` say by their name alone which data set it is. `listed`: how the lists of sketches and of photos
    begin.
    """

    home: str
    sketches: tuple[str, ...]
    photos: tuple[tuple[str, ...], ...]
    telling: tuple[str, ...]
    listed: tuple[str, str]


_TX = "tx_000000000000"
_DATA_SETS = {
    "sketchy": _Folders(
        "Sketchy",
        (f"256x256/sketch/{_TX}", f"sketch/{_TX}"),
        # The extended folder holds the photos that were drawn from, too, where it is complete.
        (("EXTEND_image_sketchy", "../EXTEND_image_sketchy"), (f"256x256/photo/{_TX}", f"photo/{_TX}")),
        (_TX,),
        (f"sketch_{_TX}_ready_filelist", "all_photo_filelist"),
    ),
    "tuberlin": _Folders(
        "TUBerlin",
        ("png", "sketches"),
        (("ImageResized", "images"),),
        ("png",),
        ("png_ready_filelist", "ImageResized_ready_filelist"),
    ),
    "quickdraw": _Folders(
        "QuickDraw",
        ("QuickDraw_sketches_final", "QuickDraw_sketches", "sketches"),
        (("QuickDraw_images_final", "EXTEND_image_quickdraw", "images"),),
        ("QuickDraw_sketches_final", "QuickDraw_sketches"),
        ("sketch", "all_photo"),
    ),
}
LIST_FOLDERS = ("zeroshot", "zeroshot0", "zeroshot1", "zeroshot2")


def find_layout(folder: Path, wanted: str | None = None) -> Layout | None:
    """The published layout that a folder is in; None for any other, and for a folder with ``index.csv``.

    Parameters
    ----------
    wanted : str, optional
        The data set that it is said to be, where ``sketches`` and ``images`` could be any.

    Raises
    ------
    DatasetError
        There is no such folder, or several data sets are in it.
    """
    if not folder.is_dir():
        raise DatasetError(f"There is no folder {folder}: give the folder of the data.")
    if (folder / "index.csv").exists():
        return None
    found = []
    for name, folders in _DATA_SETS.items():
        for root in (folder, folder / folders.home):
            sketches = _first(root, folders.sketches)
            photos = [path for group in folders.photos if (path := _first(root, group)) is not None]
            if sketches is not None and photos and (wanted == name or _told(name, root, sketches)):
                found.append((name, root, sketches, photos))
                break
    of_those = [f for f in found if f[0] == wanted] or found
    if len(of_those) > 1:
        several = ", ".join(str(root) for _, root, _, _ in found)
        raise DatasetError(f"{folder} holds several data sets ({several}): give the folder of one.")
    return _read(*of_those[0]) if of_those else None


def listed_files(layout: Layout, lists: Path, part: str) -> tuple[list[str], list[str]] | None:
    """Sketches and photos that lists name, as paths from the data set's folder; None where a list is absent.

    Parameters
    ----------
    part : str
        "zero" for what measures, "train" for what trains.

    Raises
    ------
    DatasetError
        A list cannot be read.
    """
    both = [lists / f"{begin}_{part}.txt" for begin in _DATA_SETS[layout.data_set].listed]
    return (list_lines(both[0]), list_lines(both[1])) if all(p.exists() for p in both) else None


def list_lines(path: Path) -> list[str]:
    """What stands before the number in each line of a list; it may hold spaces.

    Raises
    ------
    DatasetError
        It cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read: {error}.") from error
    return [line.rsplit(maxsplit=1)[0] for line in lines if line.strip()]


def class_of(name: str) -> str:
    """The class folder of a file."""
    return PurePosixPath(name).parent.name


def data_of_lists(layout: Layout, sketches: Sequence[str], photos: Sequence[str]) -> SketchPhotoData:
    """The files of lists, sorted by name.

    Raises
    ------
    DatasetError
        Some are not there.
    """
    missing = [name for name in (*sketches, *photos) if not (layout.root / name).is_file()]
    if missing:
        raise DatasetError(
            f"{layout.root} lacks {len(missing)} files that its lists name, {missing[0]} first: unpack the "
            "whole data set there, or take the lists away."
        )

    def pictures(names: Sequence[str]) -> tuple[Picture, ...]:
        return tuple(Picture(n, layout.data_set, class_of(n)) for n in sorted(names))

    root = _plain(layout.root)
    archive = Archive(root.parent, root.name)
    return SketchPhotoData(layout.root, pictures(sketches), (), pictures(photos), archive, archive)


def photo_itself(photo: Picture) -> tuple[str, str]:
    """Class and name of a photo: what its copies in several folders have in common."""
    return photo.class_name, PurePosixPath(photo.name).stem


def _first(root: Path, names: Iterable[str]) -> Path | None:
    paths = (root / f"{name}{end}" for name in names for end in ("", "_ready"))
    return next((path for path in paths if path.is_dir()), None)


def _told(data_set: str, root: Path, sketches: Path) -> bool:
    """Whether something says that it is this data set: the home's name, the sketches' folder, or a list."""
    folders = _DATA_SETS[data_set]
    home = re.sub("[^a-z]", "", root.resolve().name.lower())
    lists = (root / name / f"{folders.listed[0]}_zero.txt" for name in LIST_FOLDERS)
    return (
        home.startswith(folders.home.lower())
        or sketches.name.removesuffix("_ready") in folders.telling
        or any(path.exists() for path in lists)
    )


def _read(data_set: str, root: Path, sketches: Path, photos: Sequence[Path]) -> Layout:
    base = _plain(root)
    if any(base not in _plain(path).parents for path in photos):  # EXTEND_image_sketchy beside Sketchy
        base = base.parent
    archive = Archive(base.parent, base.name)
    gallery: list[Picture] = []
    known: set[tuple[str, str]] = set()
    for path in photos:
        new = [p for p in _pictures(base, path) if photo_itself(p) not in known]
        known.update(photo_itself(p) for p in new)
        gallery += new
    data = SketchPhotoData(root, _pictures(base, sketches), (), tuple(gallery), archive, archive)
    lists = {name: root / name for name in LIST_FOLDERS if (root / name).is_dir()}
    return Layout(data_set, data, root, lists)


def _pictures(base: Path, folder: Path) -> tuple[Picture, ...]:
    """Everything in the class folders of `folder`, named from `base`; sorted."""
    where = _plain(folder)
    return tuple(
        Picture(path.relative_to(base).as_posix(), folder.name, below.name)
        for below in sorted(p for p in where.iterdir() if p.is_dir() and not p.name.startswith("."))
        for path in sorted(below.iterdir())
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    )


def _plain(path: Path) -> Path:
    """Absolute and without "..", links left as they are: large data sets are linked from elsewhere."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.absolute keeps ".."
