"""The sync client against the real daemon, and against a player for what that cannot do."""

from __future__ import annotations

import os
import random
import threading
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.phone.errors import (
    PhoneError,
    PhoneFileGoneError,
    PhoneGoneError,
    PhoneProtocolError,
    PhoneRefusedError,
    PhoneTimeoutError,
)
from device.phone.server import AdbServer
from device.phone.sync import SyncSession
from device.phone.transport import Transport
from tests.support.phone.bad_cable import BadCable
from tests.support.phone.protocol_player import ProtocolPlayer
from tests.support.phone.rig import Phone, Rig
from tests.support.waiting import WAIT_S

KOREAN = "가족 사진.jpg"
ODD_NAMES = [
    b"plain.jpg",
    unicodedata.normalize("NFC", KOREAN).encode(),
    unicodedata.normalize("NFD", KOREAN).encode(),
    b"new\nline.jpg",
    b"tab\tand 'quotes' \"$HOME\" `x` *?.jpg",
    b"latin-\xe9\xff.jpg",
    b"-dash",
    b"back\\slash.jpg",
    b"comma, _size=7",
    b"CON.jpg",
    "\U0001f600.heic".encode(),
    b"x" * 251 + b".jpg",
    "가".encode() * 85,
]


def sdcard(path: str, name: bytes = b"") -> bytes:
    return b"/sdcard/" + path.encode() + (b"/" + name if name else b"")


@pytest.fixture
def player(rig: Rig, empty: Path) -> Iterator[ProtocolPlayer]:
    with ProtocolPlayer(empty) as playing:
        rig.connect(playing.serial)
        yield playing
        rig.disconnect(playing.serial)


@pytest.fixture
def played(player: ProtocolPlayer, server: AdbServer) -> Iterator[SyncSession]:
    with SyncSession(Transport(player.serial, server=server, timeout=3.0)) as opened:
        yield opened


@pytest.mark.parametrize("name", ODD_NAMES, ids=lambda name: ascii(name[:20]))
def test_a_file_of_any_name_is_listed_looked_at_and_received(
    phone: Phone, session: SyncSession, name: bytes
) -> None:
    content = b"content of " + name
    phone.put(b"DCIM/odd/" + name, content, mtime=1_600_000_001)
    (entry,) = (entry for entry in session.list(sdcard("DCIM/odd")) if entry.name == name)
    found = session.stat(sdcard("DCIM/odd", name))
    assert (entry.size, entry.mtime, entry.is_file) == (len(content), 1_600_000_001, True)
    assert (found.size, found.mtime, found.inode) == (len(content), 1_600_000_001, entry.inode)
    assert b"".join(session.receive(sdcard("DCIM/odd", name))) == content
    assert b"".join(session.receive(sdcard("DCIM/odd", name), offset=8)) == content[8:]


@pytest.mark.parametrize("mtime", [0, -86_400, 2_208_988_800, 4_417_977_600])
def test_times_before_1970_and_after_2038_are_kept(
    phone: Phone, session: SyncSession, folder: str, mtime: int
) -> None:
    phone.put(f"{folder}/a.jpg", mtime=mtime)
    assert session.stat(sdcard(folder, b"a.jpg")).mtime == mtime
    assert [entry.mtime for entry in session.list(sdcard(folder))] == [mtime]


def test_the_listing_of_a_missing_folder_is_an_error_and_no_empty_listing(session: SyncSession) -> None:
    with pytest.raises(PhoneFileGoneError, match="/sdcard/nowhere is not on the phone"):
        session.list(b"/sdcard/nowhere")


def test_the_listing_of_a_file_is_an_error(phone: Phone, session: SyncSession, folder: str) -> None:
    phone.put(f"{folder}/a.jpg")
    with pytest.raises(PhoneFileGoneError, match="Not a directory"):
        session.list(sdcard(folder, b"a.jpg"))


def test_the_listing_of_a_folder_that_may_not_be_read_is_an_error(
    phone: Phone, session: SyncSession, folder: str
) -> None:
    phone.put(f"{folder}/closed/a.jpg")
    (phone.storage / folder / "closed").chmod(0o111)
    with pytest.raises(PhoneRefusedError, match="Permission denied") as refused:
        session.list(sdcard(folder, b"closed"))
    assert not isinstance(refused.value, PhoneFileGoneError)


def test_the_listing_of_an_empty_folder_is_empty(session: SyncSession, folder: str) -> None:
    assert session.list(sdcard(folder)) == ()


def test_what_is_not_there_and_what_may_not_be_read_are_told_apart(
    phone: Phone, session: SyncSession, folder: str
) -> None:
    phone.put(f"{folder}/secret.jpg", b"x").chmod(0)
    phone.put(f"{folder}/open.jpg", b"whole")
    for offset in (0, 3):
        with pytest.raises(PhoneFileGoneError):
            list(session.receive(sdcard(folder, b"gone.jpg"), offset=offset))
        with pytest.raises(PhoneRefusedError, match="Permission denied") as refused:
            list(session.receive(sdcard(folder, b"secret.jpg"), offset=offset))
        assert not isinstance(refused.value, PhoneFileGoneError)
    with pytest.raises(PhoneFileGoneError):
        session.stat(sdcard(folder, b"gone.jpg"))
    assert b"".join(session.receive(sdcard(folder, b"open.jpg"))) == b"whole"


def test_a_path_too_long_to_be_asked_for_does_not_end_the_session(session: SyncSession) -> None:
    assert session.stat(b"/sdcard/").is_folder
    for path in (b"/sdcard/" + b"x" * 1020, b"/sdcard/a\0b"):
        with pytest.raises(PhoneRefusedError, match="cannot be asked for"):
            session.stat(path)
    assert session.stat(b"/sdcard/").is_folder


def test_links_are_followed_or_not_as_asked(phone: Phone, session: SyncSession, folder: str) -> None:
    phone.put(f"{folder}/a.jpg", b"four")
    (phone.storage / folder / "link.jpg").symlink_to("a.jpg")
    (phone.storage / folder / "dangling.jpg").symlink_to("nothing")
    link = sdcard(folder, b"link.jpg")
    assert session.stat(link).size == 4
    assert session.stat(link, follow=False).is_link
    with pytest.raises(PhoneFileGoneError):
        session.stat(sdcard(folder, b"dangling.jpg"))
    links = {entry.name for entry in session.list(sdcard(folder)) if entry.is_link}
    assert links == {b"link.jpg", b"dangling.jpg"}


def test_20000_files_are_listed_completely_every_time(
    phone: Phone, session: SyncSession, folder: str
) -> None:
    names = {f"2024_{number:05d} 사진.jpg".encode() for number in range(20_000)}
    place = os.fsencode(phone.storage / folder)
    for name in names:
        os.close(os.open(place + b"/" + name, os.O_CREAT | os.O_WRONLY))
    for _ in range(3):
        listed = session.list(sdcard(folder))
        assert len(listed) == 20_000
        assert {entry.name for entry in listed} == names


def test_a_file_over_4_gib_has_its_right_size_and_its_beginning_can_be_received(
    phone: Phone, session: SyncSession, folder: str
) -> None:
    file = phone.put(f"{folder}/film.mp4", b"the beginning")
    size = 2**32 + 5
    with file.open("r+b") as film:
        film.seek(size - 5)
        film.write(b"tail!")
    path = sdcard(folder, b"film.mp4")
    assert session.stat(path).size == size
    assert [entry.size for entry in session.list(sdcard(folder))] == [size]
    chunks = session.receive(path)
    assert next(chunks).startswith(b"the beginning\0")
    chunks.close()
    assert session.stat(path).size == size  # the rest of it is not taken for an answer
    assert b"".join(session.receive(path, offset=size - 7)) == b"\0\0tail!"


def test_many_files_are_received_one_after_the_other_in_one_session(
    phone: Phone, session: SyncSession, folder: str
) -> None:
    drawn = random.Random(1)
    contents = {f"{n}.jpg".encode(): drawn.randbytes(drawn.choice((0, 1, 65_535, 65_536, 65_537, 300_000)))
                for n in range(200)}  # fmt: skip
    for name, content in contents.items():
        phone.put(f"{folder}/{name.decode()}".encode(), content)
    first = None
    for name, content in contents.items():
        assert b"".join(session.receive(sdcard(folder, name))) == content
        first = first or session._connection
        assert session._connection is first


def test_a_receive_goes_on_at_any_byte(phone: Phone, session: SyncSession, folder: str) -> None:
    content = random.Random(2).randbytes(300_001)
    phone.put(f"{folder}/a.jpg", content)
    path = sdcard(folder, b"a.jpg")
    for offset in (1, 65_535, 65_536, 65_537, 262_144, 300_000, 300_001, 300_002, 900_000):
        assert b"".join(session.receive(path, offset=offset)) == content[offset:]


def test_a_receive_goes_on_where_the_phone_has_no_dd(phone: Phone, session: SyncSession, folder: str) -> None:
    content = random.Random(4).randbytes(200_000)
    phone.put(f"{folder}/a.jpg", content)
    program = phone.root / "usr/bin/dd"
    away = program.rename(program.with_name("dd.away"))
    try:
        assert b"".join(session.receive(sdcard(folder, b"a.jpg"), offset=70_000)) == content[70_000:]
    finally:
        away.rename(program)


def test_an_unfinished_receive_leaves_the_session_in_step(
    phone: Phone, session: SyncSession, folder: str
) -> None:
    phone.put(f"{folder}/a.jpg", b"a" * 500_000)
    phone.put(f"{folder}/b.jpg", b"b" * 500_000)
    left = session.receive(sdcard(folder, b"a.jpg"))
    next(left)
    assert set(b"".join(session.receive(sdcard(folder, b"b.jpg")))) == {ord("b")}
    with pytest.raises(PhoneGoneError):
        list(left)
    assert len(session.list(sdcard(folder))) == 2


def test_a_closed_session_says_so(session: SyncSession) -> None:
    session.stat(b"/sdcard/")
    session.close()
    with pytest.raises(PhoneError, match="was closed"):
        session.stat(b"/sdcard/")


def test_unplugged_in_the_middle_of_a_receive_is_told_at_once(
    phone: Phone, session: SyncSession, folder: str
) -> None:
    phone.put(f"{folder}/big.mp4", b"x" * 30_000_000)
    chunks = session.receive(sdcard(folder, b"big.mp4"))
    next(chunks)
    phone.unplug()
    began = time.monotonic()
    with pytest.raises(PhoneGoneError, match="plug it in again"):
        list(chunks)
    with pytest.raises(PhoneGoneError, match="is not connected"):
        session.stat(b"/sdcard/")
    assert time.monotonic() - began < WAIT_S  # the time limit was not waited out
    phone.plug()
    assert session.stat(sdcard(folder, b"big.mp4")).size == 30_000_000


@pytest.mark.parametrize("cut_after", [1, 100, 65_536, 65_545, 1_000_000])
def test_a_cable_cut_at_any_byte_gives_a_beginning_and_an_error(
    phone: Phone, server: AdbServer, rig: Rig, folder: str, cut_after: int
) -> None:
    content = random.Random(3).randbytes(2_000_000)
    phone.put(f"{folder}/a.jpg", content)
    with BadCable(phone.port) as cable:
        phone.plug(by=cable.serial)
        got = bytearray()
        with SyncSession(Transport(cable.serial, server=server, timeout=WAIT_S)) as session:
            session.stat(b"/sdcard/")
            cable.cut_after(cut_after)
            with pytest.raises(PhoneGoneError, match="was lost on the way"):
                for chunk in session.receive(sdcard(folder, b"a.jpg")):
                    got += chunk
        assert len(got) < len(content)
        assert content.startswith(got)
        rig.disconnect(cable.serial)


def test_a_frozen_daemon_is_told_after_the_time_limit(phone: Phone, transport: Transport) -> None:
    with SyncSession(transport.with_timeout(2.0)) as session:
        session.list(b"/sdcard/DCIM")
        phone.freeze()
        try:
            for _ in range(2):  # in the session that was open, and at opening another one
                began = time.monotonic()
                with pytest.raises(PhoneTimeoutError, match=r"did not answer within 2 s"):
                    session.list(b"/sdcard/DCIM")
                assert 1.9 < time.monotonic() - began < WAIT_S
        finally:
            phone.thaw()
        session.list(b"/sdcard/DCIM")


def test_a_stalled_cable_is_told_after_the_time_limit(
    phone: Phone, server: AdbServer, rig: Rig, folder: str
) -> None:
    phone.put(f"{folder}/a.jpg", b"x" * 20_000_000)
    with BadCable(phone.port) as cable:
        phone.plug(by=cable.serial)
        with SyncSession(Transport(cable.serial, server=server, timeout=2.0)) as session:
            chunks = session.receive(sdcard(folder, b"a.jpg"))
            next(chunks)
            cable.stall()
            with pytest.raises(PhoneTimeoutError):
                list(chunks)
            cable.go()
        rig.disconnect(cable.serial)


def test_a_killed_server_is_told_and_the_next_request_starts_another_one(
    phone: Phone, session: SyncSession, rig: Rig, folder: str
) -> None:
    phone.put(f"{folder}/a.jpg", b"x" * 30_000_000)
    chunks = session.receive(sdcard(folder, b"a.jpg"))
    next(chunks)
    rig.kill_server()
    with pytest.raises(PhoneGoneError):
        list(chunks)
    with pytest.raises(PhoneGoneError, match="is not connected"):  # a new server does not know the phone yet
        session.stat(b"/sdcard/")
    phone.plug()
    assert session.stat(b"/sdcard/").is_folder


def test_closing_from_another_thread_ends_a_receive(phone: Phone, transport: Transport, folder: str) -> None:
    phone.put(f"{folder}/a.jpg", b"x" * 20_000_000)
    session = SyncSession(transport)
    chunks = session.receive(sdcard(folder, b"a.jpg"))
    next(chunks)
    phone.freeze()
    try:
        timer = threading.Timer(0.2, session.close)
        timer.start()
        began = time.monotonic()
        with pytest.raises(PhoneGoneError):
            list(chunks)
        assert time.monotonic() - began < WAIT_S  # the time limit was not waited out
        timer.join()
    finally:
        phone.thaw()


@pytest.mark.parametrize("trouble", ["fail", "nonsense"])
def test_a_failure_in_the_middle_of_a_file_concerns_that_file_only(
    player: ProtocolPlayer, played: SyncSession, empty: Path, trouble: str
) -> None:
    (empty / "storage/emulated/0/a.jpg").write_bytes(b"a" * 200_000)
    (empty / "storage/emulated/0/b.jpg").write_bytes(b"b" * 200_000)
    player.faults.receiving[b"/sdcard/a.jpg"] = (trouble, 100_000)
    got = bytearray()
    with pytest.raises(PhoneRefusedError if trouble == "fail" else PhoneProtocolError):
        for chunk in played.receive(b"/sdcard/a.jpg"):
            got += chunk
    assert len(got) == 100_000
    assert b"".join(played.receive(b"/sdcard/b.jpg")) == b"b" * 200_000


def test_a_phone_that_hangs_or_vanishes_in_the_middle_of_a_file_is_told(
    player: ProtocolPlayer, played: SyncSession, empty: Path
) -> None:
    (empty / "storage/emulated/0/a.jpg").write_bytes(b"a" * 200_000)
    player.faults.receiving[b"/sdcard/a.jpg"] = ("hang", 100_000)
    with pytest.raises(PhoneTimeoutError):
        list(played.receive(b"/sdcard/a.jpg"))
    player.faults.receiving[b"/sdcard/a.jpg"] = ("drop", 100_000)
    with pytest.raises(PhoneGoneError):
        list(played.receive(b"/sdcard/a.jpg"))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("nothing", PhoneRefusedError),
        ("escape", PhoneProtocolError),
        ("fail", PhoneRefusedError),
        ("hang", PhoneTimeoutError),
        ("cut short", PhoneProtocolError),
    ],
)
def test_a_listing_is_whole_or_an_error(
    player: ProtocolPlayer, played: SyncSession, empty: Path, fault: str, error: type[Exception]
) -> None:
    for number in range(10):
        (empty / f"storage/emulated/0/{number}.jpg").write_bytes(b"x")
    assert len(played.list(b"/sdcard")) == 10
    player.faults.listing[b"/sdcard"] = fault
    with pytest.raises(error):
        played.list(b"/sdcard")
    player.faults.listing.clear()
    assert len(played.list(b"/sdcard")) == 10


def test_a_phone_of_the_first_protocol_version_is_read_too(rig: Rig, empty: Path, server: AdbServer) -> None:
    (empty / "storage/emulated/0/사진.jpg").write_bytes(b"0123456789")
    os.utime(empty / "storage/emulated/0/사진.jpg", (1_600_000_000, 1_600_000_000))
    path = "/sdcard/사진.jpg".encode()
    with ProtocolPlayer(empty, second_version=False) as player:
        rig.connect(player.serial)
        with SyncSession(Transport(player.serial, server=server, timeout=WAIT_S)) as session:
            (entry,) = session.list(b"/sdcard")
            assert (entry.name, entry.size, entry.mtime) == ("사진.jpg".encode(), 10, 1_600_000_000)
            assert session.stat(path).size == 10
            assert b"".join(session.receive(path)) == b"0123456789"
            assert b"".join(session.receive(path, offset=7)) == b"789"  # it has no usable shell
            for missing in (lambda: session.stat(b"/sdcard/no"), lambda: session.list(b"/no")):
                with pytest.raises(PhoneFileGoneError):
                    missing()
        rig.disconnect(player.serial)
        assert {kind for kind, _ in player.requests} == {b"STAT", b"LIST", b"RECV"}
