"""Previews of many photos, from the real daemon's shell, and what a JPEG's beginning says."""

from __future__ import annotations

import io
import os
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from device.phone.errors import PhoneGoneError, PhoneTimeoutError
from device.phone.exif import read_photo_head
from device.phone.previews import HEAD, PreviewWish, read_heads, read_previews
from device.phone.transport import Transport
from tests.support.phone.rig import Phone


def jpeg(width: int, height: int, colour: str = "red", *, noise: bool = False) -> bytes:
    image = Image.new("RGB", (width, height), colour)
    if noise:  # large, as photos are
        image = Image.fromarray(np.random.default_rng(1).integers(0, 255, (height, width, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def exif(
    thumbnail: bytes, *, orientation: int = 1, order: str = "<", taken: bytes = b"2024:05:06 07:08:09\0"
) -> bytes:
    """An Exif segment as cameras write it: three directories, the maker, the time, and a thumbnail."""
    pack = lambda *entry: struct.pack(order + "HHII", *entry)  # noqa: E731
    short = orientation if order == "<" else orientation << 16
    maker, details = 8 + 2 + 3 * 12 + 4, 8 + 2 + 3 * 12 + 4 + 8
    second = details + 2 + 12 + 4 + 20
    data = second + 2 + 3 * 12 + 4
    compression = 6 if order == "<" else 6 << 16
    tiff = (
        (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
        + struct.pack(order + "H", 3) + pack(0x010F, 2, 8, maker) + pack(0x0112, 3, 1, short)
        + pack(0x8769, 4, 1, details) + struct.pack(order + "I", second if thumbnail else 0)
        + b"samsung\0"
        + struct.pack(order + "H", 1) + pack(0x9003, 2, 20, details + 18) + struct.pack(order + "I", 0)
        + taken
        + struct.pack(order + "H", 3) + pack(0x0103, 3, 1, compression) + pack(0x0201, 4, 1, data)
        + pack(0x0202, 4, 1, len(thumbnail)) + struct.pack(order + "I", 0) + thumbnail
    )  # fmt: skip
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def photo(thumbnail: bytes = b"", **said: object) -> bytes:
    """A photo of 400 x 300 of more than 64 KiB."""
    whole = jpeg(400, 300, noise=True)
    assert len(whole) > HEAD
    return whole[:2] + exif(thumbnail, **said) + whole[2:]


@pytest.mark.parametrize("order", ["<", ">"])
def test_what_a_camera_wrote_is_read(order: str) -> None:
    small = jpeg(160, 120, "blue")
    said = read_photo_head(photo(small, orientation=6, order=order)[:HEAD])
    assert said.thumbnail == small
    assert (said.orientation, said.size) == (6, (400, 300))
    assert (said.taken, said.camera) == ("2024:05:06 07:08:09", True)


def test_what_pillow_wrote_is_read_the_same() -> None:
    image = Image.new("RGB", (64, 48))
    tags = Image.Exif()
    tags[0x0112] = 8
    tags[0x010F] = "Maker"
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", exif=tags)
    said = read_photo_head(buffer.getvalue())
    assert (said.orientation, said.camera, said.size, said.thumbnail) == (8, True, (64, 48), b"")


def test_a_thumbnail_that_is_cut_off_counts_as_none() -> None:
    small = jpeg(160, 120, "blue")
    assert read_photo_head(photo(small)[: len(small)]).thumbnail == b""


@given(st.integers(0, 700), st.integers(0, 255), st.integers(0, 900))
def test_damaged_beginnings_are_read_without_an_error(at: int, byte: int, end: int) -> None:
    damaged = bytearray(photo(jpeg(16, 12))[:900])
    damaged[at] = byte
    said = read_photo_head(bytes(damaged[:end]))
    assert 1 <= said.orientation <= 8
    assert said.thumbnail == b"" or said.thumbnail.startswith(b"\xff\xd8\xff")


@given(st.binary(max_size=200))
def test_no_bytes_are_too_odd_to_be_read(data: bytes) -> None:
    read_photo_head(data)
    read_photo_head(b"\xff\xd8\xff\xe1\0\xc8Exif\0\0II*\0" + data)
    read_photo_head(b"\xff\xd8\xff\xe1\0\xc8Exif\0\0MM\0*" + data)


def wish(phone: Phone, path: str | bytes, data: bytes, media_id: int | None = None) -> PreviewWish:
    phone.put(path, data)
    raw = path.encode() if isinstance(path, str) else path
    return PreviewWish(b"/storage/emulated/0/" + raw, len(data), media_id)


def test_previews_come_from_exif_from_the_phone_or_from_the_photo_itself(
    phone: Phone, transport: Transport, folder: str
) -> None:
    small, own, tiny = jpeg(160, 120, "blue"), jpeg(320, 240, "green"), jpeg(40, 30)
    for number in (11, 12):
        phone.put(f"Pictures/.thumbnails/{number}.jpg", own)
    wishes = [
        wish(phone, f"{folder}/with.jpg", photo(small, orientation=6), 10),
        wish(phone, f"{folder}/without.jpg", photo(orientation=6), 11),
        wish(phone, f"{folder}/large.heic", b"h" * 100_000, 12),
        wish(phone, f"{folder}/unknown.jpg", photo(), 13),
        wish(phone, f"{folder}/no row.png", b"p" * 100_000),
        wish(phone, f"{folder}/tiny.jpg", tiny),
        wish(phone, f"{folder}/tiny.png", b"\x89PNG tiny"),
        wish(phone, f"{folder}/empty.jpg", b""),
        wish(phone, f"{folder}/new\nline 'quote'.jpg", photo(small)),
        wish(phone, f"{folder}/".encode() + b"\xff\xe9.jpg", photo(small)),
        PreviewWish(b"/storage/emulated/0/gone.jpg", 5_000_000, 99),
    ]
    read = list(read_previews(transport, wishes))
    assert [preview.path for preview in read] == [asked.path for asked in wishes]
    assert [preview.image for preview in read] == [
        small, own, own, b"", b"", tiny, b"\x89PNG tiny", b"", small, small, b"",
    ]  # fmt: skip
    assert [preview.is_whole for preview in read] == [False] * 5 + [True, True] + [False] * 4
    # The Exif thumbnail lies as the photo does; the phone's own stands upright.
    assert (read[0].orientation, read[0].size) == (6, (400, 300))
    assert (read[1].orientation, read[1].size) == (1, (300, 400))
    assert (read[0].taken, read[0].camera) == ("2024:05:06 07:08:09", True)


def test_beginnings_are_exact_and_nothing_moves_when_a_file_is_missing(
    phone: Phone, transport: Transport, folder: str
) -> None:
    contents = {b"a": b"A" * 100_000, b"b": b"B" * HEAD, b"c": b"C", b"e": b"E" * 70_000}
    for name, content in contents.items():
        phone.put(f"{folder}/".encode() + name, content)
    phone.put(f"{folder}/closed", b"x").chmod(0)
    base = f"/sdcard/{folder}/".encode()
    os.mkfifo(phone.storage / folder / "pipe")  # whoever reads it waits for ever
    names = [b"a", b"missing", b"b", b"closed", b"pipe", b"c", b".", b"e"]
    heads = list(read_heads(transport, [base + name for name in names]))
    expected = [contents.get(name, b"")[:HEAD] for name in names]
    assert [head.rstrip(b"\0") for head in heads] == expected
    assert {len(head) for head in heads} == {0, HEAD}


def test_previews_of_more_photos_than_one_command_takes_are_all_read(
    phone: Phone, transport: Transport, folder: str
) -> None:
    small = jpeg(16, 12, "blue")
    whole = photo(small)
    wishes = [wish(phone, f"{folder}/{'long ' * 30}{number}.jpg", whole) for number in range(300)]
    assert sum(len(asked.path) for asked in wishes) > 60_000
    assert [preview.image for preview in read_previews(transport, wishes)] == [small] * 300


def test_a_phone_whose_dd_is_missing_gives_previews_all_the_same(
    phone: Phone, transport: Transport, folder: str
) -> None:
    small = jpeg(16, 12, "blue")
    wishes = [wish(phone, f"{folder}/{number}.jpg", photo(small)) for number in range(3)]
    program = phone.root / "usr/bin/head"
    dd = phone.root / "usr/bin/dd"
    dd.rename(dd.with_name("dd.away"))
    program.rename(program.with_name("head.away"))
    try:
        assert [preview.image for preview in read_previews(transport, wishes)] == [small] * 3
    finally:
        dd.with_name("dd.away").rename(dd)
        program.with_name("head.away").rename(program)


def test_unplugging_in_the_middle_of_previews_is_told(
    phone: Phone, transport: Transport, folder: str
) -> None:
    whole = photo(jpeg(16, 12))
    wishes = [wish(phone, f"{folder}/{number}.jpg", whole) for number in range(100)]
    previews = read_previews(transport, wishes)
    next(previews)
    phone.unplug()
    with pytest.raises(PhoneGoneError):
        list(previews)


def test_a_frozen_phone_in_the_middle_of_previews_is_told(
    phone: Phone, transport: Transport, folder: str
) -> None:
    wishes = [wish(phone, f"{folder}/{number}.jpg", photo(jpeg(16, 12))) for number in range(3)]
    phone.freeze()
    try:
        with pytest.raises(PhoneTimeoutError):
            list(read_previews(transport.with_timeout(0.5), wishes))
    finally:
        phone.thaw()
