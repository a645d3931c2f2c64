"""The connections to a gallery's SQLite file: one that reads, one that writes, and how they fail."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from index import schema
from index.errors import GalleryDamagedError, GalleryError

_BUSY_SECONDS = 30.0  # waiting for another process's short transaction


class Database:
    """A gallery's database. Reading never waits for writing (WAL); both may be used from any thread.

    Parameters
    ----------
    path
        The SQLite file; made when ``write`` and missing.
    write
        Whether :meth:`transaction` may be used. The caller holds the gallery's lock.

    Raises
    ------
    GalleryTooNewError, GalleryDamagedError, GalleryError
    """

    def __init__(self, path: Path, *, write: bool) -> None:
        self._path = path
        self._read_lock = threading.Lock()
        self._write_lock = threading.RLock()
        self._writer: sqlite3.Connection | None = None
        with self._sentences():
            if write:
                self._writer = _connect(path, create=True)
                try:
                    schema.check(self._writer, path)
                    self._writer.execute("PRAGMA journal_mode = WAL")
                    schema.migrate(self._writer, path)
                except BaseException:
                    self._writer.close()
                    raise
            elif not path.exists():
                raise GalleryError(f"There is no gallery in {path.parent} yet: add a folder of photos first.")
            self._reader = _connect(path, create=False)
            try:
                self._refuse_unfinished()
                self._reader.execute("PRAGMA query_only = ON")
            except BaseException:
                self.close()
                raise

    def _refuse_unfinished(self) -> None:
        version = schema.check(self._reader, self._path)
        if version < len(schema.MIGRATIONS):
            raise GalleryError(
                f"The gallery {self._path.parent} is empty or of an older format: "
                "open it once for writing (add a folder of photos)."
            )

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query, as of the last commit."""
        with self._read_lock, self._sentences():
            return self._reader.execute(sql, parameters).fetchall()

    def stream(
        self, sql: str, parameters: Sequence[object] = (), *, size: int = 4096
    ) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a long query in blocks, on a connection of its own: other reading goes on."""
        with self._sentences(), closing(_connect(self._path, create=False)) as connection:
            cursor = connection.execute(sql, parameters)
            while block := cursor.fetchmany(size):
                yield block

    def changes(self) -> int:
        """A number that differs whenever anyone, in this process or another, has committed in between."""
        return int(self.rows("PRAGMA data_version")[0][0])

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: committed as a whole with the gallery's generation raised, or not at all."""
        writer = self._writer
        if writer is None:
            raise GalleryError(f"The gallery {self._path.parent} was opened for reading only.")
        with self._write_lock, self._sentences():
            writer.execute("BEGIN IMMEDIATE")
            try:
                yield writer
                writer.execute("UPDATE meta SET value = value + 1 WHERE key = 'generation'")
                writer.execute("COMMIT")
            except BaseException:
                if writer.in_transaction:
                    writer.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the connections; the last one to close folds the WAL into the file."""
        with self._read_lock:
            if hasattr(self, "_reader"):
                self._reader.close()
        with self._write_lock:
            if self._writer is not None:
                self._writer.close()

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise GalleryError(f"The gallery database {self._path} cannot be used: {error}.") from error
        except sqlite3.ProgrammingError as error:
            raise GalleryError(f"The gallery {self._path.parent} is closed.") from error
        except sqlite3.IntegrityError:
            raise  # a fault of this program, not of the file
        except sqlite3.DatabaseError as error:
            raise GalleryDamagedError(
                f"The gallery database {self._path} is damaged ({error}): move it away; "
                "the photos themselves are untouched and can be indexed again."
            ) from error


def _connect(path: Path, *, create: bool) -> sqlite3.Connection:
    mode = "rwc" if create else "rw"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute("PRAGMA foreign_keys = ON")
    # In WAL mode NORMAL may lose the last transactions at a power cut, never the database's soundness.
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection
