"""The grid of photos found: what it shows, what it keeps, what a person can do in it."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale, QObject, QPoint, QSize, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication, QImage
from PySide6.QtWidgets import QPushButton

from sketch_app.search_types import Filters, Stage
from tests.support.waiting import WAIT_S
from tests.ui.small_gallery import COLOURS, make_photos, make_workspace, results_of, update
from ui.dates import short_date
from ui.photo_actions import show_command
from ui.photo_tile import MARGIN, percent_text
from ui.results_model import ResultsModel
from ui.results_view import ResultsView
from ui.thumbnails import Thumbnails, cover


@pytest.fixture
def gallery(tmp_path):
    make_photos(tmp_path / "photos")
    workspace = make_workspace(tmp_path / "home", tmp_path / "photos")
    yield workspace
    workspace.close()


@pytest.fixture
def results(gallery):
    return results_of(gallery)


@pytest.fixture
def view(qtbot, gallery):
    view = ResultsView(gallery)
    qtbot.addWidget(view)
    view.resize(560, 480)
    view.show()
    return view


class OpenedFiles(QObject):
    """Stands where the system's viewer would: Qt hands it the addresses."""

    def __init__(self):
        super().__init__()
        self.paths = []

    @Slot(QUrl)
    def opened(self, url):
        self.paths.append(Path(url.toLocalFile()))


@pytest.fixture
def opened():
    receiver = OpenedFiles()
    QDesktopServices.setUrlHandler("file", receiver, "opened")
    yield receiver.paths
    QDesktopServices.unsetUrlHandler("file")


def photo_rect(view, row):
    rect = view.grid.visualRect(view.grid.model().index(row))
    return rect.adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)


def seen_colour(view, row):
    """The colour in the middle of a tile's photo, as painted."""
    rect = photo_rect(view, row)
    centre = QPoint(rect.x() + rect.width() // 2, rect.y() + rect.width() // 2)
    colour = view.grid.viewport().grab().toImage().pixelColor(centre)
    return colour.red(), colour.green(), colour.blue()


def close_to(seen, expected):
    return all(abs(a - b) < 12 for a, b in zip(seen, expected, strict=True))


def colour_of(result):
    return COLOURS[result.path.stem]


def test_every_photo_is_painted_with_its_own_picture(qtbot, view, results):
    view.show_update(update(results))
    for row, result in enumerate(results):
        qtbot.waitUntil(lambda row=row, result=result: close_to(seen_colour(view, row), colour_of(result)))


def test_a_new_answer_puts_the_photos_in_its_order(qtbot, view, results):
    view.show_update(update(results))
    view.show_update(update(results[::-1], number=2))
    assert view.grid.model().results == results[::-1]
    for row, result in enumerate(results[::-1]):
        qtbot.waitUntil(lambda row=row, result=result: close_to(seen_colour(view, row), colour_of(result)))


def test_a_photo_that_stays_in_its_place_is_not_touched(qtbot, view, results):
    view.show_update(update(results))
    qtbot.waitUntil(lambda: close_to(seen_colour(view, 0), colour_of(results[0])))
    changed = (results[0], results[2], results[1], *results[3:])
    view.show_update(update(changed, number=2))
    assert close_to(seen_colour(view, 0), colour_of(results[0])), "the best photo flickered"


def test_far_answers_are_said_to_be_far(view, results):
    far = tuple(replace(result, score=0.14) for result in results)
    view.show_update(update(far, stage=Stage.FAST))
    assert not view.hint.isVisible(), "the deep search may still find better ones"
    view.show_update(update(far))
    assert view.hint.isVisible()
    assert view.grid.isVisible()
    view.show_update(update((replace(far[0], score=0.15), *far[1:]), number=2, stage=Stage.FAST))
    assert not view.hint.isVisible()


def test_the_chosen_photo_stays_chosen_when_it_moves(view, results):
    view.show_update(update(results))
    view.grid.setCurrentIndex(view.grid.model().index(1))
    view.show_update(update((results[3], results[0], results[1]), number=2))
    assert view.grid.selected().photo_id == results[1].photo_id
    assert view.grid.currentIndex().row() == 2


def test_rows_become_any_answer_from_any_other(results, qtmodeltester):
    model = ResultsModel()
    qtmodeltester.check(model)
    orders = (results, results[::-1], results[2:4], (), results[1:], (results[5], results[0], results[4]))
    for order in orders:
        model.show(order)
        assert model.results == tuple(order)


def test_a_partial_answer_without_photos_keeps_the_old_ones_until_it_is_certain(view, results):
    view.show_update(update(results))
    view.show_update(update((), number=2, stage=Stage.FAST))
    assert view.grid.isVisible()
    view.show_update(update((), number=2, stage=Stage.COMPLETE))
    assert not view.grid.isVisible()
    assert view.empty.isVisible()


def test_an_empty_gallery_offers_to_add_a_folder(qtbot, view):
    view.show_update(update((), gallery_count=0))
    assert "no photos" in view.empty.sentence
    with qtbot.waitSignal(view.add_folder_requested):
        qtbot.mouseClick(view.empty.findChild(QPushButton), Qt.MouseButton.LeftButton)


def test_an_empty_gallery_leads_to_the_phone_by_a_quieter_button(qtbot, view):
    view.show_update(update((), gallery_count=0))
    folder, phone = view.empty.findChildren(QPushButton)
    assert (folder.property("role"), phone.property("role")) == ("primary", "flat")
    with qtbot.waitSignal(view.phone_requested):
        qtbot.mouseClick(phone, Qt.MouseButton.LeftButton)
    view.clear()
    assert not phone.isVisible()


def test_filters_that_let_nothing_through_can_be_cleared_from_there(qtbot, view):
    view.show_update(update((), filters=Filters(kinds=frozenset({"photo"}))))
    with qtbot.waitSignal(view.clear_filters_requested):
        qtbot.mouseClick(view.empty.findChild(QPushButton), Qt.MouseButton.LeftButton)


def test_no_match_has_no_button_that_leads_nowhere(view):
    view.show_update(update(()))
    assert not view.empty.findChild(QPushButton).isVisible()


def test_clearing_forgets_the_photos_and_says_why(view, results):
    view.show_update(update(results))
    view.clear("The gallery is being opened.")
    assert view.grid.model().rowCount() == 0
    assert view.empty.sentence == "The gallery is being opened."


def test_a_stale_answer_is_dimmed_and_a_fresh_one_lit_again(qtbot, view, results):
    view.show_update(update(results))
    qtbot.waitUntil(lambda: close_to(seen_colour(view, 0), colour_of(results[0])))
    view.set_stale(True)
    qtbot.waitUntil(lambda: not close_to(seen_colour(view, 0), colour_of(results[0])))
    view.show_update(update(results, number=2))
    qtbot.waitUntil(lambda: close_to(seen_colour(view, 0), colour_of(results[0])))


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_enter_opens_the_chosen_photo_once(qtbot, view, results, opened, key):
    view.show_update(update(results))
    view.grid.setFocus()
    view.grid.setCurrentIndex(view.grid.model().index(2))
    qtbot.keyClick(view.grid, key)
    qtbot.waitUntil(lambda: opened == [results[2].path])


def test_a_double_click_opens_the_photo_under_it_once(qtbot, view, results, opened):
    view.show_update(update(results))
    place = photo_rect(view, 1).center()
    qtbot.mouseClick(view.grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(view.grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: opened == [results[1].path])


def test_the_arrow_keys_walk_through_the_photos(qtbot, view, results):
    view.show_update(update(results))
    view.grid.setFocus()
    view.grid.setCurrentIndex(view.grid.model().index(0))
    columns = view.grid.viewport().width() // view.grid.gridSize().width()
    qtbot.keyClick(view.grid, Qt.Key.Key_Right)
    assert view.grid.currentIndex().row() == 1
    qtbot.keyClick(view.grid, Qt.Key.Key_Down)
    assert view.grid.currentIndex().row() == 1 + columns


def test_a_photo_whose_file_is_gone_says_so_instead_of_opening(qtbot, view, results, opened):
    view.show_update(update(results))
    results[0].path.unlink()
    with qtbot.waitSignal(view.notice) as said:
        view.actions_of_photo.open(results[0])
    assert results[0].path.name in said.args[0]
    assert str(results[0].path.parent) in said.args[0]
    assert opened == []


def test_a_photo_that_lies_nowhere_says_so_on_its_tile_and_in_its_tooltip(view, results):
    lost = replace(results[0], path=None)
    view.show_update(update((lost, *results[1:])))
    index = view.grid.model().index(0)
    assert "gone" in index.data(Qt.ItemDataRole.ToolTipRole)
    menu = view.actions_of_photo.menu(lost, view)
    possible = {action.text(): action.isEnabled() for action in menu.actions() if action.text()}
    assert not possible["Open"]
    assert not possible["Show in folder"]
    assert possible["More like this"]


def test_the_picture_is_copied_with_its_file(qtbot, view, results):
    with qtbot.waitSignal(view.notice):
        view.actions_of_photo.copy_picture(results[0])
    content = QGuiApplication.clipboard().mimeData()
    assert QImage(content.imageData()).size() == QSize(96, 64)
    assert [Path(url.toLocalFile()) for url in content.urls()] == [results[0].path]


def test_the_path_is_copied_as_text(qtbot, view, results):
    with qtbot.waitSignal(view.notice):
        view.actions_of_photo.copy_path(results[0])
    assert QGuiApplication.clipboard().text() == str(results[0].path)


def test_more_like_this_asks_for_that_photo(qtbot, view, results):
    menu = view.actions_of_photo.menu(results[3], view)
    with qtbot.waitSignal(view.more_like_this) as asked:
        next(action for action in menu.actions() if action.text() == "More like this").trigger()
    assert asked.args == [results[3].photo_id]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have a command for it")
def test_showing_the_file_falls_back_to_opening_its_folder(qtbot, view, results, opened, monkeypatch):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
    view.actions_of_photo.show_in_folder(results[0])
    qtbot.waitUntil(lambda: opened == [results[0].path.parent])


def test_each_platform_shows_a_file_its_own_way(tmp_path):
    photo = tmp_path / "a photo.jpg"
    assert show_command(photo, "win32") == ["explorer", f"/select,{photo}"]
    assert show_command(photo, "darwin") == ["open", "-R", str(photo)]
    assert show_command(photo, "linux") is None


def test_the_tooltip_tells_every_place_the_size_and_the_signals(view, results):
    copied = replace(results[0], other_paths=(Path("/elsewhere/<copy>.jpg"),))
    view.show_update(update((copied,)))
    words = view.grid.model().index(0).data(Qt.ItemDataRole.ToolTipRole)
    assert str(results[0].path) in words
    assert "/elsewhere/&lt;copy&gt;.jpg" in words
    assert "96 × 64" in words
    assert "Shape" in words


def test_thumbnails_asked_for_last_come_first(qtbot, gallery, results, monkeypatch):
    begun, all_asked, make = [], threading.Event(), gallery.thumbnail

    def watched(photo_id, side):
        begun.append(photo_id)
        assert all_asked.wait(WAIT_S)
        return make(photo_id, side)

    monkeypatch.setattr(gallery, "thumbnail", watched)
    thumbnails = Thumbnails(gallery)
    came = []
    thumbnails.arrived.connect(lambda photo_id, _first: came.append(photo_id))
    for result in results:
        thumbnails.pixmap(result.photo_id, QSize(40, 40), 4.0, 1.0)
    qtbot.waitUntil(lambda: len(begun) == 2)  # these had begun before the others were asked for
    all_asked.set()
    qtbot.waitUntil(lambda: len(came) == len(results))
    waited = [result.photo_id for result in results if result.photo_id not in begun[:2]]
    assert begun.index(waited[-1]) < begun.index(waited[0])


def test_a_thumbnail_fills_its_tile_at_the_screens_own_density(qtbot, gallery, results):
    thumbnails = Thumbnails(gallery)
    with qtbot.waitSignal(thumbnails.arrived):
        assert thumbnails.pixmap(results[0].photo_id, QSize(40, 30), 4.0, 2.0) is None
    pixmap = thumbnails.pixmap(results[0].photo_id, QSize(40, 30), 4.0, 2.0)
    assert pixmap.size() == QSize(80, 60)
    assert pixmap.deviceIndependentSize().toSize() == QSize(40, 30)


def test_a_photo_without_a_picture_is_asked_for_once(qtbot, gallery):
    thumbnails = Thumbnails(gallery)
    with qtbot.waitSignal(thumbnails.failed) as failed:
        thumbnails.pixmap(4711, QSize(40, 40), 4.0, 1.0)
    assert failed.args == [4711]
    assert thumbnails.is_without(4711)


def test_a_cover_shows_the_middle_of_a_wide_picture_and_round_corners():
    wide = QImage(300, 100, QImage.Format.Format_RGB888)
    wide.fill(Qt.GlobalColor.red)
    for x in range(100, 200):
        for y in range(100):
            wide.setPixelColor(x, y, Qt.GlobalColor.blue)
    covered = cover(wide, QSize(50, 50), 8.0)
    assert covered.pixelColor(25, 25) == Qt.GlobalColor.blue
    assert covered.pixelColor(3, 25).blue() > 200
    assert covered.pixelColor(0, 0).alpha() == 0


@pytest.mark.parametrize(
    ("locale", "expected"),
    [("en_US", "3/4/2024"), ("en_GB", "04/03/2024"), ("ko_KR", "2024. 3. 4."), ("de_DE", "04.03.2024")],
)
def test_dates_have_the_locales_form_and_a_whole_year(locale, expected):
    assert short_date(datetime(2024, 3, 4), QLocale(locale)) == expected


def test_percentages_are_whole_numbers():
    assert percent_text(62, QLocale("en_US")) == "62%"
    assert percent_text(62, QLocale("ko_KR")) == "62%"
