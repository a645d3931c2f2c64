"""Preparing the gallery for the full models in the background: the work itself, to be paused at any time, and
what the gallery's panel shows of it. It holds nothing up: folders are added and searches answered meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QEvent, QLocale, QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from sketch_app.photo_spaces import DEEP_LANE
from ui.background import Failure, Job, JobHandle, run_in_background
from ui.model_words import trouble_in_words
from ui.time_left import time_left

if TYPE_CHECKING:
    from index.records import EmbedProgress
    from sketch_app.photo_spaces import PhotoSpaces, Preparation, SpaceStatus
    from sketch_app.workspace import Workspace

_LANE = "deep"
"""Its own, so that folders are added meanwhile."""

Phase = Literal["loading", "embedding", "waiting", "finishing", "paused", "failed"]


@dataclass(frozen=True, slots=True)
class Preparing:
    """How far the gallery is prepared.

    Attributes
    ----------
    lane
        Of the search: whether photos are prepared for another encoder of sketches, or for the full models.
    phase
        "waiting": somebody else is writing to the gallery. "failed": `problem` says why.
    done, total
        Photos of the whole gallery.
    remaining
        Estimated seconds, or None.
    """

    phase: Phase
    done: int
    total: int
    remaining: float | None = None
    problem: str = ""
    lane: str = DEEP_LANE

    @property
    def rests(self) -> bool:
        """Whether it waits for the person to go on."""
        return self.phase in ("paused", "failed")


class PhotoPreparation(QObject):
    """Gives every photo what the models in use compare; all signals arrive in the GUI thread."""

    changed = Signal(object)
    """`Preparing`, or None: nothing is to be prepared."""
    improved = Signal()
    """Photos were prepared: a search may find others now."""

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._state: Preparing | None = None
        self._job: JobHandle | None = None
        self._stop = threading.Event()
        self._again = False

    @property
    def state(self) -> Preparing | None:
        """How far it is; None while nothing is to be prepared."""
        return self._state

    def refresh(self) -> None:
        """Prepare what is lacking: photos were added, say. What the person has paused stays so."""
        if self._is_running:
            self._again = True
        elif self._state is None or not self._state.rests:
            self._start()

    def restart(self) -> None:
        """Begin anew: other models are in use."""
        self._stop.set()
        self._show(None)
        self._start()

    def pause(self) -> None:
        """Stop for now; what is prepared is kept."""
        self._stop.set()
        if self._state is not None and not self._state.rests:
            self._show(replace(self._state, phase="paused", remaining=None))

    def go_on(self) -> None:
        """Continue after a pause, or after a failure."""
        if self._state is not None and self._state.rests:
            self._show(replace(self._state, phase="loading", remaining=None, problem=""))
            self._start()

    @property
    def _is_running(self) -> bool:
        return self._job is not None and not self._job.done and not self._stop.is_set()

    def _start(self) -> None:
        self._again = False
        self._stop = stop = threading.Event()

        def heard(progress: Preparing) -> None:
            if not stop.is_set():
                self._show(progress)

        self._job = run_in_background(
            self,
            lambda job: _prepare(self._workspace, job, stop),
            on_progress=heard,
            on_success=lambda done: self._has_ended(done, stop),
            on_failure=lambda failure: self._has_failed(failure, stop),
            name="prepare photos",
            serial=_LANE,
        )

    def _show(self, state: Preparing | None) -> None:
        self._state = state
        self.changed.emit(state)

    def _has_ended(self, done: Sequence[Preparation], stop: threading.Event) -> None:
        # A lane's first model serves without a word: no search finds anything else by that.
        if any(one.report.embedded or one.former is not None for one in done):
            self.improved.emit()
        if stop.is_set():  # paused, or begun anew: the state says so already
            return
        self._show(None)
        if self._again:
            self._start()

    def _has_failed(self, failure: Failure, stop: threading.Event) -> None:
        if stop.is_set():
            return
        known = self._state or Preparing("failed", 0, 0)
        self._show(replace(known, phase="failed", remaining=None, problem=failure.sentence))


def _prepare(workspace: Workspace, job: Job, stop: threading.Event) -> list[Preparation]:
    """On a worker thread: what was done for the lanes that lacked something."""
    done = []
    for spaces in workspace.all_spaces:
        if stop.is_set():
            break
        status = spaces.status()
        if not status.settled or status.coverage.failed:  # the models need not be loaded to find that out
            done.append(_prepare_lane(spaces, status, job, stop))
    return done


def _prepare_lane(spaces: PhotoSpaces, status: SpaceStatus, job: Job, stop: threading.Event) -> Preparation:
    before, total, lane = status.coverage.done, status.coverage.total, spaces.lane
    if status.preparing:
        job.report(Preparing("loading", before, total, lane=lane))

    def report(now: EmbedProgress) -> None:
        if not status.preparing and not now.total:
            return
        phase: Phase = "embedding"
        if now.phase == "waiting":
            phase = "waiting"
        elif now.phase == "finishing":
            phase = "finishing"
        whole = max(total, before + now.total)
        job.report(Preparing(phase, min(whole, before + now.done), whole, now.remaining, lane=lane))

    return spaces.prepare(report, lambda: stop.is_set() or job.is_cancelled())


class PreparingPanel(QFrame):
    """How far the preparing is, with a button that pauses it; hidden while there is nothing to prepare."""

    pause_requested = Signal()
    continue_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "well")
        self._state: Preparing | None = None
        self._words, self._small = QLabel(), QLabel()
        for label in (self._words, self._small):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._small.setProperty("role", "small")
        self._bar = QProgressBar(textVisible=False)
        self._button = QPushButton()
        self._button.setProperty("role", "flat")
        self._button.clicked.connect(self._ask)
        top = QHBoxLayout()
        top.addWidget(self._words, 1)
        top.addWidget(self._button, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 8, 12)
        column.setSpacing(6)
        column.addLayout(top)
        column.addWidget(self._bar)
        column.addWidget(self._small)
        self.hide()

    def show_state(self, state: Preparing | None) -> None:
        """Show how far it is; None hides everything."""
        self._state = state
        if state is not None:
            self._say(state)
        self.setVisible(state is not None)

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102 - Qt's own
        if event.type() == QEvent.Type.LanguageChange and self._state is not None:
            self._say(self._state)
        super().changeEvent(event)

    def _say(self, state: Preparing) -> None:
        preparing = self.tr("Preparing photos for the full models")
        if state.lane != DEEP_LANE:
            preparing = self.tr("Preparing photos for the new encoder")
        words = {
            "waiting": self.tr("Waiting while photos are added"),
            "paused": self.tr("Preparing is paused"),
            "failed": self.tr("The photos could not be prepared"),
        }.get(state.phase, preparing)
        self._words.setText(words)
        locale = QLocale()
        counts = self.tr("{0} of {1}", "photos done, photos in all").format(
            locale.toString(state.done), locale.toString(state.total)
        )
        parts = [counts, "" if state.rests else time_left(state.remaining), self.tr("searches already work")]
        told = " · ".join(part for part in parts if part)
        self._small.setText(trouble_in_words(state.problem) if state.phase == "failed" else told)
        self._bar.setRange(0, 0 if state.phase == "loading" else max(1, state.total))
        self._bar.setValue(state.done)
        self._bar.setVisible(state.phase != "failed")
        self._bar.setAccessibleName(f"{words}, {counts}")
        button = self.tr("Pause")
        if state.rests:
            button = self.tr("Try again") if state.phase == "failed" else self.tr("Continue")
        self._button.setText(button)

    @Slot()
    def _ask(self) -> None:
        if self._state is not None:
            (self.continue_requested if self._state.rests else self.pause_requested).emit()
