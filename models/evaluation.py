"""Measures a shipped encoder on a data folder, through the very calls the program makes.

Training measures itself with `models.training.encoder_validation`; this is what a figure in a model card
comes from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.embedded import EmbeddedEncoder
from models.metrics import (
    RetrievalFigures,
    average_precision,
    hit_at,
    rank_relevance,
    retrieval_figures,
)
from models.training import augment
from models.training.dataset import DatasetError, Picture, SketchPhotoData, Split
from models.training.encoder_validation import QUERY_SIDE

_BATCH = 64


def shipped_split() -> Path:
    """The split that the weights which come with the program were trained on."""
    return Path(str(resources.files("models"))) / "training" / "splits" / "encoder.json"


@dataclass(frozen=True)
class ClassFigures:
    """One class's share of the figures."""

    class_name: str
    queries: int
    relevant: int
    map_all: float
    hit_5: float


@dataclass(frozen=True)
class Evaluation:
    """A run of queries against a gallery."""

    title: str
    figures: RetrievalFigures
    interval_map: tuple[float, float]
    """95 % bootstrap interval of mAP@all over the queries."""
    interval_hit_5: tuple[float, float]
    named_1: float
    """Share of the queries whose class is named first; nan where no query's class can be named."""
    named_5: float
    per_class: tuple[ClassFigures, ...]
    examples: tuple[tuple[str, tuple[str, ...], tuple[bool, ...]], ...]
    """Some queries with their first photos, by name, and which of those are right."""


def evaluate_retrieval(
    data: SketchPhotoData,
    encoder: EmbeddedEncoder,
    sketches: list[Picture],
    photos: list[Picture],
    *,
    title: str,
    progress: Callable[[str, int, int], None],
) -> Evaluation:
    """Rank `photos` for each of `sketches`; a photo is relevant when its class is the sketch's.

    Raises
    ------
    DatasetError
        There is no sketch or no photo to measure with, or one cannot be read.
    """
    if not sketches or not photos:
        raise DatasetError(f"{data.folder} has no {title} to measure with, or no photos for them.")
    pictures = [query_picture(data, s) for s in sketches]
    queries, named = [], []
    for start in range(0, len(pictures), _BATCH):
        part = pictures[start : start + _BATCH]
        queries.append(encoder.encode_sketches(part))
        named += encoder.name_sketches(part)
        progress("sketches", min(start + _BATCH, len(pictures)), len(pictures))
    gallery = []
    for start in range(0, len(photos), _BATCH):
        part_photos = [data.photo_files.rgb(p.name) for p in photos[start : start + _BATCH]]
        gallery.append(encoder.encode_photos(part_photos))
        progress("photos", min(start + _BATCH, len(photos)), len(photos))
    classes = sorted({p.class_name for p in (*sketches, *photos)})
    number = {c: i for i, c in enumerate(classes)}
    query_class = np.array([number[s.class_name] for s in sketches])
    photo_class = np.array([number[p.class_name] for p in photos])
    scores = np.concatenate(queries) @ np.concatenate(gallery).T
    ranked = rank_relevance(scores, query_class, photo_class)
    precision, hits = average_precision(ranked), hit_at(ranked, 5)
    nameable = [i for i, s in enumerate(sketches) if s.class_name in encoder.classes]
    firsts = [[g.class_name for g in named[i]] for i in nameable]
    truth = [sketches[i].class_name for i in nameable]
    return Evaluation(
        title,
        retrieval_figures(ranked),
        bootstrap_interval(precision),
        bootstrap_interval(hits.astype(np.float64)),
        _share([t == f[0] for t, f in zip(truth, firsts, strict=True)]),
        _share([t in f for t, f in zip(truth, firsts, strict=True)]),
        tuple(
            ClassFigures(
                c,
                int(rows.sum()),
                int((photo_class == number[c]).sum()),
                float(precision[rows].mean()),
                float(hits[rows].mean()),
            )
            for c in classes
            if (rows := query_class == number[c]).any()
        ),
        _examples(scores, sketches, photos),
    )


def query_picture(data: SketchPhotoData, sketch: Picture) -> NDArray[np.uint8]:
    """A sketch of a data folder as the models are asked about it: (side, side) uint8, cut to its ink."""
    return augment.crop_to_ink(data.sketch_files.grey(sketch.name), QUERY_SIDE)


def _share(right: list[bool]) -> float:
    return float(np.mean(right)) if right else float("nan")


def _examples(
    scores: NDArray[np.float32], sketches: list[Picture], photos: list[Picture], count: int = 24
) -> tuple[tuple[str, tuple[str, ...], tuple[bool, ...]], ...]:
    """Queries taken evenly from the list, so that nobody has chosen the good ones."""
    rows = []
    for i in np.linspace(0, len(sketches) - 1, min(count, len(sketches))).astype(int):
        first = np.argsort(-scores[i], kind="stable")[:6]
        right = tuple(photos[j].class_name == sketches[i].class_name for j in first)
        rows.append((sketches[i].name, tuple(photos[j].name for j in first), right))
    return tuple(rows)


def bootstrap_interval(
    values: NDArray[np.float64], *, rounds: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """95 % percentile interval of the mean, resampling the queries."""
    rng = np.random.default_rng(seed)
    means = values[rng.integers(0, len(values), (rounds, len(values)))].mean(1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def held_back(data: SketchPhotoData, split: Split) -> tuple[list[Picture], list[Picture]]:
    """Validation sketches drawn from photos, and the validation gallery (every photo where the split names
    none); unseen classes in neither.

    Raises
    ------
    DatasetError
        Sketches or photos of the split are not there.
    """
    photo = {p.name: p for p in data.photos}
    absent = [n for n in split.gallery_photos if n not in photo]
    if absent:
        raise DatasetError(
            f"{data.folder} lacks {len(absent)} photos of the split ({absent[0]}, ...): give the split of "
            "this data folder."
        )
    sketches = [
        s
        for s in data.sketches
        if s.measures and s.name in split.validation_sketches and s.class_name not in split.unseen_classes
    ]
    gallery = split.gallery_photos or tuple(photo)
    return sketches, [photo[n] for n in gallery if photo[n].class_name not in split.unseen_classes]


def of_unseen_classes(data: SketchPhotoData, split: Split) -> tuple[list[Picture], list[Picture]]:
    """All sketches drawn from photos of the unseen classes, and all photos of those classes."""
    sketches = [s for s in data.sketches if s.measures and s.class_name in split.unseen_classes]
    photos = [p for p in data.photos if p.class_name in split.unseen_classes]
    return sketches, photos
