"""The tools that make sketches for training: icons as line drawings, and a photo's contours."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.training.dataset import SketchPhotoData
from tests.models.made_data import write_index

ROOT = Path(__file__).resolve().parents[2]
pytest.importorskip("PySide6.QtSvg")

RING = '<circle cx="12" cy="12" r="9" fill="none" stroke="currentColor" stroke-width="2"/>'
DISC = '<circle cx="12" cy="12" r="9" fill="{}"/>'
DOT = '<circle cx="12" cy="12" r="1" fill="currentColor"/>'
MIT = {"name": "Some icons", "author": {"name": "Somebody"}, "license": {"spdx": "MIT"}}
SHARED_ALIKE = MIT | {"license": {"spdx": "CC-BY-SA-4.0"}}


def made(tmp_path, sets):
    """Run the tool on a package of icon sets ``{name: (about, {icon: body})}``."""
    package, like = tmp_path / "package", tmp_path / "like"
    (package / "json").mkdir(parents=True)
    like.mkdir()
    write_index(
        like, [("sketch", "sketchy", c, f"sketchy/{c}/1-1.png") for c in ("cat", "house", "motorbike")]
    )
    (package / "collections.json").write_text(json.dumps({n: about for n, (about, _) in sets.items()}))
    for name, (_, icons) in sets.items():
        data = {
            "prefix": name,
            "width": 24,
            "height": 24,
            "icons": {k: {"body": v} for k, v in icons.items()},
        }
        (package / "json" / f"{name}.json").write_text(json.dumps(data))
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "icon_sketches.py", package, tmp_path / "out", "--like", like],
        capture_output=True,
        text=True,
        check=False,
        env={"QT_QPA_PLATFORM": "offscreen", "PATH": "", "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return SketchPhotoData.open(like).with_sketches_of([tmp_path / "out"])


def test_icons_of_a_class_become_sketches_whatever_their_style_is_called(tmp_path):
    icons = {
        "cat-outline": RING,
        "motorcycle-bold": DISC.format("currentColor"),
        "home-16": DISC.format("red"),
    }
    others = {"cat-off": DISC.format("blue"), "category": RING, "house": DOT}
    data = made(tmp_path, {"free": (MIT, icons | others), "bound": (SHARED_ALIKE, {"cat": RING})})
    made_here = {s.name: s.class_name for s in data.sketches if s.source == "icons"}
    assert made_here == {
        "icons/cat/free_cat-outline.png": "cat",
        "icons/motorbike/free_motorcycle-bold.png": "motorbike",
        "icons/house/free_home-16.png": "house",
    }
    for name in made_here:
        picture = data.sketch_files.grey(name)
        assert picture[128, 128] == 255, name  # the filled ones are outlines now
        assert 0.01 < (picture < 128).mean() < 0.3, name
    assert (tmp_path / "out" / "LICENSES.txt").read_text() == "free: Some icons, MIT, Somebody\n"


def test_the_same_icon_in_two_sizes_is_one_sketch(tmp_path):
    data = made(tmp_path, {"free": (MIT, {"cat-16": RING, "cat-24": RING})})
    assert sum(s.source == "icons" for s in data.sketches) == 1


def test_a_map_of_contours_becomes_thin_lines_without_its_crumbs(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from scripts.line_drawings import lines

    contours = np.zeros((120, 120), np.float32)
    cv2.circle(contours, (60, 60), 40, 0.9, 7)
    cv2.circle(contours, (110, 110), 2, 0.9, -1)
    drawn = lines(cv2.GaussianBlur(contours, (0, 0), 1.0)) < 128
    ys, xs = np.nonzero(drawn)
    radius = np.hypot(xs - 60, ys - 60)
    assert radius.min() > 36
    assert radius.max() < 44
    assert drawn.sum() < (contours > 0.5).sum() / 2  # the map was seven pixels wide
    assert len(set(np.degrees(np.arctan2(ys - 60, xs - 60)).astype(int))) > 300  # all the way round
    assert lines(np.full((120, 120), 0.05, np.float32)) is None
