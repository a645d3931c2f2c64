"""The files of phones in the gallery's database: what a phone listed, and how far each file has come. How
files get here is decided elsewhere; a phone's path is bytes and data, never a path of this computer.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from index.catalogue import put_album
from index.database import Database
from index.records import LocationState

PHONE_SEPARATOR = b"/"
_PREFIX = "phone:"
_DROPPED = "dropped original:"
_COLUMNS = (
    "id, source, path, directory, device, size, mtime, newest, taken_ms, media_id, favourite, state, "
    "gone, wanted, content, reason, tries"
)


def phone_source(serial: str) -> str:
    """The source name of a phone, by its hardware serial."""
    return _PREFIX + serial


def serial_of(source: str) -> str:
    """The hardware serial of a phone, by its source name."""
    return source.removeprefix(_PREFIX)


def is_phone(source: str) -> bool:
    """Whether a source is a phone."""
    return source.startswith(_PREFIX)


class FileState(StrEnum):
    """How far a phone's file has come."""

    NEW = "new"
    """Only listed."""
    BARE = "bare"
    """It holds no preview: nothing can be shown before its bytes were here."""
    PREVIEW = "preview"
    """Searchable by its preview."""
    KEPT = "kept"
    """Its original is on this computer and has yet to be shown to the models."""
    ORIGINAL = "original"
    """Its original is here and searchable."""
    REFUSED = "refused"
    """Its bytes were here and are no photo that can be shown; the reason is recorded."""


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A photo file as a phone lists it.

    Attributes
    ----------
    device
        Names the storage it lies on.
    mtime
        Whole seconds since 1970.
    taken_ms
        Milliseconds since 1970 by the phone's own catalogue, or None.
    media_id
        Its number in that catalogue, or None.
    """

    path: bytes
    directory: bytes
    device: str
    size: int
    mtime: int
    taken_ms: int | None = None
    media_id: int | None = None
    favourite: bool = False

    @property
    def newest(self) -> int:
        """Milliseconds since 1970 that order the queue."""
        taken = self.taken_ms or 0
        # A file from a computer or a messenger may carry any date: what is beyond 64 bits is none.
        return min(taken if taken > 0 else self.mtime * 1000, (1 << 62))


@dataclass(frozen=True, slots=True)
class PhoneFile:
    """A row: a listed file and how far it has come; ``newest`` in milliseconds since 1970."""

    id: int
    source: str
    path: bytes
    directory: bytes
    device: str
    size: int
    mtime: int
    newest: int
    taken_ms: int | None
    media_id: int | None
    favourite: bool
    state: FileState
    gone: bool
    wanted: bool
    content: bytes | None
    reason: str | None
    tries: int


@dataclass(frozen=True, slots=True)
class PhoneSummary:
    """What the gallery holds of one phone.

    Attributes
    ----------
    files
        Photo files that are on the phone, as of its last listing.
    shown
        Those that can be searched, by preview or original.
    originals
        Those whose original is here, of ``original_bytes`` bytes together.
    refused
        Those that are no photos that can be shown.
    videos
        Counted, never fetched.
    synced_at
        Seconds since 1970 of the last sync that came to its end, or None.
    """

    source: str
    serial: str
    model: str
    name: str
    files: int
    shown: int
    originals: int
    original_bytes: int
    refused: int
    videos: int
    synced_at: int | None


# Reading


def known_files(database: Database, source: str) -> dict[bytes, PhoneFile]:
    """Every file a phone ever listed, by its path."""
    rows = database.rows(f"SELECT {_COLUMNS} FROM phone_files WHERE source = ?", (source,))
    return {row[2]: _file(row) for row in rows}


def waiting_files(
    database: Database, source: str, states: Sequence[FileState], *, only_wanted: bool = False
) -> list[PhoneFile]:
    """The files of a phone that are still there and in one of these states: first those that a person asked
    for, then the newest.
    """
    rows = database.rows(
        f"SELECT {_COLUMNS} FROM phone_files WHERE source = ? AND gone = 0 AND wanted >= ? "
        "AND state IN (SELECT value FROM json_each(?)) ORDER BY wanted DESC, newest DESC, id DESC",
        (source, int(only_wanted), json.dumps([str(state) for state in states])),
    )
    return [_file(row) for row in rows]


def files_of_photo(database: Database, photo_id: int) -> list[PhoneFile]:
    """Where a photo lies on phones at present."""
    columns = ", ".join(f"f.{column}" for column in _COLUMNS.split(", "))
    rows = database.rows(
        f"SELECT {columns} FROM phone_files f JOIN locations l ON l.source = f.source AND l.path = f.path "
        "WHERE l.photo_id = ? AND l.state = 'present' AND f.gone = 0 ORDER BY f.id",
        (photo_id,),
    )
    return [_file(row) for row in rows]


def originals(database: Database) -> dict[bytes, tuple[str, int]]:
    """Name below the folder of originals, and size, of each content that came from a phone."""
    return {row[0]: (row[1], row[2]) for row in database.rows("SELECT content, name, size FROM originals")}


def original_name(database: Database, content: bytes) -> str | None:
    """The name of one content below the folder of originals."""
    rows = database.rows("SELECT name FROM originals WHERE content = ?", (content,))
    return str(rows[0][0]) if rows else None


def original_bytes(database: Database) -> int:
    """How much disk the originals from all phones take."""
    return int(database.rows("SELECT coalesce(sum(size), 0) FROM originals")[0][0])


def left_originals(database: Database) -> list[tuple[bytes, str, int]]:
    """Content, name and size of the originals that no file of a phone has any more: it was deleted or edited
    there, or its folder is no longer chosen. One that the gallery still shows as a phone's is none of these.
    """
    return database.rows(
        "SELECT content, name, size FROM originals WHERE content NOT IN "
        "(SELECT content FROM phone_files WHERE gone = 0 AND content IS NOT NULL) "
        # Between a file's new listing and its new preview the old content is what is shown.
        "AND NOT EXISTS (SELECT 1 FROM photos p JOIN locations l ON l.photo_id = p.id "
        "WHERE p.hash = content AND l.state = 'present' AND l.source LIKE ?) ORDER BY name",
        (f"{_PREFIX}%",),
    )


def has_synced(database: Database) -> bool:
    """Whether any phone was ever synced to the end."""
    return bool(database.rows("SELECT EXISTS (SELECT 1 FROM phones WHERE synced_at IS NOT NULL)")[0][0])


def preview_of(database: Database, photo_id: int) -> bytes | None:
    """The JPEG that a photo is known by while its original is not here."""
    rows = database.rows("SELECT data FROM previews WHERE photo_id = ?", (photo_id,))
    return bytes(rows[0][0]) if rows else None


def summaries(database: Database) -> list[PhoneSummary]:
    """Every phone that was ever synced, by name."""
    rows = database.rows(
        "SELECT p.source, p.model, p.name, p.videos, p.synced_at, count(f.id), "
        "total(f.state IN ('preview', 'kept', 'original')), total(f.state IN ('kept', 'original')), "
        "total(CASE WHEN f.state IN ('kept', 'original') THEN f.size END), total(f.state = 'refused') "
        "FROM phones p LEFT JOIN phone_files f ON f.source = p.source AND f.gone = 0 "
        "GROUP BY p.source ORDER BY p.name, p.source"
    )
    return [
        PhoneSummary(
            source=row[0],
            serial=serial_of(row[0]),
            model=row[1],
            name=row[2],
            files=int(row[5]),
            shown=int(row[6]),
            originals=int(row[7]),
            original_bytes=int(row[8]),
            refused=int(row[9]),
            videos=int(row[3]),
            synced_at=row[4],
        )
        for row in rows
    ]


def phone_names(database: Database) -> dict[str, str]:
    """What people call each phone that was ever synced, by its source."""
    rows = database.rows("SELECT source, name, model FROM phones")
    return {row[0]: row[1] or row[2] or serial_of(row[0]) for row in rows}


# Writing, inside a transaction


def put_phone(connection: sqlite3.Connection, source: str, model: str, name: str) -> None:
    """Remember a phone, and what it is called now."""
    connection.execute(
        "INSERT INTO phones (source, model, name) VALUES (?, ?, ?) "
        "ON CONFLICT (source) DO UPDATE SET model = excluded.model, name = excluded.name",
        (source, model, name),
    )


def put_synced(connection: sqlite3.Connection, source: str, videos: int, seconds: int) -> None:
    """Record that a sync came to its end."""
    connection.execute(
        "UPDATE phones SET videos = ?, synced_at = ? WHERE source = ?", (videos, seconds, source)
    )


_DETAILS = "device = ?, newest = ?, taken_ms = ?, media_id = ?, favourite = ?"


def _details(file: ListedFile) -> tuple[object, ...]:
    return file.device, file.newest, file.taken_ms, file.media_id, int(file.favourite)


def put_listed(connection: sqlite3.Connection, source: str, files: Iterable[ListedFile]) -> None:
    """Put new files into the queue; one that is known by its path and is another now starts anew."""
    connection.executemany(
        "INSERT INTO phone_files "
        "(source, path, directory, size, mtime, device, newest, taken_ms, media_id, favourite, state) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'new') ON CONFLICT (source, path) DO UPDATE SET "
        "directory = excluded.directory, size = excluded.size, mtime = excluded.mtime, "
        "device = excluded.device, newest = excluded.newest, taken_ms = excluded.taken_ms, "
        "media_id = excluded.media_id, favourite = excluded.favourite, state = 'new', gone = 0, "
        "wanted = 0, content = NULL, reason = NULL, tries = 0",
        [(source, file.path, file.directory, file.size, file.mtime, *_details(file)) for file in files],
    )


def put_details(connection: sqlite3.Connection, pairs: Iterable[tuple[int, ListedFile]]) -> None:
    """What the phone says about files whose bytes are the same as before; they are there (again)."""
    for file_id, file in pairs:
        connection.execute(
            f"UPDATE phone_files SET {_DETAILS}, gone = 0 WHERE id = ?", (*_details(file), file_id)
        )
        connection.execute(
            "UPDATE locations SET state = 'present' WHERE photo_id IS NOT NULL "
            "AND state IN ('missing', 'removed') "
            "AND (source, path) = (SELECT source, path FROM phone_files WHERE id = ?)",
            (file_id,),
        )


def put_moved(connection: sqlite3.Connection, pairs: Iterable[tuple[PhoneFile, ListedFile]]) -> None:
    """Let files that were moved on the phone keep what is here of them."""
    for before, now in pairs:
        connection.execute(
            f"UPDATE phone_files SET path = ?, directory = ?, {_DETAILS}, gone = 0 WHERE id = ?",
            (now.path, now.directory, *_details(now), before.id),
        )
        album = put_album(connection, before.source, now.directory, now.device)
        connection.execute(
            "UPDATE locations SET path = ?, album_id = ?, "
            "state = CASE WHEN photo_id IS NULL THEN state ELSE 'present' END WHERE source = ? AND path = ?",
            (now.path, album, before.source, before.path),
        )


def put_gone(connection: sqlite3.Connection, files: Iterable[PhoneFile]) -> None:
    """Mark files that the phone no longer has; what is here of them stays."""
    for file in files:
        connection.execute("UPDATE phone_files SET gone = 1, wanted = 0 WHERE id = ?", (file.id,))
        connection.execute(
            "UPDATE locations SET state = ?, reason = NULL WHERE source = ? AND path = ?",
            (LocationState.MISSING.value, file.source, file.path),
        )


def put_wanted(connection: sqlite3.Connection, file_ids: Iterable[int]) -> None:
    """Ask for the originals of files, whatever else is chosen."""
    connection.executemany("UPDATE phone_files SET wanted = 1 WHERE id = ?", [(i,) for i in file_ids])


def put_state(
    connection: sqlite3.Connection, file_ids: Iterable[int], state: FileState, reason: str | None = None
) -> None:
    """How far files have come."""
    connection.executemany(
        "UPDATE phone_files SET state = ?, reason = ? WHERE id = ?",
        [(state.value, reason, i) for i in file_ids],
    )


def put_failed(connection: sqlite3.Connection, file_id: int, reason: str) -> None:
    """Record that a file could not be fetched this time."""
    connection.execute("UPDATE phone_files SET reason = ?, tries = tries + 1 WHERE id = ?", (reason, file_id))


def put_kept(connection: sqlite3.Connection, file: PhoneFile, content: bytes, name: str) -> bool:
    """Record that a file's original is here; False when the phone has listed another file meanwhile."""
    connection.execute(
        "INSERT INTO originals (content, name, size) VALUES (?, ?, ?) ON CONFLICT (content) DO NOTHING",
        (content, name, file.size),
    )
    changed = connection.execute(
        "UPDATE phone_files SET state = 'kept', content = ?, wanted = 0, reason = NULL, tries = 0 "
        "WHERE id = ? AND size = ? AND mtime = ?",
        (content, file.id, file.size, file.mtime),
    )
    return changed.rowcount > 0


def forget_originals(connection: sqlite3.Connection, contents: Sequence[bytes]) -> None:
    """Originals whose files are no longer here: they are fetched again."""
    for content in contents:
        connection.execute("DELETE FROM originals WHERE content = ?", (content,))
        connection.execute(
            "UPDATE phone_files SET state = 'bare', content = NULL "
            "WHERE content = ? AND state IN ('kept', 'original')",
            (content,),
        )


def drop_originals(connection: sqlite3.Connection, originals: Iterable[tuple[bytes, str]]) -> None:
    """Let go of originals, by content and name, that no phone has: should their photos come back, they are
    fetched again. The names stay noted for `dropped_originals`, should the program end before it has
    deleted the files.
    """
    for content, name in originals:
        connection.execute("DELETE FROM originals WHERE content = ?", (content,))
        connection.execute("INSERT OR IGNORE INTO meta VALUES (?, '')", (_DROPPED + name,))
    connection.execute(
        "UPDATE phone_files SET state = 'new', content = NULL, reason = NULL, tries = 0 "
        "WHERE gone = 1 AND content IS NOT NULL AND content NOT IN (SELECT content FROM originals)"
    )


def dropped_originals(connection: sqlite3.Connection) -> list[str]:
    """The names of originals that were let go of, and whose files may still be there."""
    rows = connection.execute(
        "SELECT substr(key, ?1) FROM meta WHERE substr(key, 1, ?1 - 1) = ?2 "
        "AND substr(key, ?1) NOT IN (SELECT name FROM originals)",
        (len(_DROPPED) + 1, _DROPPED),
    )
    return [str(row[0]) for row in rows]


def put_deleted(connection: sqlite3.Connection, names: Iterable[str]) -> None:
    """The files of originals that were let go of are gone."""
    connection.executemany("DELETE FROM meta WHERE key = ?", [(_DROPPED + name,) for name in names])


def _file(row: tuple[Any, ...]) -> PhoneFile:
    return PhoneFile(
        id=row[0],
        source=row[1],
        path=row[2],
        directory=row[3],
        device=row[4],
        size=row[5],
        mtime=row[6],
        newest=row[7],
        taken_ms=row[8],
        media_id=row[9],
        favourite=bool(row[10]),
        state=FileState(row[11]),
        gone=bool(row[12]),
        wanted=bool(row[13]),
        content=row[14],
        reason=row[15],
        tries=row[16],
    )
