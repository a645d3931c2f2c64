"""Which tool is in hand, for mouse, touch and tablet; the hand in the air shares the pen."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from sketch_app.sketch import DEFAULT_WIDTH, Pen


class Tools(QObject):
    """The pen's colour and width, and whether the eraser is taken instead."""

    changed = Signal()

    eraser_radius = 22.0
    """Canvas pixels, of the eraser under mouse, touch or tablet."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pen = Pen.BLACK
        self._erasing = False
        self.width = DEFAULT_WIDTH

    @property
    def pen(self) -> Pen:
        """The pen last taken, also while the eraser is in hand."""
        return self._pen

    @property
    def erasing(self) -> bool:
        """True with the eraser in hand."""
        return self._erasing

    def take_pen(self, pen: Pen) -> None:
        """Take a pen and put the eraser down."""
        self._set(pen, False)

    def follow_pen(self, pen: Pen) -> None:
        """The hand in the air took a pen."""
        if pen is not self._pen:
            self._set(pen, False)

    def take_eraser(self, taken: bool = True) -> None:
        """Take the eraser, or put it down for the last pen."""
        self._set(self._pen, taken)

    def _set(self, pen: Pen, erasing: bool) -> None:
        if (pen, erasing) != (self._pen, self._erasing):
            self._pen, self._erasing = pen, erasing
            self.changed.emit()
