"""The row under the phones' cards: originals that no phone has any more, and the way to delete them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMessageBox, QPushButton, QSizePolicy, QWidget

from sketch_app.phone.states import LeftOriginals
from ui.phone_words import size


class LeftRow(QWidget):
    """Shows what it is told; hidden while there is nothing to tell."""

    delete_requested = Signal(object)
    """The contents, a frozenset: the person has confirmed it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._left: LeftOriginals | None = None
        self._text = QLabel()
        self._text.setProperty("role", "small")
        self._text.setWordWrap(True)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.button = QPushButton()
        self.button.setProperty("role", "flat")
        self.button.clicked.connect(self._ask)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._text, 1)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignVCenter)
        self.hide()

    def show_left(self, left: LeftOriginals | None, *, at_rest: bool) -> None:
        """Show these; `at_rest` says that no sync is in the way of deleting them."""
        self._left = left
        self.setVisible(left is not None)
        self.button.setEnabled(at_rest)
        self._say()

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102 - Qt's own
        if event.type() == QEvent.Type.LanguageChange:
            self._say()
        super().changeEvent(event)

    def _say(self) -> None:
        if self._left is None:
            return
        text = self.tr("%Ln original(s) ({0}) of photos that left the gallery", "", self._left.count)
        self._text.setText(text.format(size(self._left.size)))
        self.button.setText(self.tr("Delete…"))
        self.button.setAccessibleName(f"{self._text.text()}. {self.button.text()}")
        self.button.setToolTip(
            "" if self.button.isEnabled() else self.tr("Wait until no phone is being synced.")
        )

    @Slot()
    def _ask(self) -> None:
        left = self._left
        if left is None:
            return
        question = QMessageBox(self)
        question.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        question.setWindowTitle(self.tr("Delete originals"))
        asked = self.tr("Delete %Ln original(s), {0}?", "", left.count)
        question.setText(asked.format(size(left.size)))
        meaning = self.tr(
            "Their photos were deleted or changed on the phone, or lie in albums that are no longer ticked. "
            "These may be the only copies."
        )
        question.setInformativeText(f"{meaning}\n\n{left.folder}")
        question.setTextFormat(Qt.TextFormat.PlainText)
        # Qt would make it as narrow as its title.
        question.setStyleSheet("QLabel#qt_msgbox_informativelabel { min-width: 380px; }")
        delete = QPushButton(self.tr("Delete"), question)
        delete.setProperty("role", "danger")
        question.addButton(delete, QMessageBox.ButtonRole.DestructiveRole)
        question.setDefaultButton(question.addButton(self.tr("Keep"), QMessageBox.ButtonRole.RejectRole))
        delete.clicked.connect(lambda: self.delete_requested.emit(left.contents))
        question.open()
