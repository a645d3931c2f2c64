"""What a captioner's run writes: the model in the layout of its home, the adapter alone, report and card."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.registry.catalogue import ENTRIES
from models.training.captioner import CaptionerLesson
from models.training.loop import History
from models.training.lora import save_adapter
from models.training.provenance import base_record, make_folder, write_record
from models.training.report import CARD_FILE, ModelCard, Sheet, Tile, write_model_card, write_report

MODEL_FOLDER, ADAPTER_FOLDER = "captioner", "adapter"
_WEIGHTS = "model.safetensors"
_LAYOUT = [file.path for file in ENTRIES["blip-image-captioning-base"].files]
"""Files of the component in the store."""
_SHOWN = 40


def measure_captioner(lesson: CaptionerLesson) -> dict[str, dict[str, float]]:
    """The figures of each part of the data, by its title."""
    split = lesson.split
    parts = {
        "training pictures": split.learnt,
        "held-back pictures": split.held,
        "unseen classes": split.unseen,
    }
    return {
        title: {**lesson.figures_of(positions), "pictures": len(lesson.chosen(positions))}
        for title, positions in parts.items()
        if positions
    }


def report_captioner(
    lesson: CaptionerLesson, folder: Path, figures: Mapping[str, Mapping[str, float]], history: History
) -> None:
    """``report/`` with the figures, the curves, and what was said of some pictures."""
    split = lesson.split
    sheets = [
        Sheet(name, _rows(lesson, positions))
        for name, positions in (
            ("held-back" if split.held else "training", split.held or split.learnt),
            ("unseen", split.unseen),
        )
        if positions
    ]
    write_report(
        folder,
        title="Captioner",
        history=history,
        figures={"settings": asdict(lesson.settings), "figures": figures},
        sheets=sheets,
    )


def _rows(lesson: CaptionerLesson, positions: Sequence[int], wide: int = 8) -> list[list[Tile]]:
    tiles = [
        Tile(lesson.square(said.position), said.subject or "(nothing)", right=said.names_class)
        for said in lesson.captions(lesson.chosen(positions, _SHOWN))
    ]
    return [tiles[start : start + wide] for start in range(0, len(tiles), wide)]


def export_captioner(
    lesson: CaptionerLesson, out: Path, figures: Mapping[str, Mapping[str, float]], *, command: str
) -> Path:
    """Write ``captioner/``, which the program loads and imports, and after LoRA ``adapter/``.

    The adapter becomes part of the lesson's network: the lesson is of no use afterwards.

    Raises
    ------
    TrainingError
        A folder cannot be written.
    """
    card = _card(lesson, figures, command)
    record = {
        "kind": "captioner",
        "base": base_record(lesson.base),
        "lesson": dict(lesson.description),
        "figures": figures,
        "command": command,
    }
    network: Any = lesson.network
    if lesson.adapted is not None:
        adapted = lesson.adapted

        def fill_adapter(folder: Path) -> None:
            save_adapter(adapted, folder, lesson.base.name)
            write_model_card(folder / CARD_FILE, card)

        make_folder(out / ADAPTER_FOLDER, fill_adapter)
        network = adapted.merge_and_unload()
        lesson.adapted = None

    def fill(folder: Path) -> None:
        for name in _LAYOUT:
            if name != _WEIGHTS and (lesson.base.folder / name).is_file():
                shutil.copyfile(lesson.base.folder / name, folder / name)
        _save_weights(network.cpu(), folder / _WEIGHTS)
        write_model_card(folder / CARD_FILE, card)
        write_record(folder, record)

    return make_folder(out / MODEL_FOLDER, fill)


def _save_weights(network: Any, path: Path) -> None:
    """As transformers writes them: under the public keys, shared tensors once."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        network.save_pretrained(folder, max_shard_size="1TB")
        Path(folder, _WEIGHTS).replace(path)


def _card(lesson: CaptionerLesson, figures: Mapping[str, Mapping[str, float]], command: str) -> ModelCard:
    settings, split = lesson.settings, lesson.split
    how = f"a LoRA adapter of rank {settings.rank}" if settings.method == "lora" else "all weights"
    unseen = f"; left out and measured apart: {', '.join(settings.unseen)}" if settings.unseen else ""
    held = (
        f"Of each class {settings.held_back:.0%} of the source pictures ({len(split.held)} pictures) were "
        "held back, so that no source is on both sides"
        if split.held
        else "Nothing was held back: the figures are of what it has seen"
    )
    usage = f"sketch-app models import {MODEL_FOLDER}\nsketch-app models use full"
    return ModelCard(
        title="A captioner of sketches",
        summary="BLIP, taught to say what a drawing shows in the sentence that Img2Img-Turbo is prompted "
        "with: “convert a <class> into a high-resolution color image with a white background”. Its input is "
        "a sketch: black on white, square, cropped to the ink and centred.",
        license=lesson.base.license,
        license_note=lesson.base.license_note,
        base_model=lesson.base.name,
        library_name="transformers",
        tags=("image-to-text", "image-captioning", "sketch", "blip", settings.method),
        usage=usage,
        trained_on=f"{len(split.learnt)} pictures of {lesson.classes} classes, in a folder of the person who "
        f"trained it ({json.dumps(lesson.data.files.stem)}), warped a little; {how}{unseen}. {held}. The "
        "weights kept are those that named the class rightly most often.",
        figures=figures,
        limits=(
            "“class” is the share whose class is named rightly, “exact” that whose whole sentence is right, "
            "“loss” the mean of the words' cross entropy in nats.",
            f"It was taught {lesson.classes} classes; what it says of others was measured only where “unseen "
            "classes” stands above.",
            "Photographs, and drawings of other colours than dark on light, were not seen in training.",
        ),
        command=command,
    )
