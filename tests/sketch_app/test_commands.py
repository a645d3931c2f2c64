"""What the commands print: tables for people, JSON for programs, one sentence for an error."""

from __future__ import annotations

import io
import json
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
import typer
from rich.console import Console

from index.gallery import Gallery
from index.records import IndexReport, SkippedFile
from sketch_app.commands import (
    answer_as_dict,
    index_with_progress,
    open_workspace,
    plain_errors,
    print_answer,
    print_reports,
    read_sketch_file,
    reports_as_json,
)
from sketch_app.errors import SketchAppError
from sketch_app.protocols import SketchName
from sketch_app.search_types import PhonePlace, PhotoResult, SearchRequest, SearchUpdate, Stage
from sketch_app.sketch import Sketch
from sketch_app.sketch_files import save_json, save_png, save_svg
from sketch_app.workspace import Workspace
from tests.sketch_app.conftest import paths_below
from tests.sketch_app.demo_sketches import demo_sketch

ODD = Path("/photos/[bold]caf\udce9 고양이.jpg")  # markup, and a byte that is no UTF-8


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=200, soft_wrap=True)


def said(console):
    return console.file.getvalue()


def answer(*paths, count=3):
    results = [
        PhotoResult(
            n, 0.91234567 - n / 10, path, (), 40, 30, datetime(2024, 2, 3) if n else None, {"sketch": 0.5}
        )
        for n, path in enumerate(paths)
    ]
    names = (SketchName("cat", "cat", "고양이", 0.75),)
    request = SearchRequest(0, Sketch(), 0)
    return SearchUpdate(
        request, Stage.COMPLETE, names, tuple(results), 0.25, count, caption=names[0].sentence
    )


def report(*skipped):
    return IndexReport(3, 3, 2, 1, 0, 0, 5, skipped, False, 0.5)


def test_an_answer_for_programs_is_json_whatever_the_paths_are_called():
    text = json.dumps(answer_as_dict(answer(ODD, None), Path("cat.json")), ensure_ascii=False)
    text.encode("utf-8")  # can be printed
    read = json.loads(text)
    assert read["sketch"] == "cat.json"
    assert read["names"][0] == {
        "class_name": "cat",
        "english": "cat",
        "korean": "고양이",
        "probability": 0.75,
    }
    assert read["photos_in_gallery"] == 3
    assert [r["score"] for r in read["results"]] == [0.9123, 0.8123]
    assert read["results"][0]["path"].endswith("고양이.jpg")
    assert read["results"][1]["path"] is None
    assert [r["taken_at"] for r in read["results"]] == [None, "2024-02-03T00:00:00"]


def test_an_answer_for_people_shows_names_photos_and_count(console):
    print_answer(answer(Path("/photos/a.jpg"), None), console)
    text = said(console)
    assert "cat 75%" in text
    assert "91 %" in text
    assert "/photos/a.jpg" in text
    assert "(gone)" in text
    assert "2024-02-03" in text
    assert "3 photos searched in 0.25 s" in text


def test_a_photo_on_a_phone_is_told_by_its_phone_album_and_name(console):
    place = PhonePlace("Galaxy S23", "Camera", "20260101_1.jpg", is_preview=True)
    here, there = answer(Path("/photos/a.jpg"), None).results
    told = answer(Path("/photos/a.jpg"), None)
    told = replace(told, results=(replace(here, phones=(place,)), replace(there, phones=(place,))))
    print_answer(told, console)
    text = said(console)
    assert "/photos/a.jpg = Galaxy S23: Camera/20260101_1.jpg" in text
    assert "  Galaxy S23: Camera/20260101_1.jpg (its preview is here)" in text
    assert "(gone)" not in text
    phones = json.loads(json.dumps(answer_as_dict(told, Path("cat.json"))))["results"][1]["phones"]
    assert phones == [
        {"phone": "Galaxy S23", "album": "Camera", "file": "20260101_1.jpg", "is_preview": True}
    ]


def test_a_path_that_looks_like_markup_is_printed_as_it_is(console):
    print_answer(answer(ODD), console)
    assert "[bold]caf" in said(console)


def test_an_empty_gallery_says_how_to_fill_it(console):
    print_answer(answer(count=0), console)
    assert "sketch-app index FOLDER" in said(console)


def test_what_was_skipped_is_listed_with_its_reason(console, home, models):
    workspace = Workspace(home.paths, models=models)
    skipped = SkippedFile(b"/photos/[i]\xff.jpg", "It is [b]torn.")
    print_reports((report(skipped),), workspace, console)
    assert "3 added, 2 unchanged, 1 moved" in said(console)
    assert "[i]" in said(console)
    assert "It is [b]torn." in said(console)
    assert "25 photos in" in said(console)
    workspace.close()


def test_a_long_list_of_skipped_files_is_cut(console, home, models):
    workspace = Workspace(home.paths, models=models)
    print_reports((report(*[SkippedFile(b"/a.jpg", "torn")] * 30),), workspace, console)
    assert said(console).count("skipped /a.jpg") == 20
    assert "and 10 more skipped" in said(console)
    workspace.close()


def test_reports_for_programs_are_json():
    (read,) = json.loads(reports_as_json((report(SkippedFile(b"/p/\xff.jpg", "torn")),)))
    assert (read["added"], read["cancelled"]) == (3, False)
    assert read["skipped"][0]["reason"] == "torn"
    assert read["skipped"][0]["path"].endswith(".jpg")


@pytest.mark.parametrize(
    "save, name", [(save_json, "cat.json"), (save_svg, "cat.svg"), (save_png, "cat.png")]
)
def test_a_saved_sketch_is_a_search(tmp_path, save, name):
    save(demo_sketch("cat"), tmp_path / name)
    request = read_sketch_file(tmp_path / name)
    assert (request.picture is None) == (name != "cat.png")
    assert request.sketch.is_empty == (name == "cat.png")


@pytest.mark.parametrize(
    "save, name", [(save_json, "empty.json"), (save_svg, "empty.svg"), (save_png, "empty.png")]
)
def test_an_empty_sketch_is_refused_by_name(tmp_path, save, name):
    save(Sketch(), tmp_path / name)
    with pytest.raises(SketchAppError, match=name):
        read_sketch_file(tmp_path / name)


def test_our_own_error_is_one_line_and_status_1(console):
    with pytest.raises(typer.Exit) as ended, plain_errors(console):
        raise SketchAppError("The [pen] is dry: " + "very " * 80 + "dry.")
    assert ended.value.exit_code == 1
    assert said(console).startswith("sketch-app: The [pen] is dry")
    assert said(console).count("\n") == 1


def test_a_fault_of_the_program_itself_is_not_dressed_up(console):
    with pytest.raises(ZeroDivisionError), plain_errors(console):
        _ = 1 / 0


def test_a_folder_of_photos_is_indexed_first_and_a_gallery_is_taken_as_it_is(
    console, home, tmp_path, monkeypatch
):
    monkeypatch.setenv("SKETCH_APP_HOME", str(tmp_path))
    (tmp_path / "photos").mkdir()
    workspace = open_workspace(tmp_path / "photos", console)
    assert workspace.gallery_directory.is_relative_to(tmp_path / "data" / "galleries")
    assert [f.path for f in workspace.gallery_summary().folders] == [tmp_path / "photos"]
    workspace.close()
    assert list((tmp_path / "photos").iterdir()) == []  # nothing is written beside the photos
    taken = open_workspace(home.paths.default_gallery, console)
    assert taken.gallery_directory == home.paths.default_gallery
    assert open_workspace(None, console).gallery_directory == tmp_path / "data" / "gallery"
    with pytest.raises(SketchAppError, match="nowhere"):
        open_workspace(tmp_path / "nowhere", console)


def test_waiting_for_a_writer_ends_when_the_writer_does(console, tmp_path, models, monkeypatch):
    from sketch_app import commands

    workspace = Workspace(paths_below(tmp_path), models=models)
    (tmp_path / "photos").mkdir()
    writer = Gallery.open(workspace.gallery_directory, write=True)
    waits, sleep = [], time.sleep

    def pause(seconds):
        if seconds != commands.BUSY_RETRY_SECONDS:  # the gallery itself waits a moment for its lock
            sleep(seconds)
            return
        waits.append(seconds)
        if len(waits) == 3:
            writer.close()

    monkeypatch.setattr(commands.time, "sleep", pause)
    (done,) = index_with_progress(workspace, tmp_path / "photos", console, wait=True)
    assert done.added == 0
    assert len(waits) == 3
    assert said(console).count("Waiting.") == 1
    workspace.close()
