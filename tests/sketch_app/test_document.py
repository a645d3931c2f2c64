import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketch_app.document import SketchDocument
from sketch_app.sketch import Pen, Sketch
from tests.sketch_app.sketches import house, line


def draw(document, *, y=100.0, since=0.0, pen=Pen.BLACK):
    document.begin_stroke(pen, 6.0, 100, y, since)
    for step in range(1, 11):
        document.extend_stroke(100 + 20 * step, y, since + step / 30)
    document.end_stroke()


def test_the_live_stroke_is_seen_at_once_and_joins_the_sketch_at_its_end():
    document = SketchDocument()
    document.begin_stroke(Pen.GREEN, 4.0, 10, 20, 100.0)
    document.extend_stroke(30, 40, 100.5)
    assert document.sketch.is_empty
    live = document.live_stroke
    assert live.points.tolist() == [[10, 20], [30, 40]]
    assert live.times.tolist() == [0, 0.5]
    assert (live.pen, live.width) == (Pen.GREEN, 4.0)
    document.end_stroke()
    assert document.live_stroke is None
    assert document.sketch.strokes == (live,)


def test_a_long_stroke_keeps_every_point():
    document = SketchDocument()
    document.begin_stroke(Pen.BLACK, 6, 0, 0, 0)
    for step in range(1, 1000):
        document.extend_stroke(step, step / 2, step / 30)
    document.end_stroke()
    assert document.sketch.strokes[0].points[:, 0].tolist() == list(range(1000))


def test_listeners_hear_every_visible_change_and_the_end_of_a_stroke():
    document = SketchDocument()
    heard = []
    document.changed(lambda: heard.append("changed"))
    document.sketch_changed(lambda: heard.append("sketch"))
    unsubscribe = document.stroke_finished(lambda: heard.append(f"finished {len(document.sketch.strokes)}"))
    document.begin_stroke(Pen.BLACK, 6, 1, 1, 0)
    document.extend_stroke(2, 2, 1)
    document.end_stroke()
    assert heard == ["changed", "changed", "changed", "sketch", "finished 1"]
    unsubscribe()
    draw(document)
    assert heard.count("finished 2") == 0
    unsubscribe()  # twice does no harm


def test_the_revision_grows_at_every_visible_change_and_only_then():
    document = SketchDocument()
    seen = [document.revision]

    def has_grown():
        seen.append(document.revision)
        return seen[-1] > seen[-2]

    document.begin_stroke(Pen.BLACK, 6, 1, 1, 0)
    assert has_grown()
    document.extend_stroke(2, 2, 1)
    assert has_grown()
    document.cancel_stroke()
    assert has_grown()
    document.extend_stroke(3, 3, 1)
    document.end_stroke()
    document.cancel_stroke()
    document.undo()
    document.redo()
    document.clear()
    document.erase_at(1, 1, 50)
    document.begin_erase()
    document.erase_at(1, 1, 50)
    document.end_erase()
    assert not has_grown()


def test_an_erase_gesture_is_one_undo_step():
    document = SketchDocument(house())
    document.begin_erase()
    for x in range(80, 240, 10):
        document.erase_at(x, 200, 15)
    document.end_erase()
    assert document.sketch != house()
    document.undo()
    assert document.sketch == house()
    assert not document.can_undo
    document.redo()
    assert document.sketch != house()


def test_erasing_that_hits_nothing_leaves_no_step_and_keeps_what_can_be_redone():
    document = SketchDocument()
    draw(document)
    document.undo()
    document.begin_erase()
    document.erase_at(600, 400, 10)
    document.end_erase()
    assert not document.can_undo
    assert document.can_redo


def test_a_fast_hand_erases_the_whole_way_between_two_frames():
    document = SketchDocument(Sketch((line((100, 100), (500, 100), count=201),)))
    document.begin_erase()
    document.erase_at(100, 105, 20)
    document.erase_at(500, 105, 20)
    document.end_erase()
    assert document.sketch.is_empty


def test_undo_in_the_middle_of_a_stroke_takes_that_stroke():
    document = SketchDocument(house())
    document.begin_stroke(Pen.RED, 6, 10, 10, 0)
    document.extend_stroke(50, 10, 1)
    assert document.can_undo
    document.undo()
    assert document.sketch == house()
    assert document.live_stroke is None
    document.extend_stroke(90, 10, 2)  # the hand has not noticed yet
    assert document.sketch == house()
    document.redo()
    assert len(document.sketch.strokes) == 4


def test_a_new_stroke_finishes_the_one_before():
    document = SketchDocument()
    document.begin_stroke(Pen.BLACK, 6, 1, 1, 0)
    first = document.live_serial
    document.begin_stroke(Pen.RED, 6, 5, 5, 1)
    assert len(document.sketch.strokes) == 1
    assert document.live_serial != first


def test_clear_and_replace_can_be_undone():
    document = SketchDocument()
    draw(document)
    drawn = document.sketch
    document.clear()
    assert document.sketch.is_empty
    document.replace(house())
    document.undo()
    document.undo()
    assert document.sketch is drawn


def test_withdrawn_points_go_but_never_the_first():
    document = SketchDocument()
    document.begin_stroke(Pen.BLACK, 6, 0, 0, 0)
    for step in range(1, 5):
        document.extend_stroke(step, 0, step)
    document.withdraw_points(2)
    assert document.live_stroke.points[:, 0].tolist() == [0, 1, 2]
    document.withdraw_points(99)
    assert document.live_stroke.points[:, 0].tolist() == [0]


def test_times_run_on_from_stroke_to_stroke_and_never_back():
    document = SketchDocument(Sketch((line(since=7),)))
    loaded = document.sketch.duration
    draw(document, since=1000)
    first = document.sketch.strokes[-1]
    assert first.times[0] == pytest.approx(loaded)
    draw(document, since=1002)
    assert document.sketch.strokes[-1].times[0] == pytest.approx(loaded + 2, abs=1e-3)
    draw(document, since=5)  # another clock
    assert document.sketch.strokes[-1].times[0] >= document.sketch.strokes[-2].times[-1]
    document.begin_stroke(Pen.BLACK, 6, 0, 0, 50)
    document.extend_stroke(1, 1, 49)
    assert document.live_stroke.times[1] >= document.live_stroke.times[0]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_position_that_is_none_is_refused(bad):
    document = SketchDocument()
    with pytest.raises(ValueError, match="finite"):
        document.begin_stroke(Pen.BLACK, 6, bad, 0, 0)
    with pytest.raises(ValueError, match="finite"):
        document.extend_stroke(0, bad, 0)
    with pytest.raises(ValueError, match="finite"):
        document.erase_at(0, 0, bad)
    with pytest.raises(ValueError, match="width"):
        document.begin_stroke(Pen.BLACK, 0, 0, 0, 0)
    assert document.live_stroke is None


def _erase(document):
    document.begin_erase()
    document.erase_at(200, 100, 30)
    document.end_erase()


ACTIONS = {
    "draw": draw,
    "draw low": lambda document: draw(document, y=300),
    "erase": _erase,
    "clear": SketchDocument.clear,
    "replace": lambda document: document.replace(house()),
}


@given(st.lists(st.sampled_from(sorted(ACTIONS)), max_size=12))
def test_undo_goes_back_through_every_state_and_redo_forward(actions):
    document = SketchDocument()
    states = [document.sketch]
    for name in actions:
        ACTIONS[name](document)
        if document.sketch is not states[-1]:
            states.append(document.sketch)
    for state in reversed(states[:-1]):
        document.undo()
        assert document.sketch is state
    assert not document.can_undo
    for state in states[1:]:
        document.redo()
        assert document.sketch is state
    assert not document.can_redo


def test_something_new_ends_what_could_be_redone():
    document = SketchDocument()
    draw(document)
    document.undo()
    draw(document, y=200)
    assert not document.can_redo
