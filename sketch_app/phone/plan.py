"""What a phone's listings mean for what the gallery knows: compared in memory, nothing read, nothing
written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from index.phone_files import PHONE_SEPARATOR, FileState, ListedFile, PhoneFile
from index.records import display_path
from sketch_app.phone.reader import PhoneListing
from sketch_app.phone.records import Disappeared, FailedFile, is_chosen

MANY_FILES = 20
MANY_SHARE = 0.2
"""More files than both at once are not taken for deleted without a word from the person."""

_HELD = (FileState.PREVIEW, FileState.KEPT, FileState.ORIGINAL)


@dataclass(slots=True)
class Plan:
    """The outcome of a listing.

    Attributes
    ----------
    new, changed
        Files to fetch: of unknown paths, and of known ones with another size or time.
    moved
        Files that lie elsewhere now, with what is known of them.
    details
        Known files, unchanged but for what the phone's catalogue says of them, or back again.
    absent
        Files that complete listings no longer had.
    unchosen
        Files outside the folders that are chosen now, and in folders that were hidden on the phone.
    unlisted
        Folders that could not be listed, and why.
    present
        Files that were on the phone by the listing before.
    """

    new: list[ListedFile] = field(default_factory=list)
    changed: list[ListedFile] = field(default_factory=list)
    moved: list[tuple[PhoneFile, ListedFile]] = field(default_factory=list)
    details: list[tuple[int, ListedFile]] = field(default_factory=list)
    absent: list[PhoneFile] = field(default_factory=list)
    unchosen: list[PhoneFile] = field(default_factory=list)
    unlisted: list[FailedFile] = field(default_factory=list)
    returned: int = 0
    unchanged: int = 0
    videos: int = 0
    present: int = 0

    @property
    def asks(self) -> Disappeared | None:
        """The question to the person, where more is gone than anyone deletes by hand in a day."""
        gone = len(self.absent)
        many = gone > max(MANY_FILES, MANY_SHARE * self.present)
        everything = gone == self.present and gone > 1
        return Disappeared(gone, self.present) if many or everything else None


def make_plan(
    known: Mapping[bytes, PhoneFile],
    listings: Iterable[PhoneListing],
    folders: Sequence[bytes] = (),
    without: Sequence[bytes] = (),
    *,
    once: bool = False,
) -> Plan:
    """Compare.

    Parameters
    ----------
    known
        Every file of the phone that the gallery has ever known, by path.
    listings
        Each folder once.
    folders, without, once
        The folders that are chosen, as `sketch_app.phone.records.SyncChoices` has them.
    """
    plan = Plan()
    seen: dict[bytes, _Seen] = {}
    listed: dict[bytes, ListedFile] = {}
    hidden: list[bytes] = []
    for listing in listings:
        seen[listing.directory] = _Seen(listing.complete, listing.names, listing.device)
        chosen = is_chosen(listing.directory, folders, without)
        plan.videos += listing.videos if chosen else 0
        if listing.hidden:
            hidden.append(listing.directory)
        elif not listing.complete:
            plan.unlisted.append(FailedFile(display_path(listing.directory), listing.error))
        for file in listing.files if chosen else ():
            listed[file.path] = file
    for path, file in listed.items():
        _compare(plan, known.get(path), file)
    for path, before in known.items():
        if before.gone:
            continue
        chosen = is_chosen(path.rsplit(PHONE_SEPARATOR, 1)[0], folders, without)
        if once and not chosen:
            continue
        plan.present += 1
        if path in listed:
            continue
        if not chosen or any(_is_below(path, folder) for folder in hidden):
            plan.unchosen.append(before)
        elif _is_absent(before, seen):
            plan.absent.append(before)
    _find_moved(plan)
    return plan


@dataclass(frozen=True, slots=True)
class _Seen:
    complete: bool
    names: frozenset[bytes]
    device: str


def _compare(plan: Plan, before: PhoneFile | None, file: ListedFile) -> None:
    if before is None:
        plan.new.append(file)
        return
    if (before.size, before.mtime) != (file.size, file.mtime):
        plan.changed.append(file)
        return
    plan.returned += before.gone
    plan.unchanged += not before.gone
    told = (before.newest, before.media_id, before.favourite, before.device, before.gone)
    if told != (file.newest, file.media_id, file.favourite, file.device, False):
        plan.details.append((before.id, file))


def _is_absent(before: PhoneFile, seen: Mapping[bytes, _Seen]) -> bool:
    """Whether the nearest listed folder above a file proves that it was deleted."""
    path = before.path
    while PHONE_SEPARATOR in path[1:]:
        parent, name = path.rsplit(PHONE_SEPARATOR, 1)
        here = seen.get(parent)
        if here is not None:
            # An empty folder that is a storage's own, or on another storage than before, is a place where a
            # card was mounted: not even a new card is quite empty.
            unmounted = not here.names and (here.device != before.device or parent == here.device.encode())
            return here.complete and name not in here.names and not unmounted
        path = parent
    return False


def _is_below(path: bytes, folder: bytes) -> bool:
    return path.startswith(folder.rstrip(PHONE_SEPARATOR) + PHONE_SEPARATOR)


def _find_moved(plan: Plan) -> None:
    """A new file with size, time and name of one that is gone is that one, where no other could be meant."""
    gone = {_trace(f.path, f.size, f.mtime): f for f in plan.absent if f.state in _HELD}
    counts = Counter(_trace(f.path, f.size, f.mtime) for f in plan.absent)
    counts.update(_trace(f.path, f.size, f.mtime) for f in plan.new)
    staying: list[ListedFile] = []
    for file in plan.new:
        trace = _trace(file.path, file.size, file.mtime)
        before = gone.get(trace)
        if before is None or counts[trace] != 2 or not file.size:
            staying.append(file)
        else:
            plan.moved.append((before, file))
    moved = {before.id for before, _ in plan.moved}
    plan.new = staying
    plan.absent = [file for file in plan.absent if file.id not in moved]


def _trace(path: bytes, size: int, mtime: int) -> tuple[bytes, int, int]:
    return path.rsplit(PHONE_SEPARATOR, 1)[-1], size, mtime
