"""Originals that no phone has any more: what counts as one, and what deleting them leaves whole."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from index.gallery import Gallery
from index.indexer import Indexer
from index.phone_files import FileState, known_files, phone_source
from sketch_app.cli_phone import phone_app
from sketch_app.phone.records import SyncControl
from sketch_app.phone.tidy import TidyBusyError, delete_left, find_left
from tests.sketch_app.phone.phone_gallery import (
    ALL,
    DIMENSION,
    MODEL,
    PREVIEWS,
    MadeUpPhone,
    assert_whole,
    encode,
    find,
    is_found,
    jpeg,
    sync,
)
from tests.support.waiting import WAIT_S

ROOT = Path(__file__).parents[3]


def filled(count=4, serial="R3MADEUP"):
    phone = MadeUpPhone(serial)
    for number in range(count):
        phone.put(f"DCIM/{number}.jpg", jpeg(number), 1_700_000_000 + number)
    return phone


def contents(phone):
    return {path: data for path, (data, _) in phone.files.items()}


def left(directory):
    with Gallery.open(directory, write=False) as gallery:
        return find_left(gallery)


def delete(directory, chosen=None):
    with Gallery.open(directory, write=False) as gallery:
        return delete_left(gallery, find_left(gallery).contents if chosen is None else chosen)


def files(directory):
    return sorted(path for path in (directory / "phone" / "originals").rglob("*") if path.is_file())


def with_two_left(tmp_path):
    """A phone of four, one of them deleted and one edited since; both as they were before."""
    phone = filled()
    sync(tmp_path, phone, ALL)
    before = dict(phone.files)
    del phone.files[sorted(phone.files)[0]]
    phone.put("DCIM/1.jpg", jpeg(21), 1_700_009_999)
    assert sync(tmp_path, phone, ALL).missing == 1
    return phone, before


def test_the_originals_of_deleted_and_edited_photos_are_left_and_no_others(tmp_path):
    assert not left_of_nothing(tmp_path / "empty")
    phone, _ = with_two_left(tmp_path)
    found = left(tmp_path)
    assert (found.count, found.size) == (2, len(jpeg(0)) + len(jpeg(1)))
    assert found.folder == tmp_path / "phone" / "originals"
    assert len(files(tmp_path)) == 5
    deleted = delete(tmp_path)
    assert (deleted.count, deleted.size) == (found.count, found.size)
    assert len(files(tmp_path)) == 3
    assert left(tmp_path).count == 0
    assert_whole(tmp_path, phone.serial, contents(phone))
    assert sync(tmp_path, phone, ALL).unchanged == 3
    assert_whole(tmp_path, phone.serial, contents(phone))


def left_of_nothing(directory):
    Gallery.open(directory, write=True).close()
    return left(directory).count


@pytest.mark.parametrize("choices", [ALL, PREVIEWS])
def test_a_photo_that_comes_back_is_fetched_again(tmp_path, choices):
    phone, before = with_two_left(tmp_path)
    delete(tmp_path)
    assert not is_found(tmp_path, 0)
    phone.files = before
    report = sync(tmp_path, phone, choices)
    assert (report.returned, report.changed) == (1, 1)
    assert [find(tmp_path, number) for number in range(4)] == [[path] for path in sorted(before)]
    assert sync(tmp_path, phone, ALL).whole
    phone.files = {path: file for path, file in phone.files.items() if path in before}
    with Gallery.open(tmp_path, write=False) as gallery:
        assert {f.state for f in known_files(gallery.database, phone_source(phone.serial)).values()} == {
            FileState.ORIGINAL
        }
    assert left(tmp_path).count == 1  # the edit that was taken back
    delete(tmp_path)
    assert_whole(tmp_path, phone.serial, contents(phone))


def test_a_photo_that_is_on_another_phone_or_in_a_folder_stays_found(tmp_path):
    gallery, photos = tmp_path / "gallery", tmp_path / "photos"
    one, other = filled(2), filled(1, "R3OTHER")
    sync(gallery, one, ALL)
    sync(gallery, other, ALL)
    photos.mkdir()
    (photos / "1.jpg").write_bytes(jpeg(1))
    with Gallery.open(gallery, write=True) as opened:
        Indexer(opened, encode, MODEL, DIMENSION).run(photos)
    one.files.clear()
    one.put("DCIM/9.jpg", jpeg(9))
    sync(gallery, one, ALL, confirm_disappeared=True)
    assert left(gallery).count == 1  # picture 1; picture 0 is on the other phone
    delete(gallery)
    assert find(gallery, 0) == list(other.files)
    assert find(gallery, 1) == [str(photos / "1.jpg").encode()]
    with Gallery.open(gallery, write=False) as opened:
        assert opened.thumbnail(opened.search(MODEL, encode_of(1), 1)[0].photo_id).ndim == 3
    other_whole = {path for path in files(gallery) if path.read_bytes() == jpeg(0)}
    assert len(other_whole) == 1


def encode_of(number):
    from tests.sketch_app.phone.phone_gallery import vector_of

    return vector_of(number)


def test_only_what_the_person_was_shown_is_deleted(tmp_path):
    phone, _ = with_two_left(tmp_path)
    shown = left(tmp_path)
    del phone.files[sorted(phone.files)[-1]]
    sync(tmp_path, phone, ALL)
    assert left(tmp_path).count == 3
    assert delete(tmp_path, shown.contents).count == 2
    assert left(tmp_path).count == 1


def test_nothing_is_deleted_while_a_phone_is_synced(tmp_path):
    with_two_left(tmp_path)
    other, reached, go_on = filled(2, "R3OTHER"), threading.Event(), threading.Event()
    other.on_chunk = lambda *_: (reached.set(), go_on.wait(WAIT_S))
    for number in range(2):
        other.put(f"DCIM/{number}.jpg", jpeg(40 + number, bytes_after=80_000))
    running = threading.Thread(target=sync, args=(tmp_path, other, ALL))
    running.start()
    assert reached.wait(WAIT_S)
    try:
        with pytest.raises(TidyBusyError, match="being synced"):
            delete(tmp_path)
        assert len(files(tmp_path)) == 5
    finally:
        go_on.set()
        running.join()
    assert delete(tmp_path).count == 2
    assert_whole_of(tmp_path, other)


def assert_whole_of(directory, phone):
    with Gallery.open(directory, write=False) as gallery:
        known = known_files(gallery.database, phone_source(phone.serial)).values()
        assert {file.state for file in known} == {FileState.ORIGINAL}
        assert all(gallery.local_file(photo) is not None for photo in photo_ids(gallery, phone))


def photo_ids(gallery, phone):
    rows = gallery.database.rows(
        "SELECT photo_id FROM locations WHERE source = ? AND state = 'present'", (phone_source(phone.serial),)
    )
    return [row[0] for row in rows]


def test_what_is_still_shown_of_an_edited_photo_is_not_left(tmp_path):
    phone, control = filled(), SyncControl()
    sync(tmp_path, phone, ALL)
    phone.put("DCIM/1.jpg", jpeg(21, bytes_after=80_000), 1_700_009_999)
    phone.previews = lambda files: (control.cancel(), iter(()))[1]
    assert sync(tmp_path, phone, ALL, control=control).stopped is not None
    assert is_found(tmp_path, 1)
    assert left(tmp_path).count == 0
    del phone.previews
    sync(tmp_path, phone, ALL)
    assert left(tmp_path).count == 1


KILLED = """
import os, sys
from pathlib import Path
from index.gallery import Gallery
from sketch_app.phone import tidy
tidy.delete_dropped = lambda *_: os._exit(9)
with Gallery.open(Path(sys.argv[1]), write=False) as gallery:
    tidy.delete_left(gallery, tidy.find_left(gallery).contents)
"""


@pytest.mark.parametrize("then", ["sync", "tidy"])
def test_killed_before_the_files_were_deleted_the_next_sync_or_tidy_does_that(tmp_path, then):
    phone, before = with_two_left(tmp_path)
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, check=False)
    assert done.returncode == 9
    assert left(tmp_path).count == 0
    assert len(files(tmp_path)) == 5
    if then == "tidy":
        assert delete(tmp_path).count == 0
        assert len(files(tmp_path)) == 3
    else:
        phone.files = {**phone.files, sorted(before)[0]: before[sorted(before)[0]]}  # back under its old name
        sync(tmp_path, phone, ALL)
        assert len(files(tmp_path)) == 4
    assert_whole(tmp_path, phone.serial, contents(phone))


def test_a_file_that_cannot_be_deleted_is_deleted_the_next_time(tmp_path, monkeypatch):
    phone, _ = with_two_left(tmp_path)

    with monkeypatch.context() as held:
        held.setattr(Path, "unlink", refused_in_originals)
        delete(tmp_path)
    assert len(files(tmp_path)) == 5
    sync(tmp_path, phone, ALL)
    assert len(files(tmp_path)) == 3


def test_a_file_that_could_not_be_deleted_and_is_wanted_again_is_kept(tmp_path, monkeypatch):
    phone, before = with_two_left(tmp_path)
    path = sorted(before)[0]
    with monkeypatch.context() as held:
        held.setattr(Path, "unlink", refused_in_originals)
        delete(tmp_path)
        phone.files[path] = before[path]
        assert sync(tmp_path, phone, ALL).returned == 1
    sync(tmp_path, phone, ALL)
    assert_whole(tmp_path, phone.serial, contents(phone))


really_unlink = Path.unlink


def refused_in_originals(path, missing_ok=False):
    if "originals" in path.parts:
        raise PermissionError(13, "Permission denied")
    really_unlink(path, missing_ok)


def test_on_the_command_line_it_deletes_only_with_a_yes(tmp_path, monkeypatch):
    monkeypatch.setenv("SKETCH_APP_HOME", str(tmp_path / "home"))
    app = typer.Typer()
    app.add_typer(phone_app, name="phone")

    def run(*words):
        result = CliRunner().invoke(app, ["phone", "tidy", "--gallery", str(tmp_path / "g"), *words])
        assert result.exit_code == 0, result.stderr
        return " ".join(result.stdout.split())

    with_two_left(tmp_path / "g")
    assert "2 originals" in run()
    assert "only copies" in run()
    assert len(files(tmp_path / "g")) == 5
    assert "2 originals deleted" in run("--yes")
    assert len(files(tmp_path / "g")) == 3
    assert "no originals" in run()
