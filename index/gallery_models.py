"""What a gallery knows of its models: vectors, indexes, which photos still lack one, and which model serves a
lane. Part of :class:`index.gallery.Gallery`, which is the one to open.
"""

import contextlib
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index import model_rows
from index.catalogue import Catalogue
from index.database import Database
from index.errors import VectorError
from index.model_vectors import ModelVectors, unpack
from index.records import Coverage, IndexStatus, UnembeddedPhoto
from index.vector_cache import cache_path


class GalleryModels:
    """The models of a gallery. A vector belongs to one model; nothing here ever compares those of two.

    Parameters
    ----------
    directory, database
        Of the gallery.
    """

    def __init__(self, directory: Path, database: Database) -> None:
        self.directory = directory
        self.database = database
        self.catalogue = Catalogue(database)
        self._models: dict[str, ModelVectors] = {}
        self._models_lock = threading.Lock()

    # Vectors

    def vector(self, photo_id: int, model_id: str) -> NDArray[np.float32] | None:
        """A photo's (d,) float32 vector of a model, or None when it has none."""
        known = self.catalogue.model(model_id)
        if known is None:
            return None
        rows = self.database.rows(
            "SELECT data, dtype FROM vectors WHERE model = ? AND photo_id = ?", (known[0], photo_id)
        )
        return unpack(rows[0][0], rows[0][1], known[1]) if rows else None

    def vectors(self, model_id: str, ids: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The vectors of some photos; photos without one of this model are left out.

        Returns
        -------
        tuple
            (n,) int64 photo ids in no particular order, and their (n, d) float32 vectors. For a model that
            the gallery has never seen, n and d are 0.
        """
        known = self.catalogue.model(model_id)
        if known is None:
            return np.empty(0, np.int64), np.empty((0, 0), np.float32)
        return model_rows.stored_vectors(self.database, *known, ids)

    def scores(self, model_id: str, vector: NDArray[np.float32], ids: Sequence[int]) -> NDArray[np.float32]:
        """How like a vector of the same model some photos are: what :meth:`search` would give them.

        Parameters
        ----------
        vector
            (d,) float32; its length does not matter.
        ids
            n photos, in any order.

        Returns
        -------
        NDArray[np.float32]
            (n,) cosines, -1 to 1; NaN where a photo has no vector of this model.

        Raises
        ------
        VectorError
            If the vector has another dimension or is not finite.
        """
        scores = np.full(len(ids), np.nan, dtype=np.float32)
        known = self.catalogue.model(model_id)
        if known is None:
            return scores
        query = unit_query(vector, model_id, known[1])
        found, vectors = model_rows.stored_vectors(self.database, *known, ids)
        cosines = dict(zip(found.tolist(), (vectors @ query).tolist(), strict=True))
        for place, photo_id in enumerate(ids):
            scores[place] = cosines.get(int(photo_id), np.nan)
        return scores

    def index_status(self, model_id: str) -> IndexStatus | None:
        """What a model's index holds and where it came from; None for a model without vectors."""
        model = self._model(model_id)
        return None if model is None else model.status()

    def persist_index(self, model_id: str) -> bool:
        """Write a model's index file if it lacks something; returns whether it was written.

        Raises
        ------
        GalleryError
            If it cannot be written, or the gallery was opened for reading.
        """
        model = self._model(model_id)
        return False if model is None else model.persist()

    # Models

    def model_ids(self) -> list[str]:
        """The models that have, or are to have, vectors in the gallery, in the order they came."""
        return model_rows.model_names(self.database)

    def coverage(self, model_id: str) -> Coverage:
        """How many of the photos that lie somewhere at present have a vector of a model."""
        known = self.catalogue.model(model_id)
        return model_rows.coverage(self.database, None if known is None else known[0])

    def unembedded(self, model_id: str) -> list[UnembeddedPhoto]:
        """The present photos that were tried with a model and have no vector, with the reasons."""
        known = self.catalogue.model(model_id)
        return [] if known is None else model_rows.unembedded(self.database, known[0])

    def active_model(self, lane: str) -> str | None:
        """The model that serves a lane of the search, such as "deep"; None until one was complete."""
        return model_rows.active_model(self.database, lane)

    def set_active_model(self, lane: str, model_id: str | None) -> None:
        """Let a model serve a lane, in one step; None: no model.

        Raises
        ------
        GalleryError
            If the model is not complete (see :class:`index.records.Coverage`), or the gallery was opened for
            reading.
        """
        with self.database.transaction() as connection:
            model_rows.put_active(connection, lane, model_id)

    def forget_model(self, model_id: str) -> int:
        """Delete a model's vectors and its index file; the photos stay. Returns how many vectors that were.

        Raises
        ------
        GalleryError
            If the model serves a lane, or the gallery was opened for reading.
        """
        with self.database.transaction() as connection:
            vectors = model_rows.drop_model(connection, model_id)
        with self._models_lock:
            self._models.pop(model_id, None)
        # Last: a file without its row is refused by every reader, a row without its file makes a rebuild.
        with contextlib.suppress(OSError):
            cache_path(self.directory, model_id).unlink(missing_ok=True)
        return vectors

    def _model(self, model_id: str) -> ModelVectors | None:
        with self._models_lock:
            row = self.catalogue.model(model_id)
            if row is None:
                self._models.pop(model_id, None)
                return None
            known = self._models.get(model_id)
            # Forgotten and embedded anew, by whichever process: what is in memory is of the old row.
            if known is None or known.row != row[0]:
                known = ModelVectors(self.database, self.directory, model_id, *row)
                self._models[model_id] = known
            return known


def unit_query(vector: NDArray[np.float32], model_id: str, dimension: int) -> NDArray[np.float32]:
    """A search vector made (``dimension``,) float32 of length one.

    Raises
    ------
    VectorError
        If it has another dimension or is not a direction.
    """
    query = np.asarray(vector, dtype=np.float32).reshape(-1)
    if query.shape != (dimension,):
        raise VectorError(
            f"The search vector has {query.size} numbers, the model {model_id} has {dimension}: "
            "vectors of different models cannot be compared."
        )
    length = float(np.linalg.norm(query))
    if not np.isfinite(length) or length == 0:
        raise VectorError("The search vector is not a direction (zero, infinite or not a number).")
    return query / np.float32(length)
