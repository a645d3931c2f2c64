"""Drawing and erasing with mouse, touch or tablet pen: one pointer at a time, on the shared document."""

from __future__ import annotations

import time

from sketch_app.document import SketchDocument
from ui.tools import Tools


class PointerDrawing:
    """Turns down, move and up into strokes or an erase gesture, in canvas pixels."""

    def __init__(self, document: SketchDocument, tools: Tools) -> None:
        self._document = document
        self._tools = tools
        self._serial: int | None = None
        self._erasing = False

    @property
    def is_down(self) -> bool:
        """True between `down` and `up`."""
        return self._erasing or self._serial is not None

    @property
    def is_erasing(self) -> bool:
        """True while the pointer erases."""
        return self._erasing

    def down(self, x: float, y: float, *, erase: bool) -> None:
        """Touch the canvas."""
        self.up()
        if erase:
            self._erasing = True
            self._document.begin_erase()
            self._document.erase_at(x, y, self._tools.eraser_radius)
        else:
            self._document.begin_stroke(self._tools.pen, self._tools.width, x, y, time.monotonic())
            self._serial = self._document.live_serial

    def move(self, x: float, y: float) -> None:
        """Draw or erase on; ignored once the document has ended the gesture (clear, undo, the other hand)."""
        if self._erasing:
            if self._document.is_erasing:
                self._document.erase_at(x, y, self._tools.eraser_radius)
        elif self._owns_stroke:
            self._document.extend_stroke(x, y, time.monotonic())

    def up(self) -> None:
        """Lift the pointer."""
        if self._erasing:
            self._erasing = False
            self._document.end_erase()
        elif self._owns_stroke:
            self._document.end_stroke()
        self._serial = None

    def cancel(self) -> None:
        """Take the gesture back: it was something else."""
        if self._owns_stroke:
            self._document.cancel_stroke()
        self._serial = None
        self.up()

    @property
    def _owns_stroke(self) -> bool:
        return (
            self._serial is not None
            and self._document.is_drawing
            and self._document.live_serial == self._serial
        )
