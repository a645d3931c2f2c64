"""One model's vectors: its index in memory, brought up to the database, and the file that keeps it."""

import logging
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index import schema
from index.database import Database
from index.errors import GalleryError, VectorError
from index.records import IndexStatus
from index.vector_cache import CacheHeader, CacheRejected, cache_path, read_cache, write_cache
from index.vector_index import VectorIndex

logger = logging.getLogger(__name__)

STORED_DTYPE = np.dtype("<f2")
"""Vectors are stored as float16: half the bytes, and a cosine error below .001."""

_DTYPES: dict[str, np.dtype[Any]] = {"float16": np.dtype("<f2"), "float32": np.dtype("<f4")}


class ModelVectors:
    """The searchable vectors of one model. The database is the truth; the index follows it.

    Parameters
    ----------
    database, directory
        Of the gallery; the index file lies in ``directory``.
    model_id
        The model's name; it must have vectors or at least be registered.
    """

    def __init__(self, database: Database, directory: Path, model_id: str, row: int, dimension: int) -> None:
        self._database = database
        self._path = cache_path(directory, model_id)
        self.model_id = model_id
        self.row = row
        self.dimension = dimension
        self._lock = threading.Lock()
        self._last_seq = 0
        self._changes = -1
        self._saved_seq = -1
        self._index, self._origin, self._rebuilt = self._load()
        self.refresh()

    @property
    def index(self) -> VectorIndex:
        """The index in memory, as of the last :meth:`refresh`."""
        return self._index

    def status(self) -> IndexStatus:
        """Where the index came from and what it holds."""
        return IndexStatus(self.model_id, len(self._index), self._index.kind, self._origin, self._rebuilt)

    def refresh(self) -> None:
        """Add what was committed since the last time, by this process or another."""
        with self._lock:
            changes = self._database.changes()
            if changes == self._changes:
                return
            blocks = self._database.stream(
                "SELECT seq, photo_id, dtype, data FROM vectors WHERE seq > ? AND model = ? ORDER BY seq",
                (self._last_seq, self.row),
            )
            for block in blocks:
                ids = np.array([row[1] for row in block], dtype=np.int64)
                vectors = np.stack([unpack(row[3], row[2], self.dimension) for row in block])
                self._index.add(ids, vectors)
                self._last_seq = block[-1][0]
            self._changes = changes

    def persist(self) -> bool:
        """Write the index file, training an inverted file first where one is due.

        Returns
        -------
        bool
            False when the file already holds everything.

        Raises
        ------
        GalleryError
            If the file cannot be written; the gallery stays searchable.
        """
        self.refresh()
        if self._index.wants_training():
            measured = self._index.train()
            logger.info(
                "%s: inverted file over %d vectors, recall@20 %.4f", self.model_id, len(self._index), measured
            )
            self._saved_seq = -1
        with self._lock:
            if self._saved_seq == self._last_seq and self._path.exists():
                return False
            payload, trained_on = self._index.serialize()
            token, count = schema.new_token(), len(self._index)
            with self._database.transaction() as connection:
                # The row comes first: a crash in between leaves a token without a file, never the reverse.
                generation = connection.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()[
                    0
                ]
                connection.execute(
                    "DELETE FROM caches WHERE model = ? AND token NOT IN "
                    "(SELECT token FROM caches WHERE model = ? ORDER BY generation DESC LIMIT 4)",
                    (self.row, self.row),
                )
                connection.execute(
                    "INSERT INTO caches (token, model, generation, last_seq, count) VALUES (?, ?, ?, ?, ?)",
                    (token, self.row, generation + 1, self._last_seq, count),
                )
            header = CacheHeader(
                gallery_id=self._gallery_id(),
                model_id=self.model_id,
                dimension=self.dimension,
                token=token,
                generation=generation + 1,
                last_seq=self._last_seq,
                count=count,
                trained_on=trained_on,
            )
            try:
                write_cache(self._path, header, payload.data)
            except OSError as error:
                raise GalleryError(
                    f"The search index {self._path} could not be written ({error.strerror}): free some disk "
                    "space. Searching works, but the next start will take longer."
                ) from error
            self._saved_seq = self._last_seq
            return True

    def _gallery_id(self) -> str:
        return str(self._database.rows("SELECT value FROM meta WHERE key = 'gallery_id'")[0][0])

    def _load(self) -> tuple[VectorIndex, str, bool]:
        try:
            header, index = read_cache(self._path)
            self._compare(header)
        except CacheRejected as reason:
            # A model whose file was never written has lost nothing.
            if self._database.rows("SELECT 1 FROM caches WHERE model = ? LIMIT 1", (self.row,)):
                logger.warning("%s: search index rebuilt from the database: %s", self.model_id, reason)
                return VectorIndex(self.dimension), f"rebuilt from the database: {reason}", True
            return VectorIndex(self.dimension), "built from the database", False
        self._last_seq = header.last_seq
        self._saved_seq = header.last_seq
        return index, f"read from its file, generation {header.generation}", False

    def _compare(self, header: CacheHeader) -> None:
        """Refuse a file of another gallery or model, or one this database did not see written."""
        known = self._database.rows(
            "SELECT generation, last_seq, count FROM caches WHERE token = ? AND model = ?",
            (header.token, self.row),
        )
        if (header.gallery_id, header.model_id, header.dimension) != (
            self._gallery_id(),
            self.model_id,
            self.dimension,
        ):
            raise CacheRejected("the index file belongs to another gallery or model")
        if known != [(header.generation, header.last_seq, header.count)]:
            raise CacheRejected(
                f"the index file (generation {header.generation}) is out of step with the database"
            )


def pack(vector: NDArray[np.float32]) -> bytes:
    """A (d,) vector as the bytes the database holds."""
    return vector.astype(STORED_DTYPE).tobytes()


def unpack(data: bytes, dtype: str, dimension: int) -> NDArray[np.float32]:
    """The (d,) float32 vector in a row of the database.

    Raises
    ------
    VectorError
        If its length is not the model's dimension.
    """
    vector: NDArray[np.float32] = np.frombuffer(data, dtype=_DTYPES[dtype]).astype(np.float32)
    if vector.shape != (dimension,):
        raise VectorError(f"A stored vector has {vector.size} numbers instead of {dimension}: index again.")
    return vector
