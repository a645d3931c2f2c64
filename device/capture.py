"""Frames in their own thread: the newest frame wins, a lost camera is reported and found again.

Where frames come from is in ``frames``; what is in them is nobody's business here.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from enum import Enum

from device.errors import CameraError
from device.frames import Frame, FrameSource

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0  # between two attempts to open a lost camera: each may take a second itself
STOP_SECONDS = 2.0  # how long stop() waits for a driver that does not answer


class CaptureState(Enum):
    """What a capture is doing."""

    STOPPED = "stopped"
    OPENING = "opening"
    RUNNING = "running"
    LOST = "lost"  # the camera is gone; it is tried again until it returns
    ENDED = "ended"  # a video or performance is over


class CaptureThread:
    """Read a source in a thread of its own and keep its newest frame.

    A reader that is slower than the source never falls behind: it gets the newest frame, the others are
    dropped. Callbacks run in the capture's thread, so they must be quick.

    Parameters
    ----------
    source : FrameSource
        Opened, read and closed by the thread.
    on_frame : callable or None
        Called with every frame.
    on_state : callable or None
        Called with the new state and a sentence for the person at every change.
    retry : float
        Seconds between attempts to find a lost camera.
    """

    def __init__(
        self,
        source: FrameSource,
        *,
        on_frame: Callable[[Frame], None] | None = None,
        on_state: Callable[[CaptureState, str], None] | None = None,
        retry: float = RETRY_SECONDS,
    ) -> None:
        self._source = source
        self._on_frame = on_frame
        self._on_state = on_state
        self._retry = retry
        self._change = threading.Condition()
        self._newest: Frame | None = None
        self._state = CaptureState.STOPPED
        self._message = ""
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def state(self) -> CaptureState:
        """What the capture is doing now."""
        return self._state

    @property
    def message(self) -> str:
        """The last state's sentence."""
        return self._message

    def start(self) -> None:
        """Begin; does nothing while it runs."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._stop = threading.Event()
        self._newest = None
        self._enter(CaptureState.OPENING, f"Opening the {self._source.name} ...", self._stop)
        self._thread = threading.Thread(
            target=self._run, args=(self._stop,), name=f"capture {self._source.name}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End, and return within ``STOP_SECONDS`` even if the camera's driver hangs."""
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is None or thread is threading.current_thread():
            return
        if not self._source.live:
            self._source.close()  # ends the pause between two frames
        thread.join(STOP_SECONDS)
        if thread.is_alive():
            log.warning("the %s does not answer; it is left to itself", self._source.name)
        self._enter(CaptureState.STOPPED, "", self._stop)

    def latest(self, timeout: float = 0.0) -> Frame | None:
        """Take the newest frame not taken yet.

        Parameters
        ----------
        timeout : float
            Seconds to wait for one.

        Returns
        -------
        Frame or None
            None if there is no new frame in time, or none will come.
        """
        deadline = time.monotonic() + timeout
        with self._change:
            while self._newest is None:
                left = deadline - time.monotonic()
                if left <= 0 or self._state in {CaptureState.ENDED, CaptureState.STOPPED}:
                    return None
                self._change.wait(left)
            frame, self._newest = self._newest, None
            return frame

    def _run(self, stop: threading.Event) -> None:
        source = self._source
        try:
            while not stop.is_set():
                try:
                    source.open()
                    self._read(stop)
                except CameraError as error:
                    if not source.live:
                        self._enter(CaptureState.ENDED, str(error), stop)
                        return
                    self._enter(CaptureState.LOST, f"{error} Looking for it again ...", stop)
                    source.close()
                    stop.wait(self._retry)
                else:
                    return
        finally:
            source.close()
            if stop.is_set():
                self._enter(CaptureState.STOPPED, "", stop)

    def _read(self, stop: threading.Event) -> None:
        """Pass on frames until the source ends, is lost (CameraError), or the capture is stopped."""
        while not stop.is_set():
            frame = self._source.read()
            if stop.is_set():
                return
            if frame is None:
                self._enter(CaptureState.ENDED, f"The {self._source.name} is over.", stop)
                return
            if self._state is not CaptureState.RUNNING:
                self._enter(CaptureState.RUNNING, "", stop)
            with self._change:
                self._newest = frame
                self._change.notify_all()
            if self._on_frame is not None:
                self._on_frame(frame)

    def _enter(self, state: CaptureState, message: str, stop: threading.Event) -> None:
        """Change the state once; a thread that was given up on changes nothing any more."""
        with self._change:
            if stop is not self._stop or (state is self._state and message == self._message):
                return
            self._state, self._message = state, message
            self._change.notify_all()
        if message:
            log.info("%s: %s", state.value, message)
        if self._on_state is not None:
            self._on_state(state, message)
