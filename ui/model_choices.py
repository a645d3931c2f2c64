"""The choices within the full set: which photo model, where it runs, the person's own weights, and letting go
of the memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ui.model_words import size_in_words
from ui.weights_field import WeightsField

if TYPE_CHECKING:
    from sketch_app.device_choice import DeviceChoice
    from sketch_app.model_store import ModelEntry
    from sketch_app.settings import Settings
    from ui.model_work import StoreLook

AUTO = "auto"


class ModelChoices(QWidget):
    """Shows what it is told and asks for changes; a photo model that is not here is offered to be fetched."""

    changed = Signal(str, str)
    """A setting's name and its new value."""
    fetch_requested = Signal(str)
    """A photo model's name; it is to be used once it is here."""
    release_requested = Signal()
    """Of the loaded models' memory."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings: Settings | None = None
        self._embedders: Sequence[ModelEntry] = ()
        self._look: StoreLook | None = None
        self._devices: Sequence[DeviceChoice] | None = None
        self._idle = True
        self._offered = ""  # a photo model that was picked and is not here
        self._labels = {name: QLabel() for name in ("photo", "device", "captioner", "generator", "memory")}
        self._photo, self._device = CalmComboBox(), CalmComboBox()
        self._offer, self._fetch = QLabel(), QPushButton()
        self._captioner = WeightsField("*.safetensors *.pt *.pth *.bin", folders=True)
        self._generator = WeightsField("*.safetensors *.pkl", folders=False)
        self._release, self._memory_note = QPushButton(), QLabel()
        for note in (self._offer, self._memory_note):
            note.setProperty("role", "small")
            note.setWordWrap(True)
        for button in (self._fetch, self._release):
            button.setAutoDefault(False)
        self._lay_out()
        self._photo.activated.connect(self._pick_photo)
        self._fetch.clicked.connect(lambda: self.fetch_requested.emit(self._offered))
        self._device.activated.connect(lambda: self.changed.emit("device", self._device.currentData()))
        self._captioner.chosen.connect(lambda path: self.changed.emit("captioner_weights", path))
        self._generator.chosen.connect(lambda path: self.changed.emit("generator_weights", path))
        self._release.clicked.connect(self.release_requested)

    def _lay_out(self) -> None:
        offer = QHBoxLayout()
        offer.addWidget(self._offer, 1)
        offer.addWidget(self._fetch)
        photo = QVBoxLayout()
        photo.setSpacing(6)
        photo.addWidget(self._photo)
        photo.addLayout(offer)
        memory = QHBoxLayout()
        memory.setSpacing(12)
        memory.addWidget(self._memory_note, 1)
        memory.addWidget(self._release)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(12)
        grid.addWidget(self._labels["photo"], 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addLayout(photo, 0, 1)
        grid.addWidget(self._device, 1, 1)
        grid.addWidget(self._captioner, 2, 1)
        grid.addWidget(self._generator, 3, 1)
        grid.addLayout(memory, 4, 1)
        for row, name in enumerate(("device", "captioner", "generator", "memory"), start=1):
            grid.addWidget(self._labels[name], row, 0)
        self._labels["photo"].setBuddy(self._photo)
        self._labels["photo"].setContentsMargins(0, 7, 0, 0)  # in line with the words of the box
        self._labels["device"].setBuddy(self._device)

    def set_devices(self, devices: Sequence[DeviceChoice]) -> None:
        """Offer the devices of this computer."""
        self._devices = devices
        if self._settings is not None:
            self._show_devices(self._settings)

    def show_choices(
        self,
        settings: Settings,
        embedders: Sequence[ModelEntry],
        look: StoreLook | None,
        *,
        idle: bool,
        in_use: bool,
    ) -> None:
        """Say what is chosen, in the language of now.

        Parameters
        ----------
        embedders : sequence of ModelEntry
            The photo models there are.
        look : StoreLook, optional
            None: not known yet what is here.
        idle : bool
            Whether something can be begun.
        in_use : bool
            Whether the full models are in use and may have taken memory.
        """
        self._settings, self._embedders, self._look, self._idle = settings, embedders, look, idle
        self._labels["photo"].setText(self.tr("Photos are compared by"))
        self._labels["device"].setText(self.tr("Runs on"))
        self._labels["captioner"].setText(self.tr("Own weights for names"))
        self._labels["generator"].setText(self.tr("Own weights for pictures"))
        self._labels["memory"].setText(self.tr("Memory"))
        self._captioner.show_path(settings.captioner_weights, self._labels["captioner"].text())
        self._generator.show_path(settings.generator_weights, self._labels["generator"].text())
        self._fetch.setText(self.tr("Fetch"))
        self._release.setText(self.tr("Free memory"))
        self._memory_note.setText(
            self.tr("Lets the loaded models go; the next search loads them again.")
            if in_use
            else self.tr("The full models are not in use and take no memory.")
        )
        self._show_photo_models(settings)
        self._show_devices(settings)
        for field in (self._photo, self._captioner, self._generator, self._fetch):
            field.setEnabled(idle)
        self._release.setEnabled(in_use)

    def _show_photo_models(self, settings: Settings) -> None:
        if self._offered and self._is_here(self._offered):
            self._offered = ""
        with QSignalBlocker(self._photo):
            self._photo.clear()
            for entry in self._embedders:
                here = self._is_here(entry.name)
                title = entry.title if here else self.tr("{0} (not here)").format(entry.title)
                self._photo.addItem(title, entry.name)
            self._photo.setCurrentIndex(self._photo.findData(self._offered or settings.photo_model))
        self._photo.setAccessibleName(self._labels["photo"].text())
        # The chosen one is among the parts above, where it can be fetched.
        offered = next((e for e in self._embedders if e.name == self._offered), None)
        visible = offered is not None and self._look is not None
        self._offer.setVisible(visible)
        self._fetch.setVisible(visible)
        if offered is not None and self._look is not None:
            size = size_in_words(offered, self._look.states[offered.name])
            template = self.tr("{0} is not here yet ({1}). Until it is, the former one stays chosen.")
            self._offer.setText(template.format(offered.title, size))
            self._fetch.setAccessibleName(f"{self._fetch.text()}: {offered.title}")

    def _is_here(self, name: str) -> bool:
        state = self._look.states.get(name) if self._look is not None else None
        return state is not None and state.status == "complete"

    def _show_devices(self, settings: Settings) -> None:
        choices = [(AUTO, self.tr("Automatic: the fastest"), "")]
        if self._devices is None:
            choices = [(settings.device, self.tr("Looking for devices…"), "")]
        for device in self._devices or ():
            name = {"processor": self.tr("Processor"), "apple": self.tr("Apple graphics")}.get(device.kind)
            choices.append((device.value, name or device.name, device.description))
        if settings.device not in {value for value, _, _ in choices}:
            choices.append((settings.device, self.tr("{0} (not found)").format(settings.device), ""))
        with QSignalBlocker(self._device):
            self._device.clear()
            for value, name, description in choices:
                self._device.addItem(name, value)
                tip = Qt.ItemDataRole.ToolTipRole
                self._device.setItemData(self._device.count() - 1, description or None, tip)
            self._device.setCurrentIndex(self._device.findData(settings.device))
        self._device.setEnabled(self._idle and self._devices is not None)
        self._device.setAccessibleName(self._labels["device"].text())

    @Slot()
    def _pick_photo(self) -> None:
        name = self._photo.currentData()
        assert self._settings is not None
        chosen = name == self._settings.photo_model
        self._offered = "" if chosen or self._is_here(name) else name
        self._show_photo_models(self._settings)
        if not self._offered and not chosen:
            self.changed.emit("photo_model", name)


class CalmComboBox(QComboBox):
    """Leaves the wheel to the page it stands on, until it is clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumContentsLength(12)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll the page."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
