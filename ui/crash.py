"""The log file, and what a person sees when the program has a fault: one sentence and where the log is."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import platform
import sys
import threading
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import IO, Final

from PySide6.QtCore import (
    QMessageLogContext,
    QObject,
    Qt,
    QtMsgType,
    QUrl,
    Signal,
    Slot,
    qInstallMessageHandler,
    qVersion,
)
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QMessageBox, QWidget

log = logging.getLogger("sketch_app.crash")
_qt_log = logging.getLogger("qt")

_LOG_BYTES: Final = 1_000_000
_LOGS_KEPT: Final = 3
_LEVELS: Final = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def start_log(folder: Path) -> Path | None:
    """Write the log to a file in `folder`, the older ones kept beside it.

    Returns
    -------
    Path or None
        The file; None when it cannot be written: the program goes on without.
    """
    path = folder / "sketch_app.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=_LOGS_KEPT, encoding="utf-8")
    except OSError as error:
        log.warning("No log file can be written in %s: %s", folder, error)
        return None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(min(root.level or logging.WARNING, logging.INFO))
    log.info("Python %s, Qt %s, %s", platform.python_version(), qVersion(), platform.platform())
    return path


class CrashReporter(QObject):
    """Hears of every fault nobody caught, on any thread, logs it and tells the person once at a time."""

    fault = Signal(str, str)
    """A sentence and the traceback, in the GUI thread."""

    _posted = Signal(str, str)

    def __init__(self, log_file: Path | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._log_file = log_file
        self._dialog: QMessageBox | None = None
        self._stream: IO[str] | None = None
        self._before = (sys.excepthook, threading.excepthook)
        self._posted.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Take the place of Python's and Qt's own reports."""
        sys.excepthook = self._python_fault
        threading.excepthook = self._thread_fault
        qInstallMessageHandler(_log_qt)
        if self._log_file is not None:
            with contextlib.suppress(OSError):  # the log folder was writable a moment ago; if not, go without
                self._stream = self._log_file.with_name("fatal.log").open("a", encoding="utf-8")
                faulthandler.enable(self._stream)

    def uninstall(self) -> None:
        """Give the reports back."""
        sys.excepthook, threading.excepthook = self._before
        qInstallMessageHandler(None)
        if self._stream is not None:
            faulthandler.disable()
            self._stream.close()
            self._stream = None

    @property
    def dialog(self) -> QMessageBox | None:
        """The report on the screen, None when there is none."""
        return self._dialog

    def _python_fault(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        log.critical("A fault that nobody caught", exc_info=(kind, error, trace))
        self._post(kind, error, trace)

    def _thread_fault(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is None or args.exc_type is SystemExit:
            return
        name = args.thread.name if args.thread is not None else "a thread"
        log.critical("A fault on %s", name, exc_info=(args.exc_type, args.exc_value, args.exc_traceback))
        self._post(args.exc_type, args.exc_value, args.exc_traceback)

    def _post(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        details = "".join(traceback.format_exception(kind, error, trace))
        summary = f"{kind.__name__}: {error}" if str(error) else kind.__name__
        with contextlib.suppress(RuntimeError):  # the application is gone
            self._posted.emit(summary, details)

    @Slot(str, str)
    def _show(self, summary: str, details: str) -> None:
        self.fault.emit(summary, details)
        if self._dialog is not None:  # a fault that repeats with every frame must not bury the window
            return
        dialog = QMessageBox(_front_window())
        dialog.setIcon(QMessageBox.Icon.Warning)
        dialog.setWindowTitle(self.tr("sketch_app has a fault"))
        dialog.setText(self.tr("Something went wrong. Your sketch is kept; you can go on, or start again."))
        where = (
            self.tr("The log is {0}").format(self._log_file)
            if self._log_file is not None
            else self.tr("No log could be written.")
        )
        dialog.setInformativeText(f"{summary[:300]}\n\n{where}")
        dialog.setDetailedText(details)
        dialog.setStandardButtons(QMessageBox.StandardButton.Close)
        dialog.setDefaultButton(QMessageBox.StandardButton.Close)  # Qt's choice would be the details
        dialog.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if self._log_file is not None:
            folder = self._log_file.parent
            opens = dialog.addButton(self.tr("Open the log's folder"), QMessageBox.ButtonRole.ActionRole)
            opens.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.finished.connect(self._closed)
        self._dialog = dialog
        dialog.open()

    @Slot()
    def _closed(self) -> None:
        self._dialog = None


def _front_window() -> QWidget | None:
    from PySide6.QtWidgets import QApplication

    window = QApplication.activeWindow()
    if window is None and isinstance(QGuiApplication.instance(), QApplication):
        window = next((w for w in QApplication.topLevelWidgets() if w.isVisible()), None)
    return window


def _log_qt(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    _qt_log.log(_LEVELS.get(kind, logging.WARNING), "%s", message)
