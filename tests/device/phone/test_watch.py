"""The watcher against the real adb server: what it tells of phones that come, go, ask and break."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device.phone import server as server_module
from device.phone.identity import DeviceLine, Identity
from device.phone.server import AdbServer
from device.phone.transport import Transport
from device.phone.watch import PhoneInfo, PhoneWatcher, _Device
from tests.support.phone.bad_cable import BadCable
from tests.support.phone.protocol_player import ProtocolPlayer
from tests.support.phone.rig import Phone, Rig, free_port, wait_until
from tests.support.waiting import WAIT_S


class Told:
    """What a watcher has told so far."""

    def __init__(self, server: AdbServer, *, settle: float = 0.1, identify_timeout: float = 0.5) -> None:
        self.all: list[tuple[PhoneInfo, ...]] = []
        self.watcher = PhoneWatcher(
            self.all.append, server=server, settle=settle, identify_timeout=identify_timeout
        )

    @property
    def now(self) -> tuple[PhoneInfo, ...]:
        return self.all[-1] if self.all else ()

    def states(self) -> dict[str, str]:
        return {info.serial: info.state for info in self.now}

    def wait(self, expected: dict[str, str]) -> None:
        wait_until(lambda: self.all and self.states() == expected, what=f"{expected}")


@pytest.fixture
def alone(rig: Rig, phone: Phone) -> Phone:
    """The phone, unplugged, and nothing else on the server."""
    rig.run("disconnect")
    wait_until(lambda: not rig.states(), what="an empty list")
    return phone


@pytest.fixture
def told(alone: Phone, server: AdbServer) -> Iterator[Told]:
    told = Told(server)
    with told.watcher:
        told.wait({})
        yield told


def test_a_phone_is_told_when_it_is_plugged_in_and_when_it_is_unplugged(told: Told, phone: Phone) -> None:
    phone.set_properties({
        "ro.serialno": phone.hardware_serial,
        "ro.product.model": "SM-S928N",
        "ro.product.manufacturer": "samsung",
        "device_name": "민지의 S24",
    })  # fmt: skip
    phone.plug()
    told.wait({phone.hardware_serial: "ready"})
    (info,) = told.now
    assert (info.adb_serial, info.model, info.name) == (phone.serial, "SM-S928N", "민지의 S24")
    assert (info.connection, info.what_to_do) == ("wifi", "")
    assert told.watcher.phones == told.now
    phone.unplug()
    told.wait({})


def test_what_was_told_opens_a_transport(told: Told, phone: Phone, server: AdbServer) -> None:
    phone.plug()
    told.wait({phone.hardware_serial: "ready"})
    (info,) = told.now
    transport = Transport(info.adb_serial, info.transport_id, server=server)
    assert transport.shell([b"echo", b"hello"]).stdout == b"hello\n"


def test_a_phone_waits_for_permission_and_is_ready_once_it_is_given(
    told: Told, rig: Rig, empty: Path
) -> None:
    with ProtocolPlayer(empty, permission="asks") as player:
        rig.connect(player.serial, state="unauthorized")
        told.wait({player.serial: "unauthorized"})
        assert "allow USB debugging" in told.now[0].what_to_do
        player.allow()
        told.wait({"R3CX10PLAYER": "ready"})
        rig.disconnect(player.serial)
        told.wait({})


def test_a_phone_that_never_comes_up_is_offline(told: Told, rig: Rig, empty: Path) -> None:
    with ProtocolPlayer(empty, permission="never comes up") as player:
        threading.Thread(target=rig.run, args=("connect", player.serial), daemon=True).start()
        wait_until(lambda: told.states() in ({player.serial: "offline"}, {player.serial: "connecting"}),
                   what="offline")  # fmt: skip
        assert told.now[0].what_to_do
        rig.disconnect(player.serial)


def test_a_phone_that_crashes_is_offline_by_its_name_and_comes_back_as_the_same(
    told: Told, phone: Phone
) -> None:
    phone.plug()
    told.wait({phone.hardware_serial: "ready"})
    name = told.now[0].name
    phone.stop()
    told.wait({phone.hardware_serial: "offline"})
    assert told.now[0].name == name
    assert "plug it in again" in told.now[0].what_to_do
    phone.start()
    phone.plug()
    told.wait({phone.hardware_serial: "ready"})


def test_a_phone_that_does_not_say_who_it_is_is_not_ready_until_it_does(
    told: Told, rig: Rig, empty: Path
) -> None:
    with ProtocolPlayer(empty) as player:
        player.faults.silent_shell = True
        rig.connect(player.serial)
        told.wait({player.serial: "offline"})
        assert "does not answer" in told.now[0].what_to_do
        wait_until(lambda: len(player.commands) >= 2, what="being asked again")
        player.faults.silent_shell = False
        told.wait({"R3CX10PLAYER": "ready"})
        assert not any(info.state == "ready" for phones in told.all[:-1] for info in phones)
        assert all(before != after for before, after in zip(told.all, told.all[1:], strict=False))
        rig.disconnect(player.serial)
        told.wait({})


def test_a_phone_is_asked_again_who_it_is_when_it_comes_back(told: Told, phone: Phone) -> None:
    kept = (phone.data / "props").read_text()
    phone.plug()
    told.wait({phone.hardware_serial: "ready"})
    phone.stop()
    told.wait({phone.hardware_serial: "offline"})
    phone.set_properties({"ro.serialno": "R3CX10OTHER"})  # another phone at the same address
    try:
        phone.plug()
        told.wait({"R3CX10OTHER": "ready"})
    finally:
        (phone.data / "props").write_text(kept)


def test_usb_is_the_better_way_and_a_way_that_works_better_still() -> None:
    watcher = PhoneWatcher(lambda phones: None)
    same = Identity("R3CX10AAAA1", "SM-S928N", "A phone")

    def merged(*states: str) -> tuple[str, str]:
        lines = (
            DeviceLine("192.168.0.5:5555", states[0], "wifi", "SM-S928N", 1),
            DeviceLine("R3CX10AAAA1", states[1], "usb", "SM-S928N", 2),
        )
        watcher._devices = {
            (line.transport_id, line.serial): _Device(line, same, fresh=line.state == "ready")
            for line in lines
        }
        (info,) = watcher._merged()
        return info.adb_serial, info.state

    assert merged("device", "device") == ("R3CX10AAAA1", "ready")
    assert merged("device", "unauthorized") == ("192.168.0.5:5555", "ready")
    assert merged("offline", "device") == ("R3CX10AAAA1", "ready")
    assert merged("offline", "offline") == ("R3CX10AAAA1", "offline")


def test_two_phones_are_two(told: Told, rig: Rig, phone: Phone) -> None:
    other = rig.phone("R3CX10TEST1", "SM-F956N")
    phone.plug()
    other.plug()
    told.wait({phone.hardware_serial: "ready", "R3CX10TEST1": "ready"})
    assert {info.model for info in told.now} == {"SM-S928N", "SM-F956N"}
    phone.unplug()
    told.wait({"R3CX10TEST1": "ready"})
    other.unplug()
    other.stop()
    told.wait({})


def test_one_phone_at_two_addresses_is_one(told: Told, phone: Phone) -> None:
    with BadCable(phone.port) as cable:
        phone.plug()
        phone.plug(by=cable.serial)
        wait_until(lambda: phone.rig.states() == {phone.serial: "device", cable.serial: "device"}, what="two")
        told.wait({phone.hardware_serial: "ready"})
        phone.unplug()
        wait_until(lambda: [info.adb_serial for info in told.now] == [cable.serial], what="the other address")
        assert told.states() == {phone.hardware_serial: "ready"}
        phone.unplug(by=cable.serial)
        told.wait({})


def test_the_watcher_outlives_the_server_and_connects_phones_again(
    told: Told, rig: Rig, phone: Phone, server: AdbServer
) -> None:
    phone.plug()
    told.wait({phone.hardware_serial: "ready"})
    count = len(told.all)
    rig.kill_server()
    wait_until(
        lambda: len(told.all) > count and told.states() == {phone.hardware_serial: "ready"}, what="again"
    )
    assert server.is_running()  # started by the watcher: nobody else did


def test_flapping_is_told_once(alone: Phone, server: AdbServer) -> None:
    began = time.monotonic()
    alone.plug()
    alone.unplug()
    once = time.monotonic() - began  # here; the watcher must wait longer than that
    told = Told(server, settle=max(1.0, 10 * once), identify_timeout=WAIT_S)
    with told.watcher:
        told.wait({})
        for _ in range(3):
            alone.plug()
            alone.unplug()
        alone.plug()
        told.wait({alone.hardware_serial: "ready"})
        assert len(told.all) == 2


def test_nothing_is_told_twice(told: Told, phone: Phone, rig: Rig) -> None:
    phone.plug()
    told.wait({phone.hardware_serial: "ready"})
    phone.unplug()
    told.wait({})
    assert all(before != after for before, after in zip(told.all, told.all[1:], strict=False))


def test_another_program_on_adbs_port_is_told_as_a_problem(server: AdbServer) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)) as listener:
        threading.Thread(target=_answer_nonsense, args=(listener,), daemon=True).start()
        told = Told(AdbServer(port=port, environment=server.environment))
        with told.watcher:
            wait_until(lambda: told.watcher.problem, what="the problem")
            assert told.watcher.problem.startswith(f"What answers at 127.0.0.1:{port} is no adb server")


def _answer_nonsense(listener: socket.socket) -> None:
    while True:
        try:
            stream, _ = listener.accept()
        except OSError:
            return
        with stream:
            stream.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_a_computer_without_adb_is_told_as_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(server_module, "bundled_adb", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    told = Told(AdbServer(port=free_port()))
    with told.watcher:
        wait_until(lambda: told.watcher.problem, what="the problem")
        assert "install it" in told.watcher.problem
        assert told.all == [()]


def test_a_listener_that_fails_is_called_again(alone: Phone, server: AdbServer) -> None:
    calls: list[int] = []

    def fail(phones: tuple[PhoneInfo, ...]) -> None:
        calls.append(len(phones))
        raise ValueError("listener")

    with PhoneWatcher(fail, server=server, settle=0.05):
        wait_until(lambda: calls == [0], what="the first call")
        alone.plug()
        wait_until(lambda: 1 in calls, what="another call")
        alone.unplug()


def test_closing_is_quick_and_final(alone: Phone, server: AdbServer) -> None:
    told = Told(server)
    told.watcher.start()
    told.wait({})
    began = time.monotonic()
    told.watcher.close()
    assert time.monotonic() - began < 30  # nothing was waited out
    alone.plug()
    alone.unplug()
    assert told.all == [()]
    with pytest.raises(RuntimeError):
        told.watcher.start()


def test_a_listener_may_close_the_watcher(alone: Phone, server: AdbServer) -> None:
    watchers: list[PhoneWatcher] = []
    closed = threading.Event()

    def close(_: tuple[PhoneInfo, ...]) -> None:
        watchers[0].close()
        closed.set()

    watchers.append(PhoneWatcher(close, server=server))
    watchers[0].start()
    assert closed.wait(WAIT_S)


def _old_server(answer: Callable[[bytes], bytes]) -> tuple[socket.socket, threading.Thread]:
    """Serve like an adb server that does not know ``track-devices-l``."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        kept = []
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                break
            length = int(client.recv(4), 16)
            client.sendall(answer(client.recv(length)))
            kept.append(client)
        for client in kept:
            client.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return listener, thread


def test_an_old_server_without_the_long_list_is_followed_too() -> None:
    def answer(service: bytes) -> bytes:
        if service == b"host:track-devices":
            return b"OKAY0016R3CX10OLD\tunauthorized\n"[:8] + b"R3CX10OLD\tunauthorized"
        if service == b"host:devices-l":
            listing = b"R3CX10OLD   unauthorized usb:1-4 transport_id:3\n"
            return b"OKAY%04x" % len(listing) + listing
        return b"FAIL0014unknown host service"

    listener, thread = _old_server(answer)
    told = Told(AdbServer(port=listener.getsockname()[1]))
    with told.watcher:
        told.wait({"R3CX10OLD": "unauthorized"})
        assert told.now[0].connection == "usb"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(WAIT_S)
