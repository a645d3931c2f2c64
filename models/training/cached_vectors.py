"""The vectors of photos that do not change while something learns to land beside them: computed once, kept by
the photos' content and the model's id.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from models.training.dataset import Archive, DatasetError, Picture
from models.training.keeping import replace_file

if TYPE_CHECKING:
    from models.photo_embedder import Dinov2Embedder

_KEEP_EVERY = 1024
"""Photos that a killed run loses at most."""


def photo_vectors(
    files: Archive,
    photos: Sequence[Picture],
    embedder: Dinov2Embedder,
    folder: Path,
    progress: Callable[[int, int], None],
) -> NDArray[np.float32]:
    """(photos, dimension) float32, each row of length 1, in the order of `photos`.

    Parameters
    ----------
    folder : Path
        Where they are kept, a file for each model.

    Raises
    ------
    DatasetError
        A photo cannot be read.
    models.training.errors.TrainingError
        They cannot be kept.
    """
    path = folder / f"vectors-{re.sub('[^A-Za-z0-9]+', '-', embedder.model_id)}.npz"
    known = _kept(path, embedder.dimension)
    keys: list[str] = []
    waiting: dict[str, NDArray[np.uint8]] = {}
    since = 0

    def embed() -> None:
        if waiting:
            rows = embedder.encode_photos(list(waiting.values()))
            known.update(zip(waiting, rows, strict=True))
            waiting.clear()

    for done, photo in enumerate(photos, 1):
        data = files.read(photo.name)
        keys.append(hashlib.sha256(data).hexdigest())
        if keys[-1] not in known and keys[-1] not in waiting:
            waiting[keys[-1]] = _picture(data, photo.name)
            since += 1
        if len(waiting) == 32:
            embed()
            progress(done, len(photos))
        if since >= _KEEP_EVERY and not waiting:
            _keep(path, known)
            since = 0
    embed()
    if since:
        _keep(path, known)
    progress(len(photos), len(photos))
    if not keys:
        return np.zeros((0, embedder.dimension), np.float32)
    return np.stack([known[key] for key in keys])


def _picture(data: bytes, name: str) -> NDArray[np.uint8]:
    try:
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))  # upright, as the gallery's are
    except OSError as error:
        raise DatasetError(f"{name} is no picture that can be read: {error}.") from error


def _kept(path: Path, dimension: int) -> dict[str, NDArray[np.float32]]:
    try:
        with np.load(path, allow_pickle=False) as saved:
            keys, rows = saved["keys"].tolist(), saved["rows"]
    except (
        OSError,
        ValueError,
        KeyError,
        EOFError,
        zipfile.BadZipFile,
    ):  # none, or a damaged one: computed again
        return {}
    return dict(zip(keys, rows, strict=True)) if rows.shape[1:] == (dimension,) else {}


def _keep(path: Path, known: dict[str, NDArray[np.float32]]) -> None:
    def write(part: Path) -> None:
        with part.open("wb") as file:  # savez would add a suffix to a name
            np.savez(file, keys=np.array(list(known)), rows=np.stack(list(known.values())))

    replace_file(path, write)
