"""The live hand brought into the GUI thread: every reading in order, of the pictures only the newest.

Pictures are shown and dropped; nothing here stores or sends one.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QImage

from ui.background import run_in_background

if TYPE_CHECKING:
    from sketch_app.live import LiveFrame, LiveHand

log = logging.getLogger(__name__)


class CameraState(StrEnum):
    """What the camera does, as the window tells it."""

    OFF = "off"
    OPENING = "opening"
    RUNNING = "running"
    LOST = "lost"
    """It is tried again by itself."""
    ENDED = "ended"
    """A film or the demo is over."""


class LiveBridge(QObject):
    """Starts and stops the live hand; all signals arrive in the GUI thread.

    Parameters
    ----------
    make_source : callable
        Gives a new frame source at every start; called off the GUI thread.
    """

    reading = Signal(object)
    """Each `HandReading`, in order."""
    frame_size = Signal(int, int)
    """Width and height of the frames, before the first reading and whenever they change."""
    picture = Signal(QImage)
    """The newest frame, after the readings up to it."""
    state_changed = Signal(object, str)
    """`CameraState` and a sentence for people, "" when all is well."""

    _posted = Signal(int)
    _state_posted = Signal(int, str, str)

    def __init__(self, make_source: Callable[[], Any], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._make_source = make_source
        self._session = 0
        self._live: LiveHand | None = None
        self._state = CameraState.OFF
        self._sentence = ""
        self._size = (0, 0)
        self._lock = threading.Lock()
        self._readings: deque[Any] = deque()
        self._newest: QImage | None = None
        self._posted.connect(self._drain, Qt.ConnectionType.QueuedConnection)
        self._state_posted.connect(self._state_arrived, Qt.ConnectionType.QueuedConnection)

    @property
    def state(self) -> CameraState:
        """What was last announced."""
        return self._state

    @property
    def sentence(self) -> str:
        """What was announced with it, as the camera said it."""
        return self._sentence

    @property
    def is_on(self) -> bool:
        """Whether the camera is open or being opened."""
        return self._state in (CameraState.OPENING, CameraState.RUNNING, CameraState.LOST)

    def start(self) -> None:
        """Open the camera; returns at once."""
        if self.is_on:
            return
        self._session += 1
        session = self._session
        self._announce(CameraState.OPENING, "")
        run_in_background(
            self,
            lambda _job: self._open(session),
            on_failure=lambda failure: self._failed(session, failure.sentence),
            name="open the camera",
            serial="camera",
        )

    def stop(self) -> None:
        """Close the camera; returns at once, and nothing more arrives of it."""
        live = self._end_session()
        if live is not None:
            run_in_background(self, lambda _job: live.stop(), name="close the camera", serial="camera")
        if self._state is not CameraState.OFF:
            self._announce(CameraState.OFF, "")

    def close(self) -> None:
        """Close the camera and wait until it is: the program ends."""
        live = self._end_session()
        self._state = CameraState.OFF
        if live is not None:
            live.stop()

    # On other threads

    def _open(self, session: int) -> None:
        from sketch_app.live import LiveHand

        live = LiveHand(
            self._make_source(),
            on_frame=lambda frame: self._frame_arrived(session, frame),
            on_state=lambda state, sentence: self._emit_state(session, state.name.lower(), sentence),
        )
        with self._lock:
            if session == self._session:  # not switched off meanwhile
                live.start()
                self._live = live

    def _frame_arrived(self, session: int, live: LiveFrame) -> None:
        image = live.frame.image
        height, width = image.shape[:2]
        # RGB32 is what the screen takes; converting here spares the GUI thread.
        picture = QImage(image.data, width, height, image.strides[0], QImage.Format.Format_BGR888)
        picture = picture.convertToFormat(QImage.Format.Format_RGB32)
        with self._lock:
            if session != self._session:
                return
            waiting = bool(self._readings)
            self._readings.append(live.reading)
            self._newest = picture
        if not waiting:
            try:
                self._posted.emit(session)
            except RuntimeError:
                log.debug("a frame came after the window was gone")

    def _emit_state(self, session: int, name: str, sentence: str) -> None:
        try:
            self._state_posted.emit(session, name, sentence)
        except RuntimeError:
            log.debug("a camera state came after the window was gone")

    # In the GUI thread

    def _failed(self, session: int, sentence: str) -> None:
        if session == self._session:
            self._announce(CameraState.ENDED, sentence)

    @Slot(int)
    def _drain(self, session: int) -> None:
        with self._lock:
            readings, self._readings = self._readings, deque()
            picture, self._newest = self._newest, None
        if session != self._session:
            return
        if picture is not None and (picture.width(), picture.height()) != self._size:
            self._size = (picture.width(), picture.height())
            self.frame_size.emit(*self._size)
        for reading in readings:
            self.reading.emit(reading)
            if session != self._session:  # a reading's own command switched the camera off
                return
        if picture is not None:
            if self._state in (CameraState.OPENING, CameraState.LOST):
                self._announce(CameraState.RUNNING, "")
            self.picture.emit(picture)

    @Slot(int, str, str)
    def _state_arrived(self, session: int, name: str, sentence: str) -> None:
        if session != self._session:
            return
        if name == "stopped":  # it says so when we close it; when it does by itself, the picture has ended
            name, sentence = "ended", sentence or self._sentence
        self._announce(CameraState(name), sentence)
        if self._state is CameraState.ENDED:
            live = self._end_session()
            if live is not None:
                run_in_background(self, lambda _job: live.stop(), name="close the camera", serial="camera")

    def _announce(self, state: CameraState, sentence: str) -> None:
        self._state, self._sentence = state, sentence
        self.state_changed.emit(state, sentence)

    def _end_session(self) -> LiveHand | None:
        """Nothing of the running session is heard any more; the caller stops what is returned."""
        with self._lock:
            self._session += 1
            live, self._live = self._live, None
            self._readings.clear()
            self._newest = None
        return live
