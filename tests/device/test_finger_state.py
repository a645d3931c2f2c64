"""The finger rule on hands of known pose: landmarks straight from the skeleton, no picture needed."""

import numpy as np
import pytest

from device.finger_state import palm_centre, palm_width, read_fingers
from device.gestures import Gesture, classify
from device.virtual_hand.poses import POSE_OF, fingers_up, joint_turns, pose_angles
from device.virtual_hand.skeleton import load_mesh, rotation


def landmarks(pose, *, side="right", roll=0.0, yaw=0.0, back=False, scale=600.0):
    """Landmarks as a perfect tracker would give them: (21, 3) pixels and (21, 3) metres."""
    mesh = load_mesh(side)
    points = mesh.landmarks(mesh.bend(joint_turns(side, pose_angles(pose))))
    view = [[1, 0, 0], [0, 0, 1], [0, -1, 0]] if back else [[-1, 0, 0], [0, 0, 1], [0, 1, 0]]
    points = points @ (rotation("z", roll) @ rotation("y", yaw) @ np.array(view, float)).T
    image = points * scale
    image[:, 2] -= image[0, 2]
    return (image + np.array([320, 300, 0])).astype(np.float32), (points - points.mean(0)).astype(np.float32)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("gesture", list(POSE_OF))
def test_every_gesture_is_read_at_every_roll(gesture, side, back):
    for roll in range(0, 360, 30):
        hand = landmarks(POSE_OF[gesture], side=side, back=back, roll=roll)
        assert classify(read_fingers(*hand)) is gesture


@pytest.mark.parametrize("pose", ["one", "two", "three", "four", "five", "fist", "gun"])
def test_raised_fingers_are_those_of_the_pose(pose):
    state = read_fingers(*landmarks(pose, roll=75, yaw=20))
    assert state.raised == tuple(bool(up) for up in fingers_up(pose)[1:])


@pytest.mark.parametrize("roll", [-90, -40, 0, 40, 90])
@pytest.mark.parametrize("yaw", [-25, 0, 25])
def test_a_thumb_beside_the_palm_never_erases(roll, yaw):
    four = read_fingers(*landmarks("four beside", roll=roll, yaw=yaw))
    assert not four.thumb_clearly_out
    assert classify(four) in {Gesture.RED, Gesture.OTHER}


def test_a_fist_is_no_pinch_although_thumb_and_index_touch():
    image, world = landmarks("fist")
    image[4], world[4] = image[8], world[8]
    fist = read_fingers(image, world)
    assert fist.pinch < 0.55
    assert classify(fist) is Gesture.FIST


def test_little_finger_alone_is_no_count():
    image, world = landmarks("fist")
    open_image, open_world = landmarks("five")
    for k in (18, 19, 20):
        image[k], world[k] = open_image[k], open_world[k]
    assert classify(read_fingers(image, world)) is Gesture.OTHER


def test_the_answer_does_not_depend_on_size():
    near, far = (read_fingers(*landmarks("three", scale=s)) for s in (2000.0, 150.0))
    np.testing.assert_allclose(near.reach, far.reach, rtol=1e-3)
    assert near.pinch == pytest.approx(far.pinch, rel=1e-3)


def test_one_wild_world_landmark_does_not_erase():
    """From the back MediaPipe's metres may be far off; the image has to agree before anything is erased."""
    image, world = landmarks("four")
    world[4] += world[4] - world[17]
    world[4] *= 6
    assert classify(read_fingers(image, world)) is not Gesture.ERASE


def test_palm_is_measured_in_pixels():
    image, _ = landmarks("five", scale=600)
    assert palm_width(image) == pytest.approx(0.0607 * 600, rel=0.05)
    x, y = palm_centre(image)
    assert image[:, 0].min() < x < image[:, 0].max()
    assert image[:, 1].min() < y < image[:, 1].max()
