"""Photos of phones among the gallery's photos: made from a preview, taken over by the original, and read back
from this computer. Which files a phone has is :mod:`index.phone_files`'.
"""

import hashlib
import re
import sqlite3
from pathlib import Path
from typing import NamedTuple

from index.catalogue import drop_preview, put_album, put_location, put_photo, put_vector, replace_content
from index.database import Database
from index.decode import MAX_FILE_BYTES, DecodedPhoto
from index.errors import DecodeError
from index.phone_files import FileState, PhoneFile, original_name, preview_of, put_state
from index.records import FOLDER_SOURCE, LocationState
from index.scan import FileEntry

PHONE_DIRECTORY = "phone"
"""Below the gallery's folder: everything that came from phones and is no database."""

ORIGINALS_DIRECTORY = "originals"
_NAME = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9a-z-]+\.[a-z0-9]+")


def preview_digest(file_size: int, jpeg: bytes) -> bytes:
    """What a photo is known by while only its preview is here (32 bytes, never those of a file's content).

    The file's size is part of it: an edited copy may carry the picture of before, hardly at the same size.
    """
    return hashlib.sha256(b"preview\0" + file_size.to_bytes(8, "little") + jpeg).digest()


def original_path(directory: Path, name: str) -> Path:
    """Where an original lies in the gallery ``directory``.

    Raises
    ------
    ValueError
        If the name is not one that this program makes.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"not a name of an original: {name!r}")
    return directory / PHONE_DIRECTORY / ORIGINALS_DIRECTORY / name


def phone_original(database: Database, directory: Path, content_hash: str) -> Path | None:
    """Where the original of a photo from a phone lies on this computer, or None."""
    name = original_name(database, bytes.fromhex(content_hash))
    if name is None:
        return None
    path = original_path(directory, name)
    return path if path.exists() else None


def phone_picture(database: Database, directory: Path, photo_id: int, content_hash: str) -> bytes:
    """The best that is here of a photo from a phone: its original's bytes, or its preview's.

    Raises
    ------
    DecodeError
        If neither is here.
    """
    preview = preview_of(database, photo_id)
    if preview is not None:
        return preview
    path = phone_original(database, directory, content_hash)
    if path is None:
        raise DecodeError("It is on the phone: connect it and fetch the photo.", permanent=False)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise DecodeError(f"It cannot be read ({error.strerror}).", permanent=False) from error
    if hashlib.sha256(data).hexdigest() != content_hash:
        raise DecodeError("The file was changed in the gallery's own folder: sync the phone again.")
    return data


class Settled(NamedTuple):
    """What became of a file.

    Attributes
    ----------
    done
        False when the phone has listed another file at its path meanwhile.
    stale
        The digest that a photo was known by whose preview is no longer needed: its thumbnail can go.
    """

    done: bool
    stale: bytes | None = None


# Writing, inside a transaction


def settle_preview(  # noqa: PLR0917
    connection: sqlite3.Connection,
    file: PhoneFile,
    digest: bytes,
    photo: DecodedPhoto,
    jpeg: bytes,
    vector: tuple[int, bytes],
) -> Settled:
    """Make a phone's file searchable by its preview.

    Parameters
    ----------
    digest
        :func:`preview_digest`, or the file's own content where that is known.
    photo
        The preview as decoded, its ``size`` that of the whole photo where that is known.
    vector
        The model's row, and its packed vector.
    """
    if not _is_listed(connection, file):
        return Settled(done=False)
    photo_id = _known(connection, digest)
    if photo_id is None:
        photo_id, _ = put_photo(connection, digest, photo, file.path, file.mtime * 10**9)
    if not _is_here(connection, photo_id, digest):
        connection.execute("INSERT OR IGNORE INTO previews (photo_id, data) VALUES (?, ?)", (photo_id, jpeg))
    put_vector(connection, vector[0], photo_id, vector[1])
    stale = _place(connection, file, photo_id)
    put_state(connection, [file.id], FileState.PREVIEW)
    return Settled(True, stale)


def settle_original(
    connection: sqlite3.Connection,
    file: PhoneFile,
    digest: bytes,
    photo: DecodedPhoto | None,
    vector: tuple[int, bytes] | None,
) -> Settled:
    """Let a phone's file be the photo of its content: the one known by its preview becomes that photo, unless
    another place holds the same content already.

    ``photo`` and ``vector`` are None where the content is known to have both.
    """
    if not _is_listed(connection, file):
        return Settled(done=False)
    before = _photo_at(connection, file)
    stale: bytes | None = None
    photo_id = _known(connection, digest)
    mtime_ns = file.mtime * 10**9
    if photo_id is not None:
        if photo is not None:
            put_photo(connection, digest, photo, file.path, mtime_ns)
    elif photo is None:
        return Settled(done=False)
    elif before is not None and _is_own_preview(connection, before, file):
        photo_id, stale = before, _preview_hash(connection, before)
        replace_content(connection, before, digest, photo, file.path, mtime_ns)
    else:
        photo_id, _ = put_photo(connection, digest, photo, file.path, mtime_ns)
    if vector is not None:
        put_vector(connection, vector[0], photo_id, vector[1])
    stale = _place(connection, file, photo_id) or stale
    put_state(connection, [file.id], FileState.ORIGINAL)
    return Settled(True, None if stale == digest else stale)


def settle_refused(connection: sqlite3.Connection, file: PhoneFile, reason: str) -> None:
    """Record that a file's bytes are no photo that can be shown; a preview that shows goes on showing."""
    put_state(connection, [file.id], FileState.REFUSED, reason)
    if _photo_at(connection, file) is None:
        album = put_album(connection, file.source, file.directory, file.device)
        entry = FileEntry(file.path, file.size, file.mtime * 10**9)
        put_location(connection, file.source, album, entry, state=LocationState.SKIPPED, reason=reason)


def _place(connection: sqlite3.Connection, file: PhoneFile, photo_id: int) -> bytes | None:
    """Let a file be a photo; returns what a photo was known by whose preview nothing shows any more."""
    before = _photo_at(connection, file)
    album = put_album(connection, file.source, file.directory, file.device)
    entry = FileEntry(file.path, file.size, file.mtime * 10**9)
    put_location(connection, file.source, album, entry, state=LocationState.PRESENT, photo_id=photo_id)
    if before is None or before == photo_id or _places(connection, before):
        return None
    # Hidden from now on: its row stays for the indexes that hold its number.
    stale = _preview_hash(connection, before)
    if stale is not None:
        drop_preview(connection, before)
    return stale


def _is_listed(connection: sqlite3.Connection, file: PhoneFile) -> bool:
    row = connection.execute(
        "SELECT 1 FROM phone_files WHERE id = ? AND path = ? AND size = ? AND mtime = ?",
        (file.id, file.path, file.size, file.mtime),
    ).fetchone()
    return row is not None


def _photo_at(connection: sqlite3.Connection, file: PhoneFile) -> int | None:
    row = connection.execute(
        "SELECT photo_id FROM locations WHERE source = ? AND path = ? AND photo_id IS NOT NULL",
        (file.source, file.path),
    ).fetchone()
    return None if row is None else int(row[0])


def _preview_hash(connection: sqlite3.Connection, photo_id: int) -> bytes | None:
    row = connection.execute(
        "SELECT p.hash FROM photos p JOIN previews v ON v.photo_id = p.id WHERE p.id = ?", (photo_id,)
    ).fetchone()
    return None if row is None else bytes(row[0])


def _known(connection: sqlite3.Connection, digest: bytes) -> int | None:
    row = connection.execute("SELECT id FROM photos WHERE hash = ?", (digest,)).fetchone()
    return None if row is None else int(row[0])


def _is_here(connection: sqlite3.Connection, photo_id: int, digest: bytes) -> bool:
    """Whether more of a photo than a preview is on this computer."""
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM originals WHERE content = ?) OR EXISTS "
        "(SELECT 1 FROM locations WHERE photo_id = ? AND source = ? AND state = 'present')",
        (digest, photo_id, FOLDER_SOURCE),
    ).fetchone()
    return bool(row[0])


def _is_own_preview(connection: sqlite3.Connection, photo_id: int, file: PhoneFile) -> bool:
    """Whether a photo is a preview, of this file (not of the one that lay there before) and of no other."""
    if _preview_hash(connection, photo_id) is None:
        return False
    rows = connection.execute(
        "SELECT source, path, size, mtime_ns FROM locations WHERE photo_id = ?", (photo_id,)
    ).fetchall()
    return rows == [(file.source, file.path, file.size, file.mtime * 10**9)]


def _places(connection: sqlite3.Connection, photo_id: int) -> int:
    return int(
        connection.execute("SELECT count(*) FROM locations WHERE photo_id = ?", (photo_id,)).fetchone()[0]
    )
