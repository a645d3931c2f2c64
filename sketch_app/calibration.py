"""The commands that compare the signals of the ranking and find their weights: progress, tables, files. The
measuring itself is `sketch_app.signal_measurement`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table

from sketch_app.errors import SketchAppError
from sketch_app.fusion import Calibration, Signal, save_calibration
from sketch_app.model_sets import ModelSet
from sketch_app.paths import AppPaths
from sketch_app.signal_measurement import (
    TITLES,
    SignalFigures,
    SignalScores,
    calibrate,
    measure_signals,
)
from sketch_app.training import progress_bar
from sketch_app.workspace import Workspace

if TYPE_CHECKING:
    from models.training.dataset import SketchPhotoData

ENOUGH_SKETCHES = 30
"""Fewer measure little but chance: a share of .8 of 30 is known to within .15."""
SIGNALS_NAME = "signals.json"


def measure_with_progress(
    data: SketchPhotoData, models: ModelSet, *, split: Path | None, limit: int | None, console: Console
) -> SignalScores:
    """Run the set's models over what the split holds back, with progress bars.

    Parameters
    ----------
    limit : int, optional
        So many sketches, taken evenly from all of them: a generator on a processor takes long.

    Raises
    ------
    SketchAppError
        There is nothing to measure with.
    """
    from models.evaluation import held_back, shipped_split
    from models.training.dataset import Split

    file = split or shipped_split()
    if not file.exists():
        raise SketchAppError(f"There is no split {file}: give the split.json of a training run.")
    sketches, photos = held_back(data, Split.load(file))
    if limit is not None and limit < len(sketches):
        sketches = [sketches[i] for i in np.linspace(0, len(sketches) - 1, limit).astype(int)]
    with progress_bar(console) as bar:
        tasks: dict[str, Any] = {}

        def measured(title: str, done: int, total: int) -> None:
            if title not in tasks:
                tasks[title] = bar.add_task(f"signals: {title}", total=total)
            bar.update(tasks[title], completed=done)

        return measure_signals(models, data, sketches, photos, measured)


def print_signals(rows: Sequence[SignalFigures], weights: Calibration, console: Console) -> None:
    """The comparison as one table, and the weights it was fused with."""
    first = rows[0].figures
    table = Table(title=f"signals: {first.queries} queries, {first.gallery} photos")
    for title in ("", "mAP@all", "95 %", "hit@1", "hit@5", "95 %", "hit@10"):
        table.add_column(title)
    for row in rows:
        f = row.figures
        table.add_row(
            TITLES[row.name],
            f"{f.map_all:.3f}",
            "{:.3f} to {:.3f}".format(*row.interval_map),
            f"{f.hit_1:.3f}",
            f"{f.hit_5:.3f}",
            "{:.3f} to {:.3f}".format(*row.interval_hit_5),
            f"{f.hit_10:.3f}",
        )
    console.print(table)
    gain = rows[-1].gain
    if gain is not None:
        console.print(
            f"Fused less sketch alone: mAP {gain[0]:+.3f} (95 %, paired bootstrap: "
            f"{gain[1]:+.3f} to {gain[2]:+.3f})"
        )
    console.print(weights_line(weights))


def weights_line(calibration: Calibration) -> str:
    """The weights in words, with those that nobody has measured marked."""
    parts = [
        f"{signal} {calibration.weights.of(signal):g}"
        + ("" if signal in calibration.measured else " (not measured)")
        for signal in Signal
    ]
    return "Weights: " + ", ".join(parts)


def calibrate_with_report(
    data: Path,
    for_now: Mapping[str, Any],
    *,
    split: Path | None,
    limit: int | None,
    dry_run: bool,
    anyway: bool = False,
    console: Console,
) -> None:
    """Find the weights of a set of models on held-back sketches, print what they are worth, and keep them.

    Raises
    ------
    SketchAppError, models.errors.ModelError
        Each with a sentence.
    """
    from models.training.layouts import open_sketches_and_photos

    opened = open_sketches_and_photos(data)
    with _workspace(for_now) as workspace:
        models, own = workspace.models, workspace.paths.calibration_file
        former = workspace.calibration
        scores = measure_with_progress(opened, models, split=split, limit=limit, console=console)
    outcome = calibrate(scores)
    found = Calibration(
        replace(outcome.weights, photo=former.weights.photo),
        frozenset(scores.signals),
        f"{len(scores.query_class)} held-back sketches of {opened.folder.name} against "
        f"{len(scores.photo_class)} photos",
        MappingProxyType(dict(scores.models)),
    )
    print_signals(outcome.rows, found, console)
    console.print(
        f"On sketches that did not choose the weights: mAP {outcome.held_out_map:.3f}, "
        f"hit@5 {outcome.held_out_hit_5:.3f}"
    )
    few = len(scores.query_class) < ENOUGH_SKETCHES
    if dry_run or (few and not anyway):
        why = f"{len(scores.query_class)} sketches say too little (from {ENOUGH_SKETCHES} on they are kept): "
        console.print(f"{why if few and not dry_run else ''}Nothing was changed.")
        return
    save_calibration(models.name, found, own)
    console.print(
        f"The set “{models.name}” is ranked with these weights from now on. Delete {own} to go back to the "
        "program's own.",
        markup=False,
    )


@contextmanager
def _workspace(for_now: Mapping[str, Any]) -> Iterator[Workspace]:
    workspace = Workspace(AppPaths.default(), for_now=for_now)
    if workspace.models_problem:
        raise SketchAppError(workspace.models_problem)
    try:
        yield workspace
    finally:
        workspace.close()
