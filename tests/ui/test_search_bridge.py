"""An answer is shown only while its sketch is on the canvas; the pipeline and its worker are real."""

from __future__ import annotations

import pytest

from sketch_app.document import SketchDocument
from sketch_app.search_types import Filters, Stage
from sketch_app.sketch import Pen
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


def collect(bridge: SearchBridge) -> list:
    answers = []
    bridge.answered.connect(answers.append)
    return answers


def test_every_finished_stroke_is_answered(qtbot, parts):
    workspace, _, document, bridge = parts
    answers = collect(bridge)
    bridge.attach(workspace.search)
    stroke(document)
    qtbot.waitUntil(lambda: bool(answers), timeout=20_000)
    assert answers[-1].stage is Stage.COMPLETE
    assert answers[-1].request.revision == document.revision
    assert len(answers[-1].results) == 6


def test_an_answer_for_a_sketch_no_longer_on_the_canvas_is_not_shown(qtbot, parts):
    workspace, lane, document, bridge = parts
    answers = collect(bridge)
    bridge.attach(workspace.search)
    lane.free.clear()
    stroke(document, 100)
    qtbot.waitUntil(lane.entered.is_set, timeout=20_000)
    first = document.revision
    stroke(document, 300)
    lane.free.set()
    qtbot.waitUntil(lambda: bool(answers), timeout=20_000)
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
    while not posted:  # the worker has posted; this thread has not turned its event loop since
        pass
    document.begin_stroke(Pen.RED, 6, 10, 10, 2)
    qtbot.wait(0)
    assert shown_for == []
    document.end_stroke()
    qtbot.waitUntil(lambda: bool(shown_for), timeout=20_000)
    assert all(asked == now for asked, now in shown_for)


def test_an_empty_canvas_empties_the_answer_and_lets_none_through(qtbot, parts):
    workspace, lane, document, bridge = parts
    answers = collect(bridge)
    bridge.attach(workspace.search)
    lane.free.clear()
    stroke(document)
    qtbot.waitUntil(lane.entered.is_set, timeout=20_000)
    with qtbot.waitSignal(bridge.emptied):
        document.clear()
    lane.free.set()
    # A later question is answered; the one for the cleared sketch never is.
    stroke(document, 200)
    qtbot.waitUntil(lambda: bool(answers), timeout=20_000)
    assert [answer.request.revision for answer in answers] == [document.revision]


def test_a_stroke_taken_back_asks_again_for_the_same_sketch(qtbot, parts):
    workspace, _, document, bridge = parts
    answers = collect(bridge)
    bridge.attach(workspace.search)
    stroke(document)
    qtbot.waitUntil(lambda: len(answers) == 1, timeout=20_000)
    document.begin_stroke(Pen.RED, 6, 10, 10, 2)
    document.cancel_stroke()
    qtbot.waitUntil(lambda: len(answers) == 2, timeout=20_000)
    assert answers[1].request.sketch is answers[0].request.sketch


def test_a_sketch_drawn_before_the_gallery_is_open_is_answered_then(qtbot, parts):
    workspace, _, document, bridge = parts
    answers = collect(bridge)
    stroke(document)
    assert answers == []
    bridge.attach(workspace.search)
    qtbot.waitUntil(lambda: bool(answers), timeout=20_000)


def test_stale_is_said_once_and_taken_back_by_the_answer(qtbot, parts):
    workspace, _, document, bridge = parts
    said, answers = [], collect(bridge)
    bridge.attach(workspace.search)
    stroke(document, 100)
    qtbot.waitUntil(lambda: len(answers) == 1, timeout=20_000)
    bridge.stale.connect(said.append)
    stroke(document, 300)
    qtbot.waitUntil(lambda: len(answers) == 2, timeout=20_000)
    assert said == [True, False]


def test_filters_and_photos_like_one_ask_again(qtbot, parts):
    workspace, _, document, bridge = parts
    answers = collect(bridge)
    bridge.attach(workspace.search)
    stroke(document)
    qtbot.waitUntil(lambda: len(answers) == 1, timeout=20_000)
    bridge.set_filters(Filters(albums=frozenset({"holiday"})))
    bridge.search_like(answers[0].results[0].photo_id)
    qtbot.waitUntil(lambda: answers[-1].request.like_photo is not None, timeout=20_000)
    assert answers[-1].request.like_photo == answers[0].results[0].photo_id
