"""The sync protocol: stat, list and receive, many in a row over one connection to the phone.

The numbers on the wire are those of AOSP's ``SYNC.TXT`` and ``file_sync_protocol.h``. Sending is left out:
nothing is ever written on a phone.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TypeAlias

from device.phone.connection import Connection
from device.phone.errors import PhoneError, PhoneFileGoneError, PhoneRefusedError
from device.phone.names import shown
from device.phone.transport import Transport, quoted

CHUNK = 64 * 1024  # bytes; the longest DATA packet of the protocol (SYNC_DATA_MAX)
_BLOCK = 4 * CHUNK  # bytes; larger ones were no faster
_LONGEST_PATH = 1024  # bytes; adbd ends the session at a longer one
_LONGEST_NAME = 4096  # bytes; Linux allows 255
_LONGEST_WORDS = 4096  # bytes of an error message

_STAT_V1 = struct.Struct("<III")  # mode, size, mtime
_STAT_V2 = struct.Struct("<IQQIIIIQqqq")  # error, dev, ino, mode, nlink, uid, gid, size, atime, mtime, ctime
_LENGTH = struct.Struct("<I")
_HEADER = struct.Struct("<4sI")  # of a packet of a file: its kind, its length

# The phone is a Linux and sends Linux' own error numbers; ENOENT, ENOTDIR and ELOOP mean there is no such
# file.
_GONE_NUMBERS = {
    2: "No such file or directory",
    20: "Not a directory",
    40: "Too many levels of symbolic links",
}
_GONE_WORDS = ("No such file", "Not a directory", "Too many symbolic links", "Too many levels of symbolic")


Pieces: TypeAlias = Sequence[bytes | memoryview]
"""Bytes that go behind one another."""


class _FileRefused(Exception):
    """The phone answered FAIL."""


class _WithMode:
    """What a file's mode says."""

    mode: int

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return stat.S_ISDIR(self.mode)

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return stat.S_ISREG(self.mode)

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return stat.S_ISLNK(self.mode)


@dataclass(frozen=True)
class RemoteStat(_WithMode):
    """What a path on the phone is.

    Attributes
    ----------
    mode
        File type and permissions, as ``stat.S_ISREG`` reads them.
    size
        Bytes; from a phone without the protocol's second version, only their lowest 32 bits.
    mtime
        Whole seconds since 1970; may be negative.
    inode
        The file's number on its disk, or None from such a phone.
    """

    mode: int
    size: int
    mtime: int
    inode: int | None = None


@dataclass(frozen=True)
class RemoteEntry(_WithMode):
    """One name in a folder; a link is told as the link it is.

    Attributes
    ----------
    name
        The bytes between two slashes; data, never a path of this computer.
    mode, size, mtime, inode
        As in ``RemoteStat``.
    error
        0, or the phone's error number at looking at this name: it is there, and nothing else is known of it.
    """

    name: bytes
    mode: int
    size: int
    mtime: int
    inode: int | None = None
    error: int = 0


def join(folder: bytes, name: bytes) -> bytes:
    """Join a folder's path and a name in it, as the phone writes paths."""
    return folder + name if folder.endswith(b"/") else folder + b"/" + name


class SyncSession:
    """Many stats, listings and receives over one connection.

    The connection is opened at the first request. After an error it is closed, and the next request opens a
    new one: no answer is ever taken for another request's. A session serves one thread; ``close`` may come
    from another one, and ends what runs.

    Parameters
    ----------
    transport
        The way to the phone.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._connection: Connection | None = None
        self._ended = False
        self._receiving = False
        self._block = bytearray(_BLOCK)

    def __enter__(self) -> SyncSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the session for good; a request that runs in another thread ends with ``PhoneGoneError``."""
        self._ended = True
        self._drop()

    def _drop(self) -> None:
        connection, self._connection, self._receiving = self._connection, None, False
        if connection is not None:
            connection.close()

    def _end_if_closed(self) -> None:
        if self._ended:  # by another thread, while the connection was made
            self._drop()

    def _can(self, feature: str) -> bool:
        return feature in self._transport.features

    def _request(self, kind: bytes, path: bytes) -> Connection:
        where = shown(path, limit=80)
        if len(path) > _LONGEST_PATH or b"\0" in path:
            raise PhoneRefusedError(f"A path of {len(path)} bytes cannot be asked for: {where}.")
        if self._ended:
            raise PhoneError(f"The session with {self._transport.name} was closed: open another one.")
        if self._receiving:  # what is left of that file would be taken for this request's answer
            self._drop()
        connection = self._connection
        if connection is None or connection.closed:
            self._connection = connection = self._transport.open(b"sync:")
            self._end_if_closed()
        connection.send(kind + _LENGTH.pack(len(path)) + path)
        return connection

    def stat(self, path: bytes, *, follow: bool = True) -> RemoteStat:
        """Look at one path.

        Parameters
        ----------
        path
            An absolute path on the phone.
        follow
            Whether a link stands for what it leads to. A phone without the protocol's second version follows
            no link at a path's end.

        Raises
        ------
        PhoneFileGoneError
            It is not there.
        PhoneRefusedError
            The phone does not let it be looked at.
        PhoneGoneError, PhoneTimeoutError
            The phone is not there, or does not answer.
        """
        return self._stat(path, path, follow=follow)

    def _stat(self, path: bytes, named: bytes, *, follow: bool) -> RemoteStat:
        """Look at ``path``, and call it ``named`` in errors."""
        kind = (b"STA2" if follow else b"LST2") if self._can("stat_v2") else b"STAT"
        connection = self._request(kind, path)
        answer = connection.read(4)
        if answer == b"FAIL":
            raise self._refused(named, _read_failure(connection))
        if answer == b"STAT":
            mode, size, mtime = _STAT_V1.unpack(connection.read(_STAT_V1.size))
            if not mode:  # the first version has no error number
                raise self._refused(named, _GONE_NUMBERS[2])
            return RemoteStat(mode, size, mtime)
        if answer not in (b"STA2", b"LST2"):
            raise connection.out_of_step(answer)
        error, _, inode, mode, _, _, _, size, _, mtime, _ = _STAT_V2.unpack(connection.read(_STAT_V2.size))
        if error:
            raise self._refused(named, _GONE_NUMBERS.get(error) or os.strerror(error))
        return RemoteStat(mode, size, mtime, inode)

    def list(self, path: bytes) -> tuple[RemoteEntry, ...]:
        """List a folder, completely or not at all.

        The protocol answers a missing folder, a file and a folder that may not be read alike, with an empty
        listing; each is told apart here, so that an empty result means an empty folder.

        Returns
        -------
        entries
            In the phone's order, without ``.`` and ``..``.

        Raises
        ------
        PhoneFileGoneError
            The folder is not there, or is none.
        PhoneRefusedError
            The phone does not let it be read.
        PhoneGoneError, PhoneTimeoutError
            The phone is not there, or does not answer; nothing of what it listed so far is kept.
        """
        # With a slash at its end, every version of stat follows a link (/sdcard is a chain of them).
        folder = path if path.endswith(b"/") else path + b"/"
        if not self._stat(folder, path, follow=True).is_folder:
            raise self._refused(path, _GONE_NUMBERS[20])
        second = self._can("ls_v2")
        connection = self._request(b"LIS2" if second else b"LIST", folder)
        entries = []
        while (answer := connection.read(4)) != b"DONE":
            if answer == b"FAIL":
                raise self._refused(path, _read_failure(connection))
            if answer != (b"DNT2" if second else b"DENT"):
                raise connection.out_of_step(answer)
            entries.append(_read_entry(connection, second=second))
        connection.read(
            (_STAT_V2.size if second else _STAT_V1.size) + _LENGTH.size
        )  # DONE is as long as an entry
        # adbd lists "." and ".." of every folder it can open, and nothing at all of others.
        if not entries and not self._is_empty(folder):
            raise self._refused(path, "Permission denied")
        return tuple(entry for entry in entries if entry.name not in (b".", b".."))

    def _is_empty(self, folder: bytes) -> bool:
        """Ask the phone's own ``ls`` about a folder whose listing had not even "." in it."""
        try:
            result = self._transport.shell((b"ls", b"-A", folder))
        except PhoneRefusedError:
            return False
        return result.exit == 0 and not result.stdout and not result.stderr

    def receive(self, path: bytes, *, offset: int = 0) -> Iterator[bytes]:
        """Receive a file's bytes, as ``receive_pieces`` does, in chunks that last."""
        return (b"".join(pieces) for pieces in self.receive_pieces(path, offset=offset))

    def receive_pieces(self, path: bytes, *, offset: int = 0) -> Iterator[Pieces]:
        """Receive a file's bytes where they came to lie, for one who writes them on at once.

        The protocol always begins at a file's start. From ``offset`` on, the bytes come from the phone's
        ``dd`` over a connection of its own; where the phone has none, from the start, and what is before the
        offset is dropped.

        Parameters
        ----------
        path
            A file on the phone.
        offset
            Bytes to leave out. Where the file is shorter, nothing comes, and no error.

        Yields
        ------
        pieces
            What goes behind one another, 1 byte to 1 MiB in all; **valid until the next are asked for**.
            Together the file, if the iterator ends without an error; what came before an error is yielded
            before it. A file that changes meanwhile is not noticed here: compare its size, and ``stat`` it
            again.

        Raises
        ------
        PhoneFileGoneError, PhoneRefusedError
            The file is not there, or cannot be read; other files can.
        PhoneGoneError, PhoneTimeoutError
            The phone went away, or stopped answering.
        """
        if offset < 0:
            raise ValueError("offset must not be negative")
        if not offset:
            return self._received(path)
        if not self._can("shell_v2"):
            return _without_start(self._received(path), offset)
        return self._received_from(path, offset)

    def _received(self, path: bytes) -> Iterator[Pieces]:
        connection = self._request(b"RECV", path)
        self._receiving = True
        whole = False
        try:
            yield from _packets(connection, self._block)
            whole = True
        except _FileRefused as refusal:
            raise self._refused(path, str(refusal)) from None
        finally:
            if not whole:  # what is left of the file cannot be skipped
                connection.close()
            if self._connection is connection:
                self._receiving = False

    def _received_from(self, path: bytes, offset: int) -> Iterator[Pieces]:
        blocks, rest = divmod(offset, CHUNK)
        # Every Android's dd knows these operands; a skip counted in bytes came late.
        script = b"dd if=%s bs=%d skip=%d" % (quoted(path), CHUNK, blocks)
        with self._transport.script(script) as stream:
            yield from _without_start(((chunk,) for chunk in stream), rest)
            ended, words = stream.exit, shown(stream.stderr.strip(), limit=200)
        if ended in (126, 127):  # what a shell says when it has no such program
            yield from _without_start(self._received(path), offset)
        elif ended:
            raise self._refused(path, words)

    def _refused(self, path: bytes, words: str) -> PhoneRefusedError:
        """Make the error for a path that the phone refused."""
        where = shown(path, limit=200)
        if words in _GONE_NUMBERS.values() or any(known in words for known in _GONE_WORDS):
            return PhoneFileGoneError(f"{where} is not on {self._transport.name} any more ({words}).", words)
        return PhoneRefusedError(f"{where} on {self._transport.name} cannot be read ({words}).", words)


def _read_failure(connection: Connection, length: int | None = None, begun: bytes = b"") -> str:
    """Read the words after FAIL, and close the connection: adbd ends the session after it.

    ``length`` and ``begun`` are what was read of them already.
    """
    if length is None:
        (length,) = _LENGTH.unpack(connection.read(_LENGTH.size))
    words = begun + connection.read(max(0, min(length, _LONGEST_WORDS) - len(begun)))
    connection.close()
    return shown(words[:length])


def _read_entry(connection: Connection, *, second: bool) -> RemoteEntry:
    """Read one entry of a listing, after its tag."""
    error, inode = 0, None
    if second:
        numbers = connection.read(_STAT_V2.size)
        error, _, inode, mode, _, _, _, size, _, mtime, _ = _STAT_V2.unpack(numbers)
    else:
        mode, size, mtime = _STAT_V1.unpack(connection.read(_STAT_V1.size))
    (length,) = _LENGTH.unpack(connection.read(_LENGTH.size))
    name = connection.read(min(length, _LONGEST_NAME))
    # No file can be called so: taken as it is, such a name could lead out of its folder.
    if not name or length > _LONGEST_NAME or b"/" in name or b"\0" in name:
        raise connection.out_of_step(name)
    return RemoteEntry(name, mode, size, mtime, inode, error)


def _packets(connection: Connection, block: bytearray) -> Iterator[Pieces]:
    """Yield a file's bytes from its packets, where they lie in ``block``: none is copied on its way.

    Raises
    ------
    _FileRefused
        With the phone's words.
    """
    view = memoryview(block)
    pieces: list[memoryview] = []
    begun = filled = left = 0  # what is taken, and received, of the block; what is to come of a packet
    enough = CHUNK  # the first ones at once: some readers want a file's beginning only
    while True:
        try:
            filled += connection.read_some(view[filled:])
            while begun < filled and (left or filled - begun >= _HEADER.size):
                if left:
                    taken = min(left, filled - begun)
                    pieces.append(view[begun : begun + taken])
                    begun, left = begun + taken, left - taken
                    continue
                answer, length = _HEADER.unpack_from(view, begun)
                begun += _HEADER.size
                if answer == b"DONE" and begun == filled:
                    break
                if answer == b"FAIL":
                    raise _FileRefused(_read_failure(connection, length, bytes(view[begun:filled])))
                if answer != b"DATA" or length > CHUNK:
                    raise connection.out_of_step(b"%b of %d bytes" % (answer, length))
                left = length
            else:
                answer = b""
        except (PhoneError, _FileRefused):
            if pieces:
                yield pieces
            raise
        if pieces and (filled >= enough or answer):
            yield pieces
            pieces, enough = [], len(view) // 2
        if answer:
            return
        if not pieces:  # at most a part of a header is left
            view[: filled - begun] = view[begun:filled]
            begun, filled = 0, filled - begun


def _without_start(received: Iterable[Pieces], count: int) -> Iterator[Pieces]:
    """Pass pieces on, without their first ``count`` bytes."""
    for pieces in received:
        kept: list[bytes | memoryview] = []
        for piece in pieces:
            if count < len(piece):
                kept.append(memoryview(piece)[count:])
            count = max(0, count - len(piece))
        if kept:
            yield kept
