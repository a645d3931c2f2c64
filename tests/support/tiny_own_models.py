"""A person's own models, each written by its real recipe after a step on the tiny published ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from rich.console import Console

from models.training.captioner import CaptionerSettings
from models.training.generator import GeneratorSettings
from models.training.sketch_adapter import SketchAdapterSettings
from sketch_app.recipes import train_captioner, train_sketch_adapter
from sketch_app.recipes_encoder import train_encoder
from sketch_app.recipes_generator import GeneratorOptions, train_generator
from sketch_app.training_runs import RunOptions
from tests.models.made_data import make_data
from tests.models.training.made_sketches import make_class_folders
from tests.support.tiny_full_set import install_tiny_full_set, write_tiny_full_set

_QUIET = Console(quiet=True)
_LORA = GeneratorSettings(steps=1, batch=1, rank_unet=2, rank_vae=2, sides=((1.0, 64),), adversarial=0.0)


@dataclass(frozen=True)
class OwnModels:
    """Folders as the training commands wrote them; tests copy what they change."""

    published: Path
    """The tiny full set, as `write_tiny_full_set` made it."""
    captioner: Path
    sketch_adapter: Path
    factors: Path
    """A generator over the published base."""
    generator: Path
    """One whose base was trained from nothing."""
    factors_over_own: Path
    """Factors over that one."""
    encoder: Path
    """With two towers."""


def train_own_models(root: Path) -> OwnModels:
    """Run the recipes on the processor, each for one step."""
    published = write_tiny_full_set(root / "published")
    store = install_tiny_full_set(published, root / "store")
    sketches = make_class_folders(root / "sketches", ("cat", "cup"))
    pairs = make_data(root / "pairs")

    def options(name: str) -> RunOptions:
        return RunOptions(root / name, 1, device="cpu", validate_every=1)

    def generator(name: str, base: str, settings: GeneratorSettings) -> Path:
        own = GeneratorOptions(base=base, size="tiny", coder_steps=1, latent_steps=1, stage_batch=2)
        train_generator(pairs, settings, own, options(name), _QUIET)
        return root / name / "generator"

    with pytest.MonkeyPatch.context() as patch:
        # The commands look into the person's own folder of models; these are in another one.
        patch.setattr("sketch_app.model_commands.model_store", lambda: store)
        captioner = CaptionerSettings(rank=2, batch=2, held_back=0.5)
        train_captioner(sketches, "blip-image-captioning-base", captioner, options("one"), _QUIET)
        adapter = SketchAdapterSettings(rank=2, batch=2, held_back=0.3)
        train_sketch_adapter(pairs, "dinov2-small", adapter, options("two"), _QUIET)
        factors = generator("three", "sd-turbo", _LORA)
        whole = generator("four", "", replace(_LORA, learns="base"))
        over_own = generator("five", str(whole), _LORA)
        train_encoder(pairs, (), options("six"), _QUIET, towers=2, batch=4)
    return OwnModels(
        published,
        root / "one" / "captioner",
        root / "two" / "sketch-adapter",
        factors,
        whole,
        over_own,
        root / "six" / "encoder",
    )
