"""What the phone's MediaStore knows of its photos and videos: when they were taken, which way up, favourites.

It is read through Android's ``content`` command, whose output escapes nothing. Where it does not answer,
``folders`` finds the files all the same.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from device.phone.errors import PhoneRefusedError, PhoneTimeoutError
from device.phone.transport import Transport

_log = logging.getLogger(__name__)

_URI = b"content://media/external/file"  # all volumes, SD cards too
_WHERE = b"media_type IN (1,3)"  # images and videos
_ANSWER_TIMEOUT = 60.0  # seconds; MediaStore sorts all rows before it prints the first

# Numbers first, so that no free text stands before them. Android 10 has no favourites, 9 neither trash nor
# pending files.
_NUMBERS = (
    b"_id", b"media_type", b"_size", b"date_modified", b"datetaken", b"orientation",
    b"is_favorite", b"is_trashed", b"is_pending",
)  # fmt: skip
_NUMBER_SETS = (_NUMBERS, _NUMBERS[:6])
_TEXTS = (b"_id", b"_data")
_HEAD = re.compile(rb"^Row: \d{1,9} _id=(?P<id>\d{1,18}), _data=", re.MULTILINE)
_NUMBER = rb"\w+=(?:-?\d{1,18}|NULL)"
_NUMBERS_LINE = re.compile(rb"Row: \d{1,9} (?P<pairs>" + _NUMBER + rb"(?:, " + _NUMBER + rb")*)")
_VIDEO = 3  # MediaStore.Files: MEDIA_TYPE_VIDEO; 1 is MEDIA_TYPE_IMAGE


@dataclass(frozen=True)
class MediaRow:
    """A photo or video as MediaStore knows it.

    Attributes
    ----------
    path
        Its absolute path, as bytes.
    id
        Its row's number.
    size
        Bytes; 0 where MediaStore does not know.
    mtime
        When it was changed, in seconds since 1970.
    taken_ms
        When it was taken, in milliseconds since 1970, or None.
    orientation
        By how many degrees it is to be turned clockwise: 0, 90, 180 or 270.
    favourite, is_trashed, is_pending
        What the person or an app marked it as; False from a phone too old to say.
    is_video
        Whether it is a video, not a photo.
    """

    path: bytes
    id: int
    size: int
    mtime: int
    taken_ms: int | None
    orientation: int
    favourite: bool
    is_trashed: bool
    is_pending: bool
    is_video: bool


def read_media(transport: Transport) -> tuple[MediaRow, ...] | None:
    """Ask MediaStore for all photos and videos.

    Returns
    -------
    rows
        None where MediaStore does not answer. A file whose name looks like further rows is left out.

    Raises
    ------
    PhoneGoneError
        The phone went away.
    """
    patient = transport.with_timeout(max(transport.timeout, _ANSWER_TIMEOUT))
    try:
        for columns in _NUMBER_SETS:
            numbers = _query(patient, columns)
            if numbers is not None:
                break
        else:
            return None
        texts = _query(patient, _TEXTS)
    except (PhoneRefusedError, PhoneTimeoutError) as error:
        _log.info("MediaStore does not answer: %s", error)
        return None
    return None if texts is None else read_rows(numbers, texts)


def _query(transport: Transport, columns: Sequence[bytes]) -> bytes | None:
    """Ask for some columns of all rows; None if MediaStore does not know them, or does not answer."""
    answer = transport.shell(
        (b"content", b"query", b"--uri", _URI, b"--projection", b":".join(columns), b"--where", _WHERE)
    )
    if answer.stdout.startswith((b"Row: 0 ", b"No result found.")):
        return answer.stdout
    return None


def read_rows(numbers: bytes, texts: bytes) -> tuple[MediaRow, ...]:
    """Put together what two queries printed: one of numbers only, and one of ``_id`` and ``_data``.

    A name with a line end in it can look like further rows. It cannot do so in the numbers, which thereby
    tell the rows that there are. In the texts a row is refused when its number occurs twice or is unknown,
    and when a refused one follows, which may be a piece of its own name. So a name can hide a row, and never
    make or change one.

    Parameters
    ----------
    numbers, texts
        What ``content query`` printed.
    """
    known = _read_numbers(numbers)
    found = list(_HEAD.finditer(texts))
    ends = [*(match.start() for match in found), len(texts)][1:]
    times = Counter(int(match["id"]) for match in found)
    rows = []
    follower_holds = True
    for match, end in zip(reversed(found), reversed(ends), strict=True):
        number, path = int(match["id"]), texts[match.end() : end].removesuffix(b"\n")
        holds = number in known and times[number] == 1
        if holds and follower_holds and _is_path(path):
            rows.append(_row(number, path, known[number]))
        follower_holds = holds
    if len(rows) < len(known):
        _log.info("%d of MediaStore's %d rows cannot be read for sure", len(known) - len(rows), len(known))
    return tuple(reversed(rows))


def _read_numbers(numbers: bytes) -> dict[int, dict[str, int | None]]:
    """Read rows of numbers, by ``_id``; a line that is anything else is none."""
    known: dict[int, dict[str, int | None]] = {}
    for printed in numbers.split(b"\n"):
        match = _NUMBERS_LINE.fullmatch(printed)
        if match is None:
            continue
        values: dict[str, int | None] = {}
        for pair in match["pairs"].split(b", "):
            name, value = pair.split(b"=")
            values[name.decode("ascii", "replace")] = None if value == b"NULL" else int(value)
        if (number := values.get("_id")) is not None:
            known[number] = values
    return known


def _is_path(path: bytes) -> bool:
    """Whether it is an absolute path as MediaStore keeps them."""
    if not path.startswith(b"/") or b"\0" in path:
        return False
    return not {b"", b".", b".."} & set(path.split(b"/")[1:])


def _row(number: int, path: bytes, values: dict[str, int | None]) -> MediaRow:
    taken, turned = values.get("datetaken"), values.get("orientation") or 0
    return MediaRow(
        path=path,
        id=number,
        size=max(values.get("_size") or 0, 0),
        mtime=values.get("date_modified") or 0,
        taken_ms=taken if taken and taken > 0 else None,
        orientation=turned if turned in (90, 180, 270) else 0,
        favourite=values.get("is_favorite") == 1,
        is_trashed=values.get("is_trashed") == 1,
        is_pending=values.get("is_pending") == 1,
        is_video=values.get("media_type") == _VIDEO,
    )
