"""What the sketch may be, as chips with their probabilities."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from sketch_app.protocols import SketchName


class NamesBar(QWidget):
    """The likeliest name and its alternatives; the caption sentence is each chip's tooltip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)

    def set_names(self, names: Sequence[SketchName], caption: str | None = None) -> None:
        """Show the names, best first; `caption` is what the captioner said, None before it has spoken."""

    def clear(self) -> None:
        """Show no name; the bar keeps its height."""

    def set_stale(self, stale: bool) -> None:
        """Dim the chips: the sketch has changed since."""
