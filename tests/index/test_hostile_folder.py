"""A folder full of malice is indexed to the end, each refusal with its reason, and nothing in it changes."""

import os
import struct
import unicodedata
import zlib

import pytest
from photo_makers import MODEL, fill, index, photo_bytes, tree, vector_of
from PIL import Image

from index.gallery import Gallery
from index.records import display_path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="such names do not exist there")

KOREAN = "가족 사진"


def png_bomb(side):
    """A valid one-bit PNG of side x side pixels in about a thousandth of the bytes."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    packer = zlib.compressobj(9)
    row = b"\0" * (1 + (side + 7) // 8)
    rows = b"".join(packer.compress(row * 1000) for _ in range(side // 1000)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def gif_bomb(side):
    """A GIF of a few bytes whose one frame claims side x side pixels."""
    screen = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    return screen + b"," + struct.pack("<HHHHB", 0, 0, side, side, 0) + b"\x02\x02\x44\x01\0;"


def hostile_files():
    """Name to content and to what the reason must say, or None where the photo must be found."""
    whole = photo_bytes(1000, "JPEG", (640, 480))
    flipped = bytearray(photo_bytes(1001, "PNG", (640, 480)))
    flipped[60:70] = b"\xff" * 10
    return {
        b"zero.jpg": (b"", "empty"),
        b"cut.jpg": (whole[: len(whole) // 2], "cut short"),
        b"head-only.jpg": (whole[:20], "cut short"),
        b"flipped.png": (bytes(flipped), "damaged"),
        b"bomb.png": (png_bomb(20_000), "too large"),
        b"bomb.gif": (gif_bomb(65_535), "too large"),
        b"frameless.gif": (b"GIF89a" + struct.pack("<HH", 9, 9) + b"\0" * 300, "damaged"),
        b"text.jpg": (b"These are my holiday notes, not a photo.", "not a photo"),
        b"BMW and other cars.bmp": (b"BMW is a maker of cars and motorcycles, not a bitmap.", "not a photo"),
        b"program.jpeg": (b"\x7fELF" + b"\0" * 200, "not a photo"),
        b"page.tiff": (b"II*\0" + b"\xff" * 200, "damaged"),
        b"broken.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64, "damaged"),
        b"broken.webp": (b"RIFF\xff\xff\xff\x7fWEBPVP8 " + b"\0" * 64, "damaged"),
        b"broken.avif": (b"\0\0\0\x1cftypavif\0\0\0\0mif1avif" + b"\0" * 64, "damaged"),
        b"png-named.jpg": (photo_bytes(1, "PNG"), None),
        b"jpeg-named.txt": (photo_bytes(2, "JPEG"), None),
        b"two\nlines.png": (photo_bytes(3), None),
        b"quotes'\"; DROP TABLE photos;--.png": (photo_bytes(4), None),
        unicodedata.normalize("NFC", f"{KOREAN}.png").encode(): (photo_bytes(5), None),
        unicodedata.normalize("NFD", f"{KOREAN}.png").encode(): (photo_bytes(6), None),
        b"n" * 251 + b".png": (photo_bytes(7), None),
        b"latin-\xe9\xff.png": (photo_bytes(8), None),
        b"%s-%d-{0}.png": (photo_bytes(9), None),
    }


@pytest.fixture
def folder(tmp_path):
    """The hostile files, and things that are no files at all."""
    folder = tmp_path / "hostile"
    fill(folder, range(20, 25))
    for name, (content, _) in hostile_files().items():
        (folder / os.fsdecode(name)).write_bytes(content)
    Image.new("L", (10_000, 10_000), 180).save(folder / "huge.jpg", quality=50)
    os.mkfifo(folder / "pipe.jpg")
    (folder / "directory.jpg").mkdir()
    (folder / "loop.jpg").symlink_to(folder / "loop.jpg")
    return folder


def test_a_hostile_folder_is_indexed_to_the_end(tmp_path, folder):
    before = tree(folder)
    expected = hostile_files()
    with Gallery.open(tmp_path / "gallery", write=True) as gallery:
        report = index(gallery, folder)
        reasons = {os.fsencode(skipped.path.name): skipped.reason for skipped in report.skipped}
        refused = {name: words for name, (_, words) in expected.items() if words is not None}
        assert set(reasons) == set(refused)
        for name, words in refused.items():
            assert words in reasons[name], (name, reasons[name])
            assert reasons[name].endswith(".")
        places = {}
        for number in range(1, 10):
            hit = gallery.search(MODEL, vector_of(number), 1)[0]
            places[number] = [os.fsencode(p.path.name) for p in gallery.locations(hit.photo_id)]
        assert [[n] for n, (_, words) in expected.items() if words is None] == list(places.values())
        assert report.added == 5 + 9 + 1
        assert tree(folder) == before

        opened = []
        again = index(gallery, folder, progress=lambda p: opened.append(p) if p.phase == "reading" else None)
        assert opened == []
        assert again.skipped == report.skipped


def test_a_repaired_file_is_tried_again(tmp_path):
    folder = fill(tmp_path / "folder", range(3))
    (folder / "cut.jpg").write_bytes(photo_bytes(1000, "JPEG", (640, 480))[:2000])
    with Gallery.open(tmp_path / "gallery", write=True) as gallery:
        assert len(index(gallery, folder).skipped) == 1
        (folder / "cut.jpg").write_bytes(photo_bytes(1000, "JPEG", (640, 480)))
        report = index(gallery, folder)
        assert report.added == 1
        assert report.skipped == ()


def test_any_path_can_be_shown():
    text = display_path(b"/a\n\x1b[31m/\xff" + unicodedata.normalize("NFD", KOREAN).encode())
    assert text.isprintable()
    assert text.endswith(KOREAN)
    text.encode()
