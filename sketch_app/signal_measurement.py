"""Measures what each signal of the ranking is worth on a data folder, alone and fused, and which weights
serve best. Every signal comes from the very models and functions that answer a search.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sketch_app.deep_lane import SEED, SIDE, STRENGTH
from sketch_app.errors import SketchAppError
from sketch_app.fusion import FusionWeights, Signal, fuse
from sketch_app.model_sets import ModelSet
from sketch_app.protocols import Embeddings, Grey, PhotoEncoder
from sketch_app.search import class_shares

if TYPE_CHECKING:
    from models.metrics import RetrievalFigures
    from models.training.dataset import Picture, SketchPhotoData

GRID = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0, 4.0)
"""Weights tried for each signal beside the sketch's, which stays 1."""
_BATCH = 32
_FUSED = "fused"

Told = Callable[[str, int, int], None]
"""Called with what is being done, how many are done, and of how many."""


@dataclass(frozen=True)
class SignalScores:
    """What every signal says of every photo for every sketch.

    Attributes
    ----------
    signals : mapping of (queries, photos) float32
    query_class, photo_class : (queries,), (photos,) int64
        A photo answers a sketch when their numbers are the same.
    models : mapping
        Signal -> id of the model whose vectors it compares.
    """

    signals: Mapping[Signal, NDArray[np.float32]]
    query_class: NDArray[np.int64]
    photo_class: NDArray[np.int64]
    models: Mapping[str, str]


@dataclass(frozen=True)
class SignalFigures:
    """One row of the comparison."""

    name: str
    figures: RetrievalFigures
    interval_map: tuple[float, float]
    """95 % bootstrap interval of mAP@all over the queries."""
    interval_hit_5: tuple[float, float]
    gain: tuple[float, float, float] | None = None
    """mAP@all less the sketch's alone, and the 95 % interval of that difference (paired bootstrap)."""


@dataclass(frozen=True)
class CalibrationOutcome:
    """The weights found, and what they are worth on sketches that did not choose them."""

    weights: FusionWeights
    rows: tuple[SignalFigures, ...]
    """Each signal alone, and fused with `weights`: measured where they were chosen, hence a little kind."""
    held_out_map: float
    held_out_hit_5: float
    """Of the fused ranking, each half of the sketches with the weights that the other half chose."""


def measure_signals(
    models: ModelSet,
    data: SketchPhotoData,
    sketches: Sequence[Picture],
    photos: Sequence[Picture],
    progress: Told,
) -> SignalScores:
    """Run the models of a set over held-back sketches and photos.

    Raises
    ------
    SketchAppError
        There is nothing to measure with.
    """
    if not sketches or not photos:
        raise SketchAppError(f"{data.folder} has no held-back sketches or no photos for them.")
    gallery = _photo_vectors(models.photos, data, photos, "photos", progress)
    from models.evaluation import query_picture

    pictures = [query_picture(data, sketch) for sketch in sketches]
    sketch_rows, class_rows, imagined = [], [], []
    deep = models.generator is not None and models.imagined is not None
    for done, picture in enumerate(pictures, 1):
        reading = models.fast.read_sketch(picture)
        sketch_rows.append(gallery @ reading.embedding.reshape(-1))
        names = models.captioner.name_sketch(picture) if models.captioner else ()
        if models.classes is not None:
            shares = class_shares(models.classes, reading, names)
            class_rows.append(models.classes.affinity(gallery, shares))
        if deep:
            prompt = (names or reading.names)[0].sentence
            imagined.append(_imagined_vector(models, picture, prompt))
        progress("sketches", done, len(pictures))
    signals = {Signal.SKETCH: np.stack(sketch_rows)}
    ids = {Signal.SKETCH.value: models.photos.model_id}
    if class_rows:
        signals[Signal.CLASS] = np.stack(class_rows)
        ids[Signal.CLASS.value] = models.photos.model_id
    if imagined and models.imagined is not None:
        deep_gallery = _photo_vectors(models.imagined, data, photos, "photos, deep lane", progress)
        signals[Signal.GENERATED] = np.concatenate(imagined) @ deep_gallery.T
        ids[Signal.GENERATED.value] = models.imagined.model_id
    number = {c: i for i, c in enumerate(sorted({p.class_name for p in (*sketches, *photos)}))}
    return SignalScores(
        signals,
        np.array([number[s.class_name] for s in sketches]),
        np.array([number[p.class_name] for p in photos]),
        ids,
    )


def _photo_vectors(
    encoder: PhotoEncoder, data: SketchPhotoData, photos: Sequence[Picture], title: str, progress: Told
) -> Embeddings:
    rows = []
    for start in range(0, len(photos), _BATCH):
        part = photos[start : start + _BATCH]
        rows.append(encoder.encode_photos([data.photo_files.rgb(p.name) for p in part]))
        progress(title, min(start + _BATCH, len(photos)), len(photos))
    return np.concatenate(rows)


def _imagined_vector(models: ModelSet, picture: Grey, prompt: str) -> Embeddings:
    assert models.generator is not None and models.imagined is not None
    imagined = models.generator.generate(picture, prompt, seed=SEED, strength=STRENGTH, size=SIDE)
    return models.imagined.encode_photos([imagined])


def compare_signals(scores: SignalScores, weights: FusionWeights) -> tuple[SignalFigures, ...]:
    """Each signal alone, then all of them fused."""
    alone = [_figures(signal.value, values, scores, None) for signal, values in scores.signals.items()]
    fused = _fused(scores, weights)
    return (*alone, _figures(_FUSED, fused, scores, scores.signals[Signal.SKETCH]))


def _fused(scores: SignalScores, weights: FusionWeights) -> NDArray[np.float32]:
    rows = range(len(scores.query_class))
    return np.stack([fuse({s: v[i] for s, v in scores.signals.items()}, weights) for i in rows])


def _figures(
    name: str,
    values: NDArray[np.float32],
    scores: SignalScores,
    baseline: NDArray[np.float32] | None,
) -> SignalFigures:
    from models.evaluation import bootstrap_interval
    from models.metrics import average_precision, hit_at, rank_relevance, retrieval_figures

    ranked = rank_relevance(values, scores.query_class, scores.photo_class)
    precision = average_precision(ranked)
    gain = None
    if baseline is not None:
        before = average_precision(rank_relevance(baseline, scores.query_class, scores.photo_class))
        gain = (float((precision - before).mean()), *bootstrap_interval(precision - before))
    return SignalFigures(
        name,
        retrieval_figures(ranked),
        bootstrap_interval(precision),
        bootstrap_interval(hit_at(ranked, 5).astype(np.float64)),
        gain,
    )


def calibrate(scores: SignalScores, *, seed: int = 0) -> CalibrationOutcome:
    """The weights with the best mean of mAP@all (the whole order) and hit@5 (what a person sees first).

    Of equally good weights the smaller ones win: a signal that does not help counts for nothing.
    """
    from models.metrics import average_precision, hit_at, rank_relevance

    others = [s for s in scores.signals if s is not Signal.SKETCH]
    grid = [
        FusionWeights(class_=chosen.get(Signal.CLASS, 0.0), generated=chosen.get(Signal.GENERATED, 0.0))
        for values in sorted(itertools.product(GRID, repeat=len(others)), key=sum)
        for chosen in [dict(zip(others, values, strict=True))]
    ]
    precision, hits = [], []
    for weights in grid:
        ranked = rank_relevance(_fused(scores, weights), scores.query_class, scores.photo_class)
        precision.append(average_precision(ranked))
        hits.append(hit_at(ranked, 5))
    per_query = np.stack(precision), np.stack(hits).astype(np.float64)
    both = (per_query[0] + per_query[1]) / 2
    order = np.random.default_rng(seed).permutation(both.shape[1])
    halves = np.array_split(order, 2)
    held_out = [0.0, 0.0]
    for one, other in (halves, halves[::-1]):
        best = int(both[:, one].mean(1).argmax()) if len(one) else 0
        for i, values in enumerate(per_query):
            held_out[i] += float(values[best, other].sum()) / both.shape[1]
    weights = grid[int(both.mean(1).argmax())]
    return CalibrationOutcome(weights, compare_signals(scores, weights), held_out[0], held_out[1])
