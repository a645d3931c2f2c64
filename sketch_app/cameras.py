"""The cameras to choose from, for windows and commands that must not know the device room."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from device.frames import CameraInfo


def list_cameras() -> list[CameraInfo]:
    """The cameras that can be opened. May take seconds: not for the GUI thread."""
    from device.frames import list_cameras as list_devices

    return list_devices()
