"""Steady gestures from flickering frames; hands come straight from the skeleton, pose by pose."""

import numpy as np
import pytest

from device.gestures import MAX_WITHDRAW, Gesture, GestureRecognizer, HandReading
from device.tracking import Hand
from device.virtual_hand.poses import POSE_OF, blend, joint_turns, pose_angles
from device.virtual_hand.skeleton import load_mesh

MESH = load_mesh("right")


def hand_of(angles, *, at=(320.0, 300.0), track=1):
    points = MESH.landmarks(MESH.bend(joint_turns("right", angles)))
    points = points @ np.array([[-1.0, 0, 0], [0, 0, 1], [0, 1, 0]])  # palm to the camera
    image = points * 600
    image[:, 2] -= image[0, 2]
    return Hand(
        (image + np.array([*at, 0])).astype(np.float32), points.astype(np.float32), "right", 1.0, track
    )


class Person:
    """Shows poses to a recogniser, a thirtieth of a second each."""

    def __init__(self, fps=30.0):
        self.recognizer = GestureRecognizer(fps=fps)
        self.fps = fps
        self.readings: list[HandReading] = []

    def see(self, hand, frames=1):
        for _ in range(frames):
            self.readings.append(self.recognizer.update(hand, len(self.readings) / self.fps))
        return self.readings[-1]

    def show(self, gesture, frames=1, **place):
        return self.see(hand_of(pose_angles(POSE_OF[gesture]), **place), frames)

    def gestures(self):
        return [reading.gesture for reading in self.readings]


@pytest.mark.parametrize("gesture", [g for g in POSE_OF if g is not Gesture.ERASE])
def test_a_gesture_counts_after_three_frames(gesture):
    person = Person()
    rest = Gesture.FIST if gesture is not Gesture.FIST else Gesture.BLACK
    person.show(rest, 12)
    person.show(gesture, 2)
    assert person.readings[-1].gesture is rest
    # The jump from pose to pose is motion for five frames, so a selection takes a little longer.
    assert person.show(gesture, 4).gesture is gesture


def test_erasing_takes_six_frames():
    person = Person()
    person.show(Gesture.FIST, 10)
    assert person.show(Gesture.ERASE, 5).gesture is not Gesture.ERASE
    assert person.show(Gesture.ERASE, 1).gesture is Gesture.ERASE


@pytest.mark.parametrize("each", [2, 6, 10])
def test_erasing_ends_three_frames_after_the_hand_is_no_longer_open(each):
    """However long the hand takes to close, nothing more is erased on its way."""
    person = Person()
    person.show(Gesture.ERASE, 20)
    five, fist = pose_angles("five"), pose_angles("fist")
    for k in range(1, each + 1):
        person.see(hand_of(blend(five, fist, k / each)))
    person.show(Gesture.FIST, 8)
    still_open = sum(r.raw_gesture is Gesture.ERASE for r in person.readings)
    assert sum(g is Gesture.ERASE for g in person.gestures()[20:]) <= still_open - 20 + 2


def test_a_flicker_of_two_frames_changes_nothing():
    person = Person()
    person.show(Gesture.DRAW, 12)
    for flicker in (Gesture.BLACK, Gesture.FIST, Gesture.ERASE, Gesture.PINCH):
        person.show(flicker, 2)
        assert person.show(Gesture.DRAW, 4).gesture is Gesture.DRAW
    assert set(person.gestures()[5:]) == {Gesture.DRAW}


def test_nothing_is_inked_in_a_flicker_nor_before_drawing_has_settled():
    person = Person()
    person.show(Gesture.FIST, 10)
    person.show(Gesture.DRAW, 8)
    ink = [r.ink for r in person.readings]
    assert not any(ink[:14])
    assert ink[-1]
    assert not person.show(Gesture.FIST, 1).ink
    assert person.show(Gesture.DRAW, 1).ink


@pytest.mark.parametrize("each", [1, 2, 4, 6])
def test_a_closing_hand_selects_nothing(each):
    """Finger after finger folds within a second: four, three, two and one pass by."""
    person = Person()
    person.show(Gesture.ERASE, 20)
    angles = pose_angles("five")
    fist = pose_angles("fist")
    for part in (slice(0, 6), slice(18, 22), slice(14, 18), slice(10, 14), slice(6, 10)):
        start = angles.copy()
        for k in range(1, each + 1):
            angles[part] = start[part] + (fist[part] - start[part]) * k / each
            person.see(hand_of(angles))
    person.show(Gesture.FIST, 6)
    passed = set(person.gestures()[20:])
    assert passed <= {Gesture.ERASE, Gesture.OTHER, Gesture.FIST}
    assert person.readings[-1].gesture is Gesture.FIST
    assert not any(r.ink for r in person.readings)


def test_a_four_with_its_thumb_beside_the_palm_never_erases():
    person = Person()
    person.show(Gesture.RED, 10)
    person.see(hand_of(pose_angles("four beside")), 60)
    assert Gesture.ERASE not in person.gestures()


def test_a_folding_finger_takes_back_its_last_points():
    person = Person()
    person.show(Gesture.FIST, 8)
    person.show(Gesture.DRAW, 20)
    inked = sum(r.ink for r in person.readings)
    one, fist = pose_angles("one"), pose_angles("fist")
    for k in range(1, 11):
        person.see(hand_of(blend(one, fist, k / 10)))
    person.show(Gesture.FIST, 6)
    folding = sum(r.ink for r in person.readings) - inked
    ended = [r for r in person.readings if r.withdraw]
    assert len(ended) == 1
    assert ended[0].gesture is not Gesture.DRAW
    # At most the first frame, in which the finger has barely begun to bend, may stay.
    assert folding - 1 <= ended[0].withdraw <= MAX_WITHDRAW


def test_a_finger_lifted_straight_keeps_its_points():
    person = Person()
    person.show(Gesture.DRAW, 20)
    person.show(Gesture.BLACK, 8)
    assert all(r.withdraw == 0 for r in person.readings)


def test_missed_frames_are_bridged_and_then_the_hand_is_gone():
    person = Person()
    person.show(Gesture.DRAW, 15)
    bridged = person.see(None, 3)
    assert (bridged.gesture, bridged.tip, bridged.ink) == (Gesture.DRAW, None, False)
    assert person.show(Gesture.DRAW, 1).ink
    gone = person.see(None, 4)
    assert (gone.gesture, gone.palm, gone.hand) == (Gesture.NONE, None, None)


def test_a_hand_that_returns_elsewhere_starts_at_its_own_place():
    person = Person()
    person.show(Gesture.DRAW, 15, at=(100.0, 300.0))
    person.see(None, 5)
    back = person.show(Gesture.DRAW, 1, at=(500.0, 300.0))
    assert back.gesture is Gesture.NONE
    assert back.tip == back.raw_tip


def test_another_hand_does_not_go_on_with_the_stroke():
    person = Person()
    person.show(Gesture.DRAW, 15, at=(100.0, 300.0), track=1)
    other = person.show(Gesture.DRAW, 1, at=(500.0, 300.0), track=2)
    assert other.gesture is Gesture.NONE
    assert not other.ink
    assert other.tip == other.raw_tip


def test_a_faster_camera_waits_for_more_frames():
    person = Person(fps=60.0)
    person.show(Gesture.BLACK, 30)
    assert person.show(Gesture.FIST, 5).gesture is Gesture.BLACK
    assert person.show(Gesture.FIST, 1).gesture is Gesture.FIST


def test_a_pinch_tells_how_far_thumb_and_index_are_apart():
    person = Person()
    assert person.show(Gesture.PINCH, 6).pinch < 0.55
    assert person.show(Gesture.BLACK, 6).pinch > 0.8
    assert person.see(None, 8).pinch == float("inf")
