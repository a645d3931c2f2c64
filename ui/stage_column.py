"""The left side of the window: notice, stage and names, close together whatever the window's shape."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui.canvas import StageWidget


class StageColumn(QWidget):
    """Keeps the stage no higher than its picture, so that the names stand right below it."""

    def __init__(self, notice: QWidget, stage: StageWidget, names: QWidget) -> None:
        super().__init__()
        self._stage = stage
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 6, 0)
        column.setSpacing(10)
        column.addWidget(notice)
        column.addWidget(stage, 1000)
        column.addWidget(names)
        column.addStretch(1)
        stage.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the stage's width."""
        if event.type() == QEvent.Type.Resize and watched is self._stage:
            width, height = self._stage.picture_shape
            self._stage.setMaximumHeight(
                max(self._stage.minimumHeight(), round(self._stage.width() * height / width))
            )
        return False
