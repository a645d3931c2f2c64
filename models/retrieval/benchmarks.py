"""What there is to measure in a folder: sketches to ask with and a gallery, seen and unseen kept apart."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from models.retrieval.class_folding import fold_class
from models.retrieval.published_layouts import (
    Layout,
    class_of,
    data_of_lists,
    find_layout,
    list_lines,
    listed_files,
    photo_itself,
)
from models.retrieval.ranked_answers import Labels
from models.retrieval.splits import (
    SplitError,
    ZeroShotSplit,
    check_apart,
    read_class_list,
    zero_shot_splits,
)
from models.training.dataset import Archive, DatasetError, Picture, SketchPhotoData, Split, class_key
from models.training.layouts import open_sketches_and_photos

AUTO, SEEN = "auto", "seen"
_DRAWN_FROM = re.compile(r"(.+)-\d+")


@dataclass(frozen=True)
class Benchmark:
    """Sketches to ask with and the photos they are asked of.

    Attributes
    ----------
    data : SketchPhotoData
        Where the pictures are read.
    unseen : tuple of str
        The classes that the split calls unseen; empty where it does not.
    split : ZeroShotSplit, optional
        The published split that this is.
    notes : tuple of str
        What a reader must know, in sentences.
    """

    name: str
    title: str
    data: SketchPhotoData
    queries: tuple[Picture, ...]
    gallery: tuple[Picture, ...]
    unseen: tuple[str, ...] = ()
    split: ZeroShotSplit | None = None
    notes: tuple[str, ...] = ()

    @property
    def classes(self) -> list[str]:
        """Of queries and gallery; sorted, each once."""
        return sorted({p.class_name for p in (*self.queries, *self.gallery)})

    def labels(self) -> Labels:
        """What answers what, numbered; classes as in `classes`."""
        number = {name: i for i, name in enumerate(self.classes)}
        instance = {key: i for i, key in enumerate(dict.fromkeys(photo_itself(p) for p in self.gallery))}
        return Labels(
            np.array([number[q.class_name] for q in self.queries], np.int64),
            np.array([number[p.class_name] for p in self.gallery], np.int64),
            np.array([instance.get(drawn_from(q) or ("", ""), -1) for q in self.queries], np.int64),
            np.array([instance[photo_itself(p)] for p in self.gallery], np.int64),
        )

    def limited(self, count: int | None) -> Benchmark:
        """With so many queries, taken evenly from all of them."""
        if count is None or count >= len(self.queries):
            return self
        chosen = np.linspace(0, len(self.queries) - 1, count).astype(int)
        note = f"{count} of {len(self.queries)} sketches, taken evenly."
        queries = tuple(self.queries[i] for i in chosen)
        return replace(self, queries=queries, notes=(*self.notes, note))


def drawn_from(sketch: Picture) -> tuple[str, str] | None:
    """Class and name of the photo that a sketch named ``<photo>-<k>`` was drawn from; None for others."""
    match = _DRAWN_FROM.fullmatch(PurePosixPath(sketch.name).stem)
    return (sketch.class_name, match[1]) if match else None


def open_benchmarks(
    folder: Path,
    *,
    protocol: str = AUTO,
    unseen_classes: Path | None = None,
    split: Split | None = None,
) -> tuple[Benchmark, ...]:
    """What there is to measure in a folder of data.

    Parameters
    ----------
    protocol : str
        "seen" (what `split` holds back, or everything in a folder without a split), the name of a published
        split, or "auto": "seen" for a folder with ``index.csv``, the data set's own split for the others.
    unseen_classes : Path, optional
        A list of classes, one a line: their sketches are asked of their photos.
    split : Split, optional
        What is held back of an ``index.csv`` or of class folders; None where nothing says.

    Raises
    ------
    DatasetError
        Nothing of the kind is there, seen and unseen are not apart, or a photo of the gallery is among those
        that train; the message names them.
    """
    named = zero_shot_splits().get(protocol)
    layout = find_layout(folder, named.data_set if named else None)
    if unseen_classes is not None:
        if protocol != AUTO:
            raise SplitError(f"{protocol} brings its own classes: leave --protocol or --unseen-classes out.")
        return (_chosen_classes(layout or _own_layout(folder), unseen_classes),)
    if protocol == AUTO:
        protocol = _split_of(layout) if layout else SEEN
    if protocol == SEEN:
        if layout is not None:
            raise SplitError(
                f"{folder} is in the layout of {layout.data_set}, where nothing says what is held back: give "
                f"--protocol {' or '.join(_fitting(layout))}."
            )
        return _seen(_own_layout(folder).data, split)
    chosen = zero_shot_splits().get(protocol)
    if chosen is None:
        raise SplitError(
            f"There is no protocol {protocol}: choose one of {AUTO}, {SEEN}, {', '.join(zero_shot_splits())}."
        )
    return (_zero_shot(layout or _own_layout(folder), chosen),)


def _own_layout(folder: Path) -> Layout:
    if not (folder / "index.csv").exists() and not (folder / "sketches").is_dir():
        raise DatasetError(
            f"{folder} has no index.csv, no folders sketches and photos, and is in no layout that is known: "
            "see CONTRIBUTING."
        )
    data = open_sketches_and_photos(folder)
    return Layout("", data, folder)


def _split_of(layout: Layout) -> str:
    """The one published split that a data set's folder can mean."""
    fitting = _fitting(layout)
    listed = [name for name in fitting if set(zero_shot_splits()[name].lists) & set(layout.lists)]
    if len(listed or fitting) == 1:
        return (listed or fitting)[0]
    raise SplitError(
        f"{layout.root} can be split in more than one way: give --protocol {' or '.join(fitting)}."
    )


def _fitting(layout: Layout) -> list[str]:
    return [s.name for s in zero_shot_splits().values() if s.data_set == layout.data_set]


# What is asked of what


def _seen(data: SketchPhotoData, split: Split | None) -> tuple[Benchmark, ...]:
    from models.evaluation import held_back, of_unseen_classes

    if split is None:
        return (
            Benchmark(
                SEEN,
                "all sketches",
                data,
                data.sketches,
                data.photos,
                notes=("Nothing says what is held back: every sketch is asked of every photo.",),
            ),
        )
    sketches, photos = held_back(data, split)
    if split.gallery_photos:
        _check_sources(data, split, photos)
    runs = [Benchmark(SEEN, "held-back sketches", data, tuple(sketches), tuple(photos))]
    sketches, photos = of_unseen_classes(data, split)
    if sketches and photos:  # a class that was left out may have photos alone: nothing to ask for
        check_apart(
            {p.class_name for p in (*data.sketches, *data.photos)} - split.unseen_classes,
            split.unseen_classes,
            str(data.folder),
        )
        unseen = tuple(sorted({s.class_name for s in sketches}))
        runs.append(Benchmark("unseen", "unseen classes", data, tuple(sketches), tuple(photos), unseen))
    if not runs[0].queries or not runs[0].gallery:
        raise DatasetError(
            f"{data.folder} has none of the sketches that the split holds back, or no photos for them: give "
            "the split of this data folder."
        )
    return tuple(runs)


def _check_sources(data: SketchPhotoData, split: Split, gallery: Sequence[Picture]) -> None:
    """No photo of the gallery may be the one that a training sketch was drawn from."""
    training = {
        drawn_from(s) for s in data.sketches if s.measures and s.name not in split.validation_sketches
    }
    _refuse_shared([p for p in gallery if p.may_be_drawn and photo_itself(p) in training], data.folder)


def _refuse_shared(shared: Sequence[Picture], where: Path) -> None:
    if shared:
        names = ", ".join(sorted({p.class_name for p in shared})[:8])
        raise SplitError(
            f"{where}: {len(shared)} photos of the gallery train as well, {shared[0].name} among them "
            f"(classes: {names}): leave them out on one side."
        )


def _zero_shot(layout: Layout, split: ZeroShotSplit) -> Benchmark:
    lists = next((layout.lists[name] for name in split.lists if name in layout.lists), None)
    notes: tuple[str, ...]
    listed = listed_files(layout, lists, "zero") if lists else None
    if lists is not None and listed is not None:
        _check_lists(layout, lists, split, listed)
        data = data_of_lists(layout, *listed)
        twice = len(data.photos) - len({photo_itself(p) for p in data.photos})
        notes = (f"Sketches and photos are those that {lists} lists.",)
        if twice:
            notes += (f"{twice} photos are listed twice, as in the public lists, and count twice.",)
    else:
        data = layout.data
        notes = (f"No list of files: every sketch and photo of the {len(split.unseen)} classes is taken.",)
    queries, gallery = _of_classes(data, split.unseen, split.name)
    _check_all_there(split.unseen, queries, gallery, layout.root)
    return Benchmark(split.name, split.title, data, queries, gallery, split.unseen, split, notes)


def _chosen_classes(layout: Layout, file: Path) -> Benchmark:
    names = read_class_list(file)
    data = layout.data
    there = {p.class_name for p in (*data.sketches, *data.photos)}
    exact = {n: class_key(n) if class_key(n) in there else n for n in names}
    unseen = tuple(c for n in names for c in _matches(exact[n], there))
    queries = tuple(s for s in data.sketches if s.class_name in unseen)
    gallery = tuple(p for p in data.photos if p.class_name in unseen)
    check_apart(there - set(unseen), unseen, f"{file} and {data.folder}")
    for name in names:
        mine = set(_matches(exact[name], there))
        if not any(s.class_name in mine for s in queries) or not any(p.class_name in mine for p in gallery):
            raise SplitError(f"{data.folder} lacks sketches or photos of {name}, which {file} names.")
    _refuse_shared(_same_files(data, gallery), data.folder)
    return Benchmark("unseen", f"unseen classes of {file.name}", data, queries, gallery, unseen)


def _matches(name: str, there: Iterable[str]) -> list[str]:
    """The class of that very name; where there is none, those that it is another spelling of."""
    known = set(there)
    return [name] if name in known else sorted(c for c in known if fold_class(c) == fold_class(name))


def _of_classes(
    data: SketchPhotoData, classes: Sequence[str], where: str
) -> tuple[tuple[Picture, ...], tuple[Picture, ...]]:
    """Sketches and photos of some classes, under those names whatever the folders call them."""
    named = {fold_class(c): c for c in classes}
    spellings = {p.class_name: named.get(fold_class(p.class_name)) for p in (*data.sketches, *data.photos)}

    def renamed(pictures: Iterable[Picture]) -> tuple[Picture, ...]:
        return tuple(replace(p, class_name=name) for p in pictures if (name := spellings[p.class_name]))

    return renamed(data.sketches), renamed(data.photos)


def _check_all_there(
    unseen: Sequence[str], queries: Sequence[Picture], gallery: Sequence[Picture], where: Path
) -> None:
    for what, pictures in (("sketches", queries), ("photos", gallery)):
        missing = sorted(set(unseen) - {p.class_name for p in pictures})
        if missing:
            names = ", ".join(missing[:6]) + (", ..." if len(missing) > 6 else "")
            raise SplitError(
                f"{where} lacks {what} of {len(missing)} of the {len(unseen)} classes ({names}): measure "
                "classes of your own with --unseen-classes."
            )


def _check_lists(
    layout: Layout, lists: Path, split: ZeroShotSplit, zero: tuple[Sequence[str], Sequence[str]]
) -> None:
    """Lists that train and lists that measure must be apart, and be of the split that was asked for."""
    classes = {class_of(name) for part in zero for name in part}
    wanted = {fold_class(c) for c in split.unseen}
    strange = sorted(c for c in classes if fold_class(c) not in wanted)
    if strange:
        raise SplitError(
            f"{lists} lists unseen classes that {split.name} does not have ({', '.join(strange[:6])})."
        )
    names = lists / "cname_cid.txt"
    if names.exists():
        check_apart(list_lines(names), classes, str(names))
    train = listed_files(layout, lists, "train")
    if train is None:
        return
    same = set(train[1]) & set(zero[1])
    _refuse_shared([Picture(n, "", class_of(n)) for n in sorted(same)], lists)
    check_apart({class_of(name) for part in train for name in part}, classes, str(lists))


# Photos that are files of others


def _same_files(data: SketchPhotoData, gallery: Sequence[Picture]) -> list[Picture]:
    """Photos of the gallery that are, byte for byte, photos of the other classes too."""
    chosen = set(gallery)
    others = [p for p in data.photos if p not in chosen]
    size = _sizes(data.photo_files, data.photos)
    sizes = {size[p.name] for p in others}
    suspects = [p for p in gallery if size[p.name] in sizes]
    wanted = {size[p.name] for p in suspects}

    def digest(picture: Picture) -> bytes:
        return hashlib.sha256(data.photo_files.read(picture.name)).digest()

    digests = {digest(p) for p in others if size[p.name] in wanted}
    return [p for p in suspects if digest(p) in digests]


def _sizes(files: Archive, pictures: Sequence[Picture]) -> dict[str, int]:
    """Bytes of each picture, read where `Archive` reads it: a file where there is one, else from the zip."""
    folder = files.folder / files.stem
    paths = {p.name: folder / p.name for p in pictures}
    try:
        sizes = {name: path.stat().st_size for name, path in paths.items() if path.exists()}
        if len(sizes) < len(paths):
            with zipfile.ZipFile(files.folder / f"{files.stem}.zip") as archive:
                packed = (name for name in paths if name not in sizes)
                sizes |= {name: archive.getinfo(name).file_size for name in packed}
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{folder}(.zip) lacks a photo that is listed: {error}.") from error
    return sizes
