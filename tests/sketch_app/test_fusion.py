"""Weights of the ranking: where they come from, and one score from several signals."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketch_app.errors import SketchAppError
from sketch_app.fusion import (
    Calibration,
    FusionWeights,
    Signal,
    fuse,
    load_calibration,
    save_calibration,
)
from sketch_app.model_sets import EmbeddedModels

finite = st.floats(-1, 1, width=32)
weight = st.floats(0, 5)


def arrays(*rows):
    return [np.array(row, np.float32) for row in rows]


def test_the_score_is_the_weighted_mean():
    sketch, named = arrays([0.2, 0.8], [1.0, 0.0])
    fused = fuse({Signal.SKETCH: sketch, Signal.CLASS: named}, FusionWeights(sketch=3, class_=1))
    np.testing.assert_allclose(fused, [(0.6 + 1) / 4, 2.4 / 4], rtol=1e-6)


def test_a_photo_unknown_to_a_signal_is_moved_neither_up_nor_down_by_it():
    generated, sketch = arrays([0.9, np.nan, 0.1], [0.5, 0.5, 0.5])
    fused = fuse({Signal.SKETCH: sketch, Signal.GENERATED: generated}, FusionWeights(generated=1))
    assert fused[0] > fused[1] > fused[2]


def test_a_signal_that_knows_no_photo_does_not_count():
    sketch, generated = arrays([0.5, 0.3], [np.nan, np.nan])
    fused = fuse({Signal.SKETCH: sketch, Signal.GENERATED: generated}, FusionWeights(generated=4))
    np.testing.assert_array_equal(fused, sketch)


def test_without_signals_or_weights_every_score_is_nought():
    assert fuse({}, FusionWeights()).shape == (0,)
    (sketch,) = arrays([0.5, 0.3])
    np.testing.assert_array_equal(fuse({Signal.SKETCH: sketch}, FusionWeights(sketch=0)), [0, 0])


@given(st.lists(st.tuples(finite, finite), min_size=1, max_size=20), weight, weight, st.floats(0.1, 10))
def test_the_score_stays_between_the_signals_and_only_proportions_matter(rows, one, other, factor):
    sketch, named = arrays(*zip(*rows, strict=True))
    said = {Signal.SKETCH: sketch, Signal.CLASS: named}
    fused = fuse(said, FusionWeights(sketch=one, class_=other))
    if one + other > 1e-3:
        assert (fused <= np.maximum(sketch, named) + 1e-5).all()
        assert (fused >= np.minimum(sketch, named) - 1e-5).all()
        scaled = fuse(said, FusionWeights(sketch=one * factor, class_=other * factor))
        np.testing.assert_allclose(fused, scaled, atol=1e-5)


@pytest.mark.parametrize("wrong", [-1.0, float("nan"), float("inf")])
def test_weights_are_numbers_from_nought_up(wrong):
    with pytest.raises(SketchAppError, match="generated"):
        FusionWeights(generated=wrong)
    with pytest.raises(SketchAppError, match="class"):
        FusionWeights.from_dict({"class": wrong})


@pytest.mark.parametrize("wrong", ["1", None, True, [1]])
def test_weights_of_another_type_are_refused(wrong):
    with pytest.raises(SketchAppError, match="sketch"):
        FusionWeights.from_dict({"sketch": wrong})


def test_the_shipped_weights_say_what_was_measured_and_with_which_model():
    embedded, full = load_calibration("embedded"), load_calibration("full")
    assert embedded.measured == {Signal.SKETCH, Signal.CLASS, Signal.GENERATED}
    assert embedded.models == dict.fromkeys(("sketch", "class", "generated"), EmbeddedModels().model_id)
    assert embedded.weights.generated == 0  # its pictures were measured, and bring nothing
    assert full.measured == frozenset()
    assert "not measured" in full.note.lower()


def test_an_own_calibration_replaces_one_set_and_leaves_the_other(tmp_path):
    own = tmp_path / "new" / "fusion.json"
    mine = Calibration(FusionWeights(class_=2), frozenset({Signal.CLASS}), "on mine", {"class": "m"})
    save_calibration("embedded", mine, own)
    save_calibration("full", Calibration(FusionWeights(generated=3)), own)
    assert load_calibration("embedded", own) == mine
    assert load_calibration("full", own).weights.generated == 3
    assert load_calibration("embedded").weights != mine.weights


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"version": 2, "sets": {}}',
        '{"version": 1, "sets": {"embedded": {"weights": {"sketch": -1}, "measured": [], "note": "", '
        '"models": {}}}}',
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path, text):
    own = tmp_path / "fusion.json"
    own.write_text(text)
    with pytest.raises(SketchAppError, match=r"fusion\.json|sketch"):
        load_calibration("embedded", own)
    assert own.read_text() == text


def test_in_a_set_that_nobody_knows_the_sketch_alone_counts():
    unknown = load_calibration("mine")
    assert unknown.weights == FusionWeights()
    assert unknown.measured == frozenset()


def test_a_set_without_an_own_calibration_has_the_shipped_one(tmp_path):
    own = tmp_path / "fusion.json"
    own.write_text(json.dumps({"version": 1, "sets": {}}))
    assert load_calibration("full", own) == load_calibration("full")


def test_what_was_measured_with_one_model_is_not_measured_with_another():
    embedded = load_calibration("embedded")
    assert embedded.with_models(embedded.models).measured == embedded.measured
    other = embedded.with_models({"sketch": "another", "class": embedded.models["class"]})
    assert other.measured == {Signal.CLASS}
    assert other.weights == embedded.weights
