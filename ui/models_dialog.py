"""Which models are in use, what is here of them, and the ways to get, check and remove them.

The work itself is in `model_work`, the words in `model_words`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from sketch_app.model_store import (
    TRAINED_ENCODER,
    Finding,
    ImportReport,
    ModelEntry,
    PullProgress,
    PullReport,
    full_set_entries,
    in_words,
)
from ui.background import Failure, run_in_background
from ui.licence_dialog import LicenceDialog
from ui.model_choices import ModelChoices
from ui.model_parts import ModelParts
from ui.model_words import title_in_words, trouble_in_words
from ui.model_work import Kind, ModelWork, StoreLook
from ui.notice_bar import NoticeBar
from ui.set_card import SetCards
from ui.transfer_progress import TransferProgress

if TYPE_CHECKING:
    from sketch_app.device_choice import DeviceChoice
    from sketch_app.workspace import Workspace

EMBEDDED, FULL = "embedded", "full"
_MARGIN = 24
Devices = Callable[[], "Sequence[DeviceChoice]"]


def find_devices() -> Sequence[DeviceChoice]:
    """The computer's devices; takes seconds, call it off the GUI thread."""
    from sketch_app.device_choice import devices_here

    return devices_here()


class ModelsDialog(QDialog):
    """Everything is done at once; there is nothing to confirm. A download goes on when it is closed."""

    models_changed = Signal()
    """Other models are in use: `Workspace.search` is another pipeline."""

    def __init__(
        self, workspace: Workspace, parent: QWidget | None = None, *, devices: Devices | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._work = ModelWork.of(workspace, parent if parent is not None else self)
        self._look: StoreLook | None = None
        self._after_fetch: Callable[[], None] | None = None
        self._last_fetch: tuple[Sequence[str], frozenset[str]] = ((), frozenset())
        self._closes = False
        self._said_once_used = ""
        self._removes_encoder = False
        self._under_way = ""
        self._cards, self._parts = SetCards(), ModelParts()
        self._choices_heading, self._goes_on = QLabel(), QLabel()
        self._choices = ModelChoices()
        self._notice = NoticeBar()
        self._progress = TransferProgress()
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self._lay_out()
        self._connect()
        self._progress.begin(self._work.busy)
        self._show()
        if workspace.models_problem:
            self._notice.say(trouble_in_words(workspace.models_problem))
        self._work.look()
        run_in_background(
            self,
            lambda _job: tuple((devices or find_devices)()),
            on_success=self._choices.set_devices,
            on_failure=lambda _failure: self._choices.set_devices(()),
            name="list devices",
        )

    # Making

    def _lay_out(self) -> None:
        column = QVBoxLayout()
        column.setContentsMargins(_MARGIN, 22, _MARGIN, 18)
        column.setSpacing(12)
        self._choices_heading.setProperty("role", "heading")
        column.addWidget(self._cards)
        column.addSpacing(10)
        column.addWidget(self._parts)
        column.addSpacing(10)
        column.addWidget(self._choices_heading)
        column.addWidget(self._choices)
        column.addStretch(1)
        page = QWidget()
        page.setLayout(column)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(page)
        bar = scroll.verticalScrollBar()

        def make_room(_lowest: int, highest: int) -> None:  # in line with the foot, bar or none
            column.setContentsMargins(_MARGIN, 22, _MARGIN - (bar.sizeHint().width() if highest else 0), 18)

        bar.rangeChanged.connect(make_room)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(scroll, 1)
        outer.addWidget(self._foot())
        self.setMinimumSize(560, 420)
        window = self.parentWidget()
        room = window.window().height() - 40 if window is not None else 760
        self.resize(760, max(420, min(760, room)))

    def _foot(self) -> QFrame:
        """What stays in sight however far the page is scrolled: progress, what went wrong, and Close."""
        foot = QFrame()
        column = QVBoxLayout(foot)
        column.setContentsMargins(_MARGIN, 12, _MARGIN, 16)
        column.setSpacing(10)
        self._goes_on.setProperty("role", "small")
        line = QFrame()
        line.setProperty("role", "line")
        row = QHBoxLayout()
        row.addWidget(self._goes_on, 1)
        row.addWidget(self._buttons)
        column.addWidget(line)
        column.addWidget(self._notice)
        column.addWidget(self._progress)
        column.addLayout(row)
        return foot

    def _connect(self) -> None:
        work = self._work
        work.looked.connect(self._has_looked)
        work.busy_changed.connect(self._is_busy)
        work.progress.connect(self._show_progress)
        work.fetched.connect(self._has_fetched)
        work.imported.connect(self._has_imported)
        work.checked.connect(self._has_checked)
        work.removed.connect(self._has_removed)
        work.used.connect(self._has_changed)
        work.released.connect(self._has_released)
        work.stopped.connect(self._has_stopped)
        work.failed.connect(self._has_failed)
        self._cards.built_in_chosen.connect(lambda: self._use(EMBEDDED))
        self._cards.full_chosen.connect(self._use_full)
        self._parts.fetch_requested.connect(self._ask_fetch)
        self._parts.check_requested.connect(self._check)
        self._parts.remove_requested.connect(self._confirm_removal)
        self._parts.import_requested.connect(self._ask_folder)
        self._choices.changed.connect(self._choose)
        self._choices.fetch_requested.connect(self._fetch_and_choose)
        self._choices.release_requested.connect(work.free_memory)
        self._notice.action.connect(self._try_again)
        self._progress.cancelled.connect(work.stop)
        self._buttons.rejected.connect(self.reject)

    # What there is

    def _needed(self) -> tuple[ModelEntry, ...]:
        here = self._look.here if self._look is not None else {}
        return full_set_entries(self._work.store, self._workspace.settings, here)

    def _missing(self) -> list[ModelEntry]:
        look = self._look
        return [entry for entry in self._needed() if look is None or not look.is_here(entry)]

    def _here(self) -> list[ModelEntry]:
        look, entries = self._look, self._work.store.entries
        return (
            [entries[name] for name, state in look.states.items() if state.status != "absent"] if look else []
        )

    # What is shown

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102 - Qt's own
        if event.type() == QEvent.Type.LanguageChange:
            self._show()
        super().changeEvent(event)

    def _show(self) -> None:
        """Say everything anew, in the language of now."""
        self.setWindowTitle(self.tr("Models"))
        self._choices_heading.setText(self.tr("Choices for the full models"))
        self._buttons.button(QDialogButtonBox.StandardButton.Close).setText(self.tr("Close"))
        self._goes_on.setText(
            self.tr("The download goes on when you close this.") if self._work.busy == "fetch" else ""
        )
        in_use, idle = self._workspace.models.name == FULL, self._is_idle
        self._cards.show_sets(self._missing(), self._look, idle=idle, full_in_use=in_use)
        here = [entry for entry in self._here() if entry not in self._needed()]
        self._parts.show_parts(self._needed(), here, self._look, idle=idle, full_in_use=in_use)
        self._choices.show_choices(
            self._workspace.settings,
            [e for e in self._work.store.entries.values() if e.role == "photo-embedder"],
            self._look,
            idle=idle,
            in_use=in_use,
        )

    @property
    def _is_idle(self) -> bool:
        return self._work.busy is None

    # What is asked for

    def _use_full(self) -> None:
        if missing := self._missing():
            self._ask_fetch([entry.name for entry in missing], then=lambda: self._use(FULL))
        else:
            self._use(FULL)

    def _use(self, name: str) -> None:
        self._notice.say("")
        self._work.use(name)

    def _choose(self, setting: str, value: str) -> None:
        self._notice.say("")
        if self._workspace.models.name == FULL:
            self._work.use(FULL, **{setting: value})
        else:
            self._workspace.update_settings(**{setting: value})
            self._show()

    def _fetch_and_choose(self, photo_model: str) -> None:
        self._ask_fetch([photo_model], then=lambda: self._choose("photo_model", photo_model))

    def _ask_fetch(self, names: Sequence[str], then: Callable[[], None] | None = None) -> None:
        """Fetch models, after the person has agreed to their terms."""
        if self._look is None:
            return
        self._after_fetch = then
        asked = [e for e in self._work.store.select(names) if e.name in self._look.unaccepted]
        begin = partial(self._fetch, names, frozenset(entry.name for entry in asked))
        if not asked:
            begin()
            return
        dialog = LicenceDialog(asked, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(begin)
        dialog.rejected.connect(self._has_refused_terms)
        dialog.open()

    def _fetch(self, names: Sequence[str], agreed: frozenset[str]) -> None:
        self._notice.say("")
        self._last_fetch = names, agreed
        self._work.fetch(names, agreed)

    def _check(self, names: Sequence[str]) -> None:
        self._notice.say("")
        self._work.check(names)

    @Slot()
    def _try_again(self) -> None:
        names, agreed = self._last_fetch
        if names and self._is_idle:
            self._fetch(names, agreed)

    @Slot()
    def _ask_folder(self) -> None:
        dialog = QFileDialog(self, self.tr("A folder with models"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda chosen: self.import_from(Path(chosen)))
        dialog.open()

    def import_from(self, folder: Path) -> None:
        """Copy the models that a folder holds."""
        self._notice.say("")
        self._work.import_from(folder)

    @Slot(str)
    def _confirm_removal(self, name: str) -> None:
        question = QMessageBox(self)
        question.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        question.setWindowTitle(self.tr("Remove a model"))
        entry = self._work.store.entry(name)
        question.setText(self.tr("Remove “{0}” from this computer?").format(title_in_words(entry)))
        question.setInformativeText(
            self.tr("It cannot be fetched: keep the folder that its training wrote.")
            if entry.is_own
            else self.tr("It can be fetched again at any time.")
        )
        remove = question.addButton(self.tr("Remove"), QMessageBox.ButtonRole.DestructiveRole)
        question.setDefaultButton(question.addButton(self.tr("Keep"), QMessageBox.ButtonRole.RejectRole))
        remove.clicked.connect(lambda: self._remove(name))
        question.open()

    def _remove(self, name: str) -> None:
        self._removes_encoder = name == TRAINED_ENCODER
        self._work.remove([name])

    # What has happened

    def _has_looked(self, look: StoreLook) -> None:
        self._look = look
        self._show()

    def _is_busy(self, kind: str) -> None:
        self._progress.begin(self._work.busy)
        self._show()
        if not kind and self._closes:
            self._closes = False
            super().done(QDialog.DialogCode.Rejected)

    def _show_progress(self, progress: PullProgress) -> None:
        if progress.entry != self._under_way:  # the one before it is whole now
            self._under_way = progress.entry
            self._work.look()
        entry = self._work.store.entries.get(progress.entry)
        self._progress.show_progress(progress, title_in_words(entry) if entry is not None else progress.entry)

    def _has_fetched(self, report: PullReport) -> None:
        then, self._after_fetch = self._after_fetch, None
        self._notice.say(self.tr("Everything has come and is as promised."), icon="check")
        if then is not None:
            then()

    def _has_imported(self, report: ImportReport) -> None:
        entries = self._work.store.entries
        names = ", ".join(title_in_words(entries[name]) for name in (*report.imported, *report.already))
        said = self.tr("Here now: {0}").format(names)
        self._notice.say(said, icon="check")
        own = [name for name in report.imported if entries[name].is_own]
        if TRAINED_ENCODER in own or (own and self._workspace.models.name == FULL):
            self._use_anew(said)  # with the one that has just come

    def _has_checked(self, findings: Sequence[Finding]) -> None:
        if findings:
            self._notice.say(" ".join(trouble_in_words(f.sentence) for f in findings[:2]))
        else:
            self._notice.say(self.tr("Every file is as it should be."), icon="check")

    def _has_removed(self, freed: int) -> None:
        said = self.tr("{0} are free again.").format(in_words(freed))
        self._notice.say(said, icon="check")
        if self._removes_encoder:  # the program's own takes its place
            self._use_anew(said)

    def _use_anew(self, said: str) -> None:
        """Put the set that is in use into use once more: its parts are others now."""
        self._said_once_used = said
        self._work.use(self._workspace.models.name)

    def _has_changed(self) -> None:
        self._notice.say(self._said_once_used, icon="check")
        self._said_once_used = ""
        self._show()
        self.models_changed.emit()

    def _has_released(self) -> None:
        self._notice.say(self.tr("The models’ memory is free again."), icon="check")

    def _has_refused_terms(self) -> None:
        self._after_fetch = None
        self._notice.say(self.tr("Nothing was fetched, since the terms were not accepted."), icon="info")

    def _has_stopped(self, _kind: Kind) -> None:
        self._after_fetch = None
        self._notice.say(
            self.tr("Stopped. What has come is kept, and the next time goes on from there."), icon="info"
        )

    def _has_failed(self, kind: str, failure: Failure) -> None:
        self._said_once_used = ""
        again = self.tr("Try again") if kind == "fetch" else ""
        self._notice.say(trouble_in_words(failure.sentence), again)

    # The dialog itself

    def done(self, result: int) -> None:
        """Go away; while models are being put into use only out of sight, so that the end is still told."""
        if self._work.busy == "use":
            self._closes = True
            self.hide()
        else:
            super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        """As `done`, for the window's own button."""
        super().closeEvent(event)
        if self._closes and self._work.busy == "use":
            event.ignore()
