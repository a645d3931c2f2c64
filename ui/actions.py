"""Everything a person can do, once: the toolbar, the keys and the buttons in the air all trigger these."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QWidget

from sketch_app.sketch import Pen
from ui.theme import bind_icon


@dataclass(frozen=True, slots=True)
class Actions:
    """The window's actions; their owner connects them."""

    camera: QAction
    pens: dict[Pen, QAction]
    eraser: QAction
    undo: QAction
    redo: QAction
    clear: QAction
    search: QAction
    save: QAction
    open: QAction
    add_folder: QAction
    models: QAction
    settings: QAction
    quit: QAction

    def of_key(self, key: str) -> QAction | None:
        """The action of a plain key, named by its place on the keyboard."""
        by_key = {
            "1": self.pens[Pen.BLACK],
            "2": self.pens[Pen.GREEN],
            "3": self.pens[Pen.RED],
            "e": self.eraser,
            "r": self.clear,
            "c": self.camera,
        }
        return by_key.get(key)

    def of_command(self, command: str) -> QAction | None:
        """The action of a button in the air."""
        return {
            "undo": self.undo,
            "redo": self.redo,
            "clear": self.clear,
            "search": self.search,
            "save": self.save,
        }.get(command)


def make_actions(window: QWidget) -> Actions:
    """Make the actions with their words, icons and keys, and add them to the window."""
    tools = QActionGroup(window)
    tools.setExclusive(True)
    pens = {pen: _action(window, "", key) for pen, key in zip(Pen, "123", strict=True)}
    eraser = _action(window, "eraser", "E")
    for tool in (*pens.values(), eraser):
        tool.setCheckable(True)
        tools.addAction(tool)
    pens[Pen.BLACK].setChecked(True)
    camera = _action(window, "camera-off", "C")
    camera.setCheckable(True)
    actions = Actions(
        camera=camera,
        pens=pens,
        eraser=eraser,
        undo=_action(window, "undo", None, "Ctrl+Z"),
        redo=_action(window, "redo", None, "Ctrl+Shift+Z", "Ctrl+Y"),
        clear=_action(window, "clear", "R"),
        search=_action(window, "search", "Enter", "Ctrl+Return", "Ctrl+Enter"),
        save=_action(window, "save", None, "Ctrl+S"),
        open=_action(window, "open", None, "Ctrl+O"),
        add_folder=_action(window, "folder-plus", None, "Ctrl+Shift+O"),
        models=_action(window, "models", None),
        settings=_action(window, "settings", None, "Ctrl+,"),
        quit=_action(window, "", None, "Ctrl+Q"),
    )
    name_actions(actions)
    return actions


def name_actions(actions: Actions) -> None:
    """Give every action its words in the language in force."""
    translate = QCoreApplication.translate
    for action, text in (
        (actions.camera, translate("Actions", "Camera")),
        (actions.pens[Pen.BLACK], translate("Actions", "Black pen")),
        (actions.pens[Pen.GREEN], translate("Actions", "Green pen")),
        (actions.pens[Pen.RED], translate("Actions", "Red pen")),
        (actions.eraser, translate("Actions", "Eraser")),
        (actions.undo, translate("Actions", "Undo")),
        (actions.redo, translate("Actions", "Redo")),
        (actions.clear, translate("Actions", "Clear")),
        (actions.search, translate("Actions", "Search")),
        (actions.save, translate("Actions", "Save sketch")),
        (actions.open, translate("Actions", "Open sketch")),
        (actions.add_folder, translate("Actions", "Add a folder of photos")),
        (actions.models, translate("Actions", "Models")),
        (actions.settings, translate("Actions", "Settings")),
        (actions.quit, translate("Actions", "Quit")),
    ):
        key = key_name(action)
        action.setText(text)
        action.setToolTip(f"{text}  ({key})" if key else text)


def key_name(action: QAction) -> str:
    """The key as the person reads it, "" without one."""
    plain_key = action.property("plainKey")
    if plain_key:
        return str(plain_key)
    return action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)


def _action(window: QWidget, icon_name: str, plain_key: str | None, *shortcuts: str) -> QAction:
    action = QAction(window)
    action.setShortcuts([QKeySequence(shortcut) for shortcut in shortcuts])
    action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
    action.setProperty("plainKey", plain_key or "")
    if icon_name:
        bind_icon(action, icon_name)
    window.addAction(action)
    return action
