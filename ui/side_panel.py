"""The right side of the window: the photos found, and the gallery behind a second tab."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QStackedWidget, QTabBar, QVBoxLayout, QWidget


class SidePanel(QWidget):
    """Two pages; the first is the photos found."""

    def __init__(self, results: QWidget, gallery: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tabs = QTabBar()
        self._tabs.setDrawBase(False)
        self._tabs.setExpanding(False)
        self._tabs.addTab("")
        self._tabs.addTab("")
        self._pages = QStackedWidget()
        self._pages.addWidget(results)
        self._pages.addWidget(gallery)
        self._tabs.currentChanged.connect(self._pages.setCurrentIndex)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 14, 16, 0)
        column.setSpacing(10)
        column.addWidget(self._tabs)
        column.addWidget(self._pages, 1)
        self.setMinimumWidth(340)
        self._name()

    def show_results(self) -> None:
        """Bring the photos to the front."""
        self._tabs.setCurrentIndex(0)

    def show_gallery(self) -> None:
        """Bring the gallery to the front."""
        self._tabs.setCurrentIndex(1)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        if event.type() == QEvent.Type.LanguageChange:
            self._name()
        super().changeEvent(event)

    def _name(self) -> None:
        self._tabs.setTabText(0, self.tr("Photos"))
        self._tabs.setTabText(1, self.tr("Gallery and filters"))
        self._tabs.setAccessibleName(self.tr("Photos or gallery"))
