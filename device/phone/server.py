"""The adb server on this computer: where it listens, starting one where none runs, and asking it.

A server that is running belongs to somebody: it is used, and never killed or replaced.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from device.phone.connection import Connection
from device.phone.errors import AdbMissingError, PhoneError, PhoneTimeoutError
from device.phone.names import shown

_STANDARD_PORT = 5037  # AOSP adb: DEFAULT_ADB_PORT
_CONNECT_TIMEOUT = 3.0  # seconds; the server listens on this computer
_START_TIMEOUT = 20.0  # seconds; the first start makes a key
_LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")


def bundled_adb() -> Path | None:
    """Find the adb that comes inside adbutils, without importing it."""
    found = importlib.util.find_spec("adbutils")
    if found is None or found.origin is None:
        return None
    program = Path(found.origin).parent / "binaries" / ("adb.exe" if os.name == "nt" else "adb")
    return program if program.is_file() and os.access(program, os.X_OK) else None


def find_adb() -> Path:
    """Find an adb program: the one inside adbutils, else one on the PATH.

    Raises
    ------
    AdbMissingError
        There is none.
    """
    if bundled := bundled_adb():
        return bundled
    if on_path := shutil.which("adb"):
        return Path(on_path)
    how = {
        "darwin": "brew install android-platform-tools",
        "linux": "apt install adb",
    }.get(sys.platform, "Android SDK Platform-Tools")
    raise AdbMissingError(f"Phones need adb, and this computer has none: install it ({how}), then try again.")


def _address(environment: Mapping[str, str]) -> tuple[str, int]:
    """Read where the server listens, as adb itself does (AOSP adb: client/commandline.cpp)."""
    spelled = environment.get("ADB_SERVER_SOCKET", "")
    host = environment.get("ANDROID_ADB_SERVER_ADDRESS", "") or "127.0.0.1"
    port = environment.get("ANDROID_ADB_SERVER_PORT", "") or str(_STANDARD_PORT)
    if spelled:
        kind, _, rest = spelled.partition(":")
        if kind != "tcp":
            raise AdbMissingError(f"ADB_SERVER_SOCKET is {spelled}: only tcp:HOST:PORT is understood here.")
        before, _, port = rest.rpartition(":")
        host = before.strip("[]") or "127.0.0.1"
    if not (port.isdecimal() and 0 < int(port) < 65536):
        raise AdbMissingError(f"The adb server's port is given as {port}: it must be a number up to 65535.")
    return host, int(port)


@dataclass(frozen=True)
class AdbServer:
    """An adb server's address, and how to start one there.

    Parameters
    ----------
    host, port
        Where it listens.
    environment
        What a server started here sees besides this program's own environment.
    """

    host: str = "127.0.0.1"
    port: int = _STANDARD_PORT
    environment: Mapping[str, str] = field(default_factory=dict, compare=False)

    @classmethod
    def from_environment(cls) -> AdbServer:
        """Take the address from ADB_SERVER_SOCKET, ANDROID_ADB_SERVER_ADDRESS and ANDROID_ADB_SERVER_PORT.

        Raises
        ------
        AdbMissingError
            They name no address this program can use.
        """
        host, port = _address(os.environ)
        return cls(host, port)

    @property
    def place(self) -> str:
        """The address as people write it."""
        return f"{self.host}:{self.port}"

    def connect(
        self, *, peer: str = "The adb server", timeout: float = 10.0, start: bool = True
    ) -> Connection:
        """Open a connection, starting a server if none listens.

        Parameters
        ----------
        peer
            What error messages call the other end.
        timeout
            Seconds for each later read and write.
        start
            Whether a server may be started.

        Raises
        ------
        AdbMissingError
            No server listens, and none can be started.
        PhoneTimeoutError
            Something listens, and does not take the connection.
        """
        try:
            stream = self._dial()
        except ConnectionError:
            if not start:
                raise AdbMissingError(f"No adb server runs at {self.place}.") from None
            self.start()
            try:
                stream = self._dial()
            except OSError as error:
                raise AdbMissingError(f"The adb server at {self.place} does not answer: {error}.") from error
        return Connection(stream, peer=peer, timeout=timeout)

    def _dial(self) -> socket.socket:
        try:
            stream = socket.create_connection((self.host, self.port), timeout=_CONNECT_TIMEOUT)
        except TimeoutError as error:
            raise PhoneTimeoutError(f"The adb server at {self.place} does not answer.") from error
        except ConnectionError:
            raise
        except OSError as error:
            raise AdbMissingError(f"The adb server at {self.place} cannot be reached: {error}.") from error
        # Requests are small and answered at once: waiting to fill a packet would cost 40 ms each.
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return stream

    def start(self) -> None:
        """Start a server on this computer; it stays when the program ends, as adb's own does.

        Raises
        ------
        AdbMissingError
            There is no adb, it would not start, or the address is another computer's.
        """
        if self.host not in _LOCAL_HOSTS:
            raise AdbMissingError(
                f"No adb server answers at {self.place}: start it there, or unset ADB_SERVER_SOCKET."
            )
        program = find_adb()
        environment = {**os.environ, **self.environment}
        # adb takes this variable before the port below, and it has been read by now.
        environment.pop("ADB_SERVER_SOCKET", None)
        if program == bundled_adb():
            # adb 36.0.0 misses Samsung phones through libusb; the older backend sees them.
            environment.setdefault("ADB_LIBUSB", "0")
        hidden = int(getattr(subprocess, "CREATE_NO_WINDOW", 0))  # Windows would show a console
        # A file, not a pipe: the server inherits it, and a pipe would be waited on while the server lives.
        with tempfile.TemporaryFile() as words:
            try:
                ended = subprocess.run(
                    [str(program), "-P", str(self.port), "start-server"],
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=words,
                    stderr=words,
                    timeout=_START_TIMEOUT,
                    check=False,
                    creationflags=hidden,
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                raise AdbMissingError(f"{program} could not start its server: {error}.") from error
            if ended.returncode:
                words.seek(0)
                said = words.read().strip().splitlines() or [b"exit status %d" % ended.returncode]
                raise AdbMissingError(f"{program} could not start its server: {shown(said[-1], limit=200)}.")

    def ask(self, service: bytes, *, timeout: float = 10.0, start: bool = True) -> bytes:
        """Ask the server itself one thing (a ``host:`` service) and return its answer's text.

        Raises
        ------
        PhoneError
            It refused, or could not be reached.
        """
        with self.connect(timeout=timeout, start=start) as connection:
            connection.request(service)
            return connection.read_message()

    def connect_wireless(self, address: str, *, timeout: float = 15.0) -> str:
        """Ask the server to connect to a phone at ``HOST:PORT``, and return what it says.

        Raises
        ------
        PhoneError
            The server could not be asked, or the phone not be reached.
        """
        words = shown(self.ask(b"host:connect:" + address.encode(), timeout=timeout))
        if not words.startswith(("connected to", "already connected")):
            raise PhoneError(f"The phone at {address} cannot be reached: {words}.")
        return words

    def is_running(self) -> bool:
        """Whether a server answers at this address now."""
        with contextlib.suppress(PhoneError):
            self.ask(b"host:version", start=False)
            return True
        return False
