"""Starting: one window a gallery, found by a second start; nothing heavy before the window is up."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.waiting import RUN_S
from ui.single_instance import SingleInstance

HOLDER = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from ui.single_instance import SingleInstance
app = QCoreApplication([])
place = SingleInstance(Path(sys.argv[1]))
assert place.acquire()
place.raise_requested.connect(lambda: (print("raised", flush=True), app.quit()))
print("held", flush=True)
app.exec()
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_start_finds_the_first_and_brings_it_to_the_front(qapp, tmp_path, holder):
    second = SingleInstance(tmp_path)
    assert not second.acquire()
    assert second.raise_other()
    assert holder.stdout.readline() == "raised\n"


def test_another_gallery_is_another_window(qapp, tmp_path, holder):
    other = SingleInstance(tmp_path / "other")
    assert other.acquire()
    other.close()


def test_a_crashed_window_leaves_the_place_free(qapp, tmp_path, holder):
    holder.kill()
    holder.wait()
    next_one = SingleInstance(tmp_path)
    assert next_one.acquire()
    next_one.close()


def test_a_window_that_was_closed_leaves_the_place_free(qapp, tmp_path):
    for _ in range(2):
        place = SingleInstance(tmp_path)
        assert place.acquire()
        place.close()


RUN = """
import sys
from sketch_app.paths import AppPaths
from sketch_app.workspace import Workspace
from ui.app import run_window
heavy = {"torch", "transformers", "diffusers", "mediapipe", "cv2", "faiss"}
workspace = Workspace(AppPaths.default())
workspace.update_settings(camera_on=False)
def painted_first(window):
    window.painted.connect(lambda: None)
    print("ready", window.isVisible(), flush=True)
    window.close()
import ui.main_window
print("heavy", sorted(heavy & set(sys.modules)), flush=True)
print("status", run_window(workspace, on_ready=painted_first), flush=True)
"""


def test_the_window_opens_without_anything_heavy_and_ends_cleanly(tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", RUN],
        capture_output=True,
        text=True,
        timeout=RUN_S,
        env={**os.environ, "SKETCH_APP_HOME": str(tmp_path)},
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == ["heavy []", "ready True", "status 0"]
    assert (tmp_path / "logs" / "sketch_app.log").exists()
