"""A player of the device side of ADB, for what the real daemon cannot do on demand: asking for permission,
never coming up, failing, vanishing or hanging in the middle of a file, lying about a folder, being old.

Written after AOSP's ``protocol.txt`` and ``SYNC.TXT``. It takes nothing that is sent to be kept.
"""

from __future__ import annotations

import asyncio
import errno
import os
import posixpath
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from tests.support.waiting import WAIT_S

_VERSION = 0x01000001  # since this one, messages need no checksum
_LARGEST = 1 << 20  # bytes of one message
_HEADER = struct.Struct("<6I")  # command, two arguments, length, checksum, the command's complement
_CNXN, _AUTH, _OPEN, _OKAY, _CLSE, _WRTE = (
    int.from_bytes(name, "little") for name in (b"CNXN", b"AUTH", b"OPEN", b"OKAY", b"CLSE", b"WRTE")
)
_TOKEN, _SIGNATURE, _PUBLIC_KEY = 1, 2, 3  # kinds of AUTH
_STAT_V1 = struct.Struct("<III")
_STAT_V2 = struct.Struct("<IQQIIIIQqqq")
_PACKET = 1 << 16  # bytes of one DATA

Permission = Literal["allowed", "asks", "never comes up"]
Trouble = Literal["fail", "drop", "hang", "nonsense"]


@dataclass
class Faults:
    """What the player does wrong; a test may change it while it runs."""

    receiving: dict[bytes, tuple[Trouble, int]] = field(default_factory=dict)
    """By path: what happens after so many bytes of it."""
    silent_shell: bool = False
    """Commands are taken and never answered."""
    listing: dict[bytes, Literal["nothing", "escape", "fail", "hang", "cut short"]] = field(
        default_factory=dict
    )
    """By path: answered with nothing at all, with a name that leads out, with FAIL, half and then silence, or
    with half and then nonsense."""


class _Closed(Exception):
    """The other end closed the stream."""


class _Stream:
    """One service that the server opened."""

    def __init__(self, connection: _Connection, own: int, other: int) -> None:
        self.connection, self.own, self.other = connection, own, other
        self.arrived: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.ready = asyncio.Event()
        self.ready.set()
        self.is_open = True
        self._rest = b""

    async def read(self, count: int) -> bytes:
        while len(self._rest) < count:
            data = await self.arrived.get()
            if data is None:
                raise _Closed
            self._rest += data
            self.connection.send(_OKAY, self.own, self.other)
        data, self._rest = self._rest[:count], self._rest[count:]
        return data

    async def write(self, data: bytes) -> None:
        largest = min(_LARGEST, self.connection.largest)
        for begin in range(0, len(data), largest):
            await self.ready.wait()
            if not self.is_open:
                raise _Closed
            self.ready.clear()
            self.connection.send(_WRTE, self.own, self.other, data[begin : begin + largest])
            await self.connection.writer.drain()

    async def close(self) -> None:
        if self.is_open:
            await self.ready.wait()
        if self.is_open:
            self.is_open = False
            self.connection.streams.pop(self.own, None)
            self.connection.send(_CLSE, self.own, self.other)


class _Connection:
    """One connection of the adb server."""

    def __init__(
        self, player: ProtocolPlayer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.player, self.reader, self.writer = player, reader, writer
        self.streams: dict[int, _Stream] = {}
        self.largest = 4096
        self.is_up = False
        self.key_seen = False
        self._opened = 0

    def send(self, command: int, first: int, second: int, data: bytes = b"") -> None:
        check = sum(data) & 0xFFFFFFFF  # a server of before version 0x01000001 looks at it
        self.writer.write(_HEADER.pack(command, first, second, len(data), check, command ^ 0xFFFFFFFF) + data)

    def come_up(self) -> None:
        self.is_up = True
        names = "".join(f"ro.product.{key}={self.player.model};" for key in ("name", "model", "device"))
        self.send(_CNXN, _VERSION, _LARGEST, f"device::{names}features={self.player.features}".encode())

    async def serve(self) -> None:
        services: set[asyncio.Task[None]] = set()
        try:
            while True:
                header = _HEADER.unpack(await self.reader.readexactly(_HEADER.size))
                command, first, second, length, _, _ = header
                data = await self.reader.readexactly(length)
                if command == _OPEN and self.is_up:
                    self._opened += 1
                    stream = _Stream(self, self._opened, first)
                    self.streams[stream.own] = stream
                    services.add(asyncio.create_task(self.player.serve(stream, data.rstrip(b"\0"))))
                else:
                    self._take(command, first, second, data)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for service in services:
                service.cancel()
            self.writer.close()

    def _take(self, command: int, first: int, second: int, data: bytes) -> None:
        stream = self.streams.get(second)
        if command == _CNXN:
            self.largest = second
            if self.player.permission == "allowed":
                self.come_up()
            elif self.player.permission == "asks":
                self.send(_AUTH, _TOKEN, 0, os.urandom(20))
        elif command == _AUTH and first == _SIGNATURE:  # by a key that is not known: once more
            self.send(_AUTH, _TOKEN, 0, os.urandom(20))
        elif command == _AUTH and first == _PUBLIC_KEY:  # now the phone shows its question
            self.key_seen = True
            if self.player.permission == "allowed":
                self.come_up()
        elif stream is not None and command == _OKAY:
            stream.ready.set()
        elif stream is not None and command == _WRTE:
            stream.arrived.put_nowait(data)
        elif stream is not None and command == _CLSE:
            self.streams.pop(second)
            stream.is_open = False
            stream.arrived.put_nowait(None)
            stream.ready.set()


class ProtocolPlayer:
    """A phone that plays what it is told to, on a port of this machine.

    Parameters
    ----------
    root
        A folder taken for the phone's ``/``.
    permission
        ``asks`` is unauthorized until ``allow``; ``never comes up`` stays offline.
    second_version
        Whether it knows 64-bit stat and list and the shell's second version, as since Android 8.
    properties
        What its ``getprop`` tells.

    Attributes
    ----------
    serial
        Its adb serial.
    requests
        Every sync request so far: its four letters and its path.
    commands
        Every shell command so far.
    """

    def __init__(
        self,
        root: Path,
        *,
        permission: Permission = "allowed",
        second_version: bool = True,
        hardware_serial: str = "R3CX10PLAYER",
        model: str = "SM_S928N",
    ) -> None:
        self.root = root.resolve()
        self.permission: Permission = permission
        self.model = model
        self.features = "shell_v2,cmd,stat_v2,ls_v2" if second_version else "cmd"
        self.properties = {"ro.serialno": hardware_serial, "ro.product.model": model.replace("_", "-")}
        self.faults = Faults()
        self.requests: list[tuple[bytes, bytes]] = []
        self.commands: list[bytes] = []
        self._connections: set[_Connection] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="protocol player", daemon=True)
        self._thread.start()
        self._listener = self._run(asyncio.start_server(self._accept, "127.0.0.1", 0, limit=1 << 21))
        self.port = int(self._listener.sockets[0].getsockname()[1])
        self.serial = f"127.0.0.1:{self.port}"

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_S)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(self, reader, writer)
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)

    def allow(self) -> None:
        """Tap "Allow" on the phone's question."""

        async def tap() -> None:
            self.permission = "allowed"
            for connection in self._connections:
                if connection.key_seen and not connection.is_up:
                    connection.come_up()

        self._run(tap())

    def close(self) -> None:
        """Go away."""

        async def leave() -> None:
            self._listener.close()
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for connection in list(self._connections):
                connection.writer.transport.abort()  # its tasks then end by themselves
            if others:
                await asyncio.wait(others, timeout=5)

        self._run(leave())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> ProtocolPlayer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Services.

    async def serve(self, stream: _Stream, service: bytes) -> None:
        """Serve one stream of a connection."""
        stream.connection.send(_OKAY, stream.own, stream.other)
        try:
            if service == b"sync:":
                await _SyncService(self, stream).serve()
            elif service.startswith(b"shell,v2,raw:"):
                self.commands.append(service.partition(b":")[2])
                if self.faults.silent_shell:
                    await asyncio.Event().wait()
                printed, status = self._shell(service.partition(b":")[2])
                await stream.write(struct.pack("<BI", 1, len(printed)) + printed if printed else b"")
                await stream.write(struct.pack("<BIB", 3, 1, status))
        except _Closed:
            pass
        finally:
            await stream.close()

    def _shell(self, script: bytes) -> tuple[bytes, int]:
        """Answer what ``identity`` asks, and no other command."""
        if b"getprop" not in script:
            return b"", 127
        asked = [line.split()[0] for line in script.decode().split("getprop ")[1:]]
        return b"".join(self.properties.get(name, "").encode() + b"\0" for name in asked), 0

    def local(self, path: bytes, *, follow: bool = True, links: int = 0) -> Path:
        """Map a path of the phone into ``root``, its links too.

        Raises
        ------
        OSError
            Too many links.
        """
        if links > 20:
            raise OSError(errno.ELOOP, "loop")
        at = "/"
        parts = [part for part in os.fsdecode(path).split("/") if part not in ("", ".")]
        for number, part in enumerate(parts):
            if part == "..":
                at = posixpath.dirname(at)
                continue
            here = Path(f"{self.root}{at}") / part
            is_last = number == len(parts) - 1
            if here.is_symlink() and (follow or not is_last or path.endswith(b"/")):
                target = posixpath.join(at, here.readlink(), *parts[number + 1 :])
                return self.local(os.fsencode(target), follow=follow, links=links + 1)
            at = posixpath.join(at, part)
        return Path(f"{self.root}{at}")


class _SyncService:
    """The sync protocol over one stream."""

    def __init__(self, player: ProtocolPlayer, stream: _Stream) -> None:
        self.player, self.stream = player, stream

    async def serve(self) -> None:
        services: dict[bytes, Callable[[bytes], Coroutine[Any, Any, None]]] = {
            b"STAT": self._stat_v1,
            b"STA2": lambda path: self._stat_v2(b"STA2", path, follow=True),
            b"LST2": lambda path: self._stat_v2(b"LST2", path, follow=False),
            b"LIST": lambda path: self._list(path, b"DENT", _v1),
            b"LIS2": lambda path: self._list(path, b"DNT2", _v2),
            b"RECV": self._receive,
        }
        while True:
            kind, length = struct.unpack("<4sI", await self.stream.read(8))
            path = await self.stream.read(length)
            self.player.requests.append((kind, path))
            if kind == b"QUIT":
                return
            if kind not in services:
                await self._fail(b"not played: " + kind)
            await services[kind](path)

    async def _fail(self, words: bytes) -> None:
        await self.stream.write(b"FAIL" + struct.pack("<I", len(words)) + words)
        raise _Closed  # as adbd: a failure ends the session

    def _look(self, path: bytes, *, follow: bool) -> os.stat_result | int:
        try:
            return self.player.local(path, follow=follow).lstat()
        except OSError as error:
            return error.errno or errno.EIO

    async def _stat_v1(self, path: bytes) -> None:
        await self.stream.write(b"STAT" + _v1(self._look(path, follow=False)))

    async def _stat_v2(self, kind: bytes, path: bytes, *, follow: bool) -> None:
        await self.stream.write(kind + _v2(self._look(path, follow=follow)))

    async def _list(self, path: bytes, tag: bytes, packed: Callable[[os.stat_result | int], bytes]) -> None:
        fault = self.player.faults.listing.get(path.rstrip(b"/"))
        if fault == "fail":
            await self._fail(b"broken")
        try:
            folder = self.player.local(path)
            names = [b".", b"..", *sorted(os.fsencode(entry.name) for entry in folder.iterdir())]
        except OSError:
            names = []
        if fault == "nothing":
            names = []
        if fault == "escape":
            names.append(b"../../etc/passwd")
        if fault in ("hang", "cut short"):
            names = names[: len(names) // 2]
        answer = bytearray()
        for name in names:
            looked = self._look(posixpath.join(path, name), follow=False)
            if not isinstance(looked, int) or b"/" in name:
                answer += tag + packed(looked) + struct.pack("<I", len(name)) + name
        if fault == "hang":
            await self.stream.write(bytes(answer))
            await asyncio.Event().wait()
        if fault == "cut short":
            await self.stream.write(bytes(answer) + b"what")
            raise _Closed
        await self.stream.write(bytes(answer) + b"DONE" + bytes(len(packed(0)) + 4))

    async def _receive(self, path: bytes) -> None:
        trouble, after = self.player.faults.receiving.get(path, (None, 0))
        try:
            data = self.player.local(path).read_bytes()
        except OSError as error:
            await self._fail(b"open failed: " + os.strerror(error.errno or 0).encode())
        if trouble is not None:
            data = data[:after]
        packets = (data[begin : begin + _PACKET] for begin in range(0, len(data), _PACKET))
        await self.stream.write(b"".join(b"DATA" + struct.pack("<I", len(p)) + p for p in packets))
        if trouble == "fail":
            await self._fail(b"read failed: I/O error")
        elif trouble == "drop":
            self.stream.connection.writer.transport.abort()
            raise _Closed
        elif trouble == "hang":
            await asyncio.Event().wait()
        elif trouble == "nonsense":
            await self.stream.write(b"what is this")
        await self.stream.write(b"DONE" + bytes(4))


def _v1(looked: os.stat_result | int) -> bytes:
    if isinstance(looked, int):
        return bytes(_STAT_V1.size)
    return _STAT_V1.pack(looked.st_mode, looked.st_size & 0xFFFFFFFF, int(looked.st_mtime) & 0xFFFFFFFF)


def _v2(looked: os.stat_result | int) -> bytes:
    if isinstance(looked, int):
        return _STAT_V2.pack(looked, *[0] * 10)
    times = (int(when) for when in (looked.st_atime, looked.st_mtime, looked.st_ctime))
    return _STAT_V2.pack(
        0, looked.st_dev, looked.st_ino, looked.st_mode, looked.st_nlink, looked.st_uid, looked.st_gid,
        looked.st_size, *times,
    )  # fmt: skip
