"""What a person can do with a photo found: open it, find its file, copy it, ask for more like it, mark it."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QObject, QUrl, Signal
from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher
from PySide6.QtGui import QDesktopServices, QGuiApplication, QImage
from PySide6.QtWidgets import QMenu, QWidget

from index.decode import thumbnail
from index.errors import DecodeError
from sketch_app.search_types import PhotoResult
from ui.background import run_in_background
from ui.photo_names import shown_name
from ui.thumbnails import to_image

if TYPE_CHECKING:
    from sketch_app.workspace import Workspace

log = logging.getLogger(__name__)

COPIED_SIDE = 2048
"""Longer side, in pixels, of a picture put on the clipboard; the file itself goes with it."""
_FILE_MANAGER = "org.freedesktop.FileManager1"


def show_command(path: Path, platform: str = sys.platform) -> list[str] | None:
    """The command that shows a file in the platform's file manager; None where D-Bus is asked instead."""
    if platform == "win32":
        return ["explorer", f"/select,{path}"]
    if platform == "darwin":
        return ["open", "-R", str(path)]
    return None


class PhotoActions(QObject):
    """Carries out what is asked of a photo, and says in one sentence when that fails."""

    notice = Signal(str)
    """A sentence for the person."""
    more_like_this = Signal(int)
    """A photo id."""
    liked = Signal(int)
    """A photo id: this one, or more like it."""
    disliked = Signal(int)
    """A photo id: not this one, nor others like it."""
    original_wanted = Signal(int)
    """A photo id: its original is to be fetched from the phone."""

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace

    def menu(self, result: PhotoResult, parent: QWidget) -> QMenu:
        """The context menu of a photo; the caller shows it."""
        menu = QMenu(parent)
        here = result.path is not None
        if result.is_preview:
            menu.addAction(self.tr("Fetch the original"), partial(self.fetch_original, result))
        for text, act, possible in (
            (self.tr("Open"), self.open, here),
            (self.tr("Show in folder"), self.show_in_folder, here),
            (None, None, True),
            (self.tr("Copy picture"), self.copy_picture, True),
            (self.tr("Copy path"), self.copy_path, here),
            (None, None, True),
            (self.tr("More like this"), self.ask_for_more, True),
            (self.tr("This one") + "\t+", self.like, True),
            (self.tr("Not this one") + "\t−", self.dislike, True),
        ):
            if text is None or act is None:
                menu.addSeparator()
                continue
            action = menu.addAction(text)
            action.setEnabled(possible)
            action.triggered.connect(partial(act, result))
        menu.setDefaultAction(menu.actions()[0])
        return menu

    def open(self, result: PhotoResult, *_: object) -> None:
        """Open the photo in the system's viewer; an original that is on a phone alone comes first."""
        if result.is_preview:
            self.fetch_original(result)
            return
        self._when_there(result, self._open_file)

    def show_in_folder(self, result: PhotoResult, *_: object) -> None:
        """Show the photo's file in the system's file manager."""
        self._when_there(result, self._show_file)

    def fetch_original(self, result: PhotoResult, *_: object) -> None:
        """Ask for the original, which is on a phone."""
        self.original_wanted.emit(result.photo_id)

    def copy_picture(self, result: PhotoResult, *_: object) -> None:
        """Put the picture, and its file where there is one, on the clipboard."""
        run_in_background(
            self,
            lambda _job: self._picture(result),
            on_success=partial(self._put_on_clipboard, result),
            on_failure=lambda failure: self.notice.emit(
                self.tr("The picture could not be copied: {0}").format(failure)
            ),
            name="copy picture",
        )

    def copy_path(self, result: PhotoResult, *_: object) -> None:
        """Put the path on the clipboard as text."""
        if result.path is None:
            self.notice.emit(self.gone_sentence(result))
            return
        QGuiApplication.clipboard().setText(str(result.path))
        self.notice.emit(self.tr("The path is on the clipboard."))

    def ask_for_more(self, result: PhotoResult, *_: object) -> None:
        """Ask for photos like this one."""
        self.more_like_this.emit(result.photo_id)

    def like(self, result: PhotoResult, *_: object) -> None:
        """Say that this is the one: others like it come to the front."""
        self.liked.emit(result.photo_id)

    def dislike(self, result: PhotoResult, *_: object) -> None:
        """Say that this is not the one: it goes, and others like it fall back."""
        self.disliked.emit(result.photo_id)

    def gone_sentence(self, result: PhotoResult) -> str:
        """What to say of a photo whose file is not there."""
        if result.is_preview:
            return self.tr("The original is on {0}. Fetch it first: double-click the photo.").format(
                result.phones[0].phone
            )
        if result.path is None:
            return self.tr(
                "This photo’s file is no longer where it was. Scan its folder again if it was moved."
            )
        return self.tr("“{0}” is no longer in {1}. Scan the folder again if it was moved.").format(
            shown_name(result), result.path.parent
        )

    def _when_there(self, result: PhotoResult, act: Callable[[Path, str], None]) -> None:
        path = result.path
        if path is None:
            self.notice.emit(self.gone_sentence(result))
            return

        def checked(there: bool) -> None:
            if there:
                act(path, shown_name(result))
            else:
                self.notice.emit(self.gone_sentence(result))

        # Off the GUI thread: a sleeping network drive may take seconds to answer.
        run_in_background(self, lambda _job: path.is_file(), on_success=checked, name="look for photo")

    def _open_file(self, path: Path, name: str) -> None:
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
            self.notice.emit(self.tr("No program on this computer opens “{0}”.").format(name))

    def _show_file(self, path: Path, _name: str) -> None:
        command = show_command(path)
        if command is not None:
            subprocess.Popen(command)  # the file manager outlives this program
            return
        message = QDBusMessage.createMethodCall(
            _FILE_MANAGER, "/org/freedesktop/FileManager1", _FILE_MANAGER, "ShowItems"
        )
        message.setArguments([[QUrl.fromLocalFile(str(path)).toString()], ""])
        bus = QDBusConnection.sessionBus()
        if not bus.isConnected():
            self._open_folder(path)
            return
        watcher = QDBusPendingCallWatcher(bus.asyncCall(message), self)
        watcher.finished.connect(partial(self._file_manager_answered, path))

    def _file_manager_answered(self, path: Path, watcher: QDBusPendingCallWatcher) -> None:
        if watcher.isError():
            self._open_folder(path)
        watcher.deleteLater()

    def _open_folder(self, path: Path) -> None:
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent))):
            self.notice.emit(self.tr("No file manager opens “{0}”.").format(path.parent))

    def _picture(self, result: PhotoResult) -> QImage:
        """On a worker thread: the photo itself, or what the gallery remembers of it."""
        if result.path is not None:
            try:
                return to_image(thumbnail(result.path, COPIED_SIDE))
            except DecodeError as error:
                log.debug("%s is copied from the gallery: %s", result.path, error)
        return to_image(self._workspace.thumbnail(result.photo_id, COPIED_SIDE))

    def _put_on_clipboard(self, result: PhotoResult, image: QImage) -> None:
        content = QMimeData()
        content.setImageData(image)
        if result.path is not None:
            content.setUrls([QUrl.fromLocalFile(str(result.path))])
        QGuiApplication.clipboard().setMimeData(content)
        self.notice.emit(self.tr("The picture is on the clipboard."))
