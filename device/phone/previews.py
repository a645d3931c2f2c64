"""A small picture of each of many photos, from a fraction of their bytes: the thumbnail in the first 64 KiB
of a JPEG, or the phone's own.

Whole photos are received through ``sync``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from device.phone.errors import PhoneProtocolError, PhoneRefusedError
from device.phone.exif import read_photo_head
from device.phone.names import shown
from device.phone.sync import SyncSession
from device.phone.transport import ShellStream, Transport, quoted, shell_words

_log = logging.getLogger(__name__)

HEAD = 64 * 1024  # bytes; an Exif segment is no longer
_SCRIPT_LENGTH = 32_000  # bytes of paths in one command; the server takes 65,535
_LARGEST_THUMBNAIL = 2 * 1024 * 1024  # bytes; the phone's own thumbnails have some 20 KiB
_JPEG_NAMES = (b".jpg", b".jpeg", b".jpe", b".jfif")
# Where Android keeps its thumbnails since version 10 (MediaProvider), by the number of the photo's row.
_THUMBNAILS = b"/storage/emulated/0/Pictures/.thumbnails"


@dataclass(frozen=True)
class PreviewWish:
    """A photo of which a preview is wanted.

    Attributes
    ----------
    path
        Its path on the phone.
    size
        Its size in bytes, from a listing.
    media_id
        Its number in MediaStore, where that is known.
    """

    path: bytes
    size: int
    media_id: int | None = None


class Preview(NamedTuple):
    """A photo's path and its preview.

    Attributes
    ----------
    path
        As in the wish.
    image
        A JPEG, or the photo itself where that is no larger than 64 KiB; empty where the phone has none. It
        may be damaged, as any file.
    is_whole
        Whether ``image`` is the photo itself, whose own Exif then says all that follows here.
    orientation
        How ``image`` is to be turned, 1 to 8 as in Exif.
    size
        (width, height) of the photo, lying as ``image`` does, or None where its beginning does not tell.
    taken
        When the photo was taken by the camera's clock, as Exif's "YYYY:MM:DD HH:MM:SS", or "".
    camera
        Whether the photo names the camera that took it.
    """

    path: bytes
    image: bytes
    is_whole: bool = False
    orientation: int = 1
    size: tuple[int, int] | None = None
    taken: str = ""
    camera: bool = False


def read_previews(transport: Transport, wishes: Iterable[PreviewWish]) -> Iterator[Preview]:
    """Read the previews of many photos, in the order of the wishes.

    The first 64 KiB of all photos come through one command on the phone for some hundreds of them; a photo
    without an Exif thumbnail then takes the phone's own, over one sync session.

    Raises
    ------
    PhoneGoneError, PhoneTimeoutError
        The phone went away, or stopped answering; what was yielded so far is good.
    """
    with SyncSession(transport) as session:
        for batch in _batches(wishes):
            for wish, head in _heads(transport, session, batch):
                yield _preview(session, wish, head)


def _preview(session: SyncSession, wish: PreviewWish, head: bytes) -> Preview:
    if not head and wish.size and _is_read(wish):  # not there any more, or not to be read
        return Preview(wish.path, b"")
    if 0 < wish.size <= HEAD:
        return Preview(wish.path, head, is_whole=True)
    said = read_photo_head(head)
    image, orientation, size = said.thumbnail, said.orientation, said.size
    if not image and wish.media_id is not None:
        image = _phones_thumbnail(session, wish.media_id)
        # That one stands upright: what the photo needs was done to it.
        size = size[::-1] if size and orientation >= 5 else size
        orientation = 1
    return Preview(wish.path, image, orientation=orientation, size=size, taken=said.taken, camera=said.camera)


def _phones_thumbnail(session: SyncSession, media_id: int) -> bytes:
    """Receive the thumbnail that the phone keeps; it stands upright."""
    image = bytearray()
    try:
        for chunk in session.receive(_THUMBNAILS + b"/%d.jpg" % media_id):
            image += chunk
            if len(image) > _LARGEST_THUMBNAIL:
                return b""
    except PhoneRefusedError:
        return b""
    return bytes(image)


def _is_read(wish: PreviewWish) -> bool:
    """Whether the photo's own beginning can hold a preview."""
    return wish.size <= HEAD or wish.path.lower().endswith(_JPEG_NAMES)


def _batches(wishes: Iterable[PreviewWish]) -> Iterator[list[PreviewWish]]:
    batch: list[PreviewWish] = []
    length = 0
    for wish in wishes:
        needed = len(quoted(wish.path)) + 1
        if batch and length + needed > _SCRIPT_LENGTH:
            yield batch
            batch, length = [], 0
        batch.append(wish)
        length += needed
    if batch:
        yield batch


def _heads(
    transport: Transport, session: SyncSession, batch: Sequence[PreviewWish]
) -> Iterator[tuple[PreviewWish, bytes]]:
    """Yield each wish with its photo's beginning, empty where it was not read."""
    paths = [wish.path for wish in batch if _is_read(wish)]
    heads = _read_heads_somehow(transport, session, paths)
    for wish in batch:
        head = next(heads) if _is_read(wish) else b""
        yield wish, head[: wish.size]


def _read_heads_somehow(
    transport: Transport, session: SyncSession, paths: Sequence[bytes]
) -> Iterator[bytes]:
    """Read beginnings with one command, or one after the other where the phone's shell is not up to it."""
    count = 0
    try:
        for head in read_heads(transport, paths):
            count += 1
            yield head
    except (PhoneRefusedError, PhoneProtocolError) as error:
        _log.debug("reading beginnings one by one: %s", error)
        for path in paths[count:]:
            yield _received_head(session, path)


def read_heads(transport: Transport, paths: Sequence[bytes]) -> Iterator[bytes]:
    """Read the first 64 KiB of many files through one command.

    Parameters
    ----------
    paths
        Files on the phone, quoted together less than 60,000 bytes long.

    Yields
    ------
    head
        ``HEAD`` bytes for each path, in order, filled up with NUL bytes; nothing where the file is not there
        or cannot be read.

    Raises
    ------
    PhoneRefusedError, PhoneProtocolError
        The phone's shell cannot do this.
    PhoneGoneError, PhoneTimeoutError
        The phone went away, or stopped answering.
    """
    if not paths:
        return
    # A line before and after each head says how it went: a file that vanishes must not move the others.
    script = (
        b'for f in %s; do if [ -f "$f" ] && [ -r "$f" ]; then echo +; '
        b'if dd if="$f" bs=%d count=1 conv=sync 2>/dev/null; then echo +; '
        b"else head -c %d /dev/zero; echo -; fi; else echo -; fi; done"
    ) % (shell_words(paths), HEAD, HEAD)
    with transport.script(script) as stream:
        printed = _Printed(stream)
        for _ in paths:
            if not printed.said_yes():
                yield b""
                continue
            head = printed.read(HEAD)
            yield head if printed.said_yes() else b""


class _Printed:
    """What a command prints, read in pieces of known lengths."""

    def __init__(self, stream: ShellStream) -> None:
        self._stream = stream
        self._chunks = iter(stream)
        self._rest = bytearray()

    def read(self, count: int) -> bytes:
        """Read exactly ``count`` bytes."""
        while len(self._rest) < count:
            chunk = next(self._chunks, None)
            if chunk is None:
                raise PhoneProtocolError(
                    f"The phone's shell ended early ({shown(self._stream.stderr.strip(), limit=200)})."
                )
            self._rest += chunk
        piece = bytes(self._rest[:count])
        del self._rest[:count]
        return piece

    def said_yes(self) -> bool:
        """Read a line of ``+`` or ``-``."""
        line = self.read(2)
        if line not in (b"+\n", b"-\n"):
            raise PhoneProtocolError(f"The phone's shell said something else ({shown(line)}).")
        return line == b"+\n"


def _received_head(session: SyncSession, path: bytes) -> bytes:
    head = bytearray()
    try:
        for chunk in session.receive(path):
            head += chunk
            if len(head) >= HEAD:
                break
    except PhoneRefusedError:
        return b""
    return bytes(head[:HEAD])
