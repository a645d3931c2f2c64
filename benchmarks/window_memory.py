"""The memory of the whole program at work: window, hand, models, a gallery of 10,000 photos, searches."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer

from benchmarks.filled_gallery import HOW, fill, paths_below
from benchmarks.indexing import peak_kib
from benchmarks.processes import LIMIT_SECONDS, offscreen
from benchmarks.rows import Row

HANDS = 90
"""Frames with a hand in them before the memory is read."""
SETTLE_SECONDS = 3.0
"""After the last answer: thumbnails arrive."""
GIVE_UP_SECONDS = 120.0

BARE = (
    "import json, torch, faiss, cv2, mediapipe, cvzone.HandTrackingModule, PySide6.QtWidgets\n"
    "from benchmarks.window_memory import resident_mb\n"
    "print(json.dumps(resident_mb()))\n"
)


def resident_mb() -> tuple[float, float]:
    """The memory this process holds now, and the most it has held, in MB of a million bytes."""
    status = Path("/proc/self/status")
    peak = peak_kib() * 1024 / 1e6
    if not status.exists():
        return peak, peak
    [line] = [line for line in status.read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) * 1024 / 1e6, peak


def hand_pictures() -> Iterator[NDArray[np.uint8]]:
    """A virtual hand that draws one stroke after another, rendered as it goes."""
    from device.gestures import Gesture
    from device.virtual_hand import Performance, VirtualHand

    hand = VirtualHand("right", size=(640, 480), mirrored=True)
    zigzag = np.array([[0, 0], [50, -40], [100, 0], [150, -40]]) + np.array([230, 200])
    for seed in range(1000):
        show = Performance(hand, start=(320.0, 200.0), seed=seed).hold(Gesture.FIST, 8)
        yield from show.draw(zigzag).hold(Gesture.FIST, 8).images()


def work_and_say(home: Path) -> int:
    """Open the window on a filled gallery, let the hand draw, search, and print the memory."""
    from device.frames import IterableSource
    from sketch_app.workspace import Workspace
    from ui.app import run_window
    from ui.main_window import MainWindow

    began = time.monotonic()
    hands, results, done_at = 0, 0, 0.0
    said: dict[str, float] = {}

    def ready(window: MainWindow) -> None:
        def saw(reading: object) -> None:
            nonlocal hands
            hands += getattr(reading, "hand", None) is not None

        def answered(update: object) -> None:
            nonlocal results
            results = len(getattr(update, "results", ()))

        def look() -> None:
            nonlocal done_at
            now = time.monotonic()
            if not done_at and hands >= HANDS and results:
                done_at = now
            if (done_at and now - done_at > SETTLE_SECONDS) or now - began > GIVE_UP_SECONDS:
                timer.stop()
                resident, peak = resident_mb()
                said.update(resident=resident, peak=peak, hands=hands, results=results)
                said.update(photos=window.photos.photo_count or 0)
                window.close()

        timer = QTimer(window)
        timer.timeout.connect(look)
        timer.start(200)
        window.air.bridge.reading.connect(saw)
        window.search.answered.connect(answered)

    status = run_window(
        Workspace(paths_below(home)), source=IterableSource(hand_pictures(), fps=15.0), on_ready=ready
    )
    print(json.dumps(said))
    return status


def rows(work: Path, *, quick: bool) -> list[Row]:
    photos = 1_000 if quick else 10_000
    fill(work, photos)
    said = json.loads(_said(["-m", "benchmarks.window_memory", str(work / f"home-{photos}")]))
    if said["hands"] < HANDS or not said["results"] or said["photos"] != photos:
        raise RuntimeError(f"the window did not come to work: {said}")
    bare, _ = json.loads(_said(["-c", BARE]))
    return [
        Row(
            what=f"memory at work, {photos} photos",
            measured=said["resident"],
            unit="MB",
            baseline=bare,
            against="torch, faiss, OpenCV, MediaPipe and Qt imported",
            goal=1500,
            note=f"the most held at any moment {said['peak']:.0f} MB; after {said['hands']:.0f} frames with "
            f"a hand, models loaded, {said['results']:.0f} results shown; gallery: {HOW}",
        )
    ]


def _said(arguments: list[str]) -> str:
    process = subprocess.run(
        [sys.executable, *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=LIMIT_SECONDS,
        env=offscreen(),
    )
    return process.stdout.strip().splitlines()[-1]


if __name__ == "__main__":
    sys.exit(work_and_say(Path(sys.argv[1])))
