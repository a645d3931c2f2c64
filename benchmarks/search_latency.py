"""From the end of a stroke to its photos, in a real workspace, against the encoder alone."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np

from benchmarks.filled_gallery import HOW, fill
from benchmarks.rows import Row
from sketch_app.raster import render_for_model
from sketch_app.search_types import SearchUpdate
from sketch_app.sketch import Sketch, Stroke
from sketch_app.workspace import Workspace

WAIT_SECONDS = 60.0
STROKES = 6


def sketches(count: int) -> list[Sketch]:
    """Different drawings of a few curved strokes, as many points as a finger leaves."""
    random = np.random.default_rng(3)
    made = []
    for _ in range(count):
        strokes = []
        for _ in range(STROKES):
            turns = np.cumsum(random.normal(0, 0.25, 60)) + random.uniform(0, 2 * np.pi)
            way = np.cumsum(np.stack([np.cos(turns), np.sin(turns)], -1) * 6, axis=0)
            points = random.uniform([160, 120], [480, 360], 2) + way
            strokes.append(Stroke(points.astype(np.float32), np.arange(60, dtype=np.float32) / 30))
        made.append(Sketch(tuple(strokes)))
    return made


class Answers:
    """Waits for the pipeline's first answer to each question."""

    def __init__(self, workspace: Workspace) -> None:
        self._search = workspace.search
        self._search.on_update = self._answered
        self._search.on_error = lambda _request, sentence: self._failed(sentence)
        self._arrived = threading.Event()
        self._at = 0.0
        self._sentence = ""
        self.last: SearchUpdate | None = None

    def seconds_for(self, sketch: Sketch, revision: int) -> float:
        """From submitting a sketch until the pipeline hands over its photos."""
        self._arrived.clear()
        began = time.perf_counter()
        self._search.submit(sketch, revision)
        if not self._arrived.wait(WAIT_SECONDS):
            raise RuntimeError("no answer came")
        if self._sentence:
            raise RuntimeError(self._sentence)
        return self._at - began

    def _answered(self, update: SearchUpdate) -> None:
        if not self._arrived.is_set():
            self._at, self.last = time.perf_counter(), update
            self._arrived.set()

    def _failed(self, sentence: str) -> None:
        self._sentence = sentence
        self._arrived.set()


def measure(work: Path, photos: int, repeats: int) -> tuple[list[float], list[float]]:
    """Seconds of whole answers and of the encoder alone, the same drawings in turn."""
    workspace = Workspace(fill(work, photos))
    workspace.open()
    try:
        answers, fast = Answers(workspace), workspace.models.fast
        for number, sketch in enumerate(sketches(6)):  # weights, caches, threads
            answers.seconds_for(sketch, number)
            fast.read_sketch(render_for_model(sketch))
        whole, alone = [], []
        for number, sketch in enumerate(sketches(repeats)):
            whole.append(answers.seconds_for(sketch, number))
            picture = render_for_model(sketch)
            began = time.perf_counter()
            fast.read_sketch(picture)
            alone.append(time.perf_counter() - began)
        assert answers.last is not None
        assert answers.last.gallery_count == photos
        assert len(answers.last.results) == min(60, photos)
    finally:
        workspace.close()
    return whole, alone


def rows(work: Path, *, quick: bool) -> list[Row]:
    photos, repeats = (1_000, 30) if quick else (10_000, 100)
    whole, alone = measure(work, photos, repeats)
    high = np.quantile(whole, 0.95)
    return [
        Row(
            what=f"end of a stroke to results, {photos} photos",
            measured=1000 * float(np.median(whole)),
            unit="ms",
            baseline=1000 * float(np.median(alone)),
            against="the encoder alone, same drawings",
            goal=limit,
            judged="ratio",
            note=note,
        )
        for limit, note in (
            (3.0, f"median of {repeats}, 95 of 100 below {1000 * high:.1f} ms; gallery: {HOW}"),
            (2.0, "the same figures against the goal beyond what is asked"),
        )
    ]
