"""Days in few characters, as the person's locale writes them."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QDate, QLocale


def short_date(taken_at: datetime, locale: QLocale | None = None) -> str:
    """The day in the locale's short form, with all four digits of the year."""
    locale = locale or QLocale()
    form = locale.dateFormat(QLocale.FormatType.ShortFormat)
    if "yyyy" not in form:
        form = form.replace("yy", "yyyy")
    return locale.toString(QDate(taken_at.year, taken_at.month, taken_at.day), form)
