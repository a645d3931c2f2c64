"""The signals of the ranking in the window's words: their names, their meaning, what they said of a photo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from PySide6.QtCore import QCoreApplication, QLocale
from PySide6.QtGui import QColor

from sketch_app.fusion import FusionWeights, Signal
from sketch_app.model_sets import ModelSet
from ui.theme import current_theme

_BAR = 60
"""Logical pixels of a full bar in a tooltip."""


def percent_text(percent: int, locale: QLocale | None = None) -> str:
    """87 as "87%"."""
    locale = locale or QLocale()
    return f"{locale.toString(percent)}{locale.percent()}"


def signals_of(models: ModelSet) -> tuple[Signal, ...]:
    """The signals that a set of models can give, in the order in which people read them."""
    return tuple(
        signal
        for signal, exists in (
            (Signal.SKETCH, True),
            (Signal.CLASS, models.classes is not None),
            (Signal.GENERATED, models.generator is not None and models.imagined is not None),
            (Signal.PHOTO, True),
        )
        if exists
    )


def signal_name(signal: Signal) -> str:
    """Two words at most."""
    translate = QCoreApplication.translate
    return {
        Signal.SKETCH: translate("Signals", "Shape"),
        Signal.CLASS: translate("Signals", "Subject"),
        Signal.GENERATED: translate("Signals", "Imagined picture"),
        Signal.PHOTO: translate("Signals", "Likeness"),
    }[signal]


def signal_meaning(signal: Signal) -> str:
    """One sentence."""
    translate = QCoreApplication.translate
    return {
        Signal.SKETCH: translate("Signals", "How much the photo looks like your lines."),
        Signal.CLASS: translate("Signals", "Whether the photo shows what your sketch was named as."),
        Signal.GENERATED: translate("Signals", "How much the photo looks like the imagined picture."),
        Signal.PHOTO: translate("Signals", "How much the photo looks like those you marked."),
    }[signal]


def signal_table(said: Mapping[str, float], weights: FusionWeights | None, signals: Sequence[Signal]) -> str:
    """What each signal said of one photo, as an HTML table for a tooltip: name, bar, percentage.

    Parameters
    ----------
    said : mapping
        A `PhotoResult`'s signals.
    weights : FusionWeights, optional
        A signal without weight is faint, and said not to count.
    signals : sequence of Signal
        Those asked of; one that knows nothing of the photo has a dash.
    """
    theme = current_theme()
    full, ground = theme.colour("on_toast"), theme.colour("toast")
    quiet, track = _between(full, ground, 0.45), _between(full, ground, 0.78)
    rows = []
    for signal in signals:
        counts = weights is None or weights.of(signal) > 0
        value = said.get(signal.value)
        ink = full.name() if counts and value is not None else quiet
        percent = None if value is None else max(0, min(100, round(100 * value)))
        figure = "–" if percent is None else percent_text(percent)
        note = "" if counts else QCoreApplication.translate("Signals", "does not count")
        rows.append(
            f"<tr style='color:{ink}'><td>{escape(signal_name(signal))}&nbsp;&nbsp;</td>"
            f"<td valign='middle'>{_bar(percent, ink, track)}</td>"
            f"<td align='right'>&nbsp;&nbsp;{escape(figure)}</td>"
            f"<td>&nbsp;&nbsp;<i>{escape(note)}</i></td></tr>"
        )
    return f"<table cellspacing='0' cellpadding='1'>{''.join(rows)}</table>"


def signal_sentence(said: Mapping[str, float], signals: Sequence[Signal]) -> str:
    """The same in one line, for a screen reader."""
    return ", ".join(
        f"{signal_name(signal)} {percent_text(max(0, min(100, round(100 * said[signal.value]))))}"
        for signal in signals
        if signal.value in said
    )


def _bar(percent: int | None, ink: str, track: str) -> str:
    # Qt's rich text has no boxes: two cells of a table with a ground of their own stand for a bar.
    long = 0 if percent is None else round(_BAR * percent / 100)
    cells = [
        f"<td width='{width}' bgcolor='{colour}' style='font-size:5px'>&nbsp;</td>"
        for width, colour in ((long, ink), (_BAR - long, track))
        if width
    ]
    return f"<table cellspacing='0' cellpadding='0'><tr>{''.join(cells)}</tr></table>"


def _between(one: QColor, other: QColor, part: float) -> str:
    pairs = ((one.red(), other.red()), (one.green(), other.green()), (one.blue(), other.blue()))
    return QColor(*(round(a + part * (b - a)) for a, b in pairs)).name()
