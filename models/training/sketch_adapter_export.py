"""What a sketch adapter's run writes: the adapter in peft's own format, report and card."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from models.sketch_adapter import KIND
from models.training.loop import History
from models.training.lora import save_adapter
from models.training.provenance import base_record, make_folder, write_record
from models.training.report import CARD_FILE, ModelCard, Sheet, Tile, write_model_card, write_report
from models.training.sketch_adapter import SketchAdapterLesson

FOLDER = "sketch-adapter"
_SHOWN, _ANSWERS = 10, 8


def measure_sketch_adapter(lesson: SketchAdapterLesson) -> dict[str, dict[str, float]]:
    """The figures of each part of the data, by its title."""
    split = lesson.split
    parts = {
        "training sketches": (split.sketches, split.photos),
        "held-back sketches": (split.held_sketches, split.held_photos),
        "unseen classes": (split.unseen_sketches, split.unseen_photos),
    }
    return {
        title: {
            **lesson.figures_of(sketches, photos),
            "sketches": len(lesson.chosen(sketches)),
            "photos": len(photos),
        }
        for title, (sketches, photos) in parts.items()
        if sketches and photos
    }


def report_sketch_adapter(
    lesson: SketchAdapterLesson, folder: Path, figures: Mapping[str, Mapping[str, float]], history: History
) -> None:
    """``report/`` with the figures, the curves, and the first photos for some sketches."""
    split = lesson.split
    sheets = [Sheet("held-back", _rows(lesson, split.held_sketches, split.held_photos))]
    if split.unseen_sketches:
        sheets.append(Sheet("unseen", _rows(lesson, split.unseen_sketches, split.unseen_photos)))
    write_report(
        folder,
        title="Sketch adapter",
        history=history,
        figures={"settings": asdict(lesson.settings), "base": lesson.model_id, "figures": figures},
        sheets=sheets,
    )


def _rows(lesson: SketchAdapterLesson, sketches: Sequence[int], photos: Sequence[int]) -> list[list[Tile]]:
    data, chosen = lesson.data, lesson.chosen(sketches, _SHOWN)
    order = np.argsort(-lesson.scores(chosen, photos), axis=1, kind="stable")[:, :_ANSWERS]
    rows = []
    for position, best in zip(chosen, order, strict=True):
        wanted = data.sketches[position].class_name
        row = [Tile(lesson.square(position), wanted.replace("_", " "))]
        for photo in (data.photos[photos[k]] for k in best):
            named = photo.class_name.replace("_", " ")
            row.append(Tile(data.photo_files.rgb(photo.name), named, right=photo.class_name == wanted))
        rows.append(row)
    return rows


def export_sketch_adapter(
    lesson: SketchAdapterLesson, out: Path, figures: Mapping[str, Mapping[str, float]], *, command: str
) -> Path:
    """Write ``sketch-adapter/``, which the program loads and imports.

    Raises
    ------
    TrainingError
        The folder cannot be written.
    """
    record = {
        "kind": KIND,
        "model_id": lesson.model_id,
        "base": base_record(lesson.base),
        "lesson": dict(lesson.description),
        "figures": figures,
        "command": command,
    }

    def fill(folder: Path) -> None:
        save_adapter(lesson.adapted, folder, lesson.base.name)
        write_model_card(folder / CARD_FILE, _card(lesson, figures, command))
        write_record(folder, record)

    return make_folder(out / FOLDER, fill)


def _card(lesson: SketchAdapterLesson, figures: Mapping[str, Mapping[str, float]], command: str) -> ModelCard:
    settings, split, data = lesson.settings, lesson.split, lesson.data
    layers = "attention and the feed-forward layers" if settings.feed_forward else "attention alone"
    unseen = f" Left out and measured apart: {', '.join(settings.unseen)}." if settings.unseen else ""
    return ModelCard(
        title="An adapter for sketches",
        summary="A LoRA adapter for DINOv2: a sketch that goes through the adapted model lands near photos "
        "of its class that went through the plain one. Its input is a sketch: black on white, square, "
        f"cropped to the ink and centred. It goes with the photo model {lesson.model_id} and no other.",
        license=lesson.base.license,
        license_note=lesson.base.license_note,
        base_model=lesson.base.name,
        library_name="peft",
        tags=("sketch-based-image-retrieval", "image-feature-extraction", "dinov2", "lora"),
        usage=f"sketch-app models import {FOLDER}\nsketch-app models use full",
        trained_on=f"{len(split.sketches)} sketches and {len(split.photos)} photos of {len(lesson.classes)} "
        f"classes, in a folder of the person who trained it ({json.dumps(data.folder.name)}), changed as the "
        f"embedded encoder's are; rank {settings.rank}, in {layers}. The photos' vectors are the plain "
        f"model's and stood still. Of each class {settings.held_back:.0%} of the source photos were held "
        f"back with all their sketches ({len(split.held_sketches)}), and as many of the other photos "
        f"({len(split.held_photos)} in all).{unseen} The weights kept are those with the best mAP on these.",
        figures=figures,
        limits=(
            "“map” is mAP@all, “hit 5” the share of sketches with a photo of their class among the first "
            "five; “before” are the plain model's, with the sketch taken for a photo.",
            "The galleries are small and hold only classes that were drawn: figures of other galleries are "
            "no comparison.",
            f"It was taught {len(lesson.classes)} classes; of others it was measured only where “unseen "
            "classes” stands above.",
        ),
        command=command,
    )
