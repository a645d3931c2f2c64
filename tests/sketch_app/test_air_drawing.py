"""Scripted hands: each test plays frames of one rule and looks at the document and the commands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from device.gestures import Gesture, HandReading
from sketch_app.air_drawing import AirDrawing, AirLayout, default_layout
from sketch_app.air_layout import contains
from sketch_app.document import SketchDocument
from sketch_app.sketch import Pen, Sketch
from tests.sketch_app.sketches import line

FRAME = 1 / 30
SIZE = (640, 480)
LAYOUT = default_layout(SIZE)
BUTTONS = {button.id: button for button in LAYOUT.buttons}


def middle(button_id):
    x, y, width, height = BUTTONS[button_id].rect
    return x + width / 2, y + height / 2


def on_canvas(x, y):
    """Canvas pixels of a place in the camera frame."""
    return LAYOUT.to_canvas((x, y), SIZE)


class Hand:
    """A hand before the camera; every method plays frames and returns the last state."""

    def __init__(self, sketch=None, fps=30):
        self.document = SketchDocument(sketch)
        self.commands = []
        self.air = AirDrawing(
            self.document,
            canvas_rect=LAYOUT.canvas_rect,
            buttons=LAYOUT.buttons,
            on_command=self.commands.append,
            frame_size=SIZE,
        )
        self.frame = 1 / fps
        self.t = 100.0
        self.at = (320.0, 240.0)
        self.gesture = Gesture.NONE
        self.age = 0
        self.state = None
        self.finished = 0
        self.document.stroke_finished(self._finish)

    def _finish(self):
        self.finished += 1

    @property
    def strokes(self):
        return self.document.sketch.strokes

    def show(self, gesture, at=None, *, frames=1, **changes):
        """Show a gesture (as debounced) for some frames, moving evenly to a place; settled after two."""
        start, end = self.at, at or self.at
        for step in range(1, frames + 1):
            self.age = self.age + 1 if gesture is self.gesture else 0
            self.gesture = gesture
            self.at = tuple(np.add(start, np.subtract(end, start) * step / frames).tolist())
            self.state = self.air.update(replace(self._reading(), **changes))
            self.t += self.frame
        return self.state

    def draw(self, *places, speed=10.0):
        """Draw a polyline at some pixels a frame, DRAW being settled from the first point."""
        self.settle(Gesture.DRAW)
        for place in places:
            frames = max(1, round(float(np.hypot(*np.subtract(place, self.at))) / speed))
            self.show(Gesture.DRAW, place, frames=frames)
        return self.state

    def settle(self, gesture):
        if gesture is not self.gesture:
            self.show(gesture, frames=2)
        return self.state

    def go(self, place):
        """Move there as a fist."""
        return self.show(Gesture.FIST, place, frames=10)

    def rest(self, gesture, seconds):
        return self.show(gesture, frames=round(seconds / self.frame))

    def lose(self, frames):
        """No hand in the picture; the recogniser keeps the gesture for three frames."""
        for missed in range(1, frames + 1):
            kept = self.gesture if missed <= 3 else Gesture.NONE
            self.state = self.air.update(
                replace(
                    self._reading(),
                    gesture=kept,
                    raw_gesture=Gesture.NONE,
                    tip=None,
                    raw_tip=None,
                    palm=None,
                    palm_width=0.0,
                    ink=False,
                )
            )
            self.t += self.frame
        return self.state

    def _reading(self):
        settled = self.age >= 2
        x, y = self.at
        is_there = self.gesture is not Gesture.NONE
        return HandReading(
            timestamp=self.t,
            gesture=self.gesture,
            raw_gesture=self.gesture,
            settled=settled,
            tip=self.at if is_there else None,
            raw_tip=self.at if is_there else None,
            palm=(x, y + 100) if is_there else None,
            palm_width=60.0 if is_there else 0.0,
            pinch=1.0,
            ink=settled and self.gesture is Gesture.DRAW,
            withdraw=0,
            hand=None,
        )


@pytest.fixture
def hand():
    return Hand()


# Drawing


def test_a_pointing_finger_draws_with_the_pen_in_hand_and_a_fist_lifts_it(hand):
    hand.air.pen, hand.air.width = Pen.GREEN, 9.0
    hand.go((200, 200))
    state = hand.draw((300, 200), (300, 300))
    assert state.inking
    assert hand.document.live_stroke is not None
    state = hand.go((250, 250))
    assert not state.inking
    (stroke,) = hand.strokes
    assert (stroke.pen, stroke.width) == (Pen.GREEN, 9.0)
    assert hand.finished == 1
    np.testing.assert_allclose(stroke.points[-1], on_canvas(300, 300), atol=0.01)
    assert stroke.times[-1] == pytest.approx(19 * FRAME, abs=2 * FRAME)


def test_the_canvas_is_the_drawing_area_enlarged(hand):
    x, y, width, height = LAYOUT.canvas_rect
    hand.go((x + width / 4, y + height / 2))
    state = hand.draw((x + width * 3 / 4, y + height / 2))
    np.testing.assert_allclose(state.tip, (480, 240), atol=0.01)
    np.testing.assert_allclose(hand.document.live_stroke.points[0], (160 + 0, 240), atol=30)


def test_nothing_is_drawn_until_the_gesture_has_settled(hand):
    hand.go((200, 200))
    hand.show(Gesture.DRAW, (260, 200), frames=2, ink=True)  # the finger is still opening
    assert hand.document.live_stroke is None
    hand.draw((300, 200))
    hand.go((300, 200))
    assert hand.strokes[0].points[0, 0] >= on_canvas(260, 200)[0]


def test_frames_that_do_not_show_the_finger_clearly_are_bridged_not_painted(hand):
    hand.go((200, 200))
    hand.draw((250, 200))
    hand.show(Gesture.DRAW, (250, 230), frames=1, ink=False, raw_gesture=Gesture.FIST)
    hand.draw((300, 200))
    hand.go((300, 200))
    (stroke,) = hand.strokes
    assert stroke.points[:, 1].max() < on_canvas(0, 228)[1]


def test_what_a_folding_finger_drew_is_taken_back(hand):
    hand.go((200, 200))
    hand.draw((300, 200))
    hand.show(Gesture.DRAW, (300, 260), frames=3)
    hand.show(Gesture.FIST, withdraw=3)
    (stroke,) = hand.strokes
    assert stroke.points[:, 1].max() == pytest.approx(on_canvas(0, 200)[1], abs=0.01)
    np.testing.assert_allclose(stroke.points[-1], on_canvas(300, 200), atol=0.01)


@pytest.mark.parametrize("gesture", [g for g in Gesture if g is not Gesture.DRAW])
def test_no_other_gesture_inks(hand, gesture):
    hand.go((200, 200))
    hand.settle(gesture)
    hand.show(gesture, (300, 300), frames=20)
    hand.go((300, 300))
    assert hand.document.sketch.is_empty


def test_a_flicker_leaves_no_mark_and_starts_no_search(hand):
    hand.go((200, 200))
    hand.settle(Gesture.DRAW)
    hand.show(Gesture.DRAW, (201, 200), frames=3)
    hand.go((200, 200))
    hand.settle(Gesture.DRAW)
    hand.show(Gesture.DRAW, (260, 200), frames=2)  # further, but for two frames
    hand.go((200, 200))
    assert hand.document.sketch.is_empty
    assert not hand.document.can_undo
    assert hand.finished == 0


def test_a_finger_that_stays_means_its_dot(hand):
    hand.go((200, 200))
    hand.settle(Gesture.DRAW)
    hand.rest(Gesture.DRAW, 0.3)
    hand.go((200, 200))
    (dot,) = hand.strokes
    np.testing.assert_allclose(dot.points, np.tile(on_canvas(200, 200), (len(dot.points), 1)), atol=0.01)


def test_an_undo_from_elsewhere_in_the_middle_of_a_stroke_is_obeyed(hand):
    hand.go((200, 200))
    hand.draw((300, 200))
    hand.document.undo()
    assert hand.document.sketch.is_empty
    hand.draw((300, 300))
    hand.go((300, 300))
    (stroke,) = hand.strokes
    assert stroke.points[:, 1].min() >= on_canvas(0, 200)[1]
    assert stroke.points[:, 0].min() >= on_canvas(299, 0)[0]


# Lost hands and jumps


def test_a_hand_that_leaves_the_picture_ends_its_stroke(hand):
    hand.go((200, 200))
    hand.draw((300, 200))
    state = hand.lose(10)
    assert not state.inking
    assert state.tip is None
    assert hand.finished == 1
    np.testing.assert_allclose(hand.strokes[0].points[-1], on_canvas(300, 200), atol=0.01)


@pytest.mark.parametrize("frames", [1, 3, 4])
def test_a_short_loss_does_not_cut_the_stroke(hand, frames):
    hand.go((200, 200))
    hand.draw((300, 200))
    hand.lose(frames)
    hand.at = (320.0, 200.0)
    if frames > 3:  # then the recogniser begins anew
        hand.gesture = Gesture.NONE
        hand.show(Gesture.NONE, frames=3, tip=hand.at)
    hand.draw((400, 200))
    hand.go((400, 200))
    assert len(hand.strokes) == 1
    assert np.abs(np.diff(hand.strokes[0].points[:, 0])).max() <= 31 * LAYOUT.canvas_scale(SIZE)


def test_a_long_loss_begins_another_stroke(hand):
    hand.go((200, 200))
    hand.draw((300, 200))
    hand.lose(8)
    hand.at = (310.0, 200.0)
    hand.gesture = Gesture.NONE
    hand.draw((400, 200))
    hand.go((400, 200))
    assert len(hand.strokes) == 2


def test_a_hand_that_comes_back_elsewhere_begins_another_stroke(hand):
    hand.go((150, 200))
    hand.draw((250, 200))
    hand.lose(2)
    hand.at = (400.0, 300.0)
    hand.show(Gesture.DRAW)
    hand.draw((480, 300))
    hand.go((480, 300))
    assert len(hand.strokes) == 2
    assert hand.strokes[0].points[:, 0].max() <= on_canvas(251, 0)[0]
    assert hand.strokes[1].points[:, 0].min() >= on_canvas(399, 0)[0]


def test_a_jump_begins_another_stroke_instead_of_a_line_across(hand):
    hand.go((150, 200))
    hand.draw((250, 200))
    hand.at = (450.0, 350.0)
    hand.draw((450, 250))
    hand.go((450, 250))
    first, second = hand.strokes
    assert first.points[:, 1].max() < on_canvas(0, 201)[1]
    np.testing.assert_allclose(second.points[0], on_canvas(450, 340), atol=15)


def test_a_slip_of_the_tracker_for_one_frame_is_passed_over(hand):
    hand.go((150, 200))
    hand.draw((250, 200))
    hand.show(Gesture.DRAW, (480, 380))
    hand.at = (255.0, 200.0)
    hand.draw((350, 200))
    hand.go((350, 200))
    (stroke,) = hand.strokes
    assert stroke.points[:, 1].max() < on_canvas(0, 201)[1]


def test_fast_but_possible_motion_is_one_stroke(hand):
    hand.go((150, 200))
    hand.draw((450, 200), (450, 350), speed=60)
    hand.go((450, 350))
    assert len(hand.strokes) == 1


def test_a_slow_camera_may_see_the_hand_further_on():
    hand = Hand(fps=15)
    hand.go((150, 200))
    hand.draw((450, 200), (450, 350), speed=110)
    hand.go((450, 350))
    assert len(hand.strokes) == 1


def test_a_doubtful_moment_does_not_cut_the_stroke_but_a_doubtful_hand_ends_it(hand):
    hand.go((200, 200))
    hand.draw((300, 200))
    hand.show(Gesture.OTHER, frames=3)
    hand.draw((400, 200))
    assert hand.document.sketch.is_empty
    hand.rest(Gesture.OTHER, 0.6)
    assert len(hand.strokes) == 1


def test_switching_off_ends_everything(hand):
    hand.go((200, 200))
    hand.draw((300, 200))
    state = hand.air.hand_lost()
    assert len(hand.strokes) == 1
    assert not state.inking
    assert not state.erasing
    assert (state.tip, state.hovered, state.dwell, state.pinch) == (None, None, 0, 0)


# Pens


@pytest.mark.parametrize(
    ("gesture", "pen"), [(Gesture.BLACK, Pen.BLACK), (Gesture.GREEN, Pen.GREEN), (Gesture.RED, Pen.RED)]
)
def test_fingers_held_up_choose_a_pen_and_never_paint(hand, gesture, pen):
    hand.air.pen = Pen.GREEN if pen is not Pen.GREEN else Pen.RED
    hand.go((200, 200))
    hand.show(gesture, (260, 260), frames=12)
    assert hand.state.pen is pen
    hand.draw((300, 300))
    hand.go((300, 300))
    assert hand.strokes[0].pen is pen
    assert hand.strokes[0].points[:, 0].min() >= on_canvas(259, 0)[0]


def test_a_closing_hand_chooses_nothing(hand):
    hand.air.pen = Pen.BLACK
    hand.rest(Gesture.ERASE, 1)
    hand.show(Gesture.RED, frames=8)
    hand.show(Gesture.GREEN, frames=8)
    hand.show(Gesture.DRAW, frames=2)
    assert hand.go((300, 300)).pen is Pen.BLACK
    assert hand.document.sketch.is_empty


def test_fingers_that_single_frames_contradict_choose_nothing(hand):
    hand.air.pen = Pen.BLACK
    hand.settle(Gesture.RED)
    hand.show(Gesture.RED, frames=30, raw_gesture=Gesture.OTHER)
    assert hand.state.pen is Pen.BLACK


# The eraser


def test_an_open_hand_erases_what_its_palm_covers_in_one_step():
    drawn = Sketch((line((100, 240), (540, 240), count=100),))
    hand = Hand(drawn)
    palm_in_frame = (240, 240)  # the performer's palm is 100 below its fingertip
    hand.go((palm_in_frame[0], palm_in_frame[1] - 100))
    hand.settle(Gesture.ERASE)
    assert hand.document.sketch == drawn  # not settled yet
    state = hand.show(Gesture.ERASE, (400, 140), frames=15)
    assert state.erasing
    x, y, radius = state.erase_disc
    np.testing.assert_allclose((x, y), on_canvas(400, 240), atol=0.01)
    assert 0.8 * 60 < radius / LAYOUT.canvas_scale(SIZE) < 1.2 * 60
    hand.go((400, 140))
    assert not hand.state.erasing
    for stroke in hand.strokes:
        assert (stroke.points[:, 0] <= on_canvas(240, 0)[0]).all() or (stroke.points[:, 0] > x).all()
    hand.document.undo()
    assert hand.document.sketch is drawn
    assert not hand.document.can_undo


def test_a_lost_moment_does_not_split_the_erasing_into_two_steps():
    hand = Hand(Sketch((line((100, 240), (540, 240), count=100),)))
    hand.go((200, 140))
    hand.show(Gesture.ERASE, (260, 140), frames=10)
    hand.lose(3)
    hand.show(Gesture.OTHER, frames=2)
    hand.show(Gesture.ERASE, (320, 140), frames=10)
    hand.go((320, 140))
    hand.document.undo()
    assert not hand.document.can_undo


def test_a_palm_that_jumps_does_not_erase_the_way_between():
    hand = Hand(Sketch((line((320, 200), (320, 280)),)))
    hand.go((130, 140))
    hand.show(Gesture.ERASE, frames=5)
    hand.at = (510.0, 140.0)
    hand.show(Gesture.ERASE, frames=5)
    hand.go((510, 140))
    assert len(hand.strokes) == 1
    assert not hand.document.can_undo


def test_a_vanished_open_hand_stops_erasing(hand):
    hand.rest(Gesture.ERASE, 0.5)
    assert hand.state.erasing
    assert not hand.lose(15).erasing
    assert not hand.document.is_erasing


# The buttons


@pytest.mark.parametrize("button", ["undo", "redo", "clear", "search", "save"])
def test_a_fingertip_resting_on_a_button_presses_it_once(hand, button):
    hand.go(middle(button))
    dwells = []
    for _ in range(40):
        dwells.append(hand.show(Gesture.DRAW).dwell)
        assert hand.state.hovered == button
    assert dwells == sorted(dwells)
    assert dwells[0] < 0.1
    assert dwells[12] == pytest.approx(0.5, abs=0.06)
    assert dwells[23] < 1 == dwells[25]
    hand.rest(Gesture.DRAW, 3)
    assert hand.commands == [button]
    assert hand.document.sketch.is_empty


def test_it_presses_again_only_after_the_fingertip_has_left(hand):
    hand.go(middle("undo"))
    hand.rest(Gesture.BLACK, 1)
    hand.go((320, 300))
    assert hand.state.hovered is None
    hand.go(middle("undo"))
    hand.rest(Gesture.BLACK, 1)
    assert hand.commands == ["undo", "undo"]


def test_two_fingers_on_a_button_press_it_and_choose_no_pen(hand):
    hand.air.pen = Pen.RED
    hand.go(middle("search"))
    hand.rest(Gesture.BLACK, 1)
    assert hand.commands == ["search"]
    assert hand.state.pen is Pen.RED


@pytest.mark.parametrize("gesture", [Gesture.FIST, Gesture.GREEN, Gesture.RED, Gesture.ERASE, Gesture.OTHER])
def test_other_gestures_press_nothing(hand, gesture):
    hand.go(middle("clear"))
    hand.rest(gesture, 2)
    assert hand.commands == []
    assert hand.state.dwell == 0


def test_passing_over_a_button_presses_nothing(hand):
    hand.go((20, middle("undo")[1]))
    hand.show(Gesture.DRAW, (620, middle("undo")[1]), frames=60)  # two seconds along the whole row
    assert hand.commands == []


def test_a_short_loss_does_not_begin_the_dwell_anew_but_a_long_one_does(hand):
    hand.go(middle("save"))
    hand.rest(Gesture.DRAW, 0.6)
    hand.lose(3)
    hand.rest(Gesture.DRAW, 0.2)
    assert hand.commands == ["save"]
    hand.go((320, 300))
    hand.go(middle("save"))
    hand.rest(Gesture.DRAW, 0.6)
    hand.lose(12)
    assert hand.state.hovered is None
    hand.rest(Gesture.DRAW, 0.4)
    assert hand.commands == ["save"]


def test_a_stroke_that_runs_up_to_a_button_ends_at_the_edge_and_never_presses(hand):
    hand.go((320, 200))
    hand.draw(middle("search"))
    assert not hand.state.inking
    (stroke,) = hand.strokes
    assert stroke.points[-1, 1] == pytest.approx(0, abs=0.01)
    assert hand.state.hovered == "search"
    hand.rest(Gesture.DRAW, 3)
    assert hand.commands == []
    assert hand.state.dwell == 0


@pytest.mark.parametrize("gesture", [Gesture.BLACK, Gesture.DRAW])
def test_after_a_stroke_ran_into_a_button_it_presses_once_the_tip_has_left_it(hand, gesture):
    hand.go((320, 200))
    hand.draw(middle("search"))
    hand.rest(gesture, 2)  # lifting the pen on the spot is not leaving
    assert hand.commands == []
    x, y = middle("search")
    hand.show(Gesture.DRAW, (x, 84), frames=5)  # between button and drawing area
    hand.show(Gesture.DRAW, (x, y), frames=5)
    hand.rest(Gesture.DRAW, 1)
    assert hand.commands == ["search"]


@pytest.mark.parametrize("gesture", [Gesture.BLACK, Gesture.DRAW])
def test_a_stroke_that_slides_on_to_the_next_button_does_not_press_that(hand, gesture):
    hand.go((320, 200))
    hand.draw(middle("search"))
    hand.rest(gesture, 0.5)
    hand.show(gesture, middle("redo"), frames=2)
    assert hand.state.hovered == "redo"
    hand.rest(gesture, 2)
    assert hand.commands == []


def test_leaving_the_drawing_area_sideways_does_not_lift_the_pen_for_a_press(hand):
    x = LAYOUT.canvas_rect[0]
    hand.go((x + 50, 200))
    hand.draw((x - 60, 200), middle("undo"))
    hand.rest(Gesture.DRAW, 2)
    assert hand.commands == []
    assert len(hand.strokes) == 1


def test_a_stroke_that_jumps_onto_a_button_does_not_press_it(hand):
    hand.go((320, 350))
    hand.draw((320, 300))
    hand.at = middle("search")
    hand.rest(Gesture.DRAW, 2)
    assert hand.commands == []


def test_over_a_button_there_is_never_ink_even_where_it_lies_on_the_drawing_area():
    hand = Hand()
    button = replace(BUTTONS["undo"], rect=(300.0, 200.0, 60.0, 60.0))
    hand.air.set_layout(AirLayout(LAYOUT.canvas_rect, (button,), SIZE))
    hand.go((200, 230))
    hand.draw((440, 230))
    hand.go((440, 230))
    x0, x1 = on_canvas(300, 0)[0], on_canvas(360, 0)[0]
    assert len(hand.strokes) == 2
    for stroke in hand.strokes:
        assert ((stroke.points[:, 0] <= x0 + 0.01) | (stroke.points[:, 0] >= x1 - 0.01)).all()
    np.testing.assert_allclose(hand.strokes[0].points[-1, 0], x0, atol=0.01)


def test_a_trembling_fingertip_at_the_edge_of_a_button_has_not_left_it(hand):
    x, y, width, height = BUTTONS["redo"].rect
    hand.go((x + width / 2, y + height - 2))
    for step in range(40):
        hand.show(Gesture.DRAW, (x + width / 2, y + height - 2 + 6 * (step % 2)))
    assert hand.commands == ["redo"]


def test_a_fingertip_that_trembles_off_a_button_on_the_drawing_area_leaves_no_ink(hand):
    button = replace(BUTTONS["undo"], rect=(300.0, 200.0, 60.0, 60.0))
    hand.air.set_layout(AirLayout(LAYOUT.canvas_rect, (button,), SIZE))
    hand.go((330, 230))
    hand.show(Gesture.DRAW, (330, 258), frames=5)
    hand.show(Gesture.DRAW, (330, 264), frames=20)
    assert hand.document.live_stroke is None
    assert hand.document.sketch.is_empty


def test_a_new_layout_ends_the_stroke(hand):
    hand.go((200, 200))
    hand.draw((300, 200))
    hand.air.set_layout(default_layout((1280, 720)))
    assert len(hand.strokes) == 1
    assert hand.state.hovered is None


# The pinch


def test_a_pinch_held_searches_once_and_never_inks(hand):
    hand.go((200, 200))
    fractions = [hand.show(Gesture.PINCH, (200 + step, 200)).pinch for step in range(90)]
    assert hand.commands == ["search"]
    assert fractions == sorted(fractions)
    assert fractions[12] == pytest.approx(0.5, abs=0.06)
    assert fractions[-1] == 1
    assert hand.go((200, 200)).pinch == 0
    assert hand.document.sketch.is_empty
    hand.rest(Gesture.PINCH, 1)
    assert hand.commands == ["search", "search"]


def test_a_short_pinch_does_nothing_and_a_flicker_does_not_end_a_long_one(hand):
    hand.rest(Gesture.PINCH, 0.6)
    hand.go((200, 200))
    assert hand.commands == []
    hand.rest(Gesture.PINCH, 0.5)
    hand.show(Gesture.OTHER, frames=3)
    hand.rest(Gesture.PINCH, 0.4)
    hand.show(Gesture.OTHER, frames=3)
    hand.rest(Gesture.PINCH, 0.4)
    assert hand.commands == ["search"]


def test_a_pinch_ends_the_stroke_before_it_searches(hand):
    drawn_at_search = []
    hand.commands = None
    hand.air = AirDrawing(
        hand.document,
        canvas_rect=LAYOUT.canvas_rect,
        buttons=LAYOUT.buttons,
        on_command=lambda name: drawn_at_search.append((name, len(hand.strokes), hand.document.is_drawing)),
        frame_size=SIZE,
    )
    hand.go((200, 200))
    hand.draw((300, 200))
    hand.rest(Gesture.PINCH, 1)
    assert drawn_at_search == [("search", 1, False)]


# The layout


@pytest.mark.parametrize("frame_size", [(640, 480), (1280, 720), (1920, 1080), (480, 640), (320, 240)])
def test_the_layout_is_within_reach(frame_size):
    layout = default_layout(frame_size)
    width, height = frame_size
    x, y, w, h = layout.canvas_rect
    assert w / h == pytest.approx(4 / 3)
    assert x >= 0
    assert x + w <= width
    assert y + h < 0.9 * height  # below, the hand would hang out of the picture
    assert [button.id for button in layout.buttons] == ["undo", "redo", "search", "save", "clear"]
    right = 0.0
    for button in layout.buttons:
        left, top, button_width, button_height = button.rect
        assert left > right  # side by side, with a gap
        right = left + button_width
        assert top >= 0
        assert top + button_height < y
        assert button_width > 0.15 * width
        assert button_height > 0.12 * height
        assert contains(button.rect, (left + 1, top + 1))
    assert right <= width
    assert layout.to_canvas((x + w, y + h), (640, 480)) == pytest.approx((640, 480))
