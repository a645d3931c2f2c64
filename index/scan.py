"""What lies in a source of photos: complete or incomplete listings of its directories, and their bytes."""

import os
import stat
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from index.errors import DecodeError, FolderError
from index.records import FOLDER_SOURCE, display_path


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file as its directory shows it; ``path`` is absolute within its source."""

    path: bytes
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Listing:
    """What one directory holds.

    Attributes
    ----------
    directory
        The directory's path; every file's path is below it.
    device
        Names the disk or card it lies on; a change together with emptiness means "unmounted".
    complete
        Whether the directory exists and every entry was seen. Only then may absence mean deletion.
    files
        Regular files, by name.
    children
        The full paths of all other entries, directories above all.
    error
        Why it is not complete, else "".
    """

    directory: bytes
    device: str
    complete: bool
    files: tuple[FileEntry, ...]
    children: frozenset[bytes]
    error: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing at all was seen in it."""
        return not self.files and not self.children


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file opened for reading, with the size and modification time of the opened file itself."""

    stream: BinaryIO
    size: int
    mtime_ns: int


class PhotoSource(Protocol):
    """Where photos come from: a folder here, or for instance the mirrored files of a phone.

    ``name`` tells sources apart in the database ("folder", "phone:<serial>"); ``root`` is the path that
    all listed paths begin with, ``separator`` what joins its components.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def root(self) -> bytes: ...  # noqa: D102
    @property
    def separator(self) -> bytes: ...  # noqa: D102

    def listings(self) -> Iterator[Listing]:
        """Every directory once, parents before children; FolderError if the root is not there."""
        ...

    def open(self, entry: FileEntry) -> OpenedFile:
        """Open a listed file for reading.

        Raises
        ------
        DecodeError
            If it cannot be read (``permanent=False`` when it may be readable next time).
        """
        ...


class FolderSource:
    """A folder of this computer's file system, with everything below it.

    Symbolic links to directories are followed, each real directory once, real ones before linked ones.
    Names that begin with a dot are passed over (trash, thumbnails, unfinished downloads of other programs).

    Parameters
    ----------
    path
        The folder; made absolute, links in it kept.
    exclude
        Directories not to enter, such as the gallery's own.
    """

    name = FOLDER_SOURCE
    separator = os.fsencode(os.sep)

    def __init__(self, path: Path, *, exclude: tuple[Path, ...] = ()) -> None:
        self.root = os.fsencode(path.expanduser().absolute())
        self._exclude = exclude

    def listings(self) -> Iterator[Listing]:
        """Every directory once, breadth first.

        Raises
        ------
        FolderError
            If the folder itself is not there, is not a directory or cannot be listed.
        """
        try:
            root_stat = os.stat(self.root)  # noqa: PTH116 - bytes
        except OSError as error:
            raise FolderError(
                f"The folder {display_path(self.root)} is not there ({error.strerror}): connect its disk, "
                "or take the folder out of the gallery."
            ) from error
        if not stat.S_ISDIR(root_stat.st_mode):
            raise FolderError(f"{display_path(self.root)} is not a folder.")
        seen = {key for path in self._exclude if (key := _directory_key(os.fsencode(path))) is not None}
        real: deque[bytes] = deque([self.root])
        linked: deque[bytes] = deque()
        while real or linked:
            directory = real.popleft() if real else linked.popleft()
            key = _directory_key(directory)
            if key is None:
                yield Listing(directory, "", False, (), frozenset(), "It is no longer there.")
                continue
            if key in seen:
                continue
            seen.add(key)
            listing = _list(directory, str(key[0]), real, linked)
            if directory == self.root and not listing.complete:
                raise FolderError(f"The folder {display_path(self.root)} cannot be read: {listing.error}")
            yield listing

    def open(self, entry: FileEntry) -> OpenedFile:
        """Open a file for reading only; never blocks on a pipe that took the file's place."""
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            stream = os.fdopen(os.open(entry.path, flags), "rb")
        except OSError as error:
            raise DecodeError(f"It cannot be opened ({error.strerror}).", permanent=False) from error
        found = os.fstat(stream.fileno())
        if not stat.S_ISREG(found.st_mode):
            stream.close()
            raise DecodeError("It is no longer a file.", permanent=False)
        return OpenedFile(stream, found.st_size, found.st_mtime_ns)


def _directory_key(path: bytes) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - bytes
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _list(directory: bytes, device: str, real: deque[bytes], linked: deque[bytes]) -> Listing:
    files: list[FileEntry] = []
    children: set[bytes] = set()
    complete, reason = True, ""
    try:
        with os.scandir(directory) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.name.startswith(b"."):
                    children.add(entry.path)
                    continue
                try:
                    found = entry.stat()
                except OSError:
                    children.add(entry.path)  # a broken link, or gone this moment: neither listed nor absent
                    continue
                if stat.S_ISREG(found.st_mode):
                    files.append(FileEntry(entry.path, found.st_size, found.st_mtime_ns))
                    continue
                children.add(entry.path)
                if stat.S_ISDIR(found.st_mode):
                    (linked if entry.is_symlink() else real).append(entry.path)
    except OSError as error:
        complete, reason = False, f"It cannot be listed ({error.strerror})."
    return Listing(directory, device, complete, tuple(files), frozenset(children), reason)
