"""Measures what each signal of the ranking is worth on a data folder, alone and fused, and which weights
serve best. Every signal comes from the very models and functions that answer a search.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sketch_app.deep_lane import SEED, STRENGTH
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
FUSED = "fused"
TITLES = {"sketch": "sketch", "generated": "generated", "class": "caption (class)", FUSED: "fused"}
"""Of the columns and rows that people read."""

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


@dataclass(frozen=True)
class GalleryVectors:
    """A gallery as each photo embedder of a set sees it."""

    photos: Embeddings
    imagined: Embeddings | None = None
    """For the imagined picture, and for sketches that lie in its space; None where neither is asked."""


def possible_signals(models: ModelSet) -> tuple[Signal, ...]:
    """What the models of a set have to say of a sketch that nobody has drawn before."""
    there = {
        Signal.SKETCH: True,
        Signal.CLASS: models.classes is not None,
        Signal.GENERATED: models.generator is not None and models.imagined is not None,
    }
    return tuple(signal for signal, has in there.items() if has)


def signal_models(models: ModelSet, signals: Sequence[Signal]) -> dict[str, str]:
    """Signal -> id of the model whose vectors it compares."""
    ids = dict.fromkeys((s.value for s in signals), models.photos.model_id)
    if models.imagined is not None:
        ids |= {s.value: models.imagined.model_id for s in _in_imagined_space(models, signals)}
    return ids


def _in_imagined_space(models: ModelSet, signals: Sequence[Signal]) -> list[Signal]:
    """The signals that compare vectors of `ModelSet.imagined`."""
    there = {Signal.GENERATED, Signal.SKETCH} if models.sketches is not None else {Signal.GENERATED}
    return [signal for signal in signals if signal in there]


def embed_gallery(
    models: ModelSet,
    data: SketchPhotoData,
    photos: Sequence[Picture],
    signals: Sequence[Signal],
    progress: Told,
) -> GalleryVectors:
    """The vectors of all photos, for some signals."""
    seen = _photo_vectors(models.photos, data, photos, "photos", progress)
    if models.imagined is None or not _in_imagined_space(models, signals):
        return GalleryVectors(seen)
    if models.second_embedder is None:
        return GalleryVectors(seen, seen)
    return GalleryVectors(seen, _photo_vectors(models.imagined, data, photos, "photos, deep lane", progress))


@dataclass(frozen=True)
class SketchSignals:
    """What some signals say of every photo for one sketch."""

    scores: Mapping[Signal, NDArray[np.float32]]
    """(photos,) each."""
    names: tuple[str, ...]
    """The classes that the sketch is named as, best first."""
    nameable: Set[str]
    """The classes that a sketch can be named as."""


def sketch_signals(
    models: ModelSet, gallery: GalleryVectors, picture: Grey, signals: Sequence[Signal]
) -> SketchSignals:
    """Ask a set of models about one sketch, as a search does."""
    reading = models.fast.read_sketch(picture)
    needs_words = Signal.CLASS in signals or Signal.GENERATED in signals
    names = models.captioner.name_sketch(picture) if models.captioner and needs_words else ()
    scores: dict[Signal, NDArray[np.float32]] = {}
    for signal in signals:
        if signal is Signal.SKETCH and models.sketches is not None and gallery.imagined is not None:
            scores[signal] = gallery.imagined @ models.sketches.encode_sketches([picture])[0]
        elif signal is Signal.SKETCH:
            scores[signal] = gallery.photos @ reading.embedding.reshape(-1)
        elif signal is Signal.CLASS and models.classes is not None:
            shares = class_shares(models.classes, reading, names)
            scores[signal] = models.classes.affinity(gallery.photos, shares)
        elif signal is Signal.GENERATED and gallery.imagined is not None:
            vector = _imagined_vector(models, picture, (names or reading.names)[0].sentence)
            scores[signal] = gallery.imagined @ vector.reshape(-1)
    said = tuple(name.class_name for name in (names or reading.names))
    return SketchSignals(scores, said, reading.shares.keys())


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
    from models.evaluation import query_picture

    signals = possible_signals(models)
    gallery = embed_gallery(models, data, photos, signals, progress)
    rows: dict[Signal, list[NDArray[np.float32]]] = {signal: [] for signal in signals}
    for done, sketch in enumerate(sketches, 1):
        said = sketch_signals(models, gallery, query_picture(data, sketch), signals)
        for signal in signals:
            rows[signal].append(said.scores[signal])
        progress("sketches", done, len(sketches))
    number = {c: i for i, c in enumerate(sorted({p.class_name for p in (*sketches, *photos)}))}
    return SignalScores(
        {signal: np.stack(row) for signal, row in rows.items()},
        np.array([number[s.class_name] for s in sketches]),
        np.array([number[p.class_name] for p in photos]),
        signal_models(models, signals),
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
    imagined = models.generator.generate(
        picture, prompt, seed=SEED, strength=STRENGTH, size=models.picture_side
    )
    return models.imagined.encode_photos([imagined])


def compare_signals(scores: SignalScores, weights: FusionWeights) -> tuple[SignalFigures, ...]:
    """Each signal alone, then all of them fused."""
    alone = [_figures(signal.value, values, scores, None) for signal, values in scores.signals.items()]
    fused = _fused(scores, weights)
    return (*alone, _figures(FUSED, fused, scores, scores.signals[Signal.SKETCH]))


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
