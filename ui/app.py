"""Opening the window: application, language, log, one window a gallery.

What takes long comes after the window is painted.
"""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QMessageBox

from ui.crash import CrashReporter, start_log
from ui.languages import apply_language
from ui.single_instance import SingleInstance
from ui.theme import apply_theme, icon

if TYPE_CHECKING:
    from sketch_app.workspace import Workspace
    from ui.main_window import MainWindow

log = logging.getLogger(__name__)


def run_window(
    workspace: Workspace,
    *,
    source: Any | None = None,
    on_ready: Callable[[MainWindow], None] | None = None,
) -> int:
    """Open the window and run until it is closed.

    Parameters
    ----------
    workspace : Workspace
        Not opened yet; closed when this returns.
    source : FrameSource, optional
        In place of the camera of the settings: the demo's virtual hand.
    on_ready : callable, optional
        Called with the window in the GUI thread once it has been painted.

    Returns
    -------
    int
        The process's exit status.
    """
    # Python's lock changes hands this often at least: the window must not wait out five milliseconds for each
    # of the threads that read photos.
    sys.setswitchinterval(0.002)
    app = _application()
    log_file = start_log(workspace.paths.logs)
    crashes = CrashReporter(log_file)
    crashes.install()
    apply_language(app, workspace.settings.language)
    apply_theme(app, workspace.settings.theme)
    place = SingleInstance(workspace.gallery_directory)
    try:
        if not place.acquire() and not _open_beside(place):
            return 0
        from ui.main_window import MainWindow

        window = MainWindow(workspace, source=source)
        place.raise_requested.connect(lambda: _to_front(window))

        def painted() -> None:
            window.start()
            if on_ready is not None:
                on_ready(window)

        window.painted.connect(painted)
        window.show()
        with_interrupts = _heed_interrupts(window)
        status = app.exec()
        with_interrupts.stop()
        return int(status)
    finally:
        place.close()
        workspace.close()
        crashes.uninstall()


def _application() -> QApplication:
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        QCoreApplication.setApplicationName("sketch_app")
        QCoreApplication.setOrganizationName("sketch_app")
        app = QApplication(sys.argv[:1])
    app.setApplicationDisplayName("sketch_app")
    app.setDesktopFileName("sketch_app")
    app.setWindowIcon(QIcon(icon("draw", "accent")))
    return app


def _open_beside(place: SingleInstance) -> bool:
    """Say that a window is open already; True when the person wants a second one to search in."""
    translate = QCoreApplication.translate
    box = QMessageBox()
    box.setWindowTitle("sketch_app")
    box.setText(translate("App", "sketch_app is already open with this gallery."))
    box.setInformativeText(
        translate(
            "App",
            "Go to that window, or open a second one. Only one of them at a time can add photos; "
            "both can search.",
        )
    )
    go = box.addButton(translate("App", "Go to that window"), QMessageBox.ButtonRole.AcceptRole)
    second = box.addButton(translate("App", "Open a second window"), QMessageBox.ButtonRole.ActionRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(go)
    box.exec()
    if box.clickedButton() is second:
        return True
    if box.clickedButton() is go and not place.raise_other():
        log.warning("The open window did not answer")
    return False


def _to_front(window: MainWindow) -> None:
    if window.isMinimized():
        window.showNormal()
    window.show()
    window.raise_()
    window.activateWindow()


def _heed_interrupts(window: MainWindow) -> QTimer:
    """Let Ctrl+C in the terminal close the window: Python looks at signals only between its own steps."""
    timer = QTimer()
    try:
        signal.signal(signal.SIGINT, lambda *_: window.close())
    except ValueError:  # not the main thread: somebody embeds the window
        return timer
    timer.timeout.connect(lambda: None)
    timer.start(250)
    return timer
