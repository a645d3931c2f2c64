"""The albums of one phone with their counts, to be ticked."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget
from superqt import QElidingLabel

from sketch_app.phone.states import PhoneAlbum
from ui.phone_words import album_name, number

_SHOWN = 5
"""Albums that stand there at once; the others behind one button."""


class AlbumRow(QWidget):
    """One album: a tick, its name, how many photos it holds."""

    toggled = Signal()

    def __init__(self, album: PhoneAlbum, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.album = album
        self.tick, self._count = QCheckBox(), QLabel()
        self.tick.setChecked(album.chosen)
        self.tick.toggled.connect(self.toggled)
        self._name = QElidingLabel()
        self._name.setElideMode(Qt.TextElideMode.ElideMiddle)
        self._name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._count.setProperty("role", "muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.tick)
        row.addWidget(self._name, 1)
        row.addWidget(self._count)
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything in the language of now."""
        name, album = album_name(self.album.name), self.album
        self._name.setText(name)
        self._count.setText(number(album.photos))
        photos = self.tr("%Ln photo(s)", "", album.photos)
        videos = self.tr("%Ln video(s), counted only", "", album.videos) if album.videos else ""
        told = "\n".join(part for part in (album.display, photos, videos) if part)
        self.setToolTip(told)
        self.tick.setAccessibleName(f"{name}, {photos}")

    def mousePressEvent(self, event: object) -> None:
        """The name is part of the tick."""
        self.tick.toggle()


class AlbumList(QWidget):
    """Shows albums, the fullest first, and tells which are ticked."""

    chosen = Signal(object)
    """A tuple of the ticked albums' paths."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._albums: tuple[PhoneAlbum, ...] | None = None
        self._rows: list[AlbumRow] = []
        self._all_shown = False
        self._last_stays = False
        self._title, self._which, self._waiting, self._hint = QLabel(), QLabel(), QLabel(), QLabel()
        self._title.setStyleSheet("font-weight: 600;")
        for label in (self._which, self._waiting, self._hint):
            label.setProperty("role", "muted")
        self._hint.setWordWrap(True)
        self._hint.hide()
        self._more = QPushButton()
        self._more.setProperty("role", "flat")
        self._more.setStyleSheet("text-align: left; padding-left: 0;")
        self._more.clicked.connect(self._show_all)
        self._list = QVBoxLayout()
        self._list.setSpacing(1)
        top = QHBoxLayout()
        top.addWidget(self._title, 1)
        top.addWidget(self._which)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        column.addLayout(top)
        column.addWidget(self._waiting)
        column.addLayout(self._list)
        column.addWidget(self._more, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._hint)
        self.show_albums(None)

    @property
    def rows(self) -> tuple[AlbumRow, ...]:
        """Every album's row, also those that are behind the button."""
        return tuple(self._rows)

    def show_albums(self, albums: Sequence[PhoneAlbum] | None) -> None:
        """Show these; None: nobody has looked yet."""
        wanted = None if albums is None else tuple(sorted(albums, key=lambda a: (-a.photos, a.name)))
        if wanted is not None and [a.path for a in wanted] == [r.album.path for r in self._rows]:
            for row, album in zip(self._rows, wanted, strict=True):
                row.album = album
                with QSignalBlocker(row.tick):
                    row.tick.setChecked(album.chosen)
        else:
            self._make_rows(wanted or ())
        self._albums = wanted
        self._say()

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102 - Qt's own
        if event.type() == QEvent.Type.LanguageChange:
            self._say()
        super().changeEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """What was said of a tick is no news when the albums are seen again, after a sync for one."""
        self._hint.hide()
        super().hideEvent(event)

    def _make_rows(self, albums: Sequence[PhoneAlbum]) -> None:
        for row in self._rows:
            self._list.removeWidget(row)
            row.hide()  # now: what has the focus hands it on while the card looks
            row.deleteLater()
        self._rows = [AlbumRow(album) for album in albums]
        for row in self._rows:
            self._list.addWidget(row)
            row.toggled.connect(self._tell)

    def _say(self) -> None:
        self._title.setText(self.tr("Albums"))
        self._waiting.setText(self.tr("Looking for albums…"))
        self._waiting.setVisible(self._albums is None)
        ticked = sum(row.tick.isChecked() for row in self._rows)
        which = self.tr("{0} of {1}", "albums ticked, albums in all").format(ticked, len(self._rows))
        if ticked == len(self._rows):
            which = self.tr("All")
        self._which.setText(which if self._rows else "")
        if self._albums is not None and not self._rows:
            self._waiting.setText(self.tr("There are no photos on this phone."))
            self._waiting.show()
        hidden = 0
        for place, row in enumerate(self._rows):
            row.retranslate()
            shown = self._all_shown or place < _SHOWN or len(self._rows) == _SHOWN + 1
            row.setVisible(shown)
            hidden += not shown
        self._hint.setText(
            self.tr("One album stays ticked: there must be something to sync.")
            if self._last_stays
            else self.tr("This counts from the next sync.")
        )
        self._more.setText(self.tr("Show %n more album(s)", "", hidden))
        self._more.setVisible(hidden > 0)

    @Slot()
    def _tell(self) -> None:
        ticked = tuple(row.album.path for row in self._rows if row.tick.isChecked())
        self._last_stays = not ticked
        self._hint.show()
        if not ticked:  # the last one stays: a sync of nothing is none
            sender = self.sender()
            if isinstance(sender, AlbumRow):
                with QSignalBlocker(sender.tick):
                    sender.tick.setChecked(True)
            self._say()
            return
        self._say()
        self.chosen.emit(ticked)

    @Slot()
    def _show_all(self) -> None:
        first = self._rows[_SHOWN]
        self._all_shown = True
        self._say()
        first.tick.setFocus()
