"""Reading models' files again: whether every byte is what came, and what the program knows."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from models.errors import Cancelled, NotHereError
from models.registry.digests import sha256_of
from models.registry.entries import ModelEntry, ModelFile, OwnHome
from models.registry.lock_file import EntryRecord, FileRecord
from models.registry.progress import Meter, PullProgress
from models.registry.store import ModelStore, size_of


@dataclass(frozen=True, slots=True)
class Finding:
    """A file that is not as it should be."""

    entry: str
    path: str
    problem: Literal["missing", "size", "hash", "pin", "unreadable"]
    sentence: str


def verify(
    store: ModelStore,
    names: Iterable[str],
    progress: Callable[[PullProgress], None],
    cancelled: Callable[[], bool],
) -> list[Finding]:
    """See `ModelStore.verify`."""
    named = store.select(names)
    states = {e.name: store.state(e.name) for e in named or store.entries.values()}
    for entry in named:
        if states[entry.name].status == "absent":
            raise NotHereError(store.missing(entry, "absent"))
    entries = [store.entries[name] for name, state in states.items() if state.status != "absent"]
    meter = Meter(progress, sum(states[e.name].bytes_here for e in entries))
    findings: list[Finding] = []
    only_packaged = all(e.comes_with_the_program for e in entries)
    with contextlib.nullcontext() if only_packaged else store.writing():
        for entry in entries:
            findings += _verify_entry(store, entry, meter, cancelled)
    meter.tell()
    return findings


def _verify_entry(
    store: ModelStore, entry: ModelEntry, meter: Meter, cancelled: Callable[[], bool]
) -> list[Finding]:
    findings = []
    packaged = entry.comes_with_the_program
    record = EntryRecord() if packaged else store.record(entry)
    for file in entry.files:
        known = record.files.get(file.path)
        if packaged:
            known = FileRecord(file.size or 0, file.sha256 or "")
        if known is None or known.presence == "known":
            continue  # it never came, and the state says so
        meter.begin(entry.name, file.path)
        finding = _verify_file(store, entry, file, known, meter=meter, cancelled=cancelled)
        if finding is not None:
            findings.append(finding)
        presence: Literal["here", "damaged"] = "here" if finding is None else "damaged"
        if not packaged and presence != known.presence:
            record = store.keep_record(entry, record.with_file(file.path, replace(known, presence=presence)))
    return findings


def _verify_file(
    store: ModelStore,
    entry: ModelEntry,
    file: ModelFile,
    known: FileRecord,
    *,
    meter: Meter,
    cancelled: Callable[[], bool],
) -> Finding | None:
    path = store.path_of(entry, file)
    again = f"get it again with “sketch-app models pull {entry.name}”"
    if isinstance(entry.home, OwnHome):
        again = f"import it again from the folder that {entry.home.page} wrote"
    if entry.comes_with_the_program:
        again = "install the program again"

    def found(problem: Literal["missing", "size", "hash", "pin", "unreadable"], what: str) -> Finding:
        return Finding(entry.name, file.path, problem, f"{path} {what}: {again}.")

    def count(size: int) -> None:
        if cancelled():
            raise Cancelled("The verification was stopped.")
        meter.add(size)

    size = size_of(path)
    if size is None:
        return found("missing", "is missing")
    if size != known.size:
        return found("size", f"has {size} bytes instead of {known.size}")
    try:
        digest = sha256_of(path, on_bytes=count)
    except OSError as error:
        return found("unreadable", f"cannot be read ({error.strerror})")
    if digest != known.sha256:
        return found("hash", f"has changed since it came (SHA-256 {digest})")
    if file.sha256 is not None and digest != file.sha256:
        return found("pin", f"is not the file that this version of the program knows (SHA-256 {digest})")
    return None
