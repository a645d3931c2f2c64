"""The frozen records that cross the border of the package: photos, places, hits, progress, reports."""

import os
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER_SOURCE = "folder"
"""The source name of everything on this computer's own file systems."""

PhotoEncoderFn = Callable[[list[NDArray[np.uint8]]], NDArray[np.float32]]
"""A list of (H, W, 3) uint8 RGB images to (n, d) float32 vectors of length one."""


class LocationState(StrEnum):
    """What is known about a place where a file was seen."""

    PRESENT = "present"
    MISSING = "missing"
    """Its folder was listed completely and the file was no longer in it."""
    SKIPPED = "skipped"
    """The file claims to be a photo and cannot be shown; the reason is recorded."""
    IGNORED = "ignored"
    """Neither name nor content claims to be a photo."""
    REMOVED = "removed"
    """Its folder was taken out of the gallery."""


def display_path(path: bytes) -> str:
    """Path bytes as text that can always be shown: NFC, undecodable bytes replaced, no control characters."""
    text = unicodedata.normalize("NFC", path.decode("utf-8", "replace"))
    return "".join(c if c.isprintable() else "�" for c in text)


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo: a content, wherever its copies lie.

    Attributes
    ----------
    content_hash
        Hexadecimal SHA-256 of the file's bytes.
    width, height
        Pixels as shown, that is after ``orientation`` is applied.
    orientation
        The EXIF orientation found in the file, 1 to 8.
    taken_at
        What the camera's clock showed (no time zone), or None when the file does not say.
    file_time
        The modification time of the copy first seen, in local time without a zone.
    format
        "jpeg", "png", "webp", "heif", "avif", "tiff", "bmp" or "gif".
    kind
        "photo" (a camera is named in the file), "screenshot" (by its name or folder) or "picture".
    is_preview
        Only the small picture that a phone keeps of it is here: ``content_hash`` names that one, and
        ``width`` and ``height`` may be its own.
    """

    id: int
    content_hash: str
    width: int
    height: int
    orientation: int
    taken_at: datetime | None
    file_time: datetime
    format: str
    kind: str
    is_preview: bool = False


@dataclass(frozen=True, slots=True)
class Location:
    """One place where a file lies or lay. ``path_bytes`` is the name exactly as its source gave it."""

    id: int
    photo_id: int | None
    source: str
    path_bytes: bytes
    size: int
    mtime_ns: int
    state: LocationState
    reason: str | None = None

    @property
    def path(self) -> Path:
        """The path for opening the file (only where ``source`` is :data:`FOLDER_SOURCE`)."""
        return Path(os.fsdecode(self.path_bytes))

    @property
    def display(self) -> str:
        """The path as text for people."""
        return display_path(self.path_bytes)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that a person added to the gallery."""

    id: int
    source: str
    path_bytes: bytes

    @property
    def path(self) -> Path:
        """The folder's path (only where ``source`` is :data:`FOLDER_SOURCE`)."""
        return Path(os.fsdecode(self.path_bytes))

    @property
    def display(self) -> str:
        """The path as text for people."""
        return display_path(self.path_bytes)


@dataclass(frozen=True, slots=True)
class Album:
    """A directory that directly holds photos; ``name`` is its last component as text."""

    id: int
    source: str
    path_bytes: bytes
    name: str
    photo_count: int


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """Which photos a search may answer with; empty fields do not narrow it.

    ``taken_from`` (inclusive) and ``taken_to`` (exclusive) are local times without a zone, compared with
    ``Photo.taken_at`` or, where that is unknown, ``Photo.file_time``.
    """

    taken_from: datetime | None = None
    taken_to: datetime | None = None
    albums: frozenset[int] = frozenset()
    kinds: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    include_missing: bool = False

    @property
    def narrows(self) -> bool:
        """Whether anything but ``include_missing`` is set."""
        return bool(
            self.taken_from or self.taken_to or self.albums or self.kinds or self.formats or self.sources
        )


@dataclass(frozen=True, slots=True)
class Hit:
    """A photo found; ``score`` is the cosine similarity, -1 to 1."""

    photo_id: int
    score: float


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file that is not shown, and why."""

    path: Path
    reason: str

    @property
    def display(self) -> str:
        """The path as text for people."""
        return display_path(os.fsencode(self.path))


@dataclass(frozen=True, slots=True)
class IndexProgress:
    """How far an indexing run has come.

    Attributes
    ----------
    phase
        "scanning" (``total`` still grows), "reading" or "finishing".
    done, total
        Files looked into, and files that need looking into.
    remaining
        Estimated seconds left, or None while there is nothing to base an estimate on.
    current
        The file last finished, as text for people.
    """

    phase: str
    done: int
    total: int
    added: int
    skipped: int
    elapsed: float
    remaining: float | None
    current: str


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What an indexing run did.

    Attributes
    ----------
    added
        Photos new to the gallery.
    embedded
        Photos that received a vector of this model (new ones included).
    unchanged
        Files that were not opened: same path, size and modification time as before.
    moved
        Files whose content was known and whose former place is now missing.
    copies
        Files whose content is already in the gallery at another place.
    missing
        Files marked missing in this run.
    ignored
        Files that do not claim to be photos.
    skipped
        Every file of this folder that claims to be a photo and cannot be shown, with its reason.
    cancelled
        Whether the run ended early; what it had done is kept.
    """

    added: int
    embedded: int
    unchanged: int
    moved: int
    copies: int
    missing: int
    ignored: int
    skipped: tuple[SkippedFile, ...]
    cancelled: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """The state of one model's vector index in memory.

    ``kind`` is "exact" or "ivf"; ``origin`` says in one sentence where it came from, such as "read from
    its file" or "rebuilt from the database: the file was torn".
    """

    model_id: str
    count: int
    kind: str
    origin: str
    rebuilt: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the photos that lie somewhere at present have a vector of one model.

    Attributes
    ----------
    done
        Photos with a vector.
    total
        Photos that lie somewhere at present.
    failed
        Photos without one that were tried and could not be embedded (file changed, gone, unreadable).
    """

    done: int
    total: int
    failed: int = 0

    @property
    def remaining(self) -> int:
        """Photos still to be tried."""
        return self.total - self.done - self.failed

    @property
    def complete(self) -> bool:
        """Whether every photo whose file can be read has its vector.

        A set in which more photos failed than succeeded is not complete: then a disk is not connected, and
        a search in such a set would lose most of what it found before.
        """
        return self.remaining == 0 and self.done >= self.failed


@dataclass(frozen=True, slots=True)
class UnembeddedPhoto:
    """A photo that has no vector of a model although it was tried: where it lies, as text, and why."""

    photo_id: int
    display: str
    reason: str


@dataclass(frozen=True, slots=True)
class EmbedProgress:
    """How far the embedding of a gallery with one model has come.

    Attributes
    ----------
    phase
        "embedding", "waiting" (somebody else is writing to the gallery) or "finishing".
    done, total
        Photos of this run dealt with, and those that it is to deal with.
    failed
        Those of ``done`` that could not be embedded.
    remaining
        Estimated seconds left, or None while there is nothing to base an estimate on.
    """

    phase: str
    done: int
    total: int
    failed: int
    elapsed: float
    remaining: float | None


@dataclass(frozen=True, slots=True)
class EmbedReport:
    """What a run of embedding did.

    Attributes
    ----------
    embedded
        Photos that received a vector.
    tried
        Photos whose files were looked into.
    failed
        Every present photo that has no vector and could not get one, in this run or an earlier one.
    cancelled
        Whether the run ended early; what it had committed is kept.
    """

    embedded: int
    tried: int
    failed: tuple[UnembeddedPhoto, ...]
    cancelled: bool
    seconds: float
