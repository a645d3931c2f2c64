"""The phones of this computer and one gallery brought together: watching, albums, and syncing with what the
workspace has. What a window shows of it is `sketch_app.phone.service`'s concern.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from sketch_app.errors import SketchAppError
from sketch_app.phone.records import SyncChoices, SyncControl, SyncProgress, SyncReport
from sketch_app.phone.states import LeftOriginals, PhoneAlbum

if TYPE_CHECKING:
    from device.phone.watch import PhoneInfo
    from index.gallery import Gallery
    from index.phone_files import PhoneSummary
    from sketch_app.phone.adb_reader import AdbPhone
    from sketch_app.workspace import Workspace


class AdbAccess:
    """Usable from any thread; see `sketch_app.phone.protocols.PhoneAccess`.

    Parameters
    ----------
    workspace
        Whose gallery is synced, with whose photo encoder.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._phones: tuple[PhoneInfo, ...] = ()

    def watch(self, on_change: Callable[[Sequence[PhoneInfo], str], None]) -> Callable[[], None]:
        """Tell what is connected, and why no phone can be seen at all ("" where they can), now and whenever
        that changes; returns what ends it.

        Raises
        ------
        device.phone.errors.AdbMissingError
            There is no adb on this computer.
        """
        from device.phone.server import find_adb
        from device.phone.watch import PhoneWatcher

        find_adb()

        def changed(phones: tuple[PhoneInfo, ...]) -> None:
            with self._lock:
                self._phones = phones
            on_change(phones, watcher.problem)

        watcher = PhoneWatcher(changed)
        watcher.start()
        return watcher.close

    def summaries(self) -> Sequence[PhoneSummary]:
        """What the gallery holds of every phone that was ever synced."""
        with self._gallery() as gallery:
            return gallery.phones()

    def albums(self, serial: str) -> Sequence[PhoneAlbum]:
        """The folders with photos of a connected phone."""
        from device.phone.names import shown

        return tuple(
            PhoneAlbum(album.path, album.name, shown(album.path), album.photos, album.videos)
            for album in self._phone(serial).albums()
        )

    def require_folders(self, serial: str, folders: Sequence[bytes]) -> tuple[bytes, ...]:
        """Folders of a connected phone that are there; the last part of one may be an album's name.

        Raises
        ------
        SketchAppError
            One is not, or the phone is not connected.
        """
        from device.phone.errors import PhoneFileGoneError
        from device.phone.names import shown
        from device.phone.sync import SyncSession

        phone = self._phone(serial)
        found = []
        with SyncSession(phone.transport) as session:
            for folder in folders:
                try:
                    there = session.stat(folder + b"/").is_folder
                except PhoneFileGoneError:
                    there = False
                name = shown(folder.rsplit(b"/", 1)[-1]).casefold()
                named = [] if there else [a.path for a in phone.albums() if a.name.casefold() == name]
                if not there and len(named) != 1:
                    raise SketchAppError(
                        f"There is no folder {shown(folder)} on {phone.name}: "
                        "sketch-app phone albums lists what there is."
                    )
                found.append(folder if there else named[0])
        return tuple(found)

    def sync(
        self,
        serial: str,
        choices: SyncChoices,
        control: SyncControl,
        progress: Callable[[SyncProgress], None],
        *,
        confirm_disappeared: bool,
    ) -> SyncReport:
        """Sync a connected phone; blocks.

        Raises
        ------
        SketchAppError
            It is not connected.
        index.errors.GalleryError
            It is being synced already, or the gallery cannot be written.
        """
        from sketch_app.phone.engine import PhoneSync

        phone = self._phone(serial)
        encoder = self._workspace.models.photos
        with self._gallery() as gallery:
            sync = PhoneSync(
                gallery, encoder.encode_photos, encoder.model_id, encoder.dimension, choices=choices
            )
            return sync.run(
                phone, control=control, progress=progress, confirm_disappeared=confirm_disappeared
            )

    def want_original(self, photo_id: int) -> str:
        """Put a photo's original before all others, and return the serial of the phone that has it.

        Raises
        ------
        SketchAppError
            It lies on no phone.
        """
        from index.phone_files import put_wanted, serial_of
        from index.writer_slices import WriterSlices

        with self._gallery() as gallery:
            files = gallery.phone_files(photo_id)
            if not files:
                raise SketchAppError("This photo is not on a phone any more, so it cannot be fetched.")
            connected = {phone.serial for phone in self._phones if phone.state == "ready"}
            here = [file for file in files if serial_of(file.source) in connected]
            chosen = (here or files)[0]
            slices = WriterSlices(gallery, lambda: False)
            with slices.database() as database, database.transaction() as connection:
                put_wanted(connection, [chosen.id])
            return serial_of(chosen.source)

    def left_originals(self) -> LeftOriginals:
        """The originals that no phone has any more."""
        from sketch_app.phone.tidy import find_left

        with self._gallery() as gallery:
            return find_left(gallery)

    def delete_left(self, contents: Collection[bytes]) -> LeftOriginals:
        """Delete those of some originals that no phone has any more; returns what was deleted.

        Raises
        ------
        index.errors.GalleryError
            A phone is being synced, or the gallery cannot be written.
        """
        from sketch_app.phone.tidy import delete_left

        with self._gallery() as gallery:
            return delete_left(gallery, contents)

    def _phone(self, serial: str) -> AdbPhone:
        with self._lock:
            found = next((p for p in self._phones if p.serial == serial and p.state == "ready"), None)
        if found is None:
            raise SketchAppError("The phone is not connected: plug it in, and unlock it.")
        return adb_phone(found)

    def _gallery(self) -> Gallery:
        """The gallery, opened for reading by whoever asks: a sync outlives what the window has open."""
        from index.gallery import Gallery

        self._workspace.open()  # makes it where there is none yet
        return Gallery.open(self._workspace.gallery_directory, write=False)


def adb_phone(info: PhoneInfo) -> AdbPhone:
    """A phone that the watcher found, ready to be read."""
    from device.phone.transport import Transport
    from sketch_app.phone.adb_reader import AdbPhone

    name = info.name or info.model or info.serial
    transport = Transport(info.adb_serial, info.transport_id or None, title=name)
    return AdbPhone(transport, info.serial, info.model, name)
