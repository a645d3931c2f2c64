"""A phone as the sync sees it: listings of its folders, previews of its photos, the bytes of its files. The
real one, over ADB, is in `sketch_app.phone.adb_reader`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from index.phone_files import ListedFile


@dataclass(frozen=True, slots=True)
class PhoneListing:
    """What one folder of the phone holds.

    Attributes
    ----------
    directory
        Its absolute path, without a slash at its end.
    device
        Names the storage it lies on: by the path where that is mounted.
    complete
        Whether the folder exists and every entry was seen. Only then may absence mean deletion.
    files
        Its photos.
    videos
        How many videos lie in it.
    names
        The last components of all its entries, photos included.
    error
        Why it is not complete, else "".
    hidden
        The person or an app hid what is in and below it (``.nomedia``); it is not complete then.
    """

    directory: bytes
    device: str
    complete: bool
    files: tuple[ListedFile, ...] = ()
    videos: int = 0
    names: frozenset[bytes] = frozenset()
    error: str = ""
    hidden: bool = False


class RemoteStat(Protocol):
    """Size in bytes and modification time in whole seconds of a file on the phone."""

    @property
    def size(self) -> int: ...  # noqa: D102
    @property
    def mtime(self) -> int: ...  # noqa: D102


class FileSession(Protocol):
    """Many requests over one connection, by one thread; see `device.phone.sync.SyncSession`."""

    def stat(self, path: bytes) -> RemoteStat:
        """Look at a file; PhoneError, as everywhere here."""
        ...

    def receive_pieces(self, path: bytes, *, offset: int = 0) -> Iterator[Sequence[bytes | memoryview]]:
        """Its bytes from `offset` on, in pieces that are valid until the next ones are asked for."""
        ...

    def close(self) -> None:
        """End it, from any thread."""
        ...


@dataclass(frozen=True, slots=True)
class FoundPreview:
    """The small picture that a phone keeps of a photo.

    Attributes
    ----------
    path
        Of the photo.
    image
        A picture's file that stands upright once its own EXIF is heeded; empty when the phone has none.
    is_whole
        Whether it is the photo itself, which is as small as a preview.
    """

    path: bytes
    image: bytes
    is_whole: bool = False


class PhoneReader(Protocol):
    """One connected phone.

    ``serial`` is the hardware's own, whatever cable or address it comes by.
    """

    @property
    def serial(self) -> str: ...  # noqa: D102
    @property
    def model(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102

    def listings(self, folders: Sequence[bytes], without: Sequence[bytes] = ()) -> Iterator[PhoneListing]:
        """Every folder that may hold photos once; see `SyncChoices` for what is chosen. What is not may be
        left out, or told with its names only.

        Raises
        ------
        device.phone.errors.PhoneError
            The phone is gone, or answers no more.
        """
        ...

    def previews(self, files: Sequence[ListedFile]) -> Iterator[FoundPreview]:
        """The previews of some photos, in their order; raises as `listings`."""
        ...

    def session(self) -> FileSession:
        """A connection to fetch files by."""
        ...
