"""What a sync is asked, how it tells how far it is, and what it says in the end: frozen records that cross
threads, and the control that a person holds.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Originals(StrEnum):
    """Which originals come to this computer."""

    PREVIEWS = "previews"
    """None: photos are searched by their previews, and an original is fetched when asked for."""
    SOME = "some"
    """The newest, up to a limit."""
    ALL = "all"


@dataclass(frozen=True, slots=True)
class SyncChoices:
    """What a person chose for a sync.

    Attributes
    ----------
    originals
        Which originals are fetched.
    originals_gb
        With `Originals.SOME`: how much disk the originals of all phones may take, in GB of 10^9 bytes.
    folders
        The phone's folders to look into, and below them, as path bytes; empty for all of them.
    without
        Folders to leave out, and what is below them, unless a longer entry of `folders` takes that in again.
    once
        `folders` are of this sync alone: what the gallery holds of other folders stays as it is.
    reserve_bytes
        Disk that is left free whatever is chosen.
    """

    originals: Originals = Originals.PREVIEWS
    originals_gb: float = 10.0
    folders: tuple[bytes, ...] = ()
    without: tuple[bytes, ...] = ()
    once: bool = False
    reserve_bytes: int = 1 << 30


def is_chosen(folder: bytes, folders: Sequence[bytes], without: Sequence[bytes] = ()) -> bool:
    """Whether a folder of a phone is looked into: the longest entry that it is, or is below, decides.

    Parameters
    ----------
    folder
        Its path.
    folders, without
        See `SyncChoices`; of an entry of both the second counts.
    """
    taken, left = _longest(folder, folders), _longest(folder, without)
    return left < 0 and not folders if taken < 0 else taken > left


def may_lead_to_chosen(folder: bytes, folders: Sequence[bytes], without: Sequence[bytes] = ()) -> bool:
    """Whether a folder is looked into itself, or one below it may be."""
    return is_chosen(folder, folders, without) or any(_is_in(entry, folder) for entry in folders)


def _longest(folder: bytes, entries: Sequence[bytes]) -> int:
    """The length of the longest entry that a folder is in, or -1."""
    return max((len(entry.rstrip(b"/")) for entry in entries if _is_in(folder, entry)), default=-1)


def _is_in(folder: bytes, entry: bytes) -> bool:
    whole = entry.rstrip(b"/")
    return folder == whole or folder.startswith(whole + b"/")


class SyncPhase(StrEnum):
    """What a sync is doing."""

    LISTING = "listing"
    PREVIEWS = "previews"
    ORIGINALS = "originals"
    FINISHING = "finishing"


@dataclass(frozen=True, slots=True)
class SyncProgress:
    """How far a sync has come.

    Attributes
    ----------
    done, total
        Files of this phase; while listing, folders seen, and 0.
    bytes_done, bytes_total
        Of the phase's originals; 0 in other phases.
    rate
        Bytes a second that have come lately; previews a second while those come.
    remaining
        Estimated seconds left in this phase, or None while there is nothing to base an estimate on.
    searchable
        Photos that this sync has made searchable, or searchable by their original, so far.
    current
        The folder or file at hand, as text for people.
    """

    phase: SyncPhase
    done: int
    total: int
    bytes_done: int = 0
    bytes_total: int = 0
    rate: float = 0.0
    remaining: float | None = None
    searchable: int = 0
    current: str = ""
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Disappeared:
    """Many files are no longer on the phone: nothing was marked, a person is to say whether it is so."""

    missing: int
    known: int

    @property
    def sentence(self) -> str:
        """The question, for people."""
        return (
            f"{self.missing} of the {self.known} photos of this phone are gone from it: were they deleted? "
            "Nothing has been taken out of the gallery yet."
        )


class Stopped(StrEnum):
    """Why a sync ended before its end."""

    CANCELLED = "cancelled"
    PHONE = "phone"
    """It was unplugged, locked up or went silent."""
    DISK = "disk"
    """The disk with the gallery is full."""


@dataclass(frozen=True, slots=True)
class FailedFile:
    """A file of the phone that is not (wholly) here, as text for people, and why."""

    display: str
    reason: str


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did.

    Attributes
    ----------
    added, changed, moved, returned
        Files new on the phone, with another content, at another place, and back again.
    missing
        Files marked missing.
    unchanged
        Files as they were.
    previews, originals
        Photos that became searchable by their preview, and originals that came.
    bytes
        Of those originals.
    videos
        On the phone; never fetched.
    failed
        Files that could not be fetched this time, and folders that could not be listed: tried again.
    refused
        Files that are no photos that can be shown.
    asks
        A question for the person; `PhoneSync.run(confirm_disappeared=True)` is the yes.
    stopped, sentence
        Why it ended early, and what to do about it; None and "" when it did not.
    seconds
        In all.
    """

    added: int = 0
    changed: int = 0
    moved: int = 0
    returned: int = 0
    missing: int = 0
    unchanged: int = 0
    previews: int = 0
    originals: int = 0
    bytes: int = 0
    videos: int = 0
    failed: tuple[FailedFile, ...] = ()
    refused: tuple[FailedFile, ...] = ()
    asks: Disappeared | None = None
    stopped: Stopped | None = None
    sentence: str = ""
    seconds: float = 0.0

    @property
    def whole(self) -> bool:
        """Whether it came to its end with everything that was chosen."""
        return self.stopped is None and not self.failed and self.asks is None


class SyncControl:
    """A person's hand on a running sync; usable from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._paused = self._cancelled = False

    @property
    def paused(self) -> bool:
        """Whether the sync is to wait."""
        return self._paused

    @property
    def cancelled(self) -> bool:
        """Whether the sync is to end."""
        return self._cancelled

    def pause(self) -> None:
        """Let the sync wait; what it is fetching goes on later from where it was."""
        self._set(paused=True)

    def resume(self) -> None:
        """Let it go on."""
        self._set(paused=False)

    def cancel(self) -> None:
        """Let it end soon; what has come stays, the next sync goes on from there."""
        with self._changed:
            self._cancelled = True
            self._changed.notify_all()

    def _set(self, *, paused: bool) -> None:
        with self._changed:
            self._paused = paused
            self._changed.notify_all()

    def wait_while_paused(self) -> bool:
        """Block while paused; returns False when the sync is to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._cancelled or not self._paused)
            return not self._cancelled
