"""The lock that lets one process at a time write to a gallery, and that dies with its process."""

import contextlib
import os
from pathlib import Path

from index.errors import GalleryBusyError, GalleryError

_LOCK_BYTE = 1 << 30  # far behind the text, so that Windows lets others read who holds the lock


class WriterLock:
    """An operating system lock on a file that names its holder; readers never touch it.

    Raises
    ------
    GalleryBusyError
        If another process (or another gallery object of this one) holds it.
    GalleryError
        If the file cannot be made or the file system knows no locks.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file: int | None = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        except OSError as error:
            raise GalleryError(
                f"The gallery folder {path.parent} cannot be written ({error.strerror}): "
                "check its permissions."
            ) from error
        try:
            _lock(self._file)
        except (BlockingIOError, PermissionError) as error:
            self._close()
            raise GalleryBusyError(
                f"The gallery {path.parent} is being written by {_holder(path)}: "
                "wait until it has finished or close that program."
            ) from error
        except OSError as error:
            self._close()
            raise GalleryError(
                f"The gallery folder {path.parent} lies on a disk that cannot lock files "
                f"({error.strerror}): move it to a local disk."
            ) from error
        # Only for the sentence that names the holder: on a full disk the lock holds without it.
        with contextlib.suppress(OSError):
            os.ftruncate(self._file, 0)
            os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let others write; may be called twice."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, 0)
            self._close()

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _holder(path: Path) -> str:
    try:
        with path.open("rb") as file:
            text = file.read(32).decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    if not text.isdigit():
        return "another process"
    return "this program itself" if int(text) == os.getpid() else f"another process (pid {text})"


if os.name == "nt":
    import msvcrt

    def _lock(file: int) -> None:
        os.lseek(file, _LOCK_BYTE, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        os.lseek(file, 0, os.SEEK_SET)
else:
    import fcntl

    def _lock(file: int) -> None:
        # flock, not lockf: a record lock would be lost when any other handle of the file is closed.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
