"""The two sets of models as cards: what each can do, whether it is in use, and the way to use it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from sketch_app.model_store import ModelEntry
from ui.model_words import size_of_all, title_in_words
from ui.theme import icon_pixmap, theme_changed

if TYPE_CHECKING:
    from ui.model_work import StoreLook

Standing = Literal["in use", "ready", "to fetch"]


@dataclass(frozen=True, slots=True)
class SetWords:
    """Everything a card says, in the language of the window."""

    title: str
    meaning: str
    points: tuple[str, ...]
    state: str
    button: str
    """Empty: nothing to press."""


class SetCard(QFrame):
    """Shows what it is told; the owner puts the set into use."""

    chosen = Signal()

    def __init__(self, icon: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._icon_name = icon
        self._standing: Standing = "ready"
        self._icon, self._title, self._meaning, self._points = QLabel(), QLabel(), QLabel(), QLabel()
        self._mark, self._state = QLabel(), QLabel()
        self._title.setProperty("role", "heading")
        self._meaning.setProperty("role", "muted")
        self._points.setProperty("role", "small")
        self._state.setProperty("role", "small")
        for label in (self._meaning, self._points, self._state):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._button = QPushButton()
        self._button.setAutoDefault(False)
        self._button.clicked.connect(self.chosen)
        self._lay_out()
        theme_changed().connect(self._paint)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(self._icon)
        top.addWidget(self._title, 1)
        foot = QHBoxLayout()
        foot.setSpacing(6)
        foot.addWidget(self._mark)
        foot.addWidget(self._state, 1)
        foot.addWidget(self._button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        column.addLayout(top)
        column.addWidget(self._meaning)
        column.addWidget(self._points)
        column.addStretch(1)
        column.addLayout(foot)
        # As high as a card without a button, so that nothing jumps when the other set comes into use.
        self._state.setMinimumHeight(self._button.sizeHint().height())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def show_words(self, words: SetWords, standing: Standing, *, pressable: bool) -> None:
        """Say how things stand."""
        self._standing = standing
        self._title.setText(words.title)
        self._meaning.setText(words.meaning)
        self._points.setText("\n".join(f"·  {point}" for point in words.points))
        self._state.setText(words.state)
        self._button.setText(words.button)
        self._button.setVisible(bool(words.button))
        self._button.setEnabled(pressable)
        self._button.setAccessibleName(f"{words.button}: {words.title}")
        self.setAccessibleName(f"{words.title}. {words.meaning} {words.state}")
        self._paint()

    @property
    def button(self) -> QPushButton:
        """For the owner to dress."""
        return self._button

    @Slot()
    def _paint(self) -> None:
        ratio = self.devicePixelRatioF()
        in_use = self._standing == "in use"
        self._icon.setPixmap(icon_pixmap(self._icon_name, 20, "accent_text", ratio))
        self._mark.setVisible(in_use)
        self._mark.setPixmap(icon_pixmap("check", 16, "success", ratio))


class SetCards(QWidget):
    """Both sets side by side."""

    built_in_chosen = Signal()
    full_chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._built_in, self._full = SetCard("draw"), SetCard("sparkle")
        self._built_in.chosen.connect(self.built_in_chosen)
        self._full.chosen.connect(self.full_chosen)
        self._full.button.setProperty("role", "primary")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self._built_in, 1)
        row.addWidget(self._full, 1)

    def show_sets(
        self, missing: Sequence[ModelEntry], look: StoreLook | None, *, idle: bool, full_in_use: bool
    ) -> None:
        """Say how things stand, in the language of now.

        Parameters
        ----------
        missing : sequence of ModelEntry
            What the full set lacks.
        look : StoreLook, optional
            None: not known yet what is here.
        idle : bool
            Whether something can be begun.
        full_in_use : bool
            Which of the two is in use.
        """
        built_in = SetWords(
            self.tr("Built in"),
            self.tr("Works at once, with no download."),
            (
                self.tr("Finds photos by the shape of your sketch"),
                self.tr("Names common things, and imagines them roughly"),
            ),
            self.tr("Ready to use") if full_in_use else self.tr("In use"),
            self.tr("Use") if full_in_use else "",
        )
        self._built_in.show_words(built_in, "ready" if full_in_use else "in use", pressable=idle)
        state, button = self._full_state(missing, look, full_in_use=full_in_use)
        full = SetWords(
            self.tr("Full"),
            self.tr("Imagines a clear picture of what you draw. Needs a download and more memory."),
            (
                self.tr("Names anything, in words of its own"),
                self.tr("Compares your photos with the imagined picture"),
            ),
            state,
            button,
        )
        standing: Standing = "in use" if full_in_use else "to fetch" if missing else "ready"
        self._full.show_words(full, standing, pressable=idle and look is not None)
        names = ", ".join(title_in_words(entry) for entry in missing)
        self._full.setToolTip(self.tr("Missing: {0}").format(names) if names and look is not None else "")

    def _full_state(
        self, missing: Sequence[ModelEntry], look: StoreLook | None, *, full_in_use: bool
    ) -> tuple[str, str]:
        if full_in_use:
            return self.tr("In use"), ""
        if look is None:
            return self.tr("Looking what is here…"), self.tr("Use")
        if not missing:
            return self.tr("Ready to use"), self.tr("Use")
        size = size_of_all((entry, look.states[entry.name]) for entry in missing)
        names = ", ".join(title_in_words(entry) for entry in missing)
        return self.tr("To be fetched: {0}").format(size or names), self.tr("Fetch and use")
