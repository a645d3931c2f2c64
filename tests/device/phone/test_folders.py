"""The walk through a phone's folders, the albums it makes, and when a file counts as gone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.phone.errors import PhoneFileGoneError
from device.phone.folders import (
    PRIMARY,
    FolderListing,
    RemoteFile,
    albums,
    is_surely_gone,
    storages,
    walk,
)
from device.phone.server import AdbServer
from device.phone.sync import SyncSession
from device.phone.transport import Transport
from tests.support.phone.protocol_player import ProtocolPlayer
from tests.support.phone.rig import Phone, Rig


@pytest.fixture(scope="module")
def walked(rig: Rig) -> Iterator[Phone]:
    """A second phone, whose folders are these tests' own."""
    phone = rig.phone("R3CX10WALK", "SM-A556N")
    for path in (
        "DCIM/Camera/20240101_100000.jpg",
        "DCIM/Camera/20240101_100001.heic",
        "DCIM/Camera/20240101_100002.mp4",
        "DCIM/Camera/.pending-1767000000-new.jpg",
        "DCIM/Camera/.trashed-1767000000-old.jpg",
        "DCIM/Camera/notes.txt",
        "DCIM/.thumbnails/1.jpg",
        "DCIM/Screenshots/shot.png",
        "Download/a.JPG",
        "Pictures/KakaoTalk/b.jpg",
        "Android/data/com.example/files/private.jpg",
        "Android/media/com.whatsapp/WhatsApp/Media/WhatsApp Images/c.jpg",
        "Android/media/com.whatsapp/WhatsApp/Media/WhatsApp Images/Sent/.nomedia",
        "Android/media/com.whatsapp/WhatsApp/Media/WhatsApp Images/Sent/d.jpg",
        "Android/media/com.whatsapp/WhatsApp/Media/WhatsApp Images/Sent/Deeper/f.jpg",
        "Music/cover.txt",
        ".hidden/e.jpg",
        ".nomedia",
    ):
        phone.put(path, b"x", mtime=1_700_000_000 + len(path))
    phone.card()
    (phone.card() / "DCIM").mkdir()
    (phone.card() / "DCIM/card.jpg").write_bytes(b"x")
    phone.plug()
    yield phone
    phone.unplug()
    phone.stop()


@pytest.fixture
def there(walked: Phone, server: AdbServer) -> Iterator[SyncSession]:
    with SyncSession(Transport(walked.serial, server=server)) as session:
        yield session


def _listings(session: SyncSession) -> dict[bytes, FolderListing]:
    return {listing.path: listing for listing in walk(session, storages(session))}


def test_the_storages_are_the_phones_own_and_its_cards(there: SyncSession) -> None:
    assert storages(there) == (PRIMARY, b"/storage/1A2B-3C4D")


def test_photos_and_videos_are_found_and_what_is_nobodys_photo_is_not(there: SyncSession) -> None:
    found = {file.path: file.kind for listing in _listings(there).values() for file in listing.files}
    own = {path.removeprefix(PRIMARY + b"/"): kind for path, kind in found.items()}
    assert own == {
        b"DCIM/Camera/20240101_100000.jpg": "photo",
        b"DCIM/Camera/20240101_100001.heic": "photo",
        b"DCIM/Camera/20240101_100002.mp4": "video",
        b"DCIM/Screenshots/shot.png": "photo",
        b"Download/a.JPG": "photo",
        b"Pictures/KakaoTalk/b.jpg": "photo",
        b"Android/media/com.whatsapp/WhatsApp/Media/WhatsApp Images/c.jpg": "photo",
        b"/storage/1A2B-3C4D/DCIM/card.jpg": "photo",
    }


def test_what_is_in_the_trash_is_told_as_that(there: SyncSession) -> None:
    camera = _listings(there)[PRIMARY + b"/DCIM/Camera"]
    assert camera.trashed == (PRIMARY + b"/DCIM/Camera/.trashed-1767000000-old.jpg",)
    assert b".pending-1767000000-new.jpg" in camera.names


def test_a_folder_of_nobodys_photos_is_skipped_and_not_complete(there: SyncSession) -> None:
    (sent,) = (listing for path, listing in _listings(there).items() if path.endswith(b"/Sent"))
    assert (sent.skipped, sent.complete, sent.files) == ("nomedia", False, ())


def test_only_wanted_folders_are_walked(there: SyncSession) -> None:
    walked = walk(there, [PRIMARY], wanted=lambda path: path.startswith(PRIMARY + b"/DCIM"))
    assert {listing.path for listing in walked} == {
        PRIMARY, PRIMARY + b"/DCIM", PRIMARY + b"/DCIM/Camera", PRIMARY + b"/DCIM/Screenshots",
    }  # fmt: skip


def test_a_folder_that_cannot_be_listed_is_not_complete_and_stops_nothing(
    there: SyncSession, walked: Phone
) -> None:
    closed = walked.storage / "DCIM/Screenshots"
    closed.chmod(0o111)
    try:
        listings = _listings(there)
    finally:
        closed.chmod(0o755)
    listing = listings[PRIMARY + b"/DCIM/Screenshots"]
    assert not listing.complete
    assert "Permission denied" in listing.problem
    assert listings[PRIMARY + b"/Download"].complete


def test_links_are_not_walked(there: SyncSession, walked: Phone) -> None:
    loop = walked.storage / "DCIM/loop"
    loop.symlink_to("/storage/emulated/0")
    try:
        assert not any(b"loop" in path for path in _listings(there))
    finally:
        loop.unlink()


def test_albums_have_names_kinds_and_counts(there: SyncSession) -> None:
    made = {album.path: album for album in albums(_listings(there).values())}
    kinds = {album.name: album.kind for album in made.values()}
    assert kinds == {
        "Camera": "camera", "Screenshots": "screenshots", "Download": "downloads", "KakaoTalk": "messenger",
        "WhatsApp Images": "messenger", "DCIM": "other",
    }  # fmt: skip
    camera = made[PRIMARY + b"/DCIM/Camera"]
    assert (camera.photos, camera.videos, camera.on_card) == (2, 1, False)
    assert made[b"/storage/1A2B-3C4D/DCIM"].on_card
    newest = [album.newest for album in albums(_listings(there).values())]
    assert newest == sorted(newest, reverse=True)


def test_albums_of_the_same_name_are_told_apart() -> None:
    def listing(path: bytes) -> FolderListing:
        return FolderListing(
            path, PRIMARY, complete=True, files=(RemoteFile(path + b"/x.jpg", 1, 1, "photo"),)
        )

    made = albums([listing(PRIMARY + b"/Pictures/Trip"), listing(PRIMARY + b"/DCIM/Trip")])
    assert {album.name for album in made} == {"Pictures/Trip", "DCIM/Trip"}


def test_a_file_is_gone_only_by_a_complete_listing(there: SyncSession, walked: Phone) -> None:
    camera = PRIMARY + b"/DCIM/Camera/"
    walked.put("Trip/Day 1/x.jpg")
    deep, closed = PRIMARY + b"/Trip/Day 1/x.jpg", PRIMARY + b"/DCIM/Screenshots/never.jpg"
    before = _listings(there)
    assert not is_surely_gone(deep, before)
    assert is_surely_gone(camera + b"never.jpg", before)
    assert not is_surely_gone(camera + b"20240101_100000.jpg", before)
    assert not is_surely_gone(PRIMARY + b"/.hidden/e.jpg", before)
    assert not is_surely_gone(b"/storage/9999-9999/DCIM/a.jpg", before)  # a card that is not in
    shutil.rmtree(walked.storage / "Trip")
    (walked.storage / "DCIM/Screenshots").chmod(0o111)
    try:
        after = _listings(there)
    finally:
        (walked.storage / "DCIM/Screenshots").chmod(0o755)
    assert is_surely_gone(deep, after)  # with its folder's folder
    assert is_surely_gone(closed, before)
    assert not is_surely_gone(closed, after)


def test_a_card_that_was_taken_out_makes_nothing_gone(there: SyncSession, walked: Phone) -> None:
    photo = b"/storage/1A2B-3C4D/DCIM/card.jpg"
    card = walked.card()
    kept = card.with_name("kept-away")
    card.rename(kept)
    try:
        assert storages(there) == (PRIMARY,)
        assert not is_surely_gone(photo, _listings(there))
    finally:
        kept.rename(card)
    assert not is_surely_gone(photo, _listings(there))


def test_a_folder_that_lists_nothing_at_all_makes_nothing_gone(
    rig: Rig, empty: Path, server: AdbServer
) -> None:
    photos = empty / "storage/emulated/0/DCIM"
    photos.mkdir()
    (photos / "a.jpg").write_bytes(b"x")
    with ProtocolPlayer(empty) as player:
        rig.connect(player.serial)
        player.faults.listing[PRIMARY + b"/DCIM"] = "nothing"
        with SyncSession(Transport(player.serial, server=server)) as session:
            listings = {listing.path: listing for listing in walk(session, [PRIMARY])}
        rig.disconnect(player.serial)
    assert not listings[PRIMARY + b"/DCIM"].complete
    assert not is_surely_gone(PRIMARY + b"/DCIM/a.jpg", listings)


def test_a_phone_without_a_storage_says_to_unlock_it(rig: Rig, tmp_path: Path, server: AdbServer) -> None:
    with ProtocolPlayer(tmp_path) as player:
        rig.connect(player.serial)
        with (
            SyncSession(Transport(player.serial, server=server)) as session,
            pytest.raises(PhoneFileGoneError, match="unlock"),
        ):
            storages(session)
        rig.disconnect(player.serial)
