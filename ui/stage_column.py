"""The left side of the window: notice, stage, names and what is imagined; and how wide that side is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from ui.canvas import StageWidget

_SPACING = 10
_MARGINS = (16, 14, 6, 0)
_LEAST_SIDE = 348
"""Logical pixels that the photos keep: two of them beside each other."""


class StageColumn(QWidget):
    """The stage takes all the height that notice, names and the imagination leave."""

    def __init__(self, notice: QWidget, stage: StageWidget, names: QWidget, imagined: QWidget) -> None:
        super().__init__()
        self._stage, self._names, self._imagined = stage, names, imagined
        column = QVBoxLayout(self)
        column.setContentsMargins(*_MARGINS)
        column.setSpacing(_SPACING)
        column.addWidget(notice)
        column.addWidget(stage, 1)
        column.addWidget(names)
        column.addWidget(imagined)

    def width_for(self, height: int) -> int:
        """The width at which the picture fills the stage of a column of this height (without a notice)."""
        left, top, right, bottom = _MARGINS
        across, down = self._stage.picture_shape
        room = height - top - bottom - _SPACING - self._names.sizeHint().height()
        if not self._imagined.isHidden():
            room -= _SPACING + self._imagined.height()
        return left + right + round(room * across / down)


class StageSplitter(QSplitter):
    """Stage and photos side by side, the stage as wide as its picture is until a person moves the border."""

    def __init__(self, column: StageColumn, side: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._column = column
        self._moved = False
        self.setChildrenCollapsible(False)
        self.setHandleWidth(8)
        self.addWidget(column)
        self.addWidget(side)
        self.setStretchFactor(0, 3)
        self.setStretchFactor(1, 2)
        self.splitterMoved.connect(self._border_moved)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the stage's side anew."""
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """Make the stage as wide as its picture; where a person has moved the border it stays."""
        if not self._moved:
            room = self.width() - self.handleWidth()
            stage = min(self._column.width_for(self.height()), room - _LEAST_SIDE)
            self.setSizes([stage, room - stage])

    def _border_moved(self) -> None:
        self._moved = True
