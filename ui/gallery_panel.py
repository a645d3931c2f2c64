"""The gallery's folders, their counting and re-scanning, what was skipped, and the filters of a search."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QLocale, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from sketch_app.search_types import Filters
from ui.gallery_filters import GalleryFilters
from ui.gallery_work import PhoneSource
from ui.preparing_photos import Preparing, PreparingPanel
from ui.scan_progress import ScanProgress
from ui.skipped_dialog import SkippedDialog
from ui.theme import bind_icon, icon_pixmap, theme_changed

if TYPE_CHECKING:
    from index.records import IndexProgress, IndexReport
    from sketch_app.workspace import FolderInfo, GallerySummary


class GalleryPanel(QWidget):
    """Shows what it is told; the owner runs the work that the signals ask for."""

    add_folder_requested = Signal()
    rescan_requested = Signal(object)
    """A folder's `Path`, or None for every folder."""
    remove_requested = Signal(object)
    """A folder's `Path`; the person has confirmed it."""
    cancel_requested = Signal()
    """Of the running scan."""
    pause_requested = Signal()
    """Of the preparing for the full models."""
    continue_requested = Signal()
    """Of the preparing."""
    filters_changed = Signal(object)
    """`Filters`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._summary: GallerySummary | None = None
        self._problem, self._read_only = "", False
        self._rows: list[FolderRow] = []
        self._phone_rows: list[PhoneRow] = []
        self._heading, self._count, self._kept_in = QLabel(), QLabel(), QLabel()
        self._problem_label, self._report_label, self._no_folders = QLabel(), QLabel(), QLabel()
        self._add, self._rescan, self._skipped = QPushButton(), QPushButton(), QPushButton()
        self._progress = ScanProgress()
        self._preparing = PreparingPanel()
        self._filters = GalleryFilters()
        self._folders, self._phones = QVBoxLayout(), QVBoxLayout()
        self._dress()
        self._lay_out()
        self._connect()
        self._retranslate()
        self.set_summary(None)

    @property
    def filters(self) -> Filters:
        """What the controls say now."""
        return self._filters.filters

    def clear_filters(self) -> None:
        """Let every photo through; announces it."""
        self._filters.clear()

    def set_summary(self, summary: GallerySummary | None) -> None:
        """Show the folders, counts and albums; None: the gallery is not open yet."""
        self._summary = summary
        self._show_folders()
        self._retranslate()
        if summary is not None:
            self._filters.set_albums(summary.albums)

    def set_phones(self, phones: Sequence[PhoneSource]) -> None:
        """Show the phones that photos came from, below the folders."""
        for row in self._phone_rows:
            self._phones.removeWidget(row)
            row.deleteLater()
        self._phone_rows = [PhoneRow(phone) for phone in phones]
        for row in self._phone_rows:
            self._phones.addWidget(row)
        self._no_folders.setVisible(not self._rows and not self._phone_rows)

    def set_progress(self, progress: IndexProgress | None) -> None:
        """Show a running scan; None: nothing runs."""
        if progress is not None:
            self._report_label.hide()
        self._progress.show_progress(progress)
        self._allow()

    def set_preparing(self, preparing: Preparing | None) -> None:
        """Show how far the photos are prepared for the full models; None: there is nothing to prepare."""
        self._preparing.show_state(preparing)

    def set_reports(self, reports: Sequence[IndexReport]) -> None:
        """Say what the finished scan did, one report a folder, and end the progress."""
        self.set_progress(None)
        added, moved = sum(report.added for report in reports), sum(report.moved for report in reports)
        missing = sum(report.missing for report in reports)
        skipped = sum(len(report.skipped) for report in reports)
        parts = [self.tr("%n photo(s) added", "", added)] if added else []
        if moved:
            parts.append(self.tr("%n moved", "", moved))
        if missing:
            parts.append(self.tr("%n no longer there", "", missing))
        if skipped:
            parts.append(self.tr("%n skipped", "", skipped))
        said = " · ".join(parts) or self.tr("Nothing has changed.")
        cancelled = any(report.cancelled for report in reports)
        self._report_label.setText(self.tr("Cancelled: {0}").format(said) if cancelled else said)
        self._report_label.show()

    def set_problem(self, sentence: str) -> None:
        """Show a sentence that stays until it is cleared with ""."""
        self._problem = sentence
        self._problem_label.setText(sentence)
        self._problem_label.setVisible(bool(sentence))

    def set_read_only(self, read_only: bool, sentence: str = "") -> None:
        """Another process writes to the gallery: adding, re-scanning and removing are off, and why."""
        self._read_only = read_only
        self.set_problem(sentence if read_only else "")
        self._allow()

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102 - Qt's own
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()
            for row in (*self._rows, *self._phone_rows):
                row.retranslate()
        super().changeEvent(event)

    def _dress(self) -> None:
        self._heading.setProperty("role", "heading")
        self._count.setProperty("role", "muted")
        self._problem_label.setProperty("role", "danger")
        self._no_folders.setProperty("role", "muted")
        for label in (self._report_label, self._kept_in):
            label.setProperty("role", "small")
        for label in (self._problem_label, self._no_folders, self._report_label, self._kept_in):
            label.setWordWrap(True)
        self._problem_label.hide()
        self._report_label.hide()
        self._kept_in.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._skipped.setProperty("role", "flat")
        self._skipped.setStyleSheet("padding-left: 2px;")
        bind_icon(self._add, "folder-plus")
        bind_icon(self._rescan, "refresh")
        bind_icon(self._skipped, "warning", "warning")

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self._heading, 1)
        top.addWidget(self._count)
        card = QFrame()
        card.setProperty("role", "card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(6, 6, 6, 6)
        inside.setSpacing(0)
        inside.addWidget(self._no_folders)
        inside.addLayout(self._folders)
        inside.addLayout(self._phones)
        buttons = QHBoxLayout()
        buttons.addWidget(self._add, 1)
        buttons.addWidget(self._rescan, 1)
        column = QVBoxLayout()
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        column.addLayout(top)
        column.addWidget(self._problem_label)
        column.addWidget(card)
        column.addLayout(buttons)
        column.addWidget(self._progress)
        column.addWidget(self._preparing)
        column.addWidget(self._report_label)
        column.addWidget(self._skipped, 0, Qt.AlignmentFlag.AlignLeft)
        column.addSpacing(8)
        column.addWidget(self._filters)
        column.addStretch(1)
        column.addWidget(self._kept_in)
        content = QWidget()
        content.setLayout(column)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        self.setMinimumWidth(280)

    def _connect(self) -> None:
        self._add.clicked.connect(self.add_folder_requested)
        self._rescan.clicked.connect(lambda: self.rescan_requested.emit(None))
        self._progress.cancelled.connect(self.cancel_requested)
        self._preparing.pause_requested.connect(self.pause_requested)
        self._preparing.continue_requested.connect(self.continue_requested)
        self._skipped.clicked.connect(self.show_skipped)
        self._filters.changed.connect(self.filters_changed)

    def _retranslate(self) -> None:
        self._heading.setText(self.tr("Gallery"))
        self._add.setText(_beside_icon(self.tr("Add a folder")))
        self._rescan.setText(_beside_icon(self.tr("Scan again")))
        self._no_folders.setText(self.tr("No folder has been added yet."))
        summary = self._summary
        self._count.setText(self.tr("%n photo(s)", "", summary.photo_count) if summary is not None else "")
        skipped = len(summary.skipped) if summary is not None else 0
        self._skipped.setText(_beside_icon(self.tr("%n file(s) could not be read", "", skipped)))
        self._skipped.setVisible(skipped > 0)
        place = str(summary.directory) if summary is not None else ""
        kept = self.tr(
            "Your photos are only read, never changed. What the program remembers of them is kept in {0}."
        )
        self._kept_in.setText(kept.format(_breakable(place)))
        self._kept_in.setVisible(bool(place))
        self._allow()

    def _allow(self) -> None:
        free = self._summary is not None and not self._read_only and not self._progress.is_running
        self._add.setEnabled(free)
        self._rescan.setEnabled(free and bool(self._rows))
        for row in self._rows:
            row.set_changeable(free)

    def _show_folders(self) -> None:
        for row in self._rows:
            self._folders.removeWidget(row)
            row.deleteLater()
        folders = self._summary.folders if self._summary is not None else ()
        self._rows = [FolderRow(folder) for folder in folders]
        for row in self._rows:
            self._folders.addWidget(row)
            row.rescan.connect(self.rescan_requested)
            row.remove.connect(self._confirm_removal)
        self._no_folders.setVisible(not self._rows and not self._phone_rows)
        self._allow()

    @Slot()
    def show_skipped(self) -> None:
        """List the files that could not be read, each with its reason."""
        if self._summary is not None:
            dialog = SkippedDialog(self._summary.skipped, self)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.open()

    @Slot(object)
    def _confirm_removal(self, folder: FolderInfo) -> None:
        question = QMessageBox(self)
        question.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        question.setWindowTitle(self.tr("Remove the folder"))
        question.setText(self.tr("Remove “{0}” from the gallery?").format(folder.path.name or folder.display))
        question.setInformativeText(self.tr("Its photos stay where they are; they are only no longer found."))
        remove = question.addButton(self.tr("Remove"), QMessageBox.ButtonRole.DestructiveRole)
        question.setDefaultButton(question.addButton(self.tr("Keep"), QMessageBox.ButtonRole.RejectRole))
        remove.clicked.connect(partial(self.remove_requested.emit, folder.path))
        question.open()


class FolderRow(QWidget):
    """One folder: its name, how many photos it holds, and a menu."""

    rescan = Signal(object)
    """The folder's `Path`."""
    remove = Signal(object)
    """The `FolderInfo`."""

    def __init__(self, folder: FolderInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._icon, self._count = QLabel(), QLabel()
        self._name = QElidingLabel(folder.path.name or folder.display)
        self._name.setElideMode(Qt.TextElideMode.ElideMiddle)
        self._name.setToolTip(folder.display)
        self._name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._count.setProperty("role", "muted")
        self._more = QToolButton(popupMode=QToolButton.ToolButtonPopupMode.InstantPopup)
        bind_icon(self._more, "more", "muted")
        menu = QMenu(self._more)
        self._rescan_action = menu.addAction("", self._ask_rescan)
        self._open_action = menu.addAction("", self._open)
        menu.addSeparator()
        self._remove_action = menu.addAction("", self._ask_removal)
        self._more.setMenu(menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 2, 2, 2)
        row.setSpacing(8)
        row.addWidget(self._icon)
        row.addWidget(self._name, 1)
        row.addWidget(self._count)
        row.addWidget(self._more)
        theme_changed().connect(self._paint_icon)
        self._paint_icon()
        self.retranslate()

    def set_changeable(self, changeable: bool) -> None:
        """Whether the folder may be scanned and removed now."""
        self._rescan_action.setEnabled(changeable)
        self._remove_action.setEnabled(changeable)

    def retranslate(self) -> None:
        """Say everything in the language of now."""
        self._count.setText(QLocale().toString(self._folder.photo_count))
        self._count.setToolTip(self.tr("%n photo(s)", "", self._folder.photo_count))
        self._rescan_action.setText(self.tr("Scan again"))
        self._open_action.setText(self.tr("Open the folder"))
        self._remove_action.setText(self.tr("Remove from the gallery…"))
        self._more.setToolTip(self.tr("What to do with this folder"))
        self._more.setAccessibleName(self.tr("What to do with {0}").format(self._name.text()))

    @Slot()
    def _paint_icon(self) -> None:
        self._icon.setPixmap(icon_pixmap("folder", 18, "muted", self.devicePixelRatioF()))

    @Slot()
    def _ask_rescan(self) -> None:
        self.rescan.emit(self._folder.path)

    @Slot()
    def _ask_removal(self) -> None:
        self.remove.emit(self._folder)

    @Slot()
    def _open(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(self._folder.path))))


class PhoneRow(QWidget):
    """One phone: its name, and how many of its photos can be searched."""

    def __init__(self, phone: PhoneSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._phone = phone
        self._icon, self._count = QLabel(), QLabel()
        self._name = QElidingLabel(phone.name)
        self._name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._count.setProperty("role", "muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 8, 10, 8)  # as tall as a folder's
        row.setSpacing(8)
        row.addWidget(self._icon)
        row.addWidget(self._name, 1)
        row.addWidget(self._count)
        theme_changed().connect(self._paint_icon)
        self._paint_icon()
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything in the language of now."""
        self._count.setText(QLocale().toString(self._phone.photo_count))
        self._count.setToolTip(self.tr("%n photo(s)", "", self._phone.photo_count))
        self._name.setToolTip(self.tr("{0}: see the tab Phone").format(self._phone.name))

    @Slot()
    def _paint_icon(self) -> None:
        self._icon.setPixmap(icon_pixmap("phone", 18, "muted", self.devicePixelRatioF()))


def _breakable(path: str) -> str:
    """A path that a label may break after its separators."""
    return path.replace("/", "/\u200b").replace("\\", "\\\u200b")


def _beside_icon(words: str) -> str:
    return f" {words}"  # the style sets icon and words too close together
