"""What a generator's run writes: networks and checkpoint as the program loads them, report and card."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.img2img_turbo.checkpoint import save_checkpoint
from models.registry.catalogue import ENTRIES
from models.registry.entries import STANDS_ON, HubHome
from models.training.generator import GeneratorLesson
from models.training.generator_base import save_trained_base
from models.training.provenance import Base, base_record, make_folder, write_record
from models.training.report import CARD_FILE, ModelCard, Sheet, Tile, write_model_card, write_report

if TYPE_CHECKING:
    from models.training.loop import History

FOLDER = "generator"
CHECKPOINT = "checkpoint.safetensors"
_COPIED = ("tokenizer", "scheduler")
_NAMED = ("text_encoder", "unet", "vae")
_ACROSS = 10
_TEXT = (".json", ".txt")
_HALF = ".fp16.safetensors"
_PUBLISHED = frozenset(
    entry.home.repo
    for entry in ENTRIES.values()
    if entry.role == "generator" and isinstance(entry.home, HubHome)
)
"""Bases that the program can fetch."""


def sheet_of(lesson: GeneratorLesson, count: int = 40) -> Sheet:
    """One held-back sketch a class with its picture, prompted with its own class."""
    held = lesson.held
    first = {name: i for i, name in reversed(list(enumerate(held.sketch_class)))}
    chosen = [first[name] for name in sorted(first)][:count]
    subjects = [held.sketch_class[i].replace("_", " ") for i in chosen]
    sketches = [held.sketches[i] for i in chosen]
    made = lesson.pictures_of(sketches, subjects, side=lesson.settings.sides[-1][1])
    pixels = ((made + 1) * 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
    rows = []
    for start in range(0, len(chosen), _ACROSS):
        part = range(start, min(start + _ACROSS, len(chosen)))
        rows.append([Tile(sketches[i], subjects[i]) for i in part])
        rows.append([Tile(np.ascontiguousarray(pixels[i])) for i in part])
    return Sheet("held-back", rows)


def report_generator(
    lesson: GeneratorLesson, folder: Path, figures: Mapping[str, Mapping[str, float]], history: History
) -> None:
    """``report/`` with the figures, the curves and a contact sheet."""
    write_report(
        folder,
        title="Generator",
        history=history,
        figures={"settings": asdict(lesson.settings), "figures": figures},
        sheets=[sheet_of(lesson)],
    )


def export_generator(
    lesson: GeneratorLesson,
    base: Base,
    out: Path,
    figures: Mapping[str, Mapping[str, float]],
    *,
    command: str,
    dtype: torch.dtype = torch.float16,
) -> Path:
    """Write ``generator/``: of a base that was trained, its five parts and the checkpoint. Low-rank factors
    over a published base are the checkpoint alone; any other base is put beside them, since nobody else has
    it.

    Raises
    ------
    TrainingError, WeightsError
        The folder cannot be written.
    """
    checkpoint = lesson.checkpoint()
    published = base.name in _PUBLISHED

    def fill(folder: Path) -> None:
        if lesson.settings.learns == "base":
            for part in _COPIED:
                shutil.copytree(base.folder / part, folder / part)
            for part in _NAMED:
                (folder / part).mkdir(parents=True)
                shutil.copy2(base.folder / part / "config.json", folder / part / "config.json")
            save_trained_base(folder, lesson.base, dtype=dtype)
        elif not published:
            _copy_base(base.folder, folder)
        save_checkpoint(folder / CHECKPOINT, checkpoint)
        write_model_card(folder / CARD_FILE, _card(lesson, base, figures, command))
        write_record(
            folder,
            {
                "kind": "generator",
                "base": base_record(base),
                STANDS_ON: base.name if published and lesson.settings.learns != "base" else "",
                "lesson": dict(lesson.description),
                "figures": figures,
                "command": command,
            },
        )

    return make_folder(out / FOLDER, fill)


def _copy_base(base: Path, folder: Path) -> None:
    """Five parts as they are; weights that are there in half precision alone get their plain names."""
    for part in (*_COPIED, *_NAMED):
        (folder / part).mkdir(parents=True, exist_ok=True)
        files = [p for p in (base / part).iterdir() if p.is_file() and p.suffix in _TEXT]
        weights = sorted((base / part).glob("*.safetensors"))
        halves = [p for p in weights if p.name.endswith(_HALF)]
        files += [p for p in weights if p not in halves] or halves
        for file in files:
            shutil.copy2(file, folder / part / file.name.replace(_HALF, ".safetensors"))


def _card(
    lesson: GeneratorLesson, base: Base, figures: Mapping[str, Mapping[str, float]], command: str
) -> ModelCard:
    settings, pairs, held = lesson.settings, lesson.pairs, lesson.held
    whole = settings.learns == "base"
    by_people = len(pairs.sketches) + len(pairs.drawings) if pairs.sketched else 0
    drawn = f"{by_people} sketches by people" if by_people else "no sketches"
    measured_by = (
        f"{len(held.sketches)} sketches, the photos they were drawn from,"
        if pairs.data.sketches
        else f"{len(held.sketches)} drawings made from held-back photos,"
    )
    return ModelCard(
        title="A generator of pictures from sketches",
        summary="Img2Img-Turbo: a sketch and a sentence in, a picture out, in one step. "
        + ("Its networks were trained from nothing." if whole else f"Low-rank factors for {base.name}."),
        license=base.license,
        license_note=base.license_note,
        base_model="" if whole else base.name,
        library_name="diffusers",
        tags=("image-to-image", "sketch-to-image", "img2img-turbo"),
        trained_on=f"{len(pairs.photos)} photos of {len(pairs.classes)} classes with line drawings made "
        f"from them in four styles, and {drawn}. Held back: {measured_by} "
        f"and {len(held.photos)} photos that retrieval is measured against. Pictures of "
        f"{settings.sides[-1][1]} px. Perceptual distance, critic and retrieval see with "
        f"{lesson.pictures.name}; picture and words are compared by the {lesson.alignment.name}.",
        figures=figures,
        limits=(
            "“recognised” is by EfficientNet-Lite2, which had no part in the training; the classes and "
            "labels that count were written down before it began "
            "(models/training/splits/generator_classes.json).",
            "“KID” is the kernel inception distance to the held-back photographs, made as small as the "
            "pictures, in the features of the network that is named; the photographs' own is that between "
            "their halves.",
            "The pictures are modest: they are for finding photos, not for looking at.",
            "A class that it was not taught gives a picture of something near, or of nothing.",
        ),
        command=command,
        extra=(("Settings", f"```json\n{json.dumps(asdict(settings), indent=1)}\n```"),),
    )
