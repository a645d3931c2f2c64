"""Which sketches and photos are learnt from and which are measured by: a photo and the sketches drawn from it
are always on one side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from models.training.dataset import DatasetError, Picture, SketchPhotoData, Split, class_key
from models.training.layouts import ONE_SOURCE, hold_back


def photos_alone(data: SketchPhotoData, *, held_back: float, seed: int) -> Split:
    """Hold back a share of each class's photos, where there are no sketches.

    Raises
    ------
    DatasetError
        Nothing can be held back.
    """
    _, held = hold_back(data.photos, held_back, seed)
    if not held:
        raise DatasetError(
            f"{data.folder} has {ONE_SOURCE}, so that no photo can be held back: name them otherwise or give "
            "more, and a share above 0 with --held-back."
        )
    return Split(frozenset(), tuple(data.photos[i].name for i in held))


@dataclass(frozen=True)
class SketchPhotoSplit:
    """Positions in the data's sketches and photos: what is learnt from, and what is measured by."""

    sketches: tuple[int, ...]
    photos: tuple[int, ...]
    held_sketches: tuple[int, ...]
    held_photos: tuple[int, ...]
    unseen_sketches: tuple[int, ...]
    unseen_photos: tuple[int, ...]

    @classmethod
    def of(
        cls, data: SketchPhotoData, *, unseen: Sequence[str] = (), held_back: float, seed: int
    ) -> SketchPhotoSplit:
        """Hold back source photos with all their sketches, and a share of each class's other photos.

        Raises
        ------
        DatasetError
            There are fewer than two classes with sketches and photos, an unseen class is not there, or
            nothing can be held back.
        """
        left_out = set(map(class_key, unseen))
        known = {s.class_name for s in data.sketches} & {p.class_name for p in data.photos}
        unknown = sorted(left_out - known)
        if unknown:
            raise DatasetError(
                f"{data.folder} has no sketches with photos of {', '.join(unknown)}: check the spelling of "
                "--unseen."
            )
        learnt = sorted(known - left_out)
        if len(learnt) < 2:
            raise DatasetError(
                f"{data.folder} has {len(learnt) or 'no'} class with sketches and photos to learn"
                f"{' (' + learnt[0] + ')' if learnt else ''}: classes are learnt by telling them apart, give "
                "two at least."
            )
        chosen = [i for i, s in enumerate(data.sketches) if s.class_name in learnt]
        kept, held = hold_back([data.sketches[i] for i in chosen], held_back, seed)
        if not held:
            raise DatasetError(
                f"{data.folder} has {ONE_SOURCE}, so that no sketch can be held back: name them otherwise or "
                "give more, and a share above 0 with --held-back."
            )
        sketches, held_sketches = [chosen[i] for i in kept], [chosen[i] for i in held]
        photos, held_photos = _part_photos(
            data, sketches, held_sketches, unseen=left_out, held_back=held_back, seed=seed
        )
        return cls(
            tuple(sketches),
            tuple(photos),
            tuple(held_sketches),
            tuple(held_photos),
            tuple(i for i, s in enumerate(data.sketches) if s.class_name in left_out),
            tuple(i for i, p in enumerate(data.photos) if p.class_name in left_out),
        )

    def named(self, data: SketchPhotoData, unseen: Sequence[str] = ()) -> Split:
        """What is held back by name, as ``evaluate`` takes it."""
        return Split(
            frozenset(data.sketches[i].name for i in self.held_sketches),
            tuple(data.photos[i].name for i in self.held_photos),
            frozenset(map(class_key, unseen)),
        )


def _part_photos(
    data: SketchPhotoData,
    sketches: Sequence[int],
    held_sketches: Sequence[int],
    *,
    unseen: set[str],
    held_back: float,
    seed: int,
) -> tuple[list[int], list[int]]:
    """The photos to learn from and to measure by: a photo goes with the sketches that were drawn from it."""
    learnt_from = {source_of(data.sketches[i]) for i in sketches}
    held_from = {source_of(data.sketches[i]) for i in held_sketches}
    free: dict[str, list[int]] = {}
    photos, held = [], []
    for i, photo in enumerate(data.photos):
        source = (photo.class_name, PurePosixPath(photo.name).stem)
        if photo.class_name in unseen:
            continue
        if source in held_from:
            held.append(i)
        elif source in learnt_from:
            photos.append(i)
        else:
            free.setdefault(photo.class_name, []).append(i)
    rng = np.random.default_rng([seed, len(data.photos)])
    for name in sorted(free):
        of_class = free[name]
        count = min(len(of_class) - 1, max(1, round(held_back * len(of_class))))
        chosen = set(rng.permutation(len(of_class))[:count].tolist())
        for k, i in enumerate(of_class):
            (held if k in chosen else photos).append(i)
    if not photos or not held:
        raise DatasetError(f"{data.folder} has too few photos to learn from some and measure by others.")
    return sorted(photos), sorted(held)


def source_of(sketch: Picture) -> tuple[str, str]:
    """Class and name of the photo that a sketch was drawn from."""
    return sketch.class_name, sketch.photo_stem
