"""What the sketch may be, as chips with their probabilities."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGraphicsOpacityEffect, QHBoxLayout, QLabel, QSizePolicy, QWidget

from sketch_app.protocols import SketchName
from ui.photo_tile import percent_text
from ui.theme import current_theme, theme_changed

MOST = 5
"""Chips shown at most."""
_LEAST_PROBABILITY = 0.02
_GAP = 6


class NamesBar(QWidget):
    """The likeliest name and its alternatives; the caption sentence is each chip's tooltip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[SketchName, ...] = ()
        self._caption: str | None = None
        self._chips = [QLabel(self) for _ in range(MOST)]
        self._opacity = QGraphicsOpacityEffect(self)
        self._opacity.setOpacity(0.4)
        self._opacity.setEnabled(False)
        self.setGraphicsEffect(self._opacity)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(_GAP)
        row.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)  # chips that do not fit are hidden
        for chip in self._chips:
            chip.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            row.addWidget(chip)
        row.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        theme_changed().connect(self._dress)
        self._dress()
        self._show()

    def set_names(self, names: Sequence[SketchName], caption: str | None = None) -> None:
        """Show the names, best first; `caption` is what the captioner said, None before it has spoken."""
        likely = [name for name in names if name.probability >= _LEAST_PROBABILITY]
        self._names, self._caption = tuple(likely[:MOST]) or tuple(names[:1]), caption
        self.set_stale(False)
        self._show()

    def clear(self) -> None:
        """Show no name; the bar keeps its height."""
        self.set_names(())

    def set_stale(self, stale: bool) -> None:
        """Dim the chips: the sketch has changed since."""
        self._opacity.setEnabled(stale)

    @property
    def texts(self) -> tuple[str, ...]:
        """What the visible chips say."""
        return tuple(chip.text() for chip in self._chips if not chip.isHidden())

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

    def _show(self) -> None:
        korean = self.tr("en", "The language of the names of things: en or ko") == "ko"
        for chip, name in zip(self._chips, self._names, strict=False):
            word = name.korean if korean else name.english
            chip.setText(f"{word} {percent_text(round(100 * name.probability))}")
            first = name is self._names[0]
            sentence = self._caption if first and self._caption else name.sentence
            chip.setToolTip(self.tr("Imagined as: “{0}”").format(sentence))
        self._hide_what_does_not_fit()
        words = ", ".join(chip.text() for chip in self._chips[: len(self._names)])
        self.setAccessibleName(self.tr("Your sketch may be: {0}").format(words) if words else "")

    def _hide_what_does_not_fit(self) -> None:
        room = self.width()
        for position, chip in enumerate(self._chips):
            room -= chip.sizeHint().width() + (_GAP if position else 0)
            # The first stays, cut off, even in the narrowest window.
            chip.setVisible(position < len(self._names) and (room >= 0 or position == 0))

    @Slot()
    def _dress(self) -> None:
        theme = current_theme()
        for chip in self._chips:
            first = chip is self._chips[0]
            ground, ink = (theme.accent_soft, theme.accent_text) if first else (theme.sunken, theme.muted)
            chip.setStyleSheet(
                f"background: {ground}; color: {ink}; border-radius: 12px; padding: 4px 11px;"
                f"font-weight: {600 if first else 400};"
            )
