"""``models.lock.json``: what lies in the store, which commit and which content it is; and the operating
system's lock that lets one process at a time change the store.

A record outlives its files: after a removal the same content is expected again.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from models.registry.errors import StoreBusyError, StoreError

VERSION = 1
FILE_NAME = "models.lock.json"
_WRITER = ".writer"
_LOCK_BYTE = 1 << 30  # behind the text, so that Windows lets others read who holds the lock

Presence = Literal["here", "known", "damaged"]
"""Of a recorded file: in the store, only remembered, or found to differ by a verification."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What is known of one file."""

    size: int
    """Bytes."""
    sha256: str
    hub_id: str = ""
    """What the home calls this content: ``lfs:<sha256>``, ``git:<blob>``, or a web server's ETag."""
    presence: Presence = "here"


@dataclass(frozen=True, slots=True)
class EntryRecord:
    """What is known of one model."""

    origin: str = ""
    """"pull", "import", or empty while nothing was fetched."""
    commit: str = ""
    """The commit that its files are of."""
    complete: bool = False
    licence: str = ""
    """Name of the terms that were accepted."""
    files: Mapping[str, FileRecord] = field(default_factory=dict)

    def with_file(self, path: str, record: FileRecord) -> EntryRecord:
        """The same with one file more, or another state of it."""
        return replace(self, files={**self.files, path: record})


def read_lock(path: Path) -> dict[str, EntryRecord]:
    """All records by name of the model; none where there is no file yet.

    Raises
    ------
    StoreError
        The file is damaged, or was written by a newer version of the program.
    """
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}): check its permissions.") from error
    except ValueError as error:
        raise _damaged(path) from error
    if isinstance(read, dict) and isinstance(read.get("version"), int) and read["version"] > VERSION:
        raise StoreError(f"{path} was written by a newer version of the program: update the program.")
    try:
        return {name: _record(entry) for name, entry in read["models"].items()}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> StoreError:
    return StoreError(
        f"{path} is damaged: delete it, then pull or import the models again; files that are still right "
        "are taken over."
    )


def _record(read: dict[str, Any]) -> EntryRecord:
    files = {path: FileRecord(**file) for path, file in read.pop("files").items()}
    record = EntryRecord(**read, files=files)
    for file in files.values():
        if not isinstance(file.size, int) or file.presence not in ("here", "known", "damaged"):
            raise ValueError("not a record of a file")
    return record


def write_lock(path: Path, records: Mapping[str, EntryRecord]) -> None:
    """Replace the file as a whole or not at all.

    Raises
    ------
    OSError
        The folder cannot be written or the disk is full; the old file is untouched then.
    """
    models = {name: asdict(record) for name, record in sorted(records.items())}
    text = json.dumps({"version": VERSION, "models": models}, indent=1) + "\n"
    partial = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        with partial.open("x", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Put new names in a folder on the disk, where the system has a way to ask for it."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):  # some network file systems refuse
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the store's lock; it dies with its process.

    Raises
    ------
    StoreBusyError
        Another process, or another thread of this one, holds it.
    StoreError
        The folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = os.open(folder / _WRITER, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
    except OSError as error:
        raise StoreError(
            f"The folder of models {folder} cannot be written ({error.strerror}): check its permissions."
        ) from error
    try:
        try:
            _lock(held)
        except (BlockingIOError, PermissionError) as error:
            raise StoreBusyError(
                f"The models in {folder} are being changed by {_holder(folder / _WRITER)}: wait until it "
                "has finished, or stop it."
            ) from error
        except OSError as error:
            raise StoreError(
                f"The folder of models {folder} lies on a disk that cannot lock files ({error.strerror}): "
                "move it to a local disk."
            ) from error
        os.ftruncate(held, 0)
        os.write(held, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(held)


def _holder(path: Path) -> str:
    with contextlib.suppress(OSError, ValueError):
        pid = int(path.read_bytes()[:32])
        return "this program itself" if pid == os.getpid() else f"another process (pid {pid})"
    return "another process"


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        os.lseek(file, _LOCK_BYTE, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)
else:
    import fcntl

    def _lock(file: int) -> None:
        # flock, not lockf: a record lock would be lost when any other handle of the file is closed.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
