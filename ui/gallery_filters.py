"""Which photos may answer: when they were taken, the albums they lie in, their kind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QDate, QEvent, QLocale, QRect, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDateEdit,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from sketch_app.search_types import Filters
from ui.phone_words import album_name
from ui.theme import icon_pixmap

if TYPE_CHECKING:
    from index.records import Album

_NAME = int(Qt.ItemDataRole.UserRole)
_IDS, _SHOWN = _NAME + 1, _NAME + 2
_ARROW, _ARROW_ROOM, _PADDING = 14, 20, 10  # as the theme draws a combo box


class Period(StrEnum):
    """When a photo was taken, as the person chooses it."""

    ANY = "any"
    LAST_MONTH = "last month"
    THIS_YEAR = "this year"
    LAST_YEAR = "last year"
    BETWEEN = "between"


def period_bounds(period: Period, today: datetime) -> tuple[datetime | None, datetime | None]:
    """The first moment of a period and the first after it; local times, None: no bound."""
    year = datetime(today.year, 1, 1)
    if period is Period.LAST_MONTH:
        return datetime(today.year, today.month, today.day) - timedelta(days=30), None
    if period is Period.THIS_YEAR:
        return year, None
    if period is Period.LAST_YEAR:
        return datetime(today.year - 1, 1, 1), year
    return None, None


class GalleryFilters(QWidget):
    """The controls; each change is announced at once."""

    changed = Signal(object)
    """`Filters`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._said = Filters()
        self._heading, self._taken_label = QLabel(), QLabel()
        self._album_label, self._kind_label = QLabel(), QLabel()
        self._heading.setProperty("role", "heading")
        self._clear = QPushButton()
        self._clear.setProperty("role", "flat")
        self._period, self._kind = QComboBox(), QComboBox()
        today = QDate.currentDate()
        self._from, self._to = QDateEdit(today.addYears(-1)), QDateEdit(today)
        self._dates = QWidget()
        self._albums = AlbumChoice()
        self._lay_out()
        self._retranslate()
        self._period.currentIndexChanged.connect(self._announce)
        self._from.dateChanged.connect(self._announce)
        self._to.dateChanged.connect(self._announce)
        self._albums.changed.connect(self._announce)
        self._kind.currentIndexChanged.connect(self._announce)
        self._clear.clicked.connect(self.clear)
        self._announce()

    @property
    def filters(self) -> Filters:
        """What the controls say now."""
        period = self._period.currentData()
        if period == Period.BETWEEN:
            first, last = sorted((_midnight(self._from.date()), _midnight(self._to.date())))
            bounds: tuple[datetime | None, datetime | None] = (first, last + timedelta(days=1))
        else:
            bounds = period_bounds(Period(period), datetime.now())
        start, end = bounds
        kind = self._kind.currentData()
        return Filters(
            taken_from=start,
            taken_to=end,
            albums=self._albums.chosen,
            kinds=frozenset({kind}) if kind else frozenset(),
        )

    @Slot()
    def clear(self) -> None:
        """Let every photo through."""
        blocked = [QSignalBlocker(widget) for widget in (self._period, self._kind, self._albums)]
        self._period.setCurrentIndex(0)
        self._kind.setCurrentIndex(0)
        self._albums.clear()
        del blocked
        self._announce()

    def set_albums(self, albums: Sequence[Album]) -> None:
        """Offer these albums; what was chosen stays chosen where it still exists."""
        self._albums.set_albums(albums)
        self._announce()

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102 - Qt's own
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()
        super().changeEvent(event)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self._heading, 1)
        top.addWidget(self._clear)
        dates = QHBoxLayout(self._dates)
        dates.setContentsMargins(0, 0, 0, 0)
        dates.addWidget(self._from, 1)
        dates.addWidget(QLabel("–"))
        dates.addWidget(self._to, 1)
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.addWidget(self._taken_label, 0, 0)
        grid.addWidget(self._period, 0, 1)
        grid.addWidget(self._dates, 1, 0, 1, 2)
        grid.addWidget(self._album_label, 2, 0)
        grid.addWidget(self._albums, 2, 1)
        grid.addWidget(self._kind_label, 3, 0)
        grid.addWidget(self._kind, 3, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addLayout(grid)
        keep_room = self._clear.sizePolicy()
        keep_room.setRetainSizeWhenHidden(True)
        self._clear.setSizePolicy(keep_room)

    def _retranslate(self) -> None:
        self._heading.setText(self.tr("Filters"))
        self._clear.setText(self.tr("Clear"))
        self._taken_label.setText(self.tr("Taken"))
        self._album_label.setText(self.tr("Albums"))
        self._kind_label.setText(self.tr("Kind"))
        _fill(
            self._period,
            (
                (Period.ANY, self.tr("At any time")),
                (Period.LAST_MONTH, self.tr("In the last 30 days")),
                (Period.THIS_YEAR, self.tr("This year")),
                (Period.LAST_YEAR, self.tr("Last year")),
                (Period.BETWEEN, self.tr("Between two days")),
            ),
        )
        _fill(
            self._kind,
            (
                ("", self.tr("Every kind")),
                ("photo", self.tr("Photos from a camera")),
                ("screenshot", self.tr("Screenshots")),
                ("picture", self.tr("Other pictures")),
            ),
        )
        for edit, name in ((self._from, self.tr("First day")), (self._to, self.tr("Last day"))):
            edit.setCalendarPopup(True)
            edit.setLocale(QLocale())
            edit.setAccessibleName(name)
            edit.setToolTip(name)

    @Slot()
    def _announce(self) -> None:
        self._dates.setVisible(self._period.currentData() == Period.BETWEEN)
        filters = self.filters
        self._clear.setVisible(filters != Filters())
        if filters != self._said:
            self._said = filters
            self.changed.emit(filters)


class AlbumChoice(QPushButton):
    """A button whose menu is a searchable list of albums to tick."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._offered: tuple[Album, ...] = ()
        self._search = QLineEdit(clearButtonEnabled=True)
        self._list = QListWidget()
        self._list.setMinimumSize(260, 240)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(4, 4, 4, 4)
        column.addWidget(self._search)
        column.addWidget(self._list)
        menu = QMenu(self)
        action = QWidgetAction(menu)
        action.setDefaultWidget(content)
        menu.addAction(action)
        menu.aboutToShow.connect(self._search.setFocus)
        self.setMenu(menu)
        self.setProperty("role", "field")  # like the combo boxes around it
        # An album may have any name: it is cut, and the column stays as wide as it is.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._search.textChanged.connect(self._narrow)
        self._list.itemChanged.connect(self._ticked)
        self._retranslate()

    @property
    def chosen(self) -> frozenset[int]:
        """Ids of the ticked albums; empty: every album."""
        return frozenset(number for item in self._ticked_items() for number in item.data(_IDS))

    def clear(self) -> None:
        """Untick all."""
        with QSignalBlocker(self._list):
            for row in range(self._list.count()):
                self._list.item(row).setCheckState(Qt.CheckState.Unchecked)
        self._ticked()

    def choose(self, name: str, ticked: bool = True) -> None:
        """Tick the albums whose folders have that name."""
        for row in range(self._list.count()):
            item = self._list.item(row)
            if item.data(_NAME) == name:
                item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)

    def set_albums(self, albums: Sequence[Album]) -> None:
        """Offer these albums, those of one name (on a phone and on a disk) as one; ticks stay."""
        ticked = {item.data(_NAME) for item in self._ticked_items()}
        by_name: dict[str, list[Album]] = {}
        for album in albums:
            by_name.setdefault(album.name, []).append(album)
        shown = {name: _shown_name(name, group) for name, group in by_name.items()}
        self._offered = tuple(albums)
        with QSignalBlocker(self._list):
            self._list.clear()
            for name in sorted(by_name, key=lambda name: (shown[name].casefold(), name)):
                count = sum(album.photo_count for album in by_name[name])
                item = QListWidgetItem(f"{shown[name]}  ({QLocale().toString(count)})", self._list)
                item.setData(_NAME, name)
                item.setData(_SHOWN, shown[name])
                item.setData(_IDS, tuple(album.id for album in by_name[name]))
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                item.setCheckState(Qt.CheckState.Checked if name in ticked else Qt.CheckState.Unchecked)
        self.setEnabled(bool(by_name))
        self._name_button()

    def paintEvent(self, event: QPaintEvent) -> None:
        """With the arrow of the boxes beside it: a style sheet's own would take the words' padding."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.features &= ~QStyleOptionButton.ButtonFeature.HasMenu
        room = self.width() - 2 * _PADDING - _ARROW_ROOM
        option.text = self.fontMetrics().elidedText(option.text, Qt.TextElideMode.ElideRight, room)
        painter = QStylePainter(self)
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)
        place = QRect(self.width() - _ARROW_ROOM, (self.height() - _ARROW) // 2, _ARROW, _ARROW)
        colour = "muted" if self.isEnabled() else "strong_border"
        painter.drawPixmap(place, icon_pixmap("chevron-down", _ARROW, colour, self.devicePixelRatioF()))

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102 - Qt's own
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()
        super().changeEvent(event)

    def _retranslate(self) -> None:
        self._search.setPlaceholderText(self.tr("Find an album"))
        self.set_albums(self._offered)

    @Slot(str)
    def _narrow(self, words: str) -> None:
        for row in range(self._list.count()):
            item = self._list.item(row)
            item.setHidden(words.casefold() not in item.text().casefold())

    @Slot()
    def _ticked(self) -> None:
        self._name_button()
        self.changed.emit()

    def _ticked_items(self) -> list[QListWidgetItem]:
        items = [self._list.item(row) for row in range(self._list.count())]
        return [item for item in items if item.checkState() == Qt.CheckState.Checked]

    def _name_button(self) -> None:
        chosen = [item.data(_SHOWN) for item in self._ticked_items()]
        if not chosen:
            self.setText(self.tr("All albums"))
        elif len(chosen) == 1:
            self.setText(chosen[0].replace("&", "&&"))
        else:
            self.setText(self.tr("%n album(s)", "", len(chosen)))


def _shown_name(name: str, albums: Sequence[Album]) -> str:
    """An album of a phone as the tab Phone calls it, a folder of the disk by its own name."""
    from index.phone_files import is_phone

    return album_name(name) if any(is_phone(album.source) for album in albums) else name


def _midnight(date: QDate) -> datetime:
    return datetime(date.year(), date.month(), date.day())


def _fill(box: QComboBox, choices: Sequence[tuple[str, str]]) -> None:
    """Name the choices, and keep the one that is chosen."""
    chosen = max(0, box.currentIndex())
    with QSignalBlocker(box):
        box.clear()
        for value, text in choices:
            box.addItem(text, value)
        box.setCurrentIndex(chosen)
