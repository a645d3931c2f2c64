"""One file on its way into the gallery: read once, hashed, decoded, its thumbnail made. Thread-safe."""

from dataclasses import dataclass
from typing import BinaryIO

from index.catalogue import Catalogue
from index.decode import MAX_FILE_BYTES, DecodedPhoto, decode_bytes
from index.errors import DecodeError
from index.formats import SNIFF_BYTES, claims_to_be_photo, sniff
from index.gallery import content_digest
from index.scan import FileEntry, PhotoSource
from index.thumbnails import ThumbnailCache


@dataclass(frozen=True, slots=True)
class Task:
    """A file to look into, and what its directory and the gallery say about it."""

    entry: FileEntry
    directory: bytes
    device: str
    previous_photo: int | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was found in a file. Exactly one of ``photo_id``, ``decoded`` and ``error`` is set.

    Attributes
    ----------
    size, mtime_ns
        Of the opened file, so that what is recorded is what was read.
    photo_id
        The photo it is a copy of, which needs nothing more.
    decoded
        The picture, still without a vector.
    error
        Why it is not shown.
    """

    task: Task
    size: int
    mtime_ns: int
    digest: bytes = b""
    photo_id: int | None = None
    decoded: DecodedPhoto | None = None
    error: DecodeError | None = None


@dataclass(frozen=True, slots=True)
class Preparing:
    """What the decoding threads share."""

    source: PhotoSource
    catalogue: Catalogue
    thumbnails: ThumbnailCache
    model: int
    image_side: int
    max_pixels: int | None

    def __call__(self, task: Task) -> Prepared:
        """Look into one file; every failure becomes a reason."""
        try:
            opened = self.source.open(task.entry)
        except DecodeError as error:
            return self._refused(task, task.entry.size, task.entry.mtime_ns, error)
        with opened.stream as stream:
            try:
                data = _read(stream, opened.size, task.entry.path)
                if len(data) != opened.size:
                    raise DecodeError("It is still being written.", permanent=False)
                digest = content_digest(data)
                known = self.catalogue.photo_by_hash(digest, self.model)
                if known is not None and known[1]:
                    return Prepared(task, opened.size, opened.mtime_ns, digest, photo_id=known[0])
                decoded = decode_bytes(data, min_side=self.image_side, max_pixels=self.max_pixels)
            except OSError as error:
                reason = DecodeError(f"It cannot be read ({error.strerror}).", permanent=False)
                return self._refused(task, opened.size, opened.mtime_ns, reason)
            except DecodeError as error:
                return self._refused(task, opened.size, opened.mtime_ns, error)
        if not self.thumbnails.has(digest.hex()):
            self.thumbnails.store(digest.hex(), decoded.image)
        return Prepared(task, opened.size, opened.mtime_ns, digest, decoded=decoded)

    @staticmethod
    def _refused(task: Task, size: int, mtime_ns: int, error: DecodeError) -> Prepared:
        # The exception's traceback would keep the whole file in memory.
        plain = DecodeError(error.reason, permanent=error.permanent, is_photo=error.is_photo)
        return Prepared(task, size, mtime_ns, error=plain)


def _read(stream: BinaryIO, size: int, path: bytes) -> bytes:
    """The bytes of a photo file, one more where it has grown; of anything else no more than its beginning
    is read.
    """
    claimed = claims_to_be_photo(path)
    head = stream.read(SNIFF_BYTES)
    if not head:
        raise DecodeError("The file is empty.", is_photo=claimed)
    if sniff(head) is None:
        raise DecodeError("Its content is not a photo of a known format.", is_photo=claimed)
    if size > MAX_FILE_BYTES:
        raise DecodeError(f"The file is larger than {MAX_FILE_BYTES >> 20} MB.")
    # In one piece and of the expected length: joining two, or asking for the most there could be, costs as
    # much as hashing them.
    stream.seek(0)
    return stream.read(size + 1)
