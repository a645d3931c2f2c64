"""The phone in the window: every state says what to do, and every button reaches the sync."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QLabel, QMessageBox, QProgressBar, QPushButton

from device.frames import IterableSource
from device.phone.errors import AdbMissingError
from index.gallery import Gallery
from index.phone_files import phone_source, put_phone, put_synced
from sketch_app.phone.records import Disappeared, Originals, Stopped, SyncReport
from sketch_app.phone.service import PhoneService
from sketch_app.phone.states import LeftOriginals, PhonesState, PhoneState, Presence, Work
from tests.ui.played_phone import ALBUMS, SERIAL, PlayedAccess, Plugged, summary
from tests.ui.small_gallery import make_workspace
from ui.main_window import MainWindow
from ui.phone_card import PhoneCard
from ui.phone_control import PhoneControl, _has_synced
from ui.phone_panel import PhonePanel


@pytest.fixture
def workspace(tmp_path):
    workspace = make_workspace(tmp_path / "home", None)
    yield workspace
    workspace.close()


@pytest.fixture
def access():
    return PlayedAccess()


@pytest.fixture
def panel(qtbot):
    panel = PhonePanel()
    qtbot.addWidget(panel)
    panel.resize(360, 900)
    panel.show()
    return panel


@pytest.fixture
def control(qtbot, workspace, panel, access):
    def make(workspace):
        return PhoneService(workspace, access=access)

    control = PhoneControl(workspace, panel, make_service=make)
    control.setParent(panel)
    control.open()
    qtbot.waitUntil(lambda: access.watches == 1 or access.fails is not None)
    yield control
    control.close()


@pytest.fixture
def phone(qtbot, panel, control, access):
    """A ready phone, its albums on its card."""
    qtbot.waitUntil(lambda: not control.state.looking)
    access.plug(Plugged())
    qtbot.waitUntil(lambda: bool(panel.cards) and len(panel.cards[0].albums.rows) == len(ALBUMS))
    return panel


def words(widget):
    return " | ".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def button(widget, text):
    found = [b for b in widget.findChildren(QPushButton) if b.text() == text and b.isVisible()]
    assert len(found) == 1, f"{text!r} is there {len(found)} times"
    return found[0]


def press(qtbot, widget, text):
    qtbot.mouseClick(button(widget, text), Qt.MouseButton.LeftButton)


def says(qtbot, panel, sentence):
    qtbot.waitUntil(lambda: sentence in words(panel))


def begin(qtbot, panel, access):
    press(qtbot, panel, "Sync now")
    qtbot.waitUntil(lambda: access.control is not None)
    says(qtbot, panel, "Looking for photos")


# States


def test_without_a_phone_three_steps_say_how_to_connect_one(panel):
    panel.show_state(PhonesState())
    said = words(panel)
    for step in ("1", "2", "3", "Turn on USB debugging", "Plug it in", "Allow this computer"):
        assert step in said
    assert "only read" in said


@pytest.mark.parametrize(
    ("presence", "sentence"),
    [
        (Presence.UNAUTHORIZED, "Unlock the phone and allow USB debugging"),
        (Presence.OFFLINE, "unplug it and plug it in again"),
        (Presence.NO_PERMISSIONS, "Install the rules for Android phones"),
    ],
)
def test_a_phone_that_cannot_be_read_says_what_to_do_and_offers_no_sync(qtbot, panel, presence, sentence):
    panel.show_state(PhonesState((PhoneState(SERIAL, "Galaxy S23", presence=presence),)))
    says(qtbot, panel, sentence)
    assert not [b for b in panel.findChildren(QPushButton) if b.isVisible()]


def test_a_full_disk_says_how_much_is_left_and_goes_on(qtbot, panel):
    full = PhoneState(SERIAL, "Galaxy S23", presence=Presence.READY, work=Work.DISK_FULL)
    panel.show_state(PhonesState((full,), free_bytes=980_000_000))
    says(qtbot, panel, "980")
    with qtbot.waitSignal(panel.continue_requested) as asked:
        press(qtbot, panel, "Continue")
    assert asked.args == [SERIAL]


def test_of_several_phones_each_has_its_card_and_its_cable(qtbot, panel):
    phones = (
        PhoneState("A", "Galaxy S23", presence=Presence.READY, albums=ALBUMS),
        PhoneState("B", "Pixel 8a", presence=Presence.READY, albums=ALBUMS, connection="wifi"),
        PhoneState("C", "Old phone", photos=12, shown=12, synced_at=1_600_000_000),
    )
    panel.show_state(PhonesState(phones))
    says(qtbot, panel, "Old phone")
    said = [words(card) for card in panel.cards]
    assert "USB" in said[0]
    assert "Wi-Fi" in said[1]
    assert "Not connected" in said[2]
    assert "12 photo" in said[2]
    assert not panel.cards[0].albums.isVisible()  # small, so that all are seen
    assert "2 connected" in words(panel)


def test_a_card_that_stays_keeps_its_widget_when_another_phone_comes(panel):
    first = PhoneState("A", "Galaxy S23", presence=Presence.READY)
    panel.show_state(PhonesState((first,)))
    card = panel.cards[0]
    panel.show_state(PhonesState((PhoneState("B", "A first one", presence=Presence.READY), first)))
    assert panel.cards[1] is card
    assert len(panel.findChildren(PhoneCard)) == 2


# With the service


def test_a_phone_comes_and_goes_with_its_albums(qtbot, phone, access):
    assert "Galaxy S23" in words(phone)
    assert "120" in words(phone)
    access.plug()
    says(qtbot, phone, "Connect your phone")
    assert not phone.cards


def test_a_sync_shows_how_far_it_is_and_what_can_be_searched(qtbot, phone, access):
    begin(qtbot, phone, access)
    access.step(42, 130, 40)
    says(qtbot, phone, "42 of 130")
    assert "40 photo" in words(phone)
    assert "about 2 min left" in words(phone)
    bar = phone.findChild(QProgressBar)
    assert bar.value() / bar.maximum() == pytest.approx(42 / 130, abs=0.001)
    access.summary = summary()
    access.finish(SyncReport(added=130))
    says(qtbot, phone, "4 video")
    assert "130 photo" in words(phone)
    assert button(phone, "Sync now").isVisible()


def test_pause_waits_and_continue_goes_on(qtbot, phone, access):
    begin(qtbot, phone, access)
    access.step(42, 130, 40)
    press(qtbot, phone, "Pause")
    says(qtbot, phone, "Paused")
    assert access.control.paused
    press(qtbot, phone, "Continue")
    qtbot.waitUntil(lambda: not access.control.paused)
    says(qtbot, phone, "Syncing")


def test_unplugged_in_the_middle_it_goes_on_by_itself_when_plugged_in_again(qtbot, phone, access):
    begin(qtbot, phone, access)
    access.step(42, 130, 40)
    access.plug()
    access.summary = summary(shown=40)
    access.finish(SyncReport(stopped=Stopped.PHONE, sentence="gone"))
    says(qtbot, phone, "The phone was unplugged")
    assert "42 of 130" in words(phone)
    assert "40 photo" in words(phone)
    access.plug(Plugged())
    qtbot.waitUntil(lambda: len(access.syncs) == 2)
    says(qtbot, phone, "Looking for photos")


def test_back_before_its_going_was_noticed_it_goes_on_too(qtbot, phone, access):
    begin(qtbot, phone, access)
    access.plug()
    access.plug(Plugged())
    access.finish(SyncReport(stopped=Stopped.PHONE, sentence="gone"))
    qtbot.waitUntil(lambda: len(access.syncs) == 2)


@pytest.mark.parametrize("deleted", [True, False])
def test_a_mass_disappearance_asks_and_only_a_yes_is_passed_on(qtbot, phone, access, deleted):
    begin(qtbot, phone, access)
    access.finish(SyncReport(asks=Disappeared(1200, 1609)))
    says(qtbot, phone, "1200 of its 1609")
    press(qtbot, phone, "Yes, deleted" if deleted else "No, keep them")
    if deleted:
        qtbot.waitUntil(lambda: len(access.syncs) == 2)
        assert access.syncs[1][2]
    else:
        qtbot.waitUntil(lambda: button(phone, "Sync now") is not None)
        assert len(access.syncs) == 1


def test_a_failure_is_told_in_its_sentence(qtbot, phone, access):
    begin(qtbot, phone, access)
    access.finish(AdbMissingError("The cable is of no use: take another."))
    says(qtbot, phone, "take another")
    assert button(phone, "Sync again").isVisible()


def test_chosen_albums_and_originals_count_for_the_next_sync(qtbot, phone, access):
    card = phone.cards[0]
    card.albums.rows[0].tick.click()
    says(qtbot, phone, "2 of 3")
    card.originals.setCurrentIndex(card.originals.findText("The newest, up to 25 GB"))
    card.originals.activated.emit(card.originals.currentIndex())
    says(qtbot, phone, "then the newest originals")
    begin(qtbot, phone, access)
    _, choices, _ = access.syncs[0]
    assert set(choices.folders) == {album.path for album in ALBUMS[1:]}
    assert (choices.originals, choices.originals_gb) == (Originals.SOME, 25.0)


def test_the_tick_for_syncing_by_itself_is_kept_and_counts_for_all_cards(
    qtbot, phone, control, workspace, access
):
    tick = phone.cards[0].auto_sync
    assert tick.isChecked()
    tick.click()
    qtbot.waitUntil(lambda: not control.state.auto_sync)
    assert not tick.isChecked()
    assert not workspace.settings.phone_auto_sync
    access.plug(Plugged(), Plugged(serial="OTHER", name="Pixel 8a"))
    qtbot.waitUntil(lambda: len(phone.cards) == 2)
    assert [card.auto_sync.isChecked() for card in phone.cards] == [False, False]


def test_a_known_phone_is_synced_without_a_press(qtbot, panel, control, access):
    qtbot.waitUntil(lambda: not control.state.looking)
    access.summary = summary()
    control._service._count()
    access.plug(Plugged())
    says(qtbot, panel, "Looking for photos")
    assert len(access.syncs) == 1


@pytest.mark.parametrize(("report", "said"), [(SyncReport(), False), (SyncReport(previews=3), True)])
def test_a_sync_that_began_by_itself_is_news_only_if_something_came(qtbot, workspace, access, report, said):
    panel = PhonePanel()  # not on the screen
    qtbot.addWidget(panel)
    access.summary = summary()
    control = PhoneControl(workspace, panel, panel, make_service=lambda w: PhoneService(w, access=access))
    told = []
    control.said.connect(lambda text, _kind: told.append(text))
    control.open()
    qtbot.waitUntil(lambda: access._tell is not None)
    access.plug(Plugged())
    qtbot.waitUntil(lambda: access.control is not None)
    with qtbot.waitSignal(control.photos_added):
        access.finish(report)
    assert told == (["Galaxy S23 is in step with the gallery."] if said else [])
    control.close()


def test_originals_that_no_phone_has_are_named_and_deleted_only_after_a_yes(qtbot, panel, workspace, access):
    access.left = LeftOriginals(frozenset({b"a" * 32, b"b" * 32}), 40_000_000, workspace.gallery_directory)
    control = PhoneControl(workspace, panel, panel, make_service=lambda w: PhoneService(w, access=access))
    control.open()
    says(qtbot, panel, "(40 MB) of photos that left the gallery")

    def ask():
        press(qtbot, panel, "Delete…")
        return panel.findChild(QMessageBox)

    question = ask()
    assert "40 MB" in question.text()
    assert "only copies" in question.informativeText()
    assert str(workspace.gallery_directory) in question.informativeText()
    assert question.defaultButton().text() == "Keep"
    question.defaultButton().click()
    qtbot.waitUntil(lambda: panel.findChild(QMessageBox) is None)
    assert access.left.count == 2
    with qtbot.waitSignal(control.said) as said:
        button(ask(), "Delete").click()
    assert "deleted, 40 MB freed." in said.args[0]
    qtbot.waitUntil(lambda: not panel.left.isVisible())
    control.close()


def test_originals_cannot_be_deleted_while_a_phone_is_synced(panel):
    left = LeftOriginals(frozenset({b"a" * 32}), 3_000_000, Path("/gallery/phone/originals"))
    busy = PhoneState(SERIAL, "Galaxy S23", presence=Presence.READY, work=Work.SYNCING)
    panel.show_state(PhonesState((busy,), left=left))
    assert panel.left.isVisible()
    assert "(3 MB) of" in words(panel.left)
    assert not panel.left.button.isEnabled()
    panel.show_state(PhonesState())
    assert not panel.left.isVisible()


def test_trouble_with_adb_is_shown_and_goes_when_it_has_passed(qtbot, panel, control, access):
    qtbot.waitUntil(lambda: not control.state.looking)
    access.trouble("/x/adb could not start its server: cannot bind port.")
    says(qtbot, panel, "adb, which does not start: cannot bind port")
    assert button(panel, "Try again").isVisible()
    assert "Turn on USB debugging" not in words(panel)
    access.trouble("")
    says(qtbot, panel, "Turn on USB debugging")
    access.trouble("The adb server at 127.0.0.1:5037 does not answer: refused.")
    says(qtbot, panel, "127.0.0.1:5037")
    press(qtbot, panel, "Try again")
    qtbot.waitUntil(lambda: access.watches == 2)
    says(qtbot, panel, "Turn on USB debugging")


def test_the_last_ticked_album_stays_ticked(qtbot, phone):
    rows = phone.cards[0].albums.rows
    for row in rows:
        row.tick.click()
    assert [row.tick.isChecked() for row in rows] == [False, False, True]
    hint = phone.cards[0].albums._hint
    assert "One album stays ticked" in hint.text()
    rows[0].tick.click()
    assert hint.text() == "This counts from the next sync."
    assert hint.isVisible()


def test_photos_that_came_are_announced_for_the_search(qtbot, phone, control, access):
    begin(qtbot, phone, access)
    with qtbot.waitSignal(control.photos_added):
        access.step(60, 130, 60)
    with qtbot.waitSignal(control.photos_added):
        access.finish(SyncReport(added=130))


def test_an_original_is_asked_for_and_the_sync_brings_it(qtbot, phone, control, access):
    with qtbot.waitSignal(control.said):
        control.fetch_original(7)
    assert access.wanted == [7]
    qtbot.waitUntil(lambda: len(access.syncs) == 1)


def test_an_original_asked_for_during_a_sync_comes_with_one_more(qtbot, phone, control, access):
    begin(qtbot, phone, access)
    with qtbot.waitSignal(control.said):
        control.fetch_original(7)
    access.finish(SyncReport())
    qtbot.waitUntil(lambda: len(access.syncs) == 2)


def test_an_original_of_a_phone_that_is_away_is_remembered_for_later(qtbot, phone, control, access):
    access.plug()
    with qtbot.waitSignal(control.said) as said:
        control.fetch_original(7)
    assert "when the phone is connected" in said.args[0]
    assert access.wanted == [7]
    assert not access.syncs


def test_a_question_waits_while_its_phone_is_away(qtbot, phone, access):
    access.summary = summary()
    begin(qtbot, phone, access)
    access.finish(SyncReport(asks=Disappeared(1200, 1609)))
    says(qtbot, phone, "1200 of its 1609")
    access.plug()
    says(qtbot, phone, "Not connected")
    assert "1200" not in words(phone)
    access.plug(Plugged())
    says(qtbot, phone, "1200 of its 1609")


def test_closing_ends_the_sync_and_the_watch(qtbot, phone, control, access):
    begin(qtbot, phone, access)
    control.close()
    assert access.control.cancelled
    assert access.ended == 1


def test_without_adb_the_sentence_says_so_and_trying_again_looks_again(qtbot, workspace, panel, access):
    access.fails = AdbMissingError(
        "Phones need adb, and this computer has none: install it (apt install adb), then try again."
    )
    control = PhoneControl(workspace, panel, panel, make_service=lambda w: PhoneService(w, access=access))
    control.open()
    says(qtbot, panel, "apt install adb")
    access.fails = None
    press(qtbot, panel, "Try again")
    says(qtbot, panel, "Connect your phone")
    control.close()


def test_a_service_that_cannot_be_made_says_so(qtbot, workspace, panel):
    def broken(_workspace):
        raise AdbMissingError("Phones cannot be read here: install the program again.")

    control = PhoneControl(workspace, panel, panel, make_service=broken)
    control.open()
    says(qtbot, panel, "install the program again")


# In the window


def test_the_window_loads_nothing_of_phones_before_the_tab_is_opened(tmp_path):
    code = """
import sys
from PySide6.QtWidgets import QApplication
from tests.ui.small_gallery import make_workspace
from pathlib import Path
app = QApplication([])
from ui.main_window import MainWindow
window = MainWindow(make_workspace(Path(sys.argv[1]), None))
window.show()
heavy = {"adbutils", "device.phone.watch", "sketch_app.phone.service", "sketch_app.phone.engine"}
print(sorted(heavy & set(sys.modules)))
window.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_tab_of_the_window_begins_to_look_and_closing_ends_it(qtbot, workspace, access):
    window = MainWindow(workspace)
    qtbot.addWidget(window)
    window.phones._make_service = lambda w: PhoneService(w, access=access)
    window.show()
    assert access.watches == 0
    window.side.show_phone()
    qtbot.waitUntil(lambda: access.watches == 1)
    says(qtbot, window.phone_panel, "Connect your phone")
    window.close()
    assert access.ended == 1


def know_a_phone(directory, *, synced=True):
    with Gallery.open(directory, write=True) as gallery, gallery.database.transaction() as connection:
        put_phone(connection, phone_source(SERIAL), "SM-S911N", "Galaxy S23")
        if synced:
            put_synced(connection, phone_source(SERIAL), 0, 1_700_000_000)


@pytest.mark.parametrize("case", ["known", "unknown", "tick off", "demo"])
def test_phones_are_looked_for_after_launch_only_if_one_is_known_and_wanted(
    qtbot, workspace, access, monkeypatch, case
):
    if case != "unknown":
        know_a_phone(workspace.gallery_directory)
    workspace.update_settings(phone_auto_sync=case != "tick off", camera_on=False)
    monkeypatch.setattr("ui.phone_control._AFTER_LAUNCH_MS", 50)
    window = MainWindow(workspace, source=IterableSource([]) if case == "demo" else None)
    qtbot.addWidget(window)
    window.phones._make_service = lambda w: PhoneService(w, access=access)
    window.show()
    window.start()
    assert access.watches == 0
    if case == "known":
        qtbot.waitUntil(lambda: access.watches == 1)
    else:
        late: list[bool] = []
        QTimer.singleShot(1000, window, lambda: late.append(True))
        qtbot.waitUntil(lambda: bool(late))
        assert access.watches == 0
    window.close()


@pytest.mark.parametrize("synced", [True, False])
def test_whether_a_phone_is_known_is_read_from_the_gallery(tmp_path, synced):
    assert not _has_synced(tmp_path)
    know_a_phone(tmp_path, synced=synced)
    assert _has_synced(tmp_path) == synced


def test_the_empty_gallery_leads_to_the_phone_tab(qtbot, workspace, access):
    window = MainWindow(workspace)
    qtbot.addWidget(window)
    window.phones._make_service = lambda w: PhoneService(w, access=access)
    window.show()
    window.results.invite_folder()
    press(qtbot, window.results, "Connect a phone")
    qtbot.waitUntil(lambda: access.watches == 1)
    says(qtbot, window.phone_panel, "Connect your phone")
    window.close()


@pytest.mark.parametrize("width", [900, 1280])
def test_no_tab_is_cut_at_any_size(qtbot, workspace, width):
    window = MainWindow(workspace)
    qtbot.addWidget(window)
    window.resize(width, 600)
    window.show()
    tabs = window.side._tabs
    qtbot.waitUntil(lambda: tabs.sizeHint().width() <= tabs.width())
    window.close()
