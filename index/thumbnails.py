"""The cache of small pictures, one JPEG a photo, that lets results show at once."""

import contextlib
import hashlib
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from index.decode import fit
from index.replacing import PART_SUFFIX, replace_file

THUMBNAIL_SIDE = 384
"""Pixels of a thumbnail's longer side: a tile of 170 logical pixels stays sharp on a screen of 2x."""

_QUALITY = 85
_SEAL = b"skthumb1"  # follows the JPEG, which ends by itself, with a digest: a flipped bit is noticed
_DIGEST_BYTES = 16


class ThumbnailCache:
    """Thumbnails by content hash. Everything in it can be lost: whatever is not whole counts as missing.

    Parameters
    ----------
    directory
        Made when the first thumbnail is stored.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def path(self, content_hash: str) -> Path:
        """Where the thumbnail of a photo lies, if it was made."""
        return self._directory / content_hash[:2] / f"{content_hash}.jpg"

    def store(self, content_hash: str, image: NDArray[np.uint8]) -> bytes:
        """Make and keep the thumbnail of an (H, W, 3) uint8 RGB image, and return it as a JPEG's bytes.

        A disk that takes no more files costs the cache, not the photo.
        """
        small = fit(image, THUMBNAIL_SIDE)
        buffer = io.BytesIO()
        Image.fromarray(small).save(buffer, "JPEG", quality=_QUALITY)
        jpeg = buffer.getvalue()
        path = self.path(content_hash)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, [jpeg, _SEAL, _digest(jpeg)], durable=False)
        return jpeg

    def load(self, content_hash: str) -> bytes | None:
        """The thumbnail as the bytes of a JPEG file, or None when it is missing or damaged."""
        try:
            data = self.path(content_hash).read_bytes()
        except OSError:
            return None
        end = len(data) - _DIGEST_BYTES - len(_SEAL)
        jpeg = data[: max(end, 0)]
        return jpeg if end > 0 and data[end:] == _SEAL + _digest(jpeg) else None

    def has(self, content_hash: str) -> bool:
        """Whether a thumbnail file lies there (not whether it is whole)."""
        return self.path(content_hash).exists()

    def remove(self, content_hash: str) -> None:
        """Forget the thumbnail of what is no photo any more."""
        with contextlib.suppress(OSError):
            self.path(content_hash).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Delete what a killed process left half written."""
        for part in self._directory.glob(f"*/*{PART_SUFFIX}"):
            with contextlib.suppress(OSError):
                part.unlink()


def thumbnail_pixels(jpeg: bytes) -> NDArray[np.uint8]:
    """The (H, W, 3) uint8 RGB pixels of a thumbnail."""
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
        return np.array(image.convert("RGB"), dtype=np.uint8)


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()
