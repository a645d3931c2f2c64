"""The training commands of the captioner and the sketch adapter, from a folder of data to weights, report and
card. `sketch_app.cli_train` declares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from sketch_app.errors import SketchAppError
from sketch_app.training import progress_bar
from sketch_app.training_runs import (
    RunOptions,
    command_line,
    figures_before,
    figures_line,
    find_base,
    made_folder,
    require_training_packages,
    run_with_progress,
    training_device,
    write_split,
)

if TYPE_CHECKING:
    from models.training.captioner import CaptionerSettings
    from models.training.sketch_adapter import SketchAdapterSettings


def train_captioner(
    data: Path, base: str, settings: CaptionerSettings, options: RunOptions, console: Console
) -> None:
    """Run the captioner's recipe; writes the run, ``captioner/``, ``adapter/`` and ``report/``.

    Raises
    ------
    SketchAppError, models.errors.ModelError, models.training.dataset.DatasetError
        Something that was asked for is not there; nothing was written then.
    models.training.errors.TrainingError
        The folder holds another run, or the run cannot go on.
    """
    require_training_packages()
    loop_settings = options.loop_settings()
    _require_folder(data)
    found = find_base(base, "captioner")
    from models.training.captioner import CaptionerLesson
    from models.training.captioner_export import export_captioner, measure_captioner, report_captioner
    from models.training.layouts import is_class_folders, open_captioned
    from models.training.loop import History

    device = training_device(options.device)
    lesson = CaptionerLesson.open(open_captioned(data), found, settings)
    out = made_folder(options.out)
    before = figures_before(lesson, out, device)
    console.print(f"before training: {figures_line(before)}", highlight=False)
    run_with_progress(lesson, loop_settings, out, device=device, title="Captioner", console=console)
    if lesson.split.held and is_class_folders(data):
        write_split(lesson.split.named(lesson.data, settings.unseen), out)
    figures = measure_captioner(lesson)
    told = {**_before(before, "held-back pictures" if lesson.split.held else "training pictures"), **figures}
    report_captioner(lesson, out / "report", told, History.read(out))
    written = export_captioner(lesson, out, told, command=command_line())
    console.print(f"The captioner is in {written}; figures and sheets are in {out / 'report'}", markup=False)


def train_sketch_adapter(
    data: Path, base: str, settings: SketchAdapterSettings, options: RunOptions, console: Console
) -> None:
    """Run the sketch adapter's recipe; writes the run, the photos' vectors, ``sketch-adapter/`` and
    ``report/``.

    Raises
    ------
    SketchAppError, models.errors.ModelError, models.training.dataset.DatasetError
        Something that was asked for is not there; nothing was written then.
    models.training.errors.TrainingError
        The folder holds another run, or the run cannot go on.
    """
    require_training_packages()
    loop_settings = options.loop_settings()
    _require_folder(data)
    found = find_base(base, "photo-embedder")
    from models.training.layouts import open_sketches_and_photos
    from models.training.loop import History
    from models.training.sketch_adapter import SketchAdapterLesson
    from models.training.sketch_adapter_export import (
        export_sketch_adapter,
        measure_sketch_adapter,
        report_sketch_adapter,
    )

    device = training_device(options.device)
    opened = open_sketches_and_photos(data)
    out = made_folder(options.out)
    with progress_bar(console) as bar:
        task = bar.add_task("Vectors of the photos", total=len(opened.photos))
        lesson = SketchAdapterLesson.open(
            opened,
            found,
            settings,
            out,
            device=device,
            progress=lambda done, _: bar.update(task, completed=done),
        )
    before = figures_before(lesson, out, device)
    console.print(f"before training: {figures_line(before)}", highlight=False)
    run_with_progress(lesson, loop_settings, out, device=device, title="Sketch adapter", console=console)
    write_split(lesson.split.named(opened, settings.unseen), out)
    told = {**_before(before, "held-back sketches"), **measure_sketch_adapter(lesson)}
    report_sketch_adapter(lesson, out / "report", told, History.read(out))
    written = export_sketch_adapter(lesson, out, told, command=command_line())
    console.print(f"The adapter is in {written}; figures and sheets are in {out / 'report'}", markup=False)


def _before(figures: Mapping[str, float], measured: str) -> dict[str, dict[str, float]]:
    """The figures of the base by what they were measured on, as those of the trained model are."""
    unseen = {
        name.removeprefix("unseen_"): value for name, value in figures.items() if name.startswith("unseen_")
    }
    seen = {name: value for name, value in figures.items() if not name.startswith("unseen_")}
    told = {f"{measured}, before": seen}
    return {**told, "unseen classes, before": unseen} if unseen else told


def _require_folder(data: Path) -> None:
    if not data.is_dir():
        raise SketchAppError(f"There is no folder {data}: give the folder with the training data.")
