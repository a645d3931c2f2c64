"""Work off the GUI thread: where its results arrive, and when they must not."""

from __future__ import annotations

import logging
import threading

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QObject, QThread

from sketch_app.errors import SketchFileError
from tests.support.waiting import WAIT_S
from ui.background import Failure, run_in_background, sentence_for, unheard_failures


@pytest.fixture
def owner(qapp):
    return QObject()


def test_the_result_arrives_in_the_gui_thread_and_the_work_does_not(qtbot, owner):
    threads = []
    work_thread = []

    def work(_job):
        work_thread.append(threading.current_thread())
        return 42

    run_in_background(
        owner, work, on_success=lambda value: threads.append((value, QThread.currentThread())), name="answer"
    )
    qtbot.waitUntil(lambda: bool(threads))
    assert threads == [(42, QCoreApplication.instance().thread())]
    assert work_thread[0] is not threading.main_thread()


def test_nothing_is_delivered_after_the_owner_is_destroyed(qtbot, owner):
    go, delivered = threading.Event(), []
    handle = run_in_background(
        owner,
        lambda _job: go.wait(WAIT_S),
        on_success=delivered.append,
        on_failure=delivered.append,
        name="late",
    )
    shiboken6.delete(owner)
    go.set()
    qtbot.waitUntil(lambda: handle.done)
    assert delivered == []


def test_a_cancelled_job_sees_it_and_delivers_nothing(qtbot, owner):
    started, delivered = threading.Event(), []

    def work(job):
        started.set()
        while not job.is_cancelled():
            pass
        return "too late"

    handle = run_in_background(owner, work, on_success=delivered.append, name="long")
    assert started.wait(WAIT_S)
    handle.cancel()
    qtbot.waitUntil(lambda: handle.done)
    assert delivered == []


def test_an_expected_failure_is_a_sentence_also_in_the_log(qtbot, owner, caplog):
    failures: list[Failure] = []

    def work(_job):
        raise SketchFileError("“cat.json” is damaged: open another copy of it.") from OSError("cut short")

    with caplog.at_level(logging.WARNING):
        run_in_background(owner, work, on_failure=failures.append, name="open a sketch")
        qtbot.waitUntil(lambda: bool(failures))
    assert failures[0].sentence == "“cat.json” is damaged: open another copy of it."
    assert isinstance(failures[0].error, SketchFileError)
    assert "“cat.json” is damaged" in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    "cause", [None, KeyError("strokes")], ids=["a fault", "an error of ours from a fault"]
)
def test_the_traceback_of_a_fault_is_logged(qtbot, owner, caplog, cause):
    failures: list[Failure] = []

    def work(_job):
        if cause is None:
            return {}["missing"]
        raise SketchFileError("“cat.json” is damaged.") from cause

    with caplog.at_level(logging.WARNING):
        run_in_background(owner, work, on_failure=failures.append, name="open a sketch")
        qtbot.waitUntil(lambda: bool(failures))
    assert "Traceback" in caplog.text


def test_a_failure_nobody_asked_about_is_announced(qtbot, owner):
    with qtbot.waitSignal(unheard_failures()) as announced:
        run_in_background(owner, lambda _job: {}["missing"], name="looking")
    assert "looking" in announced.args[0].sentence


def test_foreign_errors_become_sentences_too():
    assert sentence_for("copy", PermissionError(13, "Permission denied", "/photos")).startswith(
        "Permission denied"
    )
    assert "copy" in sentence_for("copy", ValueError("what is this"))


def test_of_fast_reports_the_newest_arrives(qtbot, owner):
    """Half of them come while the GUI thread is busy and turns no event loop."""
    seen, done, half = [], [], threading.Event()

    def work(job):
        for number in range(10_000):
            job.report(number)
            if number == 4_999:
                half.set()

    run_in_background(owner, work, on_progress=seen.append, on_success=done.append, name="counting")
    assert half.wait(WAIT_S)
    assert seen == []
    qtbot.waitUntil(lambda: bool(done))
    assert seen[0] >= 4_999
    assert seen[-1] == 9_999
    assert seen == sorted(seen)


def test_works_of_one_lane_run_in_order_and_never_together(qtbot, owner):
    running, order, together = threading.Lock(), [], []

    def work(number):
        def run(_job):
            together.append(not running.acquire(blocking=False))
            order.append(number)
            running.release()

        return run

    handles = [
        run_in_background(owner, work(number), name=f"write {number}", serial="test lane")
        for number in range(20)
    ]
    qtbot.waitUntil(lambda: all(handle.done for handle in handles))
    assert order == list(range(20))
    assert not any(together)
