"""The slim bar over the window: camera, pens, steps, search and the rest. What they do is in `actions`."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QAction, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from sketch_app.sketch import Pen
from ui.actions import Actions, key_name
from ui.ink import ink_colour
from ui.theme import bind_icon, current_theme, icon_pixmap, theme_changed

_ICON: Final = 20
_SIDE: Final = 36
_LOCK: Final = 16


class PenButton(QToolButton):
    """A pen as a dab of its ink; the one in hand has a ring."""

    def __init__(self, action: QAction, pen: Pen, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pen = pen
        self.setDefaultAction(action)
        self.setFixedSize(_SIDE, _SIDE)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme_changed().connect(self._redraw)

    def _redraw(self, _theme: object) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the dab."""
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.hasFocus() or self.underMouse():
            painter.setBrush(theme.colour("hover"))
            painter.drawRoundedRect(self.rect(), 8, 8)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("accent_text"), 2))
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 8, 8)
        centre = QPointF(self.width() / 2, self.height() / 2)
        # Every ink is dark, for paper: on the dark theme it needs an edge to be seen at all.
        painter.setPen(QPen(theme.colour("muted"), 1.5) if theme.is_dark else Qt.PenStyle.NoPen)
        painter.setBrush(ink_colour(self._pen))
        painter.drawEllipse(centre, 7.5, 7.5)
        if self.isChecked():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("accent_text"), 2))
            painter.drawEllipse(centre, 12, 12)
        painter.end()


class PrivacyNote(QLabel):
    """What becomes of the camera's pictures; where the words do not fit, a lock with them as its tooltip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "small")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setMinimumWidth(_LOCK)
        self._words, self._more = "", ""
        theme_changed().connect(self._theme_changed)

    def say(self, words: str, more: str) -> None:
        """Take the words of a language; `more` stands in the tooltip."""
        self._words, self._more = words, more
        self.setAccessibleName(words)
        self.setAccessibleDescription(more)
        self.ensurePolished()
        self.setMaximumWidth(self._needed() + 8)
        self._fit()

    @property
    def words(self) -> str:
        """The words, whether or not there is room for them."""
        return self._words

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Choose between words and lock."""
        super().resizeEvent(event)
        self._fit()

    def _needed(self) -> int:
        return self.fontMetrics().horizontalAdvance(self._words) + 2

    def _fit(self) -> None:
        if self.width() >= self._needed():
            self.setText(self._words)
            self.setToolTip(self._more)
        else:
            self.setPixmap(icon_pixmap("lock", _LOCK, "muted", self.devicePixelRatioF()))
            self.setToolTip(f"{self._words}. {self._more}")

    def _theme_changed(self, _theme: object) -> None:
        self._fit()


class Toolbar(QFrame):
    """Buttons for all actions, in the order in which they are used; Tab walks from left to right."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "bar")
        self._actions = actions
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 14, 8)
        row.setSpacing(4)
        self._camera = self._camera_switch()
        row.addWidget(self._camera)
        self._privacy = PrivacyNote()
        row.addSpacing(4)
        row.addWidget(self._privacy, 1000)
        row.addWidget(_gap())
        for pen, action in actions.pens.items():
            row.addWidget(PenButton(action, pen))
        row.addWidget(_button(actions.eraser))
        row.addWidget(_gap())
        for action in (actions.undo, actions.redo, actions.clear):
            row.addWidget(_button(action))
        row.addWidget(_gap())
        row.addStretch(2)
        self._search = self._search_button()
        row.addWidget(self._search)
        row.addWidget(_gap())
        for action in (actions.save, actions.open, actions.add_folder, actions.models, actions.settings):
            row.addWidget(_button(action))
        self._state = "off"
        self.name()

    def _camera_switch(self) -> QToolButton:
        button = _button(self._actions.camera)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        return button

    def _search_button(self) -> QPushButton:
        action = self._actions.search
        button = QPushButton()
        button.setProperty("role", "primary")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        bind_icon(button, "search", "on_accent")
        button.clicked.connect(action.trigger)
        return button

    def name(self) -> None:
        """Take the words of the language in force, after the actions have theirs."""
        self._privacy.say(
            self.tr("Never stored or sent"),
            self.tr("The camera's pictures are used on this computer only, to see your hand, then dropped."),
        )
        search = self._actions.search
        self._search.setText(f" {search.text()}")  # room beside the icon
        self._search.setToolTip(search.toolTip())
        for button in self.findChildren(QAbstractButton):
            if isinstance(button, QToolButton) and button.defaultAction() is not None:
                button.setAccessibleName(button.defaultAction().text())
                button.setAccessibleDescription(key_name(button.defaultAction()))
        self._search.setAccessibleName(search.text())
        self._search.setAccessibleDescription(key_name(search))
        self.show_camera(self._state)

    def show_camera(self, state: str) -> None:
        """Show on the switch what the camera does."""
        self._state = state
        on = state in ("opening", "running", "lost")
        words = {
            "opening": self.tr("Camera starting"),
            "running": self.tr("Camera on"),
            "lost": self.tr("Camera lost"),
        }
        action = self._actions.camera
        action.setChecked(on)
        action.setText(words.get(state, self.tr("Camera off")))
        self._camera.setText(f" {action.text()}")  # room beside the icon
        ink = "warning" if state == "lost" else "accent_text" if on else "text"
        bind_icon(action, "camera" if on else "camera-off", ink)
        self._camera.setProperty("role", "warning" if state == "lost" else "")
        self._camera.style().polish(self._camera)  # a style sheet looks at properties only when asked
        hint = self.tr("Switch the camera off") if on else self.tr("Switch the camera on")
        action.setToolTip(f"{hint}  ({key_name(action)})")
        self._camera.setAccessibleName(action.text())
        self._camera.setAccessibleDescription(self._privacy.words)


def _button(action: QAction) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setIconSize(QSize(_ICON, _ICON))
    button.setFixedHeight(_SIDE)
    button.setMinimumWidth(_SIDE)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys with the canvas
    return button


def _gap() -> QWidget:
    gap = QWidget()
    gap.setFixedWidth(12)
    return gap
