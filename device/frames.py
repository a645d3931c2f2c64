"""Where frames come from: a webcam, a video file, or any iterator of pictures, behind one protocol.

Threads and retries live in ``capture``; nothing here knows what is in a picture.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from device.errors import CameraError

log = logging.getLogger(__name__)

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture.

    Attributes
    ----------
    image : (H, W, 3) uint8
        BGR, already mirrored if the source mirrors.
    timestamp : float
        Seconds: the ``time.monotonic`` clock for a live source, the frame's own time for files and iterators.
    index : int
        Counts from 0 since the source was opened.
    """

    image: Image
    timestamp: float
    index: int


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """A camera that can be opened by its ``index``."""

    index: int
    name: str


class FrameSource(Protocol):
    """Anything that gives frames one by one, from one thread."""

    @property
    def name(self) -> str:
        """What to call the source in a message."""

    @property
    def live(self) -> bool:
        """True for a camera: it may be lost and come back; False for what simply ends."""

    def open(self) -> None:
        """Start; raises :class:`CameraError`."""

    def read(self) -> Frame | None:
        """Return the next frame, None at the end; raises :class:`CameraError` when the source is lost."""

    def close(self) -> None:
        """Release everything; may be called twice, and from another thread to end a pause early."""


class _Pace:
    """Holds a file or an iterator to its own frame rate, and lets go at once when closed."""

    def __init__(self, paced: bool) -> None:
        self._paced = paced
        self._closed = Event()
        self._start: float | None = None

    def restart(self) -> None:
        self._closed.clear()
        self._start = None

    def wait(self, due: float) -> None:
        """Wait until ``due`` seconds after the first call; a late reader is not hurried after."""
        if not self._paced:
            return
        now = time.monotonic()
        if self._start is None:
            self._start = now - due
        delay = self._start + due - now
        if delay > 0:
            self._closed.wait(delay)
        else:
            self._start -= delay

    def close(self) -> None:
        self._closed.set()


class WebcamSource:
    """A camera through OpenCV.

    Parameters
    ----------
    device : int or str
        Index (0 is the system's first camera) or a part of a name that :func:`list_cameras` gives.
    size : (int, int)
        Width and height asked for, in pixels; the camera may give another.
    mirrored : bool
        Flip left and right, so that the person sees a mirror.
    """

    live = True

    def __init__(
        self, device: int | str = 0, *, size: tuple[int, int] = (640, 480), mirrored: bool = True
    ) -> None:
        self.device = device
        self.size = size
        self.mirrored = mirrored
        self._capture: Any = None
        self._count = 0

    @property
    def name(self) -> str:
        """What to call the camera in a message."""
        return f"camera {self.device}"

    def open(self) -> None:
        """Open the camera with the platform's own backend first, then with any that works."""
        import cv2

        self.close()
        index = self._index()
        for backend in _backends():
            capture = cv2.VideoCapture(index, backend)
            if capture.isOpened():
                capture.set(cv2.CAP_PROP_FRAME_WIDTH, self.size[0])
                capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self.size[1])
                capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
                self._capture, self._count = capture, 0
                return
            capture.release()
        raise CameraError(
            f"The {self.name} could not be opened. Plug it in, close other programs that use it, "
            "and allow this program to use the camera."
        )

    def read(self) -> Frame | None:
        """Return the next frame; a camera never ends, it is only lost."""
        import cv2

        if self._capture is None:
            raise CameraError(f"The {self.name} is not open.")
        good, image = self._capture.read()
        if not good or image is None:
            raise CameraError(f"The {self.name} stopped giving pictures. Check its cable.")
        if self.mirrored:
            image = cv2.flip(image, 1)
        frame = Frame(image, time.monotonic(), self._count)
        self._count += 1
        return frame

    def close(self) -> None:
        """Release the camera."""
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()

    def _index(self) -> int:
        if isinstance(self.device, int):
            return self.device
        if self.device.isdigit():
            return int(self.device)
        found = list_cameras()
        for camera in found:
            if self.device.casefold() in camera.name.casefold():
                return camera.index
        known = ", ".join(camera.name for camera in found) or "none"
        raise CameraError(f"No camera is called '{self.device}'. Cameras found: {known}.")


class VideoFileSource:
    """A video file that OpenCV can read.

    Parameters
    ----------
    path : Path
        The file.
    mirrored : bool
        Flip left and right.
    paced : bool
        Play at the video's own speed; otherwise as fast as it is read.
    """

    live = False

    def __init__(self, path: Path | str, *, mirrored: bool = False, paced: bool = True) -> None:
        self.path = Path(path)
        self.mirrored = mirrored
        self._capture: Any = None
        self._count = 0
        self._fps = 30.0
        self._pace = _Pace(paced)
        self._in_use = Lock()  # OpenCV must not release a video that is being read

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def open(self) -> None:
        """Open the file; raises :class:`CameraError` if it is missing or not a video."""
        import cv2

        self.close()
        if not self.path.is_file():
            raise CameraError(f"The video '{self.path}' does not exist.")
        capture = cv2.VideoCapture(str(self.path))
        if not capture.isOpened():
            raise CameraError(f"The file '{self.path}' is not a video that can be read; choose another.")
        fps = float(capture.get(cv2.CAP_PROP_FPS))
        self._fps = fps if 1.0 <= fps <= 240.0 else 30.0
        self._capture, self._count = capture, 0
        self._pace.restart()

    def read(self) -> Frame | None:
        """Return the next frame, None at the end."""
        import cv2

        with self._in_use:
            if self._capture is None:
                return None
            good, image = self._capture.read()
        if not good:
            return None
        if self.mirrored:
            image = cv2.flip(image, 1)
        frame = Frame(image, self._count / self._fps, self._count)
        self._count += 1
        self._pace.wait(frame.timestamp)
        return frame

    def close(self) -> None:
        """Release the file."""
        self._pace.close()
        with self._in_use:
            capture, self._capture = self._capture, None
            if capture is not None:
                capture.release()


class IterableSource:
    """Pictures from any iterable, such as a performance of the virtual hand.

    Parameters
    ----------
    frames : iterable of (H, W, 3) uint8
        BGR pictures, used as they are.
    fps : float
        Frames a second, for the timestamps and the pace.
    paced : bool
        Give them at that speed; otherwise as fast as they are read.
    name : str
        What to call the source in a message.
    """

    live = False

    def __init__(
        self, frames: Iterable[Image], *, fps: float = 30.0, paced: bool = True, name: str = "virtual hand"
    ) -> None:
        self._frames = frames
        self._fps = fps
        self._name = name
        self._iterator: Iterator[Image] | None = None
        self._count = 0
        self._pace = _Pace(paced)

    @property
    def name(self) -> str:
        """What to call the source in a message."""
        return self._name

    def open(self) -> None:
        """Start from the iterable's beginning (a generator goes on where it stands)."""
        self._iterator = iter(self._frames)
        self._count = 0
        self._pace.restart()

    def read(self) -> Frame | None:
        """Return the next frame, None at the end."""
        if self._iterator is None:
            return None
        image = next(self._iterator, None)
        if image is None:
            return None
        frame = Frame(image, self._count / self._fps, self._count)
        self._count += 1
        self._pace.wait(frame.timestamp)
        return frame

    def close(self) -> None:
        """Forget the iterator."""
        self._pace.close()
        self._iterator = None


def list_cameras(limit: int = 8, *, platform: str = sys.platform) -> list[CameraInfo]:
    """List the cameras that can be opened.

    On Linux the kernel's own list is read, without touching a camera. Elsewhere OpenCV offers no
    list, so the first indices are opened one after the other until one fails.

    Parameters
    ----------
    limit : int
        How many indices to try where there is no list.
    platform : str
        As in ``sys.platform``.
    """
    if platform.startswith("linux"):
        return _linux_cameras(Path("/sys/class/video4linux"))
    import cv2

    found = []
    for index in range(limit):
        capture = cv2.VideoCapture(index, _backends(platform)[0])
        opened = capture.isOpened()
        capture.release()
        if not opened:
            break
        found.append(CameraInfo(index, f"Camera {index + 1}"))
    return found


def _linux_cameras(root: Path) -> list[CameraInfo]:
    """Read video4linux's list: one folder a node, of which only the first of a device gives pictures."""
    found = []
    for node in root.glob("video*"):
        number = node.name.removeprefix("video")
        try:
            first = (node / "index").read_text().strip() == "0"
            name = (node / "name").read_text().strip()
        except OSError as error:
            log.debug("cannot read %s: %s", node, error)
            continue
        if number.isdigit() and first:
            found.append(CameraInfo(int(number), name))
    return sorted(found, key=lambda camera: camera.index)


def _backends(platform: str = sys.platform) -> tuple[int, ...]:
    """Return OpenCV's capture backends for a platform, best first, ending with any."""
    import cv2

    if platform == "win32":
        # Media Foundation takes seconds to open many cameras; DirectShow opens at once.
        return (cv2.CAP_DSHOW, cv2.CAP_MSMF, cv2.CAP_ANY)
    if platform == "darwin":
        return (cv2.CAP_AVFOUNDATION, cv2.CAP_ANY)
    return (cv2.CAP_V4L2, cv2.CAP_ANY)
