"""The window as a person uses it: real document, gallery, search and Qt events."""

from __future__ import annotations

import json
import sys

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit

from sketch_app.sketch import Pen
from tests.ui.sketching import draw_line, make_sketching_workspace
from tests.ui.small_gallery import make_photos
from ui.live_bridge import CameraState
from ui.main_window import MainWindow
from ui.stage_column import StageSplitter
from ui.toolbar import PrivacyNote

NONE = Qt.KeyboardModifier.NoModifier
R_PLACE = 0x13 if sys.platform == "win32" else 27
"""Scan code of the key R; macOS has none and is tested in `test_shortcuts`."""
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    make_photos(folder)
    return folder


@pytest.fixture
def workspace(tmp_path):
    workspace, lane = make_sketching_workspace(tmp_path / "home")
    yield workspace
    lane.free.set()
    workspace.close()


@pytest.fixture
def window(qtbot, workspace):
    window = MainWindow(workspace)
    qtbot.addWidget(window)
    with qtbot.waitSignals([window.painted, window.photos.counted]):
        window.painted.connect(window.start)
        window.show()
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is window.stage)
    yield window
    window.close()


def strike(widget, key: int, text: str = "", *, scan: int = 0, held=NONE) -> None:
    QApplication.sendEvent(widget, QKeyEvent(QEvent.Type.KeyPress, key, held, scan, 0, 0, text))


def draw(qtbot, window) -> None:
    centre = window.stage.rect().center()
    draw_line(qtbot, window.stage, (centre.x() - 60, centre.y()), (centre.x() + 60, centre.y() + 20))


@pytest.mark.parametrize(
    ("key", "text", "scan"),
    [
        (Qt.Key.Key_R, "r", 0),
        (ord("ㄱ"), "ㄱ", 0),
        (0, "ㄱ", 0),
        (ord("ㄱ"), "ㄱ", R_PLACE),
        (Qt.Key.Key_P, "p", R_PLACE),
    ],
    ids=["r", "jamo", "jamo without key", "jamo with its place", "dvorak"],
)
def test_r_clears_by_its_place_and_undo_brings_it_back(qtbot, window, key, text, scan):
    draw(qtbot, window)
    strike(window.stage, key, text, scan=scan)
    assert window.document.sketch.is_empty
    assert "Undo" in window.toast.text
    qtbot.keyClick(window.stage, Qt.Key.Key_Z, CTRL)
    assert len(window.document.sketch.strokes) == 1


def test_ctrl_and_the_jamo_on_z_undo_and_redo(qtbot, window):
    draw(qtbot, window)
    strike(window.stage, ord("ㅋ"), "ㅋ", held=CTRL)
    assert window.document.sketch.is_empty
    strike(window.stage, ord("ㅋ"), "ㅋ", held=CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert len(window.document.sketch.strokes) == 1


def test_keys_take_pens_and_the_eraser_and_the_toolbar_shows_it(qtbot, window):
    for key, pen in ((Qt.Key.Key_2, Pen.GREEN), (Qt.Key.Key_3, Pen.RED), (Qt.Key.Key_1, Pen.BLACK)):
        qtbot.keyClick(window.stage, key)
        assert window.tools.pen is pen
        assert window.actions_.pens[pen].isChecked()
    qtbot.keyClick(window.stage, Qt.Key.Key_E)
    assert window.tools.erasing
    assert window.actions_.eraser.isChecked()
    qtbot.keyClick(window.stage, Qt.Key.Key_1)
    assert not window.tools.erasing


def test_letters_typed_into_a_field_are_words_and_no_commands(qtbot, window):
    draw(qtbot, window)
    field = QLineEdit(window)
    field.show()
    field.setFocus()
    strike(field, Qt.Key.Key_R, "r")
    assert field.text() == "r"
    assert not window.document.sketch.is_empty


def test_ctrl_r_does_not_clear(qtbot, window):
    draw(qtbot, window)
    strike(window.stage, Qt.Key.Key_R, held=CTRL)
    assert not window.document.sketch.is_empty


def test_from_an_empty_gallery_to_a_photo_found(qtbot, window, photos):
    assert "Add a folder" in window.status.text
    window.files.add_folder(photos)
    qtbot.waitUntil(lambda: window.photos.photo_count == 6)
    draw(qtbot, window)
    qtbot.waitUntil(lambda: window.results.grid.model().rowCount() == 6)
    assert "cat" in " ".join(window.names.texts).lower()
    window.actions_.clear.trigger()
    assert window.results.grid.model().rowCount() == 0
    assert window.names.texts == ()
    assert "6" in window.status.text


def test_enter_on_the_stage_searches(qtbot, window):
    qtbot.keyClick(window.stage, Qt.Key.Key_Return)
    assert "Draw something first" in window.toast.text
    draw(qtbot, window)
    with qtbot.waitSignal(window.search.answered):
        qtbot.keyClick(window.stage, Qt.Key.Key_Return)


def test_a_saved_sketch_is_three_files_says_where_and_opens_again(qtbot, window, workspace):
    draw(qtbot, window)
    with qtbot.waitSignal(window.files.said) as said:
        qtbot.keyClick(window.stage, Qt.Key.Key_S, CTRL)
    files = sorted(path.suffix for path in workspace.paths.pictures.iterdir())
    assert files == [".json", ".png", ".svg"]
    assert str(workspace.paths.pictures) in said.args[0]
    saved = window.document.sketch
    window.document.clear()
    drop(window, next(workspace.paths.pictures.glob("*.json")))
    qtbot.waitUntil(lambda: not window.document.sketch.is_empty)
    assert len(window.document.sketch.strokes) == len(saved.strokes)


def drop(window, path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(QPointF(50, 50), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, NONE)
    window.dropEvent(event)


def test_a_dropped_file_that_is_no_sketch_is_a_sentence(qtbot, window, tmp_path):
    path = tmp_path / "other.json"
    path.write_text(json.dumps({"format": "something else"}))
    with qtbot.waitSignal(window.files.said) as said:
        drop(window, path)
    assert "other.json" in said.args[0]
    assert window.document.sketch.is_empty


def test_a_dropped_folder_is_read(qtbot, window, photos):
    drop(window, photos)
    qtbot.waitUntil(lambda: window.photos.photo_count == 6)


def test_a_gallery_that_another_process_writes_says_so_and_can_still_be_searched(
    qtbot, window, workspace, photos
):
    from index.gallery import Gallery

    workspace.index_folder(photos)
    with Gallery.open(workspace.gallery_directory, write=True):
        with qtbot.waitSignal(window.photos.said) as said:
            window.files.add_folder(photos / "home")
        assert "being written" in said.args[0]
        draw(qtbot, window)
        qtbot.waitUntil(lambda: window.results.grid.model().rowCount() == 6)


def test_a_sketch_survives_a_crash_and_not_a_clean_end(qtbot, tmp_path, window, workspace):
    from ui.recovery import Recovery

    draw(qtbot, window)
    window.recovery._autosave.tick(float("inf"))  # what its timer does
    (kept,) = workspace.paths.autosave.glob("*.sketch.json")
    # A crash leaves the file and lets go of the lock: the same as a copy whose lock nobody holds.
    (tmp_path / "left").mkdir()
    (tmp_path / "left" / kept.name).write_bytes(kept.read_bytes())
    window.document.clear()
    recovery = Recovery(window.document, tmp_path / "left", say=lambda _: None)
    assert recovery.start()
    assert len(window.document.sketch.strokes) == 1
    recovery.close()
    assert list((tmp_path / "left").glob("*.sketch.json")) == []


def test_the_windows_place_is_kept(qtbot, window, workspace):
    window.resize(900, 700)  # what fits the screen of a test
    window.close()
    other = MainWindow(workspace)
    qtbot.addWidget(other)
    assert (other.width(), other.height()) == (900, 700)


def test_every_control_has_a_name_and_can_be_reached_by_tab(window):
    for button in window.toolbar.findChildren(QAbstractButton):
        assert button.accessibleName(), button
        assert button.focusPolicy() & Qt.FocusPolicy.TabFocus, button.accessibleName()
    reached, widget = set(), window.stage
    for _ in range(200):
        widget = widget.nextInFocusChain()
        reached.add(widget)
    assert set(window.toolbar.findChildren(QAbstractButton)) <= reached
    assert window.stage.accessibleName()


def test_tooltips_show_the_keys(window):
    assert "(R)" in window.actions_.clear.toolTip()
    assert "Ctrl+Z" in window.actions_.undo.toolTip()
    assert "(3)" in window.actions_.pens[Pen.RED].toolTip()


def test_without_a_camera_the_window_says_what_to_do_and_draws(qtbot, window):
    window.air.camera_changed.emit(CameraState.LOST, "No camera was found: plug one in.")
    assert window.notice.isVisible()
    assert "plug one in" in window.notice.text
    draw(qtbot, window)
    assert len(window.document.sketch.strokes) == 1
    window.air.camera_changed.emit(CameraState.OFF, "")
    assert not window.notice.isVisible()


def test_the_window_says_near_the_camera_switch_that_pictures_are_kept_nowhere(window):
    assert "Never stored or sent" in window.toolbar._privacy.words
    assert window.toolbar._privacy.isVisible()


@pytest.mark.parametrize("width", [900, 1280])
def test_the_words_about_pictures_are_never_cut(qtbot, window, width):
    window.resize(width, 700)
    note = window.toolbar._privacy
    for state in ("off", "opening", "lost"):
        window.toolbar.show_camera(state)
        qtbot.waitUntil(lambda: window.width() == width)
        QApplication.processEvents()
        if note.text():
            assert note.width() >= note.fontMetrics().horizontalAdvance(note.text())
        else:
            assert not note.pixmap().isNull()
            assert note.words in note.toolTip()


def test_a_lock_stands_for_words_that_do_not_fit(qtbot):
    note = PrivacyNote()
    qtbot.addWidget(note)
    note.say("Never stored or sent", "Nothing is kept.")
    note.show()
    note.resize(300, 24)
    assert note.text() == "Never stored or sent"
    note.resize(40, 24)
    assert not note.text()
    assert "Never stored or sent" in note.toolTip()
    assert note.accessibleName() == "Never stored or sent"


def test_the_picture_fills_the_stage_of_a_wide_window(qtbot, window):
    window.resize(1400, 800)
    stage = window.stage
    qtbot.waitUntil(lambda: abs(stage.geometry_now.picture.width() - stage.width()) < 12)
    assert abs(stage.geometry_now.picture.height() - stage.height()) < 12


def test_the_picture_stands_in_the_middle_of_a_tall_window(qtbot, window):
    window.resize(900, 1000)
    stage = window.stage
    qtbot.waitUntil(lambda: window.names.mapTo(window, QPoint(0, 0)).y() > 880)
    assert abs(stage.geometry_now.picture.center().y() - stage.height() / 2) < 2
    assert (
        stage.mapTo(window, QPoint(0, stage.height())).y() > window.names.mapTo(window, QPoint(0, 0)).y() - 20
    )


def test_a_border_that_a_person_has_moved_stays_where_it_is(qtbot, window):
    splitter = window.findChild(StageSplitter)
    splitter.moveSplitter(500, 1)
    window.resize(1400, 900)
    qtbot.waitUntil(lambda: window.width() == 1400)
    QApplication.processEvents()
    assert splitter.sizes()[0] < 700


def test_a_click_on_the_toolbar_leaves_the_keys_with_the_canvas(qtbot, window):
    button = next(b for b in window.toolbar.findChildren(QAbstractButton) if b.accessibleName() == "Red pen")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
    assert window.tools.pen is Pen.RED
    assert QApplication.focusWidget() is window.stage


def test_the_models_open_from_the_toolbar_and_from_the_settings(qtbot, window):
    from ui.models_dialog import ModelsDialog
    from ui.settings_dialog import SettingsDialog

    window.actions_.models.trigger()
    dialog = window.findChild(ModelsDialog)
    assert dialog.isVisible()
    dialog.close()
    qtbot.waitUntil(lambda: window.findChild(ModelsDialog) is None)
    window.actions_.settings.trigger()
    settings = window.findChild(SettingsDialog)
    settings.models_requested.emit()
    assert not settings.isVisible()
    assert window.findChild(ModelsDialog).isVisible()
    window.findChild(ModelsDialog).close()


def test_after_a_change_of_models_the_canvas_is_searched_with_them(qtbot, window, workspace, tmp_path):
    from ui.models_dialog import ModelsDialog

    draw(qtbot, window)
    qtbot.waitUntil(lambda: not window.search.waiting)
    former = workspace.search
    window.actions_.models.trigger()
    dialog = window.findChild(ModelsDialog)
    workspace.use_models(workspace.models)
    with qtbot.waitSignal(window.search.answered):
        dialog.models_changed.emit()
    assert workspace.search is not former
    dialog.close()


def test_models_that_cannot_be_used_are_told_of(qtbot, tmp_path):
    workspace, _ = make_sketching_workspace(tmp_path / "other")
    workspace.models_problem = "DINOv2 is not on this machine: fetch it."
    window = MainWindow(workspace)
    qtbot.addWidget(window)
    with qtbot.waitSignal(window.photos.counted):
        window.show()
        window.start()
    assert window.toast.text == "DINOv2 is not on this machine: fetch it."
    window.close()
    workspace.close()
