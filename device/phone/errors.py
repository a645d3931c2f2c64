"""What can go wrong with a phone; each message is one sentence that says what to do about it."""

from __future__ import annotations

from device.errors import DeviceError


class PhoneError(DeviceError):
    """Base of every error raised by ``device.phone``."""


class AdbMissingError(PhoneError):
    """There is no adb on this computer, or its server cannot be started or reached."""


class PhoneGoneError(PhoneError):
    """The phone was unplugged, or the connection to it was lost: wait for it, then go on."""


class PhoneProtocolError(PhoneGoneError):
    """The phone's answer is none that the protocol knows; the connection is of no more use."""


class PhoneTimeoutError(PhoneError):
    """The phone is connected but did not answer in time."""


class PhoneRefusedError(PhoneError):
    """The phone, or the adb server for it, said no.

    Attributes
    ----------
    words
        What it said, made printable.
    """

    def __init__(self, message: str, words: str = "") -> None:
        super().__init__(message)
        self.words = words


class PhoneFileGoneError(PhoneRefusedError):
    """A file or folder is not on the phone (any more), or a folder is a file; other paths are well."""
