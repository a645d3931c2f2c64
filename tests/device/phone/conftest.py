"""One adb server and one phone for all tests of this room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from device.phone.server import AdbServer
from device.phone.sync import SyncSession
from device.phone.transport import Transport
from tests.support.phone.rig import Phone, Rig, RigUnavailable
from tests.support.waiting import WAIT_S


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    try:
        with Rig(tmp_path_factory.mktemp("phone") / "rig") as made:
            made.phone().start()
            yield made
    except RigUnavailable as reason:
        pytest.skip(f"no test phone: {reason}")


@pytest.fixture(scope="session")
def only_phone(rig: Rig) -> Phone:
    return rig.phones[0]


@pytest.fixture
def phone(only_phone: Phone) -> Phone:
    """The phone, plugged in, whatever the test before did to it; its photos stay."""
    only_phone.plug()
    return only_phone


@pytest.fixture
def server(rig: Rig) -> AdbServer:
    return AdbServer(port=rig.port, environment=rig.environment)


@pytest.fixture
def transport(phone: Phone, server: AdbServer) -> Transport:
    return Transport(phone.serial, server=server, timeout=WAIT_S)


@pytest.fixture
def session(transport: Transport) -> Iterator[SyncSession]:
    with SyncSession(transport) as opened:
        yield opened


@pytest.fixture
def folder(phone: Phone, request: pytest.FixtureRequest) -> str:
    """A folder of this test's own, as its path under ``/sdcard``."""
    path = f"DCIM/{request.node.name[:60].replace('/', '-')}"
    (phone.storage / path).mkdir(exist_ok=True)
    return path


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A player's ``/`` with nothing but its storage."""
    (tmp_path / "root/storage/emulated/0").mkdir(parents=True)
    (tmp_path / "root/sdcard").symlink_to("/storage/emulated/0")
    return tmp_path / "root"
