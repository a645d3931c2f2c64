"""What stands where there is nothing to show yet: an icon, one sentence and what to do."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget


class EmptyState(QWidget):
    """An icon, one sentence and, where something can be done, one button."""

    action = Signal()
    """The button was pressed."""

    def __init__(self, icon: str = "", sentence: str = "", action: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)

    def show_message(self, icon: str, sentence: str, action: str = "") -> None:
        """Replace all three; no button for an empty `action`."""
