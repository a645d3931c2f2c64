"""Digests of files, read in pieces, and a look at what kind of file something is without opening it as
one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from models.errors import RefusedFileError

CHUNK = 1 << 20
_LONGEST_HEADER = 100_000_000  # what the safetensors format allows for its JSON header


class Digest:
    r"""SHA-256 of what passes through and, where the length is known, git's own hash of the same bytes.

    git's is the SHA-1 of ``blob <length>\0`` and the content; the hub gives it for small files.
    """

    def __init__(self, size: int | None = None) -> None:
        self._sha256 = hashlib.sha256()
        self._blob = hashlib.sha1(usedforsecurity=False) if size is not None else None
        if self._blob is not None:
            self._blob.update(f"blob {size}\0".encode())

    def update(self, data: bytes) -> None:
        """Take the next bytes in."""
        self._sha256.update(data)
        if self._blob is not None:
            self._blob.update(data)

    @property
    def sha256(self) -> str:
        """Of all bytes so far, in hexadecimal."""
        return self._sha256.hexdigest()

    @property
    def git_blob(self) -> str | None:
        """As git names it, in hexadecimal; None where no length was given."""
        return self._blob.hexdigest() if self._blob is not None else None


def read_into(
    digest: Digest, path: Path, *, on_bytes: Callable[[int], None] | None = None, limit: int | None = None
) -> None:
    """Pass a file, or its first `limit` bytes, through a digest; `on_bytes` hears how many came each time."""
    left = limit
    with path.open("rb") as stream:
        while data := stream.read(CHUNK if left is None else min(CHUNK, left)):
            digest.update(data)
            if left is not None:
                left -= len(data)
            if on_bytes is not None:
                on_bytes(len(data))


def sha256_of(path: Path, *, on_bytes: Callable[[int], None] | None = None) -> str:
    """SHA-256 of a file in hexadecimal.

    Raises
    ------
    OSError
        It cannot be read.
    """
    digest = Digest()
    read_into(digest, path, on_bytes=on_bytes)
    return digest.sha256


def check_kind(path: Path, name: str) -> None:
    """Refuse a file that is not what its name says: an error page of a web server, a torn or swapped file.

    Nothing is unpickled; of a pickle only the first bytes are read.

    Parameters
    ----------
    path
        The file to look at.
    name
        The name that it is to have, which says the kind.

    Raises
    ------
    RefusedFileError
        It is of another kind.
    """
    suffix = Path(name).suffix
    if suffix == ".safetensors":
        _check_safetensors(path, name)
    elif suffix == ".json":
        try:
            json.loads(path.read_bytes())
        except ValueError as error:
            raise RefusedFileError(
                f"{name} was refused: it is no JSON. Get it from its home again."
            ) from error
    elif suffix == ".pkl":
        with path.open("rb") as stream:
            start = stream.read(4)
        if not (start == b"PK\x03\x04" or start[:1] == b"\x80"):
            raise RefusedFileError(
                f"{name} was refused: it is no checkpoint of PyTorch. Get it from its home again."
            )


def safetensors_metadata(path: Path) -> dict[str, str]:
    """What the header of a safetensors file says besides its tensors; no library of weights is loaded for it.

    Raises
    ------
    RefusedFileError
        It is no whole safetensors file.
    OSError
        It cannot be read.
    """
    return _check_safetensors(path, str(path))


def _check_safetensors(path: Path, name: str) -> dict[str, str]:
    """The header must be readable and its last tensor must end where the file ends; returns its metadata."""
    size = path.stat().st_size
    try:
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if not 2 <= length <= min(_LONGEST_HEADER, size - 8):
                raise ValueError("its header has no sensible length")
            header = json.loads(stream.read(length))
        ends = [tensor["data_offsets"][1] for key, tensor in header.items() if key != "__metadata__"]
        if 8 + length + max(ends, default=0) != size:
            raise ValueError("it is shorter or longer than its header says")
        return dict(header.get("__metadata__", {}))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise RefusedFileError(
            f"{name} was refused: it is no whole safetensors file ({error}). Get it from its home again."
        ) from error
