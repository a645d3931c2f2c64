"""Syncs of a real Android daemon through the real adb server."""

from __future__ import annotations

import pytest
from PIL import Image

from index.gallery import Gallery
from index.indexer import Indexer
from index.phone_files import phone_source
from sketch_app.phone.adb_reader import AdbPhone
from sketch_app.phone.records import Originals, SyncChoices
from tests.sketch_app.phone.phone_gallery import (
    ALL,
    DIMENSION,
    MODEL,
    PREVIEWS,
    assert_whole,
    encode,
    find,
    is_found,
    jpeg,
    reader_of,
    sync,
)
from tests.support.phone.bad_cable import BadCable

SD = b"/storage/emulated/0/"


def fill(phone, numbers, folder="DCIM/Camera", *, size=80_000):
    files = {}
    for number in numbers:
        name = f"{folder}/2026_{number:03} 사진.jpg"
        data = jpeg(number, bytes_after=size, thumbnail=number)
        phone.put(name, data, mtime=1_700_000_000 + number)
        files[SD + name.encode()] = data
    return files


def test_previews_come_first_and_are_searchable_then_the_originals_take_their_place(phone, tmp_path):
    files = fill(phone, range(12))
    report = sync(tmp_path, reader_of(phone), PREVIEWS)
    assert (report.added, report.previews, report.originals) == (12, 12, 0)
    assert report.whole
    with Gallery.open(tmp_path, write=False) as gallery:
        ids = {photo.id: photo for photo in gallery.photos(range(1, 13))}
        assert all(photo.is_preview for photo in ids.values())
        (album,) = gallery.albums()
        assert (album.name, album.source, album.photo_count) == (
            "Camera",
            phone_source(phone.hardware_serial),
            12,
        )
        assert gallery.local_file(1) is None
        assert gallery.thumbnail(1).shape[2] == 3
    assert find(tmp_path, 7) == [path for path in files if b"007" in path]
    report = sync(tmp_path, reader_of(phone), ALL)
    assert (report.added, report.unchanged, report.originals) == (0, 12, 12)
    assert report.bytes == sum(map(len, files.values()))
    assert_whole(tmp_path, phone.hardware_serial, files)
    with Gallery.open(tmp_path, write=False) as gallery:
        photos = gallery.photos(range(1, 100))
        assert {photo.id for photo in photos} == set(ids)  # the same photos, not others beside them
        assert not any(photo.is_preview for photo in photos)
        assert gallery.local_file(1).read_bytes() in files.values()
        kept = gallery.local_file(1)
        assert int(kept.stat().st_mtime) - 1_700_000_000 in range(12)
        assert gallery.database.rows("SELECT count(*) FROM previews") == [(0,)]
        assert gallery.database.rows("SELECT count(*) FROM vectors") == [(12,)]
    for number in range(12):
        assert find(tmp_path, number) == [path for path in files if b"%03d" % number in path]


def test_an_original_may_show_something_else_than_its_preview(phone, tmp_path):
    data = jpeg(1, bytes_after=80_000, thumbnail=2)
    phone.put("DCIM/Camera/edited.jpg", data)
    sync(tmp_path, reader_of(phone), PREVIEWS)
    assert is_found(tmp_path, 2)
    assert not is_found(tmp_path, 1)
    with Gallery.open(tmp_path, write=False) as open_all_the_time:
        open_all_the_time.index_status(MODEL)
        sync(tmp_path, reader_of(phone), ALL)
        from tests.sketch_app.phone.phone_gallery import vector_of

        assert open_all_the_time.search(MODEL, vector_of(1), 5)[0].score > 0.97
        assert open_all_the_time.search(MODEL, vector_of(2), 5)[0].score < 0.97
    assert is_found(tmp_path, 1)
    assert not is_found(tmp_path, 2)


def test_the_next_sync_fetches_what_changed_and_nothing_else(phone, tmp_path):
    files = fill(phone, range(10))
    sync(tmp_path, reader_of(phone))
    camera = phone.storage / "DCIM/Camera"
    path = {number: SD + f"DCIM/Camera/2026_{number:03} 사진.jpg".encode() for number in range(10)}
    name = {number: camera / f"2026_{number:03} 사진.jpg" for number in range(10)}
    files |= fill(phone, [10])  # added
    changed = jpeg(50, bytes_after=90_000, thumbnail=50)
    phone.put("DCIM/Camera/2026_001 사진.jpg", changed, mtime=1_700_009_000)
    files[path[1]] = changed
    (phone.storage / "Pictures/Trip").mkdir(parents=True)
    name[2].rename(phone.storage / "Pictures/Trip" / name[2].name)  # moved
    files[SD + b"Pictures/Trip/" + path[2].rsplit(b"/", 1)[1]] = files.pop(path[2])
    name[3].rename(camera / "renamed.jpg")
    files[SD + b"DCIM/Camera/renamed.jpg"] = files.pop(path[3])
    name[4].unlink()  # deleted
    deleted = files.pop(path[4])
    name[5].rename(camera / f".trashed-1800000000-{name[5].name}")  # trashed
    del files[path[5]]
    report = sync(tmp_path, reader_of(phone))
    assert (report.added, report.changed, report.moved, report.missing) == (2, 1, 1, 3)
    assert report.unchanged == 10 - 5
    assert report.originals == 3  # added, changed, renamed
    assert_whole(tmp_path, phone.hardware_serial, files)
    assert not is_found(tmp_path, 4)
    assert not is_found(tmp_path, 5)
    assert find(tmp_path, 50) == [path[1]]
    assert not is_found(tmp_path, 1)
    (camera / f".trashed-1800000000-{name[5].name}").rename(name[5])  # and back from the trash
    phone.put(f"DCIM/Camera/{name[4].name}", deleted, mtime=1_700_000_004)
    files[path[5]] = name[5].read_bytes()
    files[path[4]] = deleted
    report = sync(tmp_path, reader_of(phone))
    assert (report.added, report.returned, report.previews, report.originals) == (0, 2, 0, 0)
    assert_whole(tmp_path, phone.hardware_serial, files)


def test_a_photo_on_two_phones_and_in_a_folder_is_one_photo(rig, phone, tmp_path):
    gallery, folder = tmp_path / "gallery", tmp_path / "photos"
    folder.mkdir()
    files = fill(phone, range(4))
    shared = next(iter(files.values()))
    (folder / "copy.jpg").write_bytes(shared)
    with Gallery.open(gallery, write=True) as opened:
        Indexer(opened, encode, MODEL, DIMENSION).run(folder)
    other = rig.phone("R3CX10OTHER", "SM-F956N")
    try:
        other.put("DCIM/Camera/same.jpg", shared, mtime=1_600_000_000)
        other.plug()
        sync(gallery, reader_of(phone))
        report = sync(gallery, reader_of(other))
        assert report.originals == 1
    finally:
        other.unplug()
        other.stop()
    with Gallery.open(gallery, write=False) as opened:
        assert opened.count() == 4
        places = {(p.source, p.path_bytes) for p in opened.locations(1) if p.state == "present"}
        assert len(places) == 3
        assert len({source for source, _ in places}) == 3
        assert len(opened.phones()) == 2
    kept = [path for path in (gallery / "phone/originals").rglob("*") if path.is_file()]
    assert len(kept) == 4  # not a second time


def test_the_same_phone_over_another_address_is_the_same_phone(rig, phone, tmp_path):
    files = fill(phone, range(6))
    sync(tmp_path, reader_of(phone))
    with BadCable(phone.port) as wireless:
        phone.unplug()
        phone.plug(by=wireless.serial)
        files |= fill(phone, [6])
        report = sync(tmp_path, reader_of(phone, by=wireless.serial))
        assert (report.added, report.unchanged, report.originals) == (1, 6, 1)
        phone.unplug(by=wireless.serial)
        phone.plug(by=wireless.serial)  # a reconnect
        assert sync(tmp_path, reader_of(phone, by=wireless.serial)).unchanged == 7
        phone.unplug(by=wireless.serial)
    assert_whole(tmp_path, phone.hardware_serial, files)


def test_a_picture_without_a_preview_is_shown_all_the_same_and_only_its_preview_stays(phone, tmp_path):
    from tests.sketch_app.phone.phone_gallery import picture

    noise = Image.effect_noise((300, 300), 90).convert("RGB")
    screenshot = Image.new("RGB", (320, 540))
    screenshot.paste(picture(5, (320, 240)), (0, 0))
    screenshot.paste(noise, (10, 240))
    phone.storage.joinpath("DCIM/Screenshots").mkdir(parents=True)
    screenshot.save(phone.storage / "DCIM/Screenshots/Screenshot_1.png")
    assert (phone.storage / "DCIM/Screenshots/Screenshot_1.png").stat().st_size > 65536
    report = sync(tmp_path, reader_of(phone), PREVIEWS)
    assert (report.previews, report.originals) == (1, 0)
    with Gallery.open(tmp_path, write=False) as gallery:
        (photo,) = gallery.photos([1])
        assert photo.is_preview
        assert photo.kind == "screenshot"
        assert (photo.width, photo.height) == (320, 540)
    assert not [p for p in (tmp_path / "phone").rglob("*") if p.is_file()]
    report = sync(tmp_path, reader_of(phone), ALL)
    assert report.originals == 1
    with Gallery.open(tmp_path, write=False) as gallery:
        assert not gallery.photos([1])[0].is_preview


def test_videos_are_counted_hidden_folders_left_alone_and_cards_read(phone, tmp_path):
    fill(phone, range(2))
    phone.put("DCIM/Camera/video.mp4", b"film" * 1000)
    phone.put("Memes/.nomedia")
    phone.put("Memes/1.jpg", jpeg(31))
    phone.put("DCIM/.thumbnails/1.jpg", jpeg(32))
    phone.put("DCIM/Camera/.pending-1-x.jpg", jpeg(33))
    card = phone.card() / "DCIM"
    card.mkdir()
    (card / "card.jpg").write_bytes(jpeg(34))
    report = sync(tmp_path, reader_of(phone))
    assert (report.added, report.videos) == (3, 1)
    assert is_found(tmp_path, 34)
    assert not is_found(tmp_path, 31)
    assert not is_found(tmp_path, 32)
    assert not is_found(tmp_path, 33)


def test_the_phone_s_own_catalogue_tells_when_a_photo_was_taken_and_what_is_dear(phone, tmp_path):
    files = fill(phone, range(3))
    rows = [
        {
            "_id": 100 + n, "media_type": 1, "_size": len(data), "date_modified": 1_700_000_000 + n,
            "datetaken": 1_500_000_000_000 + n, "orientation": 0, "is_favorite": int(n == 1),
            "is_trashed": 0, "is_pending": 0, "mime_type": "image/jpeg", "_data": path,
        }
        for n, (path, data) in enumerate(files.items())
    ]  # fmt: skip
    phone.set_media(rows)
    sync(tmp_path, reader_of(phone), PREVIEWS)
    with Gallery.open(tmp_path, write=False) as gallery:
        assert {p.taken_at.year for p in gallery.photos([1, 2, 3])} == {2017}
        dear = [f.favourite for n in (1, 2, 3) for f in gallery.phone_files(n)]
        assert sorted(dear) == [False, False, True]


def test_one_original_is_fetched_when_it_is_asked_for(phone, tmp_path):
    from sketch_app.phone.engine import PhoneSync

    files = fill(phone, range(3))
    sync(tmp_path, reader_of(phone), PREVIEWS)
    with Gallery.open(tmp_path, write=False) as gallery:
        report = PhoneSync(gallery, encode, MODEL, DIMENSION, choices=PREVIEWS).fetch(reader_of(phone), [2])
        assert (report.originals, report.stopped) == (1, None)
        assert gallery.local_file(2).read_bytes() in files.values()
        assert gallery.local_file(1) is None


def test_the_newest_originals_come_up_to_the_limit(phone, tmp_path):
    files = fill(phone, range(6))
    each = len(next(iter(files.values())))
    report = sync(tmp_path, reader_of(phone), SyncChoices(Originals.SOME, 2.5 * each / 1e9, reserve_bytes=0))
    assert report.originals == 2
    with Gallery.open(tmp_path, write=False) as gallery:
        kept = {f.path for n in range(1, 7) if gallery.local_file(n) for f in gallery.phone_files(n)}
    assert kept == set(sorted(files)[-2:])


def test_only_the_chosen_folders_are_looked_into(phone, tmp_path):
    fill(phone, range(2))
    fill(phone, range(2, 4), "Download")
    chosen = SyncChoices(Originals.PREVIEWS, folders=(SD + b"Download",), reserve_bytes=0)
    assert sync(tmp_path, reader_of(phone), PREVIEWS).added == 4
    report = sync(tmp_path, reader_of(phone), chosen)
    assert (report.added, report.missing, report.asks) == (0, 0, None)
    assert not is_found(tmp_path, 0)
    assert is_found(tmp_path, 2)
    assert sync(tmp_path, reader_of(phone), PREVIEWS).returned == 2
    assert is_found(tmp_path, 0)


@pytest.mark.parametrize("kind", ["a whole sync", "one photo"])
def test_a_phone_that_is_not_there_is_a_sentence(rig, tmp_path, kind):
    from device.phone.transport import Transport
    from sketch_app.phone.engine import PhoneSync

    Gallery.open(tmp_path, write=True).close()
    with Gallery.open(tmp_path, write=False) as gallery:
        engine = PhoneSync(gallery, encode, MODEL, DIMENSION, choices=ALL)
        nobody = AdbPhone(Transport("127.0.0.1:9"), "R3NOBODY", "", "Nobody’s phone")
        report = engine.run(nobody) if kind == "a whole sync" else engine.fetch(nobody, [1])
    if kind == "a whole sync":
        assert report.stopped == "phone"
        assert "plug it in" in report.sentence
