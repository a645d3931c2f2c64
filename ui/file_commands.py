"""Saving and opening sketches, and choosing folders of photos, by command or by dropping.

The files themselves are written in `sketch_app.sketch_files`.
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from sketch_app.document import SketchDocument
from sketch_app.sketch import Sketch
from ui.background import Failure, run_in_background

if TYPE_CHECKING:
    from sketch_app.workspace import Workspace

_ENDINGS: Final = (".json", ".svg")
_LANE: Final = "files"


class FileCommands(QObject):
    """Asks for files and folders with dialogs that do not block, and works on them off the GUI thread."""

    said = Signal(str, str)
    """A sentence for a toast, and its kind."""
    folder_chosen = Signal(object)
    """A folder's `Path` to be read into the gallery."""

    def __init__(self, window: QWidget, document: SketchDocument, workspace: Workspace) -> None:
        super().__init__(window)
        self._window, self._document, self._workspace = window, document, workspace

    def save(self) -> None:
        """Save the sketch as JSON, SVG and PNG in the pictures folder, under a name that holds the time."""
        self._document.end_stroke()
        sketch, folder = self._document.sketch, self._workspace.paths.pictures
        if sketch.is_empty:
            self.said.emit(self.tr("There is nothing to save yet: draw something first."), "info")
            return
        saved = self.tr("Saved as {0} (.json, .svg, .png) in {1}")
        run_in_background(
            self,
            lambda _job: write_sketch(sketch, folder, datetime.now()),
            on_success=lambda name: self.said.emit(saved.format(name, folder), "check"),
            on_failure=self._failed,
            name="save the sketch",
            serial=_LANE,
        )

    def ask_sketch(self) -> None:
        """Let the person choose a sketch file."""
        dialog = QFileDialog(self._window, self.tr("Open a sketch"), str(self._workspace.paths.pictures))
        dialog.setNameFilter(f"{self.tr('Sketches')} (*.json *.svg)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda path: self.open_sketch(Path(path)))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def open_sketch(self, path: Path) -> None:
        """Put the sketch of a file onto the canvas; undo brings back the former."""

        def read(_job: object) -> Sketch:
            from sketch_app.sketch_files import load_sketch

            return load_sketch(path)

        def show(sketch: Sketch) -> None:
            self._document.replace(sketch)
            self.said.emit(
                self.tr("Opened {0}. Undo brings back the former sketch.").format(path.name), "check"
            )

        run_in_background(
            self, read, on_success=show, on_failure=self._failed, name="open a sketch", serial=_LANE
        )

    def ask_folder(self) -> None:
        """Let the person choose a folder of photos."""
        start = self._workspace.settings.last_folder or str(Path.home())
        dialog = QFileDialog(self._window, self.tr("Add a folder of photos"), start)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda path: self.add_folder(Path(path)))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def add_folder(self, folder: Path) -> None:
        """Have a folder's photos read into the gallery."""
        with contextlib.suppress(OSError):  # only where the next dialog begins
            self._workspace.update_settings(last_folder=str(folder))
        self.folder_chosen.emit(folder)

    @staticmethod
    def takes(path: Path) -> bool:
        """Whether a dropped path is for us: a folder, or a sketch file."""
        return path.suffix.lower() in _ENDINGS or path.is_dir()

    def take(self, path: Path) -> None:
        """A path was dropped on the window."""
        if path.is_dir():
            self.add_folder(path)
        elif self.takes(path):
            self.open_sketch(path)

    def _failed(self, failure: Failure) -> None:
        self.said.emit(failure.sentence, "warning")


def write_sketch(sketch: Sketch, folder: Path, now: datetime) -> str:
    """Write the three files and return their common name; never over files that are there.

    Raises
    ------
    SketchFileError
        The folder or a file in it cannot be written.
    """
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
