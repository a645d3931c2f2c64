"""Where the person's own weights lie: a file or a folder, choosing another one, and going back to none."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QPushButton, QSizePolicy, QToolButton, QWidget
from superqt import QElidingLabel

from ui.theme import bind_icon


class WeightsField(QWidget):
    """Shows a path and asks for another one.

    Parameters
    ----------
    patterns : str
        Of the files that may be chosen, as "*.safetensors *.pkl".
    folders : bool
        Whether a folder may be chosen too.
    """

    chosen = Signal(str)
    """The path; empty for none."""

    def __init__(self, patterns: str, *, folders: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._patterns, self._path, self._name = patterns, "", ""
        self._place = QElidingLabel()
        self._place.setElideMode(Qt.TextElideMode.ElideMiddle)
        self._place.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._choose, self._clear = QPushButton(), QToolButton()
        self._choose.setAutoDefault(False)
        bind_icon(self._clear, "close", "muted")
        self._clear.clicked.connect(lambda: self.chosen.emit(""))
        self._menu: QMenu | None = None
        if folders:
            self._menu = QMenu(self._choose)
            self._file_action = self._menu.addAction("", self._ask_file)
            self._folder_action = self._menu.addAction("", self._ask_folder)
        self._choose.clicked.connect(self._open_menu if folders else self._ask_file)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._place, 1)
        row.addWidget(self._clear)
        row.addWidget(self._choose)

    def show_path(self, path: str, name: str) -> None:
        """Say what is chosen; `name` is what the field is called."""
        self._path, self._name = path, name
        self._place.setText(path or self.tr("None"))
        self._place.setToolTip(path)
        self._place.setProperty("role", "" if path else "muted")
        self._place.style().polish(self._place)
        self._choose.setText(self.tr("Choose…"))
        self._choose.setAccessibleName(self.tr("Choose: {0}").format(name))
        self._clear.setVisible(bool(path))
        self._clear.setToolTip(self.tr("Use the published weights again"))
        self._clear.setAccessibleName(f"{self._clear.toolTip()}: {name}")
        if self._menu is not None:
            self._file_action.setText(self.tr("A file…"))
            self._folder_action.setText(self.tr("A folder…"))

    @Slot()
    def _open_menu(self) -> None:
        if self._menu is not None:
            self._menu.popup(self._choose.mapToGlobal(self._choose.rect().bottomLeft()))

    @Slot()
    def _ask_file(self) -> None:
        dialog = self._dialog()
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([self.tr("Weights ({0})").format(self._patterns), self.tr("All files (*)")])
        dialog.open()

    @Slot()
    def _ask_folder(self) -> None:
        dialog = self._dialog()
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.open()

    def _dialog(self) -> QFileDialog:
        start = str(Path(self._path).parent) if self._path else ""
        dialog = QFileDialog(self, self._name, start)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda picked: self.chosen.emit(str(Path(picked))))
        return dialog
