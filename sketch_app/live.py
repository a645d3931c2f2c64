"""The live hand: a camera's frames, each with what the hand in it shows, on a thread of their own.

Nothing is drawn here: `sketch_app.air_drawing` takes the readings, in the thread of the document.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from device.capture import CaptureState
    from device.frames import Frame, FrameSource
    from device.gestures import HandReading

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """A frame with its reading."""

    frame: Frame
    reading: HandReading


class LiveHand:
    """Captures, tracks and reads gestures until stopped.

    Parameters
    ----------
    source : FrameSource
        Opened and closed by the capture thread.
    on_frame : callable
        Called on the tracking thread with each `LiveFrame`; must return quickly.
    on_state : callable
        Called on the capture thread with the state and a sentence for people ("" when all is well).
    """

    def __init__(
        self,
        source: FrameSource,
        *,
        on_frame: Callable[[LiveFrame], None],
        on_state: Callable[[CaptureState, str], None],
    ) -> None:
        self._source, self._on_frame, self._on_state = source, on_frame, on_state
        self._stop = threading.Event()
        # Not a daemon: one that dies inside MediaPipe while the interpreter ends takes the process with it.
        self._thread = threading.Thread(target=self._run, name="hand tracking")

    def start(self) -> None:
        """Return at once; the models load on the tracking thread."""
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Close the camera and end both threads."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    @property
    def running(self) -> bool:
        """Whether frames may still come."""
        return self._thread.is_alive()

    def _run(self) -> None:
        from device.capture import CaptureState, CaptureThread
        from device.gestures import GestureRecognizer
        from device.tracking import HandTracker

        ended = threading.Event()

        def state_changed(state: CaptureState, sentence: str) -> None:
            if state is CaptureState.ENDED:
                ended.set()
            self._on_state(state, sentence)

        capture = CaptureThread(self._source, on_frame=None, on_state=state_changed)
        capture.start()
        tracker: HandTracker | None = None
        recognizer: GestureRecognizer | None = None
        try:
            while not self._stop.is_set() and threading.main_thread().is_alive():
                frame = capture.latest(timeout=0.2)
                if frame is None:
                    if ended.is_set():
                        break
                    continue
                if tracker is None or recognizer is None:
                    tracker = HandTracker()
                    recognizer = GestureRecognizer(frame_size=(frame.image.shape[1], frame.image.shape[0]))
                reading = recognizer.update(tracker.detect(frame.image, frame.timestamp), frame.timestamp)
                self._on_frame(LiveFrame(frame, reading))
        except Exception as error:
            log.exception("Hand tracking stopped")
            self._on_state(
                CaptureState.LOST, f"Hand tracking stopped: {error}. Switch the camera off and on."
            )
        finally:
            capture.stop()
            if tracker is not None:
                tracker.close()
