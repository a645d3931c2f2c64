"""The settings: appearance, language, camera and where the gallery is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QWidget

if TYPE_CHECKING:
    from sketch_app.workspace import Workspace


class SettingsDialog(QDialog):
    """Changes are saved and announced one by one, at once; there is nothing to confirm."""

    settings_changed = Signal(object)
    """The new `Settings`, already saved."""

    def __init__(
        self,
        workspace: Workspace,
        parent: QWidget | None = None,
        *,
        cameras: Callable[[], Sequence[Any]] | None = None,
    ) -> None:
        super().__init__(parent)
