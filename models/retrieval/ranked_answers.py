"""From scores to figures, some queries at a time, so that a gallery of any size fits: what each query is
worth in every measure, its first answers, and the tables over classes. Numpy alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.metrics import average_precision, hit_at, precision_at, ranking

DEPTH = 10
"""Answers kept of each query."""

CLASS_MEASURES: Mapping[str, str] = {
    "map_all": "mAP@all",
    "map_200_hits": "mAP@200 / relevant among the first 200",
    "map_200_min": "mAP@200 / min(200, relevant)",
    "map_200_all": "mAP@200 / all relevant",
    "map_all_interpolated": "mAP@all, interpolated",
    "map_200_interpolated": "mAP@200 / min(200, relevant), interpolated",
    "precision_10": "P@10",
    "precision_100": "P@100",
    "precision_200": "P@200",
    "hit_1": "hit@1",
    "hit_5": "hit@5",
    "hit_10": "hit@10",
}
"""A photo is right when its class is the sketch's; see `models.metrics` for the conventions."""

INSTANCE_MEASURES: Mapping[str, str] = {
    "acc_1": "Acc@1, the very photo, of the whole gallery",
    "acc_5": "Acc@5, the very photo, of the whole gallery",
    "acc_1_in_class": "Acc@1, the very photo, among those of its class",
    "acc_5_in_class": "Acc@5, the very photo, among those of its class",
}
"""Only the photo that a sketch was drawn from is right; nan where that is not in the gallery."""

MEASURES: Mapping[str, str] = {**CLASS_MEASURES, **INSTANCE_MEASURES}


@dataclass(frozen=True)
class Labels:
    """What answers what. Numbers below 0 answer nothing.

    Attributes
    ----------
    query_class, photo_class : (queries,), (photos,) int64
        A photo is right when its number is the query's.
    query_instance, photo_instance : (queries,), (photos,) int64
        The same for the photo that a sketch was drawn from. Two files of one photo have one number.
    """

    query_class: NDArray[np.int64]
    photo_class: NDArray[np.int64]
    query_instance: NDArray[np.int64]
    photo_instance: NDArray[np.int64]

    @property
    def has_instances(self) -> bool:
        """Whether any sketch's own photo is in the gallery."""
        wanted = self.query_instance[self.query_instance >= 0]
        return bool(np.isin(wanted, self.photo_instance).any())


@dataclass(frozen=True)
class RankedAnswers:
    """What the rankings of some queries are worth.

    Attributes
    ----------
    values : (queries, measures) float64
        In the order of `MEASURES`.
    first : (queries, up to `DEPTH`) int64
        Positions in the gallery of the first answers, best first.
    """

    values: NDArray[np.float64]
    first: NDArray[np.int64]

    def of(self, measure: str) -> NDArray[np.float64]:
        """One measure of each query: (queries,)."""
        return self.values[:, list(MEASURES).index(measure)]


def rank_answers(scores: NDArray[np.float32], labels: Labels, rows: slice) -> RankedAnswers:
    """Rank the gallery for the queries of `rows`.

    Parameters
    ----------
    scores : (len(rows), photos) float32
        Ties are ranked in the gallery's order, see `models.metrics.ranking`.
    """
    order = ranking(scores)
    wanted = labels.query_class[rows, None]
    right = (labels.photo_class[order] == wanted) & (wanted >= 0)
    own = labels.query_instance[rows, None]
    itself = (labels.photo_instance[order] == own) & (own >= 0)
    by_class = [
        average_precision(right),
        average_precision(right, 200, "hits"),
        average_precision(right, 200, "min"),
        average_precision(right, 200, "all"),
        average_precision(right, interpolated=True),
        average_precision(right, 200, "min", interpolated=True),
        *(precision_at(right, k) for k in (10, 100, 200)),
        *(hit_at(right, k).astype(np.float64) for k in (1, 5, 10)),
    ]
    values = np.column_stack([*by_class, *_instance_values(right, itself)])
    return RankedAnswers(values, order[:, :DEPTH])


def _instance_values(right: NDArray[np.bool_], itself: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    there = itself.any(1)
    place = itself.argmax(1)  # of the first file of the photo
    before = np.cumsum(right | itself, 1) - 1
    in_class = before[np.arange(len(itself)), place]
    return [np.where(there, at < k, np.nan) for at in (place, in_class) for k in (1, 5)]


def join_answers(parts: Sequence[RankedAnswers]) -> RankedAnswers:
    """The answers of successive queries as one."""
    return RankedAnswers(np.concatenate([p.values for p in parts]), np.concatenate([p.first for p in parts]))


def class_means(
    answers: RankedAnswers, labels: Labels, classes: Sequence[str]
) -> dict[str, dict[str, float]]:
    """The mean of each measure over each class's queries; classes without a query are left out."""
    table = {}
    for number, name in enumerate(classes):
        rows = labels.query_class == number
        if rows.any():
            values = answers.values[rows]
            known = np.isfinite(values)
            sums, counts = np.where(known, values, 0).sum(0), known.sum(0)
            means = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
            table[name] = dict(zip(MEASURES, means.tolist(), strict=True))
    return table


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often the first answer to sketches of one class was a photo of another."""

    drawn: str
    found: str
    times: int
    of: int
    """Sketches of the class."""


def confusions(answers: RankedAnswers, labels: Labels, classes: Sequence[str]) -> tuple[Confusion, ...]:
    """The classes that are taken for others at the first place, the most frequent first."""
    found = labels.photo_class[answers.first[:, 0]]
    asked = np.bincount(labels.query_class, minlength=len(classes))
    pairs, times = np.unique(np.stack([labels.query_class, found]), axis=1, return_counts=True)
    wrong = [
        Confusion(classes[a], classes[b], int(n), int(asked[a]))
        for a, b, n in zip(*pairs.tolist(), times, strict=True)
        if a != b
    ]
    return tuple(sorted(wrong, key=lambda c: (-c.times, c.drawn, c.found)))
