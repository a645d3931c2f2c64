"""What has come from a phone made searchable: decoded in threads, embedded and committed in batches. Only the
thread that calls `Intake` calls the encoder and writes.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.catalogue import Catalogue
from index.checked_encoder import CheckedEncoder
from index.decode import MAX_FILE_BYTES, DecodedPhoto, decode_bytes
from index.errors import DecodeError, EncoderError
from index.gallery import Gallery, content_digest
from index.model_vectors import pack
from index.phone_files import FileState, PhoneFile, put_state
from index.phone_photos import Settled, preview_digest, settle_original, settle_preview, settle_refused
from index.writer_slices import WriterSlices
from sketch_app.phone.previews import made_preview, shown_preview
from sketch_app.phone.reader import FoundPreview

BATCH = 8
"""Pictures a call of the encoder, and a commit."""

_SETTLED_BATCH = 64
_PLAIN = 127  # grey of the picture that shows whether an encoder that failed still works

_Vector = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A file looked at: what is to be embedded, and what is to be written then."""

    file: PhoneFile
    settle: Callable[[sqlite3.Connection, _Vector | None], Settled]
    image: NDArray[np.uint8] | None = None


@dataclass(slots=True)
class Taken:
    """How much was taken in."""

    previews: int = 0
    originals: int = 0
    bare: int = 0
    refused: int = 0


class Intake:
    """Takes in previews and originals; a context manager.

    Parameters
    ----------
    gallery, slices
        The gallery, and the right to write to it.
    encoder
        The photo encoder.
    decoders
        Decoding threads.
    image_side
        Pixels of the shorter side the encoder is given.
    max_pixels
        See `index.decode.decode_photo`.
    """

    def __init__(
        self,
        gallery: Gallery,
        slices: WriterSlices,
        encoder: CheckedEncoder,
        *,
        decoders: int,
        image_side: int,
        max_pixels: int | None,
    ) -> None:
        self._gallery = gallery
        self._slices = slices
        self._encoder = encoder
        self._image_side = image_side
        self._max_pixels = max_pixels
        self._ahead = decoders * 2 + BATCH
        self._pool = ThreadPoolExecutor(decoders, thread_name_prefix="phone-decode")
        self._waiting: deque[Future[_Ready]] = deque()
        self._pictures: list[_Ready] = []
        self._settled: list[_Ready] = []
        self.taken = Taken()
        self._row = self._register()

    def __enter__(self) -> Intake:
        return self

    def __exit__(self, *_: object) -> None:
        for future in self._waiting:
            future.cancel()
        self._pool.shutdown()

    def preview(self, file: PhoneFile, found: FoundPreview) -> None:
        """Take in what the phone shows of a photo."""
        self._submit(lambda: self._look_at_preview(file, found))

    def original(self, file: PhoneFile, content: bytes, path: Path) -> None:
        """Take in an original that is kept at `path`."""
        self._submit(lambda: self._look_at_original(file, content, path))

    def passing(self, file: PhoneFile, content: bytes, path: Path) -> None:
        """Take in a preview made from an original that is not to stay; the file at `path` is deleted."""
        self._submit(lambda: self._look_at_passing(file, content, path))

    def refuse(self, file: PhoneFile, reason: str) -> None:
        """Record that a file cannot be shown."""
        self._sort(self._refused(file, reason))

    def flush(self) -> None:
        """Finish everything that was taken in.

        Raises
        ------
        EncoderError, GalleryError
        """
        while self._waiting:
            self._sort(self._waiting.popleft().result())
        self._commit()

    def _submit(self, look: Callable[[], _Ready]) -> None:
        self._waiting.append(self._pool.submit(look))
        # What is ready is committed; what is not is waited for only where memory would grow.
        while self._waiting and (self._waiting[0].done() or len(self._waiting) > self._ahead):
            self._sort(self._waiting.popleft().result())

    def _sort(self, ready: _Ready) -> None:
        (self._settled if ready.image is None else self._pictures).append(ready)
        if len(self._pictures) >= BATCH or len(self._settled) >= _SETTLED_BATCH:
            self._commit()

    # In the decoding threads

    def _look_at_preview(self, file: PhoneFile, found: FoundPreview) -> _Ready:
        try:
            if found.is_whole and len(found.image) == file.size:
                digest = content_digest(found.image)
                jpeg, photo = made_preview(found.image, max_pixels=self._max_pixels)
            else:
                jpeg, photo = shown_preview(found.image, file, min_side=self._image_side)
                digest = preview_digest(file.size, jpeg)
        except DecodeError:
            return self._bare(file)
        return self._with_preview(file, digest, photo, jpeg)

    def _look_at_passing(self, file: PhoneFile, content: bytes, path: Path) -> _Ready:
        try:
            data = _read(path)
            jpeg, photo = made_preview(data, max_pixels=self._max_pixels)
        except DecodeError as error:
            return self._refused(file, error.reason)
        finally:
            with contextlib.suppress(OSError):
                path.unlink()
        return self._with_preview(file, content, photo, jpeg)

    def _with_preview(self, file: PhoneFile, digest: bytes, photo: DecodedPhoto, jpeg: bytes) -> _Ready:
        if not self._gallery.thumbnails.has(digest.hex()):
            self._gallery.thumbnails.store(digest.hex(), photo.image)

        def settle(connection: sqlite3.Connection, vector: _Vector | None) -> Settled:
            assert vector is not None
            settled = settle_preview(connection, file, digest, photo, jpeg, vector)
            self.taken.previews += settled.done
            return settled

        return _Ready(file, settle, photo.image)

    def _look_at_original(self, file: PhoneFile, content: bytes, path: Path) -> _Ready:
        known = self._gallery.catalogue.photo_by_hash(content, self._row)
        photo: DecodedPhoto | None = None
        if known is None or not known[1]:
            try:
                data = _read(path)
                if content_digest(data) != content:
                    raise DecodeError("It was changed in the gallery's own folder.", permanent=False)
                photo = decode_bytes(data, min_side=self._image_side, max_pixels=self._max_pixels)
            except DecodeError as error:
                return self._refused(file, error.reason)
            if not self._gallery.thumbnails.has(content.hex()):
                self._gallery.thumbnails.store(content.hex(), photo.image)

        def settle(connection: sqlite3.Connection, vector: _Vector | None) -> Settled:
            settled = settle_original(connection, file, content, photo, vector)
            self.taken.originals += settled.done
            return settled

        return _Ready(file, settle, None if photo is None else photo.image)

    def _refused(self, file: PhoneFile, reason: str) -> _Ready:
        def settle(connection: sqlite3.Connection, _: _Vector | None) -> Settled:
            self.taken.refused += 1
            settle_refused(connection, file, reason)
            return Settled(True)

        return _Ready(file, settle)

    def _bare(self, file: PhoneFile) -> _Ready:
        def settle(connection: sqlite3.Connection, _: _Vector | None) -> Settled:
            self.taken.bare += 1
            put_state(connection, [file.id], FileState.BARE)
            return Settled(True)

        return _Ready(file, settle)

    # In the caller's thread

    def _register(self) -> int:
        name, dimension = self._encoder.model_id, self._encoder.dimension
        known = self._gallery.catalogue.model(name)
        if known is not None and known[1] == dimension:
            return known[0]
        with self._slices.database() as database:
            return Catalogue(database).register_model(name, dimension)

    def _commit(self) -> None:
        """Embed a batch and make it durable and searchable at once."""
        if not self._pictures and not self._settled:
            return
        images = [one.image for one in self._pictures if one.image is not None]
        vectors = self._encoded(images) if images else []
        settled: list[Settled] = []
        with self._slices.database() as database, database.transaction() as connection:
            for one, vector in zip(self._pictures, vectors, strict=True):
                if vector is None:
                    refused = self._refused(one.file, "The photo encoder cannot take it.")
                    settled.append(refused.settle(connection, None))
                else:
                    settled.append(one.settle(connection, (self._row, pack(vector))))
            settled += [one.settle(connection, None) for one in self._settled]
        for one_settled in settled:
            if one_settled.stale is not None:
                self._gallery.thumbnails.remove(one_settled.stale.hex())
        self._pictures.clear()
        self._settled.clear()

    def _encoded(self, images: list[NDArray[np.uint8]]) -> list[NDArray[np.float32] | None]:
        """One vector an image; None for one that the encoder cannot take, which must not stop the others.

        Raises
        ------
        EncoderError
            If it cannot take anything.
        """
        try:
            return list(self._encoder(images))
        except EncoderError as failure:
            vectors: list[NDArray[np.float32] | None] = []
            for image in images:
                try:
                    vectors.append(self._encoder([image])[0])
                except EncoderError:
                    vectors.append(None)
            if all(vector is None for vector in vectors):
                self._refuse_broken(failure)
            return vectors

    def _refuse_broken(self, failure: EncoderError) -> None:
        """Is it the photos, or the encoder?"""
        try:
            self._encoder([np.full((self._image_side, self._image_side, 3), _PLAIN, np.uint8)])
        except EncoderError:
            raise failure from None


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise DecodeError(f"The file is larger than {MAX_FILE_BYTES >> 20} MB.")
        return path.read_bytes()
    except OSError as error:
        raise DecodeError(f"It cannot be read ({error.strerror}).", permanent=False) from error
