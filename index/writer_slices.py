"""Writing to a gallery that is open for reading, a short slice at a time: in between, a person adds folders
and other processes write. Nobody who waits for the right to write waits for long.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from index import model_rows
from index.database import Database
from index.errors import GalleryBusyError
from index.gallery import DATABASE_NAME, Gallery, writer_lock


class WriterSlices:
    """The right to write, taken for each commit alone. One thread at a time.

    Parameters
    ----------
    gallery
        Opened for reading; one opened for writing is written to directly.
    cancelled
        Asked while another writer is waited for; the wait then ends with :class:`GalleryBusyError`.
    """

    def __init__(self, gallery: Gallery, cancelled: Callable[[], bool]) -> None:
        self._gallery = gallery
        self._cancelled = cancelled

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The database for one commit, as soon as nobody else writes.

        Raises
        ------
        GalleryBusyError
            If it was cancelled meanwhile.
        GalleryError
            If the gallery's folder cannot be written.
        """
        if self._gallery.writable:
            yield self._gallery.database
            return
        directory = self._gallery.directory
        lock = writer_lock(directory, wait=math.inf, cancelled=self._cancelled)
        try:
            # Not Gallery.open, which also sweeps up after killed writers: too long for every batch.
            database = Database(directory / DATABASE_NAME, write=True)
            try:
                yield database
            finally:
                database.close()
        finally:
            lock.release()

    def persist_index(self, model_id: str) -> None:
        """Write a model's index file: only the next start is slower without it.

        Raises
        ------
        GalleryError
            If it cannot be written.
        """
        known = self._gallery.catalogue.model(model_id)
        if known is None or model_rows.index_is_saved(self._gallery.database, known[0]):
            return
        if self._gallery.writable:
            self._gallery.persist_index(model_id)
            return
        try:
            with Gallery.open(
                self._gallery.directory, write=True, wait=math.inf, cancelled=self._cancelled
            ) as gallery:
                gallery.persist_index(model_id)
        except GalleryBusyError:
            return  # cancelled: the next start makes it
