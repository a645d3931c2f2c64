"""A connected phone read over ADB, as the sync wants it: what `device.phone` says, in the gallery's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice

from device.phone.folders import Album, FolderListing, RemoteFile, albums, storages, walk
from device.phone.media import MediaRow, read_media
from device.phone.previews import PreviewWish, read_previews
from device.phone.sync import SyncSession
from device.phone.transport import Transport
from index.phone_files import PHONE_SEPARATOR, ListedFile
from sketch_app.phone.read_ahead import read_ahead
from sketch_app.phone.reader import FileSession, FoundPreview, PhoneListing
from sketch_app.phone.records import is_chosen, may_lead_to_chosen


@dataclass(frozen=True)
class AdbPhone:
    """One connected phone; see `sketch_app.phone.reader.PhoneReader`.

    Attributes
    ----------
    transport
        The way to it.
    serial
        The hardware's own.
    model, name
        As people know it.
    """

    transport: Transport
    serial: str
    model: str
    name: str

    def listings(self, folders: Sequence[bytes], without: Sequence[bytes] = ()) -> Iterator[PhoneListing]:
        """Every folder that may hold photos once; of folders that are not chosen, only the names in them.

        A storage that is not there (an SD card that was taken out) is not listed at all.
        """

        def wanted(folder: bytes) -> bool:
            return may_lead_to_chosen(folder, folders, without)

        with SyncSession(self.transport) as session:
            # First what answers at once: MediaStore is given a minute, which a silent phone is not worth.
            session.stat(PHONE_SEPARATOR)
            roots = storages(session)
            # The walk goes on while MediaStore is asked: on a phone that takes a second or two.
            with closing(read_ahead(walk(session, roots, wanted=wanted))) as walked:
                begun = list(islice(walked, 1))
                media = {row.path: row for row in read_media(self.transport) or ()}
                for listing in chain(begun, walked):
                    inside = is_chosen(listing.path, folders, without)
                    yield _in_our_words(listing, media, with_files=inside)

    def albums(self) -> tuple[Album, ...]:
        """The folders with photos or videos, the one with the newest first."""
        with SyncSession(self.transport) as session:
            return albums(tuple(walk(session, storages(session))))

    def previews(self, files: Sequence[ListedFile]) -> Iterator[FoundPreview]:
        """The previews of some photos, in their order."""
        wishes = [PreviewWish(file.path, file.size, file.media_id) for file in files]
        for preview in read_previews(self.transport, wishes):
            yield FoundPreview(preview.path, preview.image, preview.is_whole)

    def session(self) -> FileSession:
        """A connection to fetch files by."""
        return SyncSession(self.transport)


def _in_our_words(
    listing: FolderListing, media: Mapping[bytes, MediaRow], *, with_files: bool
) -> PhoneListing:
    photos = [file for file in listing.files if file.kind == "photo"] if with_files else []
    files = (_listed(file, listing, media.get(file.path)) for file in photos)
    return PhoneListing(
        directory=listing.path,
        device=listing.storage.decode("ascii", "replace"),
        complete=listing.complete,
        files=tuple(file for file in files if file is not None),
        videos=len(listing.files) - len(photos) if with_files else 0,
        names=listing.names,
        error=listing.problem,
        hidden=bool(listing.skipped),
    )


def _listed(file: RemoteFile, listing: FolderListing, row: MediaRow | None) -> ListedFile | None:
    """A file with what MediaStore says of it, unless that speaks of another version of it."""
    if row is not None and (row.size, row.mtime) != (file.size, file.mtime):
        row = None
    if row is not None and (row.is_trashed or row.is_pending):
        return None
    return ListedFile(
        path=file.path,
        directory=listing.path,
        device=listing.storage.decode("ascii", "replace"),
        size=file.size,
        mtime=file.mtime,
        taken_ms=None if row is None else row.taken_ms,
        media_id=None if row is None else row.id,
        favourite=row is not None and row.favourite,
    )
