"""The command line as a person types it: a process of its own, a home of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from index.gallery import Gallery
from sketch_app import __version__
from sketch_app.raster import render
from sketch_app.sketch import Sketch
from sketch_app.sketch_files import save_json, save_svg
from tests.sketch_app.demo_sketches import demo_sketch
from tests.support.waiting import RUN_S

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"torch", "cv2", "faiss", "PySide6", "mediapipe", "sklearn", "skimage", "PIL", "numpy", "sqlite3"}


def sketch_app(home, *arguments, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "sketch_app.cli", *map(str, arguments)],
        cwd=cwd or ROOT,
        env={**os.environ, "SKETCH_APP_HOME": str(home), "COLUMNS": "60", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=RUN_S,
        check=False,
    )


def refused(done):
    """The one sentence on standard error of a command that ended with status 1."""
    assert done.returncode == 1, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("sketch-app: ")
    return line


@pytest.fixture(scope="module")
def cat(tmp_path_factory):
    """The cat in every form that a person may have it in."""
    folder = tmp_path_factory.mktemp("drawings")
    save_json(demo_sketch("cat"), folder / "cat.json")
    save_svg(demo_sketch("cat"), folder / "cat.svg")
    paper = render(demo_sketch("cat"))
    Image.fromarray((paper * 0.7 + 40).astype(np.uint8)).save(folder / "paper.jpg")
    Image.fromarray(255 - paper).save(folder / "blackboard.png")
    return folder


def test_the_version(tmp_path):
    done = sketch_app(tmp_path, "--version")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, __version__, "")
    assert list(tmp_path.iterdir()) == []


def test_help_names_every_command_and_loads_nothing_heavy(tmp_path):
    question = (
        "import sys; sys.argv = ['sketch-app', '--help']\n"
        "from sketch_app.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        f"print('loaded:', *sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", question], cwd=ROOT, capture_output=True, text=True, timeout=RUN_S, check=True
    )
    assert all(command in done.stdout for command in ("index", "search", "demo", "train", "evaluate"))
    assert done.stdout.splitlines()[-1] == "loaded:"


@pytest.mark.parametrize(
    "arguments", [("serach",), ("search",), ("search", "a.json", "--limit", "0"), ("--loud",)]
)
def test_wrong_usage_is_status_2_and_says_how(tmp_path, arguments):
    done = sketch_app(tmp_path, *arguments)
    assert done.returncode == 2
    assert "Usage:" in done.stderr
    assert done.stdout == ""


def test_a_folder_is_indexed_and_brought_up_to_date(home, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("chelsea.png", "coffee.png"):
        shutil.copyfile(home.photos / name, photos / name)
    (photos / "letter.jpg").write_text("Dear reader")
    done = sketch_app(tmp_path / "home", "index", photos)
    assert done.returncode == 0, done.stderr
    assert "2 added, 0 unchanged" in done.stdout
    assert "letter.jpg" in done.stdout
    assert "2 photos in" in done.stdout
    (photos / "coffee.png").unlink()
    again = sketch_app(tmp_path / "home", "index", "--json")  # every folder of the gallery
    assert again.returncode == 0, again.stderr
    (report,) = json.loads(again.stdout)
    assert (report["added"], report["unchanged"], report["missing"]) == (0, 2, 1)
    assert [Path(s["path"]).name for s in report["skipped"]] == ["letter.jpg"]


def test_a_saved_sketch_finds_its_photo_as_json_and_as_a_sheet(home, cat, tmp_path):
    sheet = tmp_path / "sheet.png"
    done = sketch_app(home.root, "search", cat / "cat.json", "--json", "--limit", "4", "--sheet", sheet)
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout)
    assert Path(read["results"][0]["path"]) == home.photos / "chelsea.png"
    assert len(read["results"]) == 4
    assert read["photos_in_gallery"] == 25
    assert read["names"][0]["korean"] == "고양이"
    assert read["caption"] == "convert a cat into a high-resolution color image with a white background"
    with Image.open(sheet) as image:
        assert image.format == "PNG"
        assert image.width > 4 * 160


def test_an_svg_searched_in_a_folder_of_photos_prints_a_table(home, cat, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("chelsea.png", "rocket.jpg", "flower.jpg"):
        shutil.copyfile(home.photos / name, photos / name)
    done = sketch_app(tmp_path / "home", "search", cat / "cat.svg", "--gallery", photos)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("cat ")
    assert lines[2].endswith(str(photos / "chelsea.png"))  # whole, however narrow the terminal
    assert lines[-1].startswith("3 photos searched in")
    assert sorted(p.name for p in photos.iterdir()) == ["chelsea.png", "flower.jpg", "rocket.jpg"]


@pytest.mark.parametrize("name", ["paper.jpg", "blackboard.png"])
def test_a_photo_of_a_drawing_finds_the_photo_of_its_subject(home, cat, name):
    done = sketch_app(home.root, "search", cat / name, "--json", "--gallery", home.paths.default_gallery)
    assert done.returncode == 0, done.stderr
    assert Path(json.loads(done.stdout)["results"][0]["path"]).name == "chelsea.png"


def test_a_missing_sketch_is_a_sentence(tmp_path):
    for name in ("gone.json", "gone.png"):
        assert name in refused(sketch_app(tmp_path, "search", name))


def test_an_empty_sketch_is_a_sentence(tmp_path):
    save_json(Sketch(), tmp_path / "empty.json")
    assert "draw something first" in refused(sketch_app(tmp_path, "search", tmp_path / "empty.json"))


def test_a_file_that_is_no_sketch_is_a_sentence(tmp_path):
    (tmp_path / "letter.txt").write_text("Dear reader")
    (tmp_path / "letter.json").write_text("{}")
    for name in ("letter.txt", "letter.json"):
        assert name in refused(sketch_app(tmp_path, "search", tmp_path / name))


def test_a_missing_gallery_folder_is_a_sentence(cat, tmp_path):
    nowhere = tmp_path / "nowhere"
    assert str(nowhere) in refused(sketch_app(tmp_path, "search", cat / "cat.json", "--gallery", nowhere))
    assert str(nowhere) in refused(sketch_app(tmp_path, "index", nowhere))
    assert not nowhere.exists()


def test_a_gallery_that_another_program_writes_is_a_sentence_and_loses_nothing(home, cat, tmp_path):
    copy = tmp_path / "home" / "data"
    shutil.copytree(home.paths.data, copy)
    with Gallery.open(copy / "gallery", write=True):
        sentence = refused(sketch_app(tmp_path / "home", "index", home.photos))
        assert f"pid {os.getpid()}" in sentence
        done = sketch_app(tmp_path / "home", "search", cat / "cat.json", "--json")  # reading goes on
        assert json.loads(done.stdout)["photos_in_gallery"] == 25
    with Gallery.open(copy / "gallery", write=True) as gallery:
        assert gallery.count() == 25


def test_a_drawing_that_the_demo_does_not_know_is_a_sentence(tmp_path):
    sentence = refused(sketch_app(tmp_path, "demo", "--subjects", "unicorn", cwd=tmp_path))
    assert "unicorn" in sentence
    assert "coffee cup" in sentence
    assert list(tmp_path.iterdir()) == []


def test_training_without_its_data_is_a_sentence(tmp_path):
    (tmp_path / "data").mkdir()
    run = tmp_path / "run"
    for folder, word in [(tmp_path / "nowhere", "nowhere"), (tmp_path / "data", "index.csv")]:
        assert word in refused(sketch_app(tmp_path, "train", "encoder", "--data", folder, "--out", run))
        assert word in refused(sketch_app(tmp_path, "evaluate", "--data", folder))
    assert not run.exists()
