"""Giving every photo of a gallery a vector of one more model, in the background and bit by bit. Adding photos
is the concern of :mod:`index.indexer`.

The gallery's one writer is asked for only while a batch is committed, for some milliseconds: in between, a
person adds folders and other processes write. While somebody else writes, embedding waits and leaves them the
processor; it never fails for it. Searching waits for nobody.

A vector is always that of the file's own bytes, whose digest is compared first. The cached thumbnail is not
used in their place: it is smaller than some encoders look and compressed a second time, and as a photo keeps
its first vector, a disk that was not connected for a day would leave the gallery with worse vectors for good.
Such photos are listed instead, do not hold the set up, and are tried again at the next run.
"""

import logging
import math
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index import model_rows
from index.catalogue import Catalogue, put_vector
from index.checked_encoder import CheckedEncoder
from index.database import Database
from index.errors import EncoderError, GalleryBusyError, GalleryError
from index.gallery import DATABASE_NAME, Gallery, writer_lock
from index.indexer import DEFAULT_IMAGE_SIDE
from index.lock import WriterLock
from index.model_vectors import pack
from index.records import EmbedProgress, EmbedReport, PhotoEncoderFn
from index.rereading import Looked, Rereading, places_digest
from index.scan import PhotoSource

logger = logging.getLogger(__name__)

_FAILED_BATCH = 256  # photos that could not be embedded are committed in batches of so many
_RATE_WINDOW_S = 30.0
_PLAIN = 127  # grey of the picture that shows whether an encoder that failed still works


class _Stopped(Exception):
    """The person no longer wants the run."""


class Embedder:
    """Embeds the photos of a gallery that lack a vector of a model, newest first.

    What is committed survives a kill at any moment; the next run goes on from there. Only the thread that
    calls :meth:`run` calls the encoder.

    Parameters
    ----------
    gallery
        Opened for reading: the right to write is then taken for each commit alone. One opened for writing is
        written to directly.
    encode
        A list of (H, W, 3) uint8 RGB to (n, ``dimension``) float32 of length one.
    model_id, dimension
        Of the encoder.
    workers
        Decoding threads.
    batch_size
        Images a call of ``encode``, and vectors a commit: what a kill loses at most.
    image_side
        Pixels of the shorter side the images are reduced to.
    max_pixels
        See :func:`index.decode.decode_photo`.
    sources
        Where photos that do not lie in a folder of this computer can be read, such as a connected phone.
    """

    def __init__(
        self,
        gallery: Gallery,
        encode: PhotoEncoderFn,
        model_id: str,
        dimension: int,
        *,
        workers: int = 2,
        batch_size: int = 8,
        image_side: int = DEFAULT_IMAGE_SIDE,
        max_pixels: int | None = None,
        sources: Sequence[PhotoSource] = (),
    ) -> None:
        self._gallery = gallery
        self._encode = encode
        self._model_id = model_id
        self._dimension = dimension
        self._workers = max(1, workers)
        self._batch_size = max(1, batch_size)
        self._image_side = image_side
        self._max_pixels = max_pixels
        self._sources = tuple(sources)

    def run(
        self,
        *,
        progress: Callable[[EmbedProgress], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> EmbedReport:
        """Embed what lacks a vector, photos that are added meanwhile included; blocks until done.

        Parameters
        ----------
        progress
            Called in this thread after every photo and when it has to wait for another writer.
        cancelled
            Asked after every photo and while waiting; what is committed by then stays.

        Raises
        ------
        EncoderError
            If the encoder fails (one photo that it cannot take is listed instead).
        VectorError
            If the gallery knows the model with another dimension.
        GalleryError
            If the database cannot be written, or the model is forgotten meanwhile.
        """
        run = _Run(
            self._gallery,
            Rereading(
                self._gallery,
                self._model_id,
                image_side=self._image_side,
                max_pixels=self._max_pixels,
                sources=self._sources,
            ),
            _Encoding(CheckedEncoder(self._encode, self._model_id, self._dimension)),
            progress=progress or (lambda _: None),
            cancelled=cancelled or (lambda: False),
        )
        return run.execute(self._workers, self._batch_size)


@dataclass(frozen=True, slots=True)
class _Encoding:
    """The encoder, and what becomes of photos that it cannot take."""

    encoder: CheckedEncoder

    def each(self, looked: list[Looked]) -> tuple[list[tuple[int, NDArray[np.float32]]], list[Looked]]:
        """Photo ids with their vectors, and the photos that the encoder cannot take.

        A batch that fails is tried one by one, so that a single photo does not keep the others out for ever.

        Raises
        ------
        EncoderError
            If no photo of the batch can be encoded and a plain picture cannot either.
        """
        images = [one.image for one in looked if one.image is not None]
        try:
            return list(zip((one.photo_id for one in looked), self.encoder(images), strict=True)), []
        except EncoderError as error:
            logger.warning("%s Its batch is tried one by one.", error)
            failure = error
        vectors: list[tuple[int, NDArray[np.float32]]] = []
        refused: list[Looked] = []
        for one, image in zip(looked, images, strict=True):
            try:
                vectors.append((one.photo_id, self.encoder([image])[0]))
            except EncoderError as error:
                refused.append(Looked(one.photo_id, reason=str(error)))
        if not vectors:
            side = max(images[0].shape[:2])
            try:  # is it the photos, or the encoder?
                self.encoder([np.full((side, side, 3), _PLAIN, np.uint8)])
            except EncoderError:
                raise failure from None
        return vectors, refused


class _Run:
    """One run: the state that its steps share."""

    def __init__(
        self,
        gallery: Gallery,
        reading: Rereading,
        encoding: _Encoding,
        *,
        progress: Callable[[EmbedProgress], None],
        cancelled: Callable[[], bool],
    ) -> None:
        self._gallery = gallery
        self._reading = reading
        self._encoding = encoding
        self._progress = progress
        self._cancelled = cancelled
        self._started = time.monotonic()
        self._rate: deque[tuple[float, int]] = deque([(self._started, 0)])
        self._row = 0
        self._done = self._total = self._tried = self._embedded = self._failed = 0

    def execute(self, workers: int, batch_size: int) -> EmbedReport:
        stopped = False
        try:
            self._row = self._register()
            seen: set[int] = set()
            while todo := self._todo(seen):
                self._total += len(todo)
                self._embed(todo, workers, batch_size)
                seen.update(todo)
            self._persist()
        except _Stopped:
            stopped = True
        return EmbedReport(
            embedded=self._embedded,
            tried=self._tried,
            failed=tuple(self._gallery.unembedded(self._encoding.encoder.model_id)),
            cancelled=stopped,
            seconds=time.monotonic() - self._started,
        )

    def _register(self) -> int:
        name, dimension = self._encoding.encoder.model_id, self._encoding.encoder.dimension
        known = self._gallery.catalogue.model(name)
        if known is not None and known[1] == dimension:
            return known[0]
        with self._writing() as database:
            return Catalogue(database).register_model(name, dimension)

    def _todo(self, seen: set[int]) -> list[int]:
        """What lacks a vector, but for what this run has tried and what failed before and is as it was."""
        todo: list[int] = []
        for photo_id, places in model_rows.pending(self._gallery.database, self._row):
            if photo_id in seen:
                continue
            if places and places == places_digest(self._reading.places(photo_id)):
                continue
            todo.append(photo_id)
        return todo

    def _embed(self, todo: list[int], workers: int, batch_size: int) -> None:
        """Decode ahead of the encoder by a bounded number of photos, so that memory stays bounded."""
        ahead = workers * 2 + batch_size
        waiting: deque[Future[Looked | None]] = deque()
        pictures: list[Looked] = []
        failures: list[Looked] = []
        queue = iter(todo)
        with ThreadPoolExecutor(workers, thread_name_prefix="embed-decode") as pool:
            try:
                while True:
                    self._ask()
                    while len(waiting) < ahead and (photo_id := next(queue, None)) is not None:
                        waiting.append(pool.submit(self._reading, photo_id))
                    if not waiting:
                        break
                    looked = waiting.popleft().result()
                    if looked is not None:
                        (failures if looked.image is None else pictures).append(looked)
                        self._tried += 1
                    if len(pictures) >= batch_size or len(failures) >= _FAILED_BATCH:
                        self._commit(pictures, failures)
                    self._done += 1
                    self._tell("embedding")
                self._commit(pictures, failures)
            finally:
                for future in waiting:
                    future.cancel()

    def _commit(self, pictures: list[Looked], failures: list[Looked]) -> None:
        """Embed a batch and make it durable and searchable at once."""
        if not pictures and not failures:
            return
        vectors, refused = self._encoding.each(pictures) if pictures else ([], [])
        with self._writing() as database, database.transaction() as connection:
            self._refuse_forgotten(connection)
            looked = {one.photo_id: one.content_hash for one in pictures}
            current = model_rows.content_hashes(connection, looked)
            for photo_id, vector in vectors:
                if current.get(photo_id) != looked[photo_id]:
                    continue  # its original came while its preview was being embedded
                self._embedded += put_vector(connection, self._row, photo_id, pack(vector))
            model_rows.clear_unembedded(connection, self._row, [photo_id for photo_id, _ in vectors])
            for one in [*failures, *refused]:
                model_rows.put_unembedded(connection, self._row, one.photo_id, one.reason, one.places)
        self._failed += len(failures) + len(refused)
        pictures.clear()
        failures.clear()

    def _refuse_forgotten(self, connection: sqlite3.Connection) -> None:
        name = self._encoding.encoder.model_id
        if connection.execute("SELECT id FROM models WHERE name = ?", (name,)).fetchone() != (self._row,):
            raise GalleryError(f"The model {name} was taken out of the gallery while it was being embedded.")

    def _persist(self) -> None:
        """Write the index file: only the next start is slower without it."""
        if model_rows.index_is_saved(self._gallery.database, self._row):
            return
        self._tell("finishing")
        name = self._encoding.encoder.model_id
        try:
            if self._gallery.writable:
                self._gallery.persist_index(name)
                return
            with Gallery.open(
                self._gallery.directory, write=True, wait=math.inf, cancelled=self._cancelled
            ) as gallery:
                gallery.persist_index(name)
        except GalleryBusyError as error:
            raise _Stopped from error
        except GalleryError as error:
            logger.warning("%s", error)

    @contextmanager
    def _writing(self) -> Iterator[Database]:
        """The database for one commit, as soon as nobody else writes."""
        if self._gallery.writable:
            yield self._gallery.database
            return
        lock = self._lock()
        try:
            # Not Gallery.open, which also sweeps up after killed writers: too long for every batch.
            database = Database(self._gallery.directory / DATABASE_NAME, write=True)
            try:
                yield database
            finally:
                database.close()
        finally:
            lock.release()

    def _lock(self) -> WriterLock:
        directory = self._gallery.directory
        try:
            return writer_lock(directory, wait=0.0)
        except GalleryBusyError:
            self._tell("waiting")
        try:
            return writer_lock(directory, wait=math.inf, cancelled=self._cancelled)
        except GalleryBusyError as error:
            raise _Stopped from error

    def _ask(self) -> None:
        if self._cancelled():
            raise _Stopped

    def _tell(self, phase: str) -> None:
        now = time.monotonic()
        self._rate.append((now, self._done))
        while len(self._rate) > 2 and now - self._rate[1][0] > _RATE_WINDOW_S:
            self._rate.popleft()
        then, done = self._rate[0]
        remaining = None
        if phase == "embedding" and self._done > done and now > then:
            remaining = (self._total - self._done) * (now - then) / (self._done - done)
        self._progress(
            EmbedProgress(
                phase=phase,
                done=self._done,
                total=self._total,
                failed=self._failed,
                elapsed=now - self._started,
                remaining=0.0 if phase == "finishing" else remaining,
            )
        )
