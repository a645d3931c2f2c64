"""Keys by their place on the keyboard, so that R is R while the person types Korean.

Combinations with Ctrl are ordinary shortcuts of the actions in `actions`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

if TYPE_CHECKING:
    from ui.actions import Actions

_TYPING: Final = (QLineEdit, QTextEdit, QPlainTextEdit, QAbstractSpinBox, QComboBox)
"""Widgets that want letters for themselves."""

# Scan codes of the keys that have a command, as QKeyEvent.nativeScanCode gives them.
# Linux (X11 and Wayland): evdev code + 8. Windows: PC/AT set 1. macOS gives the place as nativeVirtualKey.
_EVDEV: Final = {"1": 10, "2": 11, "3": 12, "e": 26, "r": 27, "c": 54, "z": 52}
_SET_1: Final = {"1": 0x02, "2": 0x03, "3": 0x04, "e": 0x12, "r": 0x13, "c": 0x2E, "z": 0x2C}
_MAC: Final = {"1": 0x12, "2": 0x13, "3": 0x14, "e": 0x0E, "r": 0x0F, "c": 0x08, "z": 0x06}

_DUBEOLSIK: Final = {"ㄱ": "r", "ㄲ": "r", "ㄷ": "e", "ㄸ": "e", "ㅊ": "c", "ㅋ": "z"}
"""The Korean two-set layout (KS X 5002): which Latin letter shares the key."""

_PLACES: Final = frozenset(_EVDEV)


def physical_key(event: QKeyEvent, platform: str = sys.platform) -> str | None:
    """Which key was struck, by its place: "r" is the key that is R on a US keyboard.

    Parameters
    ----------
    event : QKeyEvent
        A key press. Where it carries no place (made by a test or an on-screen keyboard), its letter counts.
    platform : str
        As `sys.platform`.

    Returns
    -------
    str or None
        One of "1", "2", "3", "c", "e", "r", "z"; None for every other key.
    """
    if platform == "darwin":
        # 0 is the key A there, and also what an event without a place carries: neither has a command.
        place, table = event.nativeVirtualKey(), _MAC
    else:
        place, table = event.nativeScanCode(), _SET_1 if platform == "win32" else _EVDEV
    if place:
        return next((name for name, code in table.items() if code == place), None)
    for letter in (_letter_of(event.key()), event.text()):
        name = _DUBEOLSIK.get(letter, letter.lower())
        if name in _PLACES:
            return name
    return None


def plain(event: QKeyEvent) -> bool:
    """Whether no modifier is held that would make it another command."""
    held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    return held == Qt.KeyboardModifier.NoModifier


def _letter_of(key: int) -> str:
    # Qt gives printable keys their Unicode value, jamo included; the others lie above 0x01000000.
    return chr(key) if 0x20 <= key < 0x01000000 and key <= sys.maxunicode else ""


class PlainKeys(QObject):
    """Gives plain keys to the actions wherever the focus is in the window, unless somebody types.

    Parameters
    ----------
    window : QWidget
        Whose keys; dialogs keep their own.
    stage : QWidget
        Where Enter searches; in a list it opens, on a button it presses.
    """

    def __init__(self, window: QWidget, actions: Actions, stage: QWidget) -> None:
        super().__init__(window)
        self._window, self._actions, self._stage = window, actions, stage

    def install(self) -> None:
        """Begin to listen."""
        application = QApplication.instance()
        if application is not None:
            application.installEventFilter(self)

    def uninstall(self) -> None:
        """Listen no more."""
        application = QApplication.instance()
        if application is not None:
            application.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take a key on its way to the focused widget, before a list takes it for a search in its items."""
        if (
            event.type() == QEvent.Type.KeyPress
            and isinstance(watched, QWidget)
            and isinstance(event, QKeyEvent)
            and watched.window() is self._window
            and watched is (self._window.focusWidget() or self._window)
            and not isinstance(watched, _TYPING)
        ):
            return self._take(watched, event)
        return False

    def _take(self, focused: QWidget, event: QKeyEvent) -> bool:
        if plain(event) and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if focused not in (self._stage, self._window):
                return False
            self._actions.search.trigger()
            return True
        key = physical_key(event)
        if key is None:
            return False
        if plain(event):
            action = self._actions.of_key(key)
            if action is not None and action.isEnabled() and not event.isAutoRepeat():
                action.trigger()
            return action is not None
        # Ctrl and a jamo: where the keyboard has no Latin layout Qt cannot match Ctrl+Z.
        if key == "z" and event.key() > 0x7F:
            step = {_CTRL: self._actions.undo, _CTRL | _SHIFT: self._actions.redo}.get(event.modifiers())
            if step is not None:
                step.trigger()
                return True
        return False


_CTRL: Final = Qt.KeyboardModifier.ControlModifier
_SHIFT: Final = Qt.KeyboardModifier.ShiftModifier
