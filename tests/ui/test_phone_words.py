"""What the window says of phones: counts in their form, one name for one thing, and where the focus stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QVBoxLayout, QWidget

from sketch_app.phone.records import Disappeared, Originals, SyncPhase, SyncProgress, SyncReport
from sketch_app.phone.service import PhoneService
from sketch_app.phone.states import LeftOriginals, PhonesState, PhoneState, Presence, Work
from tests.ui.played_phone import ALBUMS, SERIAL, PlayedAccess, Plugged, summary
from tests.ui.small_gallery import make_photos, make_workspace
from ui import phone_words
from ui.gallery_panel import GalleryPanel
from ui.gallery_work import PhoneSource, phones_in
from ui.languages import apply_language
from ui.main_window import MainWindow
from ui.phone_control import PhoneControl, originals_here
from ui.phone_panel import PhonePanel

READY = PhoneState(SERIAL, "Galaxy S23", presence=Presence.READY, albums=ALBUMS)
COMING = SyncProgress(SyncPhase.PREVIEWS, 42, 130, rate=30.0, searchable=40)


@pytest.fixture
def english(qapp):
    before = QLocale()
    apply_language(qapp, "en")
    yield
    QLocale.setDefault(before)


@pytest.fixture
def panel(qtbot):
    """In a window with a button before it, to which Qt would give the focus."""
    window = QWidget()
    column = QVBoxLayout(window)
    column.addWidget(QPushButton("Camera lost"))
    panel = PhonePanel()
    column.addWidget(panel)
    qtbot.addWidget(window)
    window.resize(380, 900)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    yield panel
    window.close()


@pytest.fixture
def workspace(tmp_path):
    make_photos(tmp_path / "photos")
    workspace = make_workspace(tmp_path / "home", tmp_path / "photos")
    yield workspace
    workspace.close()


def show(panel, phone, **others):
    panel.show_state(PhonesState((phone,), **others))
    QApplication.processEvents()  # a new card is shown then
    return panel.cards[0]


def words(widget):
    return " | ".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def button(widget, text):
    (found,) = [b for b in widget.findChildren(QPushButton) if b.text() == text and b.isVisible()]
    return found


def focused():
    widget = QApplication.focusWidget()
    return widget.text() if isinstance(widget, QPushButton) else widget


# Focus


def test_the_focus_goes_to_the_button_that_takes_the_place_of_the_one_before(panel):
    card = show(panel, READY)
    button(card, "Sync now").setFocus()
    syncing = replace(READY, work=Work.SYNCING, progress=COMING)
    show(panel, syncing)
    assert focused() == "Pause"
    show(panel, replace(syncing, work=Work.PAUSED))
    assert focused() == "Continue"
    show(panel, replace(READY, work=Work.INTERRUPTED, progress=COMING))
    assert focused() == "Continue"  # the notice's
    show(panel, READY)
    assert focused() == "Sync now"


def test_without_such_a_button_the_focus_stays_with_the_card(panel):
    syncing = replace(READY, work=Work.SYNCING, progress=COMING)
    card = show(panel, syncing)
    button(card, "Pause").setFocus()
    show(panel, replace(syncing, presence=Presence.AWAY, work=Work.INTERRUPTED))
    assert focused() is card
    assert card.accessibleName().startswith("Galaxy S23")
    assert card.focusPolicy() != Qt.FocusPolicy.NoFocus
    show(panel, syncing)
    assert focused() is card  # nothing is pressed by who did not go there


def test_a_question_is_not_answered_by_the_key_that_pressed_another_button(panel):
    card = show(panel, replace(READY, work=Work.SYNCING, progress=COMING))
    button(card, "Pause").setFocus()
    asks = replace(READY, work=Work.ASKS, report=SyncReport(asks=Disappeared(84, 138)))
    show(panel, asks)
    assert focused() is card
    button(card, "No, keep them").setFocus()
    show(panel, READY)
    assert focused() == "Sync now"


def test_a_ticked_album_that_is_listed_anew_leaves_the_focus_in_the_card(panel):
    card = show(panel, READY)
    card.albums.rows[0].tick.setFocus()
    show(panel, replace(READY, albums=ALBUMS[1:]))
    assert card.isAncestorOf(QApplication.focusWidget()) or focused() is card


# Words


@pytest.mark.parametrize(
    ("count", "originals", "videos"),
    [
        (1, "1 original here (2 MB)", "1 video stays on the phone"),
        (2, "2 originals here (2 MB)", "2 videos stay on the phone"),
    ],
)
def test_facts_have_their_plural(english, count, originals, videos):
    phone = replace(READY, originals=count, original_bytes=2_000_000, videos=count)
    assert phone_words.facts(phone) == f"{originals}\n{videos}"


def test_counts_of_photos_have_their_plural(english):
    said = phone_words.PhoneWords()
    assert [said.searchable(n) for n in (0, 1, 2)] == [
        "0 photos can be searched",
        "1 photo can be searched",
        "2 photos can be searched",
    ]
    assert said.searchable_of(0, 1) == "0 of 1 photo can be searched"
    assert said.searchable_of(1, 2) == "1 of 2 photos can be searched"
    assert [said.folders(n) for n in (0, 1, 2)] == ["0 folders so far", "1 folder so far", "2 folders so far"]
    one = SyncProgress(SyncPhase.PREVIEWS, 0, 1, rate=1.0)
    assert phone_words.numbers(one, resting=False) == "0 of 1 photo · 1 photo a second"
    assert phone_words.numbers(replace(one, total=2, rate=2.0), resting=False) == (
        "0 of 2 photos · 2 photos a second"
    )


@pytest.mark.parametrize(
    ("count", "said"),
    [(1, "1 original (3 MB) of a photo that"), (84, "84 originals (3 MB) of photos that left the gallery")],
)
def test_the_row_of_what_is_left_has_its_plural(english, panel, count, said):
    contents = frozenset(bytes([n]) * 32 for n in range(count))
    panel.show_state(PhonesState(left=LeftOriginals(contents, 3_000_000, Path("/gallery"))))
    assert said in words(panel.left)


def test_photos_without_a_preview_are_not_called_originals_where_none_is_kept(panel):
    passing = SyncProgress(SyncPhase.ORIGINALS, 1, 5, bytes_done=254_000, bytes_total=4_000_000)
    phone = replace(READY, work=Work.SYNCING, progress=passing)
    card = show(panel, phone)
    assert "Reading photos that hold no preview" in words(card)
    show(panel, phone, originals=Originals.ALL)
    assert "Fetching originals" in words(card)
    panel.show_state(PhonesState((phone,)), original_asked=True)
    assert "Fetching originals" in words(card)


def test_a_pause_is_said_once(panel):
    card = show(panel, replace(READY, work=Work.PAUSED, progress=COMING))
    assert words(card).count("Paused") == 1
    assert "42 of 130" in words(card)


def test_a_phone_that_fell_asleep_says_which_button_goes_on(panel):
    card = show(panel, replace(READY, work=Work.INTERRUPTED, progress=COMING))
    assert "Press Continue when the phone is awake" in words(card)
    assert "Waiting for the phone" not in words(card)
    assert button(card, "Continue").isVisible()


def test_the_question_says_what_each_answer_does(panel):
    asks = replace(READY, work=Work.ASKS, report=SyncReport(asks=Disappeared(84, 138)))
    said = words(show(panel, asks))
    assert "Has a question" in said
    assert "Are these photos deleted?" in said
    assert "84 of its 138 photos are no longer on the phone." in said
    assert "Yes: they leave the search" in said
    assert "No: everything stays as it is." in said


def test_the_condition_of_syncing_by_itself_stands_below_its_tick(panel):
    assert "From its first sync on, while this window is open" in words(show(panel, READY))


# A known phone that is away


def test_a_known_phone_comes_before_how_to_connect_one(qtbot, panel):
    away = PhoneState(SERIAL, "Galaxy S23", photos=12, shown=12, synced_at=1_700_000_000)
    card = show(panel, away)
    assert card.isVisible()
    assert "Turn on USB debugging" not in words(panel)
    how = button(panel, "How to connect a phone")
    assert how.mapTo(panel, how.rect().topLeft()).y() > card.mapTo(panel, card.rect().bottomLeft()).y()
    qtbot.mouseClick(how, Qt.MouseButton.LeftButton)
    assert "Turn on USB debugging" in words(panel)
    panel.show_state(PhonesState())
    assert "Connect your phone" in words(panel)
    assert not how.isVisible()


# News


def control_of(qtbot, workspace, access):
    panel = PhonePanel()  # not on the screen
    qtbot.addWidget(panel)
    control = PhoneControl(workspace, panel, panel, make_service=lambda w: PhoneService(w, access=access))
    control.open()
    qtbot.waitUntil(lambda: access._tell is not None)
    return control


def test_the_first_photos_and_a_pause_are_news(qtbot, workspace):
    access = PlayedAccess()
    control = control_of(qtbot, workspace, access)
    access.plug(Plugged())
    control._sync(SERIAL)
    qtbot.waitUntil(lambda: access.control is not None)
    with qtbot.waitSignal(control.photos_added):
        access.step(1, 130, 1)
    with qtbot.assertNotEmitted(control.photos_added):
        access.step(20, 130, 16)
        qtbot.waitUntil(lambda: control.state.phones[0].searchable == 16)
    with qtbot.waitSignal(control.photos_added):
        access.control.pause()
        access.step(20, 130, 16)
    control.close()


def test_the_status_line_follows_what_came(qtbot, tmp_path):
    make_photos(tmp_path / "photos")
    workspace = make_workspace(tmp_path / "home", None)
    window = MainWindow(workspace)
    qtbot.addWidget(window)
    window.show()
    window.photos.open()
    qtbot.waitUntil(lambda: "No photos yet" in window.status.text)
    workspace.index_folder(tmp_path / "photos")
    window.phones.photos_added.emit()
    qtbot.waitUntil(lambda: "6 photo" in window.status.text)
    window.close()
    workspace.close()


def test_an_original_that_was_asked_for_is_said_to_be_here(qtbot, workspace):
    access = PlayedAccess(summary=summary())
    control = control_of(qtbot, workspace, access)
    told = []
    control.said.connect(lambda text, _kind: told.append(text))
    access.plug(Plugged())
    qtbot.waitUntil(lambda: access.control is not None)  # it syncs by itself
    access.finish(SyncReport())
    qtbot.waitUntil(lambda: control.state.phones[0].report is not None)
    control.fetch_original(1)  # its file is here, unlike that of 99
    control.fetch_original(99)
    qtbot.waitUntil(lambda: len(access.syncs) == 2 and access.wanted == [1, 99])
    access.finish(SyncReport(originals=1))
    qtbot.waitUntil(lambda: len(access.syncs) == 3)  # one more: the second wish may have come too late
    access.finish(SyncReport())
    qtbot.waitUntil(lambda: "The original is here." in told)
    assert not [text for text in told if "in step" in text]
    assert control._asked_photos == {99}
    control.close()


def test_whether_an_original_is_here_is_read_from_the_gallery(workspace, tmp_path):
    assert originals_here(workspace.gallery_directory, {1, 99}) == {1}
    assert originals_here(tmp_path / "none", {1}) == frozenset()


# Where photos come from


def test_the_gallery_names_the_phones_its_photos_came_from(qtbot, workspace):
    panel = GalleryPanel()
    qtbot.addWidget(panel)
    panel.show()
    assert "No folder has been added yet." in words(panel)
    panel.set_phones((PhoneSource("Galaxy S23", 124),))
    qtbot.waitUntil(lambda: "Galaxy S23" in words(panel))
    assert "124" in words(panel)
    assert "No folder" not in words(panel)
    panel.set_phones(())
    assert "No folder has been added yet." in words(panel)
    assert phones_in(workspace.gallery_directory) == ()
