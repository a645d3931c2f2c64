"""One process's services over a real gallery: opening, indexing, reading beside a writer, closing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from index.errors import FolderError, GalleryBusyError, GalleryError
from index.gallery import Gallery
from sketch_app.errors import SketchAppError
from sketch_app.search_types import SearchRequest
from sketch_app.workspace import Workspace
from tests.sketch_app.conftest import paths_below
from tests.sketch_app.demo_sketches import demo_sketch

WRITER = """
import sys
from pathlib import Path
from index.gallery import Gallery
with Gallery.open(Path(sys.argv[1]), write=True):
    print("writing", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def photos(home, tmp_path):
    """A folder of four photos and a file that only says that it is one."""
    folder = tmp_path / "my photos"
    folder.mkdir()
    for name in ("chelsea.png", "coffee.png", "rocket.jpg", "flower.jpg"):
        shutil.copyfile(home.photos / name, folder / name)
    (folder / "letter.jpg").write_text("Dear reader, this is no photo.")
    return folder


@pytest.fixture
def workspace(tmp_path, models):
    made = Workspace(paths_below(tmp_path / "home"), models=models)
    yield made
    made.close()


@pytest.fixture
def reader(home, models):
    """A workspace on the gallery of the whole room."""
    made = Workspace(home.paths, models=models)
    yield made
    made.close()


def found(workspace, subject="cat"):
    return [r.path.name for r in workspace.search.answer(SearchRequest(0, demo_sketch(subject), 0)).results]


def test_making_one_touches_nothing(tmp_path, models):
    workspace = Workspace(paths_below(tmp_path / "home"), models=models)
    assert not workspace.is_open
    assert list(tmp_path.iterdir()) == []


def test_the_first_opening_makes_an_empty_gallery(workspace):
    workspace.open()
    workspace.open()
    assert workspace.is_open
    summary = workspace.gallery_summary()
    assert summary.directory == workspace.gallery_directory == workspace.paths.default_gallery
    assert (summary.photo_count, summary.folders, summary.skipped, summary.albums) == (0, (), (), ())


def test_photos_are_indexed_found_counted_and_there_again_after_a_restart(workspace, photos, models):
    workspace.open()  # before there is anything: the open gallery sees what is added later
    told = []
    (report,) = workspace.index_folder(photos, progress=told.append)
    assert (report.added, len(report.skipped)) == (4, 1)
    assert told[-1].done == told[-1].total
    assert found(workspace)[0] == "chelsea.png"
    summary = workspace.gallery_summary()
    assert summary.photo_count == 4
    assert [(f.path, f.photo_count) for f in summary.folders] == [(photos, 4)]
    assert [s.path.name for s in summary.skipped] == ["letter.jpg"]
    assert [(a.name, a.photo_count) for a in summary.albums] == [("my photos", 4)]
    workspace.close()
    again = Workspace(workspace.paths, models=models)
    assert found(again, "coffee cup")[0] == "coffee.png"
    assert again.gallery_summary() == summary
    again.close()


def test_indexing_again_finds_what_is_new_and_what_is_gone(workspace, photos, home):
    workspace.index_folder(photos)
    shutil.copyfile(home.photos / "moon.png", photos / "moon.png")
    (photos / "rocket.jpg").unlink()
    (report,) = workspace.index_folder(None)  # every folder
    assert (report.added, report.unchanged, report.missing) == (1, 4, 1)  # the letter is unchanged too
    assert sorted(found(workspace)) == ["chelsea.png", "coffee.png", "flower.jpg", "moon.png"]


def test_indexing_no_folder_at_all_does_nothing(workspace):
    assert workspace.index_folder(None) == ()


def test_a_cancelled_run_keeps_what_it_has_done(workspace, photos):
    (report,) = workspace.index_folder(photos, cancelled=lambda: True)
    assert report.cancelled
    (report,) = workspace.index_folder(photos)
    assert not report.cancelled
    assert workspace.gallery_summary().photo_count == 4


def test_a_folder_that_is_not_there_is_named(workspace, tmp_path):
    with pytest.raises(FolderError, match="nowhere"):
        workspace.index_folder(tmp_path / "nowhere")


def test_removing_a_folder_takes_its_photos_out_and_leaves_its_files(workspace, photos):
    workspace.index_folder(photos)
    assert len(found(workspace)) == 4
    workspace.remove_folder(photos / "not a folder of the gallery")
    assert len(found(workspace)) == 4
    workspace.remove_folder(photos)
    assert found(workspace) == []
    assert workspace.gallery_summary().folders == ()
    assert len(list(photos.iterdir())) == 5


def test_a_gallery_is_searched_while_another_process_writes_and_says_so_to_a_second_writer(workspace, photos):
    workspace.index_folder(photos)
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, workspace.gallery_directory],
        cwd=Path(__file__).resolve().parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with writer:
        assert writer.stdout.readline() == "writing\n"
        assert found(workspace)[0] == "chelsea.png"
        assert workspace.gallery_summary().photo_count == 4
        for attempt in (lambda: workspace.index_folder(photos), lambda: workspace.remove_folder(photos)):
            with pytest.raises(GalleryBusyError) as caught:
                attempt()
            assert str(workspace.gallery_directory) in str(caught.value)
            assert str(writer.pid) in str(caught.value)
        writer.stdin.close()
    (report,) = workspace.index_folder(photos)  # nothing was lost, nothing stays locked
    assert (report.added, report.unchanged, report.missing) == (0, 5, 0)


def test_an_open_gallery_sees_what_another_writer_added(workspace, photos, models):
    workspace.open()
    assert workspace.gallery_summary().photo_count == 0
    other = Workspace(workspace.paths, models=models)
    other.index_folder(photos)
    other.close()
    assert workspace.gallery_summary().photo_count == 4
    assert found(workspace)[0] == "chelsea.png"


@pytest.mark.parametrize("side", [32, 100, 256, 4000])
def test_a_thumbnail_is_at_most_as_large_as_asked_for(reader, side):
    (first, *_) = reader.search.answer(SearchRequest(0, demo_sketch("cat"), 0)).results
    picture = reader.thumbnail(first.photo_id, side)
    assert picture.dtype == np.uint8
    assert max(picture.shape[:2]) <= side
    assert picture.shape[1] / picture.shape[0] == pytest.approx(451 / 300, rel=0.05)
    assert picture.std() > 10  # a cat, not a blank


def test_a_thumbnail_of_no_photo_is_a_sentence(reader):
    with pytest.raises(SketchAppError):
        reader.thumbnail(10**6, 64)


def test_a_thumbnail_of_a_photo_that_has_gone_still_comes_from_the_cache(workspace, photos):
    workspace.index_folder(photos)
    (first, *_) = workspace.search.answer(SearchRequest(0, demo_sketch("cat"), 0)).results
    before = workspace.thumbnail(first.photo_id, 64)
    first.path.unlink()
    assert np.array_equal(workspace.thumbnail(first.photo_id, 64), before)


def test_every_place_of_a_photo_is_known(workspace, photos):
    (photos / "copies").mkdir()
    shutil.copyfile(photos / "chelsea.png", photos / "copies" / "cat.png")
    workspace.index_folder(photos)
    (first, *_) = workspace.search.answer(SearchRequest(0, demo_sketch("cat"), 0)).results
    places = {photos / "chelsea.png", photos / "copies" / "cat.png"}
    assert {p.path for p in workspace.locations(first.photo_id)} == places
    assert {first.path, *first.other_paths} == places


def test_a_gallery_of_ones_own_choice_comes_before_the_settings(tmp_path, models):
    paths = paths_below(tmp_path / "home")
    Workspace(paths, models=models).update_settings(gallery=str(tmp_path / "chosen"))
    assert Workspace(paths, models=models).gallery_directory == tmp_path / "chosen"
    assert Workspace(paths, gallery=tmp_path / "given", models=models).gallery_directory == tmp_path / "given"


def test_settings_are_kept(tmp_path, models):
    workspace = Workspace(paths_below(tmp_path), models=models)
    assert workspace.update_settings(theme="dark") is workspace.settings
    assert Workspace(paths_below(tmp_path), models=models).settings.theme == "dark"


def test_a_closed_workspace_stays_closed(workspace):
    workspace.open()
    workspace.close()
    workspace.close()
    assert not workspace.is_open
    with pytest.raises(SketchAppError, match="closing"):
        workspace.open()


def test_a_file_in_the_gallerys_place_is_a_sentence(tmp_path, models):
    (tmp_path / "gallery").write_text("I was here first")
    workspace = Workspace(paths_below(tmp_path / "home"), gallery=tmp_path / "gallery", models=models)
    with pytest.raises(GalleryError, match="gallery"):
        workspace.open()


def test_a_database_that_is_none_is_a_sentence(tmp_path, models):
    (tmp_path / "gallery").mkdir()
    (tmp_path / "gallery" / "gallery.sqlite3").write_bytes(b"this is no database" * 300)
    workspace = Workspace(paths_below(tmp_path / "home"), gallery=tmp_path / "gallery", models=models)
    with pytest.raises(GalleryError, match="gallery"):
        workspace.gallery_summary()


def test_a_photo_that_was_turned_by_the_camera_is_shown_upright(workspace, tmp_path):
    folder = tmp_path / "turned"
    folder.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    Image.linear_gradient("L").convert("RGB").resize((300, 200)).save(folder / "turned.jpg", exif=exif)
    workspace.index_folder(folder)
    (only,) = workspace.search.answer(SearchRequest(0, demo_sketch("cat"), 0)).results
    assert (only.width, only.height) == (200, 300)
    assert workspace.thumbnail(only.photo_id, 90).shape[:2] == (90, 60)


def test_the_gallery_of_this_room_can_be_read_by_many_at_once(reader, home):
    with Gallery.open(home.paths.default_gallery, write=False) as other:
        assert other.count() == reader.gallery_summary().photo_count == 25
