"""The training items of a split and the batches drawn from them. A batch depends on data, recipe, step
and piece alone.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields, replace
from pathlib import PurePosixPath
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.training import augment
from models.training.dataset import Drawing, Picture, SketchPhotoData, Split
from models.training.encoder_recipe import DRAWINGS, EDGES, OTHERS, EncoderRecipe
from models.training.photo_features import PhotoFeatures, sketch_batch
from models.training.provenance import pictures_id
from models.training.sketch_photo_loss import draw_photos


@dataclass
class TrainingSet:
    """The training items of one split, as arrays and index lists ready to be sampled."""

    classes: list[str]
    """All classes; the first `sketch_classes` of them have sketches, and the class head names those."""
    sketch_classes: int
    drawings: list[Drawing]
    sketches: dict[str, list[list[Picture]]]
    """By source, then by class: a source may hold many more of one class than of another."""
    photos: NDArray[np.int64]  # indices into data.photos
    photo_class: NDArray[np.int64]  # (photos,) class of each of them
    edges: NDArray[np.uint8]
    features: Tensor
    squares: dict[str, NDArray[np.uint8]]
    by_class: dict[int, NDArray[np.int64]]  # positions in `photos`
    by_stem: dict[tuple[str, str], int]  # class and stem of a photo's file -> position in `photos`
    identity: str
    """The same for the same sketches, drawings and photos."""

    @classmethod
    def build(cls, data: SketchPhotoData, split: Split, photos: PhotoFeatures) -> TrainingSet:
        """Leave out what the split holds back, and every unseen class in every source."""
        gallery = set(split.gallery_photos)
        shown = {(p.class_name, p.photo_stem) for p in data.photos if p.name in gallery}
        sketches = [
            s
            for s in data.sketches
            if s.name not in split.validation_sketches
            and s.class_name not in split.unseen_classes
            and (s.class_name, s.photo_stem) not in shown
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
            (data.photos[i].class_name, PurePosixPath(data.photos[i].name).stem): position
            for position, i in enumerate(kept)
        }
        by_source: dict[str, dict[str, list[Picture]]] = defaultdict(lambda: defaultdict(list))
        for s in sketches:
            by_source[s.source][s.class_name].append(s)
        return cls(
            classes,
            len(named),
            drawings=[replace(d, strokes=augment.normalise_strokes(d.strokes)) for d in drawings],
            sketches={source: list(by.values()) for source, by in by_source.items()},
            photos=np.array(kept),
            photo_class=photo_class,
            edges=photos.edges[kept],
            features=torch.from_numpy(photos.features[kept]),
            squares={s.name: augment.crop_to_ink(data.sketch_files.grey(s.name)) for s in sketches},
            by_class={c: np.array(v) for c, v in by_class.items()},
            by_stem=by_stem,
            identity=pictures_id((*sketches, *(data.photos[i] for i in kept)), [d.name for d in drawings]),
        )


@dataclass(frozen=True)
class Batch:
    """Pictures of a piece of a step, and what they should land near."""

    sketches: Tensor  # (n, 3, side, side)
    labels: Tensor  # (n,) class
    sources: Tensor  # (n,) position in `photos` below of the photo drawn from, or -1
    photos: Tensor  # (m, 1280) features
    photo_labels: Tensor  # (m,)

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        return Batch(*(getattr(self, f.name).to(device) for f in fields(self)))


def draw_batch(train: TrainingSet, recipe: EncoderRecipe, step: int, piece: int = 0) -> Batch:
    """A piece of a step's batch: a function of the data, the recipe, step and piece alone."""
    rng = np.random.default_rng([recipe.seed, step, piece])
    side, elastic = recipe.side_at(step), recipe.at(step)[0].elastic
    pools = _pools(train, recipe)
    shares = np.array([share for share, _ in pools])
    number = {c: i for i, c in enumerate(train.classes)}
    pictures, labels, sources = [], [], []
    for kind in rng.choice(len(pools), recipe.batch, p=shares / shares.sum()):
        pool = pools[kind][1]
        source = -1
        if pool is DRAWINGS:
            d = train.drawings[rng.integers(len(train.drawings))]
            pictures.append(augment.augment_drawing(d.strokes, side, rng))
            label = number[d.class_name]
        elif pool is EDGES:
            source = int(rng.integers(len(train.photos)))
            pictures.append(augment.augment_picture(train.edges[source], side, rng, elastic=elastic))
            label = int(train.photo_class[source])
        else:
            of_class = pool[rng.integers(len(pool))]
            s = of_class[rng.integers(len(of_class))]
            pictures.append(augment.augment_picture(train.squares[s.name], side, rng, elastic=elastic))
            label, source = number[s.class_name], train.by_stem.get((s.class_name, s.photo_stem), -1)
        labels.append(label)
        sources.append(source)
    chosen = draw_photos(
        rng, labels, sources, train.by_class, photos=len(train.photos), least=recipe.photos_per_step
    )
    where = {int(p): k for k, p in enumerate(chosen)}
    return Batch(
        sketch_batch(pictures),
        torch.tensor(labels),
        torch.tensor([where.get(s, -1) for s in sources]),
        train.features[torch.from_numpy(chosen)],
        torch.from_numpy(train.photo_class[chosen]),
    )


def _pools(
    train: TrainingSet, recipe: EncoderRecipe
) -> list[tuple[float, Literal["drawings", "edges"] | list[list[Picture]]]]:
    """Share and content of what a batch is drawn from, without what the data at hand lacks."""
    named = {name for name, _ in recipe.shares}
    others = [of_class for source, pool in train.sketches.items() if source not in named for of_class in pool]
    pools: list[tuple[float, Literal["drawings", "edges"] | list[list[Picture]]]] = []
    for name, share in recipe.shares:
        if name == DRAWINGS:
            if train.drawings:
                pools.append((share, DRAWINGS))
        elif name == EDGES:
            if len(train.photos):
                pools.append((share, EDGES))
        elif pool := others if name == OTHERS else train.sketches.get(name):
            pools.append((share, pool))
    return pools
