"""The camera in the window: truly off when off, readings in order, a lost camera in a sentence."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PySide6.QtCore import QThread

from device.errors import CameraError
from device.frames import IterableSource
from device.gestures import Gesture
from device.virtual_hand.hand import VirtualHand
from device.virtual_hand.performance import Performance
from tests.support.phone.rig import wait_until
from tests.support.waiting import WAIT_S
from tests.ui.sketching import make_sketching_workspace
from ui.live_bridge import CameraState, LiveBridge
from ui.main_window import MainWindow


class WatchedSource(IterableSource):
    """Grey pictures without end; remembers whether it is open."""

    def __init__(self, *, broken: int = 0) -> None:
        super().__init__((np.full((48, 64, 3), shade % 256, np.uint8) for shade in iter(int, 1)), fps=60)
        self.is_open = threading.Event()
        self.closed = threading.Event()
        self._broken = broken
        self.live = True

    def open(self) -> None:
        if self._broken:
            self._broken -= 1
            raise CameraError("The camera could not be opened: plug it in.")
        super().open()
        self.closed.clear()
        self.is_open.set()

    def close(self) -> None:
        super().close()
        if self.is_open.is_set():
            self.closed.set()


@pytest.fixture
def bridges(qapp):
    made = []

    def make(source) -> LiveBridge:
        made.append(LiveBridge(lambda: source))
        return made[-1]

    yield make
    for bridge in made:
        bridge.close()


def test_readings_come_in_order_in_the_gui_thread_and_pictures_after_them(qtbot, bridges):
    bridge = bridges(WatchedSource())
    times, pictures, sizes = [], [], []
    bridge.reading.connect(lambda reading: times.append((reading.timestamp, QThread.currentThread())))
    bridge.picture.connect(lambda picture: pictures.append(len(times)))
    bridge.frame_size.connect(lambda width, height: sizes.append((width, height, len(times))))
    bridge.start()
    qtbot.waitUntil(lambda: len(times) > 20)
    stamps = [stamp for stamp, _ in times]
    assert stamps == sorted(set(stamps))
    assert {thread for _, thread in times} == {bridge.thread()}
    assert sizes == [(64, 48, 0)]
    assert pictures == sorted(set(pictures))
    assert pictures[0] >= 1


def test_a_busy_gui_thread_misses_no_reading_and_paints_one_picture(qtbot, bridges):
    """While the GUI thread is held up readings wait in line; of the pictures only the newest is kept."""
    bridge = bridges(WatchedSource())
    readings, pictures = [], []
    bridge.reading.connect(readings.append)
    bridge.picture.connect(pictures.append)
    bridge.start()
    qtbot.waitUntil(lambda: bool(pictures))
    readings.clear()
    pictures.clear()
    with bridge._lock:
        bridge._readings.clear()

    def waiting() -> int:
        with bridge._lock:
            return len(bridge._readings)

    # This thread turns no event loop until six readings wait.
    wait_until(lambda: waiting() >= 6, what="six readings", seconds=WAIT_S)
    bridge._drain(bridge._session)
    assert len(readings) >= 6
    assert len(pictures) == 1


def test_switching_off_closes_the_camera_and_lets_nothing_more_through(qtbot, bridges):
    source = WatchedSource()
    bridge = bridges(source)
    seen = []
    bridge.reading.connect(seen.append)
    bridge.start()
    qtbot.waitUntil(lambda: bool(seen))
    bridge.stop()
    assert bridge.state is CameraState.OFF
    seen.clear()
    qtbot.waitUntil(source.closed.is_set)
    assert seen == []


def test_switched_off_before_it_has_opened_it_stays_off(qtbot, bridges):
    source = WatchedSource()
    bridge = bridges(source)
    bridge.start()
    bridge.stop()
    bridge.start()
    bridge.stop()
    bridge.close()
    assert bridge.state is CameraState.OFF
    assert not source.is_open.is_set() or source.closed.wait(WAIT_S)


def test_a_lost_camera_is_a_sentence_and_comes_back_by_itself(qtbot, bridges):
    bridge = bridges(WatchedSource(broken=1))
    states = []
    bridge.state_changed.connect(lambda state, sentence: states.append((state, sentence)))
    bridge.start()
    qtbot.waitUntil(lambda: bridge.state is CameraState.RUNNING)
    lost = [sentence for state, sentence in states if state is CameraState.LOST]
    assert lost
    assert "plug" in lost[0]
    assert states[-1] == (CameraState.RUNNING, "")


def test_a_hand_in_the_air_inks_the_windows_canvas(qtbot, tmp_path):
    """The whole way: pictures of a hand, its landmarks, its gesture, ink on the document, an answer."""
    performance = (
        Performance(VirtualHand(), start=(220.0, 240.0))
        .hold(Gesture.FIST, 20)
        .draw(np.array([(220.0, 240.0), (420.0, 260.0)]), speed=6.0)
        .hold(Gesture.FIST, 20)
    )
    read = threading.Semaphore(0)

    def one_by_one():
        """The next picture when the last one has been read: a slow tracker leaves none out."""
        for image in performance.images():
            yield image
            assert read.acquire(timeout=WAIT_S)

    workspace, _ = make_sketching_workspace(tmp_path)
    window = MainWindow(workspace, source=IterableSource(one_by_one(), fps=15, paced=False))
    window.air.bridge.reading.connect(lambda _: read.release())
    qtbot.addWidget(window)
    window.painted.connect(window.start)
    window.show()
    try:
        qtbot.waitUntil(lambda: bool(window.document.sketch.strokes))
        stroke = window.document.sketch.strokes[0]
        assert stroke.length > 100
        assert window.stage.has_picture or window.air.bridge.state is CameraState.ENDED
    finally:
        read.release(len(performance.moments))  # nobody reads what is left
        window.close()
        workspace.close()
