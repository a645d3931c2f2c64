"""This one, not this one: said on a tile, by key or in its menu, and seen at once."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QPushButton

from sketch_app.search_types import Feedback
from tests.ui.imagining import make_imagining_workspace
from tests.ui.small_gallery import make_photos, make_workspace, results_of, update
from tests.ui.test_imagination import draw, open_window, wait_complete
from ui.photo_tile import NOT_THIS_ONE, THIS_ONE, button_places
from ui.results_view import ResultsView


@pytest.fixture
def view(qtbot, tmp_path):
    make_photos(tmp_path / "photos")
    workspace = make_workspace(tmp_path / "home", tmp_path / "photos")
    view = ResultsView(workspace)
    qtbot.addWidget(view)
    view.resize(560, 480)
    view.show()
    view.show_update(update(results_of(workspace)))
    yield view
    workspace.close()


@pytest.fixture
def window(qtbot, tmp_path):
    make_photos(tmp_path / "photos")
    workspace, *_ = make_imagining_workspace(tmp_path / "home", tmp_path / "photos")
    window = open_window(qtbot, workspace)
    draw(qtbot, window)
    wait_complete(qtbot, window)
    yield window
    window.close()
    workspace.close()


def button_place(view, row, name):
    grid = view.grid
    return button_places(grid._tiles.photo_place(grid.visualRect(grid.model().index(row))))[name].center()


@pytest.mark.parametrize(("name", "signal"), [(THIS_ONE, "liked"), (NOT_THIS_ONE, "disliked")])
def test_the_buttons_on_a_tile_mark_its_photo_and_open_nothing(qtbot, view, name, signal):
    place, opened = button_place(view, 1, name), []
    view.grid.doubleClicked.connect(opened.append)
    photo = view.grid.visualRect(view.grid.model().index(1)).center()
    qtbot.mouseClick(view.grid.viewport(), Qt.MouseButton.LeftButton, pos=photo)
    with qtbot.waitSignal(getattr(view, signal)) as said:
        qtbot.mouseClick(view.grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert said.args == [view.grid.model().results[1].photo_id]
    qtbot.mouseDClick(view.grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert opened == []


def test_a_press_that_leaves_the_button_marks_nothing(qtbot, view):
    said = []
    view.liked.connect(said.append)
    place = button_place(view, 0, THIS_ONE)
    qtbot.mousePress(view.grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
    elsewhere = view.grid.visualRect(view.grid.model().index(2)).center()
    qtbot.mouseRelease(view.grid.viewport(), Qt.MouseButton.LeftButton, pos=elsewhere)
    assert said == []


@pytest.mark.parametrize(("key", "signal"), [("+", "liked"), ("=", "liked"), ("-", "disliked")])
def test_plus_and_minus_mark_the_chosen_photo(qtbot, view, key, signal):
    view.grid.setFocus()
    view.grid.setCurrentIndex(view.grid.model().index(2))
    with qtbot.waitSignal(getattr(view, signal)) as said:
        qtbot.keyClicks(view.grid, key)
    assert said.args == [view.grid.model().results[2].photo_id]


def test_the_menu_marks_too(qtbot, view):
    result = view.grid.model().results[3]
    menu = view.actions_of_photo.menu(result, view)
    for words, signal in (("This one", view.liked), ("Not this one", view.disliked)):
        with qtbot.waitSignal(signal) as said:
            next(a for a in menu.actions() if a.text().split("\t")[0] == words).trigger()
        assert said.args == [result.photo_id]


def test_a_button_says_on_hover_what_it_does(qtbot, view):
    place = button_place(view, 0, NOT_THIS_ONE)
    viewport = view.grid.viewport()
    QApplication.sendEvent(viewport, QHelpEvent(QEvent.Type.ToolTip, place, viewport.mapToGlobal(place)))
    assert view.grid._button_at(place)[1] == NOT_THIS_ONE
    assert "Not this one" in view.grid.button_words(NOT_THIS_ONE)


def test_the_bar_says_what_was_said_and_is_hidden_before(view):
    assert not view.feedback.isVisible()
    view.show_wishes(Feedback((1, 2), (3,)))
    assert view.feedback.text == "2 more like these, 1 less"
    view.show_wishes(Feedback((), (3,)))
    assert view.feedback.text == "1 less like these"
    view.show_wishes(Feedback(), 4)
    assert view.feedback.text == "Photos like this one"
    view.show_wishes(Feedback())
    assert not view.feedback.isVisible()


@pytest.mark.parametrize("width", [318, 400, 700])
def test_the_words_of_the_bar_come_before_its_little_pictures(qtbot, view, width):
    view.resize(width, 480)
    view.show_wishes(Feedback((1, 2, 3), (4, 5)))
    QApplication.processEvents()
    words = view.feedback._words
    assert words.width() >= words.fontMetrics().horizontalAdvance(words.text())
    shown = [not button.isHidden() for button in view.feedback._marked]
    assert shown[4]
    assert shown[2] or width < 400
    assert all(shown) or width < 700


def test_a_photo_marked_leaves_at_once_and_the_others_stay(view):
    results = view.grid.model().results
    view.show_wishes(Feedback((results[0].photo_id,), (results[3].photo_id,)))
    assert view.grid.model().results == (*results[1:3], *results[4:])


def test_saying_that_it_is_this_one_brings_photos_like_it_to_the_front(qtbot, window):
    grid = window.results.grid
    before = [result.path.stem for result in grid.model().results]
    last = grid.model().results[-1]
    window.results.liked.emit(last.photo_id)
    assert last.photo_id not in [result.photo_id for result in grid.model().results]
    wait_complete(qtbot, window)
    after = [result.path.stem for result in grid.model().results]
    assert sorted([*after, last.path.stem]) == sorted(before)
    assert after != [stem for stem in before if stem != last.path.stem]
    assert "photo" in grid.model().results[0].signals


def test_pressing_a_little_picture_takes_it_back(qtbot, window):
    first = window.results.grid.model().results[0]
    window.results.disliked.emit(first.photo_id)
    wait_complete(qtbot, window)
    (marked,) = window.results.feedback._marked
    marked.setFocus()
    qtbot.keyClick(marked, Qt.Key.Key_Return)
    wait_complete(qtbot, window)
    assert not window.results.feedback.isVisible()
    assert window.results.grid.model().rowCount() == 6


def test_clear_forgets_all_of_it_and_so_does_an_empty_canvas(qtbot, window):
    ids = [result.photo_id for result in window.results.grid.model().results]
    window.results.liked.emit(ids[0])
    window.results.disliked.emit(ids[1])
    wait_complete(qtbot, window)
    assert window.results.grid.model().rowCount() == 4
    qtbot.mouseClick(window.results.feedback.findChild(QPushButton), Qt.MouseButton.LeftButton)
    wait_complete(qtbot, window)
    assert window.results.grid.model().rowCount() == 6
    window.results.liked.emit(ids[0])
    window.actions_.clear.trigger()
    assert not window.results.feedback.isVisible()
    assert window.search.feedback == Feedback()


def test_when_every_photo_was_refused_the_sentence_says_so_and_offers_the_way_back(qtbot, window):
    for result in window.results.grid.model().results:
        window.results.disliked.emit(result.photo_id)
    wait_complete(qtbot, window)
    assert window.results.empty.sentence == "No other photo looks like this."
    qtbot.mouseClick(window.results.empty.findChild(QPushButton), Qt.MouseButton.LeftButton)
    wait_complete(qtbot, window)
    assert window.results.grid.model().rowCount() == 6
