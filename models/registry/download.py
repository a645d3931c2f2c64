"""Pulling models: what is to come is resolved first (commit, sizes, hashes), terms are shown, the disk is
asked, then every file is fetched, compared and taken into the store.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from models.errors import Cancelled, NetworkError, NotHereError, WeightsError
from models.registry.digests import Digest, read_into
from models.registry.entries import HubHome, Licence, ModelEntry, ModelFile, UrlHome
from models.registry.errors import LicenceNotAcceptedError
from models.registry.homes import Remote, resolve
from models.registry.lock_file import EntryRecord, FileRecord
from models.registry.progress import Meter, PullProgress, ignore, never
from models.registry.store import ModelStore, size_of
from models.registry.transfer import Download, Retries, Transfer, offline

DEFAULT_ENDPOINT = "https://huggingface.co"


@dataclass(frozen=True, slots=True)
class PullReport:
    """What a pull did."""

    fetched: tuple[str, ...]
    already: tuple[str, ...]
    """Models that were there before."""
    fetched_bytes: int


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A file that is to come."""

    entry: ModelEntry
    file: ModelFile
    remote: Remote


def pull(
    store: ModelStore,
    names: Iterable[str],
    *,
    accept: Callable[[ModelEntry, Licence], bool],
    progress: Callable[[PullProgress], None] = ignore,
    cancelled: Callable[[], bool] = never,
    endpoint: str | None = None,
    retries: Retries | None = None,
) -> PullReport:
    """Fetch models that are not there yet, or not whole; a broken pull goes on where it stopped.

    Parameters
    ----------
    names
        Models and sets.
    accept
        Asked once for each model whose terms were not accepted before, before anything of it is fetched.
    progress
        Hears of it some ten times a second, in the calling thread.
    endpoint
        The hub; ``HF_ENDPOINT`` or huggingface.co when not given.

    Raises
    ------
    UnknownModelError, StoreBusyError, LicenceNotAcceptedError, Cancelled
        As named.
    NotHereError
        A person's own model was named, which nobody else has.
    NetworkError
        A home cannot be reached or does not give a file out, or the person asked for no network.
    WeightsError
        What came, or what is offered, is not what is expected; it was deleted, and the sentence names the
        file.
    StoreError
        The disk is full or refuses.
    """
    entries = store.select(names)
    wanted = [e for e in entries if store.state(e.name).status != "complete"]
    already = tuple(e.name for e in entries if e not in wanted)
    wanted = [e for e in wanted if not e.comes_with_the_program]
    if not wanted:
        return PullReport((), already, 0)
    own = next((e for e in wanted if e.is_own), None)
    if own is not None:
        raise NotHereError(store.missing(own, store.state(own.name).status))
    if offline():
        raise NetworkError(
            f"“{wanted[0].name}” cannot be fetched, since HF_HUB_OFFLINE says to stay offline: unset it, or "
            "import the model from a folder with “sketch-app models import DIR”."
        )
    endpoint = (endpoint or os.environ.get("HF_ENDPOINT") or DEFAULT_ENDPOINT).rstrip("/")
    with store.writing():
        for entry in wanted:
            _ask(store, entry, accept)
        work = _Pull(store, progress, cancelled, endpoint, retries or Retries())
        return PullReport(tuple(e.name for e in wanted), already, work.run(wanted))


def _ask(store: ModelStore, entry: ModelEntry, accept: Callable[[ModelEntry, Licence], bool]) -> None:
    record = store.record(entry)
    if record.licence == entry.licence.name:
        return
    if not accept(entry, entry.licence):
        raise LicenceNotAcceptedError(
            f"“{entry.name}” was not fetched, since its terms ({entry.licence.name}, {entry.licence.link}) "
            "were not accepted."
        )
    store.keep_record(entry, replace(record, licence=entry.licence.name))


class _Pull:
    """One pull; the store is held."""

    def __init__(
        self,
        store: ModelStore,
        progress: Callable[[PullProgress], None],
        cancelled: Callable[[], bool],
        endpoint: str,
        retries: Retries,
    ) -> None:
        self._store = store
        self._progress = progress
        self._cancelled = cancelled
        self._endpoint = endpoint
        self._retries = retries

    def run(self, entries: list[ModelEntry]) -> int:
        """Fetch what is missing; returns how many bytes came."""
        missing: list[_Wanted] = []
        for entry in entries:
            missing += self._plan(entry)
        sizes = [w.remote.size for w in missing]
        total = sum(s for s in sizes if s is not None)
        parts = sum(size_of(self._store.part_of(w.entry, w.file)) or 0 for w in missing)
        self._store.check_space(max(0, total - parts))
        meter = Meter(self._progress, None if None in sizes else total)
        came = 0
        for entry in entries:
            for wanted in missing:
                if wanted.entry is entry:
                    came += self._fetch(wanted, meter)
            self._store.finish(entry, self._store.record(entry), "pull")
        meter.tell()
        return came

    def _plan(self, entry: ModelEntry) -> list[_Wanted]:
        """Ask the home what the files are, hold that against what is known, and leave out what is here."""
        record = self._store.record(entry)
        commit, remotes = resolve(
            entry, record, endpoint=self._endpoint, retries=self._retries, cancelled=self._cancelled
        )
        if record.commit not in ("", commit):  # another revision: what was known does not bind it
            record = replace(record, complete=False, files={})
        if commit != record.commit:
            record = self._store.keep_record(entry, replace(record, commit=commit))
        missing = []
        for file in entry.files:
            remote = _expected(entry, file, record, remotes[file.path])
            if not self._is_here(entry, file, record, remote):
                missing.append(_Wanted(entry, file, remote))
        return missing

    def _is_here(self, entry: ModelEntry, file: ModelFile, record: EntryRecord, remote: Remote) -> bool:
        path = self._store.path_of(entry, file)
        size = size_of(path)
        known = record.files.get(file.path)
        if known is not None and known.presence == "here" and size == known.size:
            return True
        if size is None or (remote.sha256 is None and remote.git_blob is None):
            return False
        # A file without a record, or a doubtful one: it may stay if it is what would come.
        if remote.size is not None and size != remote.size:
            return False
        digest = Digest(size)
        read_into(digest, path)
        if not _agrees(digest, remote):
            return False
        known = FileRecord(size, digest.sha256, remote.hub_id)
        self._store.keep_record(entry, self._store.record(entry).with_file(file.path, known))
        return True

    def _fetch(self, wanted: _Wanted, meter: Meter) -> int:
        entry, file, remote = wanted.entry, wanted.file, wanted.remote
        if self._cancelled():
            raise Cancelled("The download was stopped; what has come is kept and goes on next time.")
        meter.begin(entry.name, file.path)
        part = self._store.part_of(entry, file)
        before = size_of(part) or 0
        exact = isinstance(entry.home, HubHome)
        transfer = Transfer(
            f"{entry.folder_name}/{file.path}",
            remote.url,
            part,
            validator=remote.hub_id,
            size=remote.size if exact else None,
            size_hint=None if exact else remote.size,
            sha256=remote.sha256,
            git_blob=remote.git_blob,
            if_range=remote.hub_id if isinstance(entry.home, UrlHome) else "",
            headers=remote.headers,
        )
        download = Download(
            transfer, page=entry.home.page, meter=meter, retries=self._retries, cancelled=self._cancelled
        )
        digest = download.run()
        known = FileRecord(download.size, digest.sha256, remote.hub_id)
        self._store.land(entry, file, part, self._store.record(entry), known)
        return max(0, download.size - before)


def _agrees(digest: Digest, remote: Remote) -> bool:
    if remote.sha256 is not None:
        return digest.sha256 == remote.sha256
    return digest.git_blob == remote.git_blob


def _expected(entry: ModelEntry, file: ModelFile, record: EntryRecord, remote: Remote) -> Remote:
    """What must come: the pin, else what came before, else what the home says; they may not contradict.

    Raises
    ------
    WeightsError
        The home offers something else than is known.
    """
    known = record.files.get(file.path)
    expected = file.sha256 or (known.sha256 if known is not None else None)
    if expected is not None and remote.sha256 is not None and remote.sha256 != expected:
        raise _changed(entry, file)
    if known is not None and file.sha256 is None:
        git = remote.git_blob is not None and known.hub_id.startswith("git:")
        if (git and known.hub_id != remote.hub_id) or (remote.size is not None and remote.size != known.size):
            raise _changed(entry, file)
    return replace(remote, sha256=expected or remote.sha256)


def _changed(entry: ModelEntry, file: ModelFile) -> WeightsError:
    return WeightsError(
        f"{entry.folder_name}/{file.path} was refused: {entry.home.page} offers another file than the one "
        "that is known. If that is meant to be so, forget the old one with “sketch-app models remove "
        f"--forget {entry.name}” and pull again, or update the program."
    )
