"""The engine's decisions, on phones held in memory."""

from __future__ import annotations

import threading

import pytest

from index.embedding import Embedder
from index.errors import EncoderError
from index.gallery import Gallery
from index.indexer import Indexer
from sketch_app.phone import sync_run
from sketch_app.phone.engine import PhoneSync, SyncBusyError
from sketch_app.phone.records import Stopped, SyncControl
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


def filled(count, size=100, folder="DCIM"):
    phone = MadeUpPhone()
    for number in range(count):
        phone.put(f"{folder}/{number:03}.jpg", jpeg(number, bytes_after=size), 1_700_000_000 + number)
    return phone


def contents(phone):
    return {path: data for path, (data, _) in phone.files.items()}


def test_the_newest_come_first_previews_and_originals_alike(tmp_path):
    phone = filled(6)
    Gallery.open(tmp_path, write=True).close()
    with Gallery.open(tmp_path, write=False) as gallery:
        PhoneSync(gallery, encode, MODEL, DIMENSION, choices=ALL, workers=1).run(phone)
    newest_first = sorted(phone.files, reverse=True)
    assert phone.previews_of == newest_first
    assert [path for path, _ in phone.received] == newest_first


def test_more_than_a_fifth_and_more_than_twenty_are_not_taken_for_deleted_without_a_word(tmp_path):
    phone = filled(120)
    sync(tmp_path, phone, PREVIEWS)
    kept = dict(phone.files)
    for path in sorted(kept)[:25]:
        del phone.files[path]
    report = sync(tmp_path, phone, PREVIEWS)
    assert (report.missing, report.asks.missing, report.asks.known) == (0, 25, 120)
    assert is_found(tmp_path, 0)
    phone.files[sorted(kept)[0]] = kept[sorted(kept)[0]]
    report = sync(tmp_path, phone, PREVIEWS)
    assert (report.missing, report.asks) == (24, None)
    assert is_found(tmp_path, 0)
    assert not is_found(tmp_path, 1)


def test_photos_that_only_their_bytes_can_show_come_before_originals_of_those_that_are_shown(tmp_path):
    phone = filled(6, size=100_000)
    sync(tmp_path, phone, PREVIEWS)
    phone.received.clear()
    old = phone.put("Download/old.jpg", jpeg(50, bytes_after=100_000), 1_500_000_000)
    assert sync(tmp_path, phone, ALL, workers=1).whole
    assert phone.received[0][0] == old


def test_a_folder_that_could_not_be_listed_proves_nothing(tmp_path):
    phone = filled(3)
    phone.put("Pictures/9.jpg", jpeg(9))
    sync(tmp_path, phone, ALL)
    gone = dict(phone.files)
    phone.files = {path: file for path, file in gone.items() if b"Pictures" in path}
    phone.empty.add(b"/storage/emulated/0/DCIM")
    phone.unlisted.add(b"/storage/emulated/0/DCIM")
    report = sync(tmp_path, phone, ALL)
    assert report.missing == 0
    assert [failed.display for failed in report.failed] == ["/storage/emulated/0/DCIM"]
    assert is_found(tmp_path, 1)


class PausedBy(SyncControl):
    """Goes on as soon as the thread that was fetching when it was paused has come to rest."""

    fetching = None

    def wait_while_paused(self):
        if self.paused and threading.current_thread() is self.fetching:
            self.resume()
        return super().wait_while_paused()


def test_paused_in_the_middle_of_a_file_it_goes_on_from_there(tmp_path):
    phone = filled(2, size=300_000)
    control, paused = PausedBy(), []

    def pause(path, start):
        if start > 150_000 and not paused:
            paused.append((path, start))
            control.fetching = threading.current_thread()
            control.pause()

    phone.on_chunk = pause
    told = []
    report = sync(tmp_path, phone, ALL, control=control, progress=told.append)
    assert report.whole
    assert [offset for path, offset in phone.received if path == paused[0][0]][-1] >= 150_000
    assert_whole(tmp_path, phone.serial, contents(phone))


def test_cancelled_before_it_began_it_says_so_and_the_next_one_is_whole(tmp_path):
    phone, control = filled(3), SyncControl()
    control.cancel()
    assert sync(tmp_path, phone, ALL, control=control).stopped is Stopped.CANCELLED
    assert sync(tmp_path, phone, ALL).whole
    assert_whole(tmp_path, phone.serial, contents(phone))


def test_one_sync_of_a_phone_at_a_time(tmp_path):
    phone, reached, go_on = filled(2), threading.Event(), threading.Event()
    phone.on_chunk = lambda *_: (reached.set(), go_on.wait(WAIT_S))
    first = threading.Thread(target=sync, args=(tmp_path, phone, ALL))
    first.start()
    assert reached.wait(WAIT_S)
    with pytest.raises(SyncBusyError, match="being synced into this gallery already"):
        sync(tmp_path, phone, ALL)
    other = MadeUpPhone("R3OTHER")
    other.put("DCIM/7.jpg", jpeg(7))
    assert sync(tmp_path, other, ALL).whole  # another phone may
    go_on.set()
    first.join()
    phone.on_chunk = None
    assert sync(tmp_path, phone, ALL).unchanged == 2
    assert is_found(tmp_path, 0)
    assert is_found(tmp_path, 7)


def test_a_folder_can_be_added_while_a_sync_runs(tmp_path):
    phone, reached, go_on = filled(2), threading.Event(), threading.Event()
    phone.on_chunk = lambda *_: (reached.set(), go_on.wait(WAIT_S))
    running = threading.Thread(target=sync, args=(tmp_path / "gallery", phone, ALL))
    running.start()
    assert reached.wait(WAIT_S)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/20.jpg").write_bytes(jpeg(20))
    with Gallery.open(tmp_path / "gallery", write=True) as gallery:
        assert Indexer(gallery, encode, MODEL, DIMENSION).run(tmp_path / "photos").added == 1
        go_on.set()
    running.join()
    assert find(tmp_path / "gallery", 20) == [str(tmp_path / "photos/20.jpg").encode()]
    assert is_found(tmp_path / "gallery", 1)


def test_files_of_one_preview_and_one_size_part_when_their_originals_come(tmp_path):
    phone = MadeUpPhone()
    one, other = (
        bytearray(jpeg(1, bytes_after=70_000, thumbnail=4)),
        bytearray(jpeg(1, bytes_after=70_000, thumbnail=4)),
    )
    other[-1] ^= 1
    phone.put("DCIM/a.jpg", bytes(one))
    phone.put("DCIM/b.jpg", bytes(other))
    phone.previews = lambda files: iter([_found(file.path, jpeg(4)) for file in files])
    sync(tmp_path, phone, PREVIEWS)
    assert len(find(tmp_path, 4)) == 2
    sync(tmp_path, phone, ALL)
    assert_whole(tmp_path, phone.serial, contents(phone))
    assert not is_found(tmp_path, 4)
    with Gallery.open(tmp_path, write=False) as gallery:
        assert gallery.count() == 2
        assert gallery.database.rows("SELECT count(*) FROM previews") == [(0,)]


def _found(path, image):
    from sketch_app.phone.reader import FoundPreview

    return FoundPreview(path, image)


def test_a_second_model_is_shown_the_previews_and_then_the_originals(tmp_path):
    phone = MadeUpPhone()
    phone.put("DCIM/a.jpg", jpeg(1, bytes_after=70_000))
    phone.previews = lambda files: iter([_found(file.path, jpeg(4)) for file in files])
    sync(tmp_path, phone, PREVIEWS)
    shown = []

    def second(images):
        shown.extend(images)
        return encode(images)

    def embed():
        with Gallery.open(tmp_path, write=False) as gallery:
            report = Embedder(gallery, second, "second", DIMENSION).run()
            assert report.failed == ()
            return report.embedded

    assert embed() == 1
    sync(tmp_path, phone, ALL)
    assert embed() == 1  # of the original
    assert len(shown) == 2
    with Gallery.open(tmp_path, write=False) as gallery:
        assert gallery.coverage("second").complete
        vector = gallery.vector(1, "second")
        assert vector @ encode([shown[1]])[0] > 0.99
        assert vector @ encode([shown[0]])[0] < 0.97


def test_thumbnails_of_previews_go_and_lost_ones_are_made_again(tmp_path):
    phone = MadeUpPhone()
    phone.put("DCIM/a.jpg", jpeg(1, bytes_after=70_000))
    phone.previews = lambda files: iter([_found(file.path, jpeg(4)) for file in files])

    def thumbnails():
        return sorted((tmp_path / "thumbnails").rglob("*.jpg"))

    sync(tmp_path, phone, PREVIEWS)
    (preview,) = thumbnails()
    preview.unlink()
    with Gallery.open(tmp_path, write=False) as gallery:
        gallery.thumbnail(1)
    assert thumbnails() == [preview]
    sync(tmp_path, phone, ALL)
    (original,) = thumbnails()
    assert original != preview
    original.unlink()
    with Gallery.open(tmp_path, write=False) as gallery:
        gallery.thumbnail(1)
    assert thumbnails() == [original]


def test_an_original_that_was_deleted_or_changed_here_is_fetched_again(tmp_path):
    phone = filled(3)
    sync(tmp_path, phone, ALL)
    kept = sorted((tmp_path / "phone/originals").rglob("*.jpg"))
    kept[0].unlink()
    assert sync(tmp_path, phone, ALL).originals == 1
    assert_whole(tmp_path, phone.serial, contents(phone))


def test_damaged_photos_are_named_and_do_not_stop_the_others(tmp_path):
    phone = filled(3)
    phone.put("DCIM/damaged.jpg", b"\xff\xd8\xff\xe0 cut", 1_800_000_000)
    phone.put("DCIM/empty.jpg", b"", 1_800_000_001)
    report = sync(tmp_path, phone, ALL)
    assert sorted(refused.display.rsplit("/", 1)[1] for refused in report.refused) == [
        "damaged.jpg",
        "empty.jpg",
    ]
    assert report.originals == 3
    assert is_found(tmp_path, 2)
    assert sync(tmp_path, phone, ALL).originals == 0  # and are not fetched every time


def test_an_encoder_that_fails_ends_the_sync_and_loses_nothing(tmp_path):
    phone = filled(3)

    def broken(images):
        raise RuntimeError("no memory")

    Gallery.open(tmp_path, write=True).close()
    with Gallery.open(tmp_path, write=False) as gallery, pytest.raises(EncoderError):
        PhoneSync(gallery, broken, MODEL, DIMENSION, choices=ALL).run(phone)
    assert sync(tmp_path, phone, ALL).whole
    assert_whole(tmp_path, phone.serial, contents(phone))


def test_however_fast_it_is_every_phase_is_told_of(tmp_path, monkeypatch):
    monkeypatch.setattr(sync_run, "_TELL_EVERY_S", 3600.0)
    told = []
    sync(tmp_path, filled(3), ALL, progress=told.append)
    assert [state.phase for state in told] == ["listing", "previews", "originals", "finishing"]


def test_progress_tells_how_far_it_is(tmp_path):
    phone = filled(40, size=100_000)
    told = []
    sync(tmp_path, phone, ALL, progress=told.append)
    assert told[-1].phase == "finishing"
    originals = [state for state in told if state.phase == "originals"]
    assert originals
    assert all(0 <= state.bytes_done <= state.bytes_total for state in originals)
    assert originals[0].bytes_total == sum(len(data) for data in contents(phone).values())
