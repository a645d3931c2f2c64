"""Whatever happens to the files that are only a cache, the answers stay right and the cache is made anew."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from photo_makers import MODEL, fill, found_paths, index, is_found

from index.errors import DecodeError, GalleryBusyError
from index.gallery import Gallery
from index.lock import WriterLock


@pytest.fixture
def photos(tmp_path):
    return fill(tmp_path / "photos", range(8), ".jpg")


@pytest.fixture
def directory(tmp_path, photos):
    with Gallery.open(tmp_path / "gallery", write=True) as gallery:
        index(gallery, photos)
    return tmp_path / "gallery"


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def lose_the_last_byte(path):
    path.write_bytes(path.read_bytes()[:-1])


def flip(share):
    def damage(path):
        data = bytearray(path.read_bytes())
        if data:
            data[int(share * (len(data) - 1))] ^= 0x41
        path.write_bytes(bytes(data))

    return damage


def empty(path):
    path.write_bytes(b"")


def replace_by_noise(path):
    path.write_bytes(np.random.default_rng(0).bytes(5000))


def delete(path):
    path.unlink()


DAMAGES = [
    truncate,
    lose_the_last_byte,
    *(flip(share) for share in (0.0, 0.02, 0.1, 0.5, 0.9, 1.0)),
    empty,
    replace_by_noise,
    delete,
]


def vector_file(directory):
    [path] = directory.glob("vectors-*.faiss")
    return path


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("write", [True, False])
def test_a_damaged_index_file_is_rebuilt_with_a_word(directory, photos, damage, write, caplog):
    damage(vector_file(directory))
    with Gallery.open(directory, write=write) as gallery:
        for number in range(8):
            assert found_paths(gallery, number) == [photos / f"{number}.jpg"]
        status = gallery.index_status(MODEL)
        assert status.rebuilt
        assert status.origin.startswith("rebuilt from the database: ")
        assert status.origin in caplog.messages[0].replace("search index ", "").partition(": ")[2]
        if write:
            assert gallery.persist_index(MODEL)
    if write:
        with Gallery.open(directory, write=False) as gallery:
            assert is_found(gallery, 3)
            assert gallery.index_status(MODEL).origin.startswith("read from its file")


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_thumbnail_is_made_anew(directory, damage):
    with Gallery.open(directory, write=False) as gallery:
        hashes = {photo.id: photo.content_hash for photo in gallery.photos(range(1, 9))}
        assert len(hashes) == 8
        before = {photo_id: gallery.thumbnail(photo_id) for photo_id in hashes}
        for photo_id, content_hash in hashes.items():
            damage(gallery.thumbnails.path(content_hash))
            np.testing.assert_array_equal(gallery.thumbnail(photo_id), before[photo_id])
            assert gallery.thumbnails.load(content_hash) is not None
            assert gallery.thumbnail_jpeg(photo_id).startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_lock_file_locks_nobody_out(directory, damage):
    damage(directory / "gallery.lock")
    with Gallery.open(directory, write=True) as gallery:
        assert is_found(gallery, 2)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_that_has_no_room_for_the_holders_number_locks_all_the_same(tmp_path):
    (tmp_path / "gallery.lock").symlink_to("/dev/full")
    lock = WriterLock(tmp_path / "gallery.lock")
    with pytest.raises(GalleryBusyError):
        WriterLock(tmp_path / "gallery.lock")
    lock.release()
    WriterLock(tmp_path / "gallery.lock").release()


def test_a_thumbnail_is_not_made_from_a_file_that_changed(directory, photos):
    with Gallery.open(directory, write=False) as gallery:
        photo = gallery.photos([1])[0]
        gallery.thumbnails.path(photo.content_hash).unlink()
        [place] = gallery.locations(1)
        shutil.copy(photos / "7.jpg" if place.path.name != "7.jpg" else photos / "6.jpg", place.path)
        with pytest.raises(DecodeError, match="not on this computer"):
            gallery.thumbnail(1)


def test_an_index_file_newer_than_the_database_is_out_of_step(directory, photos):
    """As when a backup of the database is put back: rows written since never happened."""
    for suffix in ("", "-wal", "-shm"):
        source = directory / f"gallery.sqlite3{suffix}"
        if source.exists():
            shutil.copy(source, directory.parent / source.name)
    with Gallery.open(directory, write=True) as gallery:
        index(gallery, fill(photos.parent / "more", [50, 51]))
        assert is_found(gallery, 50)
    shutil.copy(directory.parent / "gallery.sqlite3", directory / "gallery.sqlite3")
    with Gallery.open(directory, write=True) as gallery:
        assert is_found(gallery, 1)
        assert not is_found(gallery, 50)
        assert "out of step" in gallery.index_status(MODEL).origin
        # The same row numbers now belong to other photos.
        index(gallery, fill(photos.parent / "others", [60, 61]))
        assert is_found(gallery, 60)
        assert not is_found(gallery, 50)


def test_an_index_file_older_than_the_database_is_caught_up_not_rebuilt(directory, photos):
    old = vector_file(directory).read_bytes()
    with Gallery.open(directory, write=True) as gallery:
        index(gallery, fill(photos.parent / "more", [50, 51]))
    vector_file(directory).write_bytes(old)
    with Gallery.open(directory, write=False) as gallery:
        assert all(is_found(gallery, number) for number in (0, 7, 50, 51))
        status = gallery.index_status(MODEL)
        assert (status.rebuilt, status.count) == (False, 10)


def test_another_gallery_s_index_file_is_refused(directory, photos, tmp_path):
    with Gallery.open(tmp_path / "other", write=True) as other:
        index(other, fill(tmp_path / "strangers", range(70, 78)))
    shutil.copy(vector_file(tmp_path / "other"), vector_file(directory))
    with Gallery.open(directory, write=False) as gallery:
        assert is_found(gallery, 1)
        assert not is_found(gallery, 70)
        assert "another gallery" in gallery.index_status(MODEL).origin
