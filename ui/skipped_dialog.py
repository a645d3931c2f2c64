"""The files that could not be read as photos, grouped by the reason why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ui.reasons import reason_in_words

if TYPE_CHECKING:
    from index.records import SkippedFile


class SkippedDialog(QDialog):
    """Each reason once, with its files below it."""

    def __init__(self, skipped: Sequence[SkippedFile], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._skipped = tuple(skipped)
        self.setWindowTitle(self.tr("Files that could not be read"))
        words = QLabel(
            self.tr(
                "These files are not searched. They were left as they are, "
                "and are tried again when they change."
            )
        )
        words.setWordWrap(True)
        words.setProperty("role", "muted")
        self.tree = QTreeWidget()
        self.tree.setHeaderHidden(True)
        self.tree.setUniformRowHeights(True)
        self.tree.setColumnCount(1)
        self.tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.tree.setAccessibleName(self.windowTitle())
        self.tree.setStyleSheet("QTreeView::item { padding: 3px 0; }")
        self._fill()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.button(QDialogButtonBox.StandardButton.Close).setText(self.tr("Close"))
        copy = QPushButton(self.tr("Copy the list"))
        copy.setAutoDefault(False)
        copy.clicked.connect(self.copy_all)
        buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        QShortcut(QKeySequence.StandardKey.Copy, self, self.copy_all)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        column.addWidget(words)
        column.addWidget(self.tree, 1)
        column.addWidget(buttons)
        self.resize(620, 440)

    @Slot()
    def copy_all(self) -> None:
        """Put the list on the clipboard: one file a line, a tab, its reason."""
        lines = (f"{skipped.display}\t{reason_in_words(skipped.reason)}" for skipped in self._skipped)
        QGuiApplication.clipboard().setText("\n".join(lines))

    def _fill(self) -> None:
        by_reason: dict[str, list[SkippedFile]] = {}
        for skipped in self._skipped:
            by_reason.setdefault(reason_in_words(skipped.reason), []).append(skipped)
        for reason, files in sorted(by_reason.items(), key=lambda item: -len(item[1])):
            group = QTreeWidgetItem(self.tree, [self._heading(reason, len(files))])
            font = group.font(0)
            font.setBold(True)
            group.setFont(0, font)
            for skipped in files:
                item = QTreeWidgetItem(group, [skipped.display])
                item.setToolTip(0, skipped.display)
            group.setExpanded(len(by_reason) <= 6)

    def _heading(self, reason: str, count: int) -> str:
        return self.tr("{0} (%n file(s))", "", count).format(reason)
