"""One window a gallery: the second start finds the first and can bring it to the front."""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

log = logging.getLogger(__name__)

_PATIENCE = 1500
"""Milliseconds for the first window to answer."""


class SingleInstance(QObject):
    """Holds the place of the one window for a gallery folder, until closed or the process ends.

    Parameters
    ----------
    gallery : Path
        The gallery's folder; made if it is not there.
    """

    raise_requested = Signal()
    """A second start asks this window to come to the front."""

    def __init__(self, gallery: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._gallery = gallery
        digest = hashlib.sha256(os.fsencode(gallery.resolve())).hexdigest()[:16]
        # The user's id keeps two people on one machine apart.
        self._name = f"sketch_app-{getattr(os, 'getuid', lambda: 0)()}-{digest}"
        self._lock: QLockFile | None = None
        self._server: QLocalServer | None = None

    def acquire(self) -> bool:
        """Take the place; False when another process's window has it."""
        try:
            self._gallery.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            log.warning("The gallery folder cannot be made: %s", error)
            return True  # opening the gallery will say so in a sentence
        lock = QLockFile(str(self._gallery / "window.lock"))
        lock.setStaleLockTime(0)  # never by age; the lock of a dead process is found out by its pid
        if not lock.tryLock(0):
            if lock.error() == QLockFile.LockError.LockFailedError:
                return False
            log.warning("The window's lock cannot be taken: %s", lock.error())
            return True
        self._lock = lock
        QLocalServer.removeServer(self._name)  # left by a crash
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._answer)
        if not self._server.listen(self._name):
            log.warning("A second start will not find this window: %s", self._server.errorString())
        return True

    def raise_other(self) -> bool:
        """Ask the window that has the place to come to the front; False when it does not answer."""
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(_PATIENCE):
            return False
        # The connection is the request. What is written only keeps it open until the other side has seen it;
        # a window that answers by closing at once has heard it all the same.
        socket.write(b"raise\n")
        socket.waitForBytesWritten(_PATIENCE)
        socket.disconnectFromServer()
        return True

    def close(self) -> None:
        """Give the place up."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._lock is not None:
            self._lock.unlock()
            self._lock = None

    def _answer(self) -> None:
        if self._server is None:
            return
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.disconnected.connect(socket.deleteLater)
            self.raise_requested.emit()  # whatever it says, it can ask for nothing else
