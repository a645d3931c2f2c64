"""The fused ranking on a real gallery, whose vectors are chosen so that the right order can be computed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from index.gallery import Gallery
from index.indexer import Indexer
from sketch_app.fusion import FusionWeights, Signal
from sketch_app.ranking import DISLIKED_SHARE, Question, rank
from sketch_app.search_types import Feedback, Filters

PHOTOS = 40
FIRST, SECOND = "first", "second"
SIZES = {FIRST: 6, SECOND: 9}


def vectors(model):
    rows = np.random.default_rng(len(model)).normal(size=(PHOTOS, SIZES[model])).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float16).astype(np.float32)  # as the gallery keeps them


class Points:
    """Classes as the axes of the first space."""

    def query(self, shares):
        found = np.zeros(SIZES[FIRST], np.float32)
        for name, share in shares.items():
            found[int(name)] = share
        return found / np.linalg.norm(found)

    def affinity(self, photos, shares):
        return np.asarray(np.abs(photos) @ np.sqrt(self.query(shares)), np.float32)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A gallery with a vector of two models for each photo, and each photo's number in the vectors."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(PHOTOS):
        Image.new("RGB", (16, 16), (number, 0, 0)).save(folder / f"{number:02}.png")
    gallery = Gallery.open(tmp_path_factory.mktemp("gallery") / "gallery", write=True)
    for model, size in SIZES.items():
        rows = vectors(model)
        indexer = Indexer(
            gallery, lambda images, rows=rows: rows[[int(i[0, 0, 0]) for i in images]], model, size
        )
        indexer.run(folder)
    hits = gallery.search(FIRST, np.ones(SIZES[FIRST], np.float32), PHOTOS)
    number = {h.photo_id: int(gallery.locations(h.photo_id)[0].path.stem) for h in hits}
    assert sorted(number.values()) == list(range(PHOTOS))
    yield gallery, number
    gallery.close()


directions = st.lists(st.floats(-1, 1, width=32), min_size=9, max_size=9).filter(
    lambda v: np.linalg.norm(v[:6]) > 0.1
)
weights = st.floats(0, 2).map(lambda w: round(w, 2))


@given(directions, directions, st.tuples(weights, weights, weights, weights), st.integers(1, PHOTOS))
def test_the_order_is_that_of_the_weighted_mean_over_all_photos(filled, one, other, shares, limit):
    gallery, number = filled
    chosen = FusionWeights(*(shares if any(shares) else (1, 0, 0, 0)))
    sketch = np.array(one[:6], np.float32)
    sketch /= np.linalg.norm(sketch)
    imagined = np.array(other, np.float32)
    imagined /= np.linalg.norm(imagined)
    ids = {n: i for i, n in number.items()}
    feedback = Feedback((ids[3],), (ids[5], ids[7]))
    question = Question(
        FIRST,
        sketch=sketch,
        classes=Points(),
        shares={"0": 0.7, "2": 0.3},
        imagined=(SECOND, imagined),
        feedback=feedback,
    )
    found = rank(gallery, question, chosen, filters=Filters(), limit=limit)
    first, second = vectors(FIRST), vectors(SECOND)
    towards = first[3] - DISLIKED_SHARE * (first[5] + first[7]) / 2
    signals = {
        Signal.SKETCH: first @ sketch,
        Signal.CLASS: Points().affinity(first, question.shares),
        Signal.GENERATED: second @ imagined,
        Signal.PHOTO: first @ towards,
    }
    total = sum(chosen.of(s) for s in signals)
    expected = sum(chosen.of(s) / total * v for s, v in signals.items())
    told = set(range(PHOTOS)) - {3, 5, 7}
    best = sorted(told, key=lambda n: -expected[n])[:limit]
    np.testing.assert_allclose([r.score for r in found], expected[best], atol=2e-3)
    for result in found:
        for signal, values in signals.items():
            assert result.signals[signal.value] == pytest.approx(values[number[result.photo_id]], abs=2e-3)


def test_photos_that_one_model_has_not_seen_yet_are_ranked_by_the_other(filled, tmp_path):
    gallery, _ = filled
    sketch = np.eye(1, 6, dtype=np.float32)[0]
    question = Question(FIRST, sketch=sketch, imagined=("never seen", np.ones(3, np.float32)))
    found = rank(gallery, question, FusionWeights(generated=5), filters=Filters(), limit=5)
    plain = rank(gallery, Question(FIRST, sketch=sketch), FusionWeights(), filters=Filters(), limit=5)
    assert [r.photo_id for r in found] == [r.photo_id for r in plain]
    assert "generated" not in found[0].signals


def test_only_what_was_disliked_leaves_and_pushes_down_what_is_like_it(filled):
    gallery, _ = filled
    sketch = np.eye(1, 6, dtype=np.float32)[0]
    before = rank(gallery, Question(FIRST, sketch=sketch), FusionWeights(), filters=Filters(), limit=PHOTOS)
    no = before[0].photo_id
    asked = Question(FIRST, sketch=sketch, feedback=Feedback(disliked=(no,)))
    after = rank(gallery, asked, FusionWeights(), filters=Filters(), limit=PHOTOS)
    assert no not in [r.photo_id for r in after]
    assert len(after) == PHOTOS - 1
    former = {r.photo_id: r.score for r in before}
    assert all(
        r.score == pytest.approx(former[r.photo_id] + r.signals["photo"], abs=2e-3) for r in after
    )  # what is unlike the disliked photo keeps its score
    assert all(
        r.signals["photo"]
        == pytest.approx(
            -DISLIKED_SHARE * float(gallery.vector(r.photo_id, FIRST) @ gallery.vector(no, FIRST)), abs=2e-3
        )
        for r in after
    )


def test_a_question_that_knows_nothing_finds_nothing(filled):
    gallery, _ = filled
    assert rank(gallery, Question(FIRST), FusionWeights(), filters=Filters(), limit=5) == ()


def test_the_newest_word_on_a_photo_counts_and_the_same_again_takes_it_back():
    feedback = Feedback().like(1).like(2).dislike(3)
    assert (feedback.liked, feedback.disliked) == ((1, 2), (3,))
    assert feedback.dislike(1) == Feedback((2,), (3, 1))
    assert feedback.like(1) == Feedback((2,), (3,))
    assert not Feedback().like(1).like(1)
