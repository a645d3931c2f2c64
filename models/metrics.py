"""Retrieval metrics over a relevance matrix, in the conventions the literature mixes up. Numpy alone.

Every function takes `ranked`: (queries, gallery) bool, True where the item at that rank is relevant, best
rank first. A query without a relevant item counts as nought.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Convention = Literal["all", "min", "hits"]
"""What AP@k is divided by: all relevant items, min(relevant, k), or the hits among the first k."""


def rank_relevance(
    scores: NDArray[np.float32], query_classes: NDArray[np.int64], gallery_classes: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Sort each row of `scores` (queries, gallery) downwards and say which items share the query's class.

    Ties keep the gallery's order, so that the figures do not depend on the sorting routine.
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    return np.asarray(gallery_classes[order] == query_classes[:, None])


def average_precision(
    ranked: NDArray[np.bool_], k: int | None = None, convention: Convention = "all"
) -> NDArray[np.float64]:
    """AP of each query over its first `k` items (all when None): (queries,) in 0..1."""
    total = ranked.sum(1)
    top = ranked if k is None else ranked[:, :k]
    precision = np.cumsum(top, 1) / np.arange(1, top.shape[1] + 1)
    summed = (precision * top).sum(1)
    hits = top.sum(1)
    divisor = {"all": total, "min": np.minimum(total, top.shape[1]), "hits": hits}[convention]
    return np.asarray(np.divide(summed, divisor, out=np.zeros(len(ranked)), where=divisor > 0))


def precision_at(ranked: NDArray[np.bool_], k: int) -> NDArray[np.float64]:
    """P@k of each query: (queries,)."""
    return np.asarray(ranked[:, :k].sum(1) / k)


def hit_at(ranked: NDArray[np.bool_], k: int) -> NDArray[np.bool_]:
    """Whether each query has a relevant item among its first k: (queries,)."""
    return np.asarray(ranked[:, :k].any(1))


@dataclass(frozen=True, slots=True)
class RetrievalFigures:
    """Means over the queries, each in 0..1."""

    queries: int
    gallery: int
    map_all: float
    map_200_all: float
    map_200_min: float
    map_200_hits: float
    precision_10: float
    precision_100: float
    hit_1: float
    hit_5: float
    hit_10: float

    def as_dict(self) -> dict[str, float]:
        """For a JSON report."""
        return asdict(self)


def retrieval_figures(ranked: NDArray[np.bool_]) -> RetrievalFigures:
    """All figures of one run."""
    return RetrievalFigures(
        queries=ranked.shape[0],
        gallery=ranked.shape[1],
        map_all=float(average_precision(ranked).mean()),
        map_200_all=float(average_precision(ranked, 200, "all").mean()),
        map_200_min=float(average_precision(ranked, 200, "min").mean()),
        map_200_hits=float(average_precision(ranked, 200, "hits").mean()),
        precision_10=float(precision_at(ranked, 10).mean()),
        precision_100=float(precision_at(ranked, 100).mean()),
        hit_1=float(hit_at(ranked, 1).mean()),
        hit_5=float(hit_at(ranked, 5).mean()),
        hit_10=float(hit_at(ranked, 10).mean()),
    )
