"""A scrolling grid of photo tiles: where the answer changes, one photo fades into the next."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QEasingCurve,
    QElapsedTimer,
    QEvent,
    QModelIndex,
    QPoint,
    QPropertyAnimation,
    QSize,
    Qt,
    QTimer,
    Slot,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QToolTip, QWidget

from sketch_app.search_types import PhotoResult
from ui.photo_actions import PhotoActions
from ui.photo_tile import NOT_THIS_ONE, THIS_ONE, Crossing, PhotoTileDelegate, button_places
from ui.results_model import ResultsModel
from ui.theme import theme_changed
from ui.thumbnails import Thumbnails

_TILE_WIDTH = 168
"""The width, in logical pixels, that a tile's is nearest to while whole columns fill the view."""
_CROSSING_MS = 220
_FADE_MS = 180
_TICK_MS = 16
_EASE = QEasingCurve(QEasingCurve.Type.OutCubic)
_LIKE_KEYS = frozenset("+=")
"""With and without Shift, on most layouts one key."""
_DISLIKE_KEYS = frozenset("-_−")


class PhotoGrid(QListView):
    """Photos, best first; Enter or a double click opens one, + and - say whether it is the one."""

    def __init__(self, thumbnails: Thumbnails, actions: PhotoActions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._rows = ResultsModel(self)
        self._tiles = PhotoTileDelegate(thumbnails, self)
        self._crossings: dict[int, tuple[int, int | None]] = {}
        self._fades: dict[int, int] = {}
        self._stale_goal = 0.0
        self._pressed: tuple[PhotoResult, str] | None = None
        self._columns = 1
        self._elapsed = QElapsedTimer()
        self._elapsed.start()
        self._tick = QTimer(self, interval=_TICK_MS)
        self._tick.timeout.connect(self._move_on)
        self._scrolling = QPropertyAnimation(self.verticalScrollBar(), b"value", self)
        self._scrolling.setDuration(180)
        self._scrolling.setEasingCurve(_EASE)
        self._dress()
        self._name()
        self.setModel(self._rows)
        self.setItemDelegate(self._tiles)
        thumbnails.arrived.connect(self._fade_in)
        thumbnails.failed.connect(self.viewport().update)
        self.doubleClicked.connect(self._open)
        theme_changed().connect(self.viewport().update)

    def _name(self) -> None:
        self.setAccessibleName(self.tr("Photos found"))
        self.setAccessibleDescription(
            self.tr("Enter opens the photo, plus says that it is this one, minus that it is not.")
        )

    def _dress(self) -> None:
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSelectionRectVisible(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_Hover)

    def model(self) -> ResultsModel:  # noqa: D102 - Qt's own
        return self._rows

    def show_results(self, results: Sequence[PhotoResult], *, from_top: bool = False) -> None:
        """Become `results`: cells whose photo stays stand still, in others one fades into the next."""
        before = self._rows.results
        self._rows.show(results)
        if from_top:
            self._scrolling.stop()
            self.scrollToTop()
        after = {result.photo_id for result in results}
        self._crossings = {
            photo_id: crossing for photo_id, crossing in self._crossings.items() if photo_id in after
        }
        self._fades = {photo_id: began for photo_id, began in self._fades.items() if photo_id in after}
        if before and self._animated():
            self._start_crossings(before)
        self._move_on()

    def set_stale(self, stale: bool) -> None:
        """Dim the photos, or light them up again."""
        self._stale_goal = 1.0 if stale else 0.0
        if not self._animated():
            self._tiles.stale = self._stale_goal
        self._move_on()

    def selected(self) -> PhotoResult | None:
        """The photo that the keyboard stands on."""
        result = self.currentIndex().data(ResultsModel.ResultRole)
        return result if isinstance(result, PhotoResult) else None

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102 - Qt's own
        self._fit_columns()
        super().resizeEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: D102 - Qt's own
        notches = event.angleDelta().y() / 120
        if not event.pixelDelta().isNull() or not notches or not self._animated():
            super().wheelEvent(event)  # a touchpad scrolls smoothly by itself
            return
        bar = self.verticalScrollBar()
        running = self._scrolling.state() == QPropertyAnimation.State.Running
        start = self._scrolling.endValue() if running else bar.value()
        goal = min(
            bar.maximum(), max(bar.minimum(), round(start - notches * self._tiles.cell.height() * 0.6))
        )
        self._scrolling.stop()
        self._scrolling.setStartValue(bar.value())
        self._scrolling.setEndValue(goal)
        self._scrolling.start()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102 - Qt's own
        result = self.selected()
        if result is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._actions.open(result)
        elif result is not None and event.matches(QKeySequence.StandardKey.Copy):
            self._actions.copy_picture(result)
        elif result is not None and event.text() in _LIKE_KEYS:
            self._actions.like(result)
        elif result is not None and event.text() in _DISLIKE_KEYS:
            self._actions.dislike(result)
        else:
            super().keyPressEvent(event)
        self._show_buttons(event.key() not in (Qt.Key.Key_Escape,))

    def moveCursor(  # noqa: D102 - Qt's own
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        # Qt's icon mode looks for the nearest item and so drifts sideways.
        current, count = self.currentIndex().row(), self._rows.rowCount()
        step = {
            QAbstractItemView.CursorAction.MoveLeft: -1,
            QAbstractItemView.CursorAction.MoveRight: 1,
            QAbstractItemView.CursorAction.MoveUp: -self._columns,
            QAbstractItemView.CursorAction.MoveDown: self._columns,
        }.get(action)
        if step is None or current < 0 or not count:
            return super().moveCursor(action, modifiers)
        wanted = current + step
        if 0 <= wanted < count:
            return self._rows.index(wanted)
        in_last_row = current // self._columns == (count - 1) // self._columns
        below = action is QAbstractItemView.CursorAction.MoveDown and not in_last_row
        return self._rows.index(count - 1 if below else current)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: D102 - Qt's own
        super().focusOutEvent(event)
        self._show_buttons(False)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102 - Qt's own
        super().mouseMoveEvent(event)
        hit = self._button_at(event.position().toPoint())
        hot = None if hit is None else (hit[0].photo_id, hit[1])
        if hot != self._tiles.hot:
            self._tiles.hot = hot
            self.viewport().update()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: D102 - Qt's own
        super().leaveEvent(event)
        self._tiles.hot = None
        self.viewport().update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102 - Qt's own
        self._show_buttons(False)
        left = event.button() == Qt.MouseButton.LeftButton
        self._pressed = self._button_at(event.position().toPoint()) if left else None
        if self._pressed is None:
            super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: D102 - Qt's own
        pressed, self._pressed = self._pressed, None
        if pressed is None:
            super().mouseReleaseEvent(event)
        elif self._button_at(event.position().toPoint()) == pressed:
            result, name = pressed
            (self._actions.like if name == THIS_ONE else self._actions.dislike)(result)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: D102 - Qt's own
        if self._button_at(event.position().toPoint()) is None:
            super().mouseDoubleClickEvent(event)
        else:
            self.mousePressEvent(event)  # two photos marked one after the other

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: D102 - Qt's own
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            hit = self._button_at(event.pos())
            if hit is not None:
                QToolTip.showText(event.globalPos(), self.button_words(hit[1]), self)
                return True
        return super().viewportEvent(event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102 - Qt's own
        if event.type() == QEvent.Type.LanguageChange:
            self._name()
        super().changeEvent(event)

    def button_words(self, name: str) -> str:
        """What a button on a tile does."""
        if name == NOT_THIS_ONE:
            return self.tr("Not this one: fewer like it  (−)")
        return self.tr("This one: more like it  (+)")

    def _button_at(self, place: QPoint) -> tuple[PhotoResult, str] | None:
        index = self.indexAt(place)
        result = index.data(ResultsModel.ResultRole)
        if not isinstance(result, PhotoResult):
            return None
        places = button_places(self._tiles.photo_place(self.visualRect(index)))
        return next(((result, name) for name, button in places.items() if button.contains(place)), None)

    def _show_buttons(self, by_keyboard: bool) -> None:
        if by_keyboard != self._tiles.by_keyboard:
            self._tiles.by_keyboard = by_keyboard
            self.viewport().update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: D102 - Qt's own
        by_keyboard = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_keyboard else self.indexAt(event.pos())
        result = index.data(ResultsModel.ResultRole)
        if not isinstance(result, PhotoResult):
            return
        self.setCurrentIndex(index)
        place = self.visualRect(index).center() if by_keyboard else event.pos()
        menu = self._actions.menu(result, self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.viewport().mapToGlobal(place))

    def _fit_columns(self) -> None:
        # One pixel is left over: the view wraps a row that fits exactly.
        width = self.viewport().width() - 1
        self._columns = max(1, round(width / _TILE_WIDTH))
        across = max(64, width // self._columns)
        height = across + self._tiles.caption_height(self.font())
        cell = QSize(across, height)
        if cell != self._tiles.cell or self.gridSize() != cell:
            self._tiles.cell = cell
            self.setGridSize(cell)
            self.verticalScrollBar().setSingleStep(height // 3)

    def _start_crossings(self, before: Sequence[PhotoResult]) -> None:
        now = self._elapsed.elapsed()
        for row, result in enumerate(self._rows.results):
            former = before[row].photo_id if row < len(before) else None
            if former != result.photo_id:
                self._crossings[result.photo_id] = (now, former)

    @Slot(int, bool)
    def _fade_in(self, photo_id: int, first: bool) -> None:
        if first and self._animated():
            self._fades[photo_id] = self._elapsed.elapsed()
        self._move_on()

    @Slot()
    def _move_on(self) -> None:
        """Bring every tile to where it is at this moment; the timer runs only while something moves."""
        now = self._elapsed.elapsed()
        self._tiles.crossings = {}
        for photo_id, (began, former) in list(self._crossings.items()):
            part = (now - began) / _CROSSING_MS
            if part >= 1:
                del self._crossings[photo_id]
            else:
                self._tiles.crossings[photo_id] = Crossing(former, part)
        self._tiles.fades = {}
        for photo_id, began in list(self._fades.items()):
            part = (now - began) / _FADE_MS
            if part >= 1:
                del self._fades[photo_id]
            else:
                self._tiles.fades[photo_id] = part
        difference = self._stale_goal - self._tiles.stale
        step = _TICK_MS / _FADE_MS
        self._tiles.stale += max(-step, min(step, difference))
        moving = bool(self._crossings or self._fades or difference)
        if moving != self._tick.isActive():
            self._tick.start() if moving else self._tick.stop()
        self.viewport().update()

    def _animated(self) -> bool:
        """Whether the system has not asked for stillness, and anybody can see the view."""
        hint = QStyle.StyleHint.SH_Widget_Animation_Duration
        return self.isVisible() and self.style().styleHint(hint, None, self) > 0

    @Slot(QModelIndex)
    def _open(self, index: QModelIndex) -> None:
        result = index.data(ResultsModel.ResultRole)
        if isinstance(result, PhotoResult):
            self._actions.open(result)
