"""A phone played by hand: what is plugged in, and how its syncs go, is what the test says. The window,
its control and the service are the real ones.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from index.phone_files import PhoneSummary
from sketch_app.phone.protocols import FoundPhone
from sketch_app.phone.records import Stopped, SyncChoices, SyncControl, SyncPhase, SyncProgress, SyncReport
from sketch_app.phone.states import LeftOriginals, PhoneAlbum

SERIAL = "R3CT40ABCDE"
ALBUMS = (
    PhoneAlbum(b"/sdcard/DCIM/Camera", "Camera", "/sdcard/DCIM/Camera", 120, 4),
    PhoneAlbum(b"/sdcard/Download", "Download", "/sdcard/Download", 7),
    PhoneAlbum(b"/sdcard/\xff", "\\xff", "/sdcard/\\xff", 3),
)
PATIENCE_S = 10.0


@dataclass(frozen=True)
class Plugged:
    """A connected phone."""

    state: str = "ready"
    serial: str = SERIAL
    name: str = "Galaxy S23"
    model: str = "SM-S911N"
    connection: str = "usb"
    what_to_do: str = ""


@dataclass
class PlayedAccess:
    """`PhoneAccess` by hand: a sync steps to the progress and ends with the report that are put."""

    fails: Exception | None = None
    summary: PhoneSummary | None = None
    left: LeftOriginals = field(default_factory=lambda: LeftOriginals(frozenset(), 0, Path()))
    syncs: list[tuple[str, SyncChoices, bool]] = field(default_factory=list)
    wanted: list[int] = field(default_factory=list)
    watches: int = 0
    ended: int = 0
    control: SyncControl | None = None
    _tell: Callable[[Sequence[FoundPhone], str], None] | None = None
    _step: Callable[[SyncProgress], None] | None = None
    _report: SyncReport | Exception | None = None
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def watch(self, on_change: Callable[[Sequence[FoundPhone], str], None]) -> Callable[[], None]:
        self.watches += 1
        if self.fails is not None:
            raise self.fails
        self._tell = on_change
        on_change((), "")
        return self._end

    def _end(self) -> None:
        self.ended += 1

    def plug(self, *phones: FoundPhone) -> None:
        """These and no others are connected now."""
        assert self._tell is not None
        self._tell(phones, "")

    def trouble(self, problem: str) -> None:
        """No phone can be seen at all, or can be again."""
        assert self._tell is not None
        self._tell((), problem)

    def summaries(self) -> Sequence[PhoneSummary]:
        return [self.summary] if self.summary is not None else []

    def albums(self, serial: str) -> Sequence[PhoneAlbum]:
        return ALBUMS

    def sync(
        self,
        serial: str,
        choices: SyncChoices,
        control: SyncControl,
        progress: Callable[[SyncProgress], None],
        *,
        confirm_disappeared: bool,
    ) -> SyncReport:
        with self._changed:
            self.control, self._step, self._report = control, progress, None
            self.syncs.append((serial, choices, confirm_disappeared))
            while self._report is None and not control.cancelled:
                self._changed.wait(0.02)
            if self._report is None:
                return SyncReport(stopped=Stopped.CANCELLED)
            if isinstance(self._report, Exception):
                raise self._report
            return self._report

    def step(self, done: int, total: int, searchable: int) -> None:
        """The running sync tells how far it is."""
        assert self._step is not None
        self._step(
            SyncProgress(SyncPhase.PREVIEWS, done, total, rate=30.0, remaining=90.0, searchable=searchable)
        )

    def finish(self, report: SyncReport | Exception) -> None:
        """The running sync ends."""
        with self._changed:
            self._report = report
            self._changed.notify_all()

    def want_original(self, photo_id: int) -> str:
        self.wanted.append(photo_id)
        return SERIAL

    def left_originals(self) -> LeftOriginals:
        return self.left

    def delete_left(self, contents: Collection[bytes]) -> LeftOriginals:
        assert self.left.contents == contents
        deleted, self.left = self.left, LeftOriginals(frozenset(), 0, self.left.folder)
        return deleted


def summary(shown: int = 130, files: int = 130) -> PhoneSummary:
    """What the gallery holds of the phone."""
    return PhoneSummary(
        "phone:" + SERIAL, SERIAL, "SM-S911N", "Galaxy S23", files, shown, 0, 0, 0, 4, 1_700_000_000
    )
