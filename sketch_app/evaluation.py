"""``sketch-app evaluate``: opens the data, runs the models over it and hands the figures on. What is printed
and written of them is `sketch_app.evaluation_report`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from sketch_app.benchmark_run import BenchmarkResult, chosen_signals, run_benchmark, taught_classes
from sketch_app.errors import SketchAppError
from sketch_app.fusion import Calibration, load_calibration
from sketch_app.model_sets import EMBEDDED, ModelSet, embedded_set
from sketch_app.paths import AppPaths
from sketch_app.signal_measurement import possible_signals, signal_models
from sketch_app.training import open_data, progress_bar
from sketch_app.workspace import Workspace

if TYPE_CHECKING:
    from models.retrieval.benchmarks import Benchmark


def evaluate(
    folder: Path,
    for_now: Mapping[str, Any],
    *,
    protocol: str,
    unseen_classes: Path | None,
    split: Path | None,
    weights: Path | None,
    signals: str | None,
    limit: int | None,
    rounds: int,
    progress: Console,
) -> list[BenchmarkResult]:
    """Measure a set of models on a folder of data.

    Parameters
    ----------
    for_now : mapping
        Settings for this run: which set of models, on which device.
    protocol, unseen_classes
        As `models.retrieval.benchmarks.open_benchmarks` takes them.
    split : Path, optional
        What is held back of an ``index.csv`` (the program's own split when not given) or of class folders.
    weights : Path, optional
        An encoder's weights in place of the set's.
    signals : str, optional
        As `sketch_app.benchmark_run.chosen_signals` takes them.
    limit : int, optional
        So many sketches, taken evenly from all of them.
    rounds : int
        Of the bootstrap; 0 for no intervals.
    progress : Console
        Where the bars go.

    Raises
    ------
    SketchAppError, models.errors.ModelError, models.training.dataset.DatasetError
        Each with a sentence.
    """
    if weights is not None and for_now.get("models", EMBEDDED) != EMBEDDED:
        raise SketchAppError(
            f"--weights are of the set “{EMBEDDED}”, --models is “{for_now['models']}”: give one of them."
        )
    benchmarks = [b.limited(limit) for b in _open(folder, protocol, unseen_classes, split)]
    with _models(for_now, weights) as (models, calibration):
        rows = chosen_signals(signals, models)
        taught = taught_classes(models)
        return [
            _run(models, benchmark, calibration, progress, rows=rows, rounds=rounds, taught=taught)
            for benchmark in benchmarks
        ]


def _run(
    models: ModelSet, benchmark: Benchmark, calibration: Calibration, progress: Console, **settings: Any
) -> BenchmarkResult:
    with progress_bar(progress) as bar:
        tasks: dict[str, Any] = {}

        def measured(title: str, done: int, total: int) -> None:
            if title not in tasks:
                tasks[title] = bar.add_task(f"{benchmark.title}: {title}", total=total)
            bar.update(tasks[title], completed=done)

        return run_benchmark(models, benchmark, calibration, progress=measured, **settings)


def _open(
    folder: Path, protocol: str, unseen_classes: Path | None, split: Path | None
) -> tuple[Benchmark, ...]:
    from models.evaluation import shipped_split
    from models.retrieval.benchmarks import AUTO, SEEN, open_benchmarks
    from models.retrieval.published_layouts import find_layout
    from models.training.dataset import Split

    if not folder.is_dir():
        open_data(folder)
    chosen = None
    asks = protocol in (AUTO, SEEN) and unseen_classes is None
    if split is not None and not (asks and find_layout(folder) is None):
        raise SketchAppError(
            f"{split} says what a training held back; this run does not ask for that: leave --split out."
        )
    file = split or (shipped_split() if asks and (folder / "index.csv").exists() else None)
    if file is not None:
        if not file.exists():
            raise SketchAppError(f"There is no split {file}: give the split.json of a training run.")
        chosen = Split.load(file)
    return open_benchmarks(folder, protocol=protocol, unseen_classes=unseen_classes, split=chosen)


@contextmanager
def _models(for_now: Mapping[str, Any], weights: Path | None) -> Iterator[tuple[ModelSet, Calibration]]:
    """The set of models to measure, and the weights that its signals are fused with."""
    if weights is not None:
        models = embedded_set(weights)
        ids = signal_models(models, possible_signals(models))
        yield models, load_calibration(EMBEDDED).with_models(ids)
        return
    workspace = Workspace(AppPaths.default(), for_now=for_now)
    if workspace.models_problem:
        raise SketchAppError(workspace.models_problem)
    try:
        models = workspace.models
        ids = signal_models(models, possible_signals(models))
        yield models, replace(workspace.calibration.with_models(ids), weights=workspace.weights)
    finally:
        workspace.close()
