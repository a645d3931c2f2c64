"""The folder that models are kept in: what is there, where a loader finds it, whether it is still right.

Files come in through `models.registry.download` and `models.registry.importing`, which both end in
`ModelStore.land`. A model counts as there only when its record says so and every file has its size.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from models.errors import NotHereError, RefusedFileError
from models.registry.catalogue import ENTRIES, SETS
from models.registry.digests import check_kind
from models.registry.embedded import package_folder
from models.registry.entries import ModelEntry, ModelFile, PackageHome, Role, select_entries
from models.registry.errors import StoreError, UnknownModelError
from models.registry.lock_file import (
    FILE_NAME,
    EntryRecord,
    FileRecord,
    flush_folder,
    only_writer,
    read_lock,
    write_lock,
)
from models.registry.progress import PullProgress, ignore, never

if TYPE_CHECKING:
    from models.registry.verification import Finding

RESERVE_BYTES = 256 << 20
"""What is to stay free on the disk after everything has come."""

Status = Literal["absent", "partial", "complete", "damaged"]


@dataclass(frozen=True, slots=True)
class EntryState:
    """What is there of one model."""

    name: str
    status: Status
    bytes_here: int
    bytes_total: int | None
    """None where it is not known before the first pull."""
    commit: str
    """The commit of what is there, or that a pull would take; empty where unknown."""
    origin: str
    """"pull", "import", "program" or empty."""
    brings_base: bool = False
    """A person's own model that stands on nothing else: its base came with it."""


class ModelStore:
    """Models in a folder.

    Parameters
    ----------
    folder
        Made when something is first put into it.
    entries, sets
        What can be in it.
    """

    def __init__(
        self,
        folder: Path,
        entries: Mapping[str, ModelEntry] = ENTRIES,
        sets: Mapping[str, tuple[str, ...]] = SETS,
    ) -> None:
        self.folder = folder
        self.entries = entries
        self.sets = sets

    def select(self, names: Iterable[str]) -> tuple[ModelEntry, ...]:
        """The entries of names of models and sets.

        Raises
        ------
        UnknownModelError
            A name is neither.
        """
        return select_entries(names, self.entries, self.sets)

    def entry(self, name: str) -> ModelEntry:
        """The entry of one model.

        Raises
        ------
        UnknownModelError
            There is no such model.
        """
        if name not in self.entries:
            self.select([name])
            raise UnknownModelError(f"“{name}” is a set: name one of {', '.join(self.sets[name])}.")
        return self.entries[name]

    def record(self, entry: ModelEntry) -> EntryRecord:
        """What the lock file says of a model."""
        return read_lock(self.folder / FILE_NAME).get(entry.name, EntryRecord())

    def keep_record(self, entry: ModelEntry, record: EntryRecord) -> EntryRecord:
        """Write a model's record; only inside `writing`."""
        path = self.folder / FILE_NAME
        try:
            write_lock(path, {**read_lock(path), entry.name: record})
        except OSError as error:
            raise StoreError(f"{path} cannot be written ({error.strerror}): check the disk.") from error
        return record

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only one who changes the store.

        Raises
        ------
        StoreBusyError
            Someone else does.
        StoreError
            The folder cannot be written.
        """
        with only_writer(self.folder):
            yield

    def path_of(self, entry: ModelEntry, file: ModelFile) -> Path:
        """Where a file belongs, whether it is there or not."""
        return self.home_of(entry).joinpath(*file.path.split("/"))

    def part_of(self, entry: ModelEntry, file: ModelFile) -> Path:
        """Where a file lies while it comes."""
        return self._staging(entry).joinpath(*f"{file.path}.part".split("/"))

    def home_of(self, entry: ModelEntry) -> Path:
        """The folder where a model belongs, whether it is there or not."""
        if isinstance(entry.home, PackageHome):
            return package_folder(entry.home.package)
        return self.folder / entry.folder_name

    def _staging(self, entry: ModelEntry) -> Path:
        return self.folder / ".staging" / entry.name

    def state(self, name: str) -> EntryState:
        """What is there of one model; cheap: sizes are compared, contents are not read.

        Raises
        ------
        UnknownModelError
            There is no such model.
        StoreError
            The lock file cannot be read.
        """
        entry = self.entry(name)
        if entry.comes_with_the_program:
            return self._package_state(entry)
        record = self.record(entry)
        files = [file for file in entry.files if file.always_there or file.path in record.files]
        total = entry.size
        if all(file.path in record.files for file in files):
            total = sum(record.files[file.path].size for file in files)
        here, right, damaged = 0, 0, False
        for file in files:
            known = record.files.get(file.path)
            if known is None or known.presence == "known":
                continue
            size = size_of(self.path_of(entry, file))
            if known.presence == "here" and size == known.size:
                here += size
                right += 1
            else:
                damaged = damaged or known.presence == "damaged" or record.complete
        here += sum(size_of(part) or 0 for part in self._staging(entry).rglob("*.part"))
        status: Status = "partial" if here or right else "absent"
        if damaged:
            status = "damaged"
        elif record.complete and right == len(files):
            status = "complete"
        commit = record.commit or entry.revision or ""
        brings_base = any(file.of_base for file in files)
        return EntryState(name, status, here, total, commit, record.origin, brings_base)

    def _package_state(self, entry: ModelEntry) -> EntryState:
        sizes = [size_of(self.path_of(entry, file)) for file in entry.files]
        right = sizes == [file.size for file in entry.files]
        here = sum(size or 0 for size in sizes)
        return EntryState(entry.name, "complete" if right else "damaged", here, entry.size, "", "program")

    def folder_of(self, name: str) -> Path:
        """The folder of a model that is whole, laid out as at its home.

        Raises
        ------
        NotHereError
            It is not there, or not whole; the sentence says how to get it.
        """
        state = self.state(name)
        entry = self.entries[name]
        if state.status != "complete":
            raise NotHereError(self.missing(entry, state.status))
        return self.home_of(entry)

    def file_of(self, name: str, path: str = "") -> Path:
        """One file of a model that is whole; its only one when no path is given.

        Raises
        ------
        NotHereError
            As `folder_of`.
        ValueError
            The model has no such file, or several and no path was given.
        """
        entry = self.entry(name)
        found = [f for f in entry.files if path in ("", f.path)]
        if len(found) != 1:
            raise ValueError(f"{name} has the files {', '.join(f.path for f in entry.files)}")
        self.folder_of(name)
        return self.path_of(entry, found[0])

    def choose(self, role: Role) -> str:
        """The first published model of a role that is whole, in the catalogue's order.

        Raises
        ------
        NotHereError
            There is none; the sentence says how to get one.
        """
        candidates = [e for e in self.entries.values() if e.role == role and not e.is_own]
        for entry in candidates:
            if self.state(entry.name).status == "complete":
                return entry.name
        begun = [e for e in candidates if self.state(e.name).status != "absent"]
        closest = (begun or candidates)[0]
        raise NotHereError(self.missing(closest, self.state(closest.name).status))

    def missing(self, entry: ModelEntry, status: Status) -> str:
        """The sentence for a model that is not whole."""
        if entry.comes_with_the_program:
            return f"“{entry.name}” is damaged: install the program again."
        if entry.is_own:
            return (
                f"“{entry.name}” is not on this machine, or not whole: train one with {entry.home.page}, and "
                "import the folder that it writes with “sketch-app models import DIR”."
            )
        name = next((s for s, members in self.sets.items() if entry.name in members), entry.name)
        word = {"absent": "is not on this machine", "partial": "has not come whole yet"}.get(
            status, "is damaged"
        )
        return (
            f"“{entry.name}” {word}: get it with “sketch-app models pull {name}”, or import it from a "
            "folder with “sketch-app models import DIR”."
        )

    def land(
        self, entry: ModelEntry, file: ModelFile, part: Path, record: EntryRecord, known: FileRecord
    ) -> EntryRecord:
        """Take a verified file in: it is put on the disk, gets its name, and is recorded.

        Raises
        ------
        RefusedFileError
            It is of another kind than its name says; it is deleted.
        StoreError
            The disk refuses.
        """
        target = self.path_of(entry, file)
        try:
            check_kind(part, f"{entry.folder_name}/{file.path}")
        except RefusedFileError:
            part.unlink(missing_ok=True)
            raise
        try:
            with part.open("rb+") as stream:
                os.fsync(stream.fileno())
            target.parent.mkdir(parents=True, exist_ok=True)
            part.replace(target)
            flush_folder(target.parent)
        except OSError as error:
            raise StoreError(f"{target} cannot be written ({error.strerror}): check the disk.") from error
        return self.keep_record(entry, record.with_file(file.path, known))

    def finish(self, entry: ModelEntry, record: EntryRecord, origin: str) -> None:
        """Every file has landed: from now on the model counts as there. What a former one in its place had
        besides is deleted.
        """
        self.keep_record(entry, replace(record, complete=True, origin=origin))
        self.drop_parts(entry)
        for path in (self.path_of(entry, f) for f in entry.files if f.path not in record.files):
            with contextlib.suppress(OSError):
                path.unlink()
                path.parent.rmdir()

    def drop_parts(self, entry: ModelEntry) -> None:
        """Delete what came of a model and did not land."""
        shutil.rmtree(self._staging(entry), ignore_errors=True)
        with contextlib.suppress(OSError):
            (self.folder / ".staging").rmdir()

    def check_space(self, needed: int) -> None:
        """See that the disk can hold so many bytes more.

        Raises
        ------
        StoreError
            It cannot; the sentence says how much is missing.
        """
        place = self.folder
        while not place.exists():
            place = place.parent
        free = shutil.disk_usage(place).free
        if needed and free < needed + RESERVE_BYTES:
            raise StoreError(
                f"{in_words(needed)} are to come and the disk of {self.folder} has {in_words(free)} free: "
                f"free {in_words(needed + RESERVE_BYTES - free)} more, or fetch fewer models."
            )

    def verify(
        self,
        names: Iterable[str] = (),
        progress: Callable[[PullProgress], None] = ignore,
        cancelled: Callable[[], bool] = never,
    ) -> list[Finding]:
        """Read every file of models (all that are there when none is named) and compare its SHA-256.

        What differs is marked and no longer handed out, until it is pulled or imported anew.

        Raises
        ------
        NotHereError
            A model that was named is not there.
        StoreBusyError
            The store is being changed.
        Cancelled
            `cancelled` said so.
        """
        from models.registry.verification import verify

        return verify(self, names, progress, cancelled)

    def remove(self, names: Iterable[str], *, forget: bool = False) -> int:
        """Delete models' files. What they were is remembered, so that the same is expected again.

        Parameters
        ----------
        forget
            Forget that too, and that the terms were accepted: the next pull takes what it finds then.

        Returns
        -------
        Bytes that were freed.

        Raises
        ------
        StoreError
            The models come with the program, or cannot be deleted.
        """
        entries = self.select(names)
        for entry in entries:
            if entry.comes_with_the_program:
                raise StoreError(f"“{entry.name}” comes with the program and cannot be removed.")
        with self.writing():
            return sum(self._remove_entry(entry, forget=forget) for entry in entries)

    def _remove_entry(self, entry: ModelEntry, *, forget: bool) -> int:
        record, home = self.record(entry), self.home_of(entry)
        if record == EntryRecord() and not home.exists():
            return 0
        # The record first: a model whose files are half gone must not count as whole.
        files = {path: replace(f, presence="known") for path, f in record.files.items()}
        kept = EntryRecord() if forget else replace(record, complete=False, files=files)
        self.keep_record(entry, kept)
        shared = any(
            e.name != entry.name and e.folder_name == entry.folder_name for e in self.entries.values()
        )
        # What was converted from a file lies beside it and has its stem; it goes with it.
        doomed = (
            [p for f in entry.files for p in home.glob(f"{Path(f.path).stem}*")]
            if shared
            else list(home.rglob("*"))
        )
        doomed += self._staging(entry).rglob("*")
        freed = 0
        try:
            for path in doomed:
                if path.is_file() or path.is_symlink():
                    freed += path.lstat().st_size
                    path.unlink()
            for folder in (home, self._staging(entry)):
                if not any(p.is_file() for p in folder.rglob("*")):
                    shutil.rmtree(folder, ignore_errors=True)
        except OSError as error:
            raise StoreError(
                f"{error.filename} cannot be deleted ({error.strerror}): close what uses it."
            ) from error
        return freed


def size_of(path: Path) -> int | None:
    """Bytes of a file; None where there is none, or none any more."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def in_words(count: int) -> str:
    """Bytes as people read them, in powers of ten as the homes give them."""
    size = float(count)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
