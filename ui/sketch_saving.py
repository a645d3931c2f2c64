"""Saving and opening sketches by command. The files themselves are written in `sketch_app.sketch_files`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject

from sketch_app.sketch import Sketch
from ui.background import Failure, run_in_background

SKETCH_ENDINGS = (".json", ".svg")


def save_sketch(owner: QObject, sketch: Sketch, folder: Path, *, say: Callable[[str, str], None]) -> None:
    """Save as JSON, SVG and PNG under one name that holds the time, and `say(sentence, kind)` where."""
    if sketch.is_empty:
        say(
            QCoreApplication.translate("SketchSaving", "There is nothing to save yet: draw something first."),
            "info",
        )
        return
    run_in_background(
        owner,
        lambda _job: write_sketch(sketch, folder, datetime.now()),
        on_success=lambda name: say(
            QCoreApplication.translate("SketchSaving", "Saved as {0} (.json, .svg, .png) in {1}").format(
                name, folder
            ),
            "check",
        ),
        on_failure=lambda failure: say(failure.sentence, "warning"),
        name="save the sketch",
        serial="files",
    )


def write_sketch(sketch: Sketch, folder: Path, now: datetime) -> str:
    """Write the three files and return their common name; never over files that are there."""
    from sketch_app.errors import SketchFileError
    from sketch_app.sketch_files import save_json, save_png, save_svg

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SketchFileError(
            f"The folder {folder} cannot be made ({error.strerror}): check where your pictures are kept."
        ) from error
    base = name = f"sketch-{now:%Y-%m-%d-%H%M%S}"
    number = 1
    while any((folder / f"{name}{ending}").exists() for ending in (".json", ".svg", ".png")):
        number += 1
        name = f"{base}-{number}"
    save_json(sketch, folder / f"{name}.json")
    save_svg(sketch, folder / f"{name}.svg")
    save_png(sketch, folder / f"{name}.png")
    return name


def open_sketch(
    owner: QObject,
    path: Path,
    *,
    show: Callable[[Sketch], None],
    say: Callable[[str, str], None],
) -> None:
    """Read a sketch file and `show` it; `say` what is wrong with it otherwise."""
    from sketch_app.sketch_files import load_sketch

    def failed(failure: Failure) -> None:
        say(failure.sentence, "warning")

    run_in_background(
        owner,
        lambda _job: load_sketch(path),
        on_success=show,
        on_failure=failed,
        name="open a sketch",
        serial="files",
    )
