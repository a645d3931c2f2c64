"""The sketch in progress, saved by itself and offered again after a crash.

The file format is in `sketch_files`. There is no thread and no timer here: a timer of the window's calls
`Autosave.tick`.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sketch_app.document import SketchDocument
from sketch_app.errors import SketchFileError
from sketch_app.sketch import Sketch
from sketch_app.sketch_files import load_json, save_json

log = logging.getLogger(__name__)

_SKETCH: Final = ".sketch.json"
_LOCK: Final = ".lock"
_STALE: Final = 24 * 3600.0  # seconds after which a dead session's lock without a sketch is swept away


class Autosave:
    """Keeps a copy of a document's sketch on the disk while the session runs.

    Every session writes a file of its own and holds a lock beside it, which the system releases when the
    process ends, however it ends. So a sketch whose lock is free was left by a crash, one whose lock is held
    belongs to another running session, and a sketch found by `recover` is never written over.

    Call everything from one thread at a time; `tick` writes the file itself, in a few milliseconds.

    Parameters
    ----------
    document : SketchDocument
        What to save. Only its finished strokes are.
    directory : Path
        Where the sessions' files are; created at the first save.
    interval : float
        Seconds between two saves at least.
    """

    def __init__(self, document: SketchDocument, directory: Path, *, interval: float = 3.0) -> None:
        self._document = document
        self._directory = directory
        self._interval = interval
        self._files = _SessionFiles(directory, f"session-{secrets.token_hex(8)}")
        self._lock: _SessionLock | None = None
        self._saved = document.sketch if document.sketch.is_empty else None
        self._has_ended = False
        self._last_attempt = -float("inf")
        self._recovered: _Recovered | None = None
        self._accepted = False
        self._problem: str | None = None

    @property
    def problem(self) -> str | None:
        """Why the latest save failed, one sentence to show; None when it worked."""
        return self._problem

    def tick(self, now: float) -> bool:
        """Save if there is something new and the interval has passed. Never raises; see `problem`.

        Parameters
        ----------
        now : float
            Seconds on a steady clock, `time.monotonic` for example.

        Returns
        -------
        bool
            True if the file was brought up to date.
        """
        if self._has_ended or self._document.sketch is self._saved:
            return False
        if now - self._last_attempt < self._interval:
            return False
        self._last_attempt = now
        return self._save()

    def recover(self) -> Sketch | None:
        """Look for the sketch of a crashed session, the newest first.

        It stays on the disk, and reserved for this session, until `accept_recovered` or `discard_recovered`.

        Returns
        -------
        Sketch or None
            None when every session ended cleanly or still runs.
        """
        if self._recovered is None:
            self._recovered = self._find_left_over()
        return self._recovered.sketch if self._recovered else None

    def accept_recovered(self) -> None:
        """Put the recovered sketch into the document; its old file goes once a new one is written."""
        if self._recovered is not None and not self._accepted:
            self._accepted = True
            self._document.replace(self._recovered.sketch)
            self._save()

    def discard_recovered(self) -> None:
        """Delete the recovered sketch: the person does not want it."""
        self._forget_recovered()

    def discard(self) -> None:
        """End the session cleanly: what it saved goes, and nothing will be offered the next time.

        A recovered sketch that was neither accepted nor discarded stays, and is offered again. A timer that
        still ticks saves nothing more.
        """
        self._files.remove_sketch()
        if self._lock is not None:
            self._lock.release(remove=True)
            self._lock = None
        if self._recovered is not None:
            self._recovered.lock.release(remove=False)
            self._recovered = None
            self._accepted = False
        self._has_ended = True

    def _save(self) -> bool:
        sketch = self._document.sketch
        try:
            if sketch.is_empty:
                self._files.remove_sketch()
            else:
                self._hold_lock()
                save_json(sketch, self._files.sketch)
        except (OSError, SketchFileError) as error:
            reason = str(error) if isinstance(error, SketchFileError) else error.strerror or str(error)
            self._problem = (
                f"The sketch is not saved by itself in “{self._directory}”, save it yourself: {reason}"
            )
            log.warning("%s", self._problem)
            return False
        self._saved = sketch
        self._problem = None
        if self._accepted:
            self._forget_recovered()
        return True

    def _hold_lock(self) -> None:
        if self._lock is None:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._lock = _SessionLock.acquire(self._files.lock)
            if self._lock is None:  # a file system without locks, for example
                raise OSError(errno.ENOLCK, "the folder cannot be locked")

    def _find_left_over(self) -> _Recovered | None:
        _sweep(self._directory)
        for files in _sessions(self._directory):
            if files.sketch == self._files.sketch:
                continue
            try:
                lock = _SessionLock.acquire(files.lock)
            except OSError:
                continue
            if lock is None:  # that session still runs, or another one has just recovered it
                continue
            try:
                return _Recovered(load_json(files.sketch), files, lock)
            except SketchFileError as error:
                log.warning("A left-over sketch cannot be offered: %s", error)
                lock.release(remove=False)
        return None

    def _forget_recovered(self) -> None:
        if self._recovered is not None:
            self._recovered.files.remove_sketch()
            self._recovered.lock.release(remove=True)
            self._recovered = None
            self._accepted = False


@dataclass(frozen=True, slots=True)
class _SessionFiles:
    directory: Path
    name: str

    @property
    def sketch(self) -> Path:
        return self.directory / (self.name + _SKETCH)

    @property
    def lock(self) -> Path:
        return self.directory / (self.name + _LOCK)

    def remove_sketch(self) -> None:
        with contextlib.suppress(OSError):
            self.sketch.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Recovered:
    sketch: Sketch
    files: _SessionFiles
    lock: _SessionLock


class _SessionLock:
    """A lock file that the system unlocks when its holder ends, even by a crash."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    @classmethod
    def acquire(cls, path: Path) -> _SessionLock | None:
        """Take the lock, or return None when another session holds it; OSError when it cannot be opened."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(descriptor)
        except OSError:
            os.close(descriptor)
            return None
        return cls(path, descriptor)

    def release(self, *, remove: bool) -> None:
        """Give the lock back; `remove` deletes its file as well."""
        if remove and sys.platform != "win32":
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
        if remove and sys.platform == "win32":  # an open file cannot be deleted there
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)


def _lock(descriptor: int) -> None:
    """Lock an open file without waiting; raises OSError when it is locked already."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sessions(directory: Path) -> list[_SessionFiles]:
    """Sessions that left a sketch, the newest first."""
    found: list[tuple[float, _SessionFiles]] = []
    for path in directory.glob(f"session-*{_SKETCH}"):
        with contextlib.suppress(OSError):  # it may go between the two calls
            found.append((path.stat().st_mtime, _SessionFiles(directory, path.name.removesuffix(_SKETCH))))
    return [files for _, files in sorted(found, key=lambda pair: pair[0], reverse=True)]


def _sweep(directory: Path) -> None:
    """Delete old locks of sessions that crashed with nothing drawn."""
    for path in directory.glob(f"session-*{_LOCK}"):
        files = _SessionFiles(directory, path.name.removesuffix(_LOCK))
        with contextlib.suppress(OSError):
            if not files.sketch.exists() and time.time() - path.stat().st_mtime > _STALE:
                lock = _SessionLock.acquire(path)
                if lock is not None:
                    lock.release(remove=True)
