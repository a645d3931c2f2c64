"""How far a figure could be from itself on other queries: the percentile bootstrap, seeded and vectorised.

Queries are drawn anew, with replacement; classes and gallery stay as they are, so the intervals say nothing
about another gallery. Percentile intervals after Efron and Tibshirani, An Introduction to the Bootstrap
(1993), chapter 13.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROUNDS = 2000
LEVEL = 0.95
_AT_ONCE = 4_000_000
"""Draws held in memory at a time."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over queries and its interval; all nan where nothing could be measured."""

    value: float
    low: float
    high: float
    queries: int
    """How many had a value."""


def estimates(
    values: NDArray[np.float64], *, rounds: int = ROUNDS, level: float = LEVEL, seed: int = 0
) -> tuple[Estimate, ...]:
    """The mean of each column and its interval. All columns see the same draws.

    A paired difference of two systems is a column of differences, query by query.

    Parameters
    ----------
    values : (queries, columns)
        nan where a query has no value; such queries are drawn like the others and do not count.
    rounds : int
        0 for no interval: `low` and `high` are then nan.
    """
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    counts = known.sum(0)
    means = _ratio(filled.sum(0), counts)
    low = high = np.full(values.shape[1], np.nan)
    drawn = _means(filled, known, rounds, seed)
    if len(drawn):
        rest = (1 - level) / 2
        for column in np.flatnonzero(counts):
            sure = drawn[np.isfinite(drawn[:, column]), column]
            low, high = low.copy(), high.copy()
            low[column], high[column] = np.quantile(sure, [rest, 1 - rest])
    return tuple(
        Estimate(float(m), float(a), float(b), int(n))
        for m, a, b, n in zip(means, low, high, counts, strict=True)
    )


def _means(
    filled: NDArray[np.float64], known: NDArray[np.bool_], rounds: int, seed: int
) -> NDArray[np.float64]:
    """(rounds, columns): the mean of each column in each round.

    A round is how often each query was drawn, so that all its means are one product of matrices.
    """
    queries, columns = filled.shape
    if not queries:
        return np.zeros((0, columns))
    rng = np.random.default_rng(seed)
    some_unknown = not known.all()
    means = np.empty((rounds, columns))
    step = max(1, _AT_ONCE // queries)
    for start in range(0, rounds, step):
        part = rng.integers(0, queries, (min(step, rounds - start), queries))
        offsets = np.arange(len(part))[:, None] * queries
        times = np.bincount((part + offsets).ravel(), minlength=len(part) * queries)
        times = times.reshape(len(part), queries).astype(np.float64)
        weight = times @ known.astype(np.float64) if some_unknown else np.full((len(part), columns), queries)
        means[start : start + step] = _ratio(times @ filled, weight)
    return means


def _ratio(above: NDArray[np.float64], below: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))
