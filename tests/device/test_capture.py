"""Frames in their own thread: newest first, a lost camera comes back, stopping is prompt."""

import threading
import time

import cv2
import numpy as np
import pytest

from device.capture import CaptureState, CaptureThread
from device.errors import CameraError
from device.frames import (
    CameraInfo,
    Frame,
    IterableSource,
    VideoFileSource,
    WebcamSource,
    _backends,
    _linux_cameras,
)
from tests.support.waiting import WAIT_S


def wait_until(true, seconds=WAIT_S):
    """Ask again until it is so; fail after a deadline."""
    deadline = time.monotonic() + seconds
    ask = threading.Event()
    while not true():
        assert time.monotonic() < deadline, "did not happen in time"
        ask.wait(0.005)


class Cable:
    """A camera on a cable that the test pulls out and plugs in."""

    name = "camera on a cable"
    live = True

    def __init__(self):
        self.plugged = True
        self.opened = 0
        self.closed = 0
        self.count = 0

    def open(self):
        if not self.plugged:
            raise CameraError("The camera on a cable could not be opened.")
        self.opened += 1

    def read(self):
        time.sleep(0.001)  # the camera's own pace
        if not self.plugged:
            raise CameraError("The camera on a cable stopped giving pictures.")
        self.count += 1
        return Frame(np.full((4, 4, 3), self.count % 256, np.uint8), time.monotonic(), self.count)

    def close(self):
        self.closed += 1


@pytest.fixture
def captures():
    running = []
    yield running.append
    for capture in running:
        capture.stop()


def pictures(count):
    return [np.full((48, 64, 3), k * 8, np.uint8) for k in range(count)]


def test_a_lost_camera_is_reported_and_found_again(captures):
    camera, states = Cable(), []
    capture = CaptureThread(camera, on_state=lambda state, text: states.append((state, text)), retry=0.01)
    captures(capture)
    capture.start()
    assert capture.latest(WAIT_S) is not None
    camera.plugged = False
    wait_until(lambda: capture.state is CaptureState.LOST)
    wait_until(lambda: camera.closed >= 2)  # tried again, in vain
    camera.plugged = True
    wait_until(lambda: capture.state is CaptureState.RUNNING)
    assert camera.opened >= 2
    kinds = [state for state, _ in states]
    start = [CaptureState.OPENING, CaptureState.RUNNING, CaptureState.LOST]
    assert kinds[:3] == start
    assert kinds[-1] is CaptureState.RUNNING
    assert "camera on a cable" in next(text for state, text in states if state is CaptureState.LOST)


def test_a_camera_that_is_not_there_yet_is_waited_for(captures):
    camera = Cable()
    camera.plugged = False
    capture = CaptureThread(camera, retry=0.01)
    captures(capture)
    capture.start()
    wait_until(lambda: capture.state is CaptureState.LOST)
    camera.plugged = True
    assert capture.latest(WAIT_S) is not None


def test_the_newest_frame_wins(captures):
    camera = Cable()
    capture = CaptureThread(camera)
    captures(capture)
    capture.start()
    first = capture.latest(WAIT_S)
    wait_until(lambda: camera.count > first.index + 20)
    newest = capture.latest(WAIT_S)
    assert newest.index > first.index + 15
    assert capture.latest(WAIT_S).index > newest.index


def test_stopping_a_lost_camera_does_not_wait_for_the_next_attempt():
    camera = Cable()
    camera.plugged = False
    capture = CaptureThread(camera, retry=3600.0)
    capture.start()
    reader = capture._thread
    wait_until(lambda: capture.state is CaptureState.LOST)
    capture.stop()
    assert capture.state is CaptureState.STOPPED
    reader.join(WAIT_S)
    assert not reader.is_alive()


def test_stopping_ends_the_pause_between_two_frames():
    capture = CaptureThread(IterableSource(pictures(3), fps=1 / 3600))
    capture.start()
    reader = capture._thread
    assert capture.latest(WAIT_S).index == 0
    capture.stop()
    reader.join(WAIT_S)
    assert not reader.is_alive()


def test_stopping_returns_although_the_driver_hangs(captures):
    hung = threading.Event()

    class Hanging(Cable):
        def read(self):
            hung.wait()
            raise CameraError("too late")

    capture = CaptureThread(Hanging())
    capture.start()
    driver = capture._thread
    wait_until(lambda: capture.state is CaptureState.OPENING)
    try:
        capture.stop()
        assert driver.is_alive()  # it hangs still
        assert capture.state is CaptureState.STOPPED
    finally:
        hung.set()


def test_a_waiting_reader_is_told_at_once_that_nothing_more_comes(captures):
    capture = CaptureThread(IterableSource(pictures(1), paced=False))
    captures(capture)
    capture.start()
    assert capture.latest(WAIT_S).index == 0
    start = time.monotonic()
    assert capture.latest(60.0) is None
    assert time.monotonic() - start < 60.0  # it did not wait in vain
    assert capture.state is CaptureState.ENDED


def test_a_capture_can_be_started_again(captures):
    capture = CaptureThread(IterableSource(pictures(2), paced=False))
    captures(capture)
    for _ in range(2):
        capture.start()
        assert capture.latest(WAIT_S) is not None
        wait_until(lambda: capture.state is CaptureState.ENDED)
        capture.stop()


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 20.0, (64, 48))
    for k in range(10):
        image = np.zeros((48, 64, 3), np.uint8)
        image[:, :32] = 20 * k + 40
        writer.write(image)
    writer.release()
    return path


def test_a_video_is_read_to_its_end(video):
    source = VideoFileSource(video, paced=False)
    source.open()
    frames = list(iter(source.read, None))
    source.close()
    assert [f.index for f in frames] == list(range(10))
    assert frames[4].timestamp == pytest.approx(4 / 20)
    assert frames[5].image[:, :20].mean() == pytest.approx(140, abs=6)


def test_a_mirrored_video_is_flipped(video):
    source = VideoFileSource(video, paced=False, mirrored=True)
    source.open()
    image = source.read().image
    source.close()
    assert image[:, 44:].mean() > 30 > image[:, :20].mean()


def test_a_video_plays_at_its_own_speed(video):
    source = VideoFileSource(video)
    source.open()
    start = time.monotonic()
    list(iter(source.read, None))
    assert time.monotonic() - start >= 9 / 20 - 0.02


def test_a_missing_video_and_a_broken_one_are_named(tmp_path):
    with pytest.raises(CameraError, match=r"nowhere\.mp4"):
        VideoFileSource(tmp_path / "nowhere.mp4").open()
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"not a video")
    with pytest.raises(CameraError, match=r"broken\.mp4"):
        VideoFileSource(broken).open()


def test_a_camera_that_does_not_exist_says_what_to_do():
    with pytest.raises(CameraError, match=r"camera 97 could not be opened\. Plug it in"):
        WebcamSource(97).open()
    with pytest.raises(CameraError, match="No camera is called 'no such eye'"):
        WebcamSource("no such eye").open()


def test_each_platform_tries_its_own_backend_first():
    firsts = [_backends(platform)[0] for platform in ("linux", "win32", "darwin")]
    assert firsts == [cv2.CAP_V4L2, cv2.CAP_DSHOW, cv2.CAP_AVFOUNDATION]
    assert all(_backends(platform)[-1] == cv2.CAP_ANY for platform in ("linux", "win32", "darwin"))


def test_the_kernels_list_names_each_camera_once(tmp_path):
    for number, index, name in ((0, 0, "Laptop Camera"), (1, 1, "Laptop Camera"), (10, 0, "USB Eye")):
        node = tmp_path / f"video{number}"
        node.mkdir()
        (node / "index").write_text(f"{index}\n")
        (node / "name").write_text(f"{name}\n")
    assert _linux_cameras(tmp_path) == [CameraInfo(0, "Laptop Camera"), CameraInfo(10, "USB Eye")]
