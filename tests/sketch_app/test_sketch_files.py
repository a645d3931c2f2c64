import json
import os
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sketch_app.atomic_files import write_atomically
from sketch_app.errors import SketchFileError
from sketch_app.sketch import Sketch, Stroke
from sketch_app.sketch_files import (
    MAX_BYTES,
    load_json,
    load_sketch,
    load_svg,
    save_json,
    save_png,
    save_svg,
    sketch_from_json,
    sketch_to_json,
)
from tests.sketch_app.sketches import house, line, sketches

POSIX_USER = sys.platform != "win32" and os.geteuid() != 0


def plain(**changes):
    """The fields of a small valid file."""
    stroke = {"pen": "black", "width": 6.0, "points": [[1.5, 2.0], [3.0, 4.0]], "times": [0.0, 0.1]}
    return {"format": "sketch_app sketch", "version": 1, "size": [640, 480], "strokes": [stroke]} | changes


def with_stroke(**changes):
    return plain(strokes=[plain()["strokes"][0] | changes])


@pytest.mark.parametrize("ending", [".json", ".svg", ".SVG"])
def test_a_sketch_comes_back_as_it_was(tmp_path, ending):
    path = tmp_path / f"house{ending}"
    (save_json if ending == ".json" else save_svg)(house(), path)
    loaded = load_sketch(path)
    assert loaded.size == (640, 480)
    for after, before in zip(loaded.strokes, house().strokes, strict=True):
        assert (after.pen, after.width) == (before.pen, before.width)
        np.testing.assert_allclose(after.points, before.points, atol=0.051)
        np.testing.assert_allclose(after.times, before.times, atol=0.0006)


@given(sketches)
def test_json_keeps_a_tenth_of_a_pixel_and_the_second_time_everything(sketch):
    once = sketch_from_json(sketch_to_json(sketch, "a"), "a")
    assert len(once.strokes) == len(sketch.strokes)
    for after, before in zip(once.strokes, sketch.strokes, strict=True):
        np.testing.assert_allclose(after.points, before.points, atol=0.0501)
    assert sketch_from_json(sketch_to_json(once, "a"), "a") == once


@given(sketches)
def test_svg_keeps_what_json_keeps(tmp_path, sketch):
    save_svg(sketch, tmp_path / "a.svg")
    assert load_svg(tmp_path / "a.svg") == sketch_from_json(sketch_to_json(sketch, "a"), "a")


def test_the_json_is_small_and_plain(tmp_path):
    save_json(Sketch((Stroke([(1.04, 2.06)], [0.12345], width=5.5),)), tmp_path / "a.json")
    fields = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert fields["version"] == 1
    assert fields["strokes"] == [{"pen": "black", "width": 5.5, "points": [[1.0, 2.1]], "times": [0.123]}]


def test_other_programs_see_the_strokes_in_the_svg(tmp_path):
    save_svg(house(), tmp_path / "a.svg")
    root = ET.parse(tmp_path / "a.svg").getroot()
    assert root.get("viewBox") == "0 0 640 480"
    lines = root.findall("{http://www.w3.org/2000/svg}polyline")
    assert [shape.get("stroke") for shape in lines] == ["#111111", "#ce2626", "#168a3e"]
    assert lines[1].get("points") == "100.0,200.0 200.0,100.0 300.0,200.0"
    assert len(set(lines[2].get("points").split())) == 1  # a dot


def test_png_shows_the_canvas_in_colour(tmp_path):
    save_png(house(), tmp_path / "a.png")
    save_png(house(), tmp_path / "small.png", (320, 240))
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (1280, 960)
        assert picture.getpixel((200, 600)) == (17, 17, 17)
        assert picture.getpixel((1200, 60)) == (255, 255, 255)
    with Image.open(tmp_path / "small.png") as picture:
        assert picture.size == (320, 240)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (plain(version=2), "newer"),
        (plain(version=10**30), "newer"),
        (plain(version=0), "damaged"),
        (plain(version="1"), "damaged"),
        (plain(format="other"), "not a sketch"),
        ([plain()], "not a sketch"),
        (plain(size=[640]), "damaged"),
        (plain(size=[640, 10**9]), "damaged"),
        (plain(size=[0, 480]), "damaged"),
        (plain(strokes="none"), "damaged"),
        (plain(strokes=plain()["strokes"] * 20_001), "damaged"),
        (with_stroke(pen="purple"), "damaged"),
        (with_stroke(width=0), "damaged"),
        (with_stroke(width=10**400), "damaged"),
        (with_stroke(width=True), "damaged"),
        (with_stroke(points=[]), "damaged"),
        (with_stroke(points=[[1, 2, 3], [1, 2]]), "damaged"),
        (with_stroke(points=[[1, 2], [1e9, 2]]), "damaged"),
        (with_stroke(points=[["1", 2], [1, 2]]), "damaged"),
        (with_stroke(times=[0]), "damaged"),
        (with_stroke(times=[0, -1]), "damaged"),
        (with_stroke(times=[0, float("nan")]), "damaged"),
        (with_stroke(points=[[1, float("inf")], [1, 2]]), "damaged"),
        (with_stroke(points=[[1, 2]] * 200_001, times=[0] * 200_001), "damaged"),
    ],
)
def test_a_wrong_file_is_refused_in_a_sentence_that_names_it(tmp_path, content, word):
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(SketchFileError, match=word) as refusal:
        load_json(path)
    assert "wrong.json" in str(refusal.value)
    assert str(refusal.value).endswith(".")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("version", ["2", "99"])
def test_a_newer_svg_is_refused(tmp_path, version):
    save_svg(house(), tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    (tmp_path / "a.svg").write_text(text.replace('version="1"', f'version="{version}"'), encoding="utf-8")
    with pytest.raises(SketchFileError, match="newer"):
        load_svg(tmp_path / "a.svg")


BOMB = """<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<svg data-sketch-app-version="1" width="640" height="480"><polyline data-pen="&b;"/></svg>"""


def test_an_svg_that_declares_a_document_type_is_refused(tmp_path):
    save_svg(house(), tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    (tmp_path / "a.svg").write_text("<!DOCTYPE svg>" + text, encoding="utf-8")
    with pytest.raises(SketchFileError, match="document type"):
        load_svg(tmp_path / "a.svg")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg",
        b"<html/>",
        b"<svg/>",
        b'<svg data-sketch-app-version="1"/>',
        b'<svg data-sketch-app-version="one" width="640" height="480"/>',
        b'<svg data-sketch-app-version="1" width="640" height="480"><polyline data-pen="black"/></svg>',
        b'<svg data-sketch-app-version="1" width="640" height="480"><polyline data-pen="black" '
        b'stroke-width="6" data-times="0" points="nan,1"/></svg>',
        BOMB.encode(),
        BOMB.encode("utf-16"),
    ],
)
def test_a_wrong_svg_is_refused(tmp_path, content):
    path = tmp_path / "wrong.svg"
    path.write_bytes(content)
    with pytest.raises(SketchFileError, match=r"wrong\.svg"):
        load_svg(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
fields = ("format", "version", "size", "strokes", "pen", "width", "points", "times")


@given(st.sampled_from(fields), json_values)
def test_no_content_of_a_field_does_more_than_be_refused(field, value):
    content = plain(**{field: value}) if field in plain() else with_stroke(**{field: value})
    try:
        sketch = sketch_from_json(json.dumps(content).encode(), "a.json")
    except SketchFileError as refusal:
        assert "a.json" in str(refusal)
    else:
        assert all(np.isfinite(stroke.points).all() for stroke in sketch.strokes)


@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_do_more_than_be_refused(tmp_path, data):
    for name in ("a.json", "a.svg"):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(SketchFileError):
            load_sketch(tmp_path / name)


@given(st.data())
def test_a_file_cut_short_or_with_a_flipped_byte_never_crashes(tmp_path, data):
    for save, name in ((save_json, "a.json"), (save_svg, "a.svg")):
        save(house(), tmp_path / name)
        content = bytearray((tmp_path / name).read_bytes())
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        (tmp_path / name).write_bytes(content[: data.draw(st.integers(0, len(content)))])
        try:
            load_sketch(tmp_path / name)
        except SketchFileError as refusal:
            assert name in str(refusal)


def test_a_deeply_nested_file_is_refused(tmp_path):
    (tmp_path / "deep.json").write_bytes(b"[" * 1_000_000)
    with pytest.raises(SketchFileError, match=r"deep\.json"):
        load_json(tmp_path / "deep.json")


def test_a_giant_file_is_refused_without_being_read(tmp_path):
    with (tmp_path / "giant.json").open("wb") as stream:
        stream.truncate(50 * MAX_BYTES)
    with pytest.raises(SketchFileError, match=r"giant\.json.*larger"):
        load_json(tmp_path / "giant.json")


@pytest.mark.parametrize("name", ["missing.json", "folder.json", "drawing.txt", "nul\0.json"])
def test_what_is_no_sketch_file_is_refused(tmp_path, name):
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(SketchFileError):
        load_sketch(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders on this system")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(SketchFileError, match="not a file"):
        load_json(tmp_path / "pipe.json")


def test_a_sketch_that_could_not_be_read_again_is_not_written(tmp_path):
    far = Sketch((Stroke([(1e7, 0)], [0]),))
    for save in (save_json, save_svg):
        with pytest.raises(SketchFileError, match="too large"):
            save(far, tmp_path / "far.json")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path):
    for save in (save_json, save_svg, save_png):
        with pytest.raises(SketchFileError, match=r"nowhere.*cannot be saved"):
            save(house(), tmp_path / "nowhere" / "a.json")


def test_a_failed_save_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    save_json(house(), path)
    before = path.read_bytes()

    def full_disk(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(SketchFileError, match="No space left"):
        save_json(Sketch((line(),)), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_writing_replaces_the_target_of_a_link_and_gives_usual_rights(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    try:
        link.symlink_to(target)
    except OSError:
        pytest.skip("links are not allowed here")
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    (tmp_path / "usual").write_bytes(b"")
    assert target.stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.skipif(not POSIX_USER, reason="needs rights that can be refused")
def test_a_read_only_folder_is_named(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(SketchFileError, match="cannot be saved"):
            save_json(house(), tmp_path / "a.json")
    finally:
        tmp_path.chmod(0o700)
