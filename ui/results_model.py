"""The rows of the results: which photos, in which order. A newer answer moves rows, and keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QDate,
    QDateTime,
    QLocale,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTime,
)

from sketch_app.fusion import FusionWeights, Signal
from sketch_app.search_types import PhotoResult
from ui.phone_words import album_name
from ui.photo_names import is_fetched, shown_name
from ui.signal_words import signal_sentence, signal_table

Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()


class ResultsModel(QAbstractListModel):
    """One row a photo, each photo once; what stays in an answer stays selected."""

    ResultRole = int(Qt.ItemDataRole.UserRole)
    """The row's `PhotoResult`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._results: list[PhotoResult] = []
        self._weights: FusionWeights | None = None
        self._signals: tuple[Signal, ...] = tuple(Signal)

    @property
    def results(self) -> tuple[PhotoResult, ...]:
        """All rows, best first."""
        return tuple(self._results)

    def explain(self, weights: FusionWeights | None, signals: Sequence[Signal]) -> None:
        """With which weights the photos were ranked, and by which signals: the tooltips say so."""
        self._weights, self._signals = weights, tuple(signals)

    def rowCount(self, parent: Index = _NO_PARENT) -> int:  # noqa: D102 - Qt's own
        return 0 if parent.isValid() else len(self._results)

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:  # noqa: D102 - Qt's own
        if not index.isValid() or index.row() >= len(self._results):
            return None
        result = self._results[index.row()]
        if role == self.ResultRole:
            return result
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{shown_name(result) or self.tr('Missing photo')}, {result.percent} %"
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            said = signal_sentence(result.signals, self._signals)
            return ". ".join(filter(None, (*self._on_phones(result), said)))
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.tooltip(result)
        return None

    def _on_phones(self, result: PhotoResult) -> list[str]:
        return [self.tr("{0}, album {1}").format(p.phone, album_name(p.album)) for p in result.phones]

    def tooltip(self, result: PhotoResult) -> str:
        """All that is known of a photo, as rich text: every place, its size, what each signal said."""
        on_phones = self._on_phones(result)
        if result.is_preview:
            only = self.tr("Only its preview is here; the original is on the phone.")
            places = [result.phones[0].file, *on_phones, only]
        elif result.path is None:
            places = [self.tr("The file is gone from every place it was seen.")]
        elif is_fetched(result):
            places = [result.phones[0].file, *on_phones, self.tr("The original is on this computer.")]
        else:
            places = [str(result.path), *map(str, result.other_paths), *on_phones]
        lines = [f"<b>{escape(places[0])}</b>", *(escape(place) for place in places[1:])]
        locale = QLocale()
        facts = []
        if not result.is_preview:  # the preview's own size would pass for the photo's
            facts.append(f"{locale.toString(result.width)} × {locale.toString(result.height)}")
        if result.taken_at is not None:
            when = result.taken_at
            taken = QDateTime(QDate(when.year, when.month, when.day), QTime(when.hour, when.minute))
            facts.append(locale.toString(taken, QLocale.FormatType.ShortFormat))
        if facts:
            lines.append(" · ".join(escape(fact) for fact in facts))
        words = "<p style='white-space:pre-wrap; margin:0'>" + "<br>".join(lines) + "</p>"
        if not result.signals:
            return words
        return f"{words}<hr>{signal_table(result.signals, self._weights, self._signals)}"

    def row_of(self, photo_id: int) -> int:
        """The photo's row, or -1."""
        return next((row for row, result in enumerate(self._results) if result.photo_id == photo_id), -1)

    def show(self, results: Sequence[PhotoResult]) -> None:
        """Become `results` by removing, moving and inserting rows, so that views keep what stays."""
        wanted = {result.photo_id for result in results}
        for row in range(len(self._results) - 1, -1, -1):
            if self._results[row].photo_id not in wanted:
                self.beginRemoveRows(_NO_PARENT, row, row)
                del self._results[row]
                self.endRemoveRows()
        for row, result in enumerate(results):
            old = self.row_of(result.photo_id)
            if old < 0:
                self.beginInsertRows(_NO_PARENT, row, row)
                self._results.insert(row, result)
                self.endInsertRows()
                continue
            if old != row:  # never upwards: the rows before this one are already in place
                self.beginMoveRows(_NO_PARENT, old, old, _NO_PARENT, row)
                self._results.insert(row, self._results.pop(old))
                self.endMoveRows()
            if self._results[row] != result:
                self._results[row] = result
                self.dataChanged.emit(self.index(row), self.index(row))
