"""Replacing a file whole or not at all."""

import contextlib
import os
import threading
from collections.abc import Iterable
from pathlib import Path

PART_SUFFIX = ".part"
"""Ends the name of a file still being written; one left behind by a crash may be deleted."""


def replace_file(path: Path, chunks: Iterable[bytes | memoryview], *, durable: bool = True) -> None:
    """Write ``chunks`` beside ``path`` and move them over it in one step.

    Parameters
    ----------
    durable
        Also wait until the disk holds the bytes and the new name, so that a power cut leaves the old
        file or the new one. Without it only a crash of the program is survived.

    Raises
    ------
    OSError
        If the disk is full or the folder cannot be written; ``path`` is then as it was.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}{PART_SUFFIX}")
    try:
        with part.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    if durable and os.name == "posix":
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def sweep_parts(directory: Path) -> None:
    """Delete the half-written files that a killed process left in ``directory``."""
    for part in directory.glob(f"*{PART_SUFFIX}"):
        with contextlib.suppress(OSError):
            part.unlink()
