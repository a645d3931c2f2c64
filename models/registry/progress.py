"""How far a pull, an import or a verification is: one count over all files' bytes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

WINDOW_S = 8.0
"""The rate is an average over this long."""
_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class PullProgress:
    """A moment of the work."""

    done_bytes: int
    total_bytes: int | None
    """None where a home does not say how large a file is."""
    file: str
    entry: str
    rate: float
    """Bytes a second."""
    remaining_s: float | None
    """Seconds; None where it cannot be said."""


def ignore(progress: PullProgress) -> None:
    """Hear nothing."""


def never() -> bool:
    """Do not cancel."""
    return False


class Meter:
    """Counts bytes of all files together and reports some ten times a second.

    Parameters
    ----------
    report
        Hears of it.
    total
        Bytes of all files, or None.
    done
        Bytes that were there before; they do not count into the rate.
    """

    def __init__(self, report: Callable[[PullProgress], None], total: int | None, done: int = 0) -> None:
        self._report = report
        self._total = total
        self._done = done
        self._samples: deque[tuple[float, int]] = deque([(time.monotonic(), done)])
        self._told = 0.0
        self._file = ""
        self._entry = ""

    def begin(self, entry: str, file: str) -> None:
        """The next file."""
        self._entry, self._file = entry, file
        self.tell()

    def skip(self, count: int) -> None:
        """Bytes that were already here, or (negative) that must come again: no work of this time."""
        self._done += count
        self._samples = deque((at, done + count) for at, done in self._samples)
        self.tell()

    def add(self, count: int) -> None:
        """Bytes that came."""
        self._done += count
        if time.monotonic() - self._told >= _EVERY_S:
            self.tell()

    def resize(self, difference: int) -> None:
        """A file turned out larger or smaller than its home had said."""
        if self._total is not None:
            self._total += difference

    def tell(self) -> None:
        """Report now."""
        now = time.monotonic()
        self._told = now
        self._samples.append((now, self._done))
        while len(self._samples) > 2 and now - self._samples[0][0] > WINDOW_S:
            self._samples.popleft()
        start, before = self._samples[0]
        rate = max(0.0, (self._done - before) / (now - start)) if now > start else 0.0
        left = None if self._total is None else max(0, self._total - self._done)
        remaining = left / rate if left is not None and rate > 0 else None
        self._report(PullProgress(self._done, self._total, self._file, self._entry, rate, remaining))
