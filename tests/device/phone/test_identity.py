"""Reading the server's list of devices, and asking a phone who it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.phone.identity import identify, read_lines
from device.phone.transport import Transport
from tests.support.phone.rig import Phone


@pytest.mark.parametrize(
    ("line", "serial", "state", "cable", "model"),
    [
        (
            "R3CX10AAAA1            device usb:1-4 product:e3q model:SM_S928N device:e3q transport_id:1",
            "R3CX10AAAA1", "ready", "usb", "SM-S928N",
        ),
        ("192.168.0.5:5555       device product:e3q model:SM_S928N transport_id:12",
         "192.168.0.5:5555", "ready", "wifi", "SM-S928N"),
        ("adb-R3CX10-aBcD (2)._adb-tls-connect._tcp device product:x model:M transport_id:2",
         "adb-R3CX10-aBcD (2)._adb-tls-connect._tcp", "ready", "wifi", "M"),
        ("R3CX10AAAA1 unauthorized usb:3-1 transport_id:7", "R3CX10AAAA1", "unauthorized", "usb", ""),
        ("R3CX10AAAA1 authorizing usb:3-1 transport_id:7", "R3CX10AAAA1", "connecting", "usb", ""),
        ("R3CX10AAAA1 offline transport_id:7", "R3CX10AAAA1", "offline", "usb", ""),
        ("R3CX10AAAA1 recovery usb:3-1 product:x transport_id:7", "R3CX10AAAA1", "offline", "usb", ""),
        ("(no serial number)     no permissions (user is not in the plugdev group); see "
         "[http://developer.android.com/tools/device.html] usb:1-4 transport_id:3",
         "(no serial number)", "no_permissions", "usb", ""),
        ("emulator-5554 device model:sdk transport_id:4", "emulator-5554", "ready", "wifi", "sdk"),
    ],
)  # fmt: skip
def test_a_line_of_the_servers_list_is_read(
    line: str, serial: str, state: str, cable: str, model: str
) -> None:
    (read,) = read_lines(line.encode() + b"\n")
    assert (read.serial, read.state, read.cable, read.model) == (serial, state, cable, model)


def test_several_lines_are_several_devices_and_none_is_none() -> None:
    assert read_lines(b"") == ()
    listing = b"A device usb:1 transport_id:1\nrubbish\n\nB offline transport_id:2\n"
    assert [(line.serial, line.transport_id) for line in read_lines(listing)] == [("A", 1), ("B", 2)]


@given(st.binary(max_size=200))
def test_no_listing_is_too_odd_to_be_read(listing: bytes) -> None:
    for line in read_lines(listing):
        assert line.serial.strip()
        assert line.state


@pytest.fixture
def asked(phone: Phone) -> Phone:
    kept = (phone.data / "props").read_text()
    yield phone
    (phone.data / "props").write_text(kept)


@pytest.mark.parametrize(
    ("properties", "serial", "name"),
    [
        ({"ro.serialno": "R3CX10AAAA1", "device_name": "My phone"}, "R3CX10AAAA1", "My phone"),
        ({"ro.boot.serialno": "R3CX10BBBB2", "ro.product.manufacturer": "sony", "ro.product.model": "SM-X"},
         "R3CX10BBBB2", "Sony SM-X"),
        ({"ro.serialno": "unknown", "ro.boot.serialno": "R3CX10BBBB2"}, "R3CX10BBBB2", None),
        ({"ro.serialno": "0123456789ABCDEF"}, None, None),
        ({"ro.serialno": "../../etc"}, None, None),
        ({}, None, None),
    ],
)  # fmt: skip
def test_a_phone_is_known_by_its_hardware_serial_and_called_by_its_name(
    asked: Phone, transport: Transport, properties: dict[str, str], serial: str | None, name: str | None
) -> None:
    asked.set_properties(properties)
    found = identify(transport)
    assert found.serial == (serial or asked.serial)
    assert found.name == (name or asked.serial)
