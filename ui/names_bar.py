"""What the sketch may be, as chips with their probabilities; one can be chosen, or other words typed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QGraphicsOpacityEffect, QHBoxLayout, QLineEdit, QSizePolicy, QWidget

from sketch_app.protocols import SketchName
from ui.chip import Chip
from ui.signal_words import percent_text

MOST = 5
"""Names shown at most."""
LONGEST = 120
"""Letters of a person's own words."""
_LEAST_PROBABILITY = 0.02
_GAP = 6
_WIDEST_FIELD = 320


def word_of(name: SketchName) -> str:
    """A name in the language of the window."""
    language = QCoreApplication.translate("NamesBar", "en", "The language of the names of things: en or ko")
    return name.korean if language == "ko" else name.english


def localised(words: str, names: Sequence[SketchName]) -> str:
    """A person's choice in the language of the window, where it is one of the names."""
    return next((word_of(name) for name in names if _same(name, words)), words)


def _same(name: SketchName, words: str) -> bool:
    return name.english.casefold() == words.casefold()


class NamesBar(QWidget):
    """The likeliest name and its alternatives; the caption sentence is each chip's tooltip."""

    caption_chosen = Signal(str)
    """What the person says the sketch shows; "" when they let go of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[SketchName, ...] = ()
        self._caption: str | None = None
        self._chosen = ""
        self._own, self._own_shown = Chip(self), False
        self._chips = [Chip(self) for _ in range(MOST)]
        self._pencil = Chip(self, icon="pen")
        self._field = QLineEdit(self)
        self._field.setMaxLength(LONGEST)
        self._field.setStyleSheet("QLineEdit, QLineEdit:focus { padding: 0px 9px; min-height: 0px; }")
        self._field.hide()
        self._opacity = QGraphicsOpacityEffect(self)
        self._opacity.setOpacity(0.4)
        self._opacity.setEnabled(False)
        self.setGraphicsEffect(self._opacity)
        self._lay_out()
        self._own.clicked.connect(partial(self._choose, ""))
        for number, chip in enumerate(self._chips):
            chip.clicked.connect(partial(self._press, number))
        self._pencil.clicked.connect(self.edit)
        self._field.returnPressed.connect(self._take_words)
        self._field.installEventFilter(self)
        self._show()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(_GAP)
        row.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)  # chips that do not fit are hidden
        for chip in (self._own, *self._chips, self._pencil):
            row.addWidget(chip)
        row.addWidget(self._field, 100)
        row.addStretch(1)
        self._field.setMaximumWidth(_WIDEST_FIELD)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._field.setFixedHeight(self.sizeHint().height())

    def set_names(
        self, names: Sequence[SketchName], caption: str | None = None, chosen: str | None = None
    ) -> None:
        """Show the names, best first.

        Parameters
        ----------
        caption : str, optional
            The sentence in force; None before the captioner has spoken.
        chosen : str, optional
            What the person says the sketch shows: one of the names' English words or any other words.
        """
        likely = [name for name in names if name.probability >= _LEAST_PROBABILITY]
        self._names, self._caption = tuple(likely[:MOST]) or tuple(names[:1]), caption
        self._chosen = chosen or ""
        self.set_stale(False)
        self._show()

    def clear(self, chosen: str | None = None) -> None:
        """Show no name (but what the person says it is); the bar keeps its height."""
        if not chosen:
            self._stop_editing()
        self.set_names((), chosen=chosen)

    def set_stale(self, stale: bool) -> None:
        """Dim the chips: the sketch has changed since."""
        self._opacity.setEnabled(stale and not self.is_editing)

    def edit(self) -> None:
        """Let the person type what the sketch shows: Enter searches for it, Esc gives up."""
        first = self._names[0].english if self._names else ""
        self._field.setText(localised(self._chosen or first, self._names))
        self._field.show()
        self.set_stale(False)
        self._hide_what_does_not_fit()
        self._field.selectAll()
        self._field.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def is_editing(self) -> bool:
        """Whether the person is typing."""
        return not self._field.isHidden()

    @property
    def texts(self) -> tuple[str, ...]:
        """What the visible chips say."""
        return tuple(chip.text() for chip in (self._own, *self._chips) if not chip.isHidden())

    @property
    def chosen(self) -> str:
        """What the person says the sketch shows, "" where they left it to the models."""
        return self._chosen

    def sizeHint(self) -> QSize:  # noqa: D102 - Qt's own
        return QSize(320, self.fontMetrics().height() + 14)

    def minimumSizeHint(self) -> QSize:  # noqa: D102 - Qt's own
        return QSize(80, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102 - Qt's own
        super().resizeEvent(event)
        self._hide_what_does_not_fit()

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102 - Qt's own
        if event.type() == QEvent.Type.LanguageChange:
            self._show()
        super().changeEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102 - Qt's own
        if watched is self._field and self.is_editing:
            escape = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
            if escape and event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if escape and event.type() == QEvent.Type.KeyPress:
                self._stop_editing()
                return True
            # Not when the field's own menu comes up, nor when the person looks something up elsewhere.
            popup = isinstance(event, QFocusEvent) and event.reason() == Qt.FocusReason.PopupFocusReason
            if event.type() == QEvent.Type.FocusOut and self.isActiveWindow() and not popup:
                self._stop_editing()
        return super().eventFilter(watched, event)

    def _press(self, number: int) -> None:
        name = self._names[number]
        self._choose("" if _same(name, self._chosen) else name.english)

    def _choose(self, words: str) -> None:
        self._chosen = words
        self._show()
        self.caption_chosen.emit(words)

    def _take_words(self) -> None:
        words = " ".join(self._field.text().split())
        named = next((n.english for n in self._names if words in (n.english, n.korean)), words)
        self._stop_editing()
        if named != self._chosen:
            self._choose(named)

    def _stop_editing(self) -> None:
        if not self.is_editing:
            return
        had_focus = self._field.hasFocus()
        self._field.hide()
        self._hide_what_does_not_fit()
        if had_focus and not self._pencil.isHidden():
            self._pencil.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show(self) -> None:
        named = False
        for chip, name in zip(self._chips, self._names, strict=False):
            word, chosen = word_of(name), bool(self._chosen) and _same(name, self._chosen)
            first, named = name is self._names[0], named or chosen
            chip.say(
                f"{word} {percent_text(round(100 * name.probability))}",
                first=first and not self._chosen,
                chosen=chosen,
            )
            sentence = self._caption if first and self._caption and not self._chosen else name.sentence
            chip.setToolTip(self._tooltip(word, chosen=chosen, sentence=sentence))
            chip.setAccessibleName(chip.text())
            chip.setAccessibleDescription(self._pressing(word, chosen=chosen))
        self._own_shown = bool(self._chosen) and not named
        self._own.say(self._chosen, chosen=True)
        self._own.setToolTip(self._tooltip(self._chosen, chosen=True, sentence=self._caption or ""))
        self._own.setAccessibleName(self._chosen)
        self._own.setAccessibleDescription(self._pressing(self._chosen, chosen=True))
        self._pencil.setToolTip(self.tr("Say in your own words what it is"))
        self._pencil.setAccessibleName(self._pencil.toolTip())
        self._field.setPlaceholderText(self.tr("What is it?"))
        self._field.setAccessibleName(self._pencil.toolTip())
        self._hide_what_does_not_fit()
        words = ", ".join(chip.text() for chip in self._chips[: len(self._names)])
        self.setAccessibleName(self.tr("Your sketch may be: {0}").format(words) if words else "")

    def _pressing(self, word: str, *, chosen: bool) -> str:
        text = self.tr("Chosen. Press to leave “{0}”.") if chosen else self.tr("Press to search for “{0}”.")
        return text.format(word)

    def _tooltip(self, word: str, *, chosen: bool, sentence: str) -> str:
        lines = [self._pressing(word, chosen=chosen)]
        if sentence:
            lines.append(self.tr("Imagined as: “{0}”").format(sentence))
        return "\n".join(lines)

    def _hide_what_does_not_fit(self) -> None:
        something = bool(self._names or self._chosen)
        self._pencil.setVisible(something and not self.is_editing)
        wanted = [self._own] if self._own_shown else []
        wanted += self._chips[: len(self._names)]
        # The first and the chosen one stay, cut off, even in the narrowest window.
        kept = {chip for chip in wanted if chip is wanted[0] or chip.isChecked()}
        room = self.width() - self._pencil.sizeHint().width()
        room -= sum(chip.sizeHint().width() + _GAP for chip in kept)
        full = False
        for chip in (self._own, *self._chips):
            shown = chip in wanted and not self.is_editing
            if shown and chip not in kept:
                room -= chip.sizeHint().width() + _GAP
                full = full or room < 0
                shown = not full
            chip.setVisible(shown)
