"""The settings: each change is saved at once, and cameras are looked for without holding up the window."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QPushButton

from sketch_app.settings import load_settings
from tests.support.waiting import WAIT_S
from tests.ui.small_gallery import make_workspace
from ui.settings_dialog import SettingsDialog, find_cameras


@dataclass(frozen=True)
class Camera:
    index: int
    name: str


CAMERAS = (Camera(0, "Built-in camera"), Camera(2, "Desk camera"))


@pytest.fixture
def workspace(tmp_path):
    workspace = make_workspace(tmp_path, None)
    yield workspace
    workspace.close()


@pytest.fixture
def dialog(qtbot, workspace):
    dialog = SettingsDialog(workspace, cameras=lambda: CAMERAS)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(camera_box(dialog).isEnabled)
    return dialog


def camera_box(dialog):
    return dialog.findChildren(QComboBox)[2]


def pick(box, value):
    """As a person does: `activated` is not sent for changes by the program."""
    box.setCurrentIndex(box.findData(value))
    box.activated.emit(box.currentIndex())


@pytest.mark.parametrize(
    "choice", [(0, "theme", "dark"), (1, "language", "ko"), (2, "camera", "2")], ids=lambda choice: choice[1]
)
def test_a_choice_is_saved_and_announced_at_once(qtbot, dialog, workspace, choice):
    position, setting, value = choice
    with qtbot.waitSignal(dialog.settings_changed) as said:
        pick(dialog.findChildren(QComboBox)[position], value)
    assert getattr(said.args[0], setting) == value
    assert getattr(load_settings(workspace.paths.settings_file), setting) == value


def test_choosing_what_is_chosen_already_announces_nothing(qtbot, dialog):
    with qtbot.assertNotEmitted(dialog.settings_changed):
        pick(dialog.findChildren(QComboBox)[0], "system")
    assert dialog.findChildren(QComboBox)[0].currentData() == "system"


def test_the_mirror_is_switched_by_its_box(qtbot, dialog, workspace):
    box = dialog.findChild(QCheckBox)
    assert box.isChecked()
    with qtbot.waitSignal(dialog.settings_changed):
        qtbot.keyClick(box, Qt.Key.Key_Space)
    assert not workspace.settings.mirrored


def test_cameras_are_offered_by_name(dialog):
    box = camera_box(dialog)
    assert [box.itemText(k) for k in range(box.count())] == ["Built-in camera", "Desk camera"]


def test_cameras_are_looked_for_on_another_thread(qtbot, workspace):
    may_answer, threads = threading.Event(), []

    def slow():
        threads.append(threading.current_thread())
        may_answer.wait(WAIT_S)
        return CAMERAS

    dialog = SettingsDialog(workspace, cameras=slow)
    qtbot.addWidget(dialog)
    assert not camera_box(dialog).isEnabled()
    assert "Looking" in camera_box(dialog).currentText()
    may_answer.set()
    qtbot.waitUntil(camera_box(dialog).isEnabled)
    assert threads[0] is not threading.current_thread()


def test_a_camera_that_is_not_plugged_in_stays_chosen(qtbot, workspace):
    workspace.update_settings(camera="7")
    dialog = SettingsDialog(workspace, cameras=lambda: CAMERAS)
    qtbot.addWidget(dialog)
    qtbot.waitUntil(camera_box(dialog).isEnabled)
    assert camera_box(dialog).currentData() == "7"
    assert "not connected" in camera_box(dialog).currentText()


def test_a_camera_chosen_by_name_is_found_in_the_list(qtbot, workspace):
    workspace.update_settings(camera="Desk camera")
    dialog = SettingsDialog(workspace, cameras=lambda: CAMERAS)
    qtbot.addWidget(dialog)
    qtbot.waitUntil(camera_box(dialog).isEnabled)
    assert camera_box(dialog).currentText() == "Desk camera"


def test_failing_to_list_cameras_leaves_the_chosen_one(qtbot, workspace):
    def broken():
        raise OSError("no permission")

    dialog = SettingsDialog(workspace, cameras=broken)
    qtbot.addWidget(dialog)
    qtbot.waitUntil(camera_box(dialog).isEnabled)
    assert camera_box(dialog).count() == 1
    assert camera_box(dialog).toolTip()


def test_the_computers_own_cameras_can_be_listed():
    assert all(camera.name for camera in find_cameras())


def test_the_promise_about_the_camera_stands_there(dialog):
    said = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert "never stored" in said
    assert "never sent" in said


def test_the_gallerys_place_is_shown(dialog, workspace):
    assert str(workspace.paths.default_gallery) in [label.toolTip() for label in dialog.findChildren(QLabel)]


def test_the_models_in_use_are_named_and_can_be_asked_for(qtbot, dialog):
    assert "Built in" in [label.text() for label in dialog.findChildren(QLabel)]
    button = next(b for b in dialog.findChildren(QPushButton) if b.text() == "Change the models…")
    with qtbot.waitSignal(dialog.models_requested):
        qtbot.keyClick(button, Qt.Key.Key_Space)


def test_imagining_is_switched_where_the_models_can_imagine(qtbot, dialog, workspace):
    box = dialog.findChildren(QCheckBox)[1]
    assert not box.isEnabled()
    workspace.use_models(replace(workspace.models, name="full", generator=Plain()))
    dialog.changeEvent(QEvent(QEvent.Type.ActivationChange))  # as when the dialog of models has closed
    assert "Full" in [label.text() for label in dialog.findChildren(QLabel)]
    with qtbot.waitSignal(dialog.settings_changed):
        qtbot.keyClick(box, Qt.Key.Key_Space)
    assert not load_settings(workspace.paths.settings_file).imagine


class Plain:
    """Imagines white."""

    def generate(self, sketch, prompt, *, seed, strength, size, cancelled=lambda: False):
        return np.full((size, size, 3), 255, np.uint8)
