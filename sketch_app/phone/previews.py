"""The small picture that stands for a photo until its original is here: as the phone keeps it, or made from
the photo's bytes where the phone has none.
"""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime

from PIL import Image

from index.decode import DecodedPhoto, decode_bytes, fit
from index.formats import SNIFF_BYTES, sniff
from index.phone_files import PhoneFile

PREVIEW_SIDE = 512
"""Pixels of the longer side of a preview that is made here, about what phones put into their photos' EXIF."""

LARGEST_PREVIEW = 128 << 10
"""Bytes; a larger picture is made smaller before the database keeps it."""

_QUALITY = 85
_CAMERA_FOLDER = b"/dcim/"  # of the Design rule for Camera File system
_FORMATS = {b"jpg": "jpeg", b"heic": "heif", b"heif": "heif", b"hif": "heif", b"tif": "tiff"}
_SAME_NAMES = (b"png", b"webp", b"avif", b"gif", b"bmp", b"tiff")


def shown_preview(image: bytes, file: PhoneFile, *, min_side: int) -> tuple[bytes, DecodedPhoto]:
    """A phone's preview as the gallery keeps it, and as the models see it.

    Returns
    -------
    tuple
        A JPEG, and the same decoded, with what the phone says of the photo itself; the size is the preview's.

    Raises
    ------
    index.errors.DecodeError
        If it is not a picture.
    """
    photo = decode_bytes(image, min_side=min_side)
    if sniff(image[:SNIFF_BYTES]) != "jpeg" or len(image) > LARGEST_PREVIEW:
        image = _as_jpeg(decode_bytes(image, min_side=PREVIEW_SIDE))
    told = replace(
        photo,
        taken_at=photo.taken_at or _clock(file.taken_ms),
        format=_format_of(file.path),
        has_camera=photo.has_camera or _CAMERA_FOLDER in file.path.lower(),
    )
    return image, told


def made_preview(data: bytes, *, max_pixels: int | None = None) -> tuple[bytes, DecodedPhoto]:
    """A preview made from a photo's bytes, and the photo as decoded.

    Raises
    ------
    index.errors.DecodeError
        If it cannot be shown.
    """
    photo = decode_bytes(data, min_side=PREVIEW_SIDE, max_pixels=max_pixels)
    return _as_jpeg(photo), photo


def _as_jpeg(photo: DecodedPhoto) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(fit(photo.image, PREVIEW_SIDE)).save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def _clock(taken_ms: int | None) -> datetime | None:
    """What a clock showed at a moment, in this computer's zone: most people's phones are in the same."""
    if taken_ms is None or taken_ms <= 0:
        return None
    try:
        return datetime.fromtimestamp(taken_ms // 1000)
    except (ValueError, OverflowError, OSError):
        return None


def _format_of(path: bytes) -> str:
    suffix = path.rsplit(b".", 1)[-1].lower()
    if suffix in _SAME_NAMES:
        return suffix.decode()
    return _FORMATS.get(suffix, "jpeg")
