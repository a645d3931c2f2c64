"""Real MediaPipe on the virtual hand: found, followed, read right, and never a stranger's hand.

The figures are those of ``benchmarks/tracking.py`` on a smaller choice of scenes.
"""

import subprocess
import sys
import time

import numpy as np
import pytest

from benchmarks.tracking import (
    FPS,
    Drawn,
    compare,
    drawings,
    everything,
    held_gestures,
    marks_of,
    rate,
    watch,
)
from device.errors import TrackingError
from device.finger_state import palm_centre
from device.gestures import Gesture
from device.tracking import HandTracker
from device.virtual_hand import Look, Performance, View, VirtualHand, background
from tests.support.machine import slowness

CLEAN = Look(noise=0, blur=0)


@pytest.fixture(scope="module")
def tracker():
    tracker = HandTracker(mirrored=False)
    yield tracker
    tracker.close()


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("side", ["left", "right"])
def test_the_hand_is_named_whether_or_not_the_picture_is_mirrored(side, mirrored):
    tracker = HandTracker(mirrored=mirrored)
    image, truth = VirtualHand(side, mirrored=mirrored).render("five", View(palm=(320, 260)))
    for k in range(2):
        hand = tracker.detect(image, k / FPS)
    tracker.close()
    assert hand.handedness == side
    assert hand.landmarks.shape == hand.world.shape == (21, 3)
    assert np.median(np.linalg.norm(hand.landmarks[:, :2] - truth.landmarks, axis=1)) < 8


def test_an_empty_picture_holds_no_hand(tracker):
    tracker.reset()
    assert tracker.detect(background("room"), 0.0) is None


def test_a_closed_tracker_says_so():
    tracker = HandTracker()
    tracker.close()
    with pytest.raises(TrackingError, match="closed"):
        tracker.detect(background("room"), 0.0)


@pytest.mark.parametrize(("side", "back"), [("right", False), ("left", True)])
def test_held_gestures_are_read_right_and_never_as_erase(tracker, side, back):
    held = held_gestures(tracker, seeds=[7], rolls=(-45, 0, 45), sides=[side], backs=[back])
    assert held.wrong == []
    assert held.false_erase == 0
    assert held.found >= 0.98 * held.frames


def test_a_drawing_follows_the_finger_without_a_stray_mark(tracker):
    drawn = drawings(tracker, seeds=[12], sides=["right"])
    median, high = np.percentile(drawn.distances, [50, 95])
    assert median < 5
    assert high < 8
    assert drawn.marks == drawn.strokes
    assert drawn.stray_points == 0
    assert max(drawn.undrawn) < 20
    assert np.nanmedian(drawn.lags) < 40
    assert drawn.found >= 0.98 * drawn.frames


def test_all_gestures_and_the_pinch_leave_only_the_strokes(tracker):
    show = everything("left", 3)
    seen, out = watch(show, tracker), Drawn()
    compare(show, seen, out)
    assert out.marks == out.strokes == 2
    assert out.stray_points == 0
    read = {s.reading.gesture for s in seen}
    assert {Gesture.BLACK, Gesture.GREEN, Gesture.RED, Gesture.ERASE, Gesture.PINCH, Gesture.NONE} <= read


def test_a_hand_that_leaves_while_it_draws_ends_its_stroke(tracker):
    show = Performance(VirtualHand(), start=(300, 170)).hold(Gesture.FIST, 6).hold(Gesture.DRAW, 20)
    show.leave(10).enter(Gesture.FIST, at=(420, 170)).hold(Gesture.FIST, 6).hold(Gesture.DRAW, 20)
    seen = watch(show, tracker)
    marks = marks_of([s.reading for s in seen])
    assert len(marks) == 2
    assert Gesture.NONE in {s.reading.gesture for s in seen[60:]}
    assert min(x for x, _ in marks[1].points) > 400


def scene(frames, drawing_hand):
    """Two people: one draws on the left, the other rests an open hand on the right."""
    other, _ = VirtualHand("left").render("five", View(palm=(500, 250)), backdrop="room", look=CLEAN)
    mine = VirtualHand("right")
    for k in range(frames):
        if drawing_hand(k):
            yield mine.render("one", View((130 + k % 40, 150)), backdrop=other, look=CLEAN)[0]
        else:
            yield other


def centres(tracker, images):
    hands = [tracker.detect(image, k / FPS) for k, image in enumerate(images)]
    return hands, [None if hand is None else palm_centre(hand.landmarks)[0] for hand in hands]


def test_a_second_person_does_not_take_the_pen(tracker):
    tracker.reset()
    alone = VirtualHand("right").render("one", View((130, 150)), backdrop="room", look=CLEAN)[0]
    # Alone at first, then beside another hand, hidden for ten frames, then back.
    images = [alone] * 5 + list(scene(45, lambda k: not 15 <= k < 25))
    hands, where = centres(tracker, images)
    assert all(x is None or x < 320 for x in where)
    assert sum(x is not None for x in where[:20] + where[32:]) >= 36
    assert {hand.track for hand in hands if hand is not None} == {hands[0].track}


def test_when_the_drawing_hand_stays_away_the_other_may_draw(tracker):
    tracker.reset()
    alone = VirtualHand("right").render("one", View((130, 150)), backdrop="room", look=CLEAN)[0]
    images = [alone] * 5 + list(scene(40, lambda k: k < 5))
    hands, where = centres(tracker, images)
    assert where[-1] is not None
    assert where[-1] > 320
    assert hands[-1].track > hands[0].track
    assert not any(x is not None and x > 320 for x in where[:24])


def test_tracking_keeps_well_ahead_of_a_camera(tracker):
    assert rate(tracker, frames=60, clock=time.process_time) > 1.5 * FPS / slowness()


def test_the_terminal_stays_clean():
    code = (
        "from device.tracking import HandTracker\n"
        "from device.virtual_hand import VirtualHand\n"
        "image, _ = VirtualHand().render('five')\n"
        "tracker = HandTracker(mirrored=False)\n"
        "found = [tracker.detect(image, k / 30) for k in range(3)]\n"
        "tracker.reset(); tracker.detect(image, 1.0); tracker.close()\n"
        "assert found[-1] is not None\n"
        "import sys; print('still heard', file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "still heard\n"


def test_sizes_other_than_the_usual_are_tracked(tracker):
    tracker.reset()
    image, truth = VirtualHand(size=(1280, 720)).render("one", View((640, 200)))
    hand = None
    for k in range(3):
        hand = tracker.detect(image, k / FPS)
    assert np.hypot(*(hand.landmarks[8, :2] - truth.landmarks[8])) < 16
