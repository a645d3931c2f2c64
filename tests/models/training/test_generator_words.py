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
from models.training.generator_words import teach_words
from models.training.picture_losses import ClassAlignment, embedded_networks

NETWORKS = Path(checkpoints.__file__).parent
WORDS = ("cat", "pizza", "rocket", "hot_air_balloon")


@pytest.fixture(scope="module")
def classes():
    """The embedded encoder's classes, cut down to a few."""
    _, whole = embedded_networks(NETWORKS)
    rows = [whole.names.index(word) for word in WORDS]
    return _Few(whole, rows)


class _Few(ClassAlignment):
    def __init__(self, whole, rows):
        torch.nn.Module.__init__(self)
        self._number = {whole.names[row]: i for i, row in enumerate(rows)}
        self.register_buffer("points", whole.points[rows])


@pytest.fixture
def base(tmp_path):
    write_base(tmp_path, SIZES["tiny"], [caption_sentence(w.replace("_", " ")) for w in WORDS], seed=3)
    return load_base_model(tmp_path)


def test_sentences_are_told_apart_by_their_class_and_by_nothing_before(base, classes):
    assert teach_words(base, classes, steps=4, rate=1e-9) < 1
    assert teach_words(base, classes, steps=80) == 1


def test_a_taught_base_makes_another_picture_of_the_same_lines_for_other_words(base, classes):
    before = _said(base)
    teach_words(base, classes, steps=80)
    after = _said(base)
    assert after > 0.3
    assert after > 1.8 * before


def _said(base):
    """How much of what the UNet predicts is due to the words."""
    sentences = [caption_sentence(word.replace("_", " ")) for word in WORDS]
    length = base.tokenizer.model_max_length
    tokens = base.tokenizer(sentences, max_length=length, padding="max_length", return_tensors="pt")
    latent = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0)).expand(
        len(WORDS), -1, -1, -1
    )
    with torch.no_grad():
        words = base.text_encoder(tokens.input_ids)[0]
        predicted = base.unet(latent, base.step.timestep, encoder_hidden_states=words).sample
    return float((predicted - predicted.mean(0)).square().mean().sqrt() / predicted.square().mean().sqrt())


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
