"""What is imagined shows as it arrives, and never for a sketch that is gone; the lane's threads are real."""

from __future__ import annotations

from datetime import datetime

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QPushButton

from models.errors import ModelError
from sketch_app.search_types import Stage
from tests.ui.imagining import make_imagining_workspace
from tests.ui.sketching import draw_line, make_sketching_workspace
from tests.ui.small_gallery import COLOURS, make_photos
from ui.imagination_panel import HEIGHT
from ui.imagined_picture import ImaginedPopup, save_imagined
from ui.main_window import MainWindow


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    make_photos(folder)
    return folder


def open_window(qtbot, workspace):
    window = MainWindow(workspace)
    qtbot.addWidget(window)
    with qtbot.waitSignals([window.painted, window.photos.counted]):
        window.painted.connect(window.start)
        window.show()
    return window


@pytest.fixture
def parts(qtbot, tmp_path, photos):
    workspace, lane, painter = make_imagining_workspace(tmp_path, photos)
    held = (lane, painter, workspace.models.imagined)
    window = open_window(qtbot, workspace)
    yield window, painter, workspace
    for model in held:
        model.free.set()
    window.close()
    workspace.close()


def draw(qtbot, window, down: int = 0) -> None:
    centre = window.stage.rect().center()
    draw_line(
        qtbot, window.stage, (centre.x() - 60, centre.y() + down), (centre.x() + 60, centre.y() + down + 20)
    )


def wait_complete(qtbot, window) -> None:
    qtbot.waitUntil(lambda: window.search._asked is not None and not window.search.waiting)


def shown_colour(window):
    image = window.imagined.picture.image
    colour = image.pixelColor(image.width() // 2, image.height() // 2)
    return colour.red(), colour.green(), colour.blue()


def test_the_stages_are_told_in_order_and_the_picture_comes_before_the_last(qtbot, parts):
    window, _, workspace = parts
    panel, told = window.imagined, []
    window.search.answered.connect(
        lambda update: told.append((update.stage, panel.stage_text, panel.picture.image is not None))
    )
    workspace.models.imagined.free.clear()
    draw(qtbot, window)
    qtbot.waitUntil(lambda: panel.picture.image is not None)
    assert panel.stage_text == "Comparing"
    assert window.search.waiting
    workspace.models.imagined.free.set()
    wait_complete(qtbot, window)
    assert told == [
        (Stage.FAST, "Naming the sketch", False),
        (Stage.CAPTIONED, "Imagining a photo", False),
        (Stage.GENERATED, "Comparing", True),
        (Stage.COMPLETE, "", True),
    ]
    assert shown_colour(window) == COLOURS["red"]
    assert (panel.subject, panel.words) == ("kitten", "Imagined, not a photo")
    assert "kitten" in panel._subject.toolTip()
    assert "Imagining" in panel._words.toolTip()
    assert window.results.grid.model().results[0].signals.keys() >= {"sketch", "class", "generated"}


def test_nothing_moves_when_the_picture_comes(qtbot, parts):
    window, painter, _ = parts
    places = []

    def note(*_):
        parts = (window.stage, window.names, window.imagined, window.imagined.picture)
        places.append([part.geometry() for part in parts])

    QApplication.processEvents()
    note()
    window.search.answered.connect(note)
    painter.problem = ModelError("It does not fit into the memory. " * 20)
    draw(qtbot, window)
    wait_complete(qtbot, window)
    painter.problem = None
    window.search.search_as("dog")
    wait_complete(qtbot, window)
    QApplication.processEvents()
    note()
    assert len(places) > 6
    assert len(set(map(str, places))) == 1
    assert window.imagined.height() == HEIGHT


def test_without_a_generator_there_is_no_panel(qtbot, tmp_path, photos):
    workspace, _ = make_sketching_workspace(tmp_path, photos)
    window = open_window(qtbot, workspace)
    draw(qtbot, window)
    wait_complete(qtbot, window)
    assert not window.imagined.isVisible()
    assert window.names.texts == ("cat 62%", "dog 20%")
    window.close()
    workspace.close()


def test_who_wants_no_picture_has_neither_panel_nor_wait(qtbot, parts):
    window, painter, workspace = parts
    draw(qtbot, window)
    wait_complete(qtbot, window)
    former, before = workspace.settings, window.stage.height()
    window._apply_settings(former, workspace.update_settings(imagine=False))
    wait_complete(qtbot, window)
    assert not window.imagined.isVisible()
    qtbot.waitUntil(lambda: window.stage.height() > before)
    painted = len(painter.prompts)
    draw(qtbot, window, 40)
    wait_complete(qtbot, window)
    assert len(painter.prompts) == painted


def test_a_new_stroke_leaves_the_generator_and_its_picture_is_never_shown(qtbot, parts):
    window, painter, _ = parts
    pictures = []
    window.search.answered.connect(lambda update: pictures.append((update.generated is not None, update)))
    painter.free.clear()
    draw(qtbot, window)
    qtbot.waitUntil(painter.entered.is_set)
    first = window.document.revision
    centre = window.stage.rect().center()
    qtbot.mousePress(window.stage, Qt.MouseButton.LeftButton, pos=centre)
    assert window.imagined.stage_text == ""
    painter.free.set()
    # The pen is still down: it is the stroke's beginning that cancels, not its end.
    qtbot.waitUntil(painter.cancelled.is_set)
    qtbot.mouseMove(window.stage, centre + QPoint(50, 50))
    qtbot.mouseRelease(window.stage, Qt.MouseButton.LeftButton, pos=centre + QPoint(50, 50))
    wait_complete(qtbot, window)
    with_picture = [update.request.revision for has, update in pictures if has]
    assert with_picture
    assert first not in with_picture


def test_the_former_picture_is_faint_and_cannot_be_opened_until_the_new_one_is_there(qtbot, parts):
    window, painter, _ = parts
    draw(qtbot, window)
    wait_complete(qtbot, window)
    assert window.imagined.picture.isEnabled()
    painter.free.clear()
    draw(qtbot, window, 40)
    qtbot.waitUntil(lambda: window.imagined.stage_text == "Imagining a photo")
    assert window.imagined.picture.is_former
    assert not window.imagined.picture.isEnabled()
    assert window.imagined.words == ""
    painter.free.set()
    wait_complete(qtbot, window)
    assert not window.imagined.picture.is_former


def test_an_empty_canvas_shows_nothing_imagined(qtbot, parts):
    window, _, _ = parts
    draw(qtbot, window)
    wait_complete(qtbot, window)
    window.actions_.clear.trigger()
    assert window.imagined.picture.image is None
    assert window.imagined.subject == ""


def test_choosing_a_name_imagines_that_and_letting_go_of_it_goes_back(qtbot, parts):
    window, painter, _ = parts
    draw(qtbot, window)
    wait_complete(qtbot, window)
    assert window.names.texts == ("kitten 70%", "tiger 20%")
    qtbot.mouseClick(window.names._chips[1], Qt.MouseButton.LeftButton)
    wait_complete(qtbot, window)
    assert "convert a tiger into" in painter.prompts[-1]
    assert shown_colour(window) == COLOURS["yellow"]
    assert window.imagined.subject == "tiger"
    assert window.names.chosen == "tiger"
    assert window.results.grid.model().results[0].path.stem == "yellow"
    window.names._chips[1].setFocus()
    qtbot.keyClick(window.names._chips[1], Qt.Key.Key_Space)
    wait_complete(qtbot, window)
    assert window.names.chosen == ""
    assert shown_colour(window) == COLOURS["red"]


def test_a_persons_own_words_are_the_prompt_and_stay_while_they_draw_on(qtbot, parts):
    window, painter, _ = parts
    draw(qtbot, window)
    wait_complete(qtbot, window)
    qtbot.mouseClick(window.names._pencil, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(window.names._field, "green dragon")
    qtbot.keyClick(window.names._field, Qt.Key.Key_Return)
    wait_complete(qtbot, window)
    assert "convert a green dragon into" in painter.prompts[-1]
    assert shown_colour(window) == COLOURS["green"]
    assert window.names.texts[0] == "green dragon"
    draw(qtbot, window, 40)
    wait_complete(qtbot, window)
    assert window.search.caption == "green dragon"
    assert "green dragon" in painter.prompts[-1]
    window.actions_.clear.trigger()
    assert window.search.caption is None
    draw(qtbot, window)
    wait_complete(qtbot, window)
    assert "kitten" in painter.prompts[-1]


def test_what_could_not_be_done_is_a_quiet_line_and_the_photos_stay(qtbot, parts):
    window, painter, _ = parts
    painter.problem = ModelError("The picture did not fit; choose the processor in the settings.")
    draw(qtbot, window)
    wait_complete(qtbot, window)
    assert window.imagined.notice == "The picture did not fit; choose the processor in the settings."
    assert window.imagined._notice.toolTip() == window.imagined.notice
    assert window.imagined.words == "No picture was imagined."
    assert window.results.grid.model().rowCount() == 6


def test_ranking_anew_neither_imagines_anew_nor_flickers(qtbot, parts):
    window, painter, _ = parts
    draw(qtbot, window)
    wait_complete(qtbot, window)
    painted, seen = len(painter.prompts), []
    window.search.answered.connect(lambda _: seen.append((window.names.texts, window.imagined.stage_text)))
    window.search.search_again()
    wait_complete(qtbot, window)
    assert len(painter.prompts) == painted
    assert set(seen) == {(("kitten 70%", "tiger 20%"), "")}
    assert window.imagined.picture.isEnabled()


def test_photos_like_one_leave_name_and_picture_with_the_sketch(qtbot, parts):
    window, painter, _ = parts
    painter.free.clear()
    draw(qtbot, window)
    qtbot.waitUntil(lambda: window.imagined.stage_text == "Imagining a photo")
    window.search.search_like(window.results.grid.model().results[2].photo_id)
    painter.free.set()
    wait_complete(qtbot, window)
    assert window.names.texts == ("kitten 70%", "tiger 20%")
    assert window.imagined.stage_text == ""
    window.results.like_ended.emit()
    wait_complete(qtbot, window)
    assert window.imagined.picture.isEnabled()


def test_other_models_are_searched_with_at_once(qtbot, tmp_path, parts):
    window, _, workspace = parts
    draw(qtbot, window)
    wait_complete(qtbot, window)
    other, _ = make_sketching_workspace(tmp_path / "other")
    models, former = other.models, workspace.search
    workspace.use_models(models)
    window.answers.attach()
    wait_complete(qtbot, window)
    assert workspace.search is not former
    assert not window.imagined.isVisible()
    assert window.names.texts == ("cat 62%", "dog 20%")
    other.close()


@pytest.fixture
def popup(qtbot, parts):
    window, _, workspace = parts
    draw(qtbot, window)
    wait_complete(qtbot, window)
    window.imagined.picture.setFocus()
    qtbot.keyClick(window.imagined.picture, Qt.Key.Key_Return)
    return window, window.imagined.findChild(ImaginedPopup), workspace


def test_the_picture_is_enlarged_and_goes_at_escape(qtbot, popup):
    _, large, _ = popup
    assert large.isVisible()
    assert large.picture.width() == 512
    qtbot.keyClick(large, Qt.Key.Key_Escape)
    assert not large.isVisible()


def test_the_picture_is_saved_and_says_what_it_is(qtbot, popup):
    window, large, workspace = popup
    save = next(b for b in large.findChildren(QPushButton) if b.text() == "Save picture")
    with qtbot.waitSignal(window.imagined.said) as said:
        qtbot.mouseClick(save, Qt.MouseButton.LeftButton)
    (path,) = workspace.paths.pictures.glob("imagined-*.png")
    assert path.name in said.args[0]
    saved = QImage(str(path))
    assert saved.width() == 256
    assert "not a photo" in saved.text("Description")
    assert "kitten" in saved.text("Description")


def test_the_picture_is_copied(qtbot, popup):
    window, large, _ = popup
    copy = next(b for b in large.findChildren(QPushButton) if b.text() == "Copy")
    with qtbot.waitSignal(window.imagined.said):
        qtbot.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().image().width() == 256


def test_a_picture_is_never_saved_over_another(tmp_path):
    image = QImage(8, 8, QImage.Format.Format_RGB888)
    image.fill(Qt.GlobalColor.red)
    now = datetime(2026, 1, 2, 3, 4, 5)
    paths = [save_imagined(image, "a cat", tmp_path, now) for _ in range(3)]
    assert len(set(paths)) == 3
    assert all(path.exists() for path in paths)
