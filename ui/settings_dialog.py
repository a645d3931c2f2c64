"""The settings: appearance, language, camera, which models are used and where the gallery is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from ui.background import Failure, run_in_background
from ui.theme import icon_pixmap, theme_changed

if TYPE_CHECKING:
    from sketch_app.workspace import Workspace


class CameraChoice(Protocol):
    """A camera as `device.frames.CameraInfo` describes it."""

    @property
    def index(self) -> int:
        """What the system calls it."""

    @property
    def name(self) -> str:
        """What people call it."""


Cameras = Callable[[], Sequence[CameraChoice]]


def find_cameras() -> Sequence[CameraChoice]:
    """The computer's cameras; may take seconds, call it off the GUI thread."""
    from sketch_app.cameras import list_cameras

    return list_cameras()


class SettingsDialog(QDialog):
    """Changes are saved and announced one by one, at once; there is nothing to confirm."""

    settings_changed = Signal(object)
    """The new `Settings`, already saved."""
    models_requested = Signal()
    """The person wants to see the models."""

    def __init__(
        self, workspace: Workspace, parent: QWidget | None = None, *, cameras: Cameras | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._theme, self._language, self._camera = QComboBox(), QComboBox(), QComboBox()
        self._mirrored, self._imagine = QCheckBox(), QCheckBox()
        self._models, self._open_models = QLabel(), QPushButton()
        self._gallery = QElidingLabel()
        self._choose_gallery, self._default_gallery = QPushButton(), QPushButton()
        self._gallery_note, self._privacy, self._shield = QLabel(), QLabel(), QLabel()
        self._labels = {name: QLabel() for name in ("theme", "language", "camera", "models", "gallery")}
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self._found: Sequence[CameraChoice] | None = None
        self._lay_out()
        self._retranslate()
        self._connect()
        theme_changed().connect(self._paint_shield)
        self._paint_shield()
        run_in_background(
            self,
            lambda _job: tuple((cameras or find_cameras)()),
            on_success=self._offer_cameras,
            on_failure=self._no_cameras,
            name="list cameras",
        )

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102 - Qt's own
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() == QEvent.Type.ActivationChange:  # back from the dialog of models, say
            self._show_models()
        super().changeEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Be as high as the words need: Qt's first size is at most two thirds of a small screen."""
        super().showEvent(event)
        layout = self.layout()
        if layout is not None:
            self.setMinimumHeight(layout.totalHeightForWidth(self.width()))

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(12)
        for row, (name, field) in enumerate(
            (("theme", self._theme), ("language", self._language), ("", _line()), ("camera", self._camera))
        ):
            if not name:
                grid.addWidget(field, row, 0, 1, 2)
                continue
            grid.addWidget(self._labels[name], row, 0)
            grid.addWidget(field, row, 1)
            self._labels[name].setBuddy(field)
        grid.addWidget(self._mirrored, 4, 1)
        grid.addWidget(_line(), 5, 0, 1, 2)
        grid.addWidget(self._labels["models"], 6, 0)
        grid.addLayout(self._models_row(), 6, 1)
        grid.addWidget(self._imagine, 7, 1)
        grid.addWidget(_line(), 8, 0, 1, 2)
        grid.addWidget(self._labels["gallery"], 9, 0, Qt.AlignmentFlag.AlignTop)
        grid.addLayout(self._gallery_column(), 9, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 18)
        column.setSpacing(18)
        column.addLayout(grid)
        column.addWidget(self._promise())
        column.addStretch(1)
        column.addWidget(self._buttons)
        self.setMinimumWidth(500)

    def _models_row(self) -> QHBoxLayout:
        self._open_models.setAutoDefault(False)
        row = QHBoxLayout()
        row.addWidget(self._models, 1)
        row.addWidget(self._open_models)
        return row

    def _gallery_column(self) -> QVBoxLayout:
        self._gallery.setElideMode(Qt.TextElideMode.ElideMiddle)
        self._gallery.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._gallery_note.setProperty("role", "small")
        self._gallery_note.setWordWrap(True)
        for button in (self._choose_gallery, self._default_gallery):
            button.setAutoDefault(False)
        buttons = QHBoxLayout()
        buttons.addWidget(self._choose_gallery)
        buttons.addWidget(self._default_gallery)
        buttons.addStretch(1)
        place = QVBoxLayout()
        place.setSpacing(6)
        place.addWidget(self._gallery)
        place.addLayout(buttons)
        place.addWidget(self._gallery_note)
        return place

    def _promise(self) -> QFrame:
        promise = QFrame()
        promise.setProperty("role", "well")
        row = QHBoxLayout(promise)
        row.setContentsMargins(14, 12, 14, 12)
        row.setSpacing(12)
        row.addWidget(self._shield, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._privacy, 1)
        self._privacy.setWordWrap(True)
        return promise

    def _connect(self) -> None:
        self._theme.activated.connect(lambda: self._save(theme=self._theme.currentData()))
        self._language.activated.connect(lambda: self._save(language=self._language.currentData()))
        self._camera.activated.connect(lambda: self._save(camera=self._camera.currentData()))
        self._mirrored.toggled.connect(lambda mirrored: self._save(mirrored=mirrored))
        self._imagine.toggled.connect(lambda imagine: self._save(imagine=imagine))
        self._open_models.clicked.connect(self.models_requested)
        self._choose_gallery.clicked.connect(self._ask_gallery)
        self._default_gallery.clicked.connect(lambda: self._move_gallery(""))
        self._buttons.rejected.connect(self.accept)

    def _retranslate(self) -> None:
        settings = self._workspace.settings
        self.setWindowTitle(self.tr("Settings"))
        self._labels["theme"].setText(self.tr("Appearance"))
        self._labels["language"].setText(self.tr("Language"))
        self._labels["camera"].setText(self.tr("Camera"))
        self._labels["models"].setText(self.tr("Models"))
        self._labels["gallery"].setText(self.tr("Gallery kept in"))
        system = self.tr("Like the system")
        _fill(
            self._theme,
            (("system", system), ("light", self.tr("Light")), ("dark", self.tr("Dark"))),
            settings.theme,
        )
        # Each language by its own name, so that it is found whatever the window speaks.
        _fill(self._language, (("system", system), ("en", "English"), ("ko", "한국어")), settings.language)
        self._mirrored.setText(self.tr("Show the picture as in a mirror"))
        self._mirrored.setChecked(settings.mirrored)
        self._open_models.setText(self.tr("Change the models…"))
        self._imagine.setText(self.tr("Imagine a picture while I draw"))
        self._imagine.setChecked(settings.imagine)
        self._choose_gallery.setText(self.tr("Choose a folder…"))
        self._default_gallery.setText(self.tr("Use the usual place"))
        self._gallery_note.setText(
            self.tr(
                "Only what the program remembers of your photos is kept there. "
                "A new place counts from the next start."
            )
        )
        self._privacy.setText(
            self.tr(
                "The camera’s pictures are never stored and never sent. They are looked at and forgotten."
            )
        )
        self._buttons.button(QDialogButtonBox.StandardButton.Close).setText(self.tr("Close"))
        self._show_models()
        self._show_gallery()
        self._show_cameras()

    def _show_models(self) -> None:
        models = self._workspace.models
        self._models.setText(self.tr("Full") if models.name == "full" else self.tr("Built in"))
        can_imagine = models.generator is not None
        self._imagine.setEnabled(can_imagine)
        self._imagine.setToolTip("" if can_imagine else self.tr("The models in use imagine no picture."))

    def _show_gallery(self) -> None:
        chosen = self._workspace.settings.gallery
        place = chosen or str(self._workspace.paths.default_gallery)
        self._gallery.setText(place)
        self._gallery.setToolTip(place)
        self._default_gallery.setEnabled(bool(chosen))

    def _show_cameras(self) -> None:
        chosen = self._workspace.settings.camera
        if self._found is None:
            choices = [(chosen, self.tr("Looking for cameras…"))]
        else:
            choices = [(str(camera.index), camera.name) for camera in self._found]
            known = {value for value, _ in choices} | {name for _, name in choices}
            if chosen not in known:
                choices.append((chosen, self.tr("{0} (not connected)").format(self._spoken(chosen))))
        _fill(self._camera, choices, chosen)
        self._camera.setEnabled(self._found is not None)

    def _spoken(self, camera: str) -> str:
        return self.tr("Camera {0}").format(int(camera) + 1) if camera.isdigit() else camera

    @Slot(object)
    def _offer_cameras(self, found: Sequence[CameraChoice]) -> None:
        self._found = found
        self._show_cameras()

    def _no_cameras(self, failure: Failure) -> None:
        self._offer_cameras(())
        self._camera.setToolTip(failure.sentence)

    def _save(self, **changes: Any) -> None:
        settings = self._workspace.settings
        if all(getattr(settings, name) == value for name, value in changes.items()):
            return
        self.settings_changed.emit(self._workspace.update_settings(**changes))

    @Slot()
    def _ask_gallery(self) -> None:
        start = self._workspace.settings.gallery or str(self._workspace.paths.data)
        dialog = QFileDialog(self, self.tr("Where the gallery is kept"), start)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda chosen: self._move_gallery(str(Path(chosen))))
        dialog.open()

    def _move_gallery(self, place: str) -> None:
        self._save(gallery=place)
        self._show_gallery()

    @Slot()
    def _paint_shield(self) -> None:
        self._shield.setPixmap(icon_pixmap("lock", 20, "success", self.devicePixelRatioF()))


def _fill(box: QComboBox, choices: Sequence[tuple[str, str]], chosen: str) -> None:
    with QSignalBlocker(box):
        box.clear()
        for value, text in choices:
            box.addItem(text, value)
        found = box.findData(chosen)
        box.setCurrentIndex(found if found >= 0 else max(0, box.findText(chosen)))


def _line() -> QFrame:
    line = QFrame()
    line.setProperty("role", "line")
    return line
