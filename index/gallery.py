"""The gallery as the rest of the program opens, searches and asks it. :mod:`index.indexer` fills it."""

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from index import schema
from index.catalogue import below
from index.database import Database
from index.decode import MAX_FILE_BYTES, decode_bytes
from index.errors import DecodeError, FolderError, GalleryBusyError, GalleryError
from index.gallery_models import GalleryModels, unit_query
from index.lock import WriterLock
from index.phone_files import PhoneFile, PhoneSummary, files_of_photo, is_phone, summaries
from index.phone_photos import PHONE_DIRECTORY, phone_original, phone_picture
from index.records import (
    FOLDER_SOURCE,
    Album,
    Folder,
    Hit,
    Location,
    LocationState,
    Photo,
    SearchFilter,
    SkippedFile,
)
from index.replacing import sweep_parts
from index.scan import FolderSource, PhotoSource
from index.thumbnails import THUMBNAIL_SIDE, ThumbnailCache, thumbnail_pixels

DATABASE_NAME = "gallery.sqlite3"
LOCK_NAME = "gallery.lock"
THUMBNAILS_NAME = "thumbnails"

WRITER_WAIT_S = 1.0
"""How long opening for writing waits for another writer: longer than an embedder's commits (milliseconds), so
that photos can be added while the gallery is being embedded; too short for a person to wonder."""

_LOCK_POLL_S = 0.02
_EVERYTHING = SearchFilter()


def content_digest(data: bytes) -> bytes:
    """What makes a photo the same photo: the SHA-256 of its file's bytes (32 bytes).

    Processors have instructions for it: on a photo of 4 MB it took 2.2 ms where BLAKE2b took 4.5.
    """
    return hashlib.sha256(data).digest()


class Gallery(GalleryModels):
    """A directory with a database, the vector indexes built from it, thumbnails and a lock file.

    Usable from any thread. One process at a time opens it for writing; any number read, and see what the
    writer has committed at their next call.
    """

    def __init__(
        self,
        directory: Path,
        *,
        write: bool,
        wait: float = WRITER_WAIT_S,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self._lock: WriterLock | None = None
        if write:
            try:
                directory.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise GalleryError(
                    f"The gallery folder {directory} cannot be made ({error.strerror}): choose another one."
                ) from error
            self._lock = writer_lock(directory, wait=wait, cancelled=cancelled)
        elif schema.needs_migration(directory / DATABASE_NAME):
            Gallery(directory, write=True, wait=wait, cancelled=cancelled).close()
        try:
            database = Database(directory / DATABASE_NAME, write=write)
        except BaseException:
            if self._lock is not None:
                self._lock.release()
            raise
        super().__init__(directory, database)
        self.thumbnails = ThumbnailCache(directory / THUMBNAILS_NAME)
        if write:
            sweep_parts(directory)
            self.thumbnails.sweep()
        self._choices: dict[SearchFilter, NDArray[np.int64]] = {}
        self._choices_at = -1
        self._choices_lock = threading.Lock()

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        write: bool,
        wait: float = WRITER_WAIT_S,
        cancelled: Callable[[], bool] | None = None,
    ) -> "Gallery":
        """Open a gallery, made if ``write`` and not there yet; one of an older format is brought up to date.

        Parameters
        ----------
        wait
            Seconds to wait for another writer; ``math.inf`` waits as long as it takes.
        cancelled
            Asked while waiting; the wait then ends with :class:`GalleryBusyError`.

        Raises
        ------
        GalleryBusyError
            If ``write`` and another process is writing.
        GalleryTooNewError, GalleryDamagedError, GalleryError
            If it cannot be used; each says why.
        """
        return cls(directory, write=write, wait=wait, cancelled=cancelled)

    @property
    def writable(self) -> bool:
        """Whether it was opened for writing."""
        return self._lock is not None

    @property
    def generation(self) -> int:
        """Grows with every change of the gallery, by whichever process."""
        return int(self.database.rows("SELECT value FROM meta WHERE key = 'generation'")[0][0])

    def close(self) -> None:
        """Close the database and let others write; may be called twice."""
        self.database.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> "Gallery":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Folders

    def add_folder(self, path: Path) -> Folder:
        """Remember a folder of photos (nothing is read yet); adding it again changes nothing.

        Raises
        ------
        FolderError
            If it is not a folder.
        """
        if not path.expanduser().is_dir():
            raise FolderError(f"{path} is not a folder that can be opened: choose another one.")
        return self.add_source(FolderSource(path))

    def add_source(self, source: PhotoSource) -> Folder:
        """Remember any source of photos, such as a phone."""
        known = self._folder(source.name, source.root)
        if known is None:
            with self.database.transaction() as connection:
                connection.execute(
                    "INSERT INTO folders (source, path) VALUES (?, ?)", (source.name, source.root)
                )
            known = self._folder(source.name, source.root)
            assert known is not None
        return known

    def _folder(self, source: str, root: bytes) -> Folder | None:
        same = [f for f in self.folders() if (f.source, f.path_bytes) == (source, root)]
        return same[0] if same else None

    def folders(self) -> list[Folder]:
        """The folders in the gallery, in the order they were added."""
        return self.catalogue.folders()

    def remove_folder(self, folder: Folder, *, separator: bytes = FolderSource.separator) -> int:
        """Take a folder out: its photos are no longer found, unless they also lie in another folder.

        Nothing is erased; adding the folder again finds everything without decoding it again.

        Returns
        -------
        int
            How many files left the gallery.
        """
        others = [f for f in self.folders() if f.source == folder.source and f.id != folder.id]
        where, values = "source = ? AND state = 'present' AND path >= ? AND path < ?", [folder.source]
        bounds: list[object] = [*values, *below(folder.path_bytes, separator)]
        for other in others:
            inside = below(other.path_bytes, separator)
            where += " AND NOT (path >= ? AND path < ?)"
            bounds.extend(inside)
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM folders WHERE id = ?", (folder.id,))
            cursor = connection.execute(
                f"UPDATE locations SET state = ? WHERE {where}", [LocationState.REMOVED.value, *bounds]
            )
            return cursor.rowcount

    def skipped(self, folder: Folder, *, separator: bytes = FolderSource.separator) -> list[SkippedFile]:
        """The files of a folder that claim to be photos and cannot be shown, with their reasons."""
        return self.catalogue.skipped(folder.source, folder.path_bytes, separator)

    # Photos

    def count(self) -> int:
        """How many photos lie somewhere at present."""
        return self.catalogue.count()

    def count_in(self, folder: Folder, *, separator: bytes = FolderSource.separator) -> int:
        """How many photos lie in one folder of the gallery at present."""
        return self.catalogue.count_in(folder.source, folder.path_bytes, separator)

    def photos(self, ids: Sequence[int]) -> list[Photo]:
        """The photos with these ids, in the same order; unknown ids are left out."""
        return self.catalogue.photos(ids)

    def locations(self, photo_id: int) -> list[Location]:
        """Everywhere a photo lies or lay, present places first."""
        return self.catalogue.locations(photo_id)

    def local_file(self, photo_id: int) -> Path | None:
        """A file of this computer that holds the photo: in a folder, or the original fetched from a phone.
        None where only its preview is here, or nothing.
        """
        found = self.photos([photo_id])
        if not found:
            return None
        for location in self.locations(photo_id):
            if location.source == FOLDER_SOURCE and location.state is LocationState.PRESENT:
                return location.path
        return phone_original(self.database, self.directory, found[0].content_hash)

    def phone_files(self, photo_id: int) -> list[PhoneFile]:
        """Where a photo lies on phones at present."""
        return files_of_photo(self.database, photo_id)

    def phones(self) -> list[PhoneSummary]:
        """Every phone that was ever synced, with what is here of it."""
        return summaries(self.database)

    @property
    def phone_directory(self) -> Path:
        """Where what comes from phones lies."""
        return self.directory / PHONE_DIRECTORY

    def albums(self) -> list[Album]:
        """The directories that hold photos at present, by name."""
        return self.catalogue.albums()

    def thumbnail(self, photo_id: int) -> NDArray[np.uint8]:
        """A photo's (H, W, 3) uint8 RGB thumbnail, made anew where the cached one is not whole.

        Raises
        ------
        DecodeError
            If there is none and the photo lies nowhere on this computer.
        """
        return thumbnail_pixels(self.thumbnail_jpeg(photo_id))

    def thumbnail_jpeg(self, photo_id: int) -> bytes:
        """The same as the bytes of a JPEG file.

        Raises
        ------
        DecodeError
        """
        found = self.photos([photo_id])
        if not found:
            raise DecodeError(f"There is no photo {photo_id} in the gallery.")
        cached = self.thumbnails.load(found[0].content_hash)
        return self._make_thumbnail(found[0]) if cached is None else cached

    def _make_thumbnail(self, photo: Photo) -> bytes:
        for location in self.locations(photo.id):
            if is_phone(location.source):
                data = phone_picture(self.database, self.directory, photo.id, photo.content_hash)
                return self.thumbnails.store(
                    photo.content_hash, decode_bytes(data, min_side=THUMBNAIL_SIDE).image
                )
            if location.source != FOLDER_SOURCE:
                continue
            try:
                with location.path.open("rb") as file:
                    data = file.read(MAX_FILE_BYTES + 1)
            except OSError:
                continue
            # The file may have been edited since: then it is another photo's picture.
            if content_digest(data).hex() == photo.content_hash:
                image = decode_bytes(data, min_side=THUMBNAIL_SIDE).image
                return self.thumbnails.store(photo.content_hash, image)
        raise DecodeError("The photo is not on this computer at present.", permanent=False)

    # Searching

    def search(
        self,
        model_id: str,
        vector: NDArray[np.float32],
        k: int = 50,
        *,
        filter: SearchFilter | None = None,
    ) -> list[Hit]:
        """The photos most like a vector of the same model, best first, each once.

        Parameters
        ----------
        vector
            (d,) float32, d the model's dimension; its length does not matter.
        k
            At most so many.
        filter
            Which photos may be found; those that lie nowhere at present are left out unless it says so.

        Raises
        ------
        VectorError
            If the vector has another dimension or is not finite.
        """
        model = self._model(model_id)
        if model is None:
            return []
        query = unit_query(vector, model_id, model.dimension)
        model.refresh()
        only, without = self._choice(filter or _EVERYTHING)
        ids, scores = model.index.search(query, k, only=only, without=without)
        return [Hit(int(i), float(s)) for i, s in zip(ids, scores, strict=True)]

    def _choice(self, chosen: SearchFilter) -> tuple[NDArray[np.int64] | None, NDArray[np.int64] | None]:
        """The ids a search is limited to, and those it leaves out; remembered until the gallery changes."""
        if chosen.include_missing and not chosen.narrows:
            return None, None
        with self._choices_lock:
            changes = self.database.changes()
            if changes != self._choices_at:
                self._choices.clear()
                self._choices_at = changes
            ids = self._choices.get(chosen)
            if ids is None:
                ids = self.catalogue.allowed_ids(chosen) if chosen.narrows else self.catalogue.hidden_ids()
                self._choices[chosen] = ids
        return (ids, None) if chosen.narrows else (None, ids)


def writer_lock(directory: Path, *, wait: float, cancelled: Callable[[], bool] | None = None) -> WriterLock:
    """The right to write to a gallery, waited for up to ``wait`` seconds or until ``cancelled`` says so.

    Raises
    ------
    GalleryBusyError, GalleryError
    """
    deadline = time.monotonic() + wait
    while True:
        try:
            return WriterLock(directory / LOCK_NAME)
        except GalleryBusyError:
            if time.monotonic() >= deadline or (cancelled is not None and cancelled()):
                raise
        time.sleep(_LOCK_POLL_S)
