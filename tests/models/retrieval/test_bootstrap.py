"""Intervals that cover what they promise, and that are the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from models.evaluation import bootstrap_interval
from models.retrieval import bootstrap
from models.retrieval.bootstrap import estimates


def test_a_column_gets_the_interval_that_the_model_card_was_made_with():
    values = np.random.default_rng(3).random((200, 1))
    (found,) = estimates(values)
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx(bootstrap_interval(values[:, 0]))
    assert found.queries == 200
    assert estimates(values)[0] == found


def test_little_memory_gives_the_same_draws(monkeypatch):
    values = np.random.default_rng(4).random((50, 2))
    whole = estimates(values, rounds=300)
    monkeypatch.setattr(bootstrap, "_AT_ONCE", 170)  # three rounds at a time
    for found, expected in zip(estimates(values, rounds=300), whole, strict=True):
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_95_of_100_intervals_hold_the_true_mean():
    """400 samples of 80 from an exponential distribution of mean 1. The percentile interval is known to cover
    a little less than it says where the distribution is skewed.
    """
    rng = np.random.default_rng(0)
    covered = [
        found.low <= 1 <= found.high
        for found in estimates(rng.exponential(size=(80, 400)), rounds=1000, seed=1)
    ]
    assert 0.90 <= np.mean(covered) <= 0.98


def test_a_paired_difference_is_surer_than_two_means_apart():
    """Two systems on the same queries: hard for one is hard for the other."""
    rng = np.random.default_rng(5)
    one = rng.random(300)
    other = one + 0.02 + rng.normal(0, 0.02, 300)
    first, second, gain = estimates(np.column_stack([one, other, other - one]))
    assert first.high > second.low  # each alone says nothing
    assert gain.low > 0
    assert gain.value == pytest.approx(second.value - first.value)


def test_queries_without_a_value_do_not_count():
    values = np.array([[1.0, np.nan], [0.0, 1.0], [1.0, np.nan], [0.0, 0.5]])
    both, some = estimates(values, rounds=500)
    assert (both.value, both.queries) == (0.5, 4)
    assert (some.value, some.queries) == (0.75, 2)
    assert 0.5 <= some.low <= some.high <= 1


def test_nothing_known_is_nan_and_no_rounds_give_no_interval():
    (none,) = estimates(np.full((3, 1), np.nan))
    assert np.isnan([none.value, none.low, none.high]).all()
    assert none.queries == 0
    (plain,) = estimates(np.ones((3, 1)), rounds=0)
    assert plain.value == 1
    assert np.isnan([plain.low, plain.high]).all()
