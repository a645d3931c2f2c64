"""The models that the full set is made of, a row each, and what can be done with all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from sketch_app.model_store import TRAINED_ENCODER, ModelEntry
from ui.model_row import ModelRow
from ui.model_words import size_of_all

if TYPE_CHECKING:
    from ui.model_work import StoreLook


class ModelParts(QWidget):
    """Shows what it is told; the owner runs the work that the signals ask for."""

    fetch_requested = Signal(object)
    """Names of models."""
    check_requested = Signal(object)
    """Names of models."""
    remove_requested = Signal(str)
    """A model's name; nothing was confirmed yet."""
    import_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[ModelRow] = []
        self._missing: list[str] = []
        self._present: list[str] = []
        self._heading = QLabel()
        self._heading.setProperty("role", "heading")
        card = QFrame()
        card.setProperty("role", "card")
        self._column = QVBoxLayout(card)
        self._column.setContentsMargins(4, 4, 4, 4)
        self._column.setSpacing(0)
        self._fetch, self._check, self._import = QPushButton(), QPushButton(), QPushButton()
        self._fetch.clicked.connect(lambda: self.fetch_requested.emit(self._missing))
        self._check.clicked.connect(lambda: self.check_requested.emit(self._present))
        self._import.clicked.connect(self.import_requested)
        buttons = QHBoxLayout()
        for button in (self._fetch, self._check, self._import):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self._heading)
        column.addWidget(card)
        column.addLayout(buttons)

    def show_parts(
        self,
        needed: Sequence[ModelEntry],
        others: Sequence[ModelEntry],
        look: StoreLook | None,
        *,
        idle: bool,
        full_in_use: bool,
    ) -> None:
        """Say what is here, in the language of now.

        Parameters
        ----------
        needed : sequence of ModelEntry
            What the full set is made of with the present choices.
        others : sequence of ModelEntry
            What lies here besides.
        look : StoreLook, optional
            None: not known yet.
        idle : bool
            Whether something can be begun.
        full_in_use : bool
            What is needed cannot be removed then, but for an encoder, whose place the program's own takes.
        """
        entries = [*needed, *others]
        if [row.entry for row in self._rows] != entries:
            self._make_rows(entries)
        for row in self._rows:
            state = look.states[row.entry.name] if look is not None else None
            in_use = full_in_use and row.entry in needed
            row.show_state(state, idle=idle, removable=row.entry.name == TRAINED_ENCODER or not in_use)
        missing = [entry for entry in needed if look is None or not look.is_here(entry)]
        self._missing = [entry.name for entry in missing]
        self._present = [
            e.name for e in entries if look is not None and look.states[e.name].status != "absent"
        ]
        size = size_of_all((e, look.states[e.name]) for e in missing) if look is not None else ""
        self._heading.setText(self.tr("Single models"))
        self._fetch.setText(self.tr("Fetch all ({0})").format(size) if size else self.tr("Fetch all"))
        self._fetch.setVisible(bool(missing))
        self._fetch.setEnabled(idle and look is not None)
        self._check.setText(self.tr("Check all"))
        self._check.setToolTip(self.tr("Read every file again and see that it is still what came."))
        self._check.setVisible(bool(self._present))
        self._check.setEnabled(idle)
        self._import.setText(self.tr("Import from a folder…"))
        self._import.setToolTip(
            self.tr("A folder with a model that you trained, or with models fetched on another computer.")
        )
        self._import.setEnabled(idle)

    def _make_rows(self, entries: Sequence[ModelEntry]) -> None:
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._rows = []
        for entry in entries:
            if self._rows:
                line = QFrame()
                line.setProperty("role", "line")
                self._column.addWidget(line)
            row = ModelRow(entry)
            row.fetch_requested.connect(self._fetch_one)
            row.check_requested.connect(self._check_one)
            row.remove_requested.connect(self.remove_requested)
            self._rows.append(row)
            self._column.addWidget(row)
        chain = [part for row in self._rows for part in row.focus_chain]
        chain += [self._fetch, self._check, self._import]
        for before, after in pairwise(chain):
            QWidget.setTabOrder(before, after)

    @Slot(str)
    def _fetch_one(self, name: str) -> None:
        self.fetch_requested.emit([name])

    @Slot(str)
    def _check_one(self, name: str) -> None:
        self.check_requested.emit([name])
