"""A deep lane without weights: a captioner, a generator and an embedder that say the same every time, and can
be held back by a test.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.errors import Cancelled
from sketch_app.model_sets import ModelSet
from sketch_app.paths import AppPaths
from sketch_app.protocols import Embeddings, Grey, Rgb, SketchName, never
from sketch_app.workspace import Workspace
from tests.support.waiting import WAIT_S
from tests.ui.sketching import QuarterLane
from tests.ui.small_gallery import COLOURS, ColourEncoder

SAID = (SketchName("kitten", "kitten", "새끼 고양이", 0.7), SketchName("tiger", "tiger", "호랑이", 0.2))
"""What the captioner says; the fast lane says cat and dog."""
PAINTS = {"kitten": "red", "cat": "red", "tiger": "yellow", "dog": "blue"}
"""The colour of what is imagined; anything else is green."""


class PlainCaptioner:
    """Always says the same."""

    def name_sketch(
        self, sketch: Grey, *, limit: int = 5, cancelled: Callable[[], bool] = never
    ) -> tuple[SketchName, ...]:
        return SAID[:limit]


class Painter:
    """Imagines one colour per subject."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()
        self.entered = threading.Event()
        self.cancelled = threading.Event()
        self.prompts: list[str] = []
        self.problem: Exception | None = None

    def generate(
        self,
        sketch: Grey,
        prompt: str,
        *,
        seed: int,
        strength: float,
        size: int,
        cancelled: Callable[[], bool] = never,
    ) -> Rgb:
        self.prompts.append(prompt)
        self.entered.set()
        assert self.free.wait(WAIT_S)
        if self.problem is not None:
            raise self.problem
        if cancelled():
            self.cancelled.set()
            raise Cancelled("left")
        colour = next((c for word, c in PAINTS.items() if f" {word} " in prompt), "green")
        return np.full((size, size, 3), COLOURS[colour], np.uint8)


class DeepColours(ColourEncoder):
    """The same eyes under another name: photos are embedded a second time."""

    model_id = "deep colours"

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()

    def encode_photos(self, photos: Sequence[Rgb]) -> Embeddings:
        assert self.free.wait(WAIT_S)
        return super().encode_photos(photos)


class ColourClasses:
    """Each subject is the colour that it is painted in."""

    def __init__(self) -> None:
        pictures = [np.full((8, 8, 3), COLOURS[colour], np.uint8) for colour in PAINTS.values()]
        self._points = dict(zip(PAINTS, ColourEncoder().encode_photos(pictures), strict=True))

    def shares(self, names: Mapping[str, float]) -> dict[str, float]:
        known = {name: p for name, p in names.items() if name in self._points}
        total = sum(known.values())
        return {name: p / total for name, p in known.items()} if total else {}

    def query(self, shares: Mapping[str, float]) -> NDArray[np.float32]:
        mixed = sum(share * self._points[name] for name, share in shares.items())
        return np.asarray(mixed / np.linalg.norm(mixed), np.float32)

    def affinity(self, photos: Embeddings, shares: Mapping[str, float]) -> NDArray[np.float32]:
        return np.clip(photos @ self.query(shares), 0, 1).astype(np.float32) ** 8


def make_imagining_workspace(home: Path, photos: Path) -> tuple[Workspace, QuarterLane, Painter]:
    """A workspace whose deep lane is whole and whose photos are prepared for it; the camera is off."""
    lane, painter = QuarterLane(), Painter()
    models = ModelSet(
        "full",
        fast=lane,
        photos=ColourEncoder(),
        classes=ColourClasses(),
        captioner=PlainCaptioner(),
        generator=painter,
        imagined=DeepColours(),
    )
    paths = AppPaths(home / "config", home / "data", home / "logs", home / "pictures")
    workspace = Workspace(paths, models=models)
    workspace.update_settings(camera_on=False)
    workspace.open()
    workspace.index_folder(photos)
    workspace.spaces.prepare()
    return workspace, lane, painter
