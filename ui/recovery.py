"""The sketch of a crashed session: kept by a timer, offered at the next start."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from sketch_app.autosave import Autosave
from sketch_app.document import SketchDocument


class Recovery(QObject):
    """Drives the autosave while the window is open.

    Parameters
    ----------
    directory : Path
        Where the sessions' files are.
    say : callable
        Told once a sentence when the sketch can no longer be saved by itself.
    """

    def __init__(
        self,
        document: SketchDocument,
        directory: Path,
        *,
        say: Callable[[str], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._autosave = Autosave(document, directory)
        self._say = say
        self._said: str | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self._tick)

    def start(self) -> bool:
        """Begin to save, and put the sketch of a crashed session onto the canvas.

        Returns
        -------
        bool
            True when there was one; undo takes it away again.
        """
        found = self._autosave.recover()
        if found is not None and found.is_empty:
            self._autosave.discard_recovered()
            found = None
        if found is not None:
            self._autosave.accept_recovered()
        self._timer.start()
        return found is not None

    def close(self) -> None:
        """The session ends cleanly: nothing is offered the next time."""
        self._timer.stop()
        self._autosave.discard()

    def _tick(self) -> None:
        self._autosave.tick(time.monotonic())
        problem = self._autosave.problem
        if problem is not None and problem != self._said:
            self._say(problem)
        self._said = problem
