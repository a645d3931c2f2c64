"""The demo: its drawings and photographs, where it draws them, and one act of it from end to end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from device.virtual_hand import Performance, VirtualHand
from index.gallery import Gallery
from sketch_app.air_layout import default_layout
from sketch_app.demo import ENOUGH_RIGHT, FRAME_SIZE, Act, load_drawings, place_strokes
from sketch_app.demo_gallery import PHOTOS, make_demo_photos
from sketch_app.errors import SketchAppError
from sketch_app.search_types import PhotoResult, SearchRequest, SearchUpdate, Stage
from sketch_app.sketch import Sketch
from tests.sketch_app.demo_sketches import demo_sketch
from tests.support.tiny_full_set import install_tiny_full_set, write_tiny_full_set
from tests.support.waiting import RUN_S

ROOT = Path(__file__).resolve().parents[2]


def test_every_drawing_is_drawable_and_its_photos_are_in_the_gallery(home):
    drawings = load_drawings()
    stems = {p.stem for p in home.photos.iterdir()}
    assert len(drawings) > ENOUGH_RIGHT
    assert len({d.subject for d in drawings}) == len(drawings)
    for drawing in drawings:
        assert drawing.photos
        assert drawing.photos <= stems
        for stroke in drawing.strokes:
            assert stroke.shape[1] == 2
            assert len(stroke) > 1
            assert np.isfinite(stroke).all()


def test_subjects_come_in_the_order_they_were_asked_for():
    assert [d.subject for d in load_drawings(("flower", "cat"))] == ["flower", "cat"]


def test_a_subject_without_a_drawing_is_named_and_so_are_those_there_are():
    with pytest.raises(SketchAppError) as caught:
        load_drawings(("cat", "unicorn"))
    assert "unicorn" in str(caught.value)
    assert all(d.subject in str(caught.value) for d in load_drawings())


@pytest.mark.parametrize("drawing", load_drawings(), ids=lambda d: d.subject)
def test_a_drawing_is_placed_where_one_can_draw_and_the_whole_hand_is_seen(drawing):
    layout = default_layout(FRAME_SIZE)
    reach = Performance(VirtualHand(size=FRAME_SIZE, mirrored=True), start=(320.0, 240.0)).drawable()
    placed = place_strokes(drawing, layout, reach)
    points = np.concatenate(placed)
    assert all(layout.is_drawable(point) for point in points)
    assert (points >= np.array(reach[:2]) - 1e-6).all()
    assert (points <= np.array(reach[2:]) + 1e-6).all()
    was, now = np.ptp(np.concatenate(drawing.strokes), axis=0), np.ptp(points, axis=0)
    assert now[0] / was[0] == pytest.approx(now[1] / was[1])  # not stretched
    assert now.max() > 100  # large enough to be recognised
    assert [len(s) for s in placed] == [len(s) for s in drawing.strokes]


def test_enough_of_the_drawings_find_their_photo_first(home, models):
    from index.gallery import Gallery
    from sketch_app.search import SearchPipeline

    right = 0
    with Gallery.open(home.paths.default_gallery, write=False) as gallery:
        pipeline = SearchPipeline(models, lambda: gallery)
        for drawing in load_drawings():
            act = Act(drawing, answer=pipeline.answer(SearchRequest(0, demo_sketch(drawing.subject), 0)))
            right += act.is_right
    assert right >= ENOUGH_RIGHT + 1  # one may go wrong in the air


def test_an_act_is_right_when_its_first_photo_shows_what_was_drawn():
    (drawing,) = load_drawings(("cat",))

    def answered(*names):
        results = tuple(
            PhotoResult(n, 0.5, Path("/p") / name, (), 1, 1, None) for n, name in enumerate(names)
        )
        request = SearchRequest(1, Sketch(), 1)
        return Act(drawing, answer=SearchUpdate(request, Stage.COMPLETE, (), results, 0.1, 9))

    assert answered("chelsea.png", "moon.png").is_right
    assert not answered("moon.png", "chelsea.png").is_right
    assert not answered().is_right
    assert not Act(drawing).is_right


def test_the_photographs_are_real_and_copied_once(tmp_path):
    make_demo_photos(tmp_path)
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == sorted(name for _, inside in PHOTOS.values() for name in inside)
    assert len(names) == 25
    for name in names:
        with Image.open(tmp_path / name) as image:
            image.verify()
    (tmp_path / "moon.png").unlink()
    (tmp_path / "cell.png").write_bytes(b"mine")
    make_demo_photos(tmp_path)
    assert (tmp_path / "moon.png").stat().st_size > 1000
    assert (tmp_path / "cell.png").read_bytes() == b"mine"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind here")
def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(SketchAppError, match="could not be copied"):
            make_demo_photos(tmp_path)
    finally:
        tmp_path.chmod(0o700)


def demo_of_a_coffee_cup(tmp_path, *options):
    return subprocess.run(
        [
            *(sys.executable, "-m", "sketch_app.cli", "demo", "--subjects", "coffee cup", "--no-video"),
            *("--output", str(tmp_path / "output"), *options),
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "SKETCH_APP_HOME": str(tmp_path / "home"),
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=RUN_S,
        check=False,
    )


def test_a_virtual_hand_draws_a_coffee_cup_in_the_real_window_and_its_photo_comes_up(tmp_path):
    """Everything: rendered hand, real tracker, gestures, canvas, search, window, pictures."""
    done = demo_of_a_coffee_cup(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The right photo came first for 1 of 1 drawings." in done.stdout
    assert any("coffee cup" in line and line.rstrip().endswith("yes") for line in done.stdout.splitlines())
    assert "Traceback" not in done.stderr
    assert sorted(p.name for p in (tmp_path / "output").iterdir()) == ["1-coffee-cup.png"]
    with Image.open(tmp_path / "output" / "1-coffee-cup.png") as window:
        assert window.width > 600
        assert len(window.convert("RGB").getcolors(2**24)) > 1000  # photos are in it


def test_the_demo_runs_the_whole_chain_of_the_full_models(tmp_path):
    """Tiny random stand-ins: their picture means nothing, so the first photo may be any."""
    install_tiny_full_set(write_tiny_full_set(tmp_path / "carried"), tmp_path / "home" / "data" / "models")
    done = demo_of_a_coffee_cup(tmp_path, "--models", "full", "--device", "cpu")
    assert "for 1 of 1 drawings" in done.stdout or "for 0 of 1 drawings" in done.stdout, done.stderr
    assert "no answer" not in done.stdout
    assert "Traceback" not in done.stderr
    assert (tmp_path / "output" / "1-coffee-cup.png").exists()
    with Gallery.open(tmp_path / "home" / "data" / "demo" / "gallery", write=False) as gallery:
        prepared = gallery.active_model("deep")
        assert prepared is not None
        assert gallery.coverage(prepared).complete


def test_the_demo_without_the_full_models_says_how_to_get_them(tmp_path):
    done = demo_of_a_coffee_cup(tmp_path, "--models", "full")
    assert done.returncode == 1
    assert "sketch-app models pull full" in done.stderr
