"""The stages of a base from nothing, on pictures made here: what learns in each, and what it can do then."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import checkpoints
from models.caption_sentence import caption_sentence
from models.img2img_turbo.base_model import base_fingerprint, load_base_model
from models.training.dataset import SketchPhotoData, make_split
from models.training.errors import TrainingError
from models.training.generator_base import SIZES, write_base
from models.training.generator_data import PairSource, pairs_of_split
from models.training.generator_opening import STAGED, stage_base
from models.training.generator_stages import (
    LatentLesson,
    PictureCoderLesson,
    StageSettings,
    settle_latents,
)
from models.training.generator_words import teach_words
from models.training.loop import LoopSettings, run
from models.training.picture_losses import embedded_networks
from models.training.provenance import make_folder
from tests.models.made_data import make_data
from tests.models.test_registry_own import files_no_larger_than
from tests.models.training.few_classes import few_classes

NETWORKS = Path(checkpoints.__file__).parent
SETTINGS = StageSettings(batch=4, side=32, rate=3e-3, held=8)
CLASSES = ("cat", "coffee cup", "rocket", "flower", "moon")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return SketchPhotoData.open(make_data(tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="module")
def pairs(data):
    source, held = pairs_of_split(data, make_split(data), side=32)
    return source, PairSource(data, held.photos)


@pytest.fixture
def folder(tmp_path):
    write_base(tmp_path / "base", SIZES["tiny"], [caption_sentence(c) for c in CLASSES], seed=3)
    return tmp_path / "base"


def state(network):
    return {key: value.clone() for key, value in network.state_dict().items()}


def moved(before, network):
    return {key for key, value in network.state_dict().items() if not torch.equal(value, before[key])}


def loop(steps):
    return LoopSettings(steps=steps, validate_every=steps, checkpoint_every=steps)


def test_the_vae_learns_to_give_pictures_back_and_nothing_else_learns(folder, pairs, tmp_path):
    base = load_base_model(folder)
    pictures, _ = embedded_networks(NETWORKS)
    lesson = PictureCoderLesson(base, *pairs, SETTINGS, pictures=pictures, origin={})
    before, unet, skips = lesson.validate()["difference"], state(base.unet), state(base.vae)
    list(run(lesson, loop(40), tmp_path / "run"))
    assert lesson.validate()["difference"] < 0.85 * before
    assert not moved(unet, base.unet)
    learnt = moved(skips, base.vae)
    assert learnt
    assert not any("skip_conv" in key for key in learnt)


def test_settled_latents_have_mean_nought_and_variance_one_and_the_pictures_stay(folder, pairs):
    vae = load_base_model(folder).vae
    photos = pairs[0].batch(0, 0, 0, 24, 32).photos

    def given_back():
        encoded = vae.encode(photos)
        return vae.decode(encoded.mean, encoded, torch.zeros(()))

    with torch.no_grad():
        before = given_back()
        settle_latents(vae, photos)
        latents = vae.encode(photos).mean
        torch.testing.assert_close(given_back(), before, rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(latents.mean((0, 2, 3)), torch.zeros(4), rtol=0, atol=1e-3)
        torch.testing.assert_close(latents.std((0, 2, 3)), torch.ones(4), rtol=1e-2, atol=1e-2)


def test_the_unet_learns_what_words_are_worth(folder, pairs, tmp_path):
    base = load_base_model(folder)
    teach_words(base, few_classes([c.replace(" ", "_") for c in CLASSES]), steps=40)
    with torch.no_grad():
        settle_latents(base.vae, pairs[0].batch(0, 0, 0, 24, 32).photos)
    vae, text = state(base.vae), state(base.text_encoder)
    lesson = LatentLesson(base, *pairs, dataclasses.replace(SETTINGS, batch=8), origin={})
    before = lesson.validate()["unexplained"]
    list(run(lesson, loop(60), tmp_path / "run"))
    after = lesson.validate()
    assert after["unexplained"] < 0.95 * before
    assert after["with wrong words"] > 1.02 * after["unexplained"]
    assert not moved(vae, base.vae)
    assert not moved(text, base.text_encoder)


def test_a_base_goes_through_its_stages_once(folder, data, tmp_path):
    taught = []

    def teach(lesson, stage):
        taught.append((stage, type(lesson)))
        list(run(lesson, loop(2), tmp_path / stage))

    before, fingerprint = load_base_model(folder), base_fingerprint(folder)
    for _ in range(2):
        staged = stage_base(folder, data, make_split(data), SETTINGS, teach, networks=NETWORKS)
    assert taught == [("coder", PictureCoderLesson), ("latents", LatentLesson)]
    assert staged == folder.with_name(STAGED)
    # A run killed while the new one is written goes on from the very base that it began with.
    assert base_fingerprint(folder) == fingerprint
    after = load_base_model(staged)
    assert moved(state(before.unet), after.unet)
    assert moved(state(before.vae), after.vae)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_a_full_disk_at_the_end_is_a_sentence_and_the_former_model_stays(tmp_path):
    def fill(folder):
        save_file({"weights": torch.zeros(100_000)}, folder / "model.safetensors")

    make_folder(tmp_path / "generator", fill)
    with files_no_larger_than(50_000), pytest.raises(TrainingError, match="generator cannot be written"):
        make_folder(tmp_path / "generator", fill)
    assert [path.name for path in tmp_path.iterdir()] == ["generator"]
    assert (tmp_path / "generator" / "model.safetensors").stat().st_size > 400_000
