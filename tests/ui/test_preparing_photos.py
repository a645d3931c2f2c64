"""Preparing a real gallery for the full models in the background, with an encoder of two numbers a photo."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton

from sketch_app.model_sets import EmbeddedModels, ModelSet
from sketch_app.paths import AppPaths
from sketch_app.workspace import Workspace
from tests.support.waiting import WAIT_S
from tests.ui.small_gallery import ColourEncoder
from ui import background
from ui.gallery_control import GalleryControl
from ui.gallery_panel import GalleryPanel
from ui.preparing_photos import Preparing, PreparingPanel
from ui.status_line import StatusLine
from ui.time_left import time_left

COUNT = 30


class ToneEncoder:
    """How light and how red a photo is; can be held back, and can fail."""

    def __init__(self, model_id="tones"):
        self.model_id = model_id
        self.free, self.entered = threading.Event(), threading.Event()
        self.free.set()
        self.broken = False
        self.seen = self.loaded = 0

    @property
    def dimension(self):
        self.loaded += 1  # a real one reads its weights to know
        return 2

    def encode_photos(self, photos):
        self.entered.set()
        assert self.free.wait(WAIT_S)
        if self.broken:
            raise RuntimeError("no memory")
        self.seen += len(photos)
        rows = np.asarray([[photo.mean() + 1, photo[..., 0].mean() + 1] for photo in photos], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def make_photos(folder, first=0, count=COUNT):
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        Image.new("RGB", (48, 32), (number * 7 % 256, 40, number)).save(folder / f"{number}.png")


class Room:
    """A gallery, its panel and the status line, as the window has them."""

    def __init__(self, qtbot, home, encoder):
        self.encoder = encoder
        paths = AppPaths(home / "config", home / "data", home / "logs", home / "pictures")
        self.workspace = Workspace(paths, models=self.models(encoder))
        make_photos(home / "photos")
        self.workspace.index_folder(home / "photos")
        self.panel, self.status = GalleryPanel(), StatusLine()
        for widget in (self.panel, self.status):
            qtbot.addWidget(widget)
            widget.resize(700, 500)
            widget.show()
        self.control = GalleryControl(self.workspace, self.panel, self.status)
        self.states = []
        self.control._preparation.changed.connect(self.states.append)

    @staticmethod
    def models(encoder):
        fast = EmbeddedModels()
        return ModelSet("tones", fast=fast, photos=ColourEncoder(), imagined=encoder)

    @property
    def state(self):
        return self.control._preparation.state

    @property
    def has_ended(self):
        job = self.control._preparation._job
        return job is not None and job.done and self.state is None

    @property
    def prepared(self):
        return self.workspace.spaces.status().coverage

    def press(self, qtbot, text, widget=None):
        for button in (widget or self.panel.findChild(PreparingPanel)).findChildren(QPushButton):
            if button.text() == text and button.isVisible():
                qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
                return
        raise AssertionError(f"no {text}")

    def words(self):
        return [label.text() for label in self.panel.findChild(PreparingPanel).findChildren(QLabel)]


@pytest.fixture
def room(qtbot, tmp_path):
    room = Room(qtbot, tmp_path, ToneEncoder())
    yield room
    room.encoder.free.set()
    background.cancel_all()
    room.control._preparation.pause()
    room.workspace.close()


def until_prepared(qtbot, room, count=COUNT):
    """All of it, and the window has heard the end: on a fast machine that is a moment later."""
    qtbot.waitUntil(lambda: room.prepared.done == count and room.has_ended)


def test_an_opened_gallery_is_prepared_and_then_serves(qtbot, room):
    with qtbot.waitSignal(room.control.photos_added):  # a search may find others now
        room.control.open()
    until_prepared(qtbot, room)
    done = [state.done for state in room.states if state is not None]
    assert done == sorted(done)
    assert {state.total for state in room.states if state is not None} == {COUNT}
    assert room.workspace.spaces.status().serving == "tones"
    assert room.panel.findChild(PreparingPanel).isHidden()
    assert room.status.scan_text == ""


def test_panel_and_status_line_say_how_far_it_is(qtbot, room):
    room.encoder.free.clear()
    room.control.open()
    qtbot.waitUntil(lambda: room.encoder.entered.is_set() and room.state is not None)
    assert f"of {COUNT}" in room.status.scan_text
    assert any("searches already work" in words for words in room.words())


def test_a_pause_keeps_what_is_prepared_and_continuing_ends_it(qtbot, room):
    room.encoder.free.clear()
    room.control.open()
    qtbot.waitUntil(room.encoder.entered.is_set)
    qtbot.waitUntil(lambda: room.state is not None)
    room.press(qtbot, "Pause")
    room.encoder.free.set()
    qtbot.waitUntil(lambda: room.control._preparation._job.done)
    kept = room.prepared.done
    assert 0 < kept < COUNT
    assert room.state.phase == "paused"
    assert "paused" in room.status.scan_text
    room.control.open()  # nothing but the person goes on
    qtbot.waitSignal(room.control.counted).wait()
    assert room.prepared.done == kept
    room.press(qtbot, "Continue", room.status)
    until_prepared(qtbot, room)
    assert room.encoder.seen == COUNT


def test_folders_are_added_while_photos_are_prepared(qtbot, room, tmp_path):
    room.encoder.free.clear()
    room.control.open()
    qtbot.waitUntil(room.encoder.entered.is_set)
    make_photos(tmp_path / "more", first=COUNT, count=5)
    with qtbot.waitSignal(room.control._work.reports) as read:
        room.control.read_folder(tmp_path / "more")
    assert read.args[0][0].added == 5
    room.encoder.free.set()
    until_prepared(qtbot, room, COUNT + 5)


def test_photos_that_are_added_later_are_prepared_too(qtbot, room, tmp_path):
    room.control.open()
    until_prepared(qtbot, room)
    make_photos(tmp_path / "more", first=COUNT, count=5)
    room.control.read_folder(tmp_path / "more")
    until_prepared(qtbot, room, COUNT + 5)


def test_a_prepared_gallery_asks_no_model_and_shows_nothing(qtbot, room):
    room.control.open()
    until_prepared(qtbot, room)
    room.states.clear()
    loaded, former = room.encoder.loaded, room.control._preparation._job
    room.control.open()
    qtbot.waitUntil(lambda: room.control._preparation._job is not former)
    qtbot.waitUntil(lambda: room.control._preparation._job.done)
    assert room.encoder.loaded == loaded
    assert [state for state in room.states if state is not None] == []


def test_a_failure_is_a_sentence_in_the_panel_and_can_be_tried_again(qtbot, room):
    room.encoder.broken = True
    room.control.open()
    qtbot.waitUntil(lambda: room.state is not None and room.state.phase == "failed")
    assert any("no memory" in words and "Try again" in words for words in room.words())
    assert room.status.scan_text == ""
    room.encoder.broken = False
    room.press(qtbot, "Try again")
    until_prepared(qtbot, room)


def test_other_models_begin_anew_and_the_former_ones_stop(qtbot, room):
    room.encoder.free.clear()
    room.control.open()
    qtbot.waitUntil(room.encoder.entered.is_set)
    other = ToneEncoder("other tones")
    room.workspace.use_models(room.models(other))
    room.control.models_changed()
    room.encoder.free.set()
    qtbot.waitUntil(lambda: other.seen == COUNT and room.has_ended)
    assert room.encoder.seen < COUNT
    assert room.workspace.spaces.status().serving == "other tones"


def test_models_that_compare_nothing_end_the_preparing(qtbot, room):
    room.encoder.free.clear()
    room.control.open()
    qtbot.waitUntil(room.encoder.entered.is_set)
    fast = EmbeddedModels()
    room.workspace.use_models(ModelSet("embedded", fast=fast, photos=ColourEncoder()))
    room.control.models_changed()
    room.encoder.free.set()
    qtbot.waitUntil(lambda: room.control._preparation._job.done)
    assert room.state is None
    assert room.encoder.seen < COUNT


def test_closing_does_not_wait_for_the_preparing(qtbot, room):
    room.encoder.free.clear()
    room.control.open()
    qtbot.waitUntil(room.encoder.entered.is_set)
    background.cancel_all()
    room.workspace.close()  # the encoder is still held back
    room.encoder.free.set()
    qtbot.waitUntil(lambda: room.control._preparation._job.done)
    assert room.encoder.seen < COUNT


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(None, ""), (20, "less than a minute left"), (170, "about 3 min left"), (9000, "about 2 h left")],
)
def test_the_time_left_is_told_in_round_words(seconds, expected):
    assert time_left(seconds) == expected


def test_a_running_scan_comes_before_the_preparing_in_the_status_line(qtbot):
    from index.records import IndexProgress

    status = StatusLine()
    qtbot.addWidget(status)
    status.set_preparing(Preparing("embedding", 120, 2000, 170.0))
    assert status.scan_text == "Preparing photos for the full models: 120 of 2,000 · about 3 min left"
    status.set_progress(IndexProgress("reading", 1, 9, 1, 0, 1.0, None, "a.jpg"))
    assert "Reading photos" in status.scan_text
    status.set_progress(None)
    assert "120 of 2,000" in status.scan_text
    with qtbot.waitSignal(status.pause_requested):
        status._button.click()
