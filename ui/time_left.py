"""The rest of a long piece of work in round words, as every bar of the window says it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def time_left(seconds: float | None) -> str:
    """“about 3 min left”; empty while nobody knows."""
    translate = QCoreApplication.translate
    if seconds is None:
        return ""
    if seconds < 50:
        return translate("TimeLeft", "less than a minute left")
    if seconds < 5400:
        return translate("TimeLeft", "about {0} min left").format(max(1, round(seconds / 60)))
    return translate("TimeLeft", "about {0} h left").format(round(seconds / 3600))
