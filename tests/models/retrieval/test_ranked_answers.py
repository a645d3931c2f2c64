"""Scores whose answers were worked out by hand, in every convention; and what holds for any scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from models.metrics import average_precision, rank_relevance
from models.retrieval.ranked_answers import (
    INSTANCE_MEASURES,
    MEASURES,
    Confusion,
    Labels,
    class_means,
    confusions,
    join_answers,
    rank_answers,
)


def labels(query_class, photo_class, query_instance=None, photo_instance=None):
    numbers = [
        np.array(query_class),
        np.array(photo_class),
        np.full(len(query_class), -1) if query_instance is None else np.array(query_instance),
        np.arange(len(photo_class)) if photo_instance is None else np.array(photo_instance),
    ]
    return Labels(*(n.astype(np.int64) for n in numbers))


def ranked(scores, known):
    scores = np.asarray(scores, np.float32)
    return rank_answers(scores, known, slice(0, len(scores)))


def descending(*rows):
    """Scores that rank photo 0 first, 1 next, and so on, for each query."""
    return np.repeat(np.arange(len(rows[0]), 0, -1)[None], len(rows), axis=0)


def one_query(hits):
    """The measures of one query whose photos are right as `hits` says, in the order of the ranking."""
    known = labels([0], np.where(hits, 0, 1))
    answers = ranked(descending(hits), known)
    return {measure: answers.of(measure)[0] for measure in MEASURES}


def test_a_gallery_smaller_than_k():
    """Hits at ranks 1, 3 and 6 of 6: precisions 1, 2/3, 1/2."""
    found = one_query([1, 0, 1, 0, 0, 1])
    mean = (1 + 2 / 3 + 1 / 2) / 3
    for measure in ("map_all", "map_200_hits", "map_200_min", "map_200_all"):
        assert found[measure] == pytest.approx(mean)
    assert found["map_all_interpolated"] == pytest.approx(mean)  # each is the best from there on already
    assert (found["precision_10"], found["precision_100"], found["precision_200"]) == (0.3, 0.03, 0.015)
    assert (found["hit_1"], found["hit_5"], found["hit_10"]) == (1, 1, 1)


def test_more_than_200_photos_and_fewer_than_200_relevant():
    """Hits at ranks 2 and 3 and one beyond the first 200: three relevant, two found."""
    hits = np.zeros(300, bool)
    hits[[1, 2, 249]] = True
    found, summed = one_query(hits), 1 / 2 + 2 / 3
    assert found["map_all"] == pytest.approx((summed + 3 / 250) / 3)
    assert found["map_200_hits"] == pytest.approx(summed / 2)
    assert found["map_200_min"] == pytest.approx(summed / 3)
    assert found["map_200_all"] == pytest.approx(summed / 3)
    # Interpolated: rank 2 has precision 1/2, but 2/3 comes later.
    assert found["map_all_interpolated"] == pytest.approx((2 / 3 + 2 / 3 + 3 / 250) / 3)
    assert found["map_200_interpolated"] == pytest.approx((2 / 3 + 2 / 3) / 3)
    assert found["precision_100"] == 0.02
    assert found["precision_200"] == 0.01


def test_more_than_200_relevant():
    """Every second photo of 600 is right, beginning with the first: 300 relevant, 100 among the first 200."""
    hits = np.arange(600) % 2 == 0
    found = one_query(hits)
    summed = sum(n / (2 * n - 1) for n in range(1, 101))
    assert found["map_200_hits"] == pytest.approx(summed / 100)
    assert found["map_200_min"] == pytest.approx(summed / 200)
    assert found["map_200_all"] == pytest.approx(summed / 300)
    assert found["precision_200"] == 0.5


def test_nothing_relevant_is_nought_in_all_of_them():
    found = one_query([0, 0, 0])
    for measure in set(MEASURES) - set(INSTANCE_MEASURES):
        assert found[measure] == 0


def test_ties_are_ranked_in_the_gallerys_order():
    """Photos 1 and 3 are right, all score alike: ranks 2 and 4."""
    answers = ranked(np.zeros((1, 4)), labels([0], [1, 0, 1, 0]))
    assert answers.first[0].tolist() == [0, 1, 2, 3]
    assert answers.of("map_all")[0] == pytest.approx((1 / 2 + 2 / 4) / 2)


def test_a_photo_without_a_score_comes_last():
    answers = ranked([[np.nan, -5.0, 2.0]], labels([0], [0, 1, 1]))
    assert answers.first[0].tolist() == [2, 1, 0]


def test_the_very_photo_in_the_whole_gallery_and_in_its_class():
    """Query 0: its photo is third, and second of its class. Query 1: sixth, and first of its class. Query 2
    was drawn from a photo that is not there.
    """
    photo_class = [0, 1, 0, 1, 1, 2, 1]
    known = labels([0, 2, 1], photo_class, query_instance=[2, 5, -1])
    answers = ranked(descending(photo_class, photo_class, photo_class), known)
    assert known.has_instances
    assert answers.of("acc_1")[:2].tolist() == [0, 0]
    assert answers.of("acc_5")[:2].tolist() == [1, 0]
    assert answers.of("acc_1_in_class")[:2].tolist() == [0, 1]
    assert answers.of("acc_5_in_class")[:2].tolist() == [1, 1]
    assert np.isnan([answers.of(m)[2] for m in INSTANCE_MEASURES]).all()


def test_a_photo_in_two_files_is_found_with_the_first_of_them():
    known = labels([0], [0, 0, 0], query_instance=[7], photo_instance=[3, 7, 7])
    answers = ranked([[3.0, 1.0, 2.0]], known)
    assert answers.of("acc_1")[0] == 0
    assert answers.of("acc_5")[0] == 1


def test_numbers_below_nought_answer_nothing():
    answers = ranked([[1.0]], labels([-1], [-1], query_instance=[-1], photo_instance=[-1]))
    assert answers.of("map_all")[0] == 0
    assert np.isnan(answers.of("acc_1")[0])


def test_without_names_of_photos_there_are_no_instances():
    assert not labels([0], [0, 0]).has_instances
    assert not labels([0], [0, 0], query_instance=[9]).has_instances


def test_confusions_count_the_first_answer_only():
    """Three cats: two take a dog's photo for a cat's, one a cow's; a dog is right."""
    names = ["cat", "cow", "dog"]
    known = labels([0, 0, 0, 2], [0, 1, 2])
    answers = ranked([[0, 1, 2], [0, 1, 2], [0, 2, 1], [0, 1, 2]], known)
    assert confusions(answers, known, names) == (
        Confusion("cat", "dog", 2, 3),
        Confusion("cat", "cow", 1, 3),
    )
    table = class_means(answers, known, names)
    assert list(table) == ["cat", "dog"]  # nobody drew a cow
    assert table["cat"]["hit_1"] == 0
    assert table["dog"]["hit_1"] == 1
    assert table["cat"]["hit_5"] == 1


def test_blocks_of_queries_give_what_all_at_once_give():
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(20, 50)).astype(np.float32)
    known = labels(rng.integers(0, 4, 20), rng.integers(0, 4, 50), rng.integers(0, 50, 20))
    whole = ranked(scores, known)
    parts = [rank_answers(scores[i : i + 7], known, slice(i, i + 7)) for i in range(0, 20, 7)]
    np.testing.assert_array_equal(join_answers(parts).values, whole.values)
    np.testing.assert_array_equal(join_answers(parts).first, whole.first)


@given(st.integers(0, 10_000), st.integers(1, 300))
def test_scikit_learn_agrees_where_it_defines_the_same(seed, photos):
    """mAP@all, and mAP@200 over the relevant among the first 200; scores without ties."""
    rng = np.random.default_rng(seed)
    scores = rng.permutation(photos)[None].astype(np.float32)
    right = rng.random(photos) < 0.3
    answers = ranked(scores, labels([0], np.where(right, 0, 1)))
    top = np.argsort(-scores[0])[:200]
    if right.any():
        assert answers.of("map_all")[0] == pytest.approx(average_precision_score(right, scores[0]))
    if right[top].any():
        expected = average_precision_score(right[top], scores[0][top])
        assert answers.of("map_200_hits")[0] == pytest.approx(expected)


made = st.tuples(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 260))


def random_case(case):
    """Scores without ties, and labels."""
    seed, queries, photos = case
    rng = np.random.default_rng(seed)
    scores = rng.permuted(np.tile(np.arange(photos, dtype=np.float32), (queries, 1)), axis=1)
    known = labels(rng.integers(0, 3, queries), rng.integers(0, 3, photos), rng.integers(0, photos, queries))
    return rng, scores, known


@given(made)
def test_a_monotone_map_of_the_scores_changes_nothing(case):
    _, scores, known = random_case(case)
    before = ranked(scores, known)
    for mapped in (scores / 8 - 100, np.exp(scores / 64), scores**3):
        np.testing.assert_array_equal(ranked(mapped, known).values, before.values)


@given(made)
def test_the_gallerys_order_does_not_matter_where_nothing_ties(case):
    rng, scores, known = random_case(case)
    order = rng.permutation(scores.shape[1])
    moved = Labels(
        known.query_class, known.photo_class[order], known.query_instance, known.photo_instance[order]
    )
    np.testing.assert_allclose(
        ranked(scores[:, order], moved).values, ranked(scores, known).values, rtol=1e-12
    )


@given(made)
def test_interpolation_only_ever_raises_and_the_conventions_keep_their_order(case):
    _, scores, known = random_case(case)
    found = ranked(scores, known)
    assert (found.of("map_all_interpolated") >= found.of("map_all") - 1e-12).all()
    assert (found.of("map_200_interpolated") >= found.of("map_200_min") - 1e-12).all()
    assert (found.of("map_200_all") <= found.of("map_200_min") + 1e-12).all()
    assert (found.of("map_200_min") <= found.of("map_200_hits") + 1e-12).all()
    right = rank_relevance(scores, known.query_class, known.photo_class)
    np.testing.assert_allclose(found.of("map_all"), average_precision(right))
