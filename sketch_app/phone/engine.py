"""The sync of phones into a gallery, as the rest of the program asks for it: one phone at a time into one
gallery. What a sync does step by step is in `sketch_app.phone.sync_run`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from index.checked_encoder import CheckedEncoder
from index.errors import GalleryBusyError, GalleryError
from index.gallery import Gallery
from index.indexer import DEFAULT_IMAGE_SIDE
from index.lock import WriterLock
from index.phone_files import phone_source
from index.records import PhotoEncoderFn
from index.writer_slices import WriterSlices
from sketch_app.phone.intake import Intake
from sketch_app.phone.reader import PhoneReader
from sketch_app.phone.records import Stopped, SyncChoices, SyncControl, SyncProgress, SyncReport
from sketch_app.phone.sync_run import SyncRun
from sketch_app.phone.transfer import WORKERS


class SyncBusyError(GalleryError):
    """Another sync of the same phone into the same gallery is running."""


class PhoneSync:
    """Keeps a gallery in step with phones.

    Parameters
    ----------
    gallery
        Opened for reading: the right to write is then taken for each commit alone. One opened for writing is
        written to directly.
    encode
        A list of (H, W, 3) uint8 RGB to (n, ``dimension``) float32 of length one.
    model_id, dimension
        Of the encoder.
    choices
        What a person chose.
    workers
        Files that come at a time.
    decoders
        Decoding threads.
    image_side, max_pixels
        See `index.indexer.Indexer`.
    """

    def __init__(
        self,
        gallery: Gallery,
        encode: PhotoEncoderFn,
        model_id: str,
        dimension: int,
        *,
        choices: SyncChoices | None = None,
        workers: int = WORKERS,
        decoders: int = 2,
        image_side: int = DEFAULT_IMAGE_SIDE,
        max_pixels: int | None = None,
    ) -> None:
        self._gallery = gallery
        self._encoder = CheckedEncoder(encode, model_id, dimension)
        self._choices = choices or SyncChoices()
        self._workers = workers
        self._decoders = decoders
        self._image_side = image_side
        self._max_pixels = max_pixels

    def run(
        self,
        reader: PhoneReader,
        *,
        control: SyncControl | None = None,
        progress: Callable[[SyncProgress], None] | None = None,
        confirm_disappeared: bool = False,
    ) -> SyncReport:
        """Bring the gallery into step with a phone; blocks until done.

        A phone that goes away, a full disk and a cancel end it early, as the report says.

        Parameters
        ----------
        reader
            The phone.
        control
            To pause and cancel it, from another thread.
        progress
            Called in this thread, at most ten times a second.
        confirm_disappeared
            The person's yes to `SyncReport.asks` of the sync before.

        Raises
        ------
        SyncBusyError
            This phone is being synced into this gallery already.
        EncoderError
            The encoder fails; what was committed before stays.
        GalleryError
            The database cannot be written.
        """
        return self._execute(reader, control, progress, lambda run: run.sync(confirm=confirm_disappeared))

    def fetch(
        self,
        reader: PhoneReader,
        photo_ids: Sequence[int],
        *,
        control: SyncControl | None = None,
        progress: Callable[[SyncProgress], None] | None = None,
    ) -> SyncReport:
        """Fetch the originals of some photos, whatever is chosen; as `run` else.

        Photos of which nothing lies on this phone are left out.
        """
        return self._execute(reader, control, progress, lambda run: run.fetch(photo_ids))

    def _execute(
        self,
        reader: PhoneReader,
        control: SyncControl | None,
        progress: Callable[[SyncProgress], None] | None,
        work: Callable[[SyncRun], None],
    ) -> SyncReport:
        control = control or SyncControl()
        source = phone_source(reader.serial)
        slices = WriterSlices(self._gallery, lambda: control.cancelled)
        with _only_one(self._gallery, source, reader.name):
            try:
                intake = Intake(
                    self._gallery,
                    slices,
                    self._encoder,
                    decoders=self._decoders,
                    image_side=self._image_side,
                    max_pixels=self._max_pixels,
                )
            except GalleryBusyError:
                return SyncReport(stopped=Stopped.CANCELLED)
            with intake:
                run = SyncRun(
                    self._gallery, slices, reader, intake, control, self._choices, self._workers, progress
                )
                return run.execute(work, self._encoder.model_id)


@contextmanager
def _only_one(gallery: Gallery, source: str, name: str) -> Iterator[None]:
    """The right to sync one phone into one gallery."""
    digest = hashlib.sha256(source.encode()).hexdigest()[:12]
    try:
        lock = WriterLock(gallery.directory / f"sync-{digest}.lock")
    except GalleryBusyError as error:
        raise SyncBusyError(
            f"The phone {name} is being synced into this gallery already: wait until that has finished."
        ) from error
    try:
        yield
    finally:
        lock.release()
