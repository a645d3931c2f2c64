"""Runs a set of models over a benchmark, signal by signal, and gathers the figures. Tables and files are
`sketch_app.evaluation_report`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sketch_app.errors import SketchAppError
from sketch_app.fusion import Calibration, Signal, fuse
from sketch_app.model_sets import EmbeddedModels, ModelSet
from sketch_app.signal_measurement import (
    FUSED,
    Told,
    embed_gallery,
    possible_signals,
    signal_models,
    sketch_signals,
)

if TYPE_CHECKING:
    from models.retrieval.benchmarks import Benchmark
    from models.retrieval.bootstrap import Estimate
    from models.retrieval.ranked_answers import Labels, RankedAnswers

_BLOCK = 64
"""Queries ranked at a time."""
_SIZES_OF = 100
"""Photos whose size is looked at."""


@dataclass(frozen=True)
class SignalRow:
    """One signal, or all of them fused.

    Attributes
    ----------
    figures : mapping
        Measure of `models.retrieval.ranked_answers.MEASURES` -> mean and interval.
    gain : mapping
        The same for the difference to the sketch alone, query by query (paired bootstrap); empty for the
        sketch itself, and where it was not asked.
    """

    name: str
    answers: RankedAnswers
    figures: Mapping[str, Estimate]
    gain: Mapping[str, Estimate]


@dataclass(frozen=True)
class Taught:
    """What weights were taught, as far as they say it themselves.

    Attributes
    ----------
    drawn : frozenset of str
        Classes that a sketch can be named as.
    photographed : frozenset of str
        Further classes, of photos alone.
    """

    drawn: frozenset[str]
    photographed: frozenset[str]

    def among(self, classes: Sequence[str], *, drawn: bool = False) -> tuple[str, ...]:
        """Those of `classes` that were taught, under whatever spelling; with `drawn`, as drawings."""
        from models.retrieval.class_folding import same_classes

        own = self.drawn if drawn else self.drawn | self.photographed
        known = {b for _, b in same_classes(own, classes)}
        return tuple(c for c in classes if c in known)


@dataclass(frozen=True)
class BenchmarkResult:
    """All that one run gave.

    Attributes
    ----------
    models : mapping
        Signal -> id of the model whose vectors it compares.
    rows : tuple of SignalRow
        In the order sketch, generated, class, fused.
    named_1, named_5 : float
        Share of the sketches whose class is named first, among five; nan where none can be named.
    taught : Taught, optional
        None where the weights do not say.
    photo_side : int
        Median of the shorter side of the photos, in pixels.
    """

    benchmark: Benchmark
    labels: Labels
    set_name: str
    models: Mapping[str, str]
    calibration: Calibration
    rows: tuple[SignalRow, ...]
    named_1: float
    named_5: float
    taught: Taught | None
    photo_side: int


def chosen_signals(asked: str | None, models: ModelSet) -> tuple[str, ...]:
    """The rows of the table, from ``--signals``: all that the models have when not given.

    Raises
    ------
    SketchAppError
        A name is unknown, or the models have no such signal.
    """
    order = (Signal.SKETCH.value, Signal.GENERATED.value, Signal.CLASS.value, FUSED)
    there = {s.value for s in possible_signals(models)} | {FUSED}
    if asked is None:
        return tuple(name for name in order if name in there)
    names = [name.strip() for name in asked.split(",") if name.strip()]
    unknown = [name for name in names if name not in order]
    if unknown or not names:
        raise SketchAppError(f"There is no signal “{', '.join(unknown)}”: choose among {', '.join(order)}.")
    missing = [name for name in names if name not in there]
    if missing:
        raise SketchAppError(
            f"The set “{models.name}” has nothing that gives the signal “{missing[0]}”: leave it out, or "
            "choose another set with --models."
        )
    return tuple(name for name in order if name in names)


def run_benchmark(
    models: ModelSet,
    benchmark: Benchmark,
    calibration: Calibration,
    *,
    rows: Sequence[str],
    rounds: int,
    taught: Taught | None,
    progress: Told,
) -> BenchmarkResult:
    """Rank the gallery for every sketch by every signal; memory for `_BLOCK` sketches at a time.

    Parameters
    ----------
    calibration : Calibration
        Its weights fuse the signals.
    rows : sequence of str
        As `chosen_signals` gives them.
    rounds : int
        Of the bootstrap; 0 for no intervals.

    Raises
    ------
    SketchAppError, models.errors.ModelError, models.training.dataset.DatasetError
        Each with a sentence.
    """
    from models.evaluation import query_picture
    from models.retrieval.ranked_answers import join_answers, rank_answers

    data, queries = benchmark.data, benchmark.queries
    labels = benchmark.labels()
    asked = tuple(s for s in possible_signals(models) if FUSED in rows or s.value in rows)
    gallery = embed_gallery(models, data, benchmark.gallery, asked, progress)
    parts: dict[str, list[RankedAnswers]] = {name: [] for name in rows}
    named: list[tuple[bool, bool]] = []
    for start in range(0, len(queries), _BLOCK):
        block = queries[start : start + _BLOCK]
        scores: dict[str, list[NDArray[np.float32]]] = {name: [] for name in rows}
        for offset, sketch in enumerate(block, 1):
            said = sketch_signals(models, gallery, query_picture(data, sketch), asked)
            for name in rows:
                scores[name].append(
                    fuse(said.scores, calibration.weights) if name == FUSED else said.scores[Signal(name)]
                )
            if sketch.class_name in said.nameable:
                named.append((said.names[:1] == (sketch.class_name,), sketch.class_name in said.names[:5]))
            progress("sketches", start + offset, len(queries))
        where = slice(start, start + len(block))
        for name in rows:
            parts[name].append(rank_answers(np.stack(scores[name]), labels, where))
    answers = {name: join_answers(part) for name, part in parts.items()}
    return BenchmarkResult(
        benchmark,
        labels,
        models.name,
        signal_models(models, asked),
        calibration,
        _rows(answers, rounds),
        float(np.mean([n[0] for n in named])) if named else float("nan"),
        float(np.mean([n[1] for n in named])) if named else float("nan"),
        taught,
        _photo_side(benchmark),
    )


def _rows(answers: Mapping[str, RankedAnswers], rounds: int) -> tuple[SignalRow, ...]:
    from models.retrieval.bootstrap import estimates
    from models.retrieval.ranked_answers import MEASURES

    first = answers.get(Signal.SKETCH.value)
    rows = []
    for name, found in answers.items():
        figures = dict(zip(MEASURES, estimates(found.values, rounds=rounds), strict=True))
        gain: dict[str, Estimate] = {}
        if first is not None and found is not first:
            gained = estimates(found.values - first.values, rounds=rounds)
            gain = dict(zip(MEASURES, gained, strict=True))
        rows.append(SignalRow(name, found, figures, gain))
    return tuple(rows)


def _photo_side(benchmark: Benchmark) -> int:
    photos = benchmark.gallery
    some = np.linspace(0, len(photos) - 1, min(_SIZES_OF, len(photos))).astype(int)
    sides = [min(benchmark.data.photo_files.rgb(photos[i].name).shape[:2]) for i in some]
    return int(np.median(sides))


def taught_classes(models: ModelSet) -> Taught | None:
    """What a set's encoder was taught; None where its sketches or photos are another model's."""
    if models.sketches is not None or not isinstance(models.photos, EmbeddedModels):
        return None  # an adapter of the person's own making, or no encoder in this layout
    classes = models.photos.taught
    return None if classes is None else Taught(*classes)
