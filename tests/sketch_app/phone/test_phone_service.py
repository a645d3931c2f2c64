"""The phone service without a window: when it syncs by itself, what it says where no phone can be seen."""

from __future__ import annotations

import os
import subprocess

import pytest

from device.phone import server as server_module
from sketch_app.phone.records import Disappeared, Stopped, SyncReport
from sketch_app.phone.service import PhoneService
from sketch_app.phone.states import Presence, Work
from tests.support.phone.rig import free_port, wait_until
from tests.ui.played_phone import ALBUMS, SERIAL, PlayedAccess, Plugged, summary
from tests.ui.small_gallery import make_workspace


@pytest.fixture
def workspace(tmp_path):
    workspace = make_workspace(tmp_path / "home", None)
    yield workspace
    workspace.close()


class Played:
    """A service on a phone played by hand, and a clock that the test turns."""

    def __init__(self, workspace, *, known=True):
        self.access = PlayedAccess(summary=summary() if known else None)
        self.now = 0.0
        self.service = PhoneService(workspace, access=self.access, clock=lambda: self.now)
        self.service.start()

    def plug(self):
        self.access.plug(Plugged())
        wait_until(lambda: self.phone.albums is not None, what="its albums")

    def unplug(self):
        self.access.plug()

    @property
    def phone(self):
        return next(phone for phone in self.service.phones if phone.serial == SERIAL)

    def syncing(self, count=1):
        wait_until(lambda: len(self.access.syncs) == count, what=f"sync {count}")

    def finish(self, report=SyncReport()):  # noqa: B008 - frozen
        self.access.finish(report)
        wait_until(lambda: self.phone.work is not Work.SYNCING, what="its end")


@pytest.fixture
def played(workspace):
    made = Played(workspace)
    yield made
    made.service.close()


def test_a_phone_that_was_synced_before_is_synced_by_itself_once_an_arrival(played):
    played.plug()
    played.syncing()
    played.finish()
    played.access.plug(Plugged(), Plugged(serial="OTHER"))  # news of another phone are no arrival
    assert len(played.access.syncs) == 1


def test_a_phone_that_was_never_synced_waits_for_a_press(workspace):
    played = Played(workspace, known=False)
    played.plug()
    assert (played.access.syncs, played.phone.work) == ([], Work.IDLE)
    played.service.sync(SERIAL)
    played.syncing()
    played.access.summary = summary()
    played.finish()
    played.now = 60.0
    played.unplug()
    played.plug()
    played.syncing(2)  # from its first sync on
    played.service.close()


def test_with_the_tick_off_nothing_begins_by_itself_and_the_settings_keep_that(played, workspace):
    played.service.choose_auto_sync(False)
    assert not played.service.state.auto_sync
    assert not workspace.settings.phone_auto_sync
    played.plug()
    assert played.access.syncs == []


def test_a_loose_cable_does_not_make_it_sync_again_and_again(played):
    played.plug()
    played.syncing()
    played.finish()
    for moment in (1.0, 2.0, 29.0):
        played.now = moment
        played.unplug()
        played.plug()
        assert played.phone.work is Work.IDLE
    assert len(played.access.syncs) == 1
    played.now = 31.0
    played.unplug()
    played.plug()
    played.syncing(2)


def test_what_a_person_stopped_does_not_go_on_by_itself(played):
    played.plug()
    played.syncing()
    played.finish(SyncReport(stopped=Stopped.CANCELLED))
    played.now = 60.0
    played.unplug()
    played.plug()
    assert len(played.access.syncs) == 1
    assert played.phone.work is Work.IDLE


def test_what_a_person_is_asked_waits_for_the_answer(played):
    played.plug()
    played.syncing()
    played.finish(SyncReport(asks=Disappeared(1200, 1609)))
    played.now = 60.0
    played.unplug()
    played.plug()
    assert len(played.access.syncs) == 1
    assert played.phone.work is Work.ASKS


def test_after_a_no_it_goes_on_by_itself_and_asks_again_only_when_more_is_gone(played):
    played.plug()
    played.syncing()
    played.finish(SyncReport(asks=Disappeared(1200, 1609)))
    played.service.keep_disappeared(SERIAL)
    for number, (missing, work) in enumerate([(1200, Work.IDLE), (1201, Work.ASKS)], 2):
        played.now += 60.0
        played.unplug()
        played.plug()
        played.syncing(number)
        played.finish(SyncReport(asks=Disappeared(missing, 1609)))
        assert played.phone.work is work
    played.service.keep_disappeared(SERIAL)
    played.service.sync(SERIAL)  # by the person: asked again
    played.syncing(4)
    played.finish(SyncReport(asks=Disappeared(1201, 1609)))
    assert played.phone.work is Work.ASKS


def test_an_interrupted_sync_goes_on_whatever_the_clock_says(played):
    played.plug()
    played.syncing()
    played.unplug()
    played.finish(SyncReport(stopped=Stopped.PHONE, sentence="gone"))
    played.plug()
    played.syncing(2)


def test_why_no_phone_can_be_seen_is_said_until_it_has_passed(played):
    played.access.trouble("adb does not start.")
    assert played.service.state.unavailable == "adb does not start."
    assert played.phone.presence is Presence.AWAY
    played.access.trouble("")
    assert played.service.state.unavailable == ""


def test_trying_again_begins_another_watch_and_the_former_one_says_nothing_more(played):
    former = played.access._tell
    played.service.start()
    assert played.access.watches == 1  # nothing is wrong
    played.access.trouble("adb does not start.")
    played.service.start()
    assert played.access.watches == 2
    wait_until(lambda: played.access.ended == 1, what="the former watch's end")
    former((), "adb does not start.")
    assert played.service.state.unavailable == ""


def test_ticks_are_kept_with_what_lies_below_them(workspace):
    played = Played(workspace, known=False)
    inner = tuple(path for path in (b"/s/DCIM", b"/s/DCIM/Camera", b"/s/DCIM/Camera/Best", b"/s/Download"))
    played.access.albums = lambda serial: [
        type(ALBUMS[0])(path, path.decode(), path.decode(), 1) for path in inner
    ]
    played.plug()
    played.service.choose_albums(SERIAL, [inner[0], inner[2]])
    choices = played.service._choices.of(SERIAL)
    assert choices.folders == (inner[0], inner[2])
    assert choices.without == (inner[1],)  # the download folder is below none that is ticked
    assert workspace.settings.phone_folders_without == [f"{SERIAL}:/s/DCIM/Camera"]
    again = PhoneService(workspace, access=played.access)
    again.start()
    played.access.plug(Plugged())
    wait_until(lambda: again.phones[0].albums is not None, what="its albums")
    assert [a.chosen for a in again.phones[0].albums] == [True, False, True, False]
    again.choose_albums(SERIAL, inner)
    assert workspace.settings.phone_folders == workspace.settings.phone_folders_without == []
    played.service.close()
    again.close()


# With the real watcher


@pytest.mark.skipif(os.name == "nt", reason="the adb that fails is a shell script")
def test_an_adb_that_does_not_start_is_said_and_taken_back_once_it_does(workspace, tmp_path, monkeypatch):
    real = server_module.bundled_adb()
    if real is None:
        pytest.skip("adbutils brings no adb here")
    broken = tmp_path / "adb"
    broken.write_text("#!/bin/sh\necho 'adb: error: no room in the inn' >&2\nexit 1\n")
    broken.chmod(0o755)
    port = free_port()
    for name in ("ADB_SERVER_SOCKET", "ANDROID_ADB_SERVER_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(port))
    monkeypatch.setattr(server_module, "bundled_adb", lambda: broken)
    service = PhoneService(workspace)
    service.start()
    try:
        wait_until(lambda: "no room in the inn" in service.state.unavailable, what="the sentence")
        assert not service.state.looking
        monkeypatch.setattr(server_module, "bundled_adb", lambda: real)
        service.start()  # "Try again": not only when the watcher next tries by itself
        wait_until(lambda: not service.state.looking and not service.state.unavailable, what="its end")
    finally:
        service.close()
        subprocess.run([str(real), "-P", str(port), "kill-server"], capture_output=True, check=False)
