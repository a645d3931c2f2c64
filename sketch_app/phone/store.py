"""The originals from phones on this computer's disk: received into a part, kept whole under a name made from
content and date. What the phone calls a file is never part of a name here.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from index.errors import GalleryError
from index.formats import SNIFF_BYTES, sniff
from index.phone_files import PhoneFile
from index.phone_photos import PHONE_DIRECTORY, original_path
from index.replacing import PART_SUFFIX

REST_SUFFIX = ".rest"
"""Ends the name of a part whose fetching was interrupted in good order: every byte of it is on the disk."""

_SUFFIXES = {"jpeg": "jpg", "heif": "heic", "tiff": "tif"}
_OTHER_SUFFIX = "bin"
_PART_NAME = re.compile(r"([0-9]+)-([0-9]+)-(-?[0-9]+)")
_HASH_BLOCK = 1 << 20
_MOST_PIECES = 1024  # IOV_MAX of Linux and macOS
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Digest(Protocol):
    """A digest that is under way, such as those of `hashlib`."""

    def update(self, data: bytes | memoryview, /) -> None: ...  # noqa: D102
    def digest(self) -> bytes: ...  # noqa: D102


class DiskFullError(GalleryError):
    """The disk with the gallery has no room for what is to come."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A whole original: the SHA-256 of its bytes and its name below the folder of originals."""

    content: bytes
    name: str


class OriginalStore:
    """The folder of originals of one gallery.

    Parameters
    ----------
    gallery
        The gallery's folder.
    source
        Of the phone: another one's parts are none of its business.
    reserve
        Bytes to leave free on its disk.
    names
        The names of contents that are already there, such as those of another phone.
    digest
        Begins a digest of 32 bytes; another one than the gallery's SHA-256 is for measuring alone.
    """

    def __init__(
        self,
        gallery: Path,
        source: str,
        *,
        reserve: int,
        names: Mapping[bytes, str],
        digest: Callable[[], Digest] = hashlib.sha256,
    ) -> None:
        self.digest = digest
        self._gallery = gallery
        self._names = dict(names)
        self._naming = threading.Lock()
        whose = hashlib.sha256(source.encode()).hexdigest()[:12]
        self._parts = gallery / PHONE_DIRECTORY / "parts" / whose
        self._reserve = reserve

    def path(self, name: str) -> Path:
        """Where an original lies."""
        return original_path(self._gallery, name)

    def sweep(self, files: Iterable[PhoneFile]) -> None:
        """Delete what a killed process left half written, and parts of files that are no longer waited for.

        A part that was not closed in good order is not gone on with: after a power cut it may have its length
        and not its bytes.
        """
        waited = {_part_name(file) for file in files}
        with contextlib.suppress(OSError):
            for path in self._parts.iterdir():
                if path.suffix == REST_SUFFIX and path.stem in waited:
                    continue
                if _PART_NAME.fullmatch(path.stem):
                    path.unlink()

    def room_for(self, size: int) -> None:
        """Make sure that a file fits.

        Raises
        ------
        DiskFullError
        """
        free = shutil.disk_usage(self._gallery).free
        if free - size < self._reserve:
            raise _full(self._gallery, free)

    def part(self, file: PhoneFile) -> Part:
        """Begin to receive a file, or go on where that was interrupted.

        Raises
        ------
        DiskFullError
        """
        stem = self._parts / _part_name(file)
        try:
            self._make_folder(self._parts)
            return Part(self, stem, file)
        except OSError as error:
            raise self.sentence(error) from error

    def name_of(self, content: bytes, head: bytes, file: PhoneFile) -> str:
        """The name of an original: its time, a piece of its hash, and an ending by what it really is."""
        try:
            moment = datetime.fromtimestamp(file.newest / 1000)
            folder, stamp = f"{moment:%Y/%m}", f"{moment:%Y%m%d-%H%M%S}"
            if len(folder) != len("2000/01"):
                raise ValueError(folder)
        except (ValueError, OverflowError, OSError):
            folder, stamp = "0000/00", "undated"
        kind = sniff(head)
        suffix = _OTHER_SUFFIX if kind is None else _SUFFIXES.get(kind, kind)
        return f"{folder}/{stamp}-{content.hex()[:20]}.{suffix}"

    def keep(self, part: Path, content: bytes, head: bytes, file: PhoneFile) -> str:
        """Move a whole part to its place in one step; returns its name.

        Raises
        ------
        OSError
        """
        with self._naming:  # the same content may come twice at once, under other names and times
            name = self._names.setdefault(content, self.name_of(content, head, file))
        path = self.path(name)
        with contextlib.suppress(OverflowError, ValueError, OSError):  # a time that this disk cannot hold
            os.utime(part, (file.mtime, file.mtime))
        self._make_folder(path.parent)
        if path.exists() and _digest_of(path, self.digest()).digest() == content:
            part.unlink()  # another phone's copy, or this one fetched before the program was killed
        else:
            part.replace(path)
        return name

    def flush(self, names: Iterable[str]) -> None:
        """Wait until the disk holds originals, before the database says that they are here.

        Raises
        ------
        DiskFullError, GalleryError
        """
        folders: set[Path] = set()
        try:
            for name in names:
                path = self.path(name)
                descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
                folders.add(path.parent)
            if os.name == "posix":
                for folder in folders:
                    _flush_folder(folder)
        except OSError as error:
            raise self.sentence(error) from error

    def missing(self, names: Iterable[str]) -> set[str]:
        """Those originals whose files are not there."""
        root = self._gallery / PHONE_DIRECTORY / "originals"
        here: set[str] = set()
        for folder, _, files in os.walk(root):
            below = Path(folder).relative_to(root).as_posix()
            here.update(f"{below}/{name}" for name in files)
        return set(names) - here

    def sentence(self, error: OSError) -> GalleryError:
        """A failure of the disk as a sentence."""
        if error.errno in _FULL:
            return _full(self._gallery, 0)
        return GalleryError(
            f"The folder {self._gallery / PHONE_DIRECTORY} cannot be written ({error.strerror}): check its "
            "permissions and its disk."
        )

    def _make_folder(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self.sentence(error) from error


class Part:
    """A file on its way: appended to, hashed as it comes. Made by `OriginalStore.part`.

    Attributes
    ----------
    offset
        Bytes that are here.
    """

    def __init__(self, store: OriginalStore, stem: Path, file: PhoneFile) -> None:
        self._store = store
        self._file = file
        self._rest = stem.with_name(stem.name + REST_SUFFIX)
        self.path = stem.with_name(stem.name + PART_SUFFIX)
        with contextlib.suppress(FileNotFoundError):
            if self._rest.stat().st_size <= file.size:
                self._rest.replace(self.path)
        known = self.path.exists()
        self._hash = _digest_of(self.path, store.digest()) if known else store.digest()
        self.head = b""
        if known:
            with self.path.open("rb") as begun:
                self.head = begun.read(SNIFF_BYTES)
        self._stream = self.path.open("ab" if known else "wb", buffering=0)
        self.offset = self._stream.tell() if known else 0

    def write(self, pieces: Sequence[bytes | memoryview]) -> int:
        """Append; returns the number of bytes.

        Raises
        ------
        DiskFullError, GalleryError
        """
        for piece in pieces:
            if len(self.head) < SNIFF_BYTES:
                self.head += piece[: SNIFF_BYTES - len(self.head)]
        count = sum(len(piece) for piece in pieces)
        self.offset += count
        try:
            _write_all(self._stream, pieces, count)
        except OSError as error:
            raise self._store.sentence(error) from error
        for piece in pieces:
            self._hash.update(piece)
        return count

    def interrupt(self) -> None:
        """Keep what is here for the next time."""
        try:
            if self.offset and not self._stream.closed:
                os.fsync(self._stream.fileno())
                self._stream.close()
                self.path.replace(self._rest)
                return
        except (OSError, GalleryError):  # full: then this file begins anew
            pass
        self.discard()

    def discard(self) -> None:
        """Delete what is here."""
        self._stream.close()
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)

    @property
    def content(self) -> bytes:
        """SHA-256 of the whole file, once it is closed."""
        return self._hash.digest()

    def close(self) -> None:
        """All is here: no more is written."""
        self._stream.close()

    def keep(self) -> Kept:
        """Move the whole file to its place.

        Raises
        ------
        DiskFullError, GalleryError
        """
        self.close()
        try:
            return Kept(self.content, self._store.keep(self.path, self.content, self.head, self._file))
        except OSError as error:
            raise self._store.sentence(error) from error


def _write_all(stream: io.FileIO, pieces: Sequence[bytes | memoryview], count: int) -> None:
    """In one call where the system can: each call lets the other worker go first."""
    written = 0
    if hasattr(os, "writev") and len(pieces) <= _MOST_PIECES:
        written = os.writev(stream.fileno(), pieces)
    for piece in pieces if written < count else ():
        # Either write may take less than it is given.
        skipped = min(written, len(piece))
        written -= skipped
        while skipped < len(piece):
            skipped += stream.write(memoryview(piece)[skipped:])


def _part_name(file: PhoneFile) -> str:
    return f"{file.id}-{file.size}-{file.mtime}"


def _digest_of(path: Path, digest: Digest) -> Digest:
    with path.open("rb") as stream:
        while block := stream.read(_HASH_BLOCK):
            digest.update(block)
    return digest


def _flush_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # some network file systems refuse; the file itself is done
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _full(gallery: Path, free: int) -> DiskFullError:
    return DiskFullError(
        f"The disk with the gallery {gallery} has {free / 1e9:.1f} GB left: free some space, choose fewer "
        "originals in the settings, or move the gallery; the sync then goes on from here."
    )
