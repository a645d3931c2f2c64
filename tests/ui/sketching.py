"""What the window's tests share: a lane that sees sketches without weights, and a pen in a person's hand."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QPoint, Qt

from sketch_app.model_sets import ModelSet
from sketch_app.paths import AppPaths
from sketch_app.protocols import Grey, SketchName, SketchReading
from sketch_app.workspace import Workspace
from tests.support.waiting import WAIT_S
from tests.ui.small_gallery import ColourEncoder

NAMES = (SketchName("cat", "cat", "고양이", 0.62), SketchName("dog", "dog", "개", 0.2))
SHARES = {name.class_name: name.probability for name in NAMES}


class QuarterLane:
    """A sketch's mean grey in four quarters, in the space of `ColourEncoder`; can be held back by a test."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()
        self.entered = threading.Event()

    def read_sketch(self, sketch: Grey) -> SketchReading:
        self.entered.set()
        assert self.free.wait(WAIT_S)
        small = np.asarray(Image.fromarray(sketch).resize((2, 2), Image.Resampling.BOX), np.float32)
        row = np.repeat(small.ravel(), 3) + 1.0
        return SketchReading((row / np.linalg.norm(row))[None].astype(np.float32), NAMES, SHARES)


def make_sketching_workspace(home: Path, photos: Path | None = None) -> tuple[Workspace, QuarterLane]:
    """A workspace below `home` that needs no weights; the camera is off."""
    lane = QuarterLane()
    paths = AppPaths(home / "config", home / "data", home / "logs", home / "pictures")
    workspace = Workspace(paths, models=ModelSet("embedded", fast=lane, photos=ColourEncoder()))
    workspace.update_settings(camera_on=False)
    if photos is not None:
        workspace.open()
        workspace.index_folder(photos)
    return workspace, lane


def draw_line(qtbot, stage, *places, button=Qt.MouseButton.LeftButton) -> None:
    """Press at the first place, move through the others, lift at the last; widget pixels."""
    first, *others = (QPoint(*place) for place in places)
    qtbot.mousePress(stage, button, pos=first)
    for place in others:
        qtbot.mouseMove(stage, place)
    qtbot.mouseRelease(stage, button, pos=(others or [first])[-1])
