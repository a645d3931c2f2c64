"""What the training and the measuring commands share: a data folder opened, and a bar with the time left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sketch_app.errors import SketchAppError

if TYPE_CHECKING:
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
