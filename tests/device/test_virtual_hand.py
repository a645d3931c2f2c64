"""The virtual hand: the same pictures every time, and a truth that belongs to them."""

import time

import numpy as np
import pytest

from device.gestures import Gesture
from device.virtual_hand import BACKGROUNDS, Look, Performance, View, VirtualHand, background
from device.virtual_hand.performance import _eased
from device.virtual_hand.poses import POSE_OF
from tests.support.machine import slowness


def test_the_same_call_gives_the_same_bytes():
    pictures = [VirtualHand("left").render("two", View(roll=20), backdrop="room")[0] for _ in range(2)]
    assert np.array_equal(*pictures)


def test_the_fingertip_is_where_it_was_asked_for():
    for side in ("left", "right"):
        for view in (View((300, 150)), View((300, 150), roll=40, yaw=20, pitch=-15, back=True, distance=0.7)):
            _, truth = VirtualHand(side).render("one", view)
            assert truth.tip == pytest.approx((300, 150), abs=1e-6)


def test_the_hand_stays_in_its_place_when_the_gesture_changes():
    wrists = [VirtualHand().render(POSE_OF[g], View((300, 150)))[1].landmarks[0] for g in POSE_OF]
    assert np.ptp(wrists, axis=0).max() < 1e-6


def test_the_picture_shows_a_hand_where_the_truth_says():
    bare = Look(noise=0, blur=0)
    image, truth = VirtualHand().render("five", View(palm=(320, 240)), backdrop="plain", look=bare)
    drawn = np.abs(image.astype(int) - background("plain")).sum(-1) > 30
    x, y = truth.landmarks.astype(int).T
    assert drawn[y, x].all()
    assert not drawn[:, :100].any()


def test_mirroring_flips_picture_and_truth_but_not_the_side():
    how = {"backdrop": "plain", "look": Look(noise=0)}
    image, truth = VirtualHand("right", mirrored=True).render("three", View((200, 150), roll=15), **how)
    plain, straight = VirtualHand("right").render("three", View((440, 150), roll=15), **how)
    assert np.array_equal(image, plain[:, ::-1])
    np.testing.assert_allclose(truth.landmarks, straight.landmarks * [-1, 1] + [640, 0])
    assert truth.side == "right"


def test_left_and_right_are_mirror_images():
    still = Look(light=(0, -0.7, -0.75), noise=0)
    left, right = (
        VirtualHand(side).render("five", View(palm=(320, 240)), backdrop="plain", look=still)[0]
        for side in ("left", "right")
    )
    assert np.abs(left.astype(int) - right[:, ::-1]).mean() < 1.0


@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_backgrounds_are_full_pictures(kind):
    image = background(kind, (320, 240))
    assert image.shape == (240, 320, 3)
    assert image.dtype == np.uint8


def test_an_unknown_background_is_named():
    with pytest.raises(ValueError, match="no background 'beach'"):
        background("beach")


def test_a_hand_out_of_the_picture_or_behind_the_camera_leaves_the_background():
    bare = Look(noise=0, blur=0)
    for view in (View(palm=(320, 2000)), View(palm=(320, 240), distance=0.01)):
        image, truth = VirtualHand().render("five", view, backdrop="dark", look=bare)
        assert np.array_equal(image, background("dark"))
    assert truth is not None


def test_a_picture_takes_less_time_than_a_cameras_frame():
    hand = VirtualHand()
    hand.render()
    spent = []
    for k in range(15):
        start = time.process_time()
        hand.render("one", View((320, 170), roll=k), backdrop="room", motion=(6, 3))
        spent.append(time.process_time() - start)
    assert min(spent) < slowness() / 30


def test_a_stroke_is_walked_along_at_the_asked_speed():
    path = np.array([[0, 0], [200, 0], [200, 150]], float)
    points = _eased(path, 14.0)
    steps = np.hypot(*np.diff(np.vstack([path[:1], points]), axis=0).T)
    assert steps.max() <= 14.0 + 1e-6
    assert steps[0] < 4 and steps[-1] < 4  # at rest at both ends
    assert points[-1] == pytest.approx(path[-1])
    assert 350 / 14 <= len(points) <= 350 / 14 + 6


def test_a_single_point_and_a_tiny_stroke_can_be_drawn():
    assert len(_eased(np.array([[5.0, 5.0]]), 14.0)) == 1
    assert _eased(np.array([[5.0, 5.0], [7.0, 5.0]]), 14.0)[-1] == pytest.approx([7, 5])


def test_a_performance_lifts_the_pen_between_strokes():
    strokes = [np.array([[200, 150], [300, 150]], float), np.array([[250, 120], [250, 180]], np.float32)]
    show = Performance(VirtualHand(), start=(250, 150)).draw_strokes(strokes)
    drawing = [m.stroke for m in show.moments if m.drawing]
    assert sorted(set(drawing)) == [0, 1]
    last = max(k for k, m in enumerate(show.moments) if m.stroke == 0)
    first = min(k for k, m in enumerate(show.moments) if m.stroke == 1)
    assert Gesture.FIST in {m.gesture for m in show.moments[last:first]}
    assert len(show) == len(show.moments)
    assert len(show) < 120


def test_a_performance_is_the_same_each_time_it_is_played():
    show = (
        Performance(VirtualHand(), seed=4).hold(Gesture.DRAW, 3).leave(2).enter(Gesture.FIST, at=(300, 200))
    )
    first, second = (list(show.play()) for _ in range(2))
    assert len(first) == len(show)
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(first, second, strict=True))
    away = [truth for _, truth, moment in first if moment.gesture is Gesture.NONE]
    assert away == [None, None]


def test_a_drawable_place_keeps_the_whole_hand_in_view():
    show = Performance(VirtualHand())
    left, top, right, bottom = show.drawable()
    for tip in ((left, top), (right, top), (left, bottom), (right, bottom)):
        for side in ("left", "right"):
            _, truth = VirtualHand(side).render("one", View(tip))
            assert truth.inside((640, 480)) == 1.0
