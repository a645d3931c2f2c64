"""Watching which phones there are: plugged in, waiting for permission, ready, gone. A phone is one phone, by
whatever cable or address it comes.

Nothing here reads photos, and no adb server is ever ended.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from device.phone.connection import Connection
from device.phone.errors import AdbMissingError, PhoneError, PhoneRefusedError, PhoneTimeoutError
from device.phone.identity import Cable, DeviceLine, Identity, State, identify, read_lines
from device.phone.server import AdbServer
from device.phone.transport import Transport

_log = logging.getLogger(__name__)

SETTLE = 0.3  # seconds without a change before one is told; a plug being pushed in makes several
_SETTLES_AT_MOST = 5  # times as long a plug may go without rest; then it is told all the same
_IDENTIFY_TIMEOUT = 5.0  # seconds; asking a phone who it is takes some milliseconds
_RETRIES = (0.05, 0.5, 2.0, 5.0)  # seconds between attempts at a server, or a phone, that does not answer

_ENDS_AT_MOST = 2  # lists in a row that end before they have begun; then it is no server that ended

_WHAT_TO_DO: dict[State, str] = {
    "ready": "",
    "unauthorized": "Unlock the phone and allow USB debugging.",
    "offline": "Unplug the phone and plug it in again.",
    "connecting": "Wait a moment: the phone is being asked who it is.",
    "no_permissions": "This computer does not let you use the phone: install its udev rules "
    "(apt install android-sdk-platform-tools-common), then plug it in again.",
}
_WHAT_TO_DO_IN = {
    "bootloader": "The phone is in its bootloader: restart it.",
    "recovery": "The phone is in recovery mode: restart it.",
    "rescue": "The phone is in rescue mode: restart it.",
    "sideload": "The phone waits for an update: restart it.",
}
_NO_ANSWER = "The phone does not answer: unlock it, or unplug it and plug it in again."
_BEST_FIRST: tuple[State, ...] = ("ready", "connecting", "unauthorized", "offline", "no_permissions")


@dataclass(frozen=True)
class PhoneInfo:
    """One phone, as it is now.

    Attributes
    ----------
    serial
        Its hardware serial, the same over every cable and address; of a phone that has not been ready, its
        adb serial.
    adb_serial, transport_id
        What a ``Transport`` takes. A phone that was away for a moment has another transport id.
    state
        ``ready`` only once the phone has said who it is.
    model, name
        As people know them; may be empty before it was ready.
    connection
        How it is connected; USB where it is both ways.
    what_to_do
        A sentence for the person, empty when nothing is to be done.
    """

    serial: str
    adb_serial: str
    state: State
    model: str
    name: str
    connection: Cable
    what_to_do: str
    transport_id: int


@dataclass
class _Device:
    """What is known of one line of the server's list, as long as it is listed."""

    line: DeviceLine
    identity: Identity | None = None  # who it said it is; kept for showing while it is offline
    fresh: bool = False  # whether it said so since it became ready
    asked: bool = False
    silent: bool = False

    def info(self, known: Identity | None) -> PhoneInfo:
        """Put together what is shown of this device alone."""
        line, identity = self.line, self.identity or known
        state = line.state
        what_to_do = _WHAT_TO_DO_IN.get(line.words) or _WHAT_TO_DO[state]
        if state == "ready" and not self.fresh:
            state = "offline" if self.silent else "connecting"
            what_to_do = _NO_ANSWER if self.silent else _WHAT_TO_DO[state]
        return PhoneInfo(
            serial=identity.serial if identity else line.serial,
            adb_serial=line.serial,
            state=state,
            model=identity.model if identity else line.model,
            name=identity.name if identity else line.model,
            connection=line.cable,
            what_to_do=what_to_do,
            transport_id=line.transport_id,
        )


class PhoneWatcher:
    """A thread that tells which phones there are, each time that changes.

    It outlives the adb server: a new one is started, and phones on the network are connected to it again.

    Parameters
    ----------
    on_change
        Called in the watcher's thread with all phones, sorted by name: once as soon as they are known, and
        then whenever they or ``problem`` are others. It must return soon, and may call ``close``.
    server
        The adb server; by default the one the environment names.
    settle
        Seconds without a change before it is told.
    identify_timeout
        Seconds a phone may stay silent when asked who it is.
    """

    def __init__(
        self,
        on_change: Callable[[tuple[PhoneInfo, ...]], None],
        *,
        server: AdbServer | None = None,
        settle: float = SETTLE,
        identify_timeout: float = _IDENTIFY_TIMEOUT,
    ) -> None:
        self._on_change = on_change
        self._server = server
        self._settle = settle
        self._identify_timeout = identify_timeout
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        # What follows is guarded by the condition.
        self._stopping = False
        self._changes = 0
        self._devices: dict[tuple[int, str], _Device] = {}  # by transport id and adb serial
        self._known: dict[str, Identity] = {}  # by adb serial, where that is the phone's own
        self._addresses: tuple[str, ...] = ()  # of the phones on the network, as last listed
        self._problem = ""
        self._phones: tuple[PhoneInfo, ...] = ()
        self._told_problem = ""
        self._tracking: Connection | None = None

    @property
    def phones(self) -> tuple[PhoneInfo, ...]:
        """The phones as they were last told."""
        with self._changed:
            return self._phones

    @property
    def problem(self) -> str:
        """Why no phone can be seen at all, as a sentence (there is no adb), as last told; else empty."""
        with self._changed:
            return self._told_problem

    def start(self) -> None:
        """Begin to watch.

        Raises
        ------
        RuntimeError
            It has been started before.
        """
        if self._threads:
            raise RuntimeError("a watcher is started once")
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for work, name in ((self._track, "phone tracker"), (self._tell, "phone teller"))
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop watching; ``on_change`` is not called again."""
        with self._changed:
            self._stopping = True
            tracking = self._tracking
            self._changed.notify_all()
        if tracking is not None:
            tracking.close()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def __enter__(self) -> PhoneWatcher:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _rest(self, seconds: float) -> bool:
        """Wait, and say whether the watcher goes on."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping, seconds)
            return not self._stopping

    # The tracker: follows the server's list, and starts the askers.

    def _track(self) -> None:
        failures = 0
        while self._rest(_RETRIES[min(failures, len(_RETRIES) - 1)] if failures else 0.0):
            try:
                server = self._server or AdbServer.from_environment()
                for listing in self._listings(server):
                    if failures:
                        self._connect_again(server)
                    failures = 0
                    self._see(server, read_lines(listing))
            except PhoneError as error:
                failures += 1
                _log.debug("the list of devices ended: %s", error)
                problem = str(error) if isinstance(error, AdbMissingError) else ""
                # A list that ends is usually a server that ended: the next attempt starts one, and says more.
                if not problem and failures > _ENDS_AT_MOST:
                    problem = (
                        f"What answers at {server.place} is no adb server that can be used: end it, or set "
                        "ANDROID_ADB_SERVER_PORT to another port."
                    )
                self._see_none(problem)

    def _listings(self, server: AdbServer) -> Iterator[bytes]:
        """Yield the server's list of devices now and at each change; ends with an error."""
        long = True
        while True:
            with server.connect() as connection:
                with self._changed:
                    self._tracking = connection
                    if self._stopping:
                        connection.close()
                try:
                    connection.request(b"host:track-devices-l" if long else b"host:track-devices")
                except PhoneRefusedError:
                    if not long:
                        raise
                    long = False  # an older server: its short list tells when to ask for the long one
                    continue
                connection.wait_without_limit()
                while True:
                    listing = connection.read_message()
                    yield listing if long else server.ask(b"host:devices-l", start=False)

    def _see(self, server: AdbServer, lines: tuple[DeviceLine, ...]) -> None:
        with self._changed:
            before, self._devices = self._devices, {}
            for line in lines:
                key = (line.transport_id, line.serial)
                device = before.get(key) or _Device(line)
                device.line = line
                if line.state != "ready":
                    device.fresh = device.silent = False
                elif not device.fresh and not device.asked:
                    device.asked = True
                    asker = threading.Thread(
                        target=self._ask, args=(server, device), name="phone asker", daemon=True
                    )
                    asker.start()
                self._devices[key] = device
            self._addresses = tuple(line.serial for line in lines if line.is_address)
            self._problem = ""
            self._note_change()

    def _see_none(self, problem: str) -> None:
        with self._changed:
            self._tracking = None
            self._devices = {}  # a new server counts its transports from 1 again
            self._problem = problem
            self._note_change()

    def _note_change(self) -> None:
        self._changes += 1
        self._changed.notify_all()

    def _connect_again(self, server: AdbServer) -> None:
        """Connect the phones on the network to a new server, which knows none of them."""
        with self._changed:
            addresses = self._addresses
        for address in addresses:
            thread = threading.Thread(
                target=_connect_quietly, args=(server, address), name="phone connector", daemon=True
            )
            thread.start()

    # The askers: one for each device that became ready, until it has said who it is.

    def _ask(self, server: AdbServer, device: _Device) -> None:
        line = device.line
        transport = Transport(
            line.serial, line.transport_id or None, server=server, timeout=self._identify_timeout
        )
        attempts = 0
        while self._rest(_RETRIES[min(attempts, len(_RETRIES) - 1)] if attempts else 0.0):
            with self._changed:
                if not self._is_ready(device):
                    device.asked = False
                    return
            attempts += 1
            try:
                identity = identify(transport)
            except PhoneRefusedError:  # an Android too old to be asked: its adb serial has to do
                identity = Identity(line.serial, line.model, line.model or line.serial)
            except PhoneError as error:
                _log.debug("%s did not say who it is: %s", line.serial, error)
                with self._changed:
                    device.silent = isinstance(error, PhoneTimeoutError)
                    self._note_change()
                continue
            with self._changed:
                device.asked = False
                if self._is_ready(device):
                    device.identity, device.fresh, device.silent = identity, True, False
                    if not line.is_address:
                        self._known[line.serial] = identity
                    self._note_change()
            return

    def _is_ready(self, device: _Device) -> bool:
        key = (device.line.transport_id, device.line.serial)
        return self._devices.get(key) is device and device.line.state == "ready"

    # The teller: waits until nothing changes any more, then tells.

    def _wait_for_change(self, seen: int, seconds: float | None = None) -> None:
        self._changed.wait_for(lambda: self._stopping or self._changes != seen, seconds)

    def _tell(self) -> None:
        told: tuple[tuple[PhoneInfo, ...], str] | None = None
        seen = 0
        while True:
            with self._changed:
                self._wait_for_change(seen)
                until = time.monotonic() + _SETTLES_AT_MOST * self._settle
                while not self._stopping and seen != self._changes and time.monotonic() < until:
                    seen = self._changes
                    self._wait_for_change(seen, self._settle)
                if self._stopping:
                    return
                seen = self._changes
                now = (self._merged(), self._problem)
                self._phones, self._told_problem = now
            if now != told:
                told = now
                try:
                    self._on_change(now[0])
                except Exception:
                    _log.exception("a listener for phones failed")

    def _merged(self) -> tuple[PhoneInfo, ...]:
        """One ``PhoneInfo`` a phone, of the best way there is to it."""
        best: dict[str, PhoneInfo] = {}
        for device in self._devices.values():
            info = device.info(self._known.get(device.line.serial))
            rival = best.get(info.serial)
            if rival is None or _preference(info) < _preference(rival):
                best[info.serial] = info
        return tuple(sorted(best.values(), key=lambda info: (info.name, info.serial)))


def _preference(info: PhoneInfo) -> tuple[int, bool, int]:
    """A smaller one is the better way to the same phone."""
    return _BEST_FIRST.index(info.state), info.connection != "usb", info.transport_id


def _connect_quietly(server: AdbServer, address: str) -> None:
    try:
        server.connect_wireless(address)
    except PhoneError as error:
        _log.debug("%s was not connected again: %s", address, error)
