"""What a generator learns from: photos with drawings made from them, and people's sketches with photos of
what they show. A batch depends on data, recipe, seed and step alone.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.training import augment
from models.training.dataset import Drawing, Picture, SketchPhotoData, Split
from models.training.line_drawings import line_drawing

_SMALLEST_CUT = 0.85
"""Of a photo's short side: the least that a random square takes."""
_KEPT_SIDE = 160
"""Pixels of the short side of the photos that are kept, and of sketches; more where the pictures asked for
are larger, so that a square is made smaller and not blown up.
"""
_DRAWN_PHOTOS = 400
"""Of photos alone, so many are drawn to measure by, at most."""
_KEPT_BYTES = 4 << 30
"""Of pictures kept in memory; what does not fit is read again each time."""


class _Kept:
    """Pictures by name, made once as long as they fit."""

    def __init__(self) -> None:
        self._pictures: dict[str, NDArray[np.uint8]] = {}
        self._free = _KEPT_BYTES

    def get(self, name: str, make: Callable[[], NDArray[np.uint8]]) -> NDArray[np.uint8]:
        picture = self._pictures.get(name)
        if picture is None:
            picture = make()
            if picture.nbytes <= self._free:
                self._free -= picture.nbytes
                self._pictures[name] = picture
        return picture


@dataclass(frozen=True)
class PairBatch:
    """Drawings and the photos they go with.

    Attributes
    ----------
    control
        (n, 3, side, side) float32 in 0..1: black lines on white.
    photos
        (n, 3, side, side) float32 in -1..1.
    subjects
        What each shows, in words.
    aligned
        (n,) float32: 1 where the drawing was made from this very photo, 0 where they only show the same kind
        of thing.
    number
        Of the step and piece: seeds what else is random.
    """

    control: Tensor
    photos: Tensor
    subjects: tuple[str, ...]
    aligned: Tensor
    number: int

    def to(self, device: torch.device) -> PairBatch:
        """The same on a device."""
        return PairBatch(
            self.control.to(device),
            self.photos.to(device),
            self.subjects,
            self.aligned.to(device),
            self.number,
        )


def middle_square(rgb: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The middle of a photo (h, w, 3) as (side, side, 3)."""
    short = min(rgb.shape[:2])
    top, left = ((n - short) // 2 for n in rgb.shape[:2])
    square = np.ascontiguousarray(rgb[top : top + short, left : left + short])
    how = cv2.INTER_AREA if short > side else cv2.INTER_CUBIC
    return cv2.resize(square, (side, side), interpolation=how)


@dataclass(frozen=True)
class HeldBack:
    """What measures a generator: sketches as (side, side) uint8, and photos of the same classes. Where nobody
    drew any, the sketches are drawings made from those photos.
    """

    sketches: tuple[NDArray[np.uint8], ...]
    sketch_class: tuple[str, ...]
    names: tuple[str, ...]
    photos: tuple[Picture, ...]


@dataclass
class PairSource:
    """Draws batches.

    Parameters
    ----------
    data
        Where pictures are read.
    photos, sketches, drawings
        What may be learnt from.
    emphasis
        Classes of which the ``emphasised`` share of a batch is drawn; the rest is of any class.
    sketched
        Share of a batch that is people's sketches.
    side
        Of the largest pictures that batches will be asked for, in pixels.
    """

    data: SketchPhotoData
    photos: Sequence[Picture]
    sketches: Sequence[Picture] = ()
    drawings: Sequence[Drawing] = ()
    emphasis: Collection[str] = ()
    emphasised: float = 0.75
    sketched: float = 0.0
    side: int = 64

    def __post_init__(self) -> None:
        self._kept_side = max(_KEPT_SIDE, math.ceil(self.side / _SMALLEST_CUT))
        self._photos, self._squares = _Kept(), _Kept()
        self._by_class: dict[str, list[Picture]] = defaultdict(list)
        for photo in self.photos:
            self._by_class[photo.class_name].append(photo)
        self._drawn: dict[str, list[Picture | Drawing]] = defaultdict(list)
        for sketch in (*self.sketches, *self.drawings):
            if sketch.class_name in self._by_class:
                self._drawn[sketch.class_name].append(sketch)
        self._classes = sorted(self._by_class)
        # A class with many photos is drawn more often, but not as much more often as it has photos.
        sizes = np.array([len(self._by_class[c]) for c in self._classes], float) ** 0.5
        self._odds = sizes / sizes.sum()
        self._chosen = [c for c in sorted(self.emphasis) if c in self._by_class]

    @property
    def classes(self) -> list[str]:
        """Every class with a photo."""
        return list(self._classes)

    def batch(self, seed: int, step: int, piece: int, count: int, side: int) -> PairBatch:
        """`count` pairs at `side` pixels."""
        rng = np.random.default_rng([seed, step, piece])
        control, photos, subjects, aligned = [], [], [], []
        for _ in range(count):
            name = self._class(rng)
            own, drawn = self._by_class[name], self._drawn.get(name, ())
            picture = self._photo(own[int(rng.integers(len(own)))], rng, side)
            sketched = bool(drawn) and rng.random() < self.sketched
            if sketched:
                lines = self._sketch(drawn[int(rng.integers(len(drawn)))], rng, side)
            else:
                lines = line_drawing(picture, rng)
            control.append(lines)
            photos.append(picture)
            subjects.append(name.replace("_", " "))
            aligned.append(0.0 if sketched else 1.0)
        grey = torch.from_numpy(np.stack(control)).float()[:, None].expand(-1, 3, -1, -1) / 255
        rgb = torch.from_numpy(np.stack(photos)).float().permute(0, 3, 1, 2) / 127.5 - 1
        return PairBatch(
            grey.contiguous(), rgb.contiguous(), tuple(subjects), torch.tensor(aligned), step * 64 + piece
        )

    def _class(self, rng: np.random.Generator) -> str:
        if self._chosen and rng.random() < self.emphasised:
            return self._chosen[int(rng.integers(len(self._chosen)))]
        return self._classes[int(rng.choice(len(self._classes), p=self._odds))]

    def _photo(self, photo: Picture, rng: np.random.Generator, side: int) -> NDArray[np.uint8]:
        """A random square of a photo, mirrored half the time."""
        stored = self._photos.get(photo.name, lambda: self._as_kept(self.data.photo_files.rgb(photo.name)))
        height, width = stored.shape[:2]
        cut = round(min(height, width) * rng.uniform(_SMALLEST_CUT, 1.0))
        # Things stand in the middle more often than not.
        top = round((height - cut) * rng.beta(3, 3))
        left = round((width - cut) * rng.beta(3, 3))
        square = stored[top : top + cut, left : left + cut]
        if rng.random() < 0.5:
            square = square[:, ::-1]
        return cv2.resize(np.ascontiguousarray(square), (side, side), interpolation=cv2.INTER_AREA)

    def _as_kept(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """With a short side of `_kept_side`: a smaller photo is enlarged once, and smoothly."""
        scale = self._kept_side / min(rgb.shape[:2])
        size = [max(self._kept_side, round(n * scale)) for n in rgb.shape[1::-1]]
        return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)

    def _sketch(self, sketch: Picture | Drawing, rng: np.random.Generator, side: int) -> NDArray[np.uint8]:
        if isinstance(sketch, Drawing):
            return augment.augment_drawing(augment.normalise_strokes(sketch.strokes), side, rng)
        square = self._squares.get(
            sketch.name,
            lambda: augment.crop_to_ink(self.data.sketch_files.grey(sketch.name), self._kept_side),
        )
        return augment.augment_picture(square, side, rng)


def pairs_of_split(
    data: SketchPhotoData,
    split: Split,
    *,
    measured: Collection[str] = (),
    emphasis: Collection[str] = (),
    sketched: float = 0.0,
    side: int = 256,
) -> tuple[PairSource, HeldBack]:
    """Part a data set by its split: nothing that is held back is learnt from, nor a photo whose sketch is
    held back. Of photos alone, drawings made from those that are held back measure.

    Parameters
    ----------
    measured
        Classes whose held-back sketches measure; all when empty.
    emphasis, sketched, side
        As in `PairSource`. The held-back sketches, cut to their ink, have that side too, or 256 pixels.
    """
    gallery = set(split.gallery_photos)
    held = [
        s
        for s in data.sketches
        if s.name in split.validation_sketches and s.class_name not in split.unseen_classes
    ]
    shown = {(p.class_name, p.photo_stem) for p in data.photos if p.name in gallery}
    shown |= {(s.class_name, s.photo_stem) for s in held}
    kept = [
        p for p in data.photos
        if p.name not in gallery
        and p.class_name not in split.unseen_classes
        and (p.class_name, PurePosixPath(p.name).stem) not in shown
    ]  # fmt: skip
    source = PairSource(
        data,
        kept,
        [
            s for s in data.sketches
            if s.name not in split.validation_sketches and (s.class_name, s.photo_stem) not in shown
            and s.class_name not in split.unseen_classes
        ],
        [d for d in data.drawings if d.name not in split.validation_sketches],
        emphasis,
        sketched=sketched,
        side=side,
    )  # fmt: skip
    judged = [
        s
        for s in held or _evenly([p for p in data.photos if not data.sketches and p.name in gallery])
        if not measured or s.class_name in measured
    ]
    classes = {s.class_name for s in judged}
    return source, HeldBack(
        tuple(_held_sketch(data, s, max(256, side)) for s in judged),
        tuple(s.class_name for s in judged),
        tuple(s.name for s in judged),
        tuple(p for p in data.photos if p.name in gallery and p.class_name in classes),
    )


def _evenly(photos: Sequence[Picture]) -> list[Picture]:
    """At most `_DRAWN_PHOTOS` of some photos."""
    chosen = np.linspace(0, len(photos) - 1, min(_DRAWN_PHOTOS, len(photos))).astype(int)
    return [photos[i] for i in chosen]


def _held_sketch(data: SketchPhotoData, held: Picture, side: int) -> NDArray[np.uint8]:
    """A held-back sketch, cut to its ink; where nobody drew any, one drawn from a photo."""
    if data.sketches:
        return augment.crop_to_ink(data.sketch_files.grey(held.name), side)
    rng = np.random.default_rng(list(held.name.encode()))
    return line_drawing(middle_square(data.photo_files.rgb(held.name), side), rng)
