"""From starting the program to its window on the screen, the way the command opens it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.processes import median_ms, offscreen, seconds_of, seconds_to_line
from benchmarks.rows import Row

PAINTED = "painted"


def open_and_say() -> int:
    """What ``sketch-app`` does without arguments, saying when the window is painted and closing it."""
    import sketch_app.cli  # noqa: F401 - the command imports it first: part of the start
    from sketch_app.commands import open_workspace
    from sketch_app.paths import AppPaths
    from sketch_app.settings import Settings, save_settings

    # A machine without a camera would tell of it meanwhile; everything else is as at a first start.
    save_settings(AppPaths.default().settings_file, Settings(camera_on=False))
    from rich.console import Console

    workspace = open_workspace(None, Console(stderr=True))
    from ui.app import run_window
    from ui.main_window import MainWindow

    def ready(window: MainWindow) -> None:
        print(PAINTED, flush=True)
        window.close()

    return run_window(workspace, on_ready=ready)


def rows(_work: Path, *, quick: bool) -> list[Row]:
    runs = 3 if quick else 11
    start = ["-m", "benchmarks.window_start"]
    with tempfile.TemporaryDirectory() as home:
        environment = offscreen(SKETCH_APP_HOME=home)
        first = seconds_to_line(start, PAINTED, environment)
        window, qt, bare = [], [], []
        for _ in range(runs):
            window.append(seconds_to_line(start, PAINTED, environment))
            qt.append(seconds_of(["-c", "import PySide6.QtWidgets"]))
            bare.append(seconds_of(["-c", "pass"]))
    note = f"median of {runs}, in turn, offscreen; the first run, not counted, took {1000 * first:.0f} ms"
    return [
        Row(
            what="start to the first painted window",
            measured=median_ms(window),
            unit="ms",
            baseline=median_ms(qt),
            against="importing PySide6.QtWidgets alone",
            goal=1500,
            note=note,
        ),
        Row(
            what="start to the first painted window",
            measured=median_ms(window),
            unit="ms",
            baseline=median_ms(bare),
            against="python -c pass",
        ),
    ]


if __name__ == "__main__":
    sys.exit(open_and_say())
