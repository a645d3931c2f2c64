"""The training and measuring commands: progress, reports and sheets around the recipes of
`models.training`.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from sketch_app.contact_sheet import SheetRow, save_sheet
from sketch_app.errors import SketchAppError

if TYPE_CHECKING:
    from models.evaluation import Evaluation
    from models.training.dataset import SketchPhotoData


def progress_bar(console: Console) -> Progress:
    """A bar with the time left."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def open_data(folder: Path) -> SketchPhotoData:
    """A data folder in the layout of CONTRIBUTING.

    Raises
    ------
    SketchAppError
        It is not there.
    models.training.dataset.DatasetError
        It has another layout.
    """
    from models.training.dataset import SketchPhotoData

    if not folder.is_dir():
        raise SketchAppError(f"There is no folder {folder}: give the folder with index.csv.")
    return SketchPhotoData.open(folder)


def train_encoder_with_progress(
    data: Path,
    out: Path,
    *,
    also: Sequence[Path] = (),
    steps: int,
    towers: int,
    seed: int,
    unseen: Sequence[str],
    console: Console,
) -> None:
    """Run the encoder's recipe; writes checkpoints, the split, weights and a report into `out`.

    The sketches of the folders in `also` train; nothing is measured with them.

    Raises
    ------
    SketchAppError
        The data folder is not there or does not hold a class to leave out.
    models.training.dataset.DatasetError
        The data folder is not in the documented layout.
    """
    opened = open_data(data)  # before the heavy imports: a mistyped folder is said at once
    unknown = set(unseen) - {p.class_name for p in opened.photos}
    if unknown:
        raise SketchAppError(f"{data} has no photos of {', '.join(sorted(unknown))}: check the spelling.")
    missing = next((folder for folder in also if not folder.is_dir()), None)
    if missing is not None:
        raise SketchAppError(f"There is no folder {missing}: give a folder of sketches with index.csv.")
    more = opened.with_sketches_of(also)
    from models.training.dataset import Split, make_split
    from models.training.encoder import export_encoder, train_encoder
    from models.training.encoder_batches import TrainingSet
    from models.training.encoder_recipe import tower_recipes
    from models.training.encoder_validation import Validation
    from models.training.photo_features import load_photo_features

    out.mkdir(parents=True, exist_ok=True)
    split_file = out / "split.json"
    split = Split.load(split_file) if split_file.exists() else make_split(opened, seed=seed, unseen=unseen)
    split.save(split_file)
    with progress_bar(console) as bar:
        reading = bar.add_task("Photo features", total=len(opened.photos))
        features = load_photo_features(
            opened, out / "photo_features.npz", lambda done, _: bar.update(reading, completed=done)
        )
        bar.update(reading, completed=len(opened.photos))
        train = TrainingSet.build(more, split, features)
        runs: list[Path] = []
        for number, recipe in enumerate(tower_recipes(steps, seed, towers), 1):
            run = out / f"tower-{number}"
            validation = Validation.build(opened, split, features, recipe.views[0])
            task = bar.add_task(f"Tower {number}", total=recipe.steps)
            for state in train_encoder(train, validation, recipe, run, beside=runs[0] if runs else None):
                bar.update(task, completed=state.step, description=f"Tower {number}, loss {state.loss:.2f}")
                if state.figures is not None:
                    f = state.figures
                    console.print(
                        f"tower {number}, step {state.step}: mAP {f.map_all:.3f}, hit@5 {f.hit_5:.3f}"
                    )
            bar.update(task, completed=recipe.steps)  # a run that had ended before yields nothing
            runs.append(run)
    info = export_encoder(runs, out / "weights")
    console.print(f"Weights of {info.model_id} are in {out / 'weights'}", markup=False)
    evaluate_with_report(
        data, weights=out / "weights", split=split_file, report=out / "report", console=console
    )


def evaluate_with_report(
    data: Path, *, weights: Path | None, split: Path | None, report: Path | None, console: Console
) -> None:
    """Measure an encoder on what a split holds back; unseen classes apart, where the split has them."""
    opened = open_data(data)
    from models.embedded import EmbeddedEncoder
    from models.evaluation import evaluate_retrieval, held_back, of_unseen_classes, shipped_split
    from models.training.dataset import Split

    file = split or shipped_split()
    if not file.exists():
        raise SketchAppError(f"There is no split {file}: give the split.json of a training run.")
    chosen = Split.load(file)
    encoder = EmbeddedEncoder(weights)
    started = time.monotonic()
    runs = [("held-back sketches", *held_back(opened, chosen))]
    sketches, photos = of_unseen_classes(opened, chosen)
    if sketches and photos:  # a class that was left out may have photos alone: nothing to ask for
        runs.append(("unseen classes", sketches, photos))
    evaluations = []
    with progress_bar(console) as bar:
        for title, sketches, photos in runs:
            tasks = {
                "sketches": bar.add_task(f"{title}: sketches", total=len(sketches)),
                "photos": bar.add_task(f"{title}: photos", total=len(photos)),
            }

            def measured(part: str, done: int, _: int, tasks: dict[str, TaskID] = tasks) -> None:
                bar.update(tasks[part], completed=done)

            evaluations.append(
                evaluate_retrieval(opened, encoder, sketches, photos, title=title, progress=measured)
            )
    for evaluation in evaluations:
        print_evaluation(evaluation, console)
    console.print(f"{encoder.model_id}, measured in {time.monotonic() - started:.0f} s")
    if report is not None:
        write_report(report, evaluations, opened, encoder.model_id)
        console.print(f"Figures and sheets are in {report}", markup=False)


def print_evaluation(evaluation: Evaluation, console: Console) -> None:
    """One table of figures."""
    f = evaluation.figures
    table = Table(title=f"{evaluation.title}: {f.queries} queries, {f.gallery} photos", show_header=False)
    low, high = evaluation.interval_map
    low5, high5 = evaluation.interval_hit_5
    rows = [
        ("mAP@all", f"{f.map_all:.3f}  (95 %: {low:.3f} to {high:.3f})"),
        ("mAP@200 / all relevant", f"{f.map_200_all:.3f}"),
        ("mAP@200 / min(relevant, 200)", f"{f.map_200_min:.3f}"),
        ("mAP@200 / hits", f"{f.map_200_hits:.3f}"),
        ("P@10, P@100", f"{f.precision_10:.3f}, {f.precision_100:.3f}"),
        (
            "hit@1, @5, @10",
            f"{f.hit_1:.3f}, {f.hit_5:.3f} (95 %: {low5:.3f} to {high5:.3f}), {f.hit_10:.3f}",
        ),
    ]
    if not math.isnan(evaluation.named_1):
        rows.append(("class named first, in five", f"{evaluation.named_1:.3f}, {evaluation.named_5:.3f}"))
    for row in rows:
        table.add_row(*row)
    console.print(table)


def write_report(
    folder: Path, evaluations: Sequence[Evaluation], data: SketchPhotoData, model_id: str
) -> None:
    """figures.json and, per run, a contact sheet of queries and answers."""
    folder.mkdir(parents=True, exist_ok=True)
    figures = {
        e.title: {
            **e.figures.as_dict(),
            "map_all_95": e.interval_map,
            "hit_5_95": e.interval_hit_5,
            "named_1": None if math.isnan(e.named_1) else e.named_1,
            "named_5": None if math.isnan(e.named_5) else e.named_5,
            "per_class": [asdict(c) for c in e.per_class],
        }
        for e in evaluations
    }
    text = json.dumps({"model_id": model_id, **figures}, indent=1)
    (folder / "figures.json").write_text(text + "\n", encoding="utf-8")
    for e in evaluations:
        rows = [
            SheetRow(
                data.sketch_files.grey(query),
                PurePosixPath(query).parent.name.replace("_", " "),
                [data.photo_files.rgb(p) for p in found],
                [PurePosixPath(p).parent.name.replace("_", " ") for p in found],
                right,
            )
            for query, found, right in e.examples
        ]
        save_sheet(folder / f"{e.title.replace(' ', '-')}.png", rows)
