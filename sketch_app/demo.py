"""The demo: a virtual hand draws in front of the real tracker, in the real window, and real photos come up.

Choreography and judging live here. The hand is `device.virtual_hand`, everything between its picture and
the photos is what a person's own hand goes through.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from sketch_app.air_layout import AirLayout, default_layout
from sketch_app.errors import SketchAppError
from sketch_app.paths import AppPaths
from sketch_app.workspace import Workspace

if TYPE_CHECKING:
    from sketch_app.search_types import SearchUpdate

log = logging.getLogger(__name__)

FRAME_SIZE = (640, 480)
FPS = 30.0
WINDOW_SIZE = (1280, 800)
ANSWER_SECONDS = 30.0
"""How long the hand waits for an answer: a first search loads the models."""
SEEN_SECONDS = 2.0
"""How long the hand waits for a picture to be read before it goes on all the same."""
SHOW_FRAMES = 24
"""Frames that an answer stays on the screen, thumbnails arriving."""
ENOUGH_RIGHT = 3
"""Subjects whose photo has to come first for the demo to call itself a success."""


@dataclass(frozen=True)
class Drawing:
    """What the hand draws, and the names of the photos that show it."""

    subject: str
    photos: frozenset[str]
    strokes: tuple[NDArray[np.float64], ...]  # each (n, 2), y downwards, in a scale of its own


@dataclass
class Act:
    """One subject's turn: written by the window's side, waited for by the hand's."""

    drawing: Drawing
    searching: bool = False
    answer: SearchUpdate | None = None
    answered: threading.Event = field(default_factory=threading.Event)
    shown: threading.Event = field(default_factory=threading.Event)
    cleared: threading.Event = field(default_factory=threading.Event)

    @property
    def found(self) -> str:
        """Name of the first photo, without its suffix."""
        results = self.answer.results if self.answer else ()
        return results[0].path.stem if results and results[0].path else ""

    @property
    def is_right(self) -> bool:
        """Whether the first photo shows what was drawn."""
        return self.found in self.drawing.photos


def load_drawings(subjects: Sequence[str] = ()) -> tuple[Drawing, ...]:
    """The demo's drawings, or those of some subjects.

    Raises
    ------
    SketchAppError
        There is no drawing of a subject.
    """
    text = resources.files("sketch_app").joinpath("data/demo_drawings.json").read_text(encoding="utf-8")
    drawings = {
        d["subject"]: Drawing(
            d["subject"],
            frozenset(d["photos"]),
            tuple(np.array(s, np.float64).T for s in d["strokes"]),
        )
        for d in json.loads(text)["drawings"]
    }
    for subject in subjects:
        if subject not in drawings:
            raise SketchAppError(f"There is no drawing of “{subject}”: choose from {', '.join(drawings)}.")
    return tuple(drawings[s] for s in subjects) if subjects else tuple(drawings.values())


def place_strokes(
    drawing: Drawing, layout: AirLayout, reach: tuple[float, float, float, float]
) -> list[NDArray[np.float64]]:
    """Fit a drawing into the part of the drawing area where the whole hand stays in the picture."""
    x, y, width, height = layout.canvas_rect
    left, top = max(x + 20, reach[0]), max(y + 14, reach[1])
    right, bottom = min(x + width - 20, reach[2]), min(y + height - 14, reach[3])
    points = np.concatenate(drawing.strokes)
    low, high = points.min(0), points.max(0)
    scale = min((right - left) / (high[0] - low[0]), (bottom - top) / (high[1] - low[1]))
    centre = np.array([(left + right) / 2, (top + bottom) / 2])
    return [(s - (low + high) / 2) * scale + centre for s in drawing.strokes]


class Choreography:
    """The hand's side of the demo: an iterator of camera pictures that waits for the window where a
    person would.
    """

    def __init__(self, acts: Sequence[Act], *, seed: int = 0) -> None:
        self._acts = acts
        self._seed = seed
        self.layout = default_layout(FRAME_SIZE)
        # One picture being tracked and one waiting: on a slow machine the hand slows down instead of
        # losing pictures, and with them parts of its strokes.
        self._in_flight = threading.Semaphore(2)

    def picture_seen(self, _: object = None) -> None:
        """Tell the hand that another of its pictures has been read."""
        self._in_flight.release()

    def images(self) -> Iterator[NDArray[np.uint8]]:
        """(480, 640, 3) uint8 BGR pictures, mirrored as a webcam's are shown."""
        for image in self._played():
            self._in_flight.acquire(timeout=SEEN_SECONDS)
            yield image

    def _played(self) -> Iterator[NDArray[np.uint8]]:
        from device.gestures import Gesture
        from device.virtual_hand import Performance, VirtualHand

        hand = VirtualHand(size=FRAME_SIZE, mirrored=True)
        clear = next(b for b in self.layout.buttons if b.id == "clear")
        button = (clear.rect[0] + clear.rect[2] / 2, clear.rect[1] + clear.rect[3] * 0.6)
        for number, act in enumerate(self._acts):
            performance = Performance(hand, start=(320.0, 240.0), seed=self._seed + number)
            strokes = place_strokes(act.drawing, self.layout, performance.drawable())
            performance.enter(Gesture.FIST).draw_strokes(strokes, speed=18.0)
            yield from performance.images()
            act.searching = True
            performance = Performance(hand, start=tuple(strokes[-1][-1]), seed=self._seed + 100 + number)
            performance.hold(Gesture.PINCH, 34).hold(Gesture.FIST, 6)
            last = None
            for last in performance.images():
                yield last
            assert last is not None
            yield from self._until(act.answered, last, ANSWER_SECONDS)
            for _ in range(SHOW_FRAMES):
                yield last
            act.searching = False
            yield from self._until(act.shown, last, ANSWER_SECONDS)
            performance = Performance(hand, start=tuple(strokes[-1][-1]), seed=self._seed + 200 + number)
            performance.hold(Gesture.FIST, 2).move(button).hold(Gesture.DRAW, 45).hold(Gesture.FIST, 4).leave(
                4
            )
            yield from performance.images()

    def _until(
        self, event: threading.Event, still: NDArray[np.uint8], seconds: float
    ) -> Iterator[NDArray[np.uint8]]:
        """The same picture again until something has happened."""
        end = time.monotonic() + seconds
        while not event.wait(1 / FPS) and time.monotonic() < end:
            yield still


class Stagehand:
    """The window's side of the demo: notes the answers, takes the pictures, closes the window. GUI thread."""

    def __init__(self, window: Any, acts: Sequence[Act], output: Path, *, video: bool) -> None:
        self._window, self._acts, self._output = window, acts, output
        self._now = 0
        self._pictures = 0
        self._film: Any = None
        self._wants_film = video
        window.resize(*WINDOW_SIZE)  # pictures of one size, whatever the person's window had
        window.search.answered.connect(self._answered)
        window.air.bridge.picture.connect(self._picture_arrived)
        window.air.camera_changed.connect(self._camera_changed)

    def _answered(self, update: SearchUpdate) -> None:
        act = self._acts[self._now] if self._now < len(self._acts) else None
        if act is None:
            return
        from sketch_app.search_types import Stage

        act.answer = update
        if act.searching and update.stage is Stage.COMPLETE:
            act.answered.set()

    def _picture_arrived(self, _: object) -> None:
        self._pictures += 1
        if self._wants_film and self._pictures % 3 == 0:
            self._record()
        act = self._acts[self._now] if self._now < len(self._acts) else None
        if act is None:
            return
        if act.answered.is_set() and not act.searching and not act.shown.is_set():
            name = f"{self._now + 1}-{act.drawing.subject.replace(' ', '-')}.png"
            self._window.grab().save(str(self._output / name))
            act.shown.set()
        if act.shown.is_set() and self._window.document.sketch.is_empty:
            act.cleared.set()
            self._now += 1

    def _camera_changed(self, state: Any, _: str) -> None:
        if str(state) == "ended":
            if self._film is not None:
                self._film.release()
            self._window.close()

    def _record(self) -> None:
        import cv2

        image = self._window.grab().toImage().convertToFormat(_rgb888())
        pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
        frame = pixels[:, : image.width() * 3].reshape(image.height(), image.width(), 3)[:, :, ::-1]
        small = cv2.resize(frame, (960, 600), interpolation=cv2.INTER_AREA)
        if self._film is None:
            path = str(self._output / "demo.mp4")
            self._film = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"mp4v"), FPS / 3, (960, 600))
        self._film.write(small)


def _rgb888() -> Any:
    """Qt's name for the format, looked up through the window's own package: this one knows no Qt."""
    from ui.pixel_formats import RGB888

    return RGB888


def run_demo(
    *,
    gallery: Path | None,
    output: Path | None,
    subjects: Sequence[str],
    video: bool,
    out: Console,
    errors: Console,
    for_now: Mapping[str, Any] | None = None,
) -> int:
    """Play the demo and say what was found.

    Returns
    -------
    int
        0 when at least three subjects' photos came first (with a gallery of one's own: when every search was
        answered), else 1.
    """
    from device.frames import IterableSource
    from sketch_app.commands import index_with_progress, open_workspace, prepare_with_progress

    has_display = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    visible = (sys.platform != "linux" or has_display) and os.environ.get("QT_QPA_PLATFORM") != "offscreen"
    if not visible:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    default = AppPaths.default()
    # Settings of its own: the demo shall not move the person's window or switch their camera.
    paths = replace(default, config=default.data / "demo" / "config", autosave_name="demo-autosave")
    drawings = load_drawings(subjects)
    target = output or Path("demo-output")
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SketchAppError(
            f"The pictures' folder {target} cannot be made ({error.strerror}): choose another with --output."
        ) from error
    if gallery is None:
        from sketch_app.demo_gallery import make_demo_photos

        workspace = Workspace(paths, gallery=paths.data / "demo" / "gallery", for_now=for_now)
        index_with_progress(workspace, make_demo_photos(paths.data / "demo" / "photos"), errors)
    else:
        workspace = open_workspace(gallery, errors, paths=paths, for_now=for_now)
    prepare_with_progress(workspace, errors)
    acts = [Act(d) for d in drawings]
    out.print(f"A virtual hand draws: {', '.join(d.subject for d in drawings)}.")
    if not visible:
        out.print("There is no display: the window is drawn into pictures instead.")
    choreography = Choreography(acts)
    source = IterableSource(choreography.images(), fps=FPS, paced=visible, name="virtual hand")
    from ui.app import run_window

    def ready(window: Any) -> None:
        window.air.bridge.reading.connect(choreography.picture_seen)
        _keep(Stagehand(window, acts, target, video=video))

    status = run_window(workspace, source=source, on_ready=ready)
    if not all(act.cleared.is_set() for act in acts):
        errors.print("The demo was ended early: nothing is said about what it found.")
        return status or 130  # as after Ctrl+C, which closes the window
    report(acts, target, judged=gallery is None, out=out)
    if status:
        return status
    if gallery is not None:
        return 0 if all(act.answer for act in acts) else 1
    return 0 if sum(act.is_right for act in acts) >= min(ENOUGH_RIGHT, len(acts)) else 1


_KEPT: list[Stagehand] = []


def _keep(stagehand: Stagehand) -> None:
    """Signals do not keep their receiver alive."""
    _KEPT[:] = [stagehand]


def report(acts: Sequence[Act], target: Path, *, judged: bool, out: Console) -> None:
    """Print what came of each drawing and where the pictures are."""
    from rich.table import Table

    table = Table("drawn", "named", "first photo", *(["right"] if judged else []), box=None, pad_edge=False)
    for act in acts:
        names = act.answer.names if act.answer else ()
        named = f"{names[0].english} {names[0].probability:.0%}" if names else "no answer"
        cells = [act.drawing.subject, named, act.found]
        table.add_row(*cells, *(["yes" if act.is_right else "no"] if judged else []))
    out.print(table)
    if judged:
        right = sum(act.is_right for act in acts)
        out.print(f"The right photo came first for {right} of {len(acts)} drawings.")
    out.print(f"Pictures and video are in {target.resolve()}", markup=False)
