"""A slim bar over the photos: which of them the person marked, and in place of what they are looked for."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QLineF, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QFrame, QHBoxLayout, QLabel, QPushButton, QWidget
from superqt import QElidingLabel

from sketch_app.search_types import Feedback
from ui.theme import bind_icon, current_theme, icon_pixmap, theme_changed
from ui.thumbnails import Thumbnails

MOST = 4
"""Little pictures of each kind at most: the newest."""
_SIDE = 28
_RADIUS = 6.0
_PLACE = _SIDE + 6
"""Of a little picture, with the gap to the next one."""
_ICON = 18
_LEFT, _RIGHT, _SPACING = 12, 4, 8
_HEIGHT = 44


class _Marked(QAbstractButton):
    """A little picture of a photo; pressing it takes back what was said of it."""

    def __init__(self, thumbnails: Thumbnails, photo_id: int, *, crossed: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self._thumbnails, self._photo_id, self._crossed = thumbnails, photo_id, crossed
        self.setFixedSize(_SIDE + 4, _SIDE + 4)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        thumbnails.arrived.connect(self._look)
        theme_changed().connect(self.update)

    @Slot(int, bool)
    def _look(self, photo_id: int, _first: bool) -> None:
        if photo_id == self._photo_id:
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        place = QRect(2, 2, _SIDE, _SIDE)
        pixmap = self._thumbnails.pixmap(
            self._photo_id, QSize(_SIDE, _SIDE), _RADIUS, self.devicePixelRatioF()
        )
        if pixmap is None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("sunken"))
            painter.drawRoundedRect(place, _RADIUS, _RADIUS)
        else:
            painter.setOpacity(0.45 if self._crossed else 1.0)
            painter.drawPixmap(place, pixmap)
            painter.setOpacity(1.0)
        if self._crossed:
            painter.setPen(QPen(theme.colour("danger"), 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawLine(QLineF(place.left() + 6, place.top() + 6, place.right() - 5, place.bottom() - 5))
        if self.hasFocus() or self.underMouse():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("accent_text"), 2))
            painter.drawRoundedRect(QRectF(place).adjusted(-1, -1, 1, 1), _RADIUS + 1, _RADIUS + 1)


class FeedbackBar(QFrame):
    """Hidden while nothing was said of any photo."""

    liked = Signal(int)
    """A photo id whose like is taken back, as `SearchBridge.like` takes it."""
    disliked = Signal(int)
    """The same for a dislike."""
    cleared = Signal()
    """All of it is taken back."""
    like_ended = Signal()
    """The sketch is to be searched for again, not the photo."""

    def __init__(self, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "well")
        self._thumbnails = thumbnails
        self._feedback = Feedback()
        self._like_photo: int | None = None
        self._marked: list[_Marked] = []
        self._icon = QLabel()
        self._words = QElidingLabel()
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._clear = QPushButton()
        self._clear.setProperty("role", "flat")
        self._clear.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._clear.clicked.connect(self._press)
        bind_icon(self._clear, "close", "accent_text")
        row = QHBoxLayout(self)
        row.setContentsMargins(_LEFT, 4, _RIGHT, 4)
        row.setSpacing(_SPACING)
        self._pictures = QHBoxLayout()
        self._pictures.setSpacing(_PLACE - _SIDE - 4)
        row.addWidget(self._icon)
        row.addLayout(self._pictures)
        row.addWidget(self._words, 1)
        row.addWidget(self._clear)
        self.setFixedHeight(_HEIGHT)
        theme_changed().connect(self._dress)
        self._show()

    @property
    def text(self) -> str:
        """What it says, "" while it is hidden."""
        return "" if self.isHidden() else self._words.text()

    def show_wishes(self, feedback: Feedback, like_photo: int | None) -> None:
        """Show what was said of photos, and the photo that stands in place of the sketch."""
        if (feedback, like_photo) != (self._feedback, self._like_photo):
            self._feedback, self._like_photo = feedback, like_photo
            self._show()

    def photo_ids(self) -> set[int]:
        """Photos whose little pictures it shows."""
        return {photo_id for photo_id, _ in self._shown()}

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102 - Qt's own
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102 - Qt's own
        if event.type() == QEvent.Type.LanguageChange:
            self._show()
        super().changeEvent(event)

    def _shown(self) -> list[tuple[int, bool]]:
        """Photo ids, and whether each was said not to be the one."""
        first: list[tuple[int, bool]] = [] if self._like_photo is None else [(self._like_photo, False)]
        liked = [(photo_id, False) for photo_id in self._feedback.liked[-MOST:]]
        return first + liked + [(photo_id, True) for photo_id in self._feedback.disliked[-MOST:]]

    def _show(self) -> None:
        had_focus = any(button.hasFocus() for button in self._marked)
        for button in self._marked:
            button.hide()
            button.deleteLater()
        self._marked = [self._button(photo_id, crossed) for photo_id, crossed in self._shown()]
        before: QWidget = self._clear
        for button in self._marked:
            self._pictures.addWidget(button)
            QWidget.setTabOrder(before, button)  # else they would come last in the window
            before = button
        words = self._sentence()
        self._words.setText(words)
        self._words.setToolTip(words)
        self.setAccessibleName(words)
        only_like = self._like_photo is not None and not self._feedback
        self._clear.setText(self.tr("Back to the sketch") if only_like else self.tr("Clear"))
        self._clear.setToolTip("" if only_like else self.tr("Forget what you said of these photos"))
        self._dress()
        self._fit()
        self.setVisible(bool(words))
        if had_focus and words:  # the keyboard goes on here, not somewhere in the window
            (self._marked[-1] if self._marked else self._clear).setFocus(Qt.FocusReason.OtherFocusReason)

    def _fit(self) -> None:
        """The words come before the icon and before older pictures; the newest picture always stays."""
        words = self._words.fontMetrics().horizontalAdvance(self._words.text()) + 8
        room = self.width() - words - self._clear.sizeHint().width() - _LEFT - _RIGHT - 2 * _SPACING
        with_icon = room - _ICON - _SPACING
        self._icon.setVisible(with_icon >= 2 * _PLACE)
        fit = max(1, (with_icon if with_icon >= 2 * _PLACE else room) // _PLACE)
        kinds = [crossed for _, crossed in self._shown()]
        # From the newest of each kind to the oldest, as age in its kind.
        ages = [kinds[number + 1 :].count(kind) for number, kind in enumerate(kinds)]
        by_age = sorted(range(len(kinds)), key=lambda number: (ages[number], -number))
        for place, number in enumerate(by_age):
            self._marked[number].setVisible(place < fit)

    def _button(self, photo_id: int, crossed: bool) -> _Marked:
        button = _Marked(self._thumbnails, photo_id, crossed=crossed, parent=self)
        if photo_id == self._like_photo:
            button.clicked.connect(self.like_ended)
            words = self.tr("The photo that is looked for; press to go back to the sketch")
        elif crossed:
            button.clicked.connect(partial(self.disliked.emit, photo_id))
            words = self.tr("Not this one; press to take it back")
        else:
            button.clicked.connect(partial(self.liked.emit, photo_id))
            words = self.tr("This one; press to take it back")
        button.setToolTip(words)
        button.setAccessibleName(words)
        return button

    def _sentence(self) -> str:
        liked, disliked = len(self._feedback.liked), len(self._feedback.disliked)
        if liked and disliked:
            more, less = self.tr("%n more like these", "", liked), self.tr("%n less", "", disliked)
            return f"{more}, {less}"
        if liked:
            return self.tr("%n more like these", "", liked)
        if disliked:
            return self.tr("%n less like these", "", disliked)
        return self.tr("Photos like this one") if self._like_photo is not None else ""

    @Slot()
    def _press(self) -> None:
        if self._feedback:
            self.cleared.emit()
        else:
            self.like_ended.emit()

    @Slot()
    def _dress(self) -> None:
        name = "heart-full" if self._feedback.liked else "not-this" if self._feedback.disliked else "similar"
        self._icon.setPixmap(icon_pixmap(name, _ICON, "accent_text", self.devicePixelRatioF()))
