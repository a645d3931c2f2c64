"""Safe decoding of untrusted photo files into small RGB arrays. Files are only ever read."""

import io
import math
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from index.errors import DecodeError
from index.formats import PILLOW_KEYS, SNIFF_BYTES, sniff

MAX_FILE_BYTES = 512 << 20
"""A larger file is refused: it is read into memory in one piece."""

_MOST_PIXELS = 256_000_000
_FEWEST_PIXELS = 16_000_000
_BYTES_PER_PIXEL = 12  # the decoder's buffer, one converted copy, and the codec's own (libheif: planes + RGB)
_MANY_PIXELS = 24_000_000  # such images are decoded one at a time, whatever the number of workers
_LONGEST_SIDE = 4096
_one_large_image = threading.Lock()

_EXIF_ORIENTATION, _EXIF_MAKE, _EXIF_IFD, _EXIF_TAKEN = 0x0112, 0x010F, 0x8769, 0x9003
_TRANSPOSE = {  # EXIF 2.32, tag 274
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class DecodedPhoto:
    """A decoded photo.

    Attributes
    ----------
    image
        (H, W, 3) uint8 RGB, upright, reduced as asked for.
    size
        (width, height) of the photo in full, upright.
    taken_at
        The camera's wall clock, no zone, or None.
    orientation
        EXIF orientation as found, 1 to 8.
    format
        A key of ``index.formats.PILLOW_KEYS``.
    has_camera
        Whether the file names the camera that took it.
    """

    image: NDArray[np.uint8]
    size: tuple[int, int]
    taken_at: datetime | None
    orientation: int
    format: str
    has_camera: bool


def pixel_cap() -> int:
    """The most pixels that may be decoded in full: one image takes a quarter of the memory at most."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf: assume a small machine
        memory = 4 << 30
    return max(_FEWEST_PIXELS, min(_MOST_PIXELS, memory // 4 // _BYTES_PER_PIXEL))


def decode_photo(path: Path, *, min_side: int | None = None, max_pixels: int | None = None) -> DecodedPhoto:
    """Decode one photo file.

    Parameters
    ----------
    path
        Opened for reading only.
    min_side
        Reduce the image until its shorter side has this many pixels (never enlarged); JPEGs are then
        decoded at a fraction of their size. None keeps every pixel.
    max_pixels
        Refuse to decode more pixels than this; :func:`pixel_cap` by default.

    Raises
    ------
    DecodeError
        With the reason, for anything that is not a whole photo of an allowed format.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise DecodeError(f"It cannot be read ({error.strerror}).", permanent=False) from error
    return decode_bytes(data, min_side=min_side, max_pixels=max_pixels)


def decode_bytes(data: bytes, *, min_side: int | None = None, max_pixels: int | None = None) -> DecodedPhoto:
    """Decode the bytes of a photo file; see :func:`decode_photo`."""
    if not data:
        raise DecodeError("The file is empty.")
    if len(data) > MAX_FILE_BYTES:
        raise DecodeError(f"The file is larger than {MAX_FILE_BYTES >> 20} MB.")
    name = sniff(data[:SNIFF_BYTES])
    if name is None:
        raise DecodeError("Its content is not a photo of a known format.")
    cap = pixel_cap() if max_pixels is None else max_pixels
    try:
        if name == "png":  # Pillow's decoder does not look at the checksums and would show the damage
            with _open(name, data) as image:
                image.verify()
        with _open(name, data) as image:
            return _decode(image, name, min_side, cap)
    except DecodeError:
        raise
    except MemoryError as error:
        raise DecodeError("There is not enough memory to decode it.", permanent=False) from error
    except Exception as error:  # a decoder may raise anything at a hostile file
        raise DecodeError(f"The {name.upper()} file is damaged or cut short ({_words(error)}).") from error


def thumbnail(path: Path, side: int) -> NDArray[np.uint8]:
    """A photo fitted into ``side`` x ``side`` pixels: (H, W, 3) uint8 RGB.

    Raises
    ------
    DecodeError
    """
    return fit(decode_photo(path, min_side=side).image, side)


def fit(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """An (H, W, 3) uint8 RGB image reduced to fit into ``side`` x ``side`` pixels, never enlarged."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0))


def _open(name: str, data: bytes) -> ImageFile.ImageFile:
    # The plug-in is called directly: Image.open would try other formats' parsers, and its guard against
    # bombs is a process-wide setting with one limit for every machine. Ours is checked in _decode.
    factory = _factory(PILLOW_KEYS[name])
    return factory(io.BytesIO(data), "")


def _factory(key: str) -> Callable[[Any, str], ImageFile.ImageFile]:
    if key not in Image.OPEN:
        if key == "HEIF":
            import pillow_heif

            pillow_heif.register_heif_opener()
        else:
            Image.init()
    if key not in Image.OPEN:
        raise DecodeError(f"This installation cannot decode {key} files.", permanent=False)
    return Image.OPEN[key][0]


def _decode(image: ImageFile.ImageFile, name: str, min_side: int | None, cap: int) -> DecodedPhoto:
    width, height = image.size
    if min(width, height) < 1:
        raise DecodeError("The picture has no pixels.")
    orientation, taken_at, has_camera = _exif(image)
    if min_side is not None and name == "jpeg":
        enough = min_side / min(width, height)
        image.draft("RGB", (math.ceil(width * enough), math.ceil(height * enough)))
    pixels = image.size[0] * image.size[1]
    # A progressive JPEG holds every coefficient even when a small picture is asked for.
    if pixels > cap or (name == "jpeg" and width * height > 4 * cap):
        raise DecodeError(
            f"The picture is too large: {width} x {height} pixels, at most {cap // 1_000_000} million "
            "fit this computer's memory."
        )
    if pixels > _MANY_PIXELS:
        with _one_large_image:
            small = _to_rgb(image, min_side)
    else:
        small = _to_rgb(image, min_side)
    # Some plug-ins (TIFF, HEIF) turn the picture themselves while loading and then say orientation 1.
    turns_itself = name in ("tiff", "heif")
    size = image.size if turns_itself else (width, height)
    left = _exif(image)[0] if turns_itself else orientation
    if left in _TRANSPOSE:
        small = small.transpose(_TRANSPOSE[left])
        size = size[::-1] if left >= 5 else size
    return DecodedPhoto(
        image=np.array(small, dtype=np.uint8),
        size=size,
        taken_at=taken_at,
        orientation=orientation,
        format=name,
        has_camera=has_camera,
    )


def _to_rgb(image: Image.Image, min_side: int | None) -> Image.Image:
    image.load()
    if image.mode.startswith("I") or image.mode == "F":
        image = _deep_grey(image)
    elif "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        coloured = image.convert("RGBA")
        image = Image.new("RGB", image.size, (255, 255, 255))
        image.paste(coloured, mask=coloured.getchannel("A"))
    elif image.mode != "RGB":
        image = image.convert("RGB")
    if min_side is None:
        return image
    scale = min(min_side / min(image.size), _LONGEST_SIDE / max(image.size))
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    # As sharp as BICUBIC when reducing, at two thirds of its cost.
    return image.resize(size, Image.Resampling.HAMMING, reducing_gap=2.0)


def _deep_grey(image: Image.Image) -> Image.Image:
    """16 and 32 bit and floating point grey to 8 bit RGB."""
    values = np.nan_to_num(np.asarray(image).astype(np.float32), posinf=0.0, neginf=0.0)
    if image.mode.startswith("I;16"):
        values = values / 257.0
    else:
        low, high = float(values.min()), float(values.max())
        values = (values - low) * (255.0 / (high - low)) if high > low else np.zeros_like(values)
    return Image.fromarray(values.clip(0, 255).astype(np.uint8), "L").convert("RGB")


def _exif(image: Image.Image) -> tuple[int, datetime | None, bool]:
    """Orientation, time and whether a camera is named; broken metadata never costs the picture."""
    try:
        exif = image.getexif()
        orientation = exif.get(_EXIF_ORIENTATION, 1)
        taken = exif.get_ifd(_EXIF_IFD).get(_EXIF_TAKEN)
        camera = exif.get(_EXIF_MAKE)
    except Exception:
        return 1, None, False
    valid = isinstance(orientation, int) and 1 <= orientation <= 8
    return orientation if valid else 1, _time(taken), bool(camera)


def _time(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        return datetime.strptime(text.strip("\0 ")[:19], "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None


def _words(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    text = "".join(c for c in text if c.isprintable())
    return text if len(text) <= 120 else text[:117] + "..."
