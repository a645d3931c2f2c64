"""Originals on their way from the phone to the disk: a few workers, each with a connection of its own, that
take files from one list. What becomes of a file that has come is the caller's concern.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from device.phone.errors import PhoneError, PhoneRefusedError
from index.phone_files import PhoneFile
from sketch_app.phone.reader import FileSession, PhoneReader
from sketch_app.phone.records import SyncControl
from sketch_app.phone.store import Kept, OriginalStore, Part

WORKERS = 3
"""While one waits for the phone's answer and one for the disk, the third fills the cable. On loopback that is
1.1 times as fast as two; a USB 2 cable is full with either.
"""

_RATE_WINDOW_S = 5.0
_LOOK_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Job:
    """A file to fetch. Without ``keep`` it is looked at and let go: nothing but its bytes can show it."""

    file: PhoneFile
    keep: bool = True


@dataclass(frozen=True, slots=True)
class Arrived:
    """A whole file. ``kept`` is None, and ``part`` where it lies for now, when it is not to stay."""

    job: Job
    content: bytes
    kept: Kept | None
    part: Path | None


@dataclass(frozen=True, slots=True)
class Failed:
    """A file that did not come this time; the others go on."""

    job: Job
    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A worker has ended; ``error`` is why no other file can come either, or None."""

    error: Exception | None


class _Interrupted(Exception):
    """The person paused or cancelled while a file was coming."""


class Transfer:
    """Fetches files in the order given.

    Parameters
    ----------
    reader
        The phone.
    store
        Where files go.
    jobs
        What to fetch, first things first.
    control
        Paused, the workers keep what they have of their files and wait; cancelled, they end.
    workers
        How many files come at a time.
    """

    def __init__(
        self,
        reader: PhoneReader,
        store: OriginalStore,
        jobs: Sequence[Job],
        control: SyncControl,
        *,
        workers: int = WORKERS,
    ) -> None:
        self._reader = reader
        self._store = store
        self._jobs = deque(jobs)
        self._control = control
        self._workers = workers
        self._failed = threading.Event()
        self._sessions: list[FileSession] = []
        self._counting = threading.Lock()
        self.bytes_total = sum(job.file.size for job in jobs)
        self.bytes_done = 0
        self._moments: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])

    def __iter__(self) -> Generator[list[Arrived | Failed]]:
        """Start the workers, and yield what has come of the jobs; an empty list every half second while
        nothing has.

        Raises
        ------
        device.phone.errors.PhoneError
            The phone is gone or silent; what has come stays, and is yielded before.
        sketch_app.phone.store.DiskFullError, index.errors.GalleryError
            The disk takes no more.
        """
        events: SimpleQueue[Arrived | Failed | Ended] = SimpleQueue()
        threads = [
            threading.Thread(target=self._work, args=(events,), name=f"phone-{number}", daemon=True)
            for number in range(min(self._workers, len(self._jobs)))
        ]
        for thread in threads:
            thread.start()
        error: Exception | None = None
        running = len(threads)
        try:
            while running:
                come: list[Arrived | Failed] = []
                for event in _waiting(events):
                    if isinstance(event, Ended):
                        running -= 1
                        error = error or event.error
                    else:
                        come.append(event)
                if self._control.cancelled:
                    self._close()
                yield come
        finally:
            self._failed.set()
            if running:
                self._close()
            for thread in threads:
                thread.join()
        if error is not None and not self._control.cancelled:
            raise error

    @property
    def rate(self) -> float:
        """Bytes a second that came lately."""
        now = time.monotonic()
        with self._counting:
            self._moments.append((now, self.bytes_done))
            while len(self._moments) > 2 and now - self._moments[0][0] > _RATE_WINDOW_S:
                self._moments.popleft()
            then, done = self._moments[0]
        return (self.bytes_done - done) / (now - then) if now > then else 0.0

    @property
    def remaining(self) -> float | None:
        """Seconds left at that rate, or None."""
        rate = self.rate
        return (self.bytes_total - self.bytes_done) / rate if rate > 0 else None

    def _close(self) -> None:
        """A worker may wait for a phone that answers nothing."""
        for session in tuple(self._sessions):
            session.close()

    def _work(self, events: SimpleQueue[Arrived | Failed | Ended]) -> None:
        session: FileSession | None = None
        error: Exception | None = None
        try:
            session = self._reader.session()
            self._sessions.append(session)
            while not self._failed.is_set() and self._control.wait_while_paused():
                try:
                    job = self._jobs.popleft()
                except IndexError:
                    break
                event = self._one(session, job)
                if event is not None:
                    events.put(event)
        except Exception as failure:  # it belongs to the thread that iterates
            error = failure
            self._failed.set()
        finally:
            if session is not None:
                session.close()
            events.put(Ended(error))

    def _one(self, session: FileSession, job: Job) -> Arrived | Failed | None:
        while True:
            try:
                return self._fetch(session, job)
            except _Interrupted:
                if self._failed.is_set() or not self._control.wait_while_paused():
                    return None
            except PhoneRefusedError as error:
                if "authoriz" in error.words:  # the phone, not the file
                    raise
                return Failed(job, str(error))

    def _fetch(self, session: FileSession, job: Job) -> Arrived | Failed:
        file = job.file
        self._store.room_for(file.size)
        part = self._store.part(file)
        begun = part.offset
        self._count(begun)
        try:
            if begun and not _is_same(session, file):
                return self._changed(part, job)
            self._receive(session, part, file)
            if part.offset != file.size or not _is_same(session, file):
                return self._changed(part, job)
            if not job.keep:
                part.close()
                return Arrived(job, part.content, None, part.path)
            kept = part.keep()
            return Arrived(job, kept.content, kept, None)
        except PhoneRefusedError:
            self._count(-part.offset)
            part.discard()
            raise
        except (_Interrupted, PhoneError):
            self._count(-part.offset)
            part.interrupt()
            raise
        except BaseException:
            part.discard()
            raise

    def _receive(self, session: FileSession, part: Part, file: PhoneFile) -> None:
        if part.offset == file.size and part.offset:
            return
        for pieces in session.receive_pieces(file.path, offset=part.offset):
            self._count(part.write(pieces))
            if part.offset > file.size:
                return  # it grows while it is read
            if self._control.paused or self._control.cancelled or self._failed.is_set():
                raise _Interrupted

    def _changed(self, part: Part, job: Job) -> Failed:
        self._count(-part.offset)
        part.discard()
        return Failed(job, "It changed on the phone while it was fetched: it comes with the next sync.")

    def _count(self, count: int) -> None:
        with self._counting:
            self.bytes_done += count


def _is_same(session: FileSession, file: PhoneFile) -> bool:
    found = session.stat(file.path)
    return (found.size, found.mtime) == (file.size, file.mtime)


def _waiting(events: SimpleQueue[Arrived | Failed | Ended]) -> Iterator[Arrived | Failed | Ended]:
    """Everything that waits; something, or nothing after half a second."""
    timeout = _LOOK_EVERY_S
    with contextlib.suppress(Empty):
        while True:
            yield events.get(timeout=timeout)
            timeout = 0.0
