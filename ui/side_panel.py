"""The right side of the window: the photos found, the gallery behind a second tab, phones behind a third."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QTabBar, QToolButton, QVBoxLayout, QWidget

from ui.theme import bind_icon

_GALLERY, _PHONE = 1, 2


class SidePanel(QWidget):
    """Three pages; the first is the photos found, with a button for how they are ranked."""

    phone_shown = Signal()
    """The phones came to the front."""

    def __init__(
        self, results: QWidget, gallery: QWidget, phone: QWidget, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._tabs = QTabBar()
        self._tabs.setDrawBase(False)
        self._tabs.setExpanding(False)
        self._tabs.setUsesScrollButtons(False)
        for _ in range(3):
            self._tabs.addTab("")
        self._pages = QStackedWidget()
        self._pages.addWidget(results)
        self._pages.addWidget(gallery)
        self._pages.addWidget(phone)
        self.ranking = QToolButton()
        self.ranking.setIconSize(QSize(18, 18))
        self.ranking.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        bind_icon(self.ranking, "ranking", "muted")
        self._tabs.currentChanged.connect(self._pages.setCurrentIndex)
        self._tabs.currentChanged.connect(lambda page: self.ranking.setVisible(page == 0))
        self._tabs.currentChanged.connect(lambda page: page == _PHONE and self.phone_shown.emit())
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self._tabs, 1)
        head.addWidget(self.ranking)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 14, 16, 0)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(self._pages, 1)
        self.setMinimumWidth(340)
        self._name()

    def show_results(self) -> None:
        """Bring the photos to the front."""
        self._tabs.setCurrentIndex(0)

    def show_gallery(self) -> None:
        """Bring the gallery to the front."""
        self._tabs.setCurrentIndex(_GALLERY)

    def show_phone(self) -> None:
        """Bring the phones to the front."""
        self._tabs.setCurrentIndex(_PHONE)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The button has its word where there is room for it."""
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        if event.type() == QEvent.Type.LanguageChange:
            self._name()
        super().changeEvent(event)

    def _name(self) -> None:
        self._tabs.setTabText(0, self.tr("Photos"))
        self._tabs.setTabText(_PHONE, self.tr("Phone"))
        self._tabs.setTabToolTip(_GALLERY, self.tr("Gallery and filters"))
        self._tabs.setAccessibleName(self.tr("Photos, gallery or phone"))
        self.ranking.setAccessibleName(self.tr("Ranking"))
        self.ranking.setText(f" {self.ranking.accessibleName()}")  # room beside the icon
        self.ranking.setToolTip(self.tr("What counts when photos are ranked"))
        self._fit()

    def _fit(self) -> None:
        room = self.contentsRect().width() - 22
        icon = self.ranking.iconSize().width() + 24
        self._tabs.setTabText(_GALLERY, self.tr("Gallery and filters"))
        if room < self._tabs.sizeHint().width() + icon:
            self._tabs.setTabText(_GALLERY, self.tr("Gallery"))
        words = self.ranking.fontMetrics().horizontalAdvance(self.ranking.text()) + 56
        fits = room >= self._tabs.sizeHint().width() + words
        style = Qt.ToolButtonStyle
        self.ranking.setToolButtonStyle(style.ToolButtonTextBesideIcon if fits else style.ToolButtonIconOnly)
