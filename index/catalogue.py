"""The gallery's rows as records and back: photos, places, albums, folders, models. No vectors, no files."""

import json
import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.database import Database
from index.decode import DecodedPhoto
from index.errors import VectorError
from index.records import (
    Album,
    Folder,
    Location,
    LocationState,
    Photo,
    SearchFilter,
    SkippedFile,
    display_path,
)
from index.scan import FileEntry

_EPOCH = datetime(1970, 1, 1)
_WALL_TIME = "coalesce(p.taken_at, p.file_time)"
_LOCATION = "id, photo_id, source, path, size, mtime_ns, state, reason"


def wall_seconds(moment: datetime) -> int:
    """A clock reading without zone as whole seconds since 1970 of the same clock."""
    return int((moment.replace(tzinfo=None) - _EPOCH).total_seconds())


def local_wall_seconds(mtime_ns: int) -> int:
    """A modification time as local clock seconds; 0 where the file system's time is not a date."""
    try:
        return wall_seconds(datetime.fromtimestamp(mtime_ns / 1e9))
    except (ValueError, OverflowError, OSError):
        return 0


def _moment(seconds: int) -> datetime:
    return _EPOCH + timedelta(seconds=seconds)


def photo_kind(path: bytes, *, has_camera: bool) -> str:
    """Say "photo", "screenshot" or "picture", by the file's name and folder and whether a camera is named."""
    name = display_path(path).lower()
    if "screenshot" in name or "스크린샷" in name:
        return "screenshot"
    return "photo" if has_camera else "picture"


def below(root: bytes, separator: bytes) -> tuple[bytes, bytes]:
    """The range [first, last) of path bytes that lie inside ``root``."""
    prefix = root if root.endswith(separator) else root + separator
    return prefix, prefix[:-1] + bytes([prefix[-1] + 1])


@dataclass(frozen=True, slots=True)
class KnownFile:
    """What the gallery already holds about a file."""

    location_id: int
    size: int
    mtime_ns: int
    state: str
    retry: bool
    photo_id: int | None
    has_vector: bool


class Catalogue:
    """Reading and writing of rows. Every write takes the connection of an open transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Reading

    def photos(self, ids: Sequence[int]) -> list[Photo]:
        """The photos with these ids, in the same order; unknown ids are left out."""
        rows = self._database.rows(
            "SELECT id, hash, width, height, orientation, taken_at, file_time, format, kind, "
            "EXISTS (SELECT 1 FROM previews WHERE photo_id = photos.id) FROM photos "
            "WHERE id IN (SELECT value FROM json_each(?))",
            (_json(ids),),
        )
        found = {row[0]: _photo(row) for row in rows}
        return [found[photo_id] for photo_id in ids if photo_id in found]

    def locations(self, photo_id: int) -> list[Location]:
        """Everywhere a photo lies or lay, present places first."""
        rows = self._database.rows(
            f"SELECT {_LOCATION} FROM locations WHERE photo_id = ? ORDER BY state != 'present', path",
            (photo_id,),
        )
        return [
            Location(row[0], row[1], row[2], row[3], row[4], row[5], LocationState(row[6]), row[7])
            for row in rows
        ]

    def count(self) -> int:
        """Photos that lie somewhere at present."""
        return int(self._database.rows("SELECT count(*) FROM photos WHERE present > 0")[0][0])

    def count_in(self, source: str, root: bytes, separator: bytes) -> int:
        """How many photos lie below a folder at present."""
        return int(
            self._database.rows(
                "SELECT COUNT(DISTINCT photo_id) FROM locations"
                " WHERE source = ? AND state = 'present' AND path >= ? AND path < ?",
                (source, *below(root, separator)),
            )[0][0]
        )

    def albums(self) -> list[Album]:
        """The directories that hold photos at present, by name."""
        rows = self._database.rows(
            "SELECT a.id, a.source, a.path, count(DISTINCT l.photo_id) FROM albums a "
            "JOIN locations l ON l.album_id = a.id AND l.state = 'present' GROUP BY a.id"
        )
        albums = [Album(row[0], row[1], row[2], _last_component(row[2]), row[3]) for row in rows]
        return sorted(albums, key=lambda album: (album.name.lower(), album.path_bytes))

    def folders(self) -> list[Folder]:
        """The folders people added, in the order of adding."""
        rows = self._database.rows("SELECT id, source, path FROM folders ORDER BY id")
        return [Folder(*row) for row in rows]

    def skipped(self, source: str, root: bytes, separator: bytes) -> list[SkippedFile]:
        """The files below ``root`` that claim to be photos and cannot be shown."""
        rows = self._database.rows(
            "SELECT path, reason FROM locations WHERE state = 'skipped' AND source = ? "
            "AND path >= ? AND path < ? ORDER BY path",
            (source, *below(root, separator)),
        )
        return [SkippedFile(Path(os.fsdecode(path)), reason) for path, reason in rows]

    def files_in(
        self, source: str, directory: bytes, model: int
    ) -> tuple[str | None, dict[bytes, KnownFile]]:
        """The device an album was last seen on (None: unknown directory) and its files by path."""
        album = self._database.rows(
            "SELECT id, device FROM albums WHERE source = ? AND path = ?", (source, directory)
        )
        if not album:
            return None, {}
        rows = self._database.rows(
            "SELECT l.path, l.id, l.size, l.mtime_ns, l.state, l.retry, l.photo_id, v.seq IS NOT NULL "
            "FROM locations l LEFT JOIN vectors v ON v.model = ? AND v.photo_id = l.photo_id "
            "WHERE l.album_id = ?",
            (model, album[0][0]),
        )
        return album[0][1], {
            row[0]: KnownFile(row[1], row[2], row[3], row[4], bool(row[5]), row[6], bool(row[7]))
            for row in rows
        }

    def album_devices(self, source: str, root: bytes, separator: bytes) -> list[tuple[bytes, str, int]]:
        """Path, device and id of every directory at or below ``root`` that ever held files."""
        first, last = below(root, separator)
        return [
            (row[0], row[1], row[2])
            for row in self._database.rows(
                "SELECT path, device, id FROM albums WHERE source = ? "
                "AND (path = ? OR (path >= ? AND path < ?))",
                (source, root, first, last),
            )
        ]

    def current_location_ids(self, album: int) -> list[int]:
        """The places in an album that are not already missing or removed."""
        rows = self._database.rows(
            "SELECT id FROM locations WHERE album_id = ? AND state NOT IN ('missing', 'removed')", (album,)
        )
        return [row[0] for row in rows]

    def photo_by_hash(self, digest: bytes, model: int) -> tuple[int, bool] | None:
        """The id of the photo with this content and whether it has a vector of the model; one made from a
        preview does not count.
        """
        rows = self._database.rows(
            "SELECT p.id, v.seq IS NOT NULL AND NOT EXISTS (SELECT 1 FROM previews WHERE photo_id = p.id) "
            "FROM photos p "
            "LEFT JOIN vectors v ON v.model = ? AND v.photo_id = p.id WHERE p.hash = ?",
            (model, digest),
        )
        return (rows[0][0], bool(rows[0][1])) if rows else None

    def missing_among(self, photo_ids: Iterable[int]) -> set[int]:
        """Those photos of which some place is missing."""
        rows = self._database.rows(
            "SELECT DISTINCT photo_id FROM locations WHERE state = 'missing' "
            "AND photo_id IN (SELECT value FROM json_each(?))",
            (_json(set(photo_ids)),),
        )
        return {row[0] for row in rows}

    def hidden_ids(self) -> NDArray[np.int64]:
        """The photos that lie nowhere at present."""
        return _ids(self._database.rows("SELECT id FROM photos WHERE present = 0"))

    def allowed_ids(self, chosen: SearchFilter) -> NDArray[np.int64]:
        """The photos that pass a filter."""
        where, values = _conditions(chosen)
        return _ids(self._database.rows(f"SELECT p.id FROM photos p WHERE {where}", values))

    def model(self, name: str) -> tuple[int, int] | None:
        """The row and dimension of a model, or None when the gallery has never seen it."""
        rows = self._database.rows("SELECT id, dimension FROM models WHERE name = ?", (name,))
        return (rows[0][0], rows[0][1]) if rows else None

    # Writing, inside a transaction

    def register_model(self, name: str, dimension: int) -> int:
        """The row of a model, made if new.

        Raises
        ------
        VectorError
            If it is known with another dimension.
        """
        known = self.model(name)
        if known is None:
            with self._database.transaction() as connection:
                # A row's number is never used again, not even after its model was forgotten: an index that
                # is open elsewhere follows the number, and would take in another model's vectors.
                connection.execute(
                    "INSERT INTO models (id, name, dimension) SELECT 1 + max("
                    "coalesce((SELECT max(id) FROM models), 0), "
                    "coalesce((SELECT value FROM meta WHERE key = 'last_forgotten_model'), 0)), ?, ?",
                    (name, dimension),
                )
            known = self.model(name)
            assert known is not None
        if known[1] != dimension:
            raise VectorError(
                f"The model {name} has vectors of {known[1]} numbers in this gallery and now says "
                f"{dimension}: a model that changes needs a new name."
            )
        return known[0]


def put_album(connection: sqlite3.Connection, source: str, path: bytes, device: str) -> int:
    """The id of a directory, made if new, with the device it lies on now."""
    row = connection.execute(
        "INSERT INTO albums (source, path, device) VALUES (?, ?, ?) "
        "ON CONFLICT (source, path) DO UPDATE SET device = excluded.device RETURNING id",
        (source, path, device),
    ).fetchone()
    return int(row[0])


def put_photo(
    connection: sqlite3.Connection, digest: bytes, photo: DecodedPhoto, path: bytes, mtime_ns: int
) -> tuple[int, bool]:
    """The id of the photo with this content, and whether it is new."""
    known = connection.execute("SELECT id FROM photos WHERE hash = ?", (digest,)).fetchone()
    if known is not None:
        if connection.execute("SELECT 1 FROM previews WHERE photo_id = ?", known).fetchone():
            replace_content(connection, int(known[0]), digest, photo, path, mtime_ns)
        return int(known[0]), False
    cursor = connection.execute(
        "INSERT INTO photos (hash, width, height, orientation, taken_at, file_time, format, kind) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (digest, *_content_columns(photo, path, mtime_ns)),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid, True


def replace_content(  # noqa: PLR0917
    connection: sqlite3.Connection,
    photo_id: int,
    digest: bytes,
    photo: DecodedPhoto,
    path: bytes,
    mtime_ns: int,
) -> None:
    """Let the original take the place of the preview that a photo was known by. The vectors of all models go:
    they are of the preview.
    """
    connection.execute(
        "UPDATE photos SET hash = ?, width = ?, height = ?, orientation = ?, taken_at = ?, file_time = ?, "
        "format = ?, kind = ? WHERE id = ?",
        (digest, *_content_columns(photo, path, mtime_ns), photo_id),
    )
    drop_preview(connection, photo_id)


def drop_preview(connection: sqlite3.Connection, photo_id: int) -> None:
    """Delete a photo's preview and what the models made of it."""
    for table in ("previews", "vectors", "unembedded"):
        connection.execute(f"DELETE FROM {table} WHERE photo_id = ?", (photo_id,))


def _content_columns(photo: DecodedPhoto, path: bytes, mtime_ns: int) -> tuple[object, ...]:
    return (
        *photo.size,
        photo.orientation,
        None if photo.taken_at is None else wall_seconds(photo.taken_at),
        local_wall_seconds(mtime_ns),
        photo.format,
        photo_kind(path, has_camera=photo.has_camera),
    )


def put_location(
    connection: sqlite3.Connection,
    source: str,
    album: int,
    file: FileEntry,
    *,
    state: LocationState,
    photo_id: int | None = None,
    reason: str | None = None,
    retry: bool = False,
) -> None:
    """Record what lies at a path now, whatever was known about the path before."""
    connection.execute(
        "INSERT INTO locations (source, album_id, path, size, mtime_ns, state, photo_id, reason, retry) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, path) DO UPDATE SET "
        "album_id = excluded.album_id, size = excluded.size, mtime_ns = excluded.mtime_ns, "
        "state = excluded.state, photo_id = excluded.photo_id, reason = excluded.reason, "
        "retry = excluded.retry",
        (source, album, file.path, file.size, file.mtime_ns, state.value, photo_id, reason, int(retry)),
    )


def put_state(connection: sqlite3.Connection, location_ids: Iterable[int], state: LocationState) -> None:
    """Set the state of places; a missing or removed file keeps its photo and loses its reason."""
    connection.execute(
        "UPDATE locations SET state = ?, reason = NULL WHERE id IN (SELECT value FROM json_each(?))",
        (state.value, _json(location_ids)),
    )


def put_vector(connection: sqlite3.Connection, model: int, photo_id: int, data: bytes) -> bool:
    """Keep a photo's float16 vector of a model; the first one stays. Returns whether it was new."""
    cursor = connection.execute(
        "INSERT OR IGNORE INTO vectors (model, photo_id, dtype, data) VALUES (?, ?, 'float16', ?)",
        (model, photo_id, data),
    )
    return cursor.rowcount > 0


def _conditions(chosen: SearchFilter) -> tuple[str, list[object]]:
    where: list[str] = ["1"] if chosen.include_missing else ["p.present > 0"]
    values: list[object] = []
    if chosen.taken_from is not None:
        where.append(f"{_WALL_TIME} >= ?")
        values.append(wall_seconds(chosen.taken_from))
    if chosen.taken_to is not None:
        where.append(f"{_WALL_TIME} < ?")
        values.append(wall_seconds(chosen.taken_to))
    for column, names in (("kind", chosen.kinds), ("format", chosen.formats)):
        if names:
            where.append(f"p.{column} IN (SELECT value FROM json_each(?))")
            values.append(_json(names))
    # One copy must fulfil both album and source; a missing copy counts only where missing photos do.
    place: list[str] = []
    if chosen.albums:
        place.append("l.album_id IN (SELECT value FROM json_each(?))")
        values.append(_json(chosen.albums))
    if chosen.sources:
        place.append("l.source IN (SELECT value FROM json_each(?))")
        values.append(_json(chosen.sources))
    if place:
        states = "('present', 'missing')" if chosen.include_missing else "('present')"
        place.append(f"l.state IN {states}")
        where.append(f"EXISTS (SELECT 1 FROM locations l WHERE l.photo_id = p.id AND {' AND '.join(place)})")
    return " AND ".join(where), values


def _photo(row: tuple[Any, ...]) -> Photo:
    return Photo(
        id=row[0],
        content_hash=row[1].hex(),
        width=row[2],
        height=row[3],
        orientation=row[4],
        taken_at=None if row[5] is None else _moment(row[5]),
        file_time=_moment(row[6]),
        format=row[7],
        kind=row[8],
        is_preview=bool(row[9]),
    )


def _last_component(path: bytes) -> str:
    parts = path.replace(b"\\", b"/").rstrip(b"/").rsplit(b"/", 1)
    return display_path(parts[-1]) or display_path(path)


def _ids(rows: list[tuple[Any, ...]]) -> NDArray[np.int64]:
    return np.array([row[0] for row in rows], dtype=np.int64)


def _json(values: Iterable[object]) -> str:
    return json.dumps(list(values))
