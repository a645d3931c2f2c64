"""What a JPEG's first 64 KiB tell of the whole photo: the small picture that cameras put there, which way up
it is, how large, and when it was taken.

Only what a preview needs is read (Exif 2.32, TIFF 6.0, JPEG's ITU T.81); pictures are decoded elsewhere.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

_MAKE, _ORIENTATION, _COMPRESSION = 0x010F, 0x0112, 0x0103
_THUMBNAIL_OFFSET, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_EXIF_DIRECTORY, _TAKEN = 0x8769, 0x9003
_TEXT, _SHORT, _LONG = 2, 3, 4  # TIFF's types: ASCII, 16 and 32 bits
_JPEG_COMPRESSION = 6
_MOST_ENTRIES = 512  # of one directory; cameras write some dozens
_LONGEST_TEXT = 256  # bytes

_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # markers of a frame's header: its size stands there
_SCAN = 0xDA  # the picture's own data begins
_APP1 = 0xE1
_DATE = re.compile(r"\d{4}:\d{2}:\d{2} \d{2}:\d{2}:\d{2}")

_Values = dict[int, int | bytes]


@dataclass(frozen=True)
class PhotoHead:
    """What the beginning of a JPEG says.

    Attributes
    ----------
    thumbnail
        A JPEG, or nothing; it lies as the camera's sensor lay.
    orientation
        1 to 8, as in Exif; 1 where the photo says nothing.
    size
        (width, height) of the photo as stored, before it is turned; None where the beginning does not tell.
    taken
        Exif's "YYYY:MM:DD HH:MM:SS" in the camera's own time, or "".
    camera
        Whether it names the maker of the camera that took it.
    """

    thumbnail: bytes = b""
    orientation: int = 1
    size: tuple[int, int] | None = None
    taken: str = ""
    camera: bool = False


def read_photo_head(head: bytes) -> PhotoHead:
    """Read a JPEG's beginning; whatever is odd or missing counts as not said.

    Parameters
    ----------
    head
        The file's first bytes.
    """
    tiff, size = _segments(head)
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return PhotoHead(size=size)
    photo, following = _directory(tiff, 4, order)
    details, _ = _directory(tiff, photo.get(_EXIF_DIRECTORY, 0), order)
    small, _ = _directory(tiff, following, order)
    orientation, make = photo.get(_ORIENTATION, 1), photo.get(_MAKE, b"")
    taken = _text(details.get(_TAKEN, b""))
    return PhotoHead(
        thumbnail=_thumbnail(tiff, small),
        orientation=orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1,
        size=size,
        taken=taken if _DATE.fullmatch(taken) else "",
        camera=bool(_text(make)),
    )


def _segments(head: bytes) -> tuple[bytes, tuple[int, int] | None]:
    """Find the TIFF structure of the first Exif segment, and the frame's size."""
    tiff: bytes = b""
    size = None
    at = 2 if head.startswith(b"\xff\xd8") else len(head)
    while at + 4 <= len(head) and head[at] == 0xFF:
        marker, length = head[at + 1], int.from_bytes(head[at + 2 : at + 4], "big")
        if marker == 0xFF:  # a byte that fills
            at += 1
            continue
        if marker == _SCAN or length < 2:
            break
        body = head[at + 4 : at + 2 + length]
        if marker == _APP1 and body.startswith(b"Exif\0\0") and not tiff:
            tiff = body[6:]
        elif marker in _FRAMES and len(body) >= 5:
            height, width = struct.unpack_from(">HH", body, 1)
            size = (width, height) if width and height else None
            break
        at += 2 + length
    return tiff, size


def _directory(tiff: bytes, pointer: int | bytes, order: str) -> tuple[_Values, int]:
    """Read one directory's single numbers and its texts, and where the next one is.

    Parameters
    ----------
    pointer
        Where the directory begins; 4 for the first one, whose place stands there; 0 for none.
    """
    values: _Values = {}
    try:
        at = pointer if isinstance(pointer, int) else 0
        if at == 4:
            (at,) = struct.unpack_from(order + "I", tiff, 4)
        if not at:
            return values, 0
        (count,) = struct.unpack_from(order + "H", tiff, at)
        for entry in range(at + 2, at + 2 + 12 * min(count, _MOST_ENTRIES), 12):
            tag, kind, length = struct.unpack_from(order + "HHI", tiff, entry)
            (long,) = struct.unpack_from(order + "I", tiff, entry + 8)
            if kind == _LONG and length == 1:
                values[tag] = long
            elif kind == _SHORT and length == 1:
                (values[tag],) = struct.unpack_from(order + "H", tiff, entry + 8)
            elif kind == _TEXT and length <= _LONGEST_TEXT:
                place = long if length > 4 else entry + 8
                values[tag] = tiff[place : place + length]
        (following,) = struct.unpack_from(order + "I", tiff, at + 2 + 12 * count)
    except struct.error:  # it reaches beyond the data; what was read so far holds
        following = 0
    return values, int(following)


def _text(value: int | bytes) -> str:
    return value.split(b"\0")[0].decode("ascii", "replace").strip() if isinstance(value, bytes) else ""


def _thumbnail(tiff: bytes, small: _Values) -> bytes:
    begin, length = small.get(_THUMBNAIL_OFFSET, 0), small.get(_THUMBNAIL_LENGTH, 0)
    if not isinstance(begin, int) or not isinstance(length, int):
        return b""
    picture = tiff[begin : begin + length]
    whole = len(picture) == length and picture.startswith(b"\xff\xd8\xff")
    return picture if whole and small.get(_COMPRESSION, _JPEG_COMPRESSION) == _JPEG_COMPRESSION else b""
