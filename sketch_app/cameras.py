"""The cameras to choose from, for windows and commands that must not know the device room."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from device.frames import CameraInfo, FrameSource


def list_cameras() -> list[CameraInfo]:
    """The cameras that can be opened. May take seconds: not for the GUI thread."""
    from device.frames import list_cameras as list_devices

    return list_devices()


def camera_source(camera: str, *, mirrored: bool) -> FrameSource:
    """The camera of the settings, not opened yet.

    Parameters
    ----------
    camera : str
        An index in digits, or a part of a name that `list_cameras` gives.
    mirrored : bool
        Whether its pictures are flipped, so that the person sees a mirror.
    """
    from device.frames import WebcamSource

    return WebcamSource(int(camera) if camera.isdigit() else camera, mirrored=mirrored)
