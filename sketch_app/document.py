"""The drawing in progress: one sketch that changes, with undo, and listeners that are told. No window, no Qt.

How erasing cuts strokes is in `erasing`; what a hand's gestures do to the document is in `air_drawing`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np

from sketch_app.erasing import erase_disc
from sketch_app.sketch import FloatArray, Pen, Sketch, Stroke

Listener: TypeAlias = Callable[[], None]
Unsubscribe: TypeAlias = Callable[[], None]

_SWEEP_STEP: Final = 0.25
"""Between two erase positions discs are laid this fraction of the radius apart: the scallops left between
them are less than 1 % of the radius."""


class SketchDocument:
    """A sketch being drawn: the live stroke, the erasing, undo and redo without limit.

    Thread: all methods are for one thread, the window's. Listeners are called synchronously in that thread,
    after the change, in the order in which they subscribed. The `sketch` read from it is immutable and may be
    handed to any thread.

    Parameters
    ----------
    sketch : Sketch, optional
        What to begin with; cannot be undone.
    """

    def __init__(self, sketch: Sketch | None = None) -> None:
        self._sketch = sketch if sketch is not None else Sketch()
        self._undo: list[Sketch] = []
        self._redo: list[Sketch] = []
        self._before_erase: Sketch | None = None
        self._erased_at: tuple[float, float, float] | None = None
        self._live: _LiveStroke | None = None
        self._live_serial = 0
        self._clock_origin: float | None = None
        self._revision = 0
        self._changed: list[Listener] = []
        self._sketch_changed: list[Listener] = []
        self._stroke_finished: list[Listener] = []

    # What is there

    @property
    def sketch(self) -> Sketch:
        """The finished strokes. While erasing, already without what was erased."""
        return self._sketch

    @property
    def live_stroke(self) -> Stroke | None:
        """The stroke being drawn, not yet part of `sketch`; renderers draw it on top."""
        return self._live.stroke if self._live is not None else None

    @property
    def live_serial(self) -> int:
        """Grows at every `begin_stroke`; tells whoever draws whether the live stroke is still theirs."""
        return self._live_serial

    @property
    def is_drawing(self) -> bool:
        """True between `begin_stroke` and the stroke's end."""
        return self._live is not None

    @property
    def is_erasing(self) -> bool:
        """True between `begin_erase` and `end_erase`."""
        return self._before_erase is not None

    @property
    def revision(self) -> int:
        """Grows at every visible change, the live stroke's included."""
        return self._revision

    @property
    def can_undo(self) -> bool:
        """True when `undo` would do something."""
        return bool(self._undo) or self.is_drawing or self._has_erased

    @property
    def can_redo(self) -> bool:
        """True when `redo` would do something."""
        return bool(self._redo) and not self.is_drawing and not self._has_erased

    # Who is told

    def changed(self, listener: Listener) -> Unsubscribe:
        """Call `listener` after every visible change; calling the result ends that."""
        return _subscribe(self._changed, listener)

    def sketch_changed(self, listener: Listener) -> Unsubscribe:
        """Call `listener` when a step is done: stroke finished, erasing ended, clear, undo, redo, replace."""
        return _subscribe(self._sketch_changed, listener)

    def stroke_finished(self, listener: Listener) -> Unsubscribe:
        """Call `listener` when a drawn stroke has become part of the sketch (after `sketch_changed`)."""
        return _subscribe(self._stroke_finished, listener)

    # Drawing

    def begin_stroke(self, pen: Pen, width: float, x: float, y: float, t: float) -> None:
        """Touch the canvas. A stroke or an erasing still in progress is finished first.

        Parameters
        ----------
        pen : Pen
            Colour.
        width : float
            Canvas pixels.
        x, y : float
            Canvas pixels.
        t : float
            Seconds on any steady clock; only differences count.

        Raises
        ------
        ValueError
            A number is not finite, or the width is not above 0.
        """
        _require_finite(x, y, t)
        if not 0 < width < math.inf:
            raise ValueError(f"a stroke's width must be above 0, not {width}")
        self._finish_gesture()
        if self._clock_origin is None or t - self._clock_origin < self._sketch.duration:
            self._clock_origin = t - self._sketch.duration
        self._live = _LiveStroke(pen, width)
        self._live_serial += 1
        self._live.append(x, y, t - self._clock_origin)
        self._notify_changed()

    def extend_stroke(self, x: float, y: float, t: float) -> None:
        """Draw on to a point, in the units of `begin_stroke`. Ignored when no stroke is live."""
        _require_finite(x, y, t)
        if self._live is None or self._clock_origin is None:
            return
        self._live.append(x, y, t - self._clock_origin)
        self._notify_changed()

    def withdraw_points(self, count: int) -> None:
        """Take back the newest points of the live stroke; its first point always stays."""
        if self._live is not None and self._live.drop_last(count):
            self._notify_changed()

    def end_stroke(self) -> None:
        """Lift the pen: the live stroke joins the sketch, as one undo step."""
        if self._live is None:
            return
        stroke = self._live.stroke
        self._live = None
        self._step_to(self._sketch.with_stroke(stroke))
        _notify(self._stroke_finished)

    def cancel_stroke(self) -> None:
        """Forget the live stroke as if it had never begun."""
        if self._live is not None:
            self._live = None
            self._notify_changed()

    # Erasing

    def begin_erase(self) -> None:
        """Begin an erase gesture; everything until `end_erase` is one undo step."""
        if self.is_erasing:
            return
        self._finish_gesture()
        self._before_erase = self._sketch
        self._erased_at = None

    def erase_at(self, x: float, y: float, radius: float) -> None:
        """Erase along the straight way from the gesture's last position to this one.

        Parameters
        ----------
        x, y, radius : float
            The disc in canvas pixels. Ignored outside an erase gesture.
        """
        _require_finite(x, y, radius)
        if not self.is_erasing:
            return
        from_x, from_y, from_radius = self._erased_at or (x, y, radius)
        distance = math.hypot(x - from_x, y - from_y)
        steps = max(1, math.ceil(distance / max(_SWEEP_STEP * min(radius, from_radius), 1.0)))
        sketch = self._sketch
        for step in range(1, steps + 1):
            share = step / steps
            sketch = erase_disc(
                sketch,
                from_x + share * (x - from_x),
                from_y + share * (y - from_y),
                from_radius + share * (radius - from_radius),
            )
        self._erased_at = (x, y, radius)
        if sketch is not self._sketch:
            self._sketch = sketch
            self._notify_changed()

    def end_erase(self) -> None:
        """End the erase gesture. One that hit nothing leaves no undo step."""
        before, self._before_erase = self._before_erase, None
        self._erased_at = None
        if before is not None and before is not self._sketch:
            self._undo.append(before)
            self._redo.clear()
            _notify(self._changed)
            _notify(self._sketch_changed)

    # Whole steps

    def clear(self) -> None:
        """Take everything away; undo brings it back. An empty sketch stays as it is."""
        self._finish_gesture()
        if not self._sketch.is_empty:
            self._clock_origin = None
            self._step_to(self._sketch.with_strokes(()))

    def replace(self, sketch: Sketch) -> None:
        """Show another sketch, one that was loaded for example; undo brings back the former."""
        self._finish_gesture()
        self._clock_origin = None
        self._step_to(sketch)

    def undo(self) -> None:
        """Go back one step. A stroke or an erasing in progress is finished and is the step undone."""
        self._finish_gesture()
        if self._undo:
            self._redo.append(self._sketch)
            self._show(self._undo.pop())

    def redo(self) -> None:
        """Go forward again after `undo`, until something new is drawn."""
        self._finish_gesture()
        if self._redo:
            self._undo.append(self._sketch)
            self._show(self._redo.pop())

    # Inner workings

    @property
    def _has_erased(self) -> bool:
        return self._before_erase is not None and self._before_erase is not self._sketch

    def _finish_gesture(self) -> None:
        self.end_stroke()
        self.end_erase()

    def _step_to(self, sketch: Sketch) -> None:
        self._undo.append(self._sketch)
        self._redo.clear()
        self._show(sketch)

    def _show(self, sketch: Sketch) -> None:
        self._sketch = sketch
        self._notify_changed()
        _notify(self._sketch_changed)

    def _notify_changed(self) -> None:
        self._revision += 1
        _notify(self._changed)


class _LiveStroke:
    """The growing points of a stroke, appended in constant time."""

    def __init__(self, pen: Pen, width: float) -> None:
        self._pen = pen
        self._width = width
        self._rows: FloatArray = np.empty((64, 3), dtype=np.float32)  # x, y, time
        self._count = 0
        self._stroke: Stroke | None = None

    def append(self, x: float, y: float, time: float) -> None:
        if self._count == len(self._rows):
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
        if self._count:
            # Two clocks, or a clock set back, must not make a stroke run backwards in time.
            time = max(time, float(self._rows[self._count - 1, 2]))
        self._rows[self._count] = (x, y, time)
        self._count += 1
        self._stroke = None

    def drop_last(self, count: int) -> bool:
        kept = max(1, self._count - max(0, count))
        dropped = kept < self._count
        if dropped:
            self._count = kept
            self._stroke = None
        return dropped

    @property
    def stroke(self) -> Stroke:
        if self._stroke is None:
            rows = self._rows[: self._count]
            self._stroke = Stroke(rows[:, :2], rows[:, 2], self._pen, self._width)
        return self._stroke


def _subscribe(listeners: list[Listener], listener: Listener) -> Unsubscribe:
    listeners.append(listener)

    def unsubscribe() -> None:
        if listener in listeners:
            listeners.remove(listener)

    return unsubscribe


def _notify(listeners: list[Listener]) -> None:
    for listener in tuple(listeners):
        listener()


def _require_finite(*numbers: float) -> None:
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"a position must be finite, not {numbers}")
