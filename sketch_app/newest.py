"""A thread that always works on the newest task. What the task is, and when a running one gives up, is the
task's own concern.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

_LOOK_UP_SECONDS = 0.5
"""How often an idle worker asks whether the program has ended without closing it."""


class NewestWorker:
    """Runs one task at a time; a task that still waits when a newer one comes is forgotten.

    Parameters
    ----------
    name : str
        The thread's, for the log. It starts with the first task.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._waiting: Callable[[], None] | None = None
        self._closing = False
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None

    def submit(self, task: Callable[[], None]) -> None:
        """Run `task`, which must not raise, in place of whatever waits; returns at once."""
        with self._change:
            if self._closing:
                return
            self._waiting = task
            if self._thread is None:
                # Not a daemon: one that dies inside torch while the interpreter ends takes the process along.
                self._thread = threading.Thread(target=self._run, name=self._name)
                self._thread.start()
            self._change.notify_all()

    def forget(self) -> None:
        """Drop the task that waits, if any."""
        with self._change:
            self._waiting = None

    def close(self, timeout: float = 10.0) -> None:
        """Drop what waits and end the thread; the task that runs should give up by itself."""
        with self._change:
            self._closing, self._waiting = True, None
            self._change.notify_all()
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            with self._change:
                while not (self._closing or self._waiting):
                    self._change.wait(_LOOK_UP_SECONDS)
                    self._closing |= not threading.main_thread().is_alive()
                if self._closing:
                    return
                task, self._waiting = self._waiting, None
            if task is not None:
                task()
