"""What each signal is worth, and the weights that follow: the arithmetic on made scores, the commands on a
small folder.
"""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from rich.console import Console

from models.evaluation import held_back
from models.metrics import average_precision, rank_relevance
from models.training.dataset import SketchPhotoData, Split, make_split
from sketch_app.calibration import SIGNALS_NAME, print_signals, weights_line
from sketch_app.deep_lane import SEED, STRENGTH
from sketch_app.errors import SketchAppError
from sketch_app.fusion import Calibration, FusionWeights, Signal, load_calibration
from sketch_app.model_sets import embedded_set
from sketch_app.signal_measurement import SignalScores, calibrate, compare_signals, measure_signals
from tests.models.made_data import make_data
from tests.sketch_app.test_cli import refused, sketch_app
from tests.support.tiny_full_set import install_tiny_full_set, write_tiny_full_set

QUERIES, PHOTOS, CLASSES = 60, 120, 12


def made_scores(**noise):
    """Each signal sees the truth through noise of its own."""
    rng = np.random.default_rng(3)
    query_class = rng.integers(0, CLASSES, QUERIES)
    photo_class = np.arange(PHOTOS) % CLASSES
    right = (query_class[:, None] == photo_class).astype(np.float32)
    signals = {
        Signal(name): right + rng.normal(0, sigma, right.shape).astype(np.float32)
        for name, sigma in noise.items()
    }
    return SignalScores(signals, query_class, photo_class, dict.fromkeys(noise, "made"))


def test_a_signal_that_knows_more_gets_weight_and_raises_the_figure():
    scores = made_scores(**{"sketch": 1.0, "class": 0.7})
    found = calibrate(scores)
    assert found.weights.class_ >= 0.5
    sketch, named, fused = found.rows
    assert [r.name for r in found.rows] == ["sketch", "class", "fused"]
    assert fused.figures.map_all > max(sketch.figures.map_all, named.figures.map_all)
    low, high = fused.interval_map
    assert low < fused.figures.map_all < high
    gain, at_least, at_most = fused.gain
    assert gain == pytest.approx(fused.figures.map_all - sketch.figures.map_all)
    assert 0 < at_least < gain < at_most
    assert sketch.gain is None


def test_a_signal_that_knows_nothing_counts_for_nothing():
    found = calibrate(made_scores(sketch=0.4, generated=50.0))
    assert found.weights.generated == 0
    assert found.rows[-1].gain == (0, 0, 0)


def test_three_signals_are_weighed_together():
    found = calibrate(made_scores(**{"sketch": 1.0, "class": 1.0, "generated": 1.0}))
    assert found.weights.class_ > 0
    assert found.weights.generated > 0


def test_the_held_out_figure_is_of_sketches_that_did_not_choose_the_weights():
    """With noise alone the best of many weights looks good where it was chosen, and not elsewhere."""
    scores = made_scores(**{"sketch": 100.0, "class": 100.0, "generated": 100.0})
    found = calibrate(scores)
    chance = np.mean(
        [
            average_precision(rank_relevance(v, scores.query_class, scores.photo_class)).mean()
            for v in scores.signals.values()
        ]
    )
    assert found.rows[-1].figures.map_all > found.held_out_map
    assert found.held_out_map == pytest.approx(chance, abs=0.03)


def test_the_fused_row_is_the_weighted_mean_of_the_others():
    scores = made_scores(**{"sketch": 1.0, "class": 1.0})
    only_sketch = compare_signals(scores, FusionWeights(class_=0))
    assert only_sketch[-1].figures == only_sketch[0].figures
    only_class = compare_signals(scores, FusionWeights(sketch=0, class_=1))
    assert only_class[-1].figures == only_class[1].figures


def test_weights_that_nobody_measured_are_marked():
    line = weights_line(Calibration(FusionWeights(class_=0.6), frozenset({Signal.SKETCH})))
    assert line == (
        "Weights: sketch 1, class 0.6 (not measured), generated 0 (not measured), photo 1 (not measured)"
    )


def test_the_table_names_every_signal():
    scores = made_scores(**{"sketch": 1.0, "class": 1.0, "generated": 1.0})
    text = io.StringIO()
    print_signals(
        compare_signals(scores, FusionWeights()), Calibration(FusionWeights()), Console(file=text, width=120)
    )
    for words in ("sketch", "caption (class)", "generated", "fused", "paired"):
        assert words in text.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp("made") / "data")


@pytest.fixture(scope="module")
def split(folder):
    file = folder.parent / "split.json"
    make_split(SketchPhotoData.open(folder)).save(file)
    return file


def test_the_signals_are_those_that_answer_a_search(folder, split):
    """What the embedded set says of a sketch, recomputed from its own calls."""
    data, models = SketchPhotoData.open(folder), embedded_set()
    sketches, photos = held_back(data, Split.load(split))
    scores = measure_signals(models, data, sketches, photos, lambda *_: None)
    assert set(scores.signals) == {Signal.SKETCH, Signal.CLASS, Signal.GENERATED}
    from models.evaluation import query_picture

    picture = query_picture(data, sketches[0])
    reading = models.fast.read_sketch(picture)
    vectors = models.photos.encode_photos([data.photo_files.rgb(p.name) for p in photos])
    np.testing.assert_allclose(
        scores.signals[Signal.SKETCH][0], vectors @ reading.embedding[0], atol=1e-2
    )  # photos are encoded in other batches, in bfloat16 where the processor has it
    np.testing.assert_allclose(
        scores.signals[Signal.CLASS][0], models.classes.affinity(vectors, reading.shares), atol=1e-2
    )
    imagined = models.generator.generate(
        picture, reading.names[0].sentence, seed=SEED, strength=STRENGTH, size=models.picture_side
    )
    np.testing.assert_allclose(
        scores.signals[Signal.GENERATED][0], vectors @ models.photos.encode_photos([imagined])[0], atol=1e-2
    )
    for i, sketch in enumerate(sketches):
        for j, photo in enumerate(photos):
            same = sketch.class_name == photo.class_name
            assert (scores.query_class[i] == scores.photo_class[j]) == same


def test_nothing_held_back_is_a_sentence(folder):
    data = SketchPhotoData.open(folder)
    with pytest.raises(SketchAppError, match="held-back"):
        measure_signals(embedded_set(), data, [], data.photos, lambda *_: None)


def test_the_commands_measure_calibrate_and_keep_what_was_found(folder, split, tmp_path):
    asked = ("--data", folder, "--split", split, "--limit", "3")
    dry = sketch_app(tmp_path, "calibrate", *asked, "--dry-run")
    assert dry.returncode == 0, dry.stdout + dry.stderr
    assert list(tmp_path.rglob("fusion.json")) == []
    few = sketch_app(tmp_path, "calibrate", *asked)
    assert "3 sketches say too little" in few.stdout
    assert list(tmp_path.rglob("fusion.json")) == []
    done = sketch_app(tmp_path, "calibrate", *asked, "--anyway")
    assert done.returncode == 0, done.stdout + done.stderr
    (own,) = tmp_path.rglob("fusion.json")
    kept = load_calibration("embedded", own)
    assert kept.measured == {Signal.SKETCH, Signal.CLASS, Signal.GENERATED}
    assert "3 held-back sketches" in kept.note
    measured = sketch_app(tmp_path, "evaluate", *asked, "--report", tmp_path / "report")
    assert measured.returncode == 0, measured.stdout + measured.stderr
    assert "Fused less sketch alone" in measured.stdout
    stored = json.loads((tmp_path / "report" / SIGNALS_NAME).read_text())
    assert list(stored["signals"]) == ["sketch", "class", "generated", "fused"]
    assert stored["weights"]["weights"] == kept.weights.as_dict()


def test_a_set_that_is_not_here_is_refused_in_a_sentence(folder, split, tmp_path):
    done = sketch_app(tmp_path, "evaluate", "--data", folder, "--split", split, "--models", "full")
    assert "models pull full" in refused(done)


def test_the_full_set_is_measured_in_the_same_way(folder, split, tmp_path):
    """Tiny random stand-ins: the figures mean nothing, but that they are there and marked as not measured."""
    install_tiny_full_set(write_tiny_full_set(tmp_path / "carried"), tmp_path / "data" / "models")
    asked = ("--data", folder, "--split", split, "--limit", "2", "--models", "full", "--device", "cpu")
    done = sketch_app(tmp_path, "evaluate", *asked, "--report", tmp_path / "report")
    assert done.returncode == 0, done.stdout + done.stderr
    stored = json.loads((tmp_path / "report" / SIGNALS_NAME).read_text())
    assert list(stored["signals"]) == ["sketch", "class", "generated", "fused"]
    assert stored["models"]["generated"].startswith("dinov2-")
    assert "generated 0.5 (not measured)" in done.stdout.replace("\n", " ")
