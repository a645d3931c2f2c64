"""What can go wrong with a camera, a video or the hand tracker; each message says what to do about it."""


class DeviceError(Exception):
    """Base of every error raised by the ``device`` package."""


class CameraError(DeviceError):
    """A camera or video could not be opened, or stopped giving pictures."""


class TrackingError(DeviceError):
    """The hand tracker could not be started."""
