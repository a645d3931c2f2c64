"""Known answers, computed by hand, in every convention; and what holds for any ranking."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from models.evaluation import bootstrap_interval
from models.metrics import average_precision, hit_at, precision_at, rank_relevance, retrieval_figures

# Hits at ranks 1, 3 and 6: precisions 1, 2/3 and 1/2.
THREE_OF_SIX = np.array([[1, 0, 1, 0, 0, 1]], bool)
rankings = npst.arrays(bool, st.tuples(st.integers(1, 5), st.integers(1, 30)))


@pytest.mark.parametrize(
    ("k", "convention", "expected"),
    [
        (None, "all", (1 + 2 / 3 + 1 / 2) / 3),
        (4, "all", (1 + 2 / 3) / 3),
        (4, "min", (1 + 2 / 3) / 3),  # min(3 relevant, 4)
        (4, "hits", (1 + 2 / 3) / 2),
        (2, "all", 1 / 3),
        (2, "min", 1 / 2),
        (2, "hits", 1.0),
        (100, "all", (1 + 2 / 3 + 1 / 2) / 3),  # a gallery smaller than k
        (100, "min", (1 + 2 / 3 + 1 / 2) / 3),
    ],
)
def test_average_precision_by_hand(k, convention, expected):
    assert average_precision(THREE_OF_SIX, k, convention) == pytest.approx([expected])


def test_a_query_with_nothing_to_find_counts_as_nought_not_as_nan():
    ranked = np.array([[0, 0, 0], [1, 0, 0]], bool)
    for convention in ("all", "min", "hits"):
        assert average_precision(ranked, 2, convention).tolist() == [0.0, 1.0]


def test_precision_and_hits_at_k():
    ranked = np.array([[0, 0, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1]], bool)
    assert precision_at(ranked, 2).tolist() == [0.0, 0.0, 1.0]
    assert precision_at(ranked, 4).tolist() == [0.5, 0.0, 1.0]
    assert hit_at(ranked, 2).tolist() == [False, False, True]
    assert hit_at(ranked, 3).tolist() == [True, False, True]


def test_precision_at_k_divides_by_k_even_where_the_gallery_is_smaller():
    assert precision_at(np.array([[1, 1]], bool), 10).tolist() == [0.2]


def test_the_best_score_comes_first_and_ties_keep_the_gallerys_order():
    scores = np.array([[0.1, 0.9, 0.1, 0.1], [0.5, 0.5, 0.5, 0.5]], np.float32)
    gallery = np.array([7, 8, 9, 7])
    by_rank = rank_relevance(scores, np.array([7, 9]), gallery)
    assert by_rank.tolist() == [[False, True, False, True], [False, False, True, False]]


def test_ties_keep_the_order_of_a_large_gallery_too():
    """Sorting routines keep small arrays in order by chance."""
    scores = np.repeat(np.array([[0.2, 0.7, 0.2]], np.float32), 400, axis=1)
    gallery = np.arange(1200)
    order = np.concatenate([gallery[400:800], gallery[:400], gallery[800:]])
    assert rank_relevance(scores, np.array([13]), gallery)[0].tolist() == (order == 13).tolist()


def test_all_figures_of_a_run_of_two_queries():
    ranked = np.zeros((2, 300), bool)
    ranked[0, [0, 250]] = True  # one of two relevant items within the first 200
    ranked[1, 9] = True
    figures = retrieval_figures(ranked)
    assert (figures.queries, figures.gallery) == (2, 300)
    assert figures.map_all == pytest.approx(((1 + 2 / 251) / 2 + 1 / 10) / 2)
    assert figures.map_200_all == pytest.approx((1 / 2 + 1 / 10) / 2)
    assert figures.map_200_min == pytest.approx((1 / 2 + 1 / 10) / 2)
    assert figures.map_200_hits == pytest.approx((1 + 1 / 10) / 2)
    assert (figures.precision_10, figures.precision_100) == pytest.approx((0.1, 0.01))
    assert (figures.hit_1, figures.hit_5, figures.hit_10) == (0.5, 0.5, 1.0)
    assert figures.as_dict()["hit_10"] == 1.0


@given(rankings, st.one_of(st.none(), st.integers(1, 40)), st.sampled_from(["all", "min", "hits"]))
def test_average_precision_lies_between_0_and_1(ranked, k, convention):
    values = average_precision(ranked, k, convention)
    assert values.shape == (len(ranked),)
    assert ((values >= 0) & (values <= 1 + 1e-12)).all()


@given(rankings)
def test_a_perfect_ranking_gives_1_wherever_there_is_something_to_find(ranked):
    perfect = np.sort(ranked, axis=1)[:, ::-1]
    found = ranked.any(1)
    assert average_precision(perfect) == pytest.approx(found.astype(float))
    assert average_precision(perfect, 5, "min") == pytest.approx(found.astype(float))


@given(rankings, st.integers(1, 40))
def test_the_three_divisors_only_ever_raise_the_figure_in_their_order(ranked, k):
    of_all, of_min, of_hits = (average_precision(ranked, k, c) for c in ("all", "min", "hits"))
    assert (of_all <= of_min + 1e-12).all()
    assert (of_min <= of_hits + 1e-12).all()


@given(rankings)
def test_moving_a_relevant_item_up_never_lowers_the_figure(ranked):
    better = ranked.copy()
    for row in better:
        for i in range(1, len(row)):
            if row[i] and not row[i - 1]:
                row[i - 1], row[i] = True, False
                break
    assert (average_precision(better) >= average_precision(ranked) - 1e-12).all()


def test_the_bootstrap_interval_holds_the_mean_and_is_the_same_every_time():
    values = np.random.default_rng(3).random(200)
    low, high = bootstrap_interval(values)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(200), rel=0.15)
    assert bootstrap_interval(values) == (low, high)
