"""The weights of the ranking under a person's fingers: a slider a signal, seen in the photos at once."""

from __future__ import annotations

import time

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from sketch_app.fusion import Calibration, FusionWeights, Signal, save_calibration
from tests.support.machine import slowness
from tests.ui.imagining import make_imagining_workspace
from tests.ui.sketching import make_sketching_workspace
from tests.ui.small_gallery import make_photos
from tests.ui.test_imagination import draw, open_window, wait_complete
from ui.ranking_popover import RankingPopover
from ui.signal_words import signal_table, signals_of


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


@pytest.fixture
def popover(qtbot, window):
    popover = window.answers.show_ranking()
    yield popover
    if shiboken6.isValid(popover):
        popover.close()


def test_there_is_a_slider_for_each_signal_that_exists(qtbot, tmp_path, popover):
    assert list(popover.sliders) == [Signal.SKETCH, Signal.CLASS, Signal.GENERATED, Signal.PHOTO]
    workspace, _ = make_sketching_workspace(tmp_path / "plain")
    assert signals_of(workspace.models) == (Signal.SKETCH, Signal.PHOTO)
    workspace.close()


def test_the_sliders_stand_at_the_weights_in_force(window, popover):
    weights = window._workspace.weights
    for signal, slider in popover.sliders.items():
        assert slider.value() == round(10 * weights.of(signal))


def test_moving_a_slider_ranks_anew_within_a_tenth_of_a_second_and_is_kept(qtbot, window, popover):
    """By the slider's pause and the work itself: how long other programs take is not what is measured."""

    def order():
        return [result.path.stem for result in window.results.grid.model().results]

    for signal in (Signal.SKETCH, Signal.CLASS, Signal.PHOTO):
        popover.sliders[signal].setValue(0)
    popover.sliders[Signal.GENERATED].setValue(20)
    qtbot.waitUntil(lambda: window._workspace.weights.sketch == 0)
    wait_complete(qtbot, window)
    assert order()[0] == "red"  # which is what was imagined
    by_picture, took = order(), []
    for _ in range(3):
        began = time.process_time()
        popover.sliders[Signal.SKETCH].setValue(20)
        popover.sliders[Signal.GENERATED].setValue(0)
        qtbot.waitUntil(lambda: order() != by_picture)
        took.append(popover._later.interval() / 1000 + time.process_time() - began)
        popover.sliders[Signal.SKETCH].setValue(0)
        popover.sliders[Signal.GENERATED].setValue(20)
        qtbot.waitUntil(lambda: order() == by_picture)
    assert min(took) < 0.1 * slowness(), took
    assert window._workspace.settings.signal_weights["generated"] == 2.0
    assert window._workspace.settings.signal_weights["sketch"] == 0.0


def test_the_calibrated_weights_come_back(qtbot, window, popover):
    calibrated = window._workspace.calibration.weights
    assert not popover.back.isEnabled()
    popover.sliders[Signal.SKETCH].setValue(3)
    qtbot.waitUntil(lambda: window._workspace.weights.sketch == 0.3)
    assert popover.back.isEnabled()
    qtbot.mouseClick(popover.back, Qt.MouseButton.LeftButton)
    assert window._workspace.weights == calibrated
    assert popover.sliders[Signal.SKETCH].value() == round(10 * calibrated.sketch)
    assert not popover.back.isEnabled()


def test_a_change_just_before_the_popover_goes_is_kept(window, popover):
    popover.sliders[Signal.CLASS].setValue(17)
    popover.close()
    assert window._workspace.weights.class_ == 1.7


def test_it_says_what_was_measured_and_on_what(qtbot, window):
    workspace = window._workspace
    popover = RankingPopover(workspace, signals_of(workspace.models), window.side)
    assert "not measured" in popover.note
    popover.close()
    measured = Calibration(FusionWeights(), frozenset({Signal.SKETCH}), "608 sketches of a friend")
    save_calibration("full", measured, workspace.paths.calibration_file)
    popover = RankingPopover(workspace, signals_of(workspace.models), window.side)
    assert popover.note == "Measured on: 608 sketches of a friend"
    said = [label.text() for label in popover.findChildren(QLabel)]
    assert said.count("measured") == 1
    assert said.count("not measured") == 3
    popover.close()


def test_a_broken_calibration_is_a_sentence(window):
    workspace = window._workspace
    workspace.paths.calibration_file.parent.mkdir(parents=True, exist_ok=True)
    workspace.paths.calibration_file.write_text("{}")
    popover = RankingPopover(workspace, signals_of(workspace.models), window.side)
    assert str(workspace.paths.calibration_file) in popover._problem.text()
    popover.close()


def test_the_sliders_go_by_keys_and_say_what_they_are(qtbot, popover):
    slider = popover.sliders[Signal.GENERATED]
    before = slider.value()
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert slider.value() == before + 1
    assert slider.accessibleName().startswith("Imagined picture: weight 0.")
    qtbot.keyClick(popover, Qt.Key.Key_Escape)
    assert not popover.isVisible()


def test_the_button_opens_it_by_mouse_and_by_key(qtbot, window):
    qtbot.mouseClick(window.side.ranking, Qt.MouseButton.LeftButton)
    first = window.side.findChild(RankingPopover)
    assert first.isVisible()
    first.close()
    qtbot.waitUntil(lambda: window.side.findChild(RankingPopover) is None)
    window.side.ranking.setFocus()
    qtbot.keyClick(window.side.ranking, Qt.Key.Key_Space)
    assert window.side.findChild(RankingPopover).isVisible()
    window.side.findChild(RankingPopover).close()


def test_a_tile_says_why_it_is_where_it_is(window):
    index = window.results.grid.model().index(0)
    words = index.data(Qt.ItemDataRole.ToolTipRole)
    for name in ("Shape", "Subject", "Imagined picture"):
        assert name in words
    assert "Likeness" not in words  # nothing was said of any photo
    assert "Shape" in index.data(Qt.ItemDataRole.AccessibleDescriptionRole)


def test_the_table_of_signals_marks_what_is_unknown_and_what_does_not_count():
    table = signal_table({"sketch": 0.63, "class": 0.86}, FusionWeights(class_=0), tuple(Signal))
    assert "63%" in table
    assert "86%" in table
    assert table.count("–") == 2
    assert table.count("does not count") == 2  # the class, and the imagined picture
