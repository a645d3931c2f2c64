"""Pictures for phones, syncs of real and made-up phones, and what must be true of a gallery after them."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from device.phone.errors import PhoneFileGoneError
from device.phone.transport import Transport
from index.gallery import Gallery
from index.phone_files import FileState, ListedFile, known_files, phone_source
from sketch_app.phone.adb_reader import AdbPhone
from sketch_app.phone.engine import PhoneSync
from sketch_app.phone.reader import FoundPreview, PhoneListing
from sketch_app.phone.records import Originals, SyncChoices, SyncReport
from sketch_app.phone.transfer import WORKERS
from tests.support.waiting import WAIT_S

MODEL, DIMENSION = "colour-grid/4x4", 48
ALL = SyncChoices(Originals.ALL, reserve_bytes=0)
PREVIEWS = SyncChoices(Originals.PREVIEWS, reserve_bytes=0)
ORIGINAL_NAME = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9a-z-]+\.[a-z0-9]+")


def encode(images):
    """A 4 x 4 colour grid about grey, of length one."""
    rows = [
        np.asarray(Image.fromarray(i).resize((4, 4), Image.Resampling.BOX), np.float32).reshape(-1) - 127.3
        for i in images
    ]
    vectors = np.stack(rows)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def picture(number, size=(320, 240)):
    random = np.random.default_rng(number)
    patches = Image.fromarray(random.integers(0, 256, (4, 4, 3), dtype=np.uint8))
    return patches.resize(size, Image.Resampling.NEAREST)


def jpeg(number: int, *, bytes_after: int = 0, thumbnail: int | None = None, orientation: int = 1) -> bytes:
    """A photo of its own colours; `thumbnail` puts the picture of that number into its EXIF."""
    buffer = io.BytesIO()
    picture(number).save(buffer, "JPEG", quality=90)
    data = buffer.getvalue()
    if thumbnail is not None:
        small = io.BytesIO()
        picture(thumbnail, (160, 120)).save(small, "JPEG", quality=90)
        data = data[:2] + _exif(small.getvalue(), orientation) + data[2:]
    return data + np.random.default_rng(number).bytes(bytes_after)


def _exif(small: bytes, orientation: int) -> bytes:
    """EXIF 2.32: a directory with the orientation, a second one with the thumbnail."""
    first = (1).to_bytes(2, "little") + _short(0x0112, orientation) + (26).to_bytes(4, "little")
    entries = _short(0x0103, 6) + _long(0x0201, 8 + 18 + 42) + _long(0x0202, len(small))
    second = (3).to_bytes(2, "little") + entries + bytes(4)
    tiff = b"II*\0" + (8).to_bytes(4, "little") + first + second + small
    block = b"Exif\0\0" + tiff
    return b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block


def _short(tag: int, value: int) -> bytes:
    return tag.to_bytes(2, "little") + b"\3\0\1\0\0\0" + value.to_bytes(4, "little")


def _long(tag: int, value: int) -> bytes:
    return tag.to_bytes(2, "little") + b"\4\0\1\0\0\0" + value.to_bytes(4, "little")


def vector_of(number):
    return encode([np.asarray(picture(number))])[0]


def reader_of(phone, *, by: str = "", timeout: float = WAIT_S) -> AdbPhone:
    """A phone of the rig as the program reads it."""
    return AdbPhone(
        Transport(by or phone.serial, timeout=timeout), phone.hardware_serial, phone.model, "Mina’s phone"
    )


def sync(
    directory: Path, reader, choices: SyncChoices = ALL, workers: int = WORKERS, **options
) -> SyncReport:
    """One sync by a program that has the gallery open for reading, as the window has it."""
    Gallery.open(directory, write=True).close()
    with Gallery.open(directory, write=False) as gallery:
        phone_sync = PhoneSync(gallery, encode, MODEL, DIMENSION, choices=choices, workers=workers)
        return phone_sync.run(reader, **options)


def find(directory: Path, number: int) -> list[bytes]:
    """Where the picture with this number lies at present; fails where it is not found exactly once."""
    with Gallery.open(directory, write=False) as gallery:
        hits = gallery.search(MODEL, vector_of(number), 1000)
        assert len({hit.photo_id for hit in hits}) == len(hits)
        good = [hit for hit in hits if hit.score > 0.97]
        assert len(good) == 1, f"picture {number} is found {len(good)} times"
        return [p.path_bytes for p in gallery.locations(good[0].photo_id) if p.state == "present"]


def is_found(directory: Path, number: int) -> bool:
    with Gallery.open(directory, write=False) as gallery:
        hits = gallery.search(MODEL, vector_of(number), 1)
        return bool(hits) and hits[0].score > 0.97


def assert_whole(directory: Path, serial: str, on_phone: dict[bytes, bytes]) -> None:
    """The gallery holds exactly these files of the phone, byte for byte, each shown, nothing half done."""
    with Gallery.open(directory, write=False) as gallery:
        source = phone_source(serial)
        files = {p: f for p, f in known_files(gallery.database, source).items() if not f.gone}
        assert sorted(files) == sorted(on_phone)
        originals = {row[0]: row[1] for row in gallery.database.rows("SELECT content, name FROM originals")}
        for path, data in on_phone.items():
            content = hashlib.sha256(data).digest()
            assert files[path].state is FileState.ORIGINAL, (path, files[path])
            assert files[path].content == content
            kept = directory / "phone" / "originals" / originals[content]
            assert kept.read_bytes() == data
            photo = gallery.catalogue.photo_by_hash(content, 1)
            assert photo is not None
            assert photo[1], "it has no vector"
            assert path in [p.path_bytes for p in gallery.locations(photo[0]) if p.state == "present"]
            assert gallery.thumbnail(photo[0]).ndim == 3
        assert gallery.count() == len(set(map(bytes, on_phone.values())))
        assert gallery.database.rows("PRAGMA integrity_check") == [("ok",)]
    assert not [path for path in (directory / "phone" / "parts").rglob("*") if path.is_file()]
    for path in (directory / "phone" / "originals").rglob("*"):
        name = path.relative_to(directory / "phone" / "originals").as_posix()
        assert path.is_dir() or ORIGINAL_NAME.fullmatch(name), name


@dataclass(frozen=True)
class _Stat:
    size: int
    mtime: int


@dataclass
class MadeUpPhone:
    """A phone held in memory: what stands behind it is not under test.

    ``files`` are path bytes to (bytes, mtime); ``folders`` that are to be listed although empty.
    """

    serial: str = "R3MADEUP"
    model: str = "SM-T000"
    name: str = "Made up"
    files: dict[bytes, tuple[bytes, int]] = field(default_factory=dict)
    empty: set[bytes] = field(default_factory=lambda: {b"/storage/emulated/0"})
    unlisted: set[bytes] = field(default_factory=set)
    received: list[tuple[bytes, int]] = field(default_factory=list)
    previews_of: list[bytes] = field(default_factory=list)
    on_chunk: Callable[[bytes, int], None] | None = None
    chunk: int = 4096

    def put(self, path: bytes | str, data: bytes, mtime: int = 1_700_000_000) -> bytes:
        full = path if isinstance(path, bytes) else f"/storage/emulated/0/{path}".encode()
        self.files[full] = (data, mtime)
        return full

    def listings(self, folders: Sequence[bytes], without: Sequence[bytes] = ()) -> Iterator[PhoneListing]:
        parents = {path.rsplit(b"/", 1)[0] for path in self.files} | self.empty
        for parent in list(parents):
            steps = parent.count(b"/") - b"/storage/emulated/0".count(b"/")
            parents |= {parent.rsplit(b"/", step)[0] for step in range(1, steps + 1)}
        for directory in sorted(parents):
            if directory in self.unlisted:
                yield PhoneListing(directory, "card", False, error="It cannot be listed.")
                continue
            inside = {p: f for p, f in self.files.items() if p.rsplit(b"/", 1)[0] == directory}
            below = {p.rsplit(b"/", 1)[1] for p in parents if p.rsplit(b"/", 1)[0] == directory}
            listed = [ListedFile(p, directory, "card", len(f[0]), f[1]) for p, f in inside.items()]
            names = frozenset(p.rsplit(b"/", 1)[1] for p in inside) | below
            yield PhoneListing(directory, "card", True, tuple(listed), names=names)

    def previews(self, files: Sequence[ListedFile]) -> Iterator[FoundPreview]:
        for file in files:
            self.previews_of.append(file.path)
            data = self.files.get(file.path, (b"", 0))[0]
            yield FoundPreview(file.path, data if len(data) < 65536 else b"", len(data) < 65536)

    def session(self) -> MadeUpPhone:
        return self

    def stat(self, path: bytes) -> _Stat:
        if path not in self.files:
            raise PhoneFileGoneError("It is not there any more.")
        data, mtime = self.files[path]
        return _Stat(len(data), mtime)

    def receive_pieces(self, path: bytes, *, offset: int = 0) -> Iterator[list[memoryview]]:
        if path not in self.files:
            raise PhoneFileGoneError("It is not there any more.")
        self.received.append((path, offset))
        data = self.files[path][0]
        for start in range(offset, len(data), self.chunk):
            if self.on_chunk is not None:
                self.on_chunk(path, start)
            chunk = bytearray(data[start : start + self.chunk])
            half = len(chunk) // 2
            yield [piece for piece in (memoryview(chunk)[:half], memoryview(chunk)[half:]) if piece]
            chunk[:] = bytes(len(chunk))  # what was not taken by now is lost, as with a real phone

    def close(self) -> None:
        pass
