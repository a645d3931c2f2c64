"""The models' work off the GUI thread: looking what is here, fetching, importing, checking, removing, and
putting other models into use. What a person sees of it is in `models_dialog`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from PySide6.QtCore import QObject, Signal

from sketch_app.model_store import (
    Cancelled,
    EntryState,
    Finding,
    ImportReport,
    ModelEntry,
    ModelStore,
    PullReport,
    import_folder,
    pull,
    terms_to_accept,
)
from ui.background import Failure, Job, run_in_background

if TYPE_CHECKING:
    from sketch_app.settings import Settings
    from sketch_app.workspace import Workspace

_LANE = "models"
"""One change of the store, or of the models in use, after the other."""

Kind = Literal["fetch", "import", "check", "remove", "use"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoreLook:
    """What the folder of models holds at one moment."""

    states: Mapping[str, EntryState]
    unaccepted: frozenset[str]
    """Models whose terms have not been accepted yet."""

    @property
    def here(self) -> Mapping[str, EntryState]:
        """The models that are whole."""
        return {name: state for name, state in self.states.items() if state.status == "complete"}

    def is_here(self, entry: ModelEntry) -> bool:
        """Whether a model is whole."""
        return self.states[entry.name].status == "complete"


class ModelWork(QObject):
    """Runs what the dialog asks for, one thing at a time; all signals arrive in the GUI thread."""

    looked = Signal(object)
    """`StoreLook`, also after every change."""
    progress = Signal(object)
    """`PullProgress` of the running fetch, import or check."""
    busy_changed = Signal(str)
    """The `Kind` of what runs now, or "": nothing."""
    fetched = Signal(object)
    """`PullReport`."""
    imported = Signal(object)
    """`ImportReport`."""
    checked = Signal(object)
    """A list of `Finding`; none: everything is as it should be."""
    removed = Signal(object)
    """Bytes that were freed."""
    used = Signal()
    """Other models are in use."""
    released = Signal()
    """The models' memory is free."""
    stopped = Signal(str)
    """The person stopped this `Kind` of work."""
    failed = Signal(str, object)
    """The `Kind` of work that failed, or "", and the `Failure`."""

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._busy: Kind | None = None
        self._stop = threading.Event()

    @classmethod
    def of(cls, workspace: Workspace, window: QObject) -> ModelWork:
        """The one of a window: a download goes on while the dialog that began it is closed."""
        known = window.findChild(ModelWork)
        if known is not None and known._workspace is workspace:
            return known
        return cls(workspace, window)

    @property
    def busy(self) -> Kind | None:
        """What runs now."""
        return self._busy

    @property
    def store(self) -> ModelStore:
        """The folder of models."""
        return self._workspace.store

    def look(self) -> None:
        """Find out what is here."""
        run_in_background(
            self,
            lambda _job: _look(self.store),
            on_success=self.looked.emit,
            on_failure=lambda failure: self.failed.emit("", failure),
            name="look at the models",
        )

    def fetch(self, names: Sequence[str], agreed: frozenset[str]) -> None:
        """Fetch models, or go on with it; `agreed` names those whose terms the person has accepted now."""

        def work(job: Job, cancelled: Callable[[], bool]) -> PullReport:
            return pull(
                self.store,
                names,
                accept=lambda entry, _licence: entry.name in agreed,
                progress=job.report,
                cancelled=cancelled,
            )

        self._run("fetch", work, self.fetched.emit)

    def import_from(self, folder: Path) -> None:
        """Copy models from a folder."""

        def work(job: Job, cancelled: Callable[[], bool]) -> ImportReport:
            return import_folder(self.store, folder, progress=job.report, cancelled=cancelled)

        self._run("import", work, self.imported.emit)

    def check(self, names: Sequence[str]) -> None:
        """Read every file of models again."""

        def work(job: Job, cancelled: Callable[[], bool]) -> list[Finding]:
            return self.store.verify(names, job.report, cancelled)

        self._run("check", work, self.checked.emit)

    def remove(self, names: Sequence[str]) -> None:
        """Delete models' files."""
        self._run("remove", lambda _job, _cancelled: self.store.remove(names), self.removed.emit)

    def use(self, name: str, **changes: Any) -> None:
        """Put a set of models into use, with other choices of the settings; on failure the former stay."""
        former = self._workspace.settings
        self._workspace.update_settings(models=name, **changes)

        def work(_job: Job, _cancelled: Callable[[], bool]) -> None:
            # Both may wait for a model that is computing, which is why neither is for the GUI thread.
            self._workspace.use_models(self._workspace.make_set(name))

        self._run("use", work, lambda _none: self.used.emit(), undo=lambda: self._restore(former, changes))

    def free_memory(self) -> None:
        """Let the loaded models go; waits for the one that is computing."""
        models = self._workspace.models
        run_in_background(
            self,
            lambda _job: models.release(),
            on_success=lambda _none: self.released.emit(),
            on_failure=lambda failure: self.failed.emit("", failure),
            name="free the models' memory",
        )

    def stop(self) -> None:
        """End what runs; what has come is kept."""
        self._stop.set()

    def _run(
        self,
        kind: Kind,
        work: Callable[[Job, Callable[[], bool]], T],
        tell: Callable[[T], None],
        *,
        undo: Callable[[], None] = lambda: None,
    ) -> None:
        if self._busy is not None:
            raise RuntimeError(f"{kind}: {self._busy} is still running")
        self._stop = stop = threading.Event()
        self._set_busy(kind)

        def done(result: T) -> None:
            self._set_busy(None)
            tell(result)
            self.look()

        def failed(failure: Failure) -> None:
            undo()
            self._set_busy(None)
            if isinstance(failure.error, Cancelled):
                self.stopped.emit(kind)
            else:
                self.failed.emit(kind, failure)
            self.look()

        run_in_background(
            self,
            lambda job: work(job, lambda: stop.is_set() or job.is_cancelled()),
            on_success=done,
            on_failure=failed,
            on_progress=self.progress.emit,
            name=f"models: {kind}",
            serial=_LANE,
        )

    def _set_busy(self, kind: Kind | None) -> None:
        self._busy = kind
        self.busy_changed.emit(kind or "")

    def _restore(self, former: Settings, changes: Mapping[str, Any]) -> None:
        self._workspace.update_settings(
            models=former.models, **{name: getattr(former, name) for name in changes}
        )


def _look(store: ModelStore) -> StoreLook:
    """On a worker thread: it reads the disk."""
    entries = [entry for entry in store.entries.values() if not entry.comes_with_the_program]
    states = {entry.name: store.state(entry.name) for entry in entries}
    return StoreLook(states, frozenset(entry.name for entry in terms_to_accept(store, entries)))
