"""Who a phone is: what the adb server's list of devices says of it, and what the phone says itself.

Watching that list over time is ``watch``'s part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from device.phone.names import shown
from device.phone.transport import Transport

State = Literal["ready", "unauthorized", "offline", "connecting", "no_permissions"]
Cable = Literal["usb", "wifi"]

# The server's words for a device's state (AOSP adb: to_string(ConnectionState)), and what they are here.
_STATES: dict[str, State] = {
    "device": "ready",
    "unauthorized": "unauthorized",
    "authorizing": "connecting",
    "connecting": "connecting",
    "no permissions": "no_permissions",
}
_OTHER_STATES = ("offline", "bootloader", "host", "recovery", "rescue", "sideload", "detached", "unknown")

# A serial may hold blanks (mDNS adds " (2)" to a name that is taken), so that the known words of states
# divide the line, not its first blank.
_LINE = re.compile(
    rf"(?P<serial>.+?)\s+(?P<state>{'|'.join((*_STATES, *_OTHER_STATES))})\b(?P<rest>.*)", re.ASCII
)
_FIELD = re.compile(r"(?:^|\s)(usb|product|model|device|transport_id):(\S*)", re.ASCII)

_SERIAL = re.compile(r"[\w.:-]{4,64}", re.ASCII)
# Serials that makers of cheap phones give to all of them: such a phone is known by its adb serial.
_NOBODYS_SERIALS = {"unknown", "null", "none", "0123456789ABCDEF", "1234567890ABCDEF"}
_ASKED = (
    b"getprop ro.serialno",
    b"getprop ro.boot.serialno",
    b"getprop ro.product.manufacturer",
    b"getprop ro.product.model",
    b"settings get global device_name",
)
_NAME_LENGTH = 60  # characters


@dataclass(frozen=True)
class DeviceLine:
    """One device as the adb server lists it."""

    serial: str
    words: str
    cable: Cable
    model: str
    transport_id: int

    @property
    def state(self) -> State:
        """The device's state in this program's words."""
        return _STATES.get(self.words, "offline")

    @property
    def is_address(self) -> bool:
        """Whether its serial is an address, which another phone may have tomorrow."""
        return self.cable == "wifi" and "._adb" not in self.serial


@dataclass(frozen=True)
class Identity:
    """Who a phone says it is.

    Attributes
    ----------
    serial
        Its hardware serial; the same over USB and wifi.
    model, name
        As people know them: ``SM-S928N``, and what the owner called it, else maker and model.
    """

    serial: str
    model: str
    name: str


def read_lines(listing: bytes) -> tuple[DeviceLine, ...]:
    """Read the answer to ``host:track-devices-l`` or ``host:devices-l``."""
    found = []
    for line in listing.decode("utf-8", "replace").splitlines():
        match = _LINE.fullmatch(line.strip())
        if match is None:
            continue
        fields = dict(_FIELD.findall(match["rest"]))
        serial, number = match["serial"], fields.get("transport_id", "")
        over_air = re.fullmatch(r".+:\d+", serial) or "._adb" in serial or serial.startswith("emulator-")
        found.append(
            DeviceLine(
                serial=serial,
                words=match["state"],
                cable="wifi" if over_air and "usb" not in fields else "usb",
                model=fields.get("model", "").replace("_", "-"),
                transport_id=int(number) if number.isdecimal() else 0,
            )
        )
    return tuple(found)


def identify(transport: Transport) -> Identity:
    """Ask a phone who it is.

    Raises
    ------
    PhoneError
        It is not there, or does not answer.
    """
    # Each answer is one line, whatever it says: a command that is missing must not move the others up.
    script = b"; ".join(b'v=$(%s 2>/dev/null); printf "%%s\\0" "$v"' % asked for asked in _ASKED)
    with transport.script(script) as stream:
        answers = [shown(answer.strip(), limit=_NAME_LENGTH) for answer in b"".join(stream).split(b"\0")]
    answers += [""] * len(_ASKED)
    serialno, boot_serialno, maker, model, named = answers[: len(_ASKED)]
    serials = (s for s in (serialno, boot_serialno) if _SERIAL.fullmatch(s) and s not in _NOBODYS_SERIALS)
    if named == "null":
        named = ""
    return Identity(
        serial=next(serials, transport.serial),
        model=model,
        name=named or f"{maker[:1].upper()}{maker[1:]} {model}".strip() or transport.serial,
    )
