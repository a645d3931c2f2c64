"""The gallery's tables, and the steps that bring an older database to the present version."""

import secrets
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from index.errors import GalleryDamagedError, GalleryError, GalleryTooNewError

APPLICATION_ID = 0x536B4170  # "SkAp", so that `file` and we can tell a gallery from another database

_VERSION_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('gallery_id', lower(hex(randomblob(16)))), ('generation', 0);

CREATE TABLE photos (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL UNIQUE,
    width INTEGER NOT NULL, height INTEGER NOT NULL,
    orientation INTEGER NOT NULL CHECK (orientation BETWEEN 1 AND 8),
    taken_at INTEGER,               -- seconds of the camera's wall clock since 1970, no zone
    file_time INTEGER NOT NULL,     -- the same for the first copy's modification time
    format TEXT NOT NULL, kind TEXT NOT NULL,
    present INTEGER NOT NULL DEFAULT 0  -- locations in state 'present', kept by the triggers below
);
CREATE INDEX photos_hidden ON photos (id) WHERE present = 0;
CREATE INDEX photos_time ON photos (coalesce(taken_at, file_time));

CREATE TABLE folders (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, path BLOB NOT NULL, UNIQUE (source, path)
);
CREATE TABLE albums (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, path BLOB NOT NULL,
    device TEXT NOT NULL,           -- of the disk it was last seen on: tells an unmounted disk
    UNIQUE (source, path)
);
CREATE TABLE locations (
    id INTEGER PRIMARY KEY,
    photo_id INTEGER REFERENCES photos (id),
    album_id INTEGER NOT NULL REFERENCES albums (id),
    source TEXT NOT NULL, path BLOB NOT NULL,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('present', 'missing', 'skipped', 'ignored', 'removed')),
    reason TEXT,
    retry INTEGER NOT NULL DEFAULT 0,   -- 1: look again even when size and mtime are the same
    UNIQUE (source, path),
    CHECK (state != 'present' OR photo_id IS NOT NULL),
    CHECK (state NOT IN ('skipped', 'ignored') OR (photo_id IS NULL AND reason IS NOT NULL))
);
CREATE INDEX locations_photo ON locations (photo_id, state);
CREATE INDEX locations_album ON locations (album_id, state);

CREATE TRIGGER location_added AFTER INSERT ON locations WHEN new.state = 'present' BEGIN
    UPDATE photos SET present = present + 1 WHERE id = new.photo_id;
END;
CREATE TRIGGER location_changed AFTER UPDATE OF state, photo_id ON locations BEGIN
    UPDATE photos SET present = present - 1 WHERE id = old.photo_id AND old.state = 'present';
    UPDATE photos SET present = present + 1 WHERE id = new.photo_id AND new.state = 'present';
END;

CREATE TABLE models (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, dimension INTEGER NOT NULL
);
CREATE TABLE vectors (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- never reused: "everything after seq" is what an index lacks
    model INTEGER NOT NULL REFERENCES models (id),
    photo_id INTEGER NOT NULL REFERENCES photos (id),
    dtype TEXT NOT NULL CHECK (dtype IN ('float16', 'float32')),
    data BLOB NOT NULL,
    UNIQUE (model, photo_id)
);
CREATE TABLE caches (               -- the index files written: a file whose token is not here is not ours
    token TEXT PRIMARY KEY, model INTEGER NOT NULL REFERENCES models (id),
    generation INTEGER NOT NULL, last_seq INTEGER NOT NULL, count INTEGER NOT NULL
);
"""

_VERSION_2 = """
CREATE TABLE unembedded (           -- photos that a model could not be shown, so that not every start tries
    model INTEGER NOT NULL REFERENCES models (id),
    photo_id INTEGER NOT NULL REFERENCES photos (id),
    reason TEXT NOT NULL,
    places TEXT NOT NULL,           -- a digest of what lay at its places then; empty: try again every time
    PRIMARY KEY (model, photo_id)
) WITHOUT ROWID;
"""

_VERSION_3 = """
CREATE TABLE phones (
    source TEXT PRIMARY KEY,            -- "phone:<hardware serial>"
    model TEXT NOT NULL, name TEXT NOT NULL,
    videos INTEGER NOT NULL DEFAULT 0,  -- counted at the last listing, never fetched
    synced_at INTEGER                   -- seconds since 1970 of the last sync that came to its end
) WITHOUT ROWID;
CREATE TABLE phone_files (              -- what the phone listed, and how far each file has come: the queue
    id INTEGER PRIMARY KEY AUTOINCREMENT,   -- names a half-received file: never reused
    source TEXT NOT NULL REFERENCES phones (source),
    path BLOB NOT NULL, directory BLOB NOT NULL, device TEXT NOT NULL,
    size INTEGER NOT NULL, mtime INTEGER NOT NULL,  -- as listed; whole seconds since 1970
    newest INTEGER NOT NULL,            -- milliseconds since 1970 that order the queue
    taken_ms INTEGER, media_id INTEGER, favourite INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL CHECK (state IN ('new', 'bare', 'preview', 'kept', 'original', 'refused')),
    gone INTEGER NOT NULL DEFAULT 0,    -- 1: a complete listing no longer had it
    wanted INTEGER NOT NULL DEFAULT 0,  -- 1: a person asked for the original
    content BLOB,                       -- SHA-256 of the file's bytes, once they were all here
    reason TEXT, tries INTEGER NOT NULL DEFAULT 0,
    UNIQUE (source, path)
);
CREATE INDEX phone_files_queue ON phone_files (source, state, newest);
CREATE TABLE originals (                -- files from phones that lie in the gallery's own folder
    content BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE, size INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE previews (                 -- the only picture of a photo whose original is not here
    photo_id INTEGER PRIMARY KEY REFERENCES photos (id), data BLOB NOT NULL
);
"""

MIGRATIONS: tuple[str, ...] = (_VERSION_1, _VERSION_2, _VERSION_3)
"""Step n brings version n to n + 1. Published steps are never edited, only followed by new ones."""


def schema_version(connection: sqlite3.Connection) -> int:
    """The version of an open database; 0 for an empty one.

    Raises
    ------
    sqlite3.DatabaseError
        If the file is not a database.
    """
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check(connection: sqlite3.Connection, path: Path, *, newest: int = len(MIGRATIONS)) -> int:
    """The version of the gallery, refusing what is newer or not a gallery.

    Raises
    ------
    GalleryTooNewError, GalleryDamagedError
    """
    version = schema_version(connection)
    if version > newest:
        raise GalleryTooNewError(
            f"The gallery {path} was written by a newer version of the program (format {version}, this one "
            f"reads up to {newest}): update the program, or choose another gallery folder."
        )
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if (version or tables) and application != APPLICATION_ID:
        raise GalleryDamagedError(
            f"The file {path} is a database of another program: move it away or choose another folder."
        )
    return version


def needs_migration(path: Path) -> bool:
    """Whether a file is a gallery of an older format. False where only opening it can tell what it is."""
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return 0 < check(connection, path) < len(MIGRATIONS)
    except sqlite3.Error:
        return False


def migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[str] = MIGRATIONS) -> int:
    """Bring a database to the newest version, each step a transaction of its own.

    Parameters
    ----------
    connection
        In autocommit mode (``isolation_level=None``).

    Returns
    -------
    int
        The version it had before.
    """
    version = check(connection, path, newest=len(migrations))
    for number, step in enumerate(migrations[version:], start=version + 1):
        # executescript commits whatever is open, so the transaction is part of the script.
        script = (
            f"BEGIN IMMEDIATE;\n{step}\nPRAGMA application_id = {APPLICATION_ID};"
            f"\nPRAGMA user_version = {number};\nCOMMIT;"
        )
        try:
            connection.executescript(script)
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.rollback()
            raise GalleryError(
                f"The gallery {path} could not be brought from format {number - 1} to {number} ({error}); "
                "it was left as it was."
            ) from error
    return version


def new_token() -> str:
    """A name for one writing of an index file, never used twice."""
    return secrets.token_hex(16)
