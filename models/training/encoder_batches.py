"""The training items of a split and the batches drawn from them. A batch depends on data, recipe and
step alone.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.training import augment
from models.training.dataset import Drawing, Picture, SketchPhotoData, Split
from models.training.encoder_recipe import EncoderRecipe
from models.training.photo_features import PhotoFeatures, sketch_batch


@dataclass
class TrainingSet:
    """The training items of one split, as arrays and index lists ready to be sampled."""

    classes: list[str]
    """All classes; the first `sketch_classes` of them have sketches, and the class head names those."""
    sketch_classes: int
    drawings: list[Drawing]
    photo_sketches: list[Picture]
    other_sketches: list[Picture]
    photos: NDArray[np.int64]  # indices into data.photos
    photo_class: NDArray[np.int64]  # (photos,) class of each of them
    edges: NDArray[np.uint8]
    features: Tensor
    squares: dict[str, NDArray[np.uint8]]
    by_class: dict[int, NDArray[np.int64]]  # positions in `photos`
    by_stem: dict[str, int]  # Sketchy photo stem -> position in `photos`

    @classmethod
    def build(cls, data: SketchPhotoData, split: Split, photos: PhotoFeatures) -> TrainingSet:
        """Leave out what the split holds back, and every unseen class in every source."""
        gallery = set(split.gallery_photos)
        sketches = [
            s
            for s in data.sketches
            if s.name not in split.validation_sketches and s.class_name not in split.unseen_classes
        ]
        drawings = [
            d
            for d in data.drawings
            if d.name not in split.validation_sketches and d.class_name not in split.unseen_classes
        ]
        kept = [
            i
            for i, p in enumerate(data.photos)
            if p.name not in gallery and p.class_name not in split.unseen_classes
        ]
        named = sorted({s.class_name for s in sketches} | {d.class_name for d in drawings})
        rest = sorted({data.photos[i].class_name for i in kept} - set(named))
        classes = named + rest
        number = {c: i for i, c in enumerate(classes)}
        photo_class = np.array([number[data.photos[i].class_name] for i in kept])
        by_class: dict[int, list[int]] = defaultdict(list)
        for position, c in enumerate(photo_class):
            by_class[int(c)].append(position)
        by_stem = {
            PurePosixPath(data.photos[i].name).stem: position
            for position, i in enumerate(kept)
            if data.photos[i].source == "sketchy"
        }
        return cls(
            classes,
            len(named),
            drawings=[replace(d, strokes=augment.normalise_strokes(d.strokes)) for d in drawings],
            photo_sketches=[s for s in sketches if s.source == "sketchy"],
            other_sketches=[s for s in sketches if s.source != "sketchy"],
            photos=np.array(kept),
            photo_class=photo_class,
            edges=photos.edges[kept],
            features=torch.from_numpy(photos.features[kept]),
            squares={s.name: augment.crop_to_ink(data.sketch_files.grey(s.name)) for s in sketches},
            by_class={c: np.array(v) for c, v in by_class.items()},
            by_stem=by_stem,
        )


@dataclass(frozen=True)
class Batch:
    """One step's pictures and what they should land near."""

    sketches: Tensor  # (n, 3, side, side)
    labels: Tensor  # (n,) class
    sources: Tensor  # (n,) position in `photos` below of the photo drawn from, or -1
    photos: Tensor  # (m, 1280) features
    photo_labels: Tensor  # (m,)


def draw_batch(train: TrainingSet, recipe: EncoderRecipe, step: int) -> Batch:
    """The batch of a step: a function of the data, the recipe and the step alone."""
    rng = np.random.default_rng([recipe.seed, step])
    side, elastic = recipe.side_at(step), recipe.at(step)[0].elastic
    shares = np.array(
        [recipe.drawing_share, recipe.photo_sketch_share, recipe.other_sketch_share, recipe.edge_share]
    )
    sizes = [len(train.drawings), len(train.photo_sketches), len(train.other_sketches), len(train.photos)]
    shares = np.where(np.array(sizes) > 0, shares, 0)
    kinds = rng.choice(4, recipe.batch, p=shares / shares.sum())
    number = {c: i for i, c in enumerate(train.classes)}
    pictures, labels, sources = [], [], []
    for kind in kinds:
        i = int(rng.integers(sizes[kind]))
        source = -1
        if kind == 0:
            d = train.drawings[i]
            pictures.append(augment.augment_drawing(d.strokes, side, rng))
            label = number[d.class_name]
        elif kind == 3:
            pictures.append(augment.augment_picture(train.edges[i], side, rng, elastic=elastic))
            label, source = int(train.photo_class[i]), i
        else:
            s = (train.photo_sketches if kind == 1 else train.other_sketches)[i]
            pictures.append(augment.augment_picture(train.squares[s.name], side, rng, elastic=elastic))
            label, source = number[s.class_name], train.by_stem.get(s.photo_stem, -1)
        labels.append(label)
        sources.append(source)
    wanted = [s for s in sources if s >= 0]
    for label in labels:
        if label in train.by_class:
            wanted += rng.choice(train.by_class[label], 4).tolist()
    wanted += rng.integers(0, len(train.photos), max(0, recipe.photos_per_step - len(wanted))).tolist()
    chosen = np.unique(np.array(wanted))
    where = {int(p): k for k, p in enumerate(chosen)}
    return Batch(
        sketch_batch(pictures),
        torch.tensor(labels),
        torch.tensor([where.get(s, -1) for s in sources]),
        train.features[torch.from_numpy(chosen)],
        torch.from_numpy(train.photo_class[chosen]),
    )
