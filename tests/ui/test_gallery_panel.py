"""The gallery's panel: folders, a running scan, skipped files and filters."""

from __future__ import annotations

from datetime import datetime

import pytest
from PySide6.QtCore import QDate, QLocale, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDateEdit,
    QLabel,
    QMessageBox,
    QPushButton,
    QToolButton,
)

from index.records import Album, IndexProgress, IndexReport
from sketch_app.search_types import Filters
from tests.ui.small_gallery import make_photos, make_workspace
from ui.gallery_filters import AlbumChoice, GalleryFilters, Period, period_bounds
from ui.gallery_panel import FolderRow, GalleryPanel
from ui.languages import apply_language
from ui.scan_progress import ScanProgress
from ui.skipped_dialog import SkippedDialog


@pytest.fixture
def gallery(tmp_path):
    make_photos(tmp_path / "photos")
    workspace = make_workspace(tmp_path / "home", tmp_path / "photos")
    yield workspace
    workspace.close()


@pytest.fixture
def panel(qtbot, gallery):
    panel = GalleryPanel()
    qtbot.addWidget(panel)
    panel.resize(320, 700)
    panel.show()
    panel.set_summary(gallery.gallery_summary())
    return panel


def progress(phase="reading", done=120, total=1000, remaining=150.0):
    return IndexProgress(phase, done, total, 100, 2, 10.0, remaining, "IMG_0001.jpg")


def words(widget):
    return [label.text() for label in widget.findChildren(QLabel) if label.isVisible()]


def button(widget, text):
    found = [b for b in widget.findChildren(QPushButton) if b.text().strip() == text and b.isVisible()]
    assert len(found) == 1, f"{text!r} is there {len(found)} times"
    return found[0]


def test_folders_stand_with_their_counts_and_where_the_gallery_is_kept(panel, gallery, tmp_path):
    rows = panel.findChildren(FolderRow)
    assert len(rows) == 1
    assert "photos" in words(rows[0])
    assert "6" in words(rows[0])
    kept = " ".join(words(panel)).replace("\u200b", "")
    assert str(gallery.gallery_directory) in kept
    assert "never changed" in kept


def test_buttons_ask_for_a_folder_and_a_scan(qtbot, panel):
    with qtbot.waitSignal(panel.add_folder_requested):
        qtbot.mouseClick(button(panel, "Add a folder"), Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(panel.rescan_requested) as asked:
        qtbot.mouseClick(button(panel, "Scan again"), Qt.MouseButton.LeftButton)
    assert asked.args == [None]


def test_a_folders_menu_scans_that_folder(qtbot, panel, tmp_path):
    menu = panel.findChild(FolderRow).findChild(QToolButton).menu()
    with qtbot.waitSignal(panel.rescan_requested) as asked:
        next(action for action in menu.actions() if action.text() == "Scan again").trigger()
    assert asked.args == [tmp_path / "photos"]


@pytest.mark.parametrize(("answer", "removed"), [("Remove", True), ("Keep", False)])
def test_a_folder_is_removed_only_when_the_person_says_so(qtbot, panel, tmp_path, answer, removed):
    asked = []
    panel.remove_requested.connect(asked.append)
    menu = panel.findChild(FolderRow).findChild(QToolButton).menu()
    next(action for action in menu.actions() if action.text().startswith("Remove")).trigger()
    question = panel.findChild(QMessageBox)
    qtbot.waitUntil(question.isVisible)
    with qtbot.waitSignal(question.finished):
        qtbot.mouseClick(button(question, answer), Qt.MouseButton.LeftButton)
    assert asked == ([tmp_path / "photos"] if removed else [])


def test_a_running_scan_says_how_far_it_is_and_can_be_cancelled(qtbot, panel):
    panel.set_progress(progress())
    said = " ".join(words(panel.findChild(ScanProgress)))
    assert "about 3 minute" in said
    assert "120" in said
    assert not button(panel, "Add a folder").isEnabled()
    with qtbot.waitSignal(panel.cancel_requested):
        qtbot.mouseClick(button(panel, "Cancel"), Qt.MouseButton.LeftButton)
    assert not button(panel, "Cancel").isEnabled()
    panel.set_progress(None)
    assert button(panel, "Add a folder").isEnabled()
    assert not panel.findChild(ScanProgress).isVisible()


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(None, ""), (3.0, "less than a minute"), (61.0, "2 minute"), (5400.0, "2 hour"), (36000.0, "10 hour")],
)
def test_the_time_left_is_told_in_round_words(qtbot, seconds, expected):
    scan = ScanProgress()
    qtbot.addWidget(scan)
    assert expected in scan.time_left(seconds)
    assert bool(scan.time_left(seconds)) == bool(expected)


def test_a_finished_scan_says_what_it_did_over_all_folders(panel):
    done = IndexReport(3, 3, 1, 0, 0, 1, 0, (), False, 1.0)
    panel.set_progress(progress())
    panel.set_reports((done, done))
    said = " ".join(words(panel))
    assert "6 photo" in said
    assert "2 no longer there" in said


def test_another_writer_turns_off_what_would_write_and_says_why(panel):
    panel.set_read_only(True, "Another window is adding photos.")
    assert "Another window is adding photos." in words(panel)
    assert not button(panel, "Add a folder").isEnabled()
    assert not button(panel, "Scan again").isEnabled()
    panel.set_read_only(False)
    assert button(panel, "Add a folder").isEnabled()
    assert "Another window is adding photos." not in words(panel)


def test_skipped_files_are_listed_under_their_reasons_and_can_be_copied(qtbot, panel):
    panel.show_skipped()
    dialog = panel.findChild(SkippedDialog)
    groups = [dialog.tree.topLevelItem(row) for row in range(dialog.tree.topLevelItemCount())]
    reasons = {group.text(0): [group.child(k).text(0) for k in range(group.childCount())] for group in groups}
    assert len(reasons) == 2
    damaged = next(files for reason, files in reasons.items() if "damaged" in reason)
    assert [path.rsplit("/", 1)[-1].rsplit("\\", 1)[-1] for path in damaged] == ["half.jpg"]
    dialog.copy_all()
    assert QGuiApplication.clipboard().text().count("\n") == 1
    with qtbot.waitSignal(dialog.finished):
        dialog.reject()


@pytest.fixture
def filters(qtbot, gallery):
    filters = GalleryFilters()
    qtbot.addWidget(filters)
    filters.show()
    filters.set_albums(gallery.gallery_summary().albums)
    return filters


def choose(box, value):
    box.setCurrentIndex(box.findData(value))


def test_nothing_chosen_lets_everything_through(filters):
    assert filters.filters == Filters()


def test_a_period_of_two_days_includes_both_whatever_their_order(qtbot, filters):
    choose(filters.findChild(QComboBox), Period.BETWEEN)
    first, last = filters.findChildren(QDateEdit)
    assert first.isVisible()
    first.setDate(QDate(2024, 5, 6))
    with qtbot.waitSignal(filters.changed) as said:
        last.setDate(QDate(2024, 5, 1))
    assert said.args[0].taken_from == datetime(2024, 5, 1)
    assert said.args[0].taken_to == datetime(2024, 5, 7)


def test_periods_begin_and_end_at_midnight():
    today = datetime(2026, 3, 5, 15, 30)
    assert period_bounds(Period.THIS_YEAR, today) == (datetime(2026, 1, 1), None)
    assert period_bounds(Period.LAST_YEAR, today) == (datetime(2025, 1, 1), datetime(2026, 1, 1))
    assert period_bounds(Period.LAST_MONTH, today) == (datetime(2026, 2, 3), None)


def test_an_album_narrows_the_search_to_its_ids(qtbot, filters, gallery):
    albums = {album.name: album.id for album in gallery.gallery_summary().albums}
    choice = filters.findChild(AlbumChoice)
    with qtbot.waitSignal(filters.changed) as said:
        choice.choose("holiday")
    assert said.args[0].albums == {albums["holiday"]}
    assert choice.text() == "holiday"


def test_a_kind_narrows_the_search(qtbot, filters):
    kind = filters.findChildren(QComboBox)[1]
    with qtbot.waitSignal(filters.changed) as said:
        choose(kind, "screenshot")
    assert said.args[0].kinds == {"screenshot"}


def test_clearing_says_once_that_everything_passes(filters):
    filters.findChild(AlbumChoice).choose("home")
    choose(filters.findChildren(QComboBox)[1], "photo")
    said = []
    filters.changed.connect(said.append)
    filters.clear()
    assert said == [Filters()]


def test_an_album_of_a_phone_is_called_as_in_the_tab_of_the_phone(qtbot, filters):
    choice = filters.findChild(AlbumChoice)
    filters.set_albums(
        (
            Album(1, "phone:R3C", b"/sdcard/Download", "Download", 14),
            Album(2, "folder", b"/photos/Camera", "Camera", 3),
        )
    )
    choice.choose("Download")
    assert choice.text() == "Downloads"
    before = QLocale()
    apply_language(QApplication.instance(), "ko")
    qtbot.waitUntil(lambda: choice.text() == "다운로드")
    assert filters.filters.albums == {1}
    choice.choose("Download", ticked=False)
    choice.choose("Camera")
    assert choice.text() == "Camera"  # a folder of the disk keeps its name
    apply_language(QApplication.instance(), "en")
    QLocale.setDefault(before)


def test_a_ticked_album_survives_a_new_count(filters, gallery):
    choice = filters.findChild(AlbumChoice)
    choice.choose("home")
    before = filters.filters
    filters.set_albums(gallery.gallery_summary().albums)
    assert filters.filters == before
