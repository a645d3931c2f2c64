"""What changed in a source since the last time: which files to look into, which came back, which are gone."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from index.catalogue import Catalogue, KnownFile
from index.preparing import Task
from index.records import SkippedFile
from index.scan import Listing, PhotoSource


@dataclass(slots=True)
class Survey:
    """The outcome; nothing has been written yet.

    Attributes
    ----------
    tasks
        Files to look into.
    returned
        Places that were missing or removed and hold the same file again.
    absent
        Places whose file was not in a complete listing.
    unlisted
        Directories that could not be listed, with the reason.
    """

    tasks: list[Task] = field(default_factory=list)
    unchanged: int = 0
    ignored: int = 0
    returned: list[int] = field(default_factory=list)
    absent: list[int] = field(default_factory=list)
    unlisted: list[SkippedFile] = field(default_factory=list)
    moved_devices: list[tuple[bytes, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Seen:
    complete: bool
    empty: bool
    device: str
    children: frozenset[bytes]

    def proves_absence(self, last_device: str | None) -> bool:
        """Whether what is not listed here is deleted: an empty directory on another disk is a mount point."""
        return self.complete and not (self.empty and self.device != last_device)


def survey(
    catalogue: Catalogue,
    source: PhotoSource,
    model: int,
    *,
    cancelled: Callable[[], bool],
    listed: Callable[[int, bytes], None],
) -> Survey:
    """Compare every directory of a source with the gallery, decoding nothing.

    Parameters
    ----------
    model
        The row of the model whose vectors are wanted.
    cancelled
        Asked once a directory; the survey then ends early and proves nothing absent.
    listed
        Told the number of tasks so far and the directory just listed.

    Raises
    ------
    FolderError
        If the source's root is not there.
    """
    found = Survey()
    seen: dict[bytes, _Seen] = {}
    for listing in source.listings():
        if cancelled():
            found.absent.clear()
            return found
        device, known = catalogue.files_in(source.name, listing.directory, model)
        here = _Seen(listing.complete, listing.empty, listing.device, listing.children)
        seen[listing.directory] = here
        if not listing.complete:
            found.unlisted.append(SkippedFile(Path(os.fsdecode(listing.directory)), listing.error))
        _compare(found, listing, known)
        if here.proves_absence(device):
            names = {entry.path for entry in listing.files} | listing.children
            found.absent += [
                k.location_id for path, k in known.items() if path not in names and _is_current(k)
            ]
            if device is not None and device != listing.device:
                found.moved_devices.append((listing.directory, listing.device))
        listed(len(found.tasks), listing.directory)
    for directory, device, album in catalogue.album_devices(source.name, source.root, source.separator):
        if directory not in seen and _is_gone(directory, device, seen, source.separator):
            found.absent += catalogue.current_location_ids(album)
    return found


def _compare(found: Survey, listing: Listing, known: dict[bytes, KnownFile]) -> None:
    for entry in listing.files:
        before = known.get(entry.path)
        if before is None:
            found.tasks.append(Task(entry, listing.directory, listing.device, None))
            continue
        same = (before.size, before.mtime_ns) == (entry.size, entry.mtime_ns) and not before.retry
        if same and before.state in ("skipped", "ignored"):
            found.unchanged += 1
            found.ignored += before.state == "ignored"
        elif same and before.photo_id is not None and before.has_vector:
            found.unchanged += 1
            if before.state != "present":
                found.returned.append(before.location_id)
        else:
            found.tasks.append(Task(entry, listing.directory, listing.device, before.photo_id))


def _is_current(known: KnownFile) -> bool:
    return known.state not in ("missing", "removed")


def _is_gone(directory: bytes, device: str, seen: dict[bytes, _Seen], separator: bytes) -> bool:
    """Whether the nearest listed directory above shows that this one was deleted."""
    child = directory
    while separator in child:
        parent = child.rsplit(separator, 1)[0] or separator
        if parent == child:
            return False
        above = seen.get(parent)
        if above is not None:
            return child not in above.children and above.proves_absence(device)
        child = parent
    return False
