"""How long the window makes a person wait: gaps of the event loop while photos are read and drawn for.

Run it with ``python -m benchmarks.event_loop``; the interface tests use `GapMeter`.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QPoint, QPointF, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from benchmarks.rows import Row

_TICK = 4  # milliseconds between two looks at the clock
_DIFFERENT = 40  # photos that are made; more are these again


class GapMeter(QObject):
    """Notes the time between turns of the event loop; what is above a tick somebody had to wait.

    On Linux the kernel says how long this thread was ready and got no processor. That share of a gap is the
    other programs' doing, on a machine that is busy with something else, and is kept apart.
    """

    def __init__(self) -> None:
        super().__init__()
        self._gaps: list[tuple[float, float]] = []
        self._last = 0.0
        self._starved = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Begin anew."""
        self._gaps.clear()
        self._starved = _starved()
        self._last = time.perf_counter()
        self._timer.start(_TICK)

    def pause(self) -> None:
        """Note nothing more."""
        self._timer.stop()

    def stop(self) -> tuple[np.ndarray, np.ndarray]:
        """End, and return the gaps in milliseconds: as they were, and without the waiting for a processor."""
        self._timer.stop()
        gaps = 1000 * np.array(self._gaps).reshape(-1, 2)
        return gaps[:, 0], gaps[:, 0] - gaps[:, 1]

    def _tick(self) -> None:
        now, starved = time.perf_counter(), _starved()
        gap = now - self._last
        self._gaps.append((gap, min(gap, starved - self._starved)))
        self._last, self._starved = now, starved


def _starved() -> float:
    """Seconds the main thread has waited for a processor; 0 where the kernel does not say."""
    try:
        return int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


class Scribbler(QObject):
    """Draws circles on a widget with mouse events, sixty moves a second, a stroke a second."""

    def __init__(self, target: QWidget) -> None:
        super().__init__()
        self._target = target
        self._step = 0
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._move)

    def start(self) -> None:
        """Begin to draw."""
        self._timer.start(16)

    def stop(self) -> None:
        """Lift the pen."""
        self._timer.stop()
        if self._step % 60:
            QTest.mouseRelease(self._target, Qt.MouseButton.LeftButton, pos=self._place())

    def _move(self) -> None:
        within = self._step % 60
        if within == 0:
            QTest.mousePress(self._target, Qt.MouseButton.LeftButton, pos=self._place())
        elif within == 59:
            QTest.mouseRelease(self._target, Qt.MouseButton.LeftButton, pos=self._place())
        else:
            QTest.mouseMove(self._target, self._place())
        self._step += 1

    def _place(self) -> QPoint:
        angle = 2 * math.pi * (self._step % 60) / 59
        radius = 40 + 8 * (self._step // 60 % 12)
        centre = QPointF(self._target.rect().center())
        return (centre + radius * QPointF(math.cos(angle), math.sin(angle))).toPoint()


def make_photos(folder: Path, count: int, seed: int = 0) -> None:
    """Noise on colours, 12 megapixels as from a phone: what costs most to decode."""
    from PIL import Image

    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 60, (300, 400, 3), np.uint8)
    for number in range(count):
        path = folder / f"photo-{number:04}.jpg"
        if number >= _DIFFERENT:  # bytes after a JPEG's end make it another photo at the same cost
            earlier = folder / f"photo-{number % _DIFFERENT:04}.jpg"
            path.write_bytes(earlier.read_bytes() + str(number).encode())
            continue
        colour = rng.integers(0, 195, 3, np.uint8)
        image = Image.fromarray(noise + colour).resize((4000, 3000), Image.Resampling.BILINEAR)
        image.save(path, quality=85)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--measure", nargs=2, metavar=("SECONDS", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if options.measure:
        return _measure_and_say(float(options.measure[0]), options.measure[1])
    with tempfile.TemporaryDirectory() as home:
        os.environ["SKETCH_APP_HOME"] = home
        photos = Path(home) / "photos"
        photos.mkdir()
        make_photos(photos, options.photos)
        raw, own, scanned = measure(photos, options.seconds)
    print(f"{len(raw)} turns in {raw.sum() / 1000:.1f} s; the scan {'ran all along' if scanned else 'ended'}")
    for name, gaps in (("gap", raw), ("without waiting for a processor", own)):
        p50, p99, worst = np.percentile(gaps, [50, 99, 100])
        print(f"{name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms, longest {worst:.1f} ms")
    return 0 if np.percentile(own, 99) < 50 else 1


def measure(photos: Path | None, seconds: float) -> tuple[np.ndarray, np.ndarray, bool]:
    """Gaps in ms while a folder is indexed (None: none is), somebody draws and every stroke searches.

    The third value says whether the folder was being indexed until the end.
    """
    from sketch_app.paths import AppPaths
    from sketch_app.workspace import Workspace
    from ui.app import run_window
    from ui.main_window import MainWindow

    workspace = Workspace(AppPaths.default())
    workspace.update_settings(camera_on=False)
    seen: list[tuple[np.ndarray, np.ndarray, bool]] = []

    def ready(window: MainWindow) -> None:
        meter, scribbler = GapMeter(), Scribbler(window.stage)

        def begin() -> None:
            if photos is not None:
                window.photos.read_folder(photos)
            scribbler.start()
            meter.start()
            QTimer.singleShot(round(seconds * 1000), end)

        def end() -> None:
            seen.append((*meter.stop(), window.photos.is_scanning))
            scribbler.stop()
            window.close()

        window.photos.opened.connect(begin)

    run_window(workspace, on_ready=ready)
    return seen[0]


def rows(_work: Path, *, quick: bool) -> list[Row]:
    seconds, count = (5.0, 120) if quick else (20.0, 1000)
    with tempfile.TemporaryDirectory() as home:
        photos = Path(home) / "photos"
        photos.mkdir()
        make_photos(photos, count)
        kinds = {}
        for name, folder in (("drawing alone", None), ("indexing too", photos)):
            process = subprocess.run(
                [sys.executable, "-m", "benchmarks.event_loop", "--measure", str(seconds), str(folder or "")],
                check=True,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "SKETCH_APP_HOME": str(Path(home) / name)},
            )
            kinds[name] = json.loads(process.stdout.strip().splitlines()[-1])
    alone, both = kinds["drawing alone"], kinds["indexing too"]
    note = (
        f"{seconds:.0f} s, {both['turns']} turns, longest {both['worst']:.0f} ms, at the 99th percentile "
        f"{both['own']:.1f} ms without waiting for a processor; every stroke searches; "
        f"12 MP photos were indexed {'all along' if both['scanned'] else 'part of the time'}"
    )
    return [
        Row(
            what="gap of the event loop, 99th percentile",
            measured=both["p99"],
            unit="ms",
            baseline=alone["p99"],
            against="drawing and searching, nothing indexed",
            goal=50,
            note=note,
        )
    ]


def _measure_and_say(seconds: float, folder: str) -> int:
    raw, own, scanned = measure(Path(folder) if folder else None, seconds)
    said = {
        "turns": len(raw),
        "p99": float(np.percentile(raw, 99)),
        "worst": float(raw.max()),
        "own": float(np.percentile(own, 99)),
        "scanned": scanned,
    }
    print(json.dumps(said))
    return 0


if __name__ == "__main__":
    sys.exit(main())
