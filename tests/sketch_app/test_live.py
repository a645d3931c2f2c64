"""The live hand on the real tracker and a virtual hand: readings, states, and what ends it."""

from __future__ import annotations

import threading

import numpy as np

from device.capture import CaptureState
from device.errors import CameraError
from device.frames import IterableSource
from device.gestures import Gesture
from device.virtual_hand import Performance, VirtualHand
from sketch_app.live import LiveHand
from tests.support.waiting import WAIT_S

SIZE = (640, 480)


class Listener:
    """What a live hand has told so far."""

    def __init__(self):
        self.frames, self.states = [], []
        self.news = threading.Condition()

    def on_frame(self, frame):
        with self.news:
            self.frames.append(frame)
            self.news.notify_all()

    def on_state(self, state, sentence):
        with self.news:
            self.states.append((state, sentence))
            self.news.notify_all()

    def wait_for(self, condition):
        with self.news:
            assert self.news.wait_for(lambda: condition(self), timeout=WAIT_S), self.states


def blank(count=10**9):
    return (np.zeros((SIZE[1], SIZE[0], 3), np.uint8) for _ in range(count))


def ended(hand):
    hand._thread.join(WAIT_S)
    return not hand.running


def test_a_performance_is_read_frame_by_frame_to_its_end():
    performance = Performance(VirtualHand(size=SIZE, mirrored=True), start=(320.0, 240.0))
    performance.hold(Gesture.FIST, 8).hold(Gesture.DRAW, 12)
    heard = Listener()

    def one_by_one():
        """The next picture when the last one has been read: a busy machine leaves none out."""
        for number, image in enumerate(performance.images(), 1):
            yield image
            heard.wait_for(lambda h, number=number: len(h.frames) >= number)

    source = IterableSource(one_by_one(), paced=False)
    hand = LiveHand(source, on_frame=heard.on_frame, on_state=heard.on_state)
    assert not hand.running
    hand.start()
    heard.wait_for(lambda h: any(s is CaptureState.ENDED for s, _ in h.states))
    assert ended(hand)
    hand.stop()
    assert [f.frame.index for f in heard.frames] == list(range(len(performance.moments)))
    last = heard.frames[-1]
    assert last.frame.image.shape == (480, 640, 3)
    assert last.reading.hand is not None
    assert last.reading.timestamp == last.frame.timestamp
    assert last.reading.gesture is Gesture.DRAW
    assert Gesture.FIST in {f.reading.gesture for f in heard.frames}
    x, y = last.reading.tip
    assert abs(x - 320) < 30
    assert abs(y - 240) < 30


def test_stopping_ends_both_threads_and_closes_the_camera():
    closed = threading.Event()

    class Camera(IterableSource):
        def close(self):
            super().close()
            closed.set()

    heard = Listener()
    hand = LiveHand(Camera(blank(), paced=True), on_frame=heard.on_frame, on_state=heard.on_state)
    hand.start()
    heard.wait_for(lambda h: h.frames)
    assert hand.running
    assert heard.frames[0].reading.gesture is Gesture.NONE
    hand.stop(WAIT_S)
    assert not hand.running
    assert closed.wait(WAIT_S)
    count = len(heard.frames)
    hand.stop()  # again
    assert len(heard.frames) == count


def test_stopping_before_the_start_is_no_error():
    hand = LiveHand(IterableSource(blank()), on_frame=lambda _: None, on_state=lambda *_: None)
    hand.stop()
    assert not hand.running


def test_a_camera_that_cannot_be_opened_is_said_in_its_own_sentence():
    class NoCamera(IterableSource):
        def open(self):
            raise CameraError("There is no camera: plug one in.")

    heard = Listener()
    hand = LiveHand(NoCamera(blank()), on_frame=heard.on_frame, on_state=heard.on_state)
    hand.start()
    heard.wait_for(lambda h: any("plug one in" in sentence for _, sentence in h.states))
    hand.stop(WAIT_S)
    assert not hand.running
    assert heard.frames == []


def test_a_fault_while_reading_is_said_and_ends_the_thread():
    heard = Listener()

    def on_frame(_):
        raise RuntimeError("the window is gone")

    hand = LiveHand(IterableSource(blank(), paced=True), on_frame=on_frame, on_state=heard.on_state)
    hand.start()
    heard.wait_for(lambda h: any(s is CaptureState.LOST for s, _ in h.states))
    assert ended(hand)
    (sentence,) = [text for state, text in heard.states if state is CaptureState.LOST]
    assert "the window is gone" in sentence
    assert "Switch the camera off and on" in sentence
