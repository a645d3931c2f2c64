"""What every training command of the shared loop needs: its base weights, its device, a run with progress.

The recipes are `models.training`'s; what each command does with its own is `sketch_app.recipes`'.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from sketch_app.errors import SketchAppError
from sketch_app.training import progress_bar

if TYPE_CHECKING:
    from models.registry.entries import ModelEntry, Role
    from models.registry.store import ModelStore
    from models.training.dataset import Split
    from models.training.lesson import Lesson
    from models.training.loop import LoopSettings, Precision
    from models.training.provenance import Base

PRECISIONS: tuple[Precision, ...] = ("no", "bf16", "fp16")
SPLIT_FILE = "split.json"
_BEFORE = "before.json"
_LICENSES = {"BSD-3-Clause": "bsd-3-clause", "Apache-2.0": "apache-2.0"}
"""Names of `models.registry` -> as a card's head has them."""


@dataclass(frozen=True)
class RunOptions:
    """What the options that all recipes share stand for.

    Attributes
    ----------
    validate_every : int, optional
        Steps; a twentieth of the run when None.
    """

    out: Path
    steps: int
    pieces: int = 1
    precision: str = "no"
    device: str = "auto"
    seed: int = 0
    validate_every: int | None = None
    checkpoint_every: int = 100
    patience: int = 5

    def loop_settings(self) -> LoopSettings:
        """For the loop.

        Raises
        ------
        SketchAppError
            There is no such number format.
        """
        from models.training.loop import LoopSettings

        precision = next((p for p in PRECISIONS if p == self.precision), None)
        if precision is None:
            raise SketchAppError(
                f"There is no number format “{self.precision}”: choose one of {', '.join(PRECISIONS)}."
            )
        return LoopSettings(
            steps=self.steps,
            pieces=self.pieces,
            precision=precision,
            warmup=min(200, self.steps // 20),
            validate_every=self.validate_every or max(1, self.steps // 20),
            checkpoint_every=self.checkpoint_every,
            patience=self.patience,
            seed=self.seed,
        )


def find_base(name: str, role: Role, store: ModelStore | None = None) -> Base:
    """The weights to begin with: a folder, or a model of the store by its name.

    Raises
    ------
    SketchAppError
        There is neither, or it is a model of another kind.
    models.errors.NotHereError
        The model is not on this machine.
    """
    from models.training.provenance import Base
    from sketch_app.model_commands import model_store

    store = store or model_store()
    folder = Path(name).expanduser()
    entry = store.entries.get(folder.name if folder.is_dir() else name)
    if entry is not None and entry.role != role:
        entry = None
    if folder.is_dir() and (entry is None or not _is_published(folder, entry)):
        return Base(folder.resolve(), folder.resolve().name)
    if entry is None:
        fitting = ", ".join(e.name for e in store.entries.values() if e.role == role)
        raise SketchAppError(
            f"“{name}” is no folder, and no model to begin this training with: give a folder of weights, "
            f"or one of {fitting}."
        )
    where = folder.resolve() if folder.is_dir() else store.folder_of(name)
    public = getattr(entry.home, "repo", entry.name)
    licence = entry.licence
    note = (
        f"Of the base weights: {licence.name}, {licence.link}. {licence.meaning} The terms of the data that "
        "it was trained on hold as well; nobody has looked them up here."
    )
    return Base(where, public, _LICENSES.get(licence.name, "other"), note)


def _is_published(folder: Path, entry: ModelEntry) -> bool:
    """Whether a folder's weights are proven to be those of a known model: a name alone says little."""
    from models.registry.digests import sha256_of

    pins = entry.pins
    return bool(pins) and all(
        (folder / path).is_file() and sha256_of(folder / path) == sha256 for path, sha256 in pins.items()
    )


def training_device(wish: str) -> str:
    """The device of ``--device``, as torch names it.

    Raises
    ------
    models.devices.DeviceError
        There is no such device, or it cannot be used.
    """
    from models.devices import choose_placement

    return choose_placement(wish).device


def require_training_packages() -> None:
    """See that what the report needs is there, before hours are spent.

    Raises
    ------
    SketchAppError
        It is not.
    """
    if find_spec("matplotlib") is None:
        raise SketchAppError(
            "A training draws its curves with matplotlib, which is not installed: run "
            "“python3 run.py setup train”."
        )


def command_line() -> str:
    """The command that is running, as one could type it again."""
    return shlex.join(["sketch-app", *sys.argv[1:]])


def figures_before(lesson: Lesson, folder: Path, device: str) -> Mapping[str, float]:
    """The figures of the weights that a run begins with; measured once and kept in its folder.

    Raises
    ------
    models.training.errors.TrainingError
        They cannot be kept.
    """
    import torch

    from models.training.keeping import replace_file

    path = folder / _BEFORE
    key = json.loads(json.dumps(dict(lesson.description)))
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["lesson"] == key:
            return dict(kept["figures"])
    except (OSError, ValueError, KeyError):
        pass
    lesson.to(torch.device(device))
    figures = dict(lesson.validate())
    text = json.dumps({"lesson": key, "figures": figures}, indent=1)
    replace_file(path, lambda part: part.write_text(text, encoding="utf-8"))
    return figures


def run_with_progress(
    lesson: Lesson, settings: LoopSettings, folder: Path, *, device: str, title: str, console: Console
) -> None:
    """Run a lesson to its end, or on from where the folder stopped, and put its best weights into it.

    A line for each validation, and a bar with the time left where there is a terminal.

    Raises
    ------
    models.training.errors.TrainingError
        The folder holds another run, or the run cannot go on; the sentence says what to do.
    """
    from models.training.loop import load_best, run

    made_folder(folder)
    with progress_bar(console) as bar, _memory_in_words(device):
        task = bar.add_task(title, total=settings.steps)
        first: int | None = None
        for state in run(lesson, settings, folder, device=device):
            if first is None:
                first = state.step
                if first > 1:
                    console.print(f"Going on from step {first - 1}.", highlight=False)
            losses = ", ".join(f"{name} {value:.3g}" for name, value in state.losses.items())
            bar.update(task, completed=state.step, description=f"{title}: {losses}")
            if state.figures is not None:
                console.print(
                    f"step {state.step}: {figures_line(state.figures)}{' (best)' if state.best else ''}",
                    highlight=False,
                    soft_wrap=True,
                )
        bar.update(task, completed=settings.steps)
    step = load_best(lesson, folder)
    console.print(f"The best weights are those of step {step} (by {lesson.counts.name}).", highlight=False)


@contextmanager
def _memory_in_words(device: str) -> Iterator[None]:
    """Turn a device's full memory into a sentence."""
    from models.devices import is_out_of_memory

    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise SketchAppError(
            f"The memory of {device} does not suffice for this training: begin anew with a smaller --batch "
            "and more --pieces, or with --checkpoint-gradients where the command has it."
        ) from error


def figures_line(figures: Mapping[str, float]) -> str:
    """Figures in one line; counts as counts."""
    return ", ".join(
        f"{name.replace('_', ' ')} {value if isinstance(value, int) else format(value, '.3f')}"
        for name, value in figures.items()
    )


def write_split(split: Split, out: Path) -> None:
    """``split.json`` of a run: what it held back, for ``evaluate --split``.

    Raises
    ------
    models.training.errors.TrainingError
        It cannot be written.
    """
    from models.training.keeping import replace_file

    replace_file(out / SPLIT_FILE, split.save)


def made_folder(folder: Path) -> Path:
    """The folder, made where it is not there.

    Raises
    ------
    SketchAppError
        It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SketchAppError(f"{folder} cannot hold a run ({error.strerror}): choose another.") from error
    return folder
