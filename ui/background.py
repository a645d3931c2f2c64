"""The one way to run work off the GUI thread, and to hear of it again in the GUI thread.

The searches' own worker is in `sketch_app.search`; its updates come through `search_bridge`.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import shiboken6
from PySide6.QtCore import QCoreApplication, QObject, Qt, QThread, Signal, SignalInstance, Slot

from ui.reasons import sentence_in_words

log = logging.getLogger(__name__)

T = TypeVar("T")

_READERS = 3
"""Threads for work that may run side by side: few, so that drawing stays smooth on a laptop."""

_OWN_PACKAGES = frozenset({"sketch_app", "index", "device", "models", "ui"})
_OBJECT_NAME = "background courier"


class Job:
    """What the work is handed: ask it whether to stop, tell it how far it is. Any thread."""

    def __init__(self, name: str, post: Callable[[], None]) -> None:
        self.name = name
        self._cancelled = threading.Event()
        self._post = post
        self._lock = threading.Lock()
        self._newest: list[Any] = []

    def is_cancelled(self) -> bool:
        """Whether nobody waits for the result any more; look often in long work."""
        return self._cancelled.is_set()

    def report(self, progress: object) -> None:
        """Hand `progress` to ``on_progress``; of reports that come too fast the newest wins."""
        with self._lock:
            already_posted = bool(self._newest)
            self._newest[:] = [progress]
        if not already_posted:
            self._post()

    def _take_progress(self) -> list[Any]:
        with self._lock:
            taken, self._newest = self._newest, []
            return taken


class JobHandle:
    """What the caller keeps: the way to stop the work."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._done = False

    def cancel(self) -> None:
        """Deliver nothing any more; the work ends when it next asks `Job.is_cancelled`."""
        self._job._cancelled.set()

    @property
    def name(self) -> str:
        """The work's name in the log."""
        return self._job.name

    @property
    def done(self) -> bool:
        """True once the result, the failure or the end after a cancel has reached the GUI thread."""
        return self._done


@dataclass(frozen=True, slots=True)
class Failure:
    """Work that raised.

    Attributes
    ----------
    sentence : str
        What to tell the person.
    error : Exception
        What was raised.
    """

    sentence: str
    error: Exception

    def __str__(self) -> str:
        return self.sentence


def run_in_background(
    owner: QObject,
    work: Callable[[Job], T],
    *,
    on_success: Callable[[T], None] | None = None,
    on_failure: Callable[[Failure], None] | None = None,
    on_progress: Callable[[Any], None] | None = None,
    name: str,
    serial: str = "",
) -> JobHandle:
    """Run `work` on another thread and hand its result to `on_success` in the GUI thread.

    Call it from the GUI thread. Nothing is delivered once `owner` is destroyed or the job is cancelled.

    Parameters
    ----------
    owner : QObject
        The widget that waits for the result.
    work : callable
        Called with its `Job` on a worker thread; must not touch any widget.
    on_success, on_failure, on_progress : callable, optional
        Called in the GUI thread. A failure without `on_failure` is announced by `unheard_failures`.
    name : str
        What it is, for the log and the thread list: "index folder".
    serial : str
        Works of the same lane run one after the other, in the order of their calls: writes to the gallery
        share one. By default works run side by side.

    Returns
    -------
    JobHandle
        To cancel it.
    """
    return _courier().start(_Delivery(owner, work, on_success, on_failure, on_progress), name, serial)


def unheard_failures() -> SignalInstance:
    """The signal of a `Failure` whose caller gave no ``on_failure``: the window shows it as a toast."""
    return _courier().unheard


def cancel_all() -> None:
    """Cancel everything under way: the window is closing."""
    _courier().cancel_all()


def sentence_for(name: str, error: Exception) -> str:
    """Say in one sentence what went wrong; the program's own errors already are one."""
    if _is_own(error):
        return sentence_in_words(str(error))
    if isinstance(error, OSError) and error.strerror:
        place = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror}{place}."
    template = QCoreApplication.translate(
        "Background", "Something went wrong ({0}): {1}. The log has the details."
    )
    return template.format(name, str(error).rstrip(".") or type(error).__name__)


def _is_own(error: Exception) -> bool:
    return type(error).__module__.split(".")[0] in _OWN_PACKAGES and bool(str(error))


def _log_failure(name: str, error: Exception) -> None:
    # A busy gallery or a folder that is gone is no fault: the sentence is all there is to know. A traceback
    # belongs to what nobody foresaw, also where an error of ours was raised from it.
    if _is_own(error) and isinstance(error.__cause__, OSError | None):
        log.warning("%s: %s", name, error)
    else:
        log.error("%s failed", name, exc_info=error)


@dataclass(slots=True)
class _Delivery(Generic[T]):
    """All that may hold widgets; only ever let go in the GUI thread, where widgets may die."""

    owner: QObject
    work: Callable[[Job], T]
    on_success: Callable[[T], None] | None
    on_failure: Callable[[Failure], None] | None
    on_progress: Callable[[Any], None] | None
    handle: JobHandle | None = None


class _Courier(QObject):
    """Lives in the GUI thread and carries results into it."""

    arrived = Signal(int, str, object)
    unheard = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.setObjectName(_OBJECT_NAME)
        self._numbers = itertools.count()
        self._deliveries: dict[int, _Delivery[Any]] = {}
        self._lanes: dict[str, ThreadPoolExecutor] = {}
        self.arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def start(self, delivery: _Delivery[Any], name: str, serial: str) -> JobHandle:
        if QThread.currentThread() is not self.thread():
            raise RuntimeError(f"{name}: background work is started from the GUI thread")
        number = next(self._numbers)
        job = Job(name, lambda: self._post(number, "progress", None))
        handle = JobHandle(job)
        delivery.handle = handle
        self._deliveries[number] = delivery
        self._lane(serial).submit(self._run, number, job)
        return handle

    def cancel_all(self) -> None:
        for delivery in tuple(self._deliveries.values()):
            if delivery.handle is not None:
                delivery.handle.cancel()

    def _lane(self, serial: str) -> ThreadPoolExecutor:
        if serial not in self._lanes:
            self._lanes[serial] = ThreadPoolExecutor(
                max_workers=1 if serial else _READERS, thread_name_prefix=serial or "background"
            )
        return self._lanes[serial]

    def _run(self, number: int, job: Job) -> None:
        """On a worker thread; always ends with exactly one message to the GUI thread."""
        if job.is_cancelled():
            self._post(number, "cancelled", None)
            return
        try:
            result = self._deliveries[number].work(job)
        except Exception as error:
            if job.is_cancelled():
                log.debug("%s was cancelled", job.name, exc_info=True)
                self._post(number, "cancelled", None)
            else:
                _log_failure(job.name, error)
                self._post(number, "failure", error)
        else:
            self._post(number, "success", result)

    def _post(self, number: int, kind: str, payload: object) -> None:
        try:
            self.arrived.emit(number, kind, payload)
        except RuntimeError:  # the application is gone, and nobody waits
            log.debug("a result came after the application had ended")

    @Slot(int, str, object)
    def _deliver(self, number: int, kind: str, payload: Any) -> None:
        delivery = self._deliveries.get(number)
        if delivery is None or delivery.handle is None:
            return
        handle = delivery.handle
        heard = not handle._job.is_cancelled() and shiboken6.isValid(delivery.owner)
        if kind == "progress":
            for progress in handle._job._take_progress():
                if heard and delivery.on_progress is not None:
                    delivery.on_progress(progress)
            if not heard:
                handle.cancel()
            return
        del self._deliveries[number]
        handle._done = True
        if not heard:
            return
        if kind == "success" and delivery.on_success is not None:
            delivery.on_success(payload)
        elif kind == "failure":
            failure = Failure(sentence_for(handle.name, payload), payload)
            (delivery.on_failure or self.unheard.emit)(failure)


def _courier() -> _Courier:
    application = QCoreApplication.instance()
    if application is None:
        raise RuntimeError("background work needs an application")
    courier = application.findChild(_Courier, _OBJECT_NAME)
    return courier if courier is not None else _Courier(application)
