"""Bringing a folder into the gallery: survey, decode in threads, embed and commit in batches."""

import logging
import os
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from index.catalogue import put_album, put_location, put_photo, put_state, put_vector
from index.checked_encoder import CheckedEncoder
from index.errors import GalleryError
from index.gallery import Gallery
from index.model_vectors import pack
from index.preparing import Prepared, Preparing, Task
from index.records import (
    IndexProgress,
    IndexReport,
    LocationState,
    PhotoEncoderFn,
    SkippedFile,
    display_path,
)
from index.scan import FileEntry, FolderSource, PhotoSource
from index.survey import Survey, survey

logger = logging.getLogger(__name__)

DEFAULT_IMAGE_SIDE = 256
"""Pixels of the shorter side that the encoder is given: a little above what encoders look at."""

_SETTLED_BATCH = 256  # files that need no vector are committed in batches of so many
_PERSIST_EVERY = 20_000  # vectors; the database has them anyway, the file only makes the next start quick
_RATE_WINDOW_S = 30.0


def _never() -> bool:
    return False


def _quiet(_: IndexProgress) -> None:
    return None


class Indexer:
    """Embeds the photos of folders with one model.

    What is committed survives a kill at any moment; the next run goes on from there. Only the thread that
    calls :meth:`run` calls the encoder.

    Parameters
    ----------
    gallery
        Opened for writing.
    encode
        A list of (H, W, 3) uint8 RGB to (n, ``dimension``) float32 of length one.
    model_id, dimension
        Of the encoder. A photo without a vector of this model is decoded and embedded, known or not.
    workers
        Decoding threads (the decoders release Python's lock).
    batch_size
        Images a call of ``encode``.
    image_side
        Pixels of the shorter side the images are reduced to.
    max_pixels
        See :func:`index.decode.decode_photo`.
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
    ) -> None:
        if not gallery.writable:
            raise GalleryError(f"The gallery {gallery.directory} was opened for reading only.")
        self._gallery = gallery
        self._encode = encode
        self._model_id = model_id
        self._dimension = dimension
        self._workers = max(1, workers)
        self._batch_size = max(1, batch_size)
        self._image_side = image_side
        self._max_pixels = max_pixels

    def run(
        self,
        folder: Path | PhotoSource,
        *,
        progress: Callable[[IndexProgress], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> IndexReport:
        """Add a folder, or bring it up to date; blocks until done.

        Parameters
        ----------
        folder
            A folder of this computer, or another source of photos.
        progress
            Called in this thread after every file.
        cancelled
            Asked after every file; what is committed by then stays.

        Raises
        ------
        FolderError
            If the folder is not there (nothing is marked missing then).
        EncoderError
            If the encoder fails; what was committed before stays.
        GalleryError
            If the database cannot be written (disk full).
        """
        gallery = self._gallery
        source = FolderSource(folder, exclude=(gallery.directory,)) if isinstance(folder, Path) else folder
        model = gallery.catalogue.register_model(self._model_id, self._dimension)
        preparing = Preparing(
            source, gallery.catalogue, gallery.thumbnails, model, self._image_side, self._max_pixels
        )
        run = _Run(
            gallery,
            preparing,
            CheckedEncoder(self._encode, self._model_id, self._dimension),
            model_id=self._model_id,
            progress=progress or _quiet,
            cancelled=cancelled or _never,
        )
        return run.execute(self._workers, self._batch_size)


class _Run:
    """One run over one source: the state that its steps share."""

    def __init__(
        self,
        gallery: Gallery,
        preparing: Preparing,
        embed: PhotoEncoderFn,
        *,
        model_id: str,
        progress: Callable[[IndexProgress], None],
        cancelled: Callable[[], bool],
    ) -> None:
        self._gallery = gallery
        self._preparing = preparing
        self._source = preparing.source
        self._embed = embed
        self._model_id = model_id
        self._progress = progress
        self._cancelled = cancelled
        self._started = time.monotonic()
        self._rate: deque[tuple[float, int]] = deque([(self._started, 0)])
        self._stopped = False
        self._done = self._total = 0
        self._added = self._embedded = self._ignored = self._refused = self._touched = 0
        self._placed: list[int] = []  # photos already known that turned up at a new place
        self._unpersisted = 0
        self._unreadable: list[SkippedFile] = []

    def execute(self, workers: int, batch_size: int) -> IndexReport:
        found = survey(
            self._gallery.catalogue,
            self._source,
            self._preparing.model,
            cancelled=self._ask,
            listed=lambda total, directory: self._tell("scanning", total, directory),
        )
        self._gallery.add_source(self._source)
        self._ignored = found.ignored
        if found.returned or found.moved_devices:
            with self._gallery.database.transaction() as connection:
                put_state(connection, found.returned, LocationState.PRESENT)
                for directory, device in found.moved_devices:
                    put_album(connection, self._source.name, directory, device)
        if not self._stopped:
            self._read(found.tasks, workers, batch_size)
        return self._finish(found)

    def _read(self, tasks: list[Task], workers: int, batch_size: int) -> None:
        """Decode ahead of the encoder by a bounded number of files, so that memory stays bounded."""
        self._total = len(tasks)
        # Restarted here: the listing's seconds say nothing about the seconds a photo takes.
        self._rate = deque([(time.monotonic(), 0)])
        ahead = workers * 2 + batch_size
        waiting: deque[Future[Prepared]] = deque()
        settled: list[Prepared] = []
        pictures: list[Prepared] = []
        queue = iter(tasks)
        with ThreadPoolExecutor(workers, thread_name_prefix="decode") as pool:
            try:
                while not self._ask():
                    while len(waiting) < ahead and (task := next(queue, None)) is not None:
                        waiting.append(pool.submit(self._preparing, task))
                    if not waiting:
                        break
                    prepared = waiting.popleft().result()
                    (settled if prepared.decoded is None else pictures).append(prepared)
                    if len(pictures) >= batch_size or len(settled) >= _SETTLED_BATCH:
                        self._commit(settled, pictures)
                    self._done += 1
                    self._tell("reading", self._total, prepared.task.entry.path)
                if self._stopped:
                    pictures.clear()  # a person waits: they are embedded the next time
                self._commit(settled, pictures)
            finally:
                for future in waiting:
                    future.cancel()

    def _commit(self, settled: list[Prepared], pictures: list[Prepared]) -> None:
        """Embed a batch and make it, with what needed no embedding, durable and searchable at once."""
        if not settled and not pictures:
            return
        images = [p.decoded.image for p in pictures if p.decoded is not None]
        vectors = self._embed(images) if images else np.empty((0, 0), np.float32)
        embedded = 0
        with self._gallery.database.transaction() as connection:
            albums: dict[bytes, int] = {}
            for number, prepared in enumerate([*pictures, *settled]):
                task = prepared.task
                if task.directory not in albums:
                    albums[task.directory] = put_album(
                        connection, self._source.name, task.directory, task.device
                    )
                photo_id, is_new = prepared.photo_id, False
                if prepared.decoded is not None:
                    photo_id, is_new = put_photo(
                        connection, prepared.digest, prepared.decoded, task.entry.path, prepared.mtime_ns
                    )
                    embedded += put_vector(connection, self._preparing.model, photo_id, pack(vectors[number]))
                self._put_location(connection, prepared, albums[task.directory], photo_id)
                self._count(prepared, photo_id, is_new)
        self._embedded += embedded
        self._unpersisted += embedded
        settled.clear()
        pictures.clear()
        if self._unpersisted >= _PERSIST_EVERY:
            self._persist()

    def _put_location(
        self, connection: sqlite3.Connection, prepared: Prepared, album: int, photo_id: int | None
    ) -> None:
        error, state = prepared.error, LocationState.PRESENT
        if error is not None:
            if not error.permanent and prepared.task.previous_photo is not None:
                # A photo does not leave the gallery because its disk is slow or its owner forbids reading
                # today: the place stays as it was, and being changed or without a vector is tried again.
                path = Path(os.fsdecode(prepared.task.entry.path))
                self._unreadable.append(SkippedFile(path, error.reason))
                return
            state = LocationState.SKIPPED if error.is_photo else LocationState.IGNORED
        put_location(
            connection,
            self._source.name,
            album,
            FileEntry(prepared.task.entry.path, prepared.size, prepared.mtime_ns),
            state=state,
            photo_id=photo_id,
            reason=None if error is None else error.reason,
            retry=error is not None and not error.permanent,
        )

    def _count(self, prepared: Prepared, photo_id: int | None, is_new: bool) -> None:
        if prepared.error is not None:
            self._refused += prepared.error.is_photo
            self._ignored += not prepared.error.is_photo
        elif is_new:
            self._added += 1
        elif photo_id == prepared.task.previous_photo:
            self._touched += 1
        elif photo_id is not None:
            self._placed.append(photo_id)

    def _finish(self, found: Survey) -> IndexReport:
        missing = 0
        if not self._stopped:
            self._tell("finishing", self._total, self._source.root)
            # Last of all: until a moved file is recognised at its new place, its old place keeps it found.
            if found.absent:
                with self._gallery.database.transaction() as connection:
                    put_state(connection, found.absent, LocationState.MISSING)
                missing = len(found.absent)
        self._persist()
        gone = self._gallery.catalogue.missing_among(self._placed) if self._placed else set()
        moved = sum(photo_id in gone for photo_id in self._placed)
        skipped = self._gallery.catalogue.skipped(
            self._source.name, self._source.root, self._source.separator
        )
        return IndexReport(
            added=self._added,
            embedded=self._embedded,
            unchanged=found.unchanged + self._touched,
            moved=moved,
            copies=len(self._placed) - moved,
            missing=missing,
            ignored=self._ignored,
            skipped=(*found.unlisted, *self._unreadable, *skipped),
            cancelled=self._stopped,
            seconds=time.monotonic() - self._started,
        )

    def _persist(self) -> None:
        self._unpersisted = 0
        try:
            self._gallery.persist_index(self._model_id)
        except GalleryError as error:
            logger.warning("%s", error)  # the photos are in the database: only the next start is slower

    def _ask(self) -> bool:
        self._stopped = self._stopped or self._cancelled()
        return self._stopped

    def _tell(self, phase: str, total: int, path: bytes) -> None:
        now = time.monotonic()
        self._rate.append((now, self._done))
        while len(self._rate) > 2 and now - self._rate[1][0] > _RATE_WINDOW_S:
            self._rate.popleft()
        then, done = self._rate[0]
        remaining = None
        if phase == "reading" and self._done > done and now > then:
            remaining = (total - self._done) * (now - then) / (self._done - done)
        self._progress(
            IndexProgress(
                phase=phase,
                done=self._done,
                total=total,
                added=self._added,
                skipped=self._refused,
                elapsed=now - self._started,
                remaining=0.0 if phase == "finishing" else remaining,
                current=display_path(path),
            )
        )
