"""One phone, addressed by its serial or transport id: opening its services and running a command on it.

Every command here only reads. The files themselves are read through ``sync``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cached_property
from types import TracebackType

from device.phone.connection import Connection
from device.phone.errors import PhoneRefusedError
from device.phone.names import shown
from device.phone.server import AdbServer

TIMEOUT = 20.0  # seconds without a byte after which a phone counts as stalled
_LONGEST_PACKET = 1 << 24  # bytes; adbd sends at most 1 MiB at once


class _Packet(IntEnum):
    """Kinds of packet in the shell protocol (AOSP adb: shell_protocol.h)."""

    STDIN = 0
    STDOUT = 1
    STDERR = 2
    EXIT = 3
    CLOSE_STDIN = 4


@dataclass(frozen=True)
class ShellResult:
    """What a command on the phone printed, and its exit status."""

    stdout: bytes
    stderr: bytes
    exit: int


def quoted(word: bytes) -> bytes:
    """Quote one word for the phone's shell; any bytes but NUL.

    Raises
    ------
    PhoneRefusedError
        It holds a NUL, which no command's argument can.
    """
    if b"\0" in word:
        raise PhoneRefusedError(f"A name on a phone cannot hold a NUL byte: {shown(word, limit=80)}.")
    return b"'" + word.replace(b"'", b"'\\''") + b"'"


class ShellStream:
    """A command that runs on the phone, read as it prints.

    Iterating yields what it writes to stdout; ``stderr`` and ``exit`` are whole after the last of it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._stderr = bytearray()
        self.exit: int | None = None

    @property
    def stderr(self) -> bytes:
        """What it has written to stderr so far."""
        return bytes(self._stderr)

    def __iter__(self) -> Iterator[bytes]:
        """Yield what the command prints until it ends."""
        while self.exit is None:
            kind, length = struct.unpack("<BI", self._connection.read(5))
            if length > _LONGEST_PACKET:
                raise self._connection.out_of_step(b"length %d" % length)
            data = self._connection.read(length)
            if kind == _Packet.STDOUT:
                yield data
            elif kind == _Packet.STDERR:
                self._stderr += data
            elif kind == _Packet.EXIT and data:
                self.exit = data[0]
            else:
                raise self._connection.out_of_step(bytes([kind]))

    def close(self) -> None:
        """End the command; the phone's shell notices at its next write."""
        self._connection.close()

    def __enter__(self) -> ShellStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.__exit__(kind, error, trace)


@dataclass(frozen=True)
class Transport:
    """The way to one phone.

    Parameters
    ----------
    serial
        The phone's adb serial: its own over USB, an address over wifi.
    transport_id
        The server's number for this very connection; more exact than the serial, and gone once unplugged.
    server
        The adb server; by default the one the environment names.
    timeout
        Seconds that any one read or write may take.
    title
        What people call the phone, for messages; its serial when not given.
    """

    serial: str
    transport_id: int | None = None
    server: AdbServer = field(default_factory=AdbServer.from_environment)
    timeout: float = TIMEOUT
    title: str = ""

    @property
    def name(self) -> str:
        """What messages call this phone, inside a sentence."""
        return f"the phone {self.title or self.serial}"

    @property
    def peer(self) -> str:
        """What messages call this phone, at a sentence's beginning."""
        return f"The phone {self.title or self.serial}"

    def with_timeout(self, timeout: float) -> Transport:
        """Return the same way with another time limit, in seconds."""
        return replace(self, timeout=timeout)

    def open(self, service: bytes) -> Connection:
        """Open one of the phone's services (``sync:``, ``shell,v2,raw:…``).

        Raises
        ------
        PhoneGoneError, PhoneTimeoutError, PhoneRefusedError, AdbMissingError
            The phone is not there, does not answer or refuses, or there is no adb.
        """
        connection = self.server.connect(peer=self.peer, timeout=self.timeout)
        if self.transport_id is not None:
            connection.request(b"host:transport-id:%d" % self.transport_id)
        else:
            connection.request(b"host:transport:" + self.serial.encode())
        connection.request(service)
        return connection

    @cached_property
    def features(self) -> frozenset[str]:
        """What this phone's daemon can do (``stat_v2``, ``ls_v2``, ``shell_v2`` …); asked once."""
        if self.transport_id is not None:
            which = b"host-transport-id:%d" % self.transport_id
        else:
            which = b"host-serial:" + self.serial.encode()
        with self.server.connect(peer=self.peer, timeout=self.timeout) as connection:
            connection.request(which + b":features")
            return frozenset(connection.read_message().decode("ascii", "replace").split(","))

    def script(self, script: bytes) -> ShellStream:
        """Run a script in the phone's shell, with nothing on its standard input.

        Parameters
        ----------
        script
            Shell text, at most 60,000 bytes; words in it that come from outside must be ``quoted``.

        Raises
        ------
        PhoneRefusedError
            The phone's Android is older than 7, whose shell passes everything through a terminal.
        PhoneGoneError, PhoneTimeoutError
            The phone is not there, or does not answer.
        """
        if "shell_v2" not in self.features:
            raise PhoneRefusedError(
                f"{self.peer} runs an Android older than 7, whose shell alters its output."
            )
        connection = self.open(b"shell,v2,raw:" + script)
        connection.send(struct.pack("<BI", _Packet.CLOSE_STDIN, 0))
        return ShellStream(connection)

    def shell(self, command: Sequence[bytes]) -> ShellResult:
        """Run one command on the phone and wait for its end.

        Parameters
        ----------
        command
            The program and its arguments; each is quoted, so that any name is only a name.

        Raises
        ------
        PhoneRefusedError, PhoneGoneError, PhoneTimeoutError
            See ``script``.
        """
        with self.script(shell_words(command)) as stream:
            printed = b"".join(stream)
            return ShellResult(printed, stream.stderr, stream.exit or 0)


def shell_words(words: Iterable[bytes]) -> bytes:
    """Join words into shell text in which each stays one word."""
    return b" ".join(quoted(word) for word in words)
