"""Measure the sync of a phone against ``adb pull -a`` of the same folder.

The phone is the tests' real Android daemon on loopback. Run from the repository's root:
``python -m benchmarks.phone_sync [--quick]``.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from benchmarks.rows import Row, print_row
from device.phone.transport import Transport
from index import phone_files
from index.gallery import Gallery
from index.phone_files import FileState, phone_source
from sketch_app.phone.adb_reader import AdbPhone
from sketch_app.phone.engine import PhoneSync
from sketch_app.phone.plan import make_plan
from sketch_app.phone.records import Originals, SyncChoices, SyncControl, SyncProgress
from sketch_app.phone.store import Digest, OriginalStore
from sketch_app.phone.transfer import Arrived, Job, Transfer
from tests.support.phone.bad_cable import BadCable
from tests.support.phone.rig import Phone, Rig

FILES, BYTES = 200, 3_000_000
LINK = 38e6  # bytes a second: USB 2 as phones reach it
PREVIEWED, LISTED = 1000, 20_000
FOLDER = "DCIM/Camera"
MODEL, DIMENSION = "benchmark/grid", 48


def encode(images: list[np.ndarray]) -> np.ndarray:
    """A colour grid: the time of a real encoder is the indexing benchmark's concern."""
    grids = [np.asarray(Image.fromarray(i).resize((4, 4), Image.Resampling.BOX), np.float32) for i in images]
    vectors = np.stack(grids).reshape(len(images), -1) - 127.3
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def photo(number: int) -> bytes:
    """A JPEG of about 3 MB with an EXIF preview of 512 pixels, as phones write them."""
    random = np.random.default_rng(number)
    coarse = Image.fromarray(random.integers(0, 256, (12, 16, 3), dtype=np.uint8))
    buffer, small = io.BytesIO(), io.BytesIO()
    coarse.resize((1024, 768), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
    coarse.resize((512, 384), Image.Resampling.BICUBIC).save(small, "JPEG", quality=85)
    thumbnail = small.getvalue()
    entry = struct.Struct("<HHII")
    entries = (
        entry.pack(0x0103, 3, 1, 6) + entry.pack(0x0201, 4, 1, 68) + entry.pack(0x0202, 4, 1, len(thumbnail))
    )
    first = struct.pack("<H", 1) + entry.pack(0x0112, 3, 1, 1) + struct.pack("<I", 26)
    tiff = struct.pack("<2sHI", b"II", 42, 8) + first + struct.pack("<H", 3) + entries + bytes(4) + thumbnail
    block = b"Exif\0\0" + tiff
    data = buffer.getvalue()
    data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]
    return data + random.bytes(BYTES - len(data))


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def pull(rig: Rig, serial: str, target: Path) -> None:
    subprocess.run(
        [rig.adb, "-P", str(rig.port), "-s", serial, "pull", "-a", f"/sdcard/{FOLDER}", target],
        env={**os.environ, **rig.environment},
        check=True,
        capture_output=True,
    )


def reader_of(phone: Phone, serial: str) -> AdbPhone:
    return AdbPhone(Transport(serial), phone.hardware_serial, phone.model, "Benchmark")


class NoDigest:
    """Takes no time; every file is another content all the same."""

    made = 0

    def __init__(self) -> None:
        NoDigest.made += 1
        self._digest = NoDigest.made.to_bytes(32, "big")

    def update(self, data: bytes, /) -> None:
        """Look at nothing."""

    def digest(self) -> bytes:
        """Some 32 bytes of its own."""
        return self._digest


def made(gallery: Path) -> Path:
    """An empty gallery, as every sync but the first finds one."""
    Gallery.open(fresh(gallery), write=True).close()
    return gallery


def transfer(reader: AdbPhone, gallery: Path, digest: Callable[[], Digest] = hashlib.sha256) -> None:
    """List, receive and put into place every photo of the phone, as a sync does; without showing them."""
    source = phone_source(reader.serial)
    plan = make_plan({}, reader.listings(()))
    with Gallery.open(gallery, write=True) as opened:
        with opened.database.transaction() as connection:
            phone_files.put_phone(connection, source, "", "")
            phone_files.put_listed(connection, source, plan.new)
        files = phone_files.waiting_files(opened.database, source, [FileState.NEW])
    store = OriginalStore(gallery, source, reserve=0, names={}, digest=digest)
    jobs = [Job(file) for file in files]
    events = [event for come in Transfer(reader, store, jobs, SyncControl()) for event in come]
    assert sum(isinstance(event, Arrived) for event in events) == len(files)


def fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def throughput(rig: Rig, phone: Phone, work: Path, *, count: int, repeats: int) -> list[Row]:
    total = count * BYTES
    reader = reader_of(phone, phone.serial)
    pulls, bare, hashed, syncs = [], [], [], []
    for _ in range(repeats):  # in turns, so that a busy moment meets both
        pulls.append(seconds(lambda: pull(rig, phone.serial, fresh(work / "pulled"))))
        made(work / "ours")
        bare.append(seconds(lambda: transfer(reader, work / "ours", NoDigest)))
        hashed.append(seconds(lambda: transfer(reader, made(work / "ours"))))
        syncs.append(seconds(lambda: whole_sync(reader, fresh(work / "synced"))))
    data = (phone.storage / FOLDER / "0000.jpg").read_bytes()
    hashing = seconds(lambda: [hashlib.sha256(data) for _ in range(count)])
    rate = total / 1e6
    against = f"adb pull -a, {count} files of 3 MB"
    baseline = rate / median(pulls)
    goal = (0.9, "ratio", "higher")
    return [
        Row("listing, transfer, atomic replace", rate / median(bare), "MB/s", baseline, against, *goal),
        Row("the same with SHA-256", rate / median(hashed), "MB/s", baseline, against),
        Row("the same with previews, decoding, database", rate / median(syncs), "MB/s", baseline, against),
        Row("SHA-256 alone, one thread", rate / hashing, "MB/s", baseline, against),
    ]


def whole_sync(reader: AdbPhone, gallery: Path) -> None:
    Gallery.open(gallery, write=True).close()
    with Gallery.open(gallery, write=False) as opened:
        choices = SyncChoices(Originals.ALL, reserve_bytes=0)
        report = PhoneSync(opened, encode, MODEL, DIMENSION, choices=choices).run(reader)
    assert report.whole, report


def on_usb2(phone: Phone, work: Path, *, count: int, previewed: int) -> list[Row]:
    """Everything at the rate of a USB 2 link."""
    total = count * BYTES
    with BadCable(phone.port) as cable:
        cable.limit(LINK)
        phone.unplug()
        phone.plug(by=cable.serial)
        reader = reader_of(phone, cable.serial)
        gallery = made(work / "usb2")
        took = seconds(lambda: transfer(reader, gallery))
        camera = phone.storage / FOLDER
        for number in range(count, previewed):  # more names for the same bytes: what is read is what counts
            os.link(camera / f"{number % count:04}.jpg", camera / f"{number:04}.jpg")
        files = [file for listing in reader.listings(()) for file in listing.files]
        assert len(files) == previewed

        def read() -> None:
            assert sum(bool(found.image) for found in reader.previews(files)) == previewed

        previews = seconds(read)
        searchable = seconds(lambda: previews_sync(reader, fresh(work / "previews")))
        phone.unplug(by=cable.serial)
    originals = took / count * previewed
    note = f"originals: {count} were fetched in {took:.1f} s, {previewed} of them take {originals:.0f} s"
    return [
        Row(
            "use of the link", total / 1e6 / took, "MB/s", LINK / 1e6, "the link", 0.95, "ratio", "higher"
        ),
        Row(
            f"previews of {previewed} photos at 38 MB/s", previews, "s", originals, "their originals",
            1 / 20, "ratio", note=note,
        ),
        Row(f"{previewed} photos searchable at 38 MB/s", searchable, "s", originals, "their originals", 30.0),
    ]  # fmt: skip


def previews_sync(reader: AdbPhone, gallery: Path) -> None:
    Gallery.open(gallery, write=True).close()
    last: list[SyncProgress] = []
    with Gallery.open(gallery, write=False) as opened:
        choices = SyncChoices(Originals.PREVIEWS, reserve_bytes=0)
        report = PhoneSync(opened, encode, MODEL, DIMENSION, choices=choices).run(
            reader, progress=last.append
        )
    assert report.whole, report


def listing(phone: Phone, *, count: int) -> list[Row]:
    """The listing of a big folder against the bare bytes of the daemon's answer."""
    folder = phone.storage / FOLDER
    shutil.rmtree(folder)
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.jpg").touch()
    phone.plug()
    path = f"/storage/emulated/0/{FOLDER}".encode()
    transport = Transport(phone.serial)

    def bare() -> None:
        with transport.open(b"sync:") as connection:
            connection.send(b"LIS2" + struct.pack("<I", len(path)) + path)
            seen = 0
            while connection.read(4) == b"DNT2":
                connection.read(68)
                connection.read(struct.unpack("<I", connection.read(4))[0])
                seen += 1
            assert seen == count + 2

    def ours() -> None:
        assert len(make_plan({}, reader_of(phone, phone.serial).listings(())).new) == count

    baseline = min(seconds(bare) for _ in range(3))
    return [
        Row(
            f"listing and planning {count} files", min(seconds(ours) for _ in range(3)), "s", baseline,
            "reading the daemon's answer",
        )
    ]  # fmt: skip


def rows(work: Path, *, quick: bool = False) -> list[Row]:
    """All figures; `quick` with a fifth of the files."""
    count, repeats = (FILES // 5, 1) if quick else (FILES, 7)
    with Rig(work / "rig") as rig:
        os.environ.update(rig.environment)
        phone = rig.phone("R3CX10BENCH")
        for number in range(count):
            phone.put(f"{FOLDER}/{number:04}.jpg", photo(number), mtime=1_700_000_000 + number)
        phone.plug()
        found = throughput(rig, phone, work, count=count, repeats=repeats)
        found += on_usb2(phone, work, count=count, previewed=count * 2 if quick else PREVIEWED)
        return found + listing(phone, count=LISTED // 5 if quick else LISTED)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.phone_sync", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the files, once")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        for row in rows(Path(name), quick=options.quick):
            print_row(row)
    return 0


if __name__ == "__main__":
    sys.exit(main())
