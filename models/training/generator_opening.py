"""A generator's lesson from a folder of data and a base: what is read, parted and put together."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from models.caption_sentence import caption_sentence
from models.dual_encoder import PHOTO_SIDE
from models.img2img_turbo.base_model import base_fingerprint, load_base_model
from models.training.errors import TrainingError
from models.training.generator import GeneratorLesson, GeneratorSettings, Retrieval
from models.training.generator_base import BaseSize, save_networks, save_trained_base, write_base
from models.training.generator_data import HeldBack, PairSource, pairs_of_split
from models.training.generator_stages import (
    LatentLesson,
    PictureCoderLesson,
    StageSettings,
    settle_latents,
)
from models.training.generator_words import teach_words
from models.training.picture_losses import ClassAlignment, EmbeddedPictures, embedded_networks
from models.training.provenance import make_folder, pictures_id

if TYPE_CHECKING:
    from models.training.dataset import SketchPhotoData, Split
    from models.training.lesson import Lesson
    from models.training.picture_losses import Alignment

CHECKPOINT = "checkpoint.safetensors"
"""Beside a base that a recipe trained: its skip convolutions."""
TAUGHT = "words.txt"
"""Beside a base from nothing, once its text encoder has been taught."""
STAGED = "staged-base"
"""The folder of a base whose VAE and UNet have been taught each alone."""
Stage = Literal["coder", "latents"]


def open_lesson(
    data: SketchPhotoData,
    split: Split,
    base: Path,
    settings: GeneratorSettings,
    *,
    networks: Path,
    measured: Collection[str] = (),
    emphasis: Collection[str] = (),
    sketched: float = 0.0,
    alignment: Alignment | None = None,
) -> GeneratorLesson:
    """Put a lesson together.

    Parameters
    ----------
    base
        A base model's folder; the checkpoint beside it, if there is one, is where factors begin.
    networks
        Folder of the embedded encoder, whose networks look at pictures.
    measured
        Classes whose held-back sketches measure; all when empty.
    emphasis, sketched
        As in `PairSource`.
    alignment
        In place of the embedded encoder's classes.

    Raises
    ------
    TrainingError
        Nothing is left to learn from, or to measure by.
    models.errors.WeightsError
        A file of the base, its checkpoint or the networks cannot be used.
    """
    side = max(side for _, side in settings.sides)
    pairs, held = pairs_of_split(
        data, split, measured=measured, emphasis=emphasis, sketched=sketched, side=side
    )
    if not pairs.photos or not held.sketches:
        raise TrainingError(
            f"{data.folder} leaves {len(pairs.photos)} photos to learn from and {len(held.sketches)} "
            "sketches to measure by: neither may be none."
        )
    pictures, classes = embedded_networks(networks)
    parts = load_base_model(base)
    start = None
    if settings.learns == "lora" and (base / CHECKPOINT).exists():
        from models.img2img_turbo.checkpoint import load_checkpoint

        start = load_checkpoint(base / CHECKPOINT, parts.unet, parts.vae)
    return GeneratorLesson(
        parts,
        pairs,
        held,
        settings,
        pictures=pictures,
        alignment=alignment or classes,
        retrieval=_retrieval(data, held, pictures, classes),
        start=start,
        origin={
            "base": base_fingerprint(base),
            "pictures": pictures_id((*pairs.photos, *pairs.sketches, *(held.photos))),
        },
    )


def base_from_nothing(
    folder: Path, size: BaseSize, names: Collection[str], *, seed: int, networks: Path, steps: int = 400
) -> Path:
    """A base in `folder`, unless one is there: its networks are random but for the text encoder, which knows
    the classes of the embedded encoder after so many steps.

    Parameters
    ----------
    names
        Classes beside those, for the vocabulary.
    networks
        Folder of the embedded encoder.
    """
    ready = folder / TAUGHT
    if ready.exists():
        return folder
    _, classes = embedded_networks(networks)
    known = {name.replace("_", " ") for name in (*names, *classes.names)}
    write_base(folder, size, [caption_sentence(name) for name in sorted(known)], seed=seed)
    base = load_base_model(folder)
    right = teach_words(base, classes, steps=steps, seed=seed)
    save_networks(folder, text_encoder=base.text_encoder)
    ready.write_text(f"{right:.3f} of the classes are told apart by their sentence\n", encoding="utf-8")
    return folder


def stage_base(
    folder: Path,
    data: SketchPhotoData,
    split: Split,
    settings: StageSettings,
    teach: Callable[[Lesson, Stage], None],
    *,
    networks: Path,
    emphasis: Collection[str] = (),
    sketched: float = 0.0,
) -> Path:
    """Take a base from nothing through its two stages, unless it has been: see `generator_stages`.

    Parameters
    ----------
    folder
        Of `base_from_nothing`.
    teach
        Runs a lesson to its end, or on from where it stopped, and leaves its best weights in it.

    Returns
    -------
    Path
        What it became, beside it: a stage that is gone on with needs the base that it began with.
    """
    staged = folder.with_name(STAGED)
    if staged.exists():
        return staged
    side = settings.side
    pairs, held = pairs_of_split(data, split, emphasis=emphasis, sketched=sketched, side=side)
    kept = PairSource(data, held.photos, side=side)
    pictures, _ = embedded_networks(networks)
    origin = {
        "base": base_fingerprint(folder),
        "pictures": pictures_id((*pairs.photos, *pairs.sketches, *held.photos)),
    }
    base = load_base_model(folder)
    teach(PictureCoderLesson(base, pairs, kept, settings, pictures=pictures, origin=origin), "coder")
    base.vae.eval().to("cpu")
    settle_latents(base.vae, kept.batch(settings.seed, 0, 1, 4 * settings.held, settings.side).photos)
    teach(LatentLesson(base, pairs, kept, settings, origin=origin), "latents")

    def fill(new: Path) -> None:
        shutil.copytree(folder, new, dirs_exist_ok=True)
        save_trained_base(new, base, dtype=torch.float32)

    return make_folder(staged, fill)


def _retrieval(
    data: SketchPhotoData, held: HeldBack, pictures: EmbeddedPictures, classes: ClassAlignment
) -> Retrieval:
    """Of the held-back photos, in the space of the embedded encoder."""
    embed = _embedder(pictures, classes)
    side = (PHOTO_SIDE, PHOTO_SIDE)
    vectors = []
    for start in range(0, len(held.photos), 32):
        part = held.photos[start : start + 32]
        rgb = [cv2.resize(data.photo_files.rgb(p.name), side, interpolation=cv2.INTER_AREA) for p in part]
        vectors.append(embed(torch.from_numpy(np.stack(rgb)).permute(0, 3, 1, 2).float() / 127.5 - 1))
    return Retrieval(torch.cat(vectors), [p.class_name for p in held.photos], embed)


def _embedder(pictures: EmbeddedPictures, classes: ClassAlignment) -> Callable[[Tensor], Tensor]:
    @torch.no_grad()
    def embed(batch: Tensor) -> Tensor:
        device = classes.points.device
        found = []
        for part in batch.split(32):
            x = F.interpolate(part.to(device), size=(PHOTO_SIDE,) * 2, mode="bilinear", antialias=True)
            found.append(classes.head(pictures(x).pooled).cpu())
        return torch.cat(found)

    return embed
