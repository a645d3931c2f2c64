"""One model's rows in the database: its vectors, which photos lack one or could not get one, and which model
serves a lane. The index in memory is the concern of :mod:`index.model_vectors`.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from index.database import Database
from index.errors import GalleryError
from index.model_vectors import unpack
from index.records import Coverage, UnembeddedPhoto, display_path

_ACTIVE = "active:"
_COVERAGE = (
    "SELECT count(*), count(v.seq), count(CASE WHEN v.seq IS NULL THEN u.photo_id END) FROM photos p "
    "LEFT JOIN vectors v ON v.model = ?1 AND v.photo_id = p.id "
    "LEFT JOIN unembedded u ON u.model = ?1 AND u.photo_id = p.id WHERE p.present > 0"
)
_NO_ROW = -1  # of a model that the gallery has never seen: nothing joins with it


def model_names(database: Database) -> list[str]:
    """The models that the gallery knows, in the order they came."""
    return [row[0] for row in database.rows("SELECT name FROM models ORDER BY id")]


def stored_vectors(
    database: Database, model: int, dimension: int, ids: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The vectors of some photos, in no particular order; photos without one are left out.

    Returns
    -------
    tuple
        (n,) int64 photo ids, and their (n, ``dimension``) float32 vectors.

    Raises
    ------
    VectorError
        If a stored vector is not of the model's dimension.
    """
    rows = database.rows(
        "SELECT photo_id, dtype, data FROM vectors WHERE model = ? "
        "AND photo_id IN (SELECT value FROM json_each(?))",
        (model, json.dumps([int(i) for i in ids])),
    )
    found = np.array([row[0] for row in rows], dtype=np.int64)
    half = 2 * dimension
    if all(row[1] == "float16" and len(row[2]) == half for row in rows):  # at once: ten times as fast
        flat = np.frombuffer(b"".join(row[2] for row in rows), dtype="<f2")
        return found, flat.reshape(len(rows), dimension).astype(np.float32)
    return found, np.stack([unpack(row[2], row[1], dimension) for row in rows])


def coverage(database: Database, model: int | None) -> Coverage:
    """How many present photos have a vector of a model; None: of one that the gallery has never seen."""
    return _coverage(database.rows(_COVERAGE, (_NO_ROW if model is None else model,))[0])


def _coverage(row: tuple[int, int, int]) -> Coverage:
    total, done, failed = row
    return Coverage(done, total, failed)


def pending(database: Database, model: int) -> list[tuple[int, str | None]]:
    """The present photos without a vector, newest first, each with what lay at its places when it was tried
    and failed (None: never tried).
    """
    rows = database.rows(
        "SELECT p.id, u.places FROM photos p LEFT JOIN unembedded u ON u.model = ?1 AND u.photo_id = p.id "
        "WHERE p.present > 0 AND NOT EXISTS "
        "(SELECT 1 FROM vectors v WHERE v.model = ?1 AND v.photo_id = p.id) "
        "ORDER BY coalesce(p.taken_at, p.file_time) DESC, p.id DESC",
        (model,),
    )
    return [(row[0], row[1]) for row in rows]


def has_vector(database: Database, model: int, photo_id: int) -> bool:
    """Whether a photo has a vector of a model."""
    return bool(database.rows("SELECT 1 FROM vectors WHERE model = ? AND photo_id = ?", (model, photo_id)))


def unembedded(database: Database, model: int) -> list[UnembeddedPhoto]:
    """The present photos that were tried and have no vector, newest first."""
    rows = database.rows(
        "SELECT p.id, (SELECT l.path FROM locations l WHERE l.photo_id = p.id AND l.state = 'present' "
        "ORDER BY l.path LIMIT 1), u.reason FROM unembedded u JOIN photos p ON p.id = u.photo_id "
        "WHERE u.model = ?1 AND p.present > 0 AND NOT EXISTS "
        "(SELECT 1 FROM vectors v WHERE v.model = ?1 AND v.photo_id = p.id) "
        "ORDER BY coalesce(p.taken_at, p.file_time) DESC, p.id DESC",
        (model,),
    )
    return [UnembeddedPhoto(row[0], display_path(row[1]), row[2]) for row in rows]


def index_is_saved(database: Database, model: int) -> bool:
    """Whether an index file was written since the model's last vector came."""
    rows = database.rows(
        "SELECT coalesce((SELECT max(last_seq) FROM caches WHERE model = ?1), 0) >= "
        "coalesce((SELECT max(seq) FROM vectors WHERE model = ?1), 0)",
        (model,),
    )
    return bool(rows[0][0])


def active_model(database: Database, lane: str) -> str | None:
    """The model that serves a lane, or None."""
    rows = database.rows("SELECT value FROM meta WHERE key = ?", (_ACTIVE + lane,))
    return str(rows[0][0]) if rows else None


# Writing, inside a transaction


def content_hashes(connection: sqlite3.Connection, photo_ids: Iterable[int]) -> dict[int, str]:
    """What photos are at this moment: hexadecimal content hashes by id."""
    rows = connection.execute(
        "SELECT id, hash FROM photos WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(photo_ids)),),
    )
    return {row[0]: row[1].hex() for row in rows}


def put_unembedded(
    connection: sqlite3.Connection, model: int, photo_id: int, reason: str, places: str
) -> None:
    """Record that a photo could not be embedded, and what lay at its places ("": to be tried every time)."""
    connection.execute(
        "INSERT INTO unembedded (model, photo_id, reason, places) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (model, photo_id) DO UPDATE SET reason = excluded.reason, places = excluded.places",
        (model, photo_id, reason, places),
    )


def clear_unembedded(connection: sqlite3.Connection, model: int, photo_ids: Iterable[int]) -> None:
    """Forget the failures of photos that have a vector now."""
    connection.executemany(
        "DELETE FROM unembedded WHERE model = ? AND photo_id = ?", [(model, i) for i in photo_ids]
    )


def put_active(connection: sqlite3.Connection, lane: str, name: str | None) -> None:
    """Let a model serve a lane from now on.

    Raises
    ------
    GalleryError
        If not every photo that can be read has a vector of it.
    """
    if name is None:
        connection.execute("DELETE FROM meta WHERE key = ?", (_ACTIVE + lane,))
        return
    row = connection.execute("SELECT id FROM models WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise GalleryError(f"The gallery has no vectors of the model {name}: let it embed the photos first.")
    found = _coverage(connection.execute(_COVERAGE, (row[0],)).fetchone())
    if not found.complete:
        raise GalleryError(
            f"The model {name} cannot be searched yet: {found.done} of {found.total} photos are embedded "
            f"({found.failed} could not be): let it embed the others first."
        )
    connection.execute(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (_ACTIVE + lane, name),
    )


def drop_model(connection: sqlite3.Connection, name: str) -> int:
    """Delete all rows of a model; returns how many vectors that were.

    Raises
    ------
    GalleryError
        If it serves a lane.
    """
    serves = connection.execute(
        "SELECT substr(key, ?1) FROM meta WHERE substr(key, 1, ?1 - 1) = ?2 AND value = ?3",
        (len(_ACTIVE) + 1, _ACTIVE, name),
    ).fetchone()
    if serves is not None:
        raise GalleryError(f"The model {name} serves the {serves[0]} lane: let another one serve it first.")
    row = connection.execute("SELECT id FROM models WHERE name = ?", (name,)).fetchone()
    if row is None:
        return 0
    for table in ("unembedded", "caches"):
        connection.execute(f"DELETE FROM {table} WHERE model = ?", row)
    vectors = connection.execute("DELETE FROM vectors WHERE model = ?", row).rowcount
    connection.execute("DELETE FROM models WHERE id = ?", row)
    connection.execute(
        "INSERT INTO meta VALUES ('last_forgotten_model', ?) "
        "ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)",
        row,
    )
    return vectors
