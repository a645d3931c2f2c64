"""Replacing a file as a whole or not at all.

Every file that the application writes for keeps goes through here. What is in it is the caller's concern.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from pathlib import Path


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that a reader sees the old file or the new one, never a part.

    The bytes go to a new file in the same folder, are flushed to the disk, and take the name in one step. A
    symbolic link stays a link: the file that it points to is replaced.

    Parameters
    ----------
    path : Path
        The file to create or replace. Its folder must exist.
    data : bytes
        The whole new content.

    Raises
    ------
    OSError
        The folder is missing or read-only, or the disk is full. The old file is then untouched and nothing is
        left beside it.
    """
    target = Path(os.path.realpath(path))
    partial = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.part")
    # O_EXCL with the usual mode: the new file gets the person's own umask, which mkstemp would not give.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(partial, flags, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    _flush_folder(target.parent)


def _flush_folder(folder: Path) -> None:
    """Put the new name itself on the disk, where the system has a way to ask for it."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):  # some network file systems refuse; the rename itself is done
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
