"""The window: stage on the left, photos on the right, wired to document, hand, search and gallery."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QVBoxLayout,
    QWidget,
)

from sketch_app.document import SketchDocument
from ui import background
from ui.actions import make_actions, name_actions
from ui.air_control import AirControl
from ui.answer_control import AnswerControl
from ui.canvas import StageWidget
from ui.file_commands import FileCommands
from ui.gallery_control import GalleryControl
from ui.gallery_panel import GalleryPanel
from ui.imagination_panel import ImaginationPanel
from ui.live_bridge import CameraState
from ui.names_bar import NamesBar
from ui.notice_bar import NoticeBar
from ui.phone_control import PhoneControl
from ui.phone_panel import PhonePanel
from ui.reasons import sentence_in_words
from ui.recovery import Recovery
from ui.results_view import ResultsView
from ui.search_bridge import SearchBridge
from ui.shortcuts import PlainKeys
from ui.side_panel import SidePanel
from ui.stage_column import StageColumn, StageSplitter
from ui.status_line import StatusLine
from ui.toast import Toast
from ui.toolbar import Toolbar
from ui.tools import Tools

if TYPE_CHECKING:
    from sketch_app.settings import Settings
    from sketch_app.workspace import Workspace

log = logging.getLogger(__name__)


class MainWindow(QMainWindow):
    """Everything a person sees.

    Parameters
    ----------
    workspace : Workspace
        Not opened yet: the window opens it once it is on the screen.
    source : FrameSource, optional
        In place of the camera of the settings (the demo's virtual hand).
    """

    painted = Signal()
    """The window has been painted for the first time."""

    def __init__(self, workspace: Workspace, *, source: Any | None = None) -> None:
        super().__init__()
        self._workspace = workspace
        self._source = source
        self._was_painted = False
        self.document = SketchDocument()
        self.tools = Tools(self)
        self.actions_ = make_actions(self)
        self.stage = StageWidget(self.document, self.tools)
        self.names = NamesBar()
        self.imagined = ImaginationPanel(workspace.paths.pictures)
        self.results = ResultsView(workspace)
        self.gallery = GalleryPanel()
        self.phone_panel = PhonePanel()
        self.side = SidePanel(self.results, self.gallery, self.phone_panel)
        self.notice = NoticeBar()
        self.toolbar = Toolbar(self.actions_)
        self.status = StatusLine()
        self.search = SearchBridge(self.document, self)
        self.photos = GalleryControl(workspace, self.gallery, self.status, self)
        self.phones = PhoneControl(workspace, self.phone_panel, self)
        self.air = AirControl(self.document, self.stage, self.tools, self._make_source, self)
        self.files = FileCommands(self, self.document, workspace)
        self.recovery = Recovery(self.document, workspace.paths.autosave, say=self._warn, parent=self)
        self.keys = PlainKeys(self, self.actions_, self.stage)
        self._lay_out()
        self.answers = AnswerControl(
            workspace,
            self.search,
            names=self.names,
            imagined=self.imagined,
            results=self.results,
            side=self.side,
            status=self.status,
            parent=self,
        )
        self.toast = Toast(self.stage, self.stage.picture_area)
        self._connect()
        self._unsubscribes = [
            self.document.changed(self._document_changed),
            self.document.stroke_finished(self.side.show_results),
        ]
        self._document_changed()
        self._name()
        self._restore_geometry()
        self.setAcceptDrops(True)
        self.stage.setFocus()

    # Making

    def _lay_out(self) -> None:
        left = StageColumn(self.notice, self.stage, self.names, self.imagined)
        self._splitter = splitter = StageSplitter(left, self.side)
        body = QWidget()
        rows = QVBoxLayout(body)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.toolbar)
        rows.addWidget(splitter, 1)
        rows.addWidget(self.status)
        self.setCentralWidget(body)
        self.setMinimumSize(900, 600)

    def _connect(self) -> None:
        do = self.actions_
        for pen, action in do.pens.items():
            action.triggered.connect(lambda _=False, pen=pen: self.tools.take_pen(pen))
        do.eraser.triggered.connect(lambda: self.tools.take_eraser(not self.tools.erasing))
        do.undo.triggered.connect(self.document.undo)
        do.redo.triggered.connect(self.document.redo)
        do.clear.triggered.connect(self._clear)
        do.search.triggered.connect(self._search_now)
        do.save.triggered.connect(self.files.save)
        do.open.triggered.connect(self.files.ask_sketch)
        do.add_folder.triggered.connect(self.files.ask_folder)
        do.models.triggered.connect(self._open_models)
        do.settings.triggered.connect(self._open_settings)
        do.quit.triggered.connect(self.close)
        do.camera.triggered.connect(self._switch_camera)
        self.tools.changed.connect(self._show_tool)
        self.stage.set_button_enabled(self._command_enabled)
        self.stage.button_pressed.connect(self._command)
        self.air.command.connect(self._command)
        self.air.camera_changed.connect(self._show_camera)
        self.notice.action.connect(self.air.bridge.start)
        self.search.emptied.connect(self._show_counts)
        self.answers.imagination_shown.connect(self._splitter.fit)
        self.imagined.said.connect(self._say)
        self.results.add_folder_requested.connect(self.files.ask_folder)
        self.results.phone_requested.connect(self.side.show_phone)
        self.results.clear_filters_requested.connect(self.gallery.clear_filters)
        self.results.notice.connect(self.toast.show_text)
        self.gallery.filters_changed.connect(self.search.set_filters)
        self.gallery.add_folder_requested.connect(self.files.ask_folder)
        self.photos.opened.connect(self._gallery_opened)
        self.photos.not_opened.connect(self._gallery_problem)
        self.photos.counted.connect(self._show_counts)
        self.photos.photos_added.connect(self._photos_added)
        self.photos.said.connect(self._say)
        self.side.phone_shown.connect(self.phones.open)
        self.phones.photos_added.connect(self._photos_added)
        self.phones.photos_added.connect(self.photos.refresh)
        self.phones.said.connect(self._say)
        self.results.actions_of_photo.original_wanted.connect(self.phones.fetch_original)
        self.files.said.connect(self._say)
        self.files.folder_chosen.connect(self.photos.read_folder)
        background.unheard_failures().connect(self._unheard)

    def start(self) -> None:
        """Open gallery, camera and the sketch of a crashed session; call it once the window is painted."""
        self.keys.install()
        self.status.set_text(self.tr("Opening the gallery"))
        self.photos.open()
        if self.recovery.start():
            self._say(self.tr("Your sketch from the last time is back. Clear takes it away."), "check")
        self._show_hint()
        if self._source is not None or self._workspace.settings.camera_on:
            self.air.bridge.start()
        if self._source is None:  # a demo looks at nobody's phone
            self.phones.open_for_known_phones()

    def _make_source(self) -> Any:
        if self._source is not None:
            return self._source
        from sketch_app.cameras import camera_source

        settings = self._workspace.settings
        return camera_source(settings.camera, mirrored=settings.mirrored)

    # Commands

    def _command(self, name: str) -> None:
        action = self.actions_.of_command(name)
        if action is not None and action.isEnabled():
            action.trigger()

    def _command_enabled(self, name: str) -> bool:
        action = self.actions_.of_command(name)
        return action is not None and action.isEnabled()

    def _clear(self) -> None:
        if not self.document.sketch.is_empty or self.document.is_drawing:
            self.document.clear()
            self._say(self.tr("Cleared. Undo brings it back."))

    def _search_now(self) -> None:
        if self.document.is_drawing:
            self.document.end_stroke()  # which searches
        elif self.document.sketch.is_empty:
            self._say(self.tr("Draw something first, then search."))
        else:
            self.search.search()

    def _switch_camera(self) -> None:
        turns_on = not self.air.bridge.is_on
        self._workspace.update_settings(camera_on=turns_on)
        (self.air.bridge.start if turns_on else self.air.bridge.stop)()

    def _open_models(self) -> None:
        from ui.models_dialog import ModelsDialog

        dialog = ModelsDialog(self._workspace, self)
        dialog.models_changed.connect(self.answers.attach)
        dialog.models_changed.connect(self.photos.models_changed)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _open_settings(self) -> None:
        from ui.settings_dialog import SettingsDialog

        dialog = SettingsDialog(self._workspace, self)
        former = self._workspace.settings

        def changed(settings: Settings) -> None:
            nonlocal former
            self._apply_settings(former, settings)
            former = settings

        dialog.settings_changed.connect(changed)
        dialog.models_requested.connect(dialog.close)
        dialog.models_requested.connect(self._open_models)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _apply_settings(self, former: Settings, settings: Settings) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        if settings.theme != former.theme:
            from ui.theme import apply_theme

            apply_theme(app, settings.theme)
        if settings.language != former.language:
            from ui.languages import apply_language

            apply_language(app, settings.language)
        moved_camera = (settings.camera, settings.mirrored) != (former.camera, former.mirrored)
        if moved_camera and self.air.bridge.is_on and self._source is None:
            self.air.bridge.stop()
            self.air.bridge.start()
        if settings.imagine != former.imagine:
            self.answers.follow_settings()
        if settings.gallery != former.gallery:
            self._say(self.tr("The gallery in its new place opens when you start the program again."))

    # What is shown

    def _say(self, text: str, kind: str = "info") -> None:
        self.toast.show_text(text, kind=kind)

    def _warn(self, text: str) -> None:
        self._say(text, "warning")

    def _unheard(self, failure: background.Failure) -> None:
        self._warn(failure.sentence)

    def _document_changed(self) -> None:
        document, do = self.document, self.actions_
        do.undo.setEnabled(document.can_undo)
        do.redo.setEnabled(document.can_redo)
        something = not document.sketch.is_empty or document.is_drawing
        do.clear.setEnabled(something)
        do.save.setEnabled(something)

    def _show_tool(self) -> None:
        do = self.actions_
        (do.eraser if self.tools.erasing else do.pens[self.tools.pen]).setChecked(True)

    def _show_camera(self, state: CameraState, sentence: str) -> None:
        self.toolbar.show_camera(state.value)
        sentence = sentence_in_words(sentence)
        if state is CameraState.LOST and sentence:
            self.notice.say(sentence)
        elif state is CameraState.ENDED and sentence:
            self.notice.say(sentence, self.tr("Try again"))
        else:
            self.notice.say("")
        self._show_hint()

    def _show_hint(self) -> None:
        state = self.air.bridge.state
        if state is CameraState.RUNNING:
            hint = self.tr("Point with your index finger and draw.\nA closed fist lifts the pen.")
        elif state is CameraState.OPENING:
            hint = self.tr("The camera is starting. You can already draw with the mouse.")
        else:
            hint = self.tr("Draw here with the mouse, a pen or a finger.")
        self.stage.set_hint(hint)

    def _show_counts(self) -> None:
        count = self.photos.photo_count
        if count is None or not self.document.sketch.is_empty:
            return
        if count:
            self.results.clear()
            self.status.set_text(self.tr("%n photo(s) in the gallery", "", count))
        else:
            self.results.invite_folder()
            self.status.set_text(self.tr("No photos yet. Add a folder of photos, or connect a phone."))

    def _gallery_opened(self) -> None:
        if self._workspace.models_problem:
            self._warn(sentence_in_words(self._workspace.models_problem))
        self.answers.attach()

    def _gallery_problem(self, sentence: str) -> None:
        self.results.clear(sentence)
        self.status.set_text(sentence)

    def _photos_added(self) -> None:
        if not self.document.sketch.is_empty:
            self.search.search_again()

    # The window itself

    def _name(self) -> None:
        self.setWindowTitle(self.tr("sketch_app"))
        self.stage.setAccessibleName(self.tr("Drawing area"))
        self.stage.setAccessibleDescription(
            self.tr("Draw with the finger in the air, the mouse, a pen or touch. Keys work here.")
        )
        name_actions(self.actions_)
        self.toolbar.name()
        self._show_camera(self.air.bridge.state, self.air.bridge.sentence)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        if event.type() == QEvent.Type.LanguageChange:
            self._name()
        super().changeEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take folders of photos, and sketch files."""
        if any(self.files.takes(path) for path in _local_paths(event)):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Read a dropped folder into the gallery, open a dropped sketch."""
        for path in _local_paths(event):
            self.files.take(path)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Tell once that there is something to see."""
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self.painted.emit)

    def _restore_geometry(self) -> None:
        stored = self._workspace.settings.window_geometry
        if not (stored and self.restoreGeometry(QByteArray.fromBase64(stored.encode()))):
            self.resize(1280, 800)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep the window's place, close the camera, end the work and the session."""
        self.hide()
        self.keys.uninstall()
        geometry = bytes(self.saveGeometry().toBase64().data()).decode()
        try:
            self._workspace.update_settings(window_geometry=geometry)
        except OSError:
            log.exception("The window's place could not be kept")
        for unsubscribe in self._unsubscribes:
            unsubscribe()
        self.stage.detach()
        self.search.close()
        self.photos.stop_reading()
        self.phones.close()
        background.cancel_all()
        self.air.close()
        self.recovery.close()
        super().closeEvent(event)


def _local_paths(event: QDropEvent) -> list[Path]:
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
