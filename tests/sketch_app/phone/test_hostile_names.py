"""Names from a phone are data: whatever they are, nothing leaves the gallery's folder."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from index.gallery import Gallery
from index.phone_files import FileState, PhoneFile
from index.phone_photos import original_path
from sketch_app.phone.store import OriginalStore
from tests.sketch_app.phone.phone_gallery import (
    ALL,
    ORIGINAL_NAME,
    MadeUpPhone,
    assert_whole,
    jpeg,
    reader_of,
    sync,
)

SD = b"/storage/emulated/0/"
NASTY = [
    b"..",
    b"../../../../tmp/out.jpg",
    b"/etc/passwd.jpg",
    b"a\nRow: 1 _id=7, _data=/sdcard/b.jpg",
    b"CON.jpg",
    b"NUL",
    b"a'; rm -rf /;.jpg",
    b'"quoted", _size=7.jpg',
    b"\xff\xfe\x80.jpg",
    b"trailing. ",
    b"C:\\x\\y.jpg",
    "사진.jpg".encode(),
    unicodedata.normalize("NFD", "사진.jpg").encode(),
    b"x" * 251 + b".jpg",
    b"\x1b[31mred.jpg",
    "\u202egpj.evil.jpg".encode(),
    b"$(reboot).jpg",
    b"-rf.jpg",
    b"%00.jpg",
    b"a\tb\r.jpg",
]
names = st.one_of(
    st.sampled_from(NASTY),
    st.binary(min_size=1, max_size=255).filter(lambda name: b"/" not in name and b"\0" not in name),
)


def phone_file(path: bytes, newest: int) -> PhoneFile:
    return PhoneFile(
        id=1,
        source="phone:X",
        path=path,
        directory=path,
        device="card",
        size=10,
        mtime=0,
        newest=newest,
        taken_ms=None,
        media_id=None,
        favourite=False,
        state=FileState.NEW,
        gone=False,
        wanted=False,
        content=None,
        reason=None,
        tries=0,
    )


@given(path=st.binary(max_size=300), newest=st.integers(-(1 << 63), 1 << 62), head=st.binary(max_size=64))
def test_a_name_made_for_an_original_stays_in_its_folder(path, newest, head):
    root = Path("/gallery")
    store = OriginalStore(root, "phone:X", reserve=0, names={})
    name = store.name_of(b"\xab" * 32, head, phone_file(path, newest))
    assert ORIGINAL_NAME.fullmatch(name)
    assert original_path(root, name).is_relative_to(root / "phone/originals")


@settings(max_examples=40)
@given(chosen=st.lists(names, min_size=1, max_size=6, unique=True), folder=names)
def test_a_sync_of_any_names_writes_nothing_outside_and_shows_them_readably(chosen, folder):
    phone = MadeUpPhone()
    for number, name in enumerate(chosen):
        phone.put(SD + folder + b"/" + name, jpeg(number, bytes_after=100), 1_700_000_000 + number)
    with TemporaryDirectory() as outside:
        gallery = Path(outside) / "gallery"
        report = sync(gallery, phone, ALL)
        assert report.whole
        assert [path.name for path in Path(outside).iterdir()] == ["gallery"]
        allowed = {"gallery.sqlite3", "gallery.sqlite3-shm", "gallery.sqlite3-wal", "gallery.lock"}
        tops = {path.name for path in gallery.iterdir()} - allowed
        assert {n for n in tops if not n.startswith(("sync-", "vectors-"))} <= {"phone", "thumbnails"}
        assert_whole(gallery, phone.serial, {path: data for path, (data, _) in phone.files.items()})
        with Gallery.open(gallery, write=False) as opened:
            albums = opened.albums()
            assert albums
            for photo_id in range(1, len(chosen) + 1):
                for place in opened.locations(photo_id):
                    assert place.display.isprintable()
                    assert place.display == unicodedata.normalize("NFC", place.display)
            assert all(album.name.isprintable() and album.name for album in albums)


def test_hostile_names_on_a_real_phone(phone, tmp_path):
    files = {}
    possible = [name for name in NASTY if b"/" not in name and name != b".."]
    for number, nasty in enumerate(possible):
        name = nasty if nasty.endswith(b".jpg") else nasty + b".jpg"
        data = jpeg(number, bytes_after=70_000, thumbnail=number)
        phone.put(b"DCIM/Camera/" + name, data, mtime=1_700_000_000 + number)
        files[SD + b"DCIM/Camera/" + name] = data
    before = {path.name for path in tmp_path.iterdir()}
    report = sync(tmp_path / "gallery", reader_of(phone), ALL)
    assert report.whole, report
    assert {path.name for path in tmp_path.iterdir()} - before == {"gallery"}
    assert_whole(tmp_path / "gallery", phone.hardware_serial, files)
