"""One socket to the adb server: requests, exact reads, and a time limit on every one of them.

What the bytes mean is known by ``server``, ``transport`` and ``sync``.
"""

from __future__ import annotations

import contextlib
import socket
from io import BufferedReader
from types import TracebackType
from typing import cast

from device.phone.errors import (
    PhoneError,
    PhoneGoneError,
    PhoneProtocolError,
    PhoneRefusedError,
    PhoneTimeoutError,
)
from device.phone.names import shown

_BUFFER = 1 << 16  # bytes; hundreds of a listing's entries at once
_QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)  # Linux alone has it
_LONGEST_REQUEST = 0xFFFF  # four hexadecimal digits tell a request's length

# What the server says when the device, not the request, is the trouble (AOSP adb: transport.cpp, adb.cpp).
_GONE_WORDS = ("not found", "offline", "no devices", "closed", "device still", "still connecting")


class Connection:
    """A connection to the adb server, or through it to one service of a phone.

    After any error it is closed: what comes next on the wire is unknown then.

    Parameters
    ----------
    stream
        A connected socket; it is owned from here on.
    peer
        What is at the other end, for messages ("the phone R3C…").
    timeout
        Seconds that one read or one write may take.
    """

    def __init__(self, stream: socket.socket, *, peer: str, timeout: float) -> None:
        stream.settimeout(timeout)
        self._socket = stream
        self._reader = cast(BufferedReader, stream.makefile("rb", _BUFFER))
        self._timeout = timeout
        self._closed = False
        self.peer = peer

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent or read any more."""
        return self._closed

    def close(self) -> None:
        """Close it; may be called from another thread, whose read or write then ends with an error."""
        if self._closed:
            return
        self._closed = True
        # A blocked read in another thread ends with shutdown, not with close.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with contextlib.suppress(OSError, ValueError):
            self._reader.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _lost(self, error: Exception | None) -> PhoneError:
        self.close()
        if isinstance(error, TimeoutError):
            return PhoneTimeoutError(
                f"{self.peer} did not answer within {self._timeout:g} s: "
                "unlock it, or unplug it and plug it in again."
            )
        return PhoneGoneError(f"{self.peer} was lost on the way: plug it in again.")

    def wait_without_limit(self) -> None:
        """Let every later read take as long as it takes: for a service that speaks when something happens."""
        self._socket.settimeout(None)

    def send(self, data: bytes) -> None:
        """Send all of ``data``.

        Raises
        ------
        PhoneGoneError, PhoneTimeoutError
            The other end went away, or took nothing in time.
        """
        try:
            self._socket.sendall(data)
            if _QUICK_ACK is not None:
                # The server answers in several writes, and holds each until the one before is acknowledged,
                # which this system puts off by 40 ms for whoever has just sent: half of all listings.
                self._socket.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)
        except (OSError, ValueError) as error:
            raise self._lost(error) from error

    def read(self, count: int) -> bytes:
        """Read exactly ``count`` bytes.

        Raises
        ------
        PhoneGoneError, PhoneTimeoutError
            The other end went away, or sent nothing in time.
        """
        try:
            data: bytes | None = self._reader.read(count)
        except (OSError, ValueError) as error:
            raise self._lost(error) from error
        if data is None or len(data) < count:
            raise self._lost(None)
        return data

    def read_some(self, target: memoryview) -> int:
        """Receive what is there, at least one byte, straight into ``target``; returns how many.

        Raises
        ------
        PhoneGoneError, PhoneTimeoutError
            The other end went away, or sent nothing in time.
        """
        try:
            count = self._reader.readinto1(target)
        except (OSError, ValueError) as error:
            raise self._lost(error) from error
        if not count:
            raise self._lost(None)
        return count

    def out_of_step(self, answer: bytes) -> PhoneProtocolError:
        """Close the connection, and say that ``answer`` is not what belongs here."""
        self.close()
        return PhoneProtocolError(
            f"{self.peer} answered something that is no answer ({shown(answer[:16])}): plug it in again."
        )

    def read_message(self) -> bytes:
        """Read a text of the smart-socket protocol: four hexadecimal digits of length, then the text."""
        digits = self.read(4)
        try:
            length = int(digits, 16)
        except ValueError as error:
            raise self.out_of_step(digits) from error
        return self.read(length)

    def request(self, service: bytes) -> None:
        """Ask the server for ``service`` and wait for its OKAY.

        Raises
        ------
        PhoneRefusedError
            It answered FAIL for a reason of the request or of a permission.
        PhoneGoneError
            It answered FAIL because the phone is not there.
        """
        if len(service) > _LONGEST_REQUEST:
            raise PhoneRefusedError(f"A command of {len(service)} bytes is too long for {self.peer}.")
        self.send(b"%04x" % len(service) + service)
        answer = self.read(4)
        if answer == b"OKAY":
            return
        if answer != b"FAIL":
            raise self.out_of_step(answer)
        words = shown(self.read_message())
        self.close()
        if "unauthorized" in words or "authorizing" in words:
            raise PhoneRefusedError(f"{self.peer} is locked: unlock it and allow USB debugging.", words)
        if any(word in words for word in _GONE_WORDS):
            raise PhoneGoneError(f"{self.peer} is not connected ({words}): plug it in again.")
        raise PhoneRefusedError(f"{self.peer} refused: {words}.", words)
