"""The text encoder of a base from nothing learns its words before any picture is made."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import checkpoints
from models.caption_sentence import caption_sentence
from models.img2img_turbo.base_model import load_base_model
from models.training.generator_base import SIZES, write_base
from models.training.generator_opening import base_from_nothing
from models.training.generator_prompts import Prompts
from models.training.generator_words import teach_words
from tests.models.training.few_classes import few_classes

NETWORKS = Path(checkpoints.__file__).parent
WORDS = ("cat", "pizza", "rocket", "hot_air_balloon")


@pytest.fixture(scope="module")
def classes():
    return few_classes(WORDS)


@pytest.fixture
def base(tmp_path):
    write_base(tmp_path, SIZES["tiny"], [caption_sentence(w.replace("_", " ")) for w in WORDS], seed=3)
    return load_base_model(tmp_path)


def test_sentences_are_told_apart_by_their_class_and_by_nothing_before(base, classes):
    assert teach_words(base, classes, steps=4, rate=1e-9) < 1
    assert teach_words(base, classes, steps=80) == 1


def test_what_all_sentences_share_is_taken_off(base, classes):
    before = _said(base)
    teach_words(base, classes, steps=80)
    assert before < 0.5
    assert _said(base) > 0.6


def _said(base):
    """How much of the words' embeddings differs from sentence to sentence."""
    words = Prompts(base)([word.replace("_", " ") for word in WORDS], "cpu")
    return float((words - words.mean(0)).square().mean().sqrt() / words.square().mean().sqrt())


def test_the_same_seed_teaches_the_same(tmp_path, classes):
    states = []
    for seed in (1, 1, 2):
        write_base(tmp_path, SIZES["tiny"], [caption_sentence(w) for w in WORDS], seed=3)
        base = load_base_model(tmp_path)
        teach_words(base, classes, steps=5, seed=seed)
        states.append(torch.cat([p.flatten() for p in base.text_encoder.parameters()]))
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])


def test_a_base_knows_every_class_of_the_encoder_and_is_made_once(tmp_path):
    tiny = SIZES["tiny"]
    folder = base_from_nothing(tmp_path / "base", tiny, ["zzyzx"], seed=0, networks=NETWORKS, steps=2)
    made = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    assert (folder / "text_encoder" / "model.safetensors") in made
    assert base_from_nothing(folder, tiny, [], seed=1, networks=NETWORKS) == folder
    assert made == {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_the_latent_of_a_base_from_nothing_carries_the_drawing_and_next_to_no_noise(base):
    with torch.no_grad():
        encoded = base.vae.encode(torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)))
    assert encoded.std.max() < 0.01
    assert encoded.mean.std() > 10 * encoded.std.max()
