"""A photo of the gallery read again from where it lies, for a model that has not seen it yet. Files that are
new to the gallery are :mod:`index.preparing`'s.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index import model_rows
from index.decode import decode_bytes
from index.errors import DecodeError
from index.gallery import Gallery, content_digest
from index.phone_files import is_phone
from index.phone_photos import phone_picture
from index.records import FOLDER_SOURCE, Location, LocationState
from index.scan import FileEntry, FolderSource, PhotoSource


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found where a photo lies.

    Attributes
    ----------
    image
        (H, W, 3) uint8 RGB, or None.
    reason
        Why there is no image, as a sentence.
    places
        Digest of what lay at its places before they were read; empty where the same files may be readable
        the next time.
    content_hash
        Of the photo that the image was made from: a preview's photo becomes another when its original comes.
    """

    photo_id: int
    image: NDArray[np.uint8] | None = None
    reason: str = ""
    places: str = ""
    content_hash: str = ""


class Rereading:
    """From a photo's id to its picture. Thread-safe.

    Parameters
    ----------
    gallery, model_id
        Photos that have a vector of this model are passed over.
    image_side, max_pixels
        See :func:`index.decode.decode_photo`.
    sources
        Where what does not lie on this computer can be read.
    """

    def __init__(
        self,
        gallery: Gallery,
        model_id: str,
        *,
        image_side: int,
        max_pixels: int | None,
        sources: Sequence[PhotoSource],
    ) -> None:
        self._gallery = gallery
        self._model_id = model_id
        self._image_side = image_side
        self._max_pixels = max_pixels
        self._sources: dict[str, PhotoSource] = {source.name: source for source in sources}
        self._sources.setdefault(FOLDER_SOURCE, FolderSource(gallery.directory))

    def __call__(self, photo_id: int) -> Looked | None:
        """Look at a photo, one copy after the other; every failure becomes a reason.

        None: nothing is to be done for it any more.
        """
        catalogue = self._gallery.catalogue
        model = catalogue.model(self._model_id)
        places = self.places(photo_id)
        photos = catalogue.photos([photo_id])
        if not places or not photos or model is None:
            return None
        if model_rows.has_vector(self._gallery.database, model[0], photo_id):
            return None
        digest = places_digest(places)  # before reading: what changes meanwhile is tried again
        reasons: list[str] = []
        lasting = True
        for place in places:
            try:
                image = self._picture(photo_id, place, photos[0].content_hash)
                return Looked(photo_id, image, content_hash=photos[0].content_hash)
            except DecodeError as error:
                reasons.append(error.reason)  # not the error, whose traceback keeps the file in memory
                lasting = lasting and error.permanent
        return Looked(photo_id, reason=reasons[0], places=digest if lasting else "")

    def places(self, photo_id: int) -> list[Location]:
        """Where a photo lies at present."""
        found = self._gallery.locations(photo_id)
        return [place for place in found if place.state is LocationState.PRESENT]

    def _picture(self, photo_id: int, place: Location, content_hash: str) -> NDArray[np.uint8]:
        source = self._sources.get(place.source)
        if source is None and is_phone(place.source):
            data = phone_picture(self._gallery.database, self._gallery.directory, photo_id, content_hash)
            return decode_bytes(data, min_side=self._image_side, max_pixels=self._max_pixels).image
        if source is None:
            raise DecodeError("What it lies on is not connected.", permanent=False)
        opened = source.open(FileEntry(place.path_bytes, place.size, place.mtime_ns))
        with opened.stream as stream:
            if opened.size != place.size:  # another content for certain, and perhaps a huge one
                raise _changed()
            try:
                data = stream.read(opened.size + 1)
            except OSError as error:
                raise DecodeError(f"It cannot be read ({error.strerror}).", permanent=False) from error
        if content_digest(data).hex() != content_hash:
            raise _changed()
        return decode_bytes(data, min_side=self._image_side, max_pixels=self._max_pixels).image


def _changed() -> DecodeError:
    return DecodeError("The file has changed since it was added: bring its folder up to date.")


def places_digest(places: Sequence[Location]) -> str:
    """A digest of what lies at some places now: names, sizes and modification times; never empty."""
    seen: list[tuple[str, bytes, int, int]] = []
    for place in places:
        size, mtime_ns = place.size, place.mtime_ns
        if place.source == FOLDER_SOURCE:
            try:
                found = os.stat(place.path_bytes)  # noqa: PTH116 - bytes
                size, mtime_ns = found.st_size, found.st_mtime_ns
            except OSError:
                size = mtime_ns = -1
        seen.append((place.source, place.path_bytes, size, mtime_ns))
    return hashlib.blake2b(repr(sorted(seen)).encode(), digest_size=16).hexdigest()
