"""The gallery as the rest of the program opens, searches and asks it. :mod:`index.indexer` fills it."""

import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from index.catalogue import Catalogue, below
from index.database import Database
from index.decode import MAX_FILE_BYTES, decode_bytes
from index.errors import DecodeError, FolderError, GalleryError, VectorError
from index.lock import WriterLock
from index.model_vectors import ModelVectors, unpack
from index.records import (
    FOLDER_SOURCE,
    Album,
    Folder,
    Hit,
    IndexStatus,
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

_EVERYTHING = SearchFilter()


def content_digest(data: bytes) -> bytes:
    """What makes a photo the same photo: the SHA-256 of its file's bytes (32 bytes).

    Processors have instructions for it: on a photo of 4 MB it took 2.2 ms where BLAKE2b took 4.5.
    """
    return hashlib.sha256(data).digest()


class Gallery:
    """A directory with a database, the vector indexes built from it, thumbnails and a lock file.

    Usable from any thread. One process at a time opens it for writing; any number read, and see what the
    writer has committed at their next call.
    """

    def __init__(self, directory: Path, *, write: bool) -> None:
        self.directory = directory
        self._lock: WriterLock | None = None
        if write:
            try:
                directory.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise GalleryError(
                    f"The gallery folder {directory} cannot be made ({error.strerror}): choose another one."
                ) from error
            self._lock = WriterLock(directory / LOCK_NAME)
        try:
            self.database = Database(directory / DATABASE_NAME, write=write)
        except BaseException:
            if self._lock is not None:
                self._lock.release()
            raise
        self.catalogue = Catalogue(self.database)
        self.thumbnails = ThumbnailCache(directory / THUMBNAILS_NAME)
        if write:
            sweep_parts(directory)
            self.thumbnails.sweep()
        self._models: dict[str, ModelVectors] = {}
        self._models_lock = threading.Lock()
        self._choices: dict[SearchFilter, NDArray[np.int64]] = {}
        self._choices_at = -1
        self._choices_lock = threading.Lock()

    @classmethod
    def open(cls, directory: Path, *, write: bool) -> "Gallery":
        """Open a gallery, made if ``write`` and not there yet.

        Raises
        ------
        GalleryBusyError
            If ``write`` and another process is writing.
        GalleryTooNewError, GalleryDamagedError, GalleryError
            If it cannot be used; each says why.
        """
        return cls(directory, write=write)

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
        query = _query(vector, model)
        model.refresh()
        only, without = self._choice(filter or _EVERYTHING)
        ids, scores = model.index.search(query, k, only=only, without=without)
        return [Hit(int(i), float(s)) for i, s in zip(ids, scores, strict=True)]

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

    def _model(self, model_id: str) -> ModelVectors | None:
        with self._models_lock:
            known = self._models.get(model_id)
            if known is None:
                row = self.catalogue.model(model_id)
                if row is None:
                    return None
                known = ModelVectors(self.database, self.directory, model_id, *row)
                self._models[model_id] = known
            return known

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


def _query(vector: NDArray[np.float32], model: ModelVectors) -> NDArray[np.float32]:
    query = np.asarray(vector, dtype=np.float32).reshape(-1)
    if query.shape != (model.dimension,):
        raise VectorError(
            f"The search vector has {query.size} numbers, the model {model.model_id} has {model.dimension}: "
            "vectors of different models cannot be compared."
        )
    length = float(np.linalg.norm(query))
    if not np.isfinite(length) or length == 0:
        raise VectorError("The search vector is not a direction (zero, infinite or not a number).")
    return query / np.float32(length)
