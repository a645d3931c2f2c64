"""Adding folders: what is opened again, what moved, what is gone, and what a cancel leaves behind."""

import os
import shutil
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
from photo_makers import (
    DIMENSION,
    MODEL,
    encode,
    fill,
    found_paths,
    index,
    is_found,
    photo_bytes,
    tree,
    vector_of,
)

from index.errors import EncoderError, FolderError, GalleryError, VectorError
from index.gallery import Gallery
from index.indexer import Indexer
from index.records import LocationState
from tests.support.waiting import WAIT_S


@pytest.fixture
def gallery(tmp_path):
    with Gallery.open(tmp_path / "gallery", write=True) as opened:
        yield opened


@pytest.fixture
def photos(tmp_path):
    return fill(tmp_path / "photos", range(20))


class CountingEncoder:
    def __init__(self):
        self.images = 0

    def __call__(self, images):
        self.images += len(images)
        return encode(images)


def test_every_photo_is_found_at_its_place(gallery, photos):
    report = index(gallery, photos)
    assert (report.added, report.embedded, report.skipped) == (20, 20, ())
    for number in range(20):
        assert found_paths(gallery, number) == [photos / f"{number}.png"]


def test_a_second_run_opens_nothing(gallery, photos):
    index(gallery, photos)
    opened = []
    # Reading would fail: the second run must not even try.
    for path in photos.iterdir():
        times = path.stat()
        path.write_bytes(b"x" * times.st_size)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    report = index(gallery, photos, progress=lambda p: opened.append(p) if p.phase == "reading" else None)
    assert (report.unchanged, report.added, opened) == (20, 0, [])


def test_only_new_and_changed_files_are_embedded(gallery, photos):
    index(gallery, photos)
    (photos / "3.png").write_bytes(photo_bytes(103))
    fill(photos / "new", [200])
    counting = CountingEncoder()
    report = index(gallery, photos, encode=counting)
    assert (report.added, report.unchanged, counting.images) == (2, 19, 2)
    assert found_paths(gallery, 103) == [photos / "3.png"]
    assert not is_found(gallery, 3)  # its content lies nowhere any more
    assert gallery.count() == 21


def test_a_touched_file_is_not_embedded_again(gallery, photos):
    index(gallery, photos)
    os.utime(photos / "5.png", ns=(1, 1))
    counting = CountingEncoder()
    report = index(gallery, photos, encode=counting)
    assert (report.unchanged, report.moved, report.copies, counting.images) == (20, 0, 0, 0)
    assert index(gallery, photos).unchanged == 20


def test_a_moved_file_is_recognised_by_its_content(gallery, photos):
    index(gallery, photos)
    (photos / "album").mkdir()
    (photos / "7.png").rename(photos / "album" / "renamed.png")
    counting = CountingEncoder()
    report = index(gallery, photos, encode=counting)
    assert (report.moved, report.missing, report.copies, report.added, counting.images) == (1, 1, 0, 0, 0)
    assert found_paths(gallery, 7) == [photos / "album" / "renamed.png"]
    assert gallery.count() == 20


def test_a_deleted_file_is_marked_and_comes_back_unread(gallery, photos):
    index(gallery, photos)
    photo_id = gallery.search(MODEL, vector_of(4), 1)[0].photo_id
    kept = photos.parent / "elsewhere.png"
    (photos / "4.png").rename(kept)
    assert index(gallery, photos).missing == 1
    assert not is_found(gallery, 4)
    assert [place.state for place in gallery.locations(photo_id)] == [LocationState.MISSING]
    assert gallery.vector(photo_id, MODEL) is not None
    kept.rename(photos / "4.png")
    counting = CountingEncoder()
    report = index(gallery, photos, encode=counting)
    assert (report.unchanged, counting.images) == (20, 0)
    assert found_paths(gallery, 4) == [photos / "4.png"]


def test_the_same_content_in_two_places_is_one_photo(gallery, photos):
    shutil.copy(photos / "1.png", photos / "copy.png")
    report = index(gallery, photos)
    assert (report.added, report.copies) == (20, 1)
    assert sorted(found_paths(gallery, 1)) == [photos / "1.png", photos / "copy.png"]
    (photos / "1.png").unlink()
    index(gallery, photos)
    assert found_paths(gallery, 1) == [photos / "copy.png"]


def test_a_deleted_directory_is_noticed_from_its_parent(gallery, photos):
    fill(photos / "a" / "b", [50, 51])
    index(gallery, photos)
    shutil.rmtree(photos / "a")
    assert index(gallery, photos).missing == 2
    assert not is_found(gallery, 50)


def test_a_folder_that_is_not_there_marks_nothing_missing(gallery, photos):
    index(gallery, photos)
    photos.rename(photos.parent / "unplugged")
    with pytest.raises(FolderError, match="is not there"):
        index(gallery, photos)
    assert gallery.count() == 20


@pytest.mark.parametrize("emptied", ["", "disk"])
def test_an_empty_mount_point_marks_nothing_missing(gallery, photos, emptied):
    fill(photos / "disk" / "2024", [60])
    index(gallery, photos)
    before = gallery.count()
    with gallery.database.transaction() as connection:  # as if all had been indexed on a disk mounted here
        connection.execute("UPDATE albums SET device = 'the disk that was mounted'")
    shutil.rmtree(photos / emptied)
    (photos / emptied).mkdir()
    report = index(gallery, photos)
    assert (report.missing, gallery.count()) == (0, before)


def test_an_emptied_folder_on_the_same_disk_is_empty(gallery, photos):
    index(gallery, photos)
    for path in photos.iterdir():
        path.unlink()
    assert index(gallery, photos).missing == 20
    assert gallery.count() == 0


@pytest.fixture
def bound_by_permissions():
    """A directory, and a user whom permissions bind: the superuser becomes nobody for the test."""
    if os.name == "nt":
        pytest.skip("has no such permissions")
    import faiss  # noqa: F401 - nobody may not be able to read the installation

    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65534)
    try:
        with tempfile.TemporaryDirectory(dir="/tmp") as directory:
            yield Path(directory)
    finally:
        if was_root:
            os.seteuid(0)


def test_what_cannot_be_read_is_named_kept_and_tried_again(bound_by_permissions):
    photos = fill(bound_by_permissions / "photos", range(3))
    fill(photos / "private", [70])
    with Gallery.open(bound_by_permissions / "gallery", write=True) as gallery:
        index(gallery, photos)
        fill(photos, [71])
        (photos / "71.png").chmod(0)
        (photos / "private").chmod(0)
        try:
            report = index(gallery, photos)
        finally:
            (photos / "private").chmod(0o755)
        assert (report.missing, gallery.count()) == (0, 4)
        assert [skipped.path for skipped in report.skipped] == [photos / "private", photos / "71.png"]
        assert all("Permission denied" in skipped.reason for skipped in report.skipped)
        (photos / "71.png").chmod(0o644)  # changes neither size nor modification time
        assert index(gallery, photos).added == 1
        (photos / "1.png").chmod(0)  # a photo that cannot be read for another model stays with the first
        other = Indexer(gallery, encode, "another", DIMENSION)
        report = other.run(photos)
        assert [skipped.path for skipped in report.skipped] == [photos / "1.png"]
        assert (gallery.count(), is_found(gallery, 1)) == (5, True)
        (photos / "1.png").chmod(0o644)
        assert other.run(photos).embedded == 1
        photos.chmod(0)
        try:
            with pytest.raises(FolderError, match="cannot be read"):
                index(gallery, photos)
        finally:
            photos.chmod(0o755)


def test_symlink_loops_end(gallery, photos):
    fill(photos / "album", [80])
    (photos / "album" / "up").symlink_to(photos, target_is_directory=True)
    (photos / "again").symlink_to(photos / "album", target_is_directory=True)
    (photos / "self").symlink_to(photos / "self")
    (photos / "broken.png").symlink_to(photos / "nowhere.png")
    report = index(gallery, photos)
    assert (report.added, report.copies) == (21, 0)
    assert found_paths(gallery, 80) == [photos / "album" / "80.png"]


def test_a_cancel_keeps_what_was_done_and_the_next_run_does_the_rest(gallery, photos):
    seen = []
    first = index(
        gallery,
        photos,
        batch_size=4,
        progress=seen.append,
        cancelled=lambda: bool(seen) and seen[-1].done >= 9,
    )
    assert first.cancelled
    assert 8 <= first.added < 20
    assert gallery.count() == first.added
    second = index(gallery, photos)
    assert not second.cancelled
    assert first.added + second.added == 20
    assert second.unchanged == first.added
    for number in range(20):
        found_paths(gallery, number)


def test_a_cancel_while_listing_proves_nothing_missing(gallery, photos):
    fill(photos / "z", [90])
    index(gallery, photos)
    shutil.rmtree(photos / "z")
    (photos / "1.png").unlink()
    report = index(gallery, photos, cancelled=lambda: True)
    assert (report.cancelled, report.missing, gallery.count()) == (True, 0, 21)


def test_progress_counts_up_and_estimates_the_rest(gallery, photos):
    seen = []
    index(gallery, photos, batch_size=4, progress=seen.append)
    reading = [p for p in seen if p.phase == "reading"]
    assert [p.done for p in reading] == list(range(1, 21))
    assert all(p.total == 20 for p in reading)
    assert all(p.remaining is not None and p.remaining >= 0 for p in reading)
    assert reading[-1].remaining == 0
    assert seen[-1].phase == "finishing"
    assert reading[-1].current.endswith(".png")


def test_nothing_in_the_photo_folder_changes(gallery, photos):
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    before = tree(photos)
    index(gallery, photos)
    gallery.thumbnail(1)
    assert tree(photos) == before


def test_a_gallery_inside_the_folder_does_not_index_itself(tmp_path):
    photos = fill(tmp_path, range(3))
    with Gallery.open(photos / "gallery", write=True) as gallery:
        index(gallery, photos)
        report = index(gallery, photos)
        assert (report.added, report.unchanged) == (0, 3)


def test_photos_are_searchable_while_the_indexer_writes(gallery, photos):
    half_way, go_on = threading.Event(), threading.Event()
    batches = []

    def stopping(images):
        batches.append(len(images))
        if len(batches) == 3:
            half_way.set()
            assert go_on.wait(WAIT_S)
        return encode(images)

    thread = threading.Thread(
        target=index, args=(gallery, photos), kwargs={"encode": stopping, "batch_size": 5}
    )
    thread.start()
    assert half_way.wait(WAIT_S)
    assert gallery.count() == 10
    with Gallery.open(gallery.directory, write=False) as reader:
        assert sum(is_found(reader, number) for number in range(20)) == 10
        assert sum(is_found(gallery, number) for number in range(20)) == 10
        go_on.set()
        thread.join(WAIT_S)
        assert all(is_found(reader, number) for number in range(20))
        assert not reader.index_status(MODEL).rebuilt


def test_another_model_gets_its_own_vectors_and_index(gallery, photos):
    index(gallery, photos)

    def grey(images):
        vectors = np.stack([np.resize(image.mean(axis=2)[::8, ::8].ravel(), 8) for image in images]) - 120
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    report = Indexer(gallery, grey, "grey", 8).run(photos)
    assert (report.added, report.embedded, report.unchanged) == (0, 20, 20)
    assert len(gallery.search("grey", np.ones(8, np.float32), 50)) == 20
    with pytest.raises(VectorError, match="different models"):
        gallery.search("grey", vector_of(1))
    with pytest.raises(VectorError, match="needs a new name"):
        Indexer(gallery, grey, MODEL, 8).run(photos)
    assert gallery.search("unheard-of", vector_of(1)) == []
    assert is_found(gallery, 1)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda images: np.zeros((len(images), DIMENSION), np.float32), "length one"),
        (lambda images: np.full((len(images), DIMENSION), np.nan, np.float32), "length one"),
        (lambda images: np.ones((1, 3), np.float32), "shape"),
        (lambda images: 1 // 0, "failed"),
    ],
)
def test_an_encoder_that_fails_is_named_and_stores_nothing(gallery, photos, answer, sentence):
    with pytest.raises(EncoderError, match=sentence):
        index(gallery, photos, encode=answer)
    assert gallery.count() == 0
    assert index(gallery, photos).added == 20


def test_a_removed_folder_is_not_found_and_returns_unread(gallery, photos):
    other = fill(photos.parent / "other", [3, 300])
    index(gallery, photos)
    index(gallery, other)
    gallery.remove_folder(gallery.folders()[0])
    assert [folder.path for folder in gallery.folders()] == [other]
    assert gallery.count() == 2
    assert found_paths(gallery, 3) == [other / "3.png"]
    counting = CountingEncoder()
    assert index(gallery, photos, encode=counting).unchanged == 20
    assert (gallery.count(), counting.images) == (21, 0)


def test_a_reader_cannot_index(gallery, photos):
    with (
        Gallery.open(gallery.directory, write=False) as reader,
        pytest.raises(GalleryError, match="reading only"),
    ):
        index(reader, photos)
