"""One model as a row: what it is for, its size and terms, whether it is here, and what can be done."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from sketch_app.model_store import EntryState, ModelEntry
from ui.model_words import meaning_in_words, role_in_words, size_in_words, state_in_words, title_in_words
from ui.theme import current_theme, icon_pixmap, theme_changed

_MARKS = {"complete": ("check", "success"), "damaged": ("warning", "warning")}


class ModelRow(QWidget):
    """Shows what it is told; the owner runs the work that the signals ask for. All carry the model's name."""

    fetch_requested = Signal(str)
    check_requested = Signal(str)
    remove_requested = Signal(str)

    def __init__(self, entry: ModelEntry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entry = entry
        self._state: EntryState | None = None
        self._title, self._about, self._mark, self._here = QLabel(), QLabel(), QLabel(), QLabel()
        self._title.setStyleSheet("font-weight: 600;")
        self._here.setProperty("role", "small")
        self._about.setProperty("role", "small")
        self._about.setWordWrap(True)
        self._about.setOpenExternalLinks(True)
        self._about.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self._about.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._fetch, self._check, self._remove = QPushButton(), QPushButton(), QPushButton()
        for button, signal in (
            (self._fetch, self.fetch_requested),
            (self._check, self.check_requested),
            (self._remove, self.remove_requested),
        ):
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, signal=signal: signal.emit(self.entry.name))
        for button in (self._check, self._remove):
            button.setProperty("role", "flat")
        self._lay_out()
        theme_changed().connect(self._dress)
        self._dress()

    def _lay_out(self) -> None:
        lines = QVBoxLayout()
        lines.setSpacing(2)
        lines.addWidget(self._title)
        lines.addWidget(self._about)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 8)
        row.setSpacing(6)
        row.addLayout(lines, 1)
        row.addSpacing(8)
        for part in (self._mark, self._here, self._check, self._remove, self._fetch):
            row.addWidget(part)

    @property
    def focus_chain(self) -> tuple[QWidget, ...]:
        """What the Tab key visits, in its order."""
        return self._about, self._check, self._remove, self._fetch

    def show_state(self, state: EntryState | None, *, idle: bool, removable: bool) -> None:
        """Say whether the model is here.

        Parameters
        ----------
        state : EntryState, optional
            None: not known yet.
        idle : bool
            Whether something can be begun.
        removable : bool
            False while the models in use need it.
        """
        self._state = state
        entry, title = self.entry, title_in_words(self.entry)
        self._title.setText(title)
        self._paint()
        status = state.status if state is not None else "absent"
        self._here.setText(state_in_words(state) if state is not None else "")
        self._fetch.setText(self.tr("Continue") if status == "partial" else self.tr("Fetch"))
        self._check.setText(self.tr("Check"))
        self._check.setToolTip(self.tr("Read every file again and see that it is still what came."))
        self._remove.setText(self.tr("Remove"))
        tip = "" if removable else self.tr("The full models are in use. Use the built-in ones first.")
        self._remove.setToolTip(tip)
        self._fetch.setVisible(status != "complete" and not entry.is_own)
        self._check.setVisible(status == "complete")
        self._remove.setVisible(status != "absent")
        self._fetch.setEnabled(idle and state is not None)
        self._check.setEnabled(idle)
        self._remove.setEnabled(idle and removable)
        for button in (self._fetch, self._check, self._remove):
            button.setAccessibleName(f"{button.text()}: {title}")
        self._about.setToolTip(f"{entry.licence.name}: {meaning_in_words(entry.licence)}")

    @Slot()
    def _dress(self) -> None:
        faded = f"QPushButton:disabled {{ color: {current_theme().strong_border}; }}"
        for button in (self._check, self._remove):
            button.setStyleSheet(faded)  # the style sheet knows no disabled flat button
        self._paint()

    def _paint(self) -> None:
        status = self._state.status if self._state is not None else "absent"
        icon, colour = _MARKS.get(status, ("", ""))
        self._mark.setVisible(bool(icon))
        if icon:
            self._mark.setPixmap(icon_pixmap(icon, 16, colour, self.devicePixelRatioF()))
        licence, theme = self.entry.licence, current_theme()
        # The link's colour is part of the words: a palette's link does not follow a style sheet.
        link = (
            f'<a href="{escape(licence.link)}" style="color: {theme.accent_text};">{escape(licence.name)}</a>'
        )
        parts = [escape(role_in_words(self.entry))]
        if self._state is not None:
            parts.append(escape(size_in_words(self.entry, self._state)))
        parts.append(link)
        if licence.non_commercial:
            warned = escape(self.tr("commercial use restricted"))
            parts.append(f'<span style="color: {theme.warning};">{warned}</span>')
        self._about.setText(" · ".join(parts))
