"""The worker of the newest task."""

import threading

from sketch_app.newest import NewestWorker
from tests.support.waiting import WAIT_S


def test_of_the_tasks_that_wait_only_the_newest_is_run():
    worker, done = NewestWorker("test"), []
    running, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def first():
        running.set()
        assert go_on.wait(WAIT_S)
        done.append("first")

    worker.submit(first)
    assert running.wait(WAIT_S)
    for number in range(5):
        worker.submit(lambda number=number: (done.append(number), ended.set()))
    go_on.set()
    assert ended.wait(WAIT_S)
    worker.close()
    assert done == ["first", 4]


def test_what_was_forgotten_is_not_run_and_the_worker_lives_on():
    worker, done = NewestWorker("test"), []
    running, go_on, ended = threading.Event(), threading.Event(), threading.Event()
    worker.submit(lambda: (running.set(), go_on.wait(WAIT_S)))
    assert running.wait(WAIT_S)
    worker.submit(lambda: done.append("forgotten"))
    worker.forget()
    go_on.set()
    worker.submit(lambda: (done.append("last"), ended.set()))
    assert ended.wait(WAIT_S)
    worker.close()
    assert done == ["last"]


def test_a_closed_worker_takes_nothing_and_its_thread_ends():
    worker = NewestWorker("closed worker")
    worker.close()
    started = threading.Event()
    worker.submit(started.set)
    assert not started.is_set()
    other, ran = NewestWorker("closed worker"), threading.Event()
    other.submit(ran.set)
    assert ran.wait(WAIT_S)
    other.close(WAIT_S)
    assert "closed worker" not in [t.name for t in threading.enumerate()]
