"""Taking models in from a folder: a copy of a store, a clone of a repository, or the hub's own cache.

Only the files that a model's entry names are taken. They are copied, compared with what is known of them, and
land as pulled ones do.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from models.errors import Cancelled, ModelError, RefusedFileError, WeightsError
from models.registry.digests import CHUNK, Digest, check_kind, sha256_of
from models.registry.entries import FILES, STANDS_ON, HubHome, ModelEntry, ModelFile, OwnHome
from models.registry.errors import StoreError
from models.registry.lock_file import FileRecord
from models.registry.progress import Meter, PullProgress, ignore, never
from models.registry.store import ModelStore, size_of
from models.training_record import HISTORY_FILE, read_record

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_SNAPSHOT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did."""

    imported: tuple[str, ...]
    already: tuple[str, ...]
    """Models that were there before."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A model in a folder."""

    entry: ModelEntry
    root: Path
    files: dict[str, Path]
    """Where each of its files lies; one that is missing is left out."""

    @property
    def whole(self) -> bool:
        # Whether any of the others has to come too, the record says.
        return all(file.path in self.files for file in self.entry.files if file.always_there)

    @property
    def commit(self) -> str:
        """The commit, where the folder is one of the hub's cache."""
        return self.root.name if _SNAPSHOT.fullmatch(self.root.name) else ""


def import_folder(
    store: ModelStore,
    folder: Path,
    names: Iterable[str] = (),
    *,
    progress: Callable[[PullProgress], None] = ignore,
    cancelled: Callable[[], bool] = never,
) -> ImportReport:
    """Take in the models that a folder holds as sub-folders, or the one that it is.

    A sub-folder has the name of the model, of its repository, or the one that the hub's cache gives it.

    Parameters
    ----------
    names
        Models and sets to look for; whatever is found when empty.

    Raises
    ------
    WeightsError
        Nothing was found, a file is missing, or one is not what is known; the sentence names it.
    RefusedFileError
        The weights are there only as a pickle, or a file is of another kind than its name says.
    StoreBusyError, StoreError, UnknownModelError, Cancelled
        As named.
    """
    folder = folder.expanduser()
    if not folder.is_dir():
        raise WeightsError(f"There is no folder {folder}: give one that holds models.")
    named = store.select(names)
    found = [_as_recorded(store, look) for look in _search(store, folder, named)]
    # Of a person's own models there may be a newer one each time.
    already = tuple(
        f.entry.name for f in found if store.state(f.entry.name).status == "complete" and not f.entry.is_own
    )
    found = [f for f in found if f.entry.name not in already]
    if not found:
        return ImportReport((), already)
    sizes = {f.entry.name: sum(p.stat().st_size for p in f.files.values()) for f in found}
    with store.writing():
        store.check_space(sum(sizes.values()))
        meter = Meter(progress, sum(sizes.values()))
        for number, model in enumerate(found):
            try:
                _take(store, model, meter, cancelled)
            except ModelError as error:
                if model.entry.is_own:  # it may be another one next time
                    store.drop_parts(model.entry)
                if not isinstance(error, WeightsError | StoreError):
                    raise
                taken = ", ".join(f.entry.name for f in found[:number])
                if not taken:
                    raise
                raise type(error)(f"{error} Taken in before that: {taken}.") from error
        meter.tell()
    return ImportReport(tuple(f.entry.name for f in found), already)


def _search(store: ModelStore, folder: Path, named: tuple[ModelEntry, ...]) -> list[_Found]:
    """The whole models of a folder, each once.

    Raises
    ------
    WeightsError, RefusedFileError
        See `import_folder`.
    """
    wanted = [e for e in named or store.entries.values() if not e.comes_with_the_program]
    looks = {e.name: [_look(e, root) for root in _roots(folder, e)] for e in wanted}
    whole = [
        next(look for look in found if look.whole) for found in looks.values() if any(f.whole for f in found)
    ]
    # A BLIP has all the files of a DINOv2, and more: where it is whole, it is that.
    files = [frozenset(look.files.values()) for look in whole]
    whole = [look for look, its in zip(whole, files, strict=True) if not any(its < other for other in files)]
    chosen = _tell_apart(whole)
    names = {look.entry.name for look in chosen}
    roots = {look.root for look in chosen}
    # A sub-folder that has a model's name and is not whole is worth a word: something was lost on the way.
    torn = [
        f
        for found in looks.values()
        for f in found
        if f.files and not f.whole and f.entry.name not in names and f.root not in roots | {folder}
    ]
    lacking = [e for e in wanted if e.name not in names] if named else [t.entry for t in torn[:1]]
    if lacking or not chosen:
        closest = [
            f
            for found in looks.values()
            for f in found
            if f.files and not f.whole and (not lacking or f.entry in lacking)
        ]
        raise _nothing(folder, max(closest, key=lambda f: len(f.files) / len(f.entry.files), default=None))
    return chosen


def _roots(folder: Path, entry: ModelEntry) -> Iterator[Path]:
    """Where a model may lie in a folder, the likeliest place first."""
    repo = entry.home.repo if isinstance(entry.home, HubHome) else ""
    names = [entry.folder_name, entry.name]
    cached = ""
    if repo:
        names += [repo.split("/")[1], repo, repo.replace("/", "--"), repo.replace("/", "_")]
        cached = f"models--{repo.replace('/', '--')}"
    for name in dict.fromkeys(names):
        if (folder / name).is_dir():
            yield folder / name
    for base in (folder, folder / "hub"):
        if cached and (base / cached).is_dir():
            yield from _snapshots(base / cached, entry)
    if cached and folder.name == cached:
        yield from _snapshots(folder, entry)
    yield folder


def _snapshots(cached: Path, entry: ModelEntry) -> Iterator[Path]:
    """The hub's cache holds a folder for each commit: the entry's own first, then the main branch's."""
    wanted = [entry.revision or ""]
    with contextlib.suppress(OSError):
        wanted.append((cached / "refs" / "main").read_text(encoding="ascii").strip())
    snapshots = sorted((cached / "snapshots").glob("*"), key=lambda p: p.name)
    yield from sorted(
        (s for s in snapshots if s.is_dir()), key=lambda s: (s.name not in wanted[:1], s.name not in wanted)
    )


def _look(entry: ModelEntry, root: Path) -> _Found:
    files = {}
    for file in entry.files:
        # A folder that has both precisions has the one that is wanted under its name at home.
        for path in (file.home_path, file.path):
            if (root / path).is_file():
                files[file.path] = root / path
                break
    return _Found(entry, root, files)


def _tell_apart(whole: list[_Found]) -> list[_Found]:
    """Where the same files fit several models (all of DINOv2's have the same names), the right one."""
    groups: dict[frozenset[Path], list[_Found]] = {}
    for look in whole:
        groups.setdefault(frozenset(look.files.values()), []).append(look)
    return [rivals[0] if len(rivals) == 1 else _the_one(rivals) for rivals in groups.values()]


def _the_one(rivals: list[_Found]) -> _Found:
    """By content where a pin proves it, else by the folder's name."""
    read = cache(sha256_of)  # the rivals share their files
    proven = [r for r in rivals if _proof(r, read)]
    called = [r for r in rivals if r.root.name == r.entry.name]
    # The repository's name fits each precision of SD-Turbo: full where the half one's pin did not fit.
    unpinned = [r for r in rivals if len(r.entry.pins) == min(len(o.entry.pins) for o in rivals)]
    same_home = len({r.entry.home for r in rivals}) == 1
    for choice in (proven, called, unpinned if same_home else []):
        if len(choice) == 1:
            return choice[0]
    raise WeightsError(
        f"{rivals[0].root} could be any of {', '.join(r.entry.name for r in rivals)}: say which with "
        f"“sketch-app models import {rivals[0].root} NAME”."
    )


def _proof(found: _Found, read: Callable[[Path], str]) -> bool:
    """Whether the smallest of its pinned weights is the one that the pin says."""
    pinned = [f for f in found.entry.files if f.sha256 and f.path.endswith(".safetensors")]
    if not pinned:
        return False
    smallest = min(pinned, key=lambda f: found.files[f.path].stat().st_size)
    return read(found.files[smallest.path]) == smallest.sha256


def _as_recorded(store: ModelStore, look: _Found) -> _Found:
    """A person's own model with the files that its record says belong to it; any other as it is.

    Raises
    ------
    WeightsError
        The record is of another kind, or what it names is neither beside it nor published.
    """
    home = look.entry.home
    if not isinstance(home, OwnHome):
        return look
    record = read_record(look.root, home.kind)
    look = _with_optional(look, record.get(FILES))
    base = str(record.get(STANDS_ON) or "")
    published = {e.home.repo for e in store.entries.values() if isinstance(e.home, HubHome)}
    if base and base not in published:
        raise WeightsError(
            f"{look.root} was trained over {base}, which the program does not know: train it over a model "
            "that “sketch-app models list” names."
        )
    of_base = {file.path for file in look.entry.files if file.of_base}
    if base:
        return replace(look, files={p: at for p, at in look.files.items() if p not in of_base})
    if of_base - look.files.keys():
        raise _nothing(look.root, look)
    return look


def _with_optional(look: _Found, named: object) -> _Found:
    """Without the optional files that the record does not name.

    Raises
    ------
    WeightsError
        One that it names is missing, or is none that the program knows.
    """
    optional = {file.path for file in look.entry.files if file.optional}
    wanted = {str(path) for path in named} if isinstance(named, list) else set()
    if unknown := wanted - optional:
        raise WeightsError(
            f"{look.root} has {min(unknown)} in its record, which no “{look.entry.name}” has: a newer "
            "version of the program wrote it. Update the program."
        )
    if missing := wanted - look.files.keys():
        raise _lacks_own(look, min(missing))
    return replace(look, files={p: at for p, at in look.files.items() if p not in optional - wanted})


def _nothing(folder: Path, look: _Found | None) -> WeightsError:
    if look is None and (folder / HISTORY_FILE).exists():
        return WeightsError(
            f"{folder} holds a training that has not come to its end: type its command again, and it goes on "
            "and writes the model."
        )
    if look is None:
        return WeightsError(
            f"{folder} holds no model that the program knows: give a folder with sub-folders such as "
            "“sd-turbo”, as “sketch-app models list” names them."
        )
    missing = next(f for f in look.entry.files if f.path not in look.files)
    place = (look.root / missing.path).parent
    pickles = sorted(p.name for p in place.glob("*") if p.suffix in PICKLES) if place.is_dir() else []
    if missing.path.endswith(".safetensors") and pickles:
        return RefusedFileError(
            f"{place / pickles[0]} was refused: such a file can run code when it is opened. "
            f"“{look.entry.name}” needs {missing.path}: get its safetensors form from "
            f"{look.entry.home.page}."
        )
    if look.entry.is_own:
        return _lacks_own(look, missing.path)
    return WeightsError(
        f"{look.root} lacks {missing.home_path}, which “{look.entry.name}” needs: copy the whole model, or "
        f"get it with “sketch-app models pull {look.entry.name}”."
    )


def _lacks_own(look: _Found, path: str) -> WeightsError:
    return WeightsError(
        f"{look.root} lacks {path}, which {look.entry.home.page} writes: give the folder that it wrote."
    )


def _take(store: ModelStore, model: _Found, meter: Meter, cancelled: Callable[[], bool]) -> None:
    entry = model.entry
    record = store.record(entry)
    # What is known was of the commit that was pulled; a folder of another one is held against the pins alone.
    bound = (not model.commit or record.commit in ("", model.commit)) and not entry.is_own
    files = record.files if bound else {}
    record = replace(record, complete=False, commit=model.commit or record.commit, files=files)
    landing: list[tuple[ModelFile, Path, FileRecord]] = []
    for file in (f for f in entry.files if f.path in model.files):
        meter.begin(entry.name, file.path)
        known = record.files.get(file.path)
        expected = file.sha256 or (known.sha256 if known is not None else None)
        part = store.part_of(entry, file)
        digest = _copy(model.files[file.path], part, meter, cancelled)
        if expected is not None and digest.sha256 != expected:
            part.unlink(missing_ok=True)
            raise WeightsError(
                f"{model.files[file.path]} was refused: it is not the file that is known as “{entry.name}” "
                f"(SHA-256 {digest.sha256[:16]}… instead of {expected[:16]}…). Get it from "
                f"{entry.home.page} again."
            )
        taken = FileRecord(size_of(part) or 0, digest.sha256, known.hub_id if known is not None else "")
        if entry.is_own:
            # The former one of its name stays until this one has come whole.
            check_kind(part, f"{entry.folder_name}/{file.path}")
            landing.append((file, part, taken))
        else:
            record = store.land(entry, file, part, record, taken)
    for file, part, taken in landing:
        record = store.land(entry, file, part, record, taken)
    store.finish(entry, record, "import")


def _copy(source: Path, part: Path, meter: Meter, cancelled: Callable[[], bool]) -> Digest:
    digest = Digest()
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        part.with_name(part.name + ".json").unlink(missing_ok=True)  # no longer the part of a download
        with source.open("rb") as read, part.open("wb") as write:
            while data := read.read(CHUNK):
                if cancelled():
                    raise Cancelled("The import was stopped; what has come whole is kept.")
                write.write(data)
                digest.update(data)
                meter.add(len(data))
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()  # a full disk needs the room
        raise StoreError(f"{source} cannot be copied ({error.strerror}): check the disk.") from error
    return digest
