"""What goes wrong between a phone and this computer: after the next sync the gallery is whole, byte for
byte.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from index.errors import GalleryError
from index.gallery import Gallery
from index.phone_files import phone_source
from sketch_app.phone.plan import make_plan
from sketch_app.phone.records import Originals, Stopped, SyncChoices, SyncControl
from tests.sketch_app.phone.killed_sync import KILLS_A_GALLERY
from tests.sketch_app.phone.phone_gallery import (
    ALL,
    PREVIEWS,
    MadeUpPhone,
    assert_whole,
    is_found,
    jpeg,
    reader_of,
    sync,
)
from tests.support.phone.bad_cable import BadCable
from tests.support.phone.protocol_player import ProtocolPlayer
from tests.support.waiting import RUN_S

SD = b"/storage/emulated/0/"
UNPLUGGED = 50
KILLED_GALLERIES = 10


def fill(phone, numbers, *, size=90_000):
    files = {}
    for number in numbers:
        name = f"DCIM/Camera/{number:03}.jpg"
        data = jpeg(number, bytes_after=size, thumbnail=number)
        phone.put(name, data, mtime=1_700_000_000 + number)
        files[SD + name.encode()] = data
    return files


def test_unplugged_at_random_bytes(phone, tmp_path):
    files = fill(phone, range(4), size=400_000)  # several blocks each: a cut leaves some of them
    chance = random.Random(4)
    with BadCable(phone.port) as cable:
        phone.unplug()
        phone.plug(by=cable.serial)
        before = cable.carried
        sync(tmp_path / "measured", reader_of(phone, by=cable.serial))
        whole = cable.carried - before
        cut = resumed = 0
        for number in range(UNPLUGGED):
            gallery = tmp_path / f"gallery-{number}"
            cable.cut_after(chance.randrange(whole))
            report = sync(gallery, reader_of(phone, by=cable.serial))
            phone.unplug(by=cable.serial)
            cable.mend()  # fewer bytes may come than the measured sync took
            cut += report.stopped is Stopped.PHONE
            resumed += bool(list((gallery / "phone").rglob("*.rest")))
            phone.plug(by=cable.serial)
            report = sync(gallery, reader_of(phone, by=cable.serial))
            assert report.whole, report
            assert_whole(gallery, phone.hardware_serial, files)
        phone.unplug(by=cable.serial)
    assert cut > UNPLUGGED * 0.8
    assert resumed > UNPLUGGED * 0.1


def test_an_interrupted_file_goes_on_where_it_was(tmp_path):
    phone = MadeUpPhone()
    data = jpeg(1, bytes_after=200_000)
    path = phone.put("DCIM/1.jpg", data)
    control = SyncControl()
    phone.on_chunk = lambda _, start: control.cancel() if start > 100_000 else None
    report = sync(tmp_path, phone, ALL, control=control)
    assert report.stopped is Stopped.CANCELLED
    (rest,) = (tmp_path / "phone/parts").glob("*/*")
    assert rest.suffix == ".rest"
    assert data.startswith(rest.read_bytes())
    phone.on_chunk = None
    assert sync(tmp_path, phone, ALL).whole
    assert phone.received[-1] == (path, len(rest_bytes := data[: phone.received[-1][1]]))
    assert len(rest_bytes) > 100_000
    assert_whole(tmp_path, phone.serial, {path: data})


def test_a_part_of_a_program_that_was_killed_is_not_gone_on_with(tmp_path):
    phone = MadeUpPhone()
    data = jpeg(1, bytes_after=200_000)
    path = phone.put("DCIM/1.jpg", data)
    sync(tmp_path, phone, PREVIEWS)
    phone.files[path] = (data, 1_700_000_001)
    phone.on_chunk = lambda _, start: (_ for _ in ()).throw(ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        sync(tmp_path, phone, ALL)
    (parts,) = (tmp_path / "phone/parts").iterdir()
    (parts / f"1-{len(data)}-1700000001.part").write_bytes(bytes(1000))  # of the right name, of no good bytes
    phone.on_chunk = None
    assert sync(tmp_path, phone, ALL).whole
    assert_whole(tmp_path, phone.serial, {path: data})


@pytest.mark.skipif(
    shutil.disk_usage(tempfile.gettempdir()).free < 12e9, reason="the disk has no 12 GB left for such a file"
)
def test_a_file_over_4_gib_comes_whole_though_cut_behind_2_gib(phone, tmp_path):
    data = jpeg(1, thumbnail=1)
    size = 2**32 + 70_001
    file = phone.put("DCIM/Camera/whole_night.jpg", data)
    with file.open("r+b") as stream:
        stream.truncate(size)
        stream.seek(size - 5)
        stream.write(b"tail!")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    control, most = SyncControl(), 0

    def progress(state):
        nonlocal most
        most = max(most, state.bytes_done)
        if state.bytes_done > 2**31:
            control.cancel()

    assert sync(tmp_path, reader_of(phone), control=control, progress=progress).stopped is Stopped.CANCELLED
    assert most > 2**31
    (rest,) = (tmp_path / "phone/parts").glob("*/*")
    assert 2**31 < rest.stat().st_size < size
    report = sync(tmp_path, reader_of(phone))
    assert (report.bytes, report.stopped) == (size, None)
    (kept,) = (tmp_path / "phone/originals").rglob("*.jpg")
    with kept.open("rb") as ours, file.open("rb") as theirs:
        assert hashlib.file_digest(ours, "sha256").digest() == hashlib.file_digest(theirs, "sha256").digest()
    assert is_found(tmp_path, 1)  # by its preview: so large a picture is not decoded
    kept.unlink()


def test_a_frozen_phone_is_let_go(phone, tmp_path):
    files = fill(phone, range(6), size=3_000_000)
    with BadCable(phone.port) as cable:  # slow, so that there is something left when it freezes
        phone.unplug()
        phone.plug(by=cable.serial)
        cable.limit(8_000_000)
        seen = []

        def progress(state):
            if state.phase == "originals" and not seen:
                seen.append(state)
                phone.freeze()

        report = sync(tmp_path, reader_of(phone, by=cable.serial, timeout=1.0), ALL, progress=progress)
        phone.thaw()
        assert report.stopped is Stopped.PHONE
        assert "did not answer" in report.sentence
        phone.freeze()
        report = sync(tmp_path, reader_of(phone, by=cable.serial, timeout=1.0), ALL)
        assert report.stopped is Stopped.PHONE
        phone.thaw()
        cable.limit(0)
        assert sync(tmp_path, reader_of(phone, by=cable.serial)).whole
        phone.unplug(by=cable.serial)
    phone.plug()
    assert_whole(tmp_path, phone.hardware_serial, files)


def test_a_killed_server_is_started_again(rig, phone, tmp_path):
    files = fill(phone, range(8), size=300_000)
    with BadCable(phone.port) as cable:
        phone.unplug()
        phone.plug(by=cable.serial)
        cable.limit(2_000_000)

        killed = []

        def progress(state):
            if state.phase == "originals" and state.bytes_done > 300_000 and not killed:
                killed.append(state)
                rig.kill_server()

        report = sync(tmp_path, reader_of(phone, by=cable.serial), ALL, progress=progress)
        assert report.stopped is Stopped.PHONE
        cable.limit(0)
        phone.plug(by=cable.serial)
        assert sync(tmp_path, reader_of(phone, by=cable.serial)).whole
        phone.unplug(by=cable.serial)
    phone.plug()
    assert_whole(tmp_path, phone.hardware_serial, files)


def test_a_disk_without_room_is_a_sentence_and_what_is_here_stays(tmp_path):
    phone = MadeUpPhone()
    files = {phone.put(f"DCIM/{n}.jpg", jpeg(n, bytes_after=70_000), 1_700_000_000 + n): n for n in range(3)}
    too_much = SyncChoices(Originals.ALL, reserve_bytes=1 << 60)
    report = sync(tmp_path, phone, too_much)
    assert report.stopped is Stopped.DISK
    assert "free some space" in report.sentence
    assert sync(tmp_path, phone, ALL).whole
    assert_whole(tmp_path, phone.serial, {path: phone.files[path][0] for path in files})


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can mount a small disk"
)
def test_a_full_disk_harms_nothing(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", small], check=False).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        phone = MadeUpPhone()
        for number in range(12):
            phone.put(f"DCIM/{number}.jpg", jpeg(number, bytes_after=500_000), 1_700_000_000 + number)
        files = {path: data for path, (data, _) in phone.files.items()}
        for _ in range(2):
            try:
                report = sync(small / "gallery", phone, ALL)
            except GalleryError as error:
                assert "full" in str(error) or "disk" in str(error)
            else:
                assert report.stopped is Stopped.DISK
        subprocess.run(["mount", "-o", "remount,size=64m", small], check=True)
        assert sync(small / "gallery", phone, ALL).whole
        assert_whole(small / "gallery", phone.serial, files)
    finally:
        subprocess.run(["umount", "-l", small], check=True)


@pytest.mark.skipif(os.name == "nt", reason="needs fork and SIGKILL")
def test_killed_at_random_moments(rig, phone, tmp_path):
    files = fill(phone, range(6), size=500_000)
    galleries = [tmp_path / f"gallery-{number}" for number in range(KILLED_GALLERIES)]
    root = Path(__file__).parents[3]
    killed = subprocess.run(
        [
            sys.executable, "-m", "tests.sketch_app.phone.killed_sync",
            phone.serial, phone.hardware_serial, "20", *galleries,
        ],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )  # fmt: skip
    assert not killed.returncode, killed.stderr
    moments = [line.split() for line in killed.stdout.splitlines()]
    assert len(moments) == KILLED_GALLERIES * KILLS_A_GALLERY
    assert sum(cut == "1" for _, cut in moments) > len(moments) // 2
    for gallery in galleries:
        assert sync(gallery, reader_of(phone)).whole
        assert_whole(gallery, phone.hardware_serial, files)


def test_a_file_that_vanishes_or_grows_after_it_was_listed(tmp_path):
    phone = MadeUpPhone()
    files = {n: phone.put(f"DCIM/{n}.jpg", jpeg(n, bytes_after=80_000), 1_700_000_000 + n) for n in range(5)}
    grown = phone.files[files[3]][0] + bytes(5000)

    def trouble(path: bytes, start: int) -> None:
        if path == files[1]:
            phone.files.pop(files[2], None)
        if path == files[3] and start > 20_000:
            phone.files[path] = (grown, 1_700_005_000)

    phone.on_chunk = trouble
    phone.received.clear()
    report = sync(tmp_path, phone, ALL)
    assert report.stopped is None
    assert "changed" in " ".join(failed.reason for failed in report.failed)
    phone.on_chunk = None
    assert sync(tmp_path, phone, ALL).whole
    assert_whole(tmp_path, phone.serial, {path: data for path, (data, _) in phone.files.items()})


def test_twenty_thousand_files_are_listed_and_known_the_next_time(phone, tmp_path):
    camera = phone.storage / "DCIM/Camera"
    camera.mkdir(parents=True, exist_ok=True)
    for number in range(20_000):
        (camera / f"{number}.jpg").touch()
    plan = make_plan({}, reader_of(phone).listings(()))
    assert len(plan.new) == 20_000
    from index import phone_files

    source = phone_source(phone.hardware_serial)
    with Gallery.open(tmp_path, write=True) as gallery:
        with gallery.database.transaction() as connection:
            phone_files.put_phone(connection, source, "", "")
            phone_files.put_listed(connection, source, plan.new)
        known = phone_files.known_files(gallery.database, source)
        again = make_plan(known, reader_of(phone).listings(()))
    assert (again.unchanged, again.new, again.absent) == (20_000, [], [])


def test_a_file_of_more_than_four_gigabytes_is_known_by_its_size_and_stops_nothing(phone, tmp_path):
    files = fill(phone, range(2))
    huge = phone.put("DCIM/Camera/huge.jpg")
    with huge.open("r+b") as stream:
        stream.truncate((4 << 30) + 12345)
    os.utime(huge, (1_700_000_100, 1_700_000_100))
    report = sync(tmp_path, reader_of(phone), PREVIEWS)
    assert (report.added, report.previews) == (3, 2)
    assert [refused.display for refused in report.refused] == ["/storage/emulated/0/DCIM/Camera/huge.jpg"]
    with Gallery.open(tmp_path, write=False) as gallery:
        sizes = [row[0] for row in gallery.database.rows("SELECT size FROM phone_files ORDER BY size")]
    assert sizes[-1] == (4 << 30) + 12345
    assert len(files) == 2


def test_an_empty_listing_after_a_full_one_takes_nothing_away_before_a_person_says_so(phone, tmp_path):
    files = fill(phone, range(5))
    sync(tmp_path, reader_of(phone))
    (phone.storage / "DCIM/Camera").rename(phone.root / "tmp/away")
    report = sync(tmp_path, reader_of(phone))
    assert report.missing == 0
    assert (report.asks.missing, report.asks.known) == (5, 5)
    assert "5 of the 5 photos" in report.asks.sentence
    assert_whole(tmp_path, phone.hardware_serial, files)
    (phone.root / "tmp/away").rename(phone.storage / "DCIM/Camera")
    assert sync(tmp_path, reader_of(phone)).unchanged == 5
    for path in (phone.storage / "DCIM/Camera").iterdir():
        path.unlink()
    assert sync(tmp_path, reader_of(phone)).asks is not None
    report = sync(tmp_path, reader_of(phone), ALL, confirm_disappeared=True)
    assert (report.missing, report.asks) == (5, None)
    assert not is_found(tmp_path, 1)
    assert len(list((tmp_path / "phone/originals").rglob("*.jpg"))) == 5  # marked, not erased


def test_a_card_that_is_taken_out_keeps_its_photos(phone, tmp_path):
    files = fill(phone, range(2))
    card = phone.card()
    (card / "DCIM").mkdir()
    for number in (7, 8):
        (card / f"DCIM/{number}.jpg").write_bytes(jpeg(number, bytes_after=70_000))
        files[f"/storage/1A2B-3C4D/DCIM/{number}.jpg".encode()] = (card / f"DCIM/{number}.jpg").read_bytes()
    sync(tmp_path, reader_of(phone))
    card.rename(phone.root / "tmp/card")
    report = sync(tmp_path, reader_of(phone))
    assert (report.missing, report.asks) == (0, None)
    assert_whole(tmp_path, phone.hardware_serial, files)
    card.mkdir()  # the empty place where it was mounted
    report = sync(tmp_path, reader_of(phone))
    assert_whole(tmp_path, phone.hardware_serial, files)


def test_not_allowed_then_allowed_and_never_up(rig, tmp_path):
    root = tmp_path / "root"
    camera = root / "storage/emulated/0/DCIM"
    camera.mkdir(parents=True)
    data = jpeg(3, bytes_after=80_000)
    (camera / "3.jpg").write_bytes(data)
    with ProtocolPlayer(root, permission="asks") as player:
        rig.connect(player.serial, state="unauthorized")
        reader = reader_of_player(player)
        report = sync(tmp_path / "gallery", reader)
        assert report.stopped is Stopped.PHONE
        assert "allow USB debugging" in report.sentence
        player.allow()
        rig.connect(player.serial)
        assert sync(tmp_path / "gallery", reader).whole
        assert_whole(tmp_path / "gallery", "R3PLAYED", {SD + b"DCIM/3.jpg": data})
        rig.disconnect(player.serial)
    with ProtocolPlayer(root, permission="never comes up") as player:
        rig.connect(player.serial, state="offline")
        report = sync(tmp_path / "gallery", reader_of_player(player))
        assert report.stopped is Stopped.PHONE
        rig.disconnect(player.serial)


@pytest.mark.parametrize("trouble", ["fail", "drop", "hang", "nonsense"])
def test_trouble_in_the_middle_of_a_file(rig, tmp_path, trouble):
    root = tmp_path / "root"
    camera = root / "storage/emulated/0/DCIM"
    camera.mkdir(parents=True)
    files = {SD + f"DCIM/{n}.jpg".encode(): jpeg(n, bytes_after=200_000) for n in range(3)}
    for number, data in enumerate(files.values()):
        (camera / f"{number}.jpg").write_bytes(data)
        os.utime(camera / f"{number}.jpg", (1_700_000_000 + number,) * 2)
    with ProtocolPlayer(root) as player:
        rig.connect(player.serial)
        player.faults.receiving[SD + b"DCIM/1.jpg"] = (trouble, 100_000)
        report = sync(tmp_path / "gallery", reader_of_player(player))
        if trouble == "fail":
            assert report.stopped is None
            assert [f.display for f in report.failed] == ["/storage/emulated/0/DCIM/1.jpg"]
            assert report.originals == 2
        else:
            assert report.stopped is Stopped.PHONE
        player.faults.receiving.clear()
        rig.disconnect(player.serial)
        rig.connect(player.serial)
        assert sync(tmp_path / "gallery", reader_of_player(player)).whole
        rig.disconnect(player.serial)
    assert_whole(tmp_path / "gallery", "R3PLAYED", files)


def reader_of_player(player):
    from device.phone.transport import Transport
    from sketch_app.phone.adb_reader import AdbPhone

    return AdbPhone(Transport(player.serial, timeout=5.0), "R3PLAYED", "", "A played phone")
