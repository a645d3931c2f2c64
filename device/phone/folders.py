"""Where photos lie on a phone: its storages, a walk through their folders, and the albums these make.

A walk says of each folder whether it was listed completely: only then does a file that is missing from it
count as gone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from device.phone.errors import PhoneFileGoneError, PhoneRefusedError
from device.phone.names import shown
from device.phone.sync import RemoteEntry, SyncSession, join

PRIMARY = b"/storage/emulated/0"
_STORAGES = b"/storage"
_OLD_PRIMARY = b"/sdcard"
_VOLUME = re.compile(rb"[0-9A-F]{4}-[0-9A-F]{4}")  # a FAT volume's number, after which Android names SD cards

# Names that claim to be photos or videos; what a file is is seen when it is decoded.
PHOTO_SUFFIXES = frozenset(
    b".jpg .jpeg .jpe .jfif .png .webp .heic .heif .hif .avif .tif .tiff .bmp .dib .gif".split()
)
VIDEO_SUFFIXES = frozenset(b".mp4 .m4v .mov .3gp .3g2 .mkv .webm .avi .ts .mts .mpg .mpeg .wmv".split())

_TRASHED = b".trashed-"  # MediaStore; like .pending-, which an app still writes, it begins with a dot
_NO_MEDIA = b".nomedia"  # Android: nothing in this folder is anybody's photo
_NEVER_WALKED = {b"Android/data", b"Android/obb"}  # apps' own files, closed since Android 11
_DEEPEST = 24  # folders below a storage

Kind = Literal["photo", "video"]
AlbumKind = Literal["camera", "screenshots", "downloads", "messenger", "other"]
Skipped = Literal["", "nomedia"]

_SCREENSHOTS = (b"screenshots", b"screen captures")
_MESSENGERS = frozenset(
    b"whatsapp kakaotalk telegram line signal viber messenger wechat weixin discord snapchat".split()
)


@dataclass(frozen=True)
class RemoteFile:
    """A photo or video in a folder of the phone.

    Attributes
    ----------
    path
        Its absolute path, as bytes; data, never a path of this computer.
    size, mtime
        Bytes, and whole seconds since 1970.
    kind
        By its name's suffix.
    """

    path: bytes
    size: int
    mtime: int
    kind: Kind


@dataclass(frozen=True)
class FolderListing:
    """One folder of a walk.

    Attributes
    ----------
    path
        Its absolute path.
    storage
        The storage it lies in: ``PRIMARY``, or an SD card's.
    complete
        Whether ``files`` is all there is. Where not, nothing is known of what is not in it.
    files
        Photos and videos, without what is pending, trashed or hidden.
    folders
        Paths of the folders in it, hidden ones too.
    trashed
        Paths as they are in the trash: ``.trashed-<when>-<name>``.
    names
        All names in it, of whatever kind.
    skipped
        Why a folder's files are not wanted; it is not complete then, and not walked any deeper.
    problem
        Why it could not be listed, as a sentence.
    """

    path: bytes
    storage: bytes
    complete: bool
    files: tuple[RemoteFile, ...] = ()
    folders: tuple[bytes, ...] = ()
    trashed: tuple[bytes, ...] = ()
    names: frozenset[bytes] = frozenset()
    skipped: Skipped = ""
    problem: str = ""


@dataclass(frozen=True)
class Album:
    """The photos of one folder.

    Attributes
    ----------
    path
        The folder's absolute path; its identity.
    name
        What a person calls it.
    kind
        What it usually holds.
    on_card
        Whether it lies on an SD card.
    photos, videos
        How many it has.
    newest
        The newest file's mtime.
    """

    path: bytes
    name: str
    kind: AlbumKind
    on_card: bool
    photos: int
    videos: int
    newest: int


def storages(session: SyncSession) -> tuple[bytes, ...]:
    """Find the phone's own storage and its SD cards, the own one first.

    Raises
    ------
    PhoneFileGoneError
        The phone has no storage to be seen: it was not unlocked since it started.
    PhoneGoneError, PhoneTimeoutError
        The phone went away, or stopped answering.
    """
    found = [_own_storage(session)]
    try:
        volumes = session.list(_STORAGES)
    except PhoneRefusedError:  # some phones do not show it
        volumes = ()
    found += sorted(join(_STORAGES, entry.name) for entry in volumes if _VOLUME.fullmatch(entry.name))
    return tuple(found)


def _own_storage(session: SyncSession) -> bytes:
    for path in (PRIMARY, _OLD_PRIMARY):
        try:
            if session.stat(path + b"/").is_folder:
                return path
        except PhoneRefusedError:
            continue
    raise PhoneFileGoneError("The phone shows no storage: unlock it once after it was started.")


def walk(
    session: SyncSession, roots: Iterable[bytes], *, wanted: Callable[[bytes], bool] = lambda path: True
) -> Iterator[FolderListing]:
    """Walk through folders, each listed on its own; never through links, nor into hidden folders.

    Parameters
    ----------
    roots
        Storages.
    wanted
        Whether a folder is to be walked; one that is not is left out with all below it.

    Yields
    ------
    listing
        One for every folder that was walked, roots included, a folder before what is in it.

    Raises
    ------
    PhoneGoneError, PhoneTimeoutError
        The phone went away, or stopped answering; what was yielded so far holds.
    """
    for root in roots:
        waiting = [(root, 0)]
        while waiting:
            path, depth = waiting.pop()
            listing = list_folder(session, path, root)
            yield listing
            if listing.skipped or depth >= _DEEPEST:
                continue
            deeper = [folder for folder in listing.folders if _is_walked(folder, root) and wanted(folder)]
            waiting += [(folder, depth + 1) for folder in reversed(deeper)]


def list_folder(session: SyncSession, path: bytes, storage: bytes) -> FolderListing:
    """List one folder, and sort what is in it.

    Raises
    ------
    PhoneGoneError, PhoneTimeoutError
        The phone went away, or stopped answering.
    """
    try:
        entries = session.list(path)
    except PhoneRefusedError as error:
        return FolderListing(path, storage, complete=False, problem=str(error))
    folders = tuple(sorted(join(path, entry.name) for entry in entries if entry.is_folder))
    # Android heeds no .nomedia at a storage's root.
    if path != storage and any(entry.name == _NO_MEDIA for entry in entries):
        return FolderListing(path, storage, complete=False, folders=folders, skipped="nomedia")
    files = (remote_file(path, entry) for entry in entries if entry.is_file)
    return FolderListing(
        path,
        storage,
        complete=True,
        files=tuple(file for file in files if file is not None),
        folders=folders,
        trashed=tuple(join(path, entry.name) for entry in entries if entry.name.startswith(_TRASHED)),
        names=frozenset(entry.name for entry in entries),
    )


def remote_file(folder: bytes, entry: RemoteEntry) -> RemoteFile | None:
    """Take an entry for a photo or video, unless it is neither, hidden, pending or in the trash."""
    name = entry.name.lower()
    suffix = name[name.rfind(b".") :] if b"." in name else b""
    if name.startswith(b".") or suffix not in PHOTO_SUFFIXES | VIDEO_SUFFIXES:
        return None
    kind: Kind = "photo" if suffix in PHOTO_SUFFIXES else "video"
    return RemoteFile(join(folder, entry.name), entry.size, entry.mtime, kind)


def _is_walked(folder: bytes, root: bytes) -> bool:
    below = folder.removeprefix(root).strip(b"/")
    return not below.rpartition(b"/")[2].startswith(b".") and below not in _NEVER_WALKED


def is_surely_gone(path: bytes, listings: Mapping[bytes, FolderListing]) -> bool:
    """Whether a walk shows that a file is not on the phone any more.

    It does so only by a complete listing: of the file's own folder, or of one further up in which the way to
    the file ends. A storage that was not walked, a folder that could not be listed and one that is skipped
    say nothing.

    Parameters
    ----------
    path
        A file that was there once.
    listings
        A walk's listings by their paths.
    """
    while path:
        path, _, name = path.rpartition(b"/")
        if listing := listings.get(path):
            return listing.complete and name not in listing.names
    return False


def albums(listings: Iterable[FolderListing]) -> tuple[Album, ...]:
    """Make an album of every folder with photos or videos, the one with the newest first."""
    filled = [listing for listing in listings if listing.files]
    names = Counter(_own_name(listing) for listing in filled)
    made = []
    for listing in filled:
        name = _own_name(listing)
        if names[name] > 1:  # two "Sent" are told apart by the way to them
            name = shown(_below(listing)) or name
        made.append(
            Album(
                path=listing.path,
                name=name,
                kind=_kind(_below(listing)),
                on_card=listing.storage not in (PRIMARY, _OLD_PRIMARY),
                photos=sum(file.kind == "photo" for file in listing.files),
                videos=sum(file.kind == "video" for file in listing.files),
                newest=max(file.mtime for file in listing.files),
            )
        )
    return tuple(sorted(made, key=lambda album: (-album.newest, album.path)))


def _below(listing: FolderListing) -> bytes:
    return listing.path.removeprefix(listing.storage).strip(b"/")


def _own_name(listing: FolderListing) -> str:
    return shown(listing.path.rpartition(b"/")[2], limit=80)


def _kind(below: bytes) -> AlbumKind:
    parts = below.lower().split(b"/")
    words = {word for part in parts for word in re.split(rb"[^a-z]+", part)}
    if words & _MESSENGERS:
        return "messenger"
    if any(part in _SCREENSHOTS for part in parts):
        return "screenshots"
    if parts[:2] == [b"dcim", b"camera"]:
        return "camera"
    return "downloads" if parts[0] in (b"download", b"downloads") else "other"
