"""Retrieval metrics over a relevance matrix, in the conventions the literature mixes up. Numpy alone.

Every function but `rank_relevance` takes `ranked`: (queries, gallery) bool, True where the item at that rank
is relevant, best rank first. A query without a relevant item counts as nought.

mAP@200 is published in several conventions. They differ in what the summed precisions are divided by, and
agree only where every class has at least 200 photos, all of them found among the first 200:

- "hits": by the relevant items among the first 200. scikit-learn's ``average_precision_score`` over the first
  200, as SEM-PCYC computes it (GitHub AnjanDutta/sem-pcyc, src/utils.py, ``apsak``), and TorchMetrics'
  ``retrieval_average_precision(top_k=200)``, used by the work around CLIP (GitHub aneeshan95/Sketch_LVM).
- "min": by min(200, relevant items in the gallery). SAKE (GitHub qliu24/SAKE, ``eval_AP_inner``), and from it
  ZSE-SBIR (GitHub buptLinfy/ZSE-SBIR, utils/ap.py); both with `interpolated` precision. The code of the CVAE
  that introduced the measure divides by 200 whatever there is (GitHub ShivaKrishnaM/ZS-SBIR,
  trainCVAE_pre.py): the same where each class has 200 photos.
- "all": by all relevant items in the gallery: the textbook's AP cut off at 200.

P@k, too: SAKE divides by min(k, gallery), ZSE-SBIR by min(k, relevant items), here it is always k. All three
agree where a class has at least k photos.
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
    order = ranking(scores)
    return np.asarray(gallery_classes[order] == query_classes[:, None])


def ranking(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """Positions in the gallery, best first: (queries, gallery).

    A stable sort: items with the same score stay in the gallery's order, which is the same on every machine
    where the gallery is sorted by name. Items without a score (NaN) come last.
    """
    return np.argsort(-scores, axis=1, kind="stable")


def average_precision(
    ranked: NDArray[np.bool_],
    k: int | None = None,
    convention: Convention = "all",
    *,
    interpolated: bool = False,
) -> NDArray[np.float64]:
    """AP of each query over its first `k` items (all when None): (queries,) in 0..1.

    Parameters
    ----------
    interpolated : bool
        Each precision is the best at its rank or any later one, as in the PASCAL VOC challenge from 2010 on
        (Everingham et al. 2015). It only ever raises the figure.
    """
    total = ranked.sum(1)
    top = ranked if k is None else ranked[:, :k]
    precision = np.cumsum(top, 1) / np.arange(1, top.shape[1] + 1)
    if interpolated:
        precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    summed = (precision * top).sum(1)
    hits = top.sum(1)
    divisor = {"all": total, "min": np.minimum(total, top.shape[1]), "hits": hits}[convention]
    return np.asarray(np.divide(summed, divisor, out=np.zeros(len(ranked)), where=divisor > 0))


def precision_at(ranked: NDArray[np.bool_], k: int) -> NDArray[np.float64]:
    """P@k of each query, the share of the first `k` places that are right: (queries,).

    Places that a smaller gallery does not fill are wrong.
    """
    return np.asarray(ranked[:, :k].sum(1) / k)


def hit_at(ranked: NDArray[np.bool_], k: int) -> NDArray[np.bool_]:
    """Whether each query has a relevant item among its first k: (queries,).

    Where the one relevant item is the photo that a sketch was drawn from, its mean is the Acc@k of
    fine-grained retrieval (Yu et al., Sketch Me That Shoe, CVPR 2016).
    """
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
