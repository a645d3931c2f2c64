"""The terms of models, shown before anything of them is fetched: name, meaning in one sentence, link."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from sketch_app.model_store import Licence, ModelEntry
from ui.model_words import meaning_in_words, title_in_words
from ui.theme import current_theme, icon_pixmap


class LicenceDialog(QDialog):
    """Asks once for all models of a fetch; `accepted` says that the person agrees to every one of the terms.

    Parameters
    ----------
    entries : sequence of ModelEntry
        The models whose terms were not accepted before.
    """

    def __init__(self, entries: Sequence[ModelEntry], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Terms of use"))
        heading = QLabel(self.tr("Before anything is fetched"))
        heading.setProperty("role", "heading")
        words = QLabel(self.tr("These models were made by others and come with their own terms."))
        words.setProperty("role", "muted")
        words.setWordWrap(True)
        self._terms = QVBoxLayout()
        self._terms.setContentsMargins(0, 0, 0, 0)
        self._terms.setSpacing(10)
        for licence, models in _by_licence(entries):
            self._terms.addWidget(self._card(licence, models))
        self._terms.addStretch(1)
        inside = QWidget()
        inside.setLayout(self._terms)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inside)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 22, 24, 18)
        column.setSpacing(10)
        column.addWidget(heading)
        column.addWidget(words)
        column.addWidget(scroll, 1)
        column.addWidget(self._make_buttons())
        self.setMinimumWidth(440)
        wanted = inside.heightForWidth(492) if inside.hasHeightForWidth() else inside.sizeHint().height()
        available = parent.window().height() - 60 if parent is not None else 640
        self.resize(540, max(320, min(available, wanted + 150)))

    def _make_buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox()
        accept = QPushButton(self.tr("Accept and fetch"))
        accept.setProperty("role", "primary")
        accept.setAutoDefault(False)  # nobody agrees by a stray Enter
        refuse = QPushButton(self.tr("Not now"))
        refuse.setDefault(False)
        refuse.setAutoDefault(False)
        buttons.addButton(accept, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(refuse, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        refuse.setFocus()
        return buttons

    def _card(self, licence: Licence, entries: Sequence[ModelEntry]) -> QFrame:
        theme = current_theme()
        card = QFrame()
        card.setProperty("role", "card")
        column = QVBoxLayout(card)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(4)
        of = QLabel(", ".join(title_in_words(entry) for entry in entries))
        of.setStyleSheet("font-weight: 600;")
        of.setWordWrap(True)
        column.addWidget(of)
        if licence.non_commercial:
            column.addLayout(self._warning())
        meaning = QLabel(meaning_in_words(licence))
        meaning.setWordWrap(True)
        column.addWidget(meaning)
        name, href = escape(licence.name), escape(licence.link)
        link = QLabel(f'<a href="{href}" style="color: {theme.accent_text};">{name}</a>')
        link.setOpenExternalLinks(True)
        link.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        link.setToolTip(licence.link)
        link.setAccessibleName(self.tr("Read the terms: {0}").format(licence.name))
        column.addWidget(link)
        return card

    def _warning(self) -> QHBoxLayout:
        mark, words = QLabel(), QLabel(self.tr("Commercial use is restricted"))
        mark.setPixmap(icon_pixmap("warning", 16, "warning", self.devicePixelRatioF()))
        words.setStyleSheet(f"color: {current_theme().warning}; font-weight: 500;")
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(mark)
        row.addWidget(words, 1)
        return row


def _by_licence(entries: Sequence[ModelEntry]) -> list[tuple[Licence, list[ModelEntry]]]:
    """Each of the terms once, those that forbid most first."""
    grouped: dict[Licence, list[ModelEntry]] = {}
    for entry in entries:
        grouped.setdefault(entry.licence, []).append(entry)
    return sorted(grouped.items(), key=lambda item: not item[0].non_commercial)
