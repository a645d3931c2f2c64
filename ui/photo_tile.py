"""How one photo of an answer is painted: the picture, how similar it is, when it was taken; under the mouse
also the two buttons that say whether it is the one.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from sketch_app.search_types import PhotoResult
from ui.dates import short_date
from ui.results_model import ResultsModel
from ui.signal_words import percent_text
from ui.theme import current_theme, icon_pixmap
from ui.thumbnails import Thumbnails

RADIUS = 10.0
"""Of the photo's corners, in logical pixels."""
MARGIN = 6
"""Around a tile; half the gap between two photos."""
_BAR_HEIGHT = 3.0
_CAPTION_GAP = 7
_FADED = 0.35
"""Opacity of an answer that a newer sketch is about to replace."""
_BUTTON = 28
_BUTTON_ICON = 16
_BUTTON_INSET = 6
_BADGE, _BADGE_ICON, _BADGE_INSET = 22, 14, 6

THIS_ONE, NOT_THIS_ONE = "heart", "not-this"
"""The two buttons on a tile, by their icons."""


def button_places(photo: QRect) -> dict[str, QRect]:
    """Where the buttons stand on a photo's picture, in its upper right corner."""
    right, top = photo.right() - _BUTTON_INSET, photo.y() + _BUTTON_INSET
    return {
        THIS_ONE: QRect(right - 2 * _BUTTON - 4 + 1, top, _BUTTON, _BUTTON),
        NOT_THIS_ONE: QRect(right - _BUTTON + 1, top, _BUTTON, _BUTTON),
    }


@dataclass(slots=True)
class Crossing:
    """A cell on its way from one photo to another; `part` runs from 0 to 1."""

    former: int | None
    """The photo id that the cell showed, None for a new cell."""
    part: float


class PhotoTileDelegate(QStyledItemDelegate):
    """Paints photo tiles; a tile is as wide as the view's grid says and one caption line taller."""

    def __init__(self, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self.cell = QSize(180, 210)
        """The grid's cell, set by the view."""
        self.stale = 0.0
        """0 (the answer belongs to the sketch) to 1 (a newer one is on its way)."""
        self.crossings: dict[int, Crossing] = {}
        """By the new photo's id; the view moves them on."""
        self.fades: dict[int, float] = {}
        """Opacity of thumbnails that have just come, by photo id."""
        self.hot: tuple[int, str] | None = None
        """The photo and its button that the mouse is on."""
        self.by_keyboard = False
        """Whether the chosen tile shows its buttons too."""

    @staticmethod
    def caption_height(font: QFont) -> int:
        """Height below the photo in logical pixels."""
        return QFontMetrics(_small(font)).height() + 2 * _CAPTION_GAP

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: D102
        return self.cell

    def paint(  # noqa: D102 - Qt's own
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        result = index.data(ResultsModel.ResultRole)
        if not isinstance(result, PhotoResult):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        opacity = 1.0 - (1.0 - _FADED) * self.stale
        painter.setOpacity(opacity)
        cell: QRect = option.rect
        photo = self.photo_place(cell)
        self._paint_photo(painter, option, result, photo, opacity)
        self._paint_outline(painter, option, photo)
        self._paint_buttons(painter, option, result, photo)
        line = QRect(photo.x(), photo.bottom() + 1, photo.width(), cell.bottom() - photo.bottom())
        self._paint_caption(painter, option, result, line)
        painter.restore()

    @staticmethod
    def photo_place(cell: QRect) -> QRect:
        """The picture's square within its cell."""
        side = cell.width() - 2 * MARGIN
        return QRect(cell.x() + MARGIN, cell.y() + MARGIN, side, side)

    def _paint_photo(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        result: PhotoResult,
        photo: QRect,
        opacity: float,
    ) -> None:
        theme = current_theme()
        ratio = painter.device().devicePixelRatioF()
        pixmap = self._thumbnails.pixmap(result.photo_id, photo.size(), RADIUS, ratio)
        fade = self.fades.get(result.photo_id, 1.0)
        crossing = self.crossings.get(result.photo_id)
        former = None
        if crossing is not None:
            fade *= crossing.part
            former = None if crossing.former is None else self._thumbnails.any_size(crossing.former)
        if former is not None:
            painter.drawPixmap(photo, former)
        elif pixmap is None or fade < 1.0:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("sunken"))
            painter.drawRoundedRect(photo, RADIUS, RADIUS)
        if pixmap is not None:
            gone = 0.5 if result.is_gone else 1.0
            painter.setOpacity(opacity * fade * gone)
            painter.drawPixmap(photo, pixmap)
            painter.setOpacity(opacity)
        if result.is_preview and pixmap is not None:
            self._paint_phone(painter, photo, ratio)
        if result.is_gone or (pixmap is None and self._thumbnails.is_without(result.photo_id)):
            self._paint_missing(painter, option, photo)

    @staticmethod
    def _paint_phone(painter: QPainter, photo: QRect, ratio: float) -> None:
        """A small phone in the lower left corner: the original is not here."""
        place = QRect(photo.x() + _BADGE_INSET, photo.bottom() - _BADGE_INSET - _BADGE + 1, _BADGE, _BADGE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(20, 21, 24, 170))
        painter.drawEllipse(place)
        icon = QRect(0, 0, _BADGE_ICON, _BADGE_ICON)
        icon.moveCenter(place.center())
        painter.drawPixmap(icon, icon_pixmap("phone", _BADGE_ICON, QColor("#ffffff"), ratio))

    def _paint_missing(self, painter: QPainter, option: QStyleOptionViewItem, photo: QRect) -> None:
        theme = current_theme()
        text = self.tr("File missing")
        painter.setFont(_small(option.font))
        metrics = painter.fontMetrics()
        badge = QRectF(
            0, 0, min(photo.width() - 12, metrics.horizontalAdvance(text) + 18), metrics.height() + 8
        )
        badge.moveCenter(QRectF(photo).center())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("toast"))
        painter.drawRoundedRect(badge, badge.height() / 2, badge.height() / 2)
        painter.setPen(theme.colour("on_toast"))
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, text)

    @staticmethod
    def _paint_outline(painter: QPainter, option: QStyleOptionViewItem, photo: QRect) -> None:
        theme = current_theme()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if not selected and not hovered:
            return
        colour = theme.colour("accent_text")
        if not selected:
            colour.setAlphaF(0.45)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, 2.5))
        painter.drawRoundedRect(
            QRectF(photo).adjusted(-2.75, -2.75, 2.75, 2.75), RADIUS + 2.75, RADIUS + 2.75
        )

    def _paint_buttons(
        self, painter: QPainter, option: QStyleOptionViewItem, result: PhotoResult, photo: QRect
    ) -> None:
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        chosen = self.by_keyboard and bool(option.state & QStyle.StateFlag.State_HasFocus)
        if not hovered and not chosen:
            return
        theme = current_theme()
        ratio = painter.device().devicePixelRatioF()
        for name, place in button_places(photo).items():
            hot = self.hot == (result.photo_id, name)
            # Opaque enough to be seen on any photo, and never of the theme: photos have none.
            painter.setPen(QPen(QColor(255, 255, 255, 70), 1))
            painter.setBrush(theme.colour("accent") if hot else QColor(20, 21, 24, 190))
            painter.drawEllipse(QPointF(place.center()) + QPointF(0.5, 0.5), _BUTTON / 2, _BUTTON / 2)
            icon = QRect(0, 0, _BUTTON_ICON, _BUTTON_ICON)
            icon.moveCenter(place.center())
            painter.drawPixmap(icon, icon_pixmap(name, _BUTTON_ICON, QColor("#ffffff"), ratio))

    @staticmethod
    def _paint_caption(
        painter: QPainter, option: QStyleOptionViewItem, result: PhotoResult, line: QRect
    ) -> None:
        theme = current_theme()
        painter.setFont(_small(option.font))
        metrics = painter.fontMetrics()
        quiet = theme.colour("muted")
        percent = percent_text(result.percent)
        left, right = line.x() + 2, line.right() - 1
        # As wide as any percentage, so that the bars of all tiles begin at one place.
        text_width = metrics.horizontalAdvance(percent_text(100)) + 2
        painter.setPen(theme.colour("text"))
        painter.drawText(QRect(left, line.y(), text_width, line.height()), _LEFT, percent)
        date = short_date(result.taken_at) if result.taken_at else ""
        date_width = metrics.horizontalAdvance(date)
        painter.setPen(quiet)
        painter.drawText(QRect(right - date_width, line.y(), date_width + 1, line.height()), _RIGHT, date)
        bar_left = left + text_width + 4
        room = right - (date_width + 8 if date else 0) - bar_left
        if room < 16:
            return
        track = QRectF(bar_left, line.center().y() - _BAR_HEIGHT / 2 + 1, min(room, 48), _BAR_HEIGHT)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("sunken"))
        painter.drawRoundedRect(track, _BAR_HEIGHT / 2, _BAR_HEIGHT / 2)
        track.setWidth(max(_BAR_HEIGHT, track.width() * result.percent / 100))
        painter.setBrush(theme.colour("accent"))
        painter.drawRoundedRect(track, _BAR_HEIGHT / 2, _BAR_HEIGHT / 2)


_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


def _small(font: QFont) -> QFont:
    small = QFont(font)
    if font.pointSizeF() > 0:
        small.setPointSizeF(max(8.0, font.pointSizeF() * 0.88))
    else:
        small.setPixelSize(max(11, round(font.pixelSize() * 0.88)))
    return small
