"""What a window shows of phones: frozen pictures of one moment, which `sketch_app.phone.service` makes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sketch_app.phone.records import Originals, SyncPhase, SyncProgress, SyncReport


class Presence(StrEnum):
    """How a phone stands towards this computer."""

    READY = "ready"
    UNAUTHORIZED = "unauthorized"
    """It asks its person whether this computer may read it."""
    OFFLINE = "offline"
    """Plugged in, and silent."""
    CONNECTING = "connecting"
    NO_PERMISSIONS = "no_permissions"
    """This computer's system keeps it from the program."""
    AWAY = "away"
    """Not connected; what came from it is here."""


class Work(StrEnum):
    """What is under way with a phone."""

    IDLE = "idle"
    SYNCING = "syncing"
    PAUSED = "paused"
    INTERRUPTED = "interrupted"
    """The phone went away in the middle; it goes on when the phone is back."""
    ASKS = "asks"
    """Many photos are gone from the phone, and the person is to say whether that is so."""
    DISK_FULL = "disk_full"
    FAILED = "failed"
    """`PhoneState.problem` says why."""


@dataclass(frozen=True, slots=True)
class PhoneAlbum:
    """A folder of photos on a phone.

    Attributes
    ----------
    path
        What the phone calls it: bytes and data, never a path of this computer.
    name
        For people.
    display
        The whole path, for people.
    photos, videos
        How many lie in it.
    chosen
        Whether a sync looks into it.
    """

    path: bytes
    name: str
    display: str
    photos: int
    videos: int = 0
    chosen: bool = True


@dataclass(frozen=True, slots=True)
class PhoneState:
    """One phone at one moment.

    Attributes
    ----------
    serial
        The hardware's own.
    connection
        "usb" or "wifi".
    what_to_do
        One sentence where the phone is not ready, else "".
    albums
        None while nobody has looked yet.
    progress
        Of the sync that runs or was interrupted.
    report
        Of the newest sync since the program started.
    problem
        A sentence, with `Work.FAILED`, `Work.DISK_FULL` and `Work.INTERRUPTED`.
    photos, shown, refused, originals, original_bytes, videos
        On the phone as of its last listing; searchable, as of the last count; no photos that can be shown;
        whole ones here, and their bytes; counted only.
    synced_at
        Seconds since 1970 of the last sync that came to its end, or None.
    """

    serial: str
    name: str
    model: str = ""
    connection: str = "usb"
    presence: Presence = Presence.AWAY
    what_to_do: str = ""
    albums: tuple[PhoneAlbum, ...] | None = None
    work: Work = Work.IDLE
    progress: SyncProgress | None = None
    report: SyncReport | None = None
    problem: str = ""
    photos: int = 0
    shown: int = 0
    refused: int = 0
    originals: int = 0
    original_bytes: int = 0
    videos: int = 0
    synced_at: int | None = None

    @property
    def searchable(self) -> int:
        """Photos that can be searched at this moment, those of a running sync among them."""
        coming = 0
        if self.progress is not None and self.work in (Work.SYNCING, Work.PAUSED):
            # Later phases replace previews by originals, which `shown` counts already.
            coming = self.progress.searchable if self.progress.phase is SyncPhase.PREVIEWS else 0
        return self.shown + coming


@dataclass(frozen=True, slots=True)
class LeftOriginals:
    """Originals on this computer that no phone has any more: their photos were deleted or edited there, or
    lie in albums that are no longer chosen.

    Attributes
    ----------
    contents
        SHA-256 of each.
    size
        Bytes of all.
    folder
        Below which they lie.
    """

    contents: frozenset[bytes]
    size: int
    folder: Path

    @property
    def count(self) -> int:
        """How many."""
        return len(self.contents)


@dataclass(frozen=True, slots=True)
class PhonesState:
    """All phones at one moment.

    Attributes
    ----------
    phones
        Connected ones first.
    looking
        True until the first look at what is connected.
    unavailable
        Why no phone can be used on this computer: one sentence, else "".
    originals, originals_gb
        Which originals come, for every phone; GB of 10^9 bytes.
    free_bytes
        On the disk with the gallery; None while not known.
    auto_sync
        Whether a phone that was synced before is synced by itself when it is plugged in.
    left
        Originals that no phone has any more, or None.
    """

    phones: tuple[PhoneState, ...] = ()
    looking: bool = False
    unavailable: str = ""
    originals: Originals = Originals.PREVIEWS
    originals_gb: float = 10.0
    free_bytes: int | None = None
    auto_sync: bool = True
    left: LeftOriginals | None = None
