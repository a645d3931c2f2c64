"""An answer is shown only while its sketch is on the canvas; the pipeline and its worker are real."""

from __future__ import annotations

import time

import pytest
from PySide6.QtWidgets import QApplication

from sketch_app.document import SketchDocument
from sketch_app.search_types import Feedback, Filters, Stage
from sketch_app.sketch import Pen
from tests.support.waiting import WAIT_S
from tests.ui.sketching import make_sketching_workspace
from tests.ui.small_gallery import make_photos
from ui.search_bridge import SearchBridge


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    make_photos(folder)
    return folder


@pytest.fixture
def parts(qapp, tmp_path, photos):
    workspace, lane = make_sketching_workspace(tmp_path, photos)
    document = SketchDocument()
    bridge = SearchBridge(document)
    yield workspace, lane, document, bridge
    lane.free.set()
    bridge.close()
    workspace.close()


def stroke(document: SketchDocument, y: float = 100) -> None:
    document.begin_stroke(Pen.BLACK, 6, 100, y, 0)
    document.extend_stroke(500, y, 1)
    document.end_stroke()


def until(condition) -> None:
    """Wait without turning the event loop."""
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end


def collect(bridge: SearchBridge) -> list:
    answers = []
    bridge.answered.connect(answers.append)
    return answers


def test_every_finished_stroke_is_answered(qtbot, parts):
    workspace, _, document, bridge = parts
    answers = collect(bridge)
    bridge.attach(workspace.search)
    stroke(document)
    qtbot.waitUntil(lambda: bool(answers))
    assert answers[-1].stage is Stage.COMPLETE
    assert answers[-1].request.revision == document.revision
    assert len(answers[-1].results) == 6


def test_an_answer_for_a_sketch_no_longer_on_the_canvas_is_not_shown(qtbot, parts):
    workspace, lane, document, bridge = parts
    answers = collect(bridge)
    bridge.attach(workspace.search)
    lane.free.clear()
    stroke(document, 100)
    qtbot.waitUntil(lane.entered.is_set)
    first = document.revision
    stroke(document, 300)
    lane.free.set()
    qtbot.waitUntil(lambda: bool(answers))
    assert document.revision > first
    assert [answer.request.revision for answer in answers] == [document.revision]


def test_an_answer_that_is_already_on_its_way_is_dropped_when_the_sketch_changes(qtbot, parts):
    """The update is posted to the GUI thread's queue before the stroke, and delivered after it."""
    workspace, _, document, bridge = parts
    shown_for = []
    bridge.answered.connect(lambda update: shown_for.append((update.request.revision, document.revision)))
    posted = []
    bridge.attach(workspace.search)
    deliver = workspace.search.on_update
    workspace.search.on_update = lambda update: (deliver(update), posted.append(update))
    stroke(document)
    until(lambda: bool(posted))  # the worker has posted; this thread has not turned its event loop since
    document.begin_stroke(Pen.RED, 6, 10, 10, 2)
    qtbot.wait(0)
    assert shown_for == []
    document.end_stroke()
    qtbot.waitUntil(lambda: bool(shown_for))
    assert all(asked == now for asked, now in shown_for)


def test_an_empty_canvas_empties_the_answer_and_lets_none_through(qtbot, parts):
    workspace, lane, document, bridge = parts
    answers = collect(bridge)
    bridge.attach(workspace.search)
    lane.free.clear()
    stroke(document)
    qtbot.waitUntil(lane.entered.is_set)
    with qtbot.waitSignal(bridge.emptied):
        document.clear()
    lane.free.set()
    # A later question is answered; the one for the cleared sketch never is.
    stroke(document, 200)
    qtbot.waitUntil(lambda: bool(answers))
    assert [answer.request.revision for answer in answers] == [document.revision]


def test_a_stroke_taken_back_asks_again_for_the_same_sketch(qtbot, parts):
    workspace, _, document, bridge = parts
    answers = collect(bridge)
    bridge.attach(workspace.search)
    stroke(document)
    qtbot.waitUntil(lambda: len(answers) == 1)
    document.begin_stroke(Pen.RED, 6, 10, 10, 2)
    document.cancel_stroke()
    qtbot.waitUntil(lambda: len(answers) == 2)
    assert answers[1].request.sketch is answers[0].request.sketch


def test_a_sketch_drawn_before_the_gallery_is_open_is_answered_then(qtbot, parts):
    workspace, _, document, bridge = parts
    answers = collect(bridge)
    stroke(document)
    assert answers == []
    bridge.attach(workspace.search)
    qtbot.waitUntil(lambda: bool(answers))


def test_stale_is_said_once_and_taken_back_by_the_answer(qtbot, parts):
    workspace, _, document, bridge = parts
    said, answers = [], collect(bridge)
    bridge.attach(workspace.search)
    stroke(document, 100)
    qtbot.waitUntil(lambda: len(answers) == 1)
    bridge.stale.connect(said.append)
    stroke(document, 300)
    qtbot.waitUntil(lambda: len(answers) == 2)
    assert said == [True, False]


def test_filters_and_photos_like_one_ask_again(qtbot, parts):
    workspace, _, document, bridge = parts
    answers = collect(bridge)
    bridge.attach(workspace.search)
    stroke(document)
    qtbot.waitUntil(lambda: len(answers) == 1)
    bridge.set_filters(Filters(albums=frozenset({"holiday"})))
    bridge.search_like(answers[0].results[0].photo_id)
    qtbot.waitUntil(lambda: answers[-1].request.like_photo is not None)
    assert answers[-1].request.like_photo == answers[0].results[0].photo_id


def test_what_the_person_says_travels_with_every_question_about_the_drawing(qtbot, parts):
    workspace, _, document, bridge = parts
    answers, changes = collect(bridge), []
    bridge.wishes_changed.connect(lambda: changes.append((bridge.caption, bridge.feedback)))
    bridge.attach(workspace.search)
    stroke(document)
    bridge.search_as(" a cat ")
    bridge.like(3)
    bridge.dislike(4)
    bridge.set_imagine(False)
    stroke(document, 200)
    qtbot.waitUntil(lambda: bool(answers) and not bridge.waiting)
    asked = answers[-1].request
    assert (asked.caption, asked.feedback, asked.imagine) == ("a cat", Feedback((3,), (4,)), False)
    assert not {3, 4} & {result.photo_id for result in answers[-1].results}
    assert len(changes) == 3
    bridge.like(3)  # again: taken back
    assert bridge.feedback == Feedback((), (4,))
    document.clear()
    assert (bridge.caption, bridge.feedback) == (None, Feedback())


def test_drawing_on_erasing_and_undo_keep_what_was_said_and_another_drawing_drops_it(parts):
    workspace, _, document, bridge = parts
    bridge.attach(workspace.search)
    stroke(document, 100)
    bridge.search_as("cat")
    stroke(document, 300)
    document.undo()
    document.begin_erase()
    document.erase_at(500, 100, 100)
    document.end_erase()
    document.undo()
    assert bridge.caption == "cat"
    other = SketchDocument()
    stroke(other, 400)
    document.replace(other.sketch)
    assert bridge.caption is None


class WatchedPipeline:
    """The real pipeline, and how often it was told to leave what it does."""

    def __init__(self, pipeline) -> None:
        object.__setattr__(self, "_pipeline", pipeline)
        object.__setattr__(self, "cancelled", [])

    def cancel(self) -> None:
        self.cancelled.append(True)
        self._pipeline.cancel()

    def __getattr__(self, name):
        return getattr(self._pipeline, name)

    def __setattr__(self, name, value):
        setattr(self._pipeline, name, value)


def test_the_beginning_of_a_stroke_leaves_the_search_under_way_once(qtbot, parts):
    workspace, lane, document, bridge = parts
    answers, pipeline = collect(bridge), WatchedPipeline(workspace.search)
    bridge.attach(pipeline)
    pipeline.cancelled.clear()  # the canvas was empty
    lane.free.clear()
    stroke(document)
    qtbot.waitUntil(lane.entered.is_set)
    assert pipeline.cancelled == []
    assert bridge.waiting
    document.begin_stroke(Pen.BLACK, 6, 10, 10, 2)
    document.extend_stroke(20, 20, 3)
    document.extend_stroke(30, 20, 4)
    assert pipeline.cancelled == [True]
    assert not bridge.waiting
    document.cancel_stroke()  # taken back: the same question again
    assert bridge.waiting
    lane.free.set()
    qtbot.waitUntil(lambda: bool(answers))
    assert [answer.request.revision for answer in answers] == [document.revision]


def test_an_answer_of_the_models_before_is_not_taken_for_one_of_the_new(qtbot, tmp_path, parts):
    workspace, _, document, bridge = parts
    answers = collect(bridge)
    bridge.attach(workspace.search)
    stroke(document)
    for _ in range(3):
        bridge.search_again()
    qtbot.waitUntil(lambda: bool(answers) and not bridge.waiting)
    late = answers[-1]
    other, lane = make_sketching_workspace(tmp_path / "other")
    other.open()
    lane.free.clear()
    answers.clear()
    bridge.attach(other.search)
    assert late.request.number > 1
    workspace.search.on_update(late)
    QApplication.sendPostedEvents(bridge)
    assert answers == []
    lane.free.set()
    qtbot.waitUntil(lambda: bool(answers))
    assert answers[-1].gallery_count == 0
    bridge.close()
    other.close()
