"""Finding and starting the adb server, and commands on a phone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from device.phone import server as server_module
from device.phone.errors import AdbMissingError, PhoneError, PhoneGoneError, PhoneRefusedError
from device.phone.server import AdbServer, find_adb
from device.phone.transport import Transport
from tests.support.phone.protocol_player import ProtocolPlayer
from tests.support.phone.rig import Phone, Rig, free_port

_VARIABLES = ("ADB_SERVER_SOCKET", "ANDROID_ADB_SERVER_ADDRESS", "ANDROID_ADB_SERVER_PORT")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((None, None, None), ("127.0.0.1", 5037)),
        ((None, None, "6000"), ("127.0.0.1", 6000)),
        ((None, "box", "6000"), ("box", 6000)),
        (("tcp:6001", None, "6000"), ("127.0.0.1", 6001)),
        (("tcp:box:6001", None, None), ("box", 6001)),
        (("tcp:[::1]:6001", None, None), ("::1", 6001)),
    ],
)
def test_the_servers_address_is_read_as_adb_reads_it(
    monkeypatch: pytest.MonkeyPatch, values: tuple[str | None, ...], expected: tuple[str, int]
) -> None:
    for name, value in zip(_VARIABLES, values, strict=True):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    found = AdbServer.from_environment()
    assert (found.host, found.port) == expected


@pytest.mark.parametrize("value", ["localabstract:adb", "tcp:box:port", "tcp:70000"])
def test_an_address_that_cannot_be_used_is_told(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("ADB_SERVER_SOCKET", value)
    with pytest.raises(AdbMissingError):
        AdbServer.from_environment()


def test_a_computer_without_adb_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(server_module, "bundled_adb", lambda: None)  # as where adbutils has no wheel
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AdbMissingError, match="install it"):
        AdbServer(port=free_port()).ask(b"host:version")
    program = tmp_path / "adb"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert find_adb() == program


def test_an_adb_that_cannot_start_its_server_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(server_module, "bundled_adb", lambda: None)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    program = tmp_path / "adb"
    program.write_text("#!/bin/sh\necho 'no room for a key' >&2\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(AdbMissingError, match="no room for a key"):
        AdbServer(port=free_port()).ask(b"host:version")


def test_a_server_of_another_computer_is_not_started_here() -> None:
    with pytest.raises(AdbMissingError, match="start it there"):
        AdbServer(host="192.0.2.1", port=5037).start()


def test_a_server_is_started_where_none_runs_and_a_running_one_is_left_alone(
    rig: Rig, server: AdbServer
) -> None:
    rig.kill_server()
    assert not server.is_running()
    version = server.ask(b"host:version")
    assert server.is_running()
    assert AdbServer(port=rig.port).ask(b"host:version") == version
    rig.kill_server()
    rig.start_server()
    assert rig._server is not None
    server.ask(b"host:version")
    assert rig._server.poll() is None


def test_a_server_is_started_at_the_address_of_the_environment(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.kill_server()
    for name, value in rig.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", "5037")
    monkeypatch.setenv("ADB_SERVER_SOCKET", f"tcp:127.0.0.1:{rig.port}")
    AdbServer.from_environment().ask(b"host:version")
    assert AdbServer(port=rig.port).is_running()


def test_a_command_gets_its_words_as_they_are(transport: Transport) -> None:
    words = [b"a b", b"$HOME", b"it's", b'"', b"new\nline", b"\xff\xe9", b"*", b"", b"-n", b"\\"]
    result = transport.shell([b"printf", b"<%s>", *words])
    assert result.stdout == b"".join(b"<%s>" % word for word in words)
    assert (result.stderr, result.exit) == (b"", 0)


def test_a_command_tells_its_exit_status_and_its_errors(transport: Transport) -> None:
    result = transport.shell([b"ls", b"/nowhere"])
    assert result.exit == 1
    assert b"No such file" in result.stderr
    assert transport.shell([b"no-such-program"]).exit == 127
    with pytest.raises(PhoneRefusedError, match="NUL"):
        transport.shell([b"ls", b"a\0b"])


def test_output_is_passed_on_byte_for_byte(phone: Phone, transport: Transport, folder: str) -> None:
    content = bytes(range(256)) * 1000
    phone.put(f"{folder}/a.bin", content)
    assert transport.shell([b"cat", f"/sdcard/{folder}/a.bin".encode()]).stdout == content


def test_a_command_that_reads_its_input_gets_none(transport: Transport) -> None:
    assert transport.with_timeout(5).shell([b"cat"]).stdout == b""


def test_a_phone_that_is_not_there_is_told_by_name(server: AdbServer) -> None:
    with pytest.raises(PhoneGoneError, match=r"127\.0\.0\.1:1 is not connected"):
        Transport("127.0.0.1:1", server=server).shell([b"true"])


def test_a_phone_that_has_not_allowed_it_is_told_what_to_do(rig: Rig, server: AdbServer, empty: Path) -> None:
    with ProtocolPlayer(empty, permission="asks") as player:
        rig.connect(player.serial, state="unauthorized")
        with pytest.raises(PhoneRefusedError, match="allow USB debugging"):
            Transport(player.serial, server=server).open(b"sync:")
        rig.disconnect(player.serial)


def test_a_transport_id_leads_to_the_same_phone(rig: Rig, phone: Phone, server: AdbServer) -> None:
    line = next(line for line in rig.run("devices", "-l").splitlines() if line.startswith(phone.serial))
    number = int(line.rpartition("transport_id:")[2])
    transport = Transport("whatever", transport_id=number, server=server)
    assert transport.shell([b"getprop", b"ro.serialno"]).stdout.strip() == phone.hardware_serial.encode()
    assert "ls_v2" in transport.features


def test_connecting_by_air_says_what_went_wrong(server: AdbServer, phone: Phone) -> None:
    assert phone.serial in server.connect_wireless(phone.serial)
    with pytest.raises(PhoneError, match="cannot be reached"):
        server.connect_wireless(f"127.0.0.1:{free_port()}")


def test_importing_the_phones_modules_imports_no_adbutils() -> None:
    code = (
        "import sys, device.phone.watch, device.phone.media, device.phone.previews, device.phone.folders;"
        "sys.exit(any(name in sys.modules for name in ('adbutils', 'numpy', 'PIL')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
