"""What ``sketch-app phone`` does, and how it speaks: tables and one bar for people, JSON for programs.

`sketch_app.cli_phone` declares the commands; how a phone is synced is the concern of `sketch_app.phone`.
"""

from __future__ import annotations

import json
import queue
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from sketch_app.errors import SketchAppError
from sketch_app.paths import AppPaths
from sketch_app.phone.access import AdbAccess
from sketch_app.phone.choices import PhoneChoices
from sketch_app.phone.records import (
    Originals,
    SyncChoices,
    SyncControl,
    SyncPhase,
    SyncProgress,
    SyncReport,
)
from sketch_app.workspace import Workspace

if TYPE_CHECKING:
    from device.phone.watch import PhoneInfo
    from index.phone_files import PhoneSummary
    from sketch_app.phone.states import PhoneAlbum

LOOK_SECONDS = 5.0
"""How long a command waits for phones to say who they are."""

_NO_PHONE = (
    "No phone is connected: plug one in by USB, open Settings > About phone > Software information, tap the "
    "build number seven times, and switch on “USB debugging” under Developer options."
)
_DOING = {
    SyncPhase.LISTING: "Listing folders",
    SyncPhase.PREVIEWS: "Previews",
    SyncPhase.ORIGINALS: "Originals",
    SyncPhase.FINISHING: "Finishing",
}


class Phones:
    """The connected phones, followed while a command runs, and the gallery they go into."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.access = AdbAccess(workspace)
        self.news: queue.Queue[tuple[PhoneInfo, ...]] = queue.Queue()
        self.problem = ""
        self._stop = self.access.watch(self._found)

    def _found(self, found: Sequence[PhoneInfo], problem: str) -> None:
        self.problem = problem
        self.news.put(tuple(found))

    def close(self) -> None:
        """Stop following."""
        self._stop()
        self.workspace.close()

    def connected(self) -> tuple[PhoneInfo, ...]:
        """The phones as they are once each has said who it is, or has had time enough to."""
        deadline = time.monotonic() + LOOK_SECONDS
        found: tuple[PhoneInfo, ...] = ()
        while (left := deadline - time.monotonic()) > 0:
            try:
                found = self.news.get(timeout=left)
            except queue.Empty:
                break
            if all(phone.state != "connecting" for phone in found):
                break
        return found

    def ready(self, wanted: str | None) -> PhoneInfo:
        """The phone that a person means.

        Raises
        ------
        SketchAppError
            There is none, or it is not ready, or there are several; the sentence says what to do.
        """
        found = self.connected()
        if not found:
            raise SketchAppError(self.problem or _NO_PHONE)
        if wanted is not None:
            named = [
                p for p in found if wanted in (p.serial, p.adb_serial) or wanted.lower() == p.name.lower()
            ]
            if not named:
                raise SketchAppError(f"There is no phone “{wanted}”: connected are {_names(found)}.")
            found = tuple(named)
        ready = [phone for phone in found if phone.state == "ready"]
        if not ready:
            raise SketchAppError(f"{found[0].name or found[0].serial}: {found[0].what_to_do}")
        if len(ready) > 1:
            raise SketchAppError(f"Several phones are connected, say which with --phone: {_names(ready)}.")
        return ready[0]


def _names(phones: Sequence[PhoneInfo]) -> str:
    return ", ".join(f"{phone.name or phone.model} ({phone.serial})" for phone in phones)


def require_gallery(gallery: Path | None, *, reads: bool) -> None:
    """A folder that was named must be there, and for a command that only reads be a gallery: a mistyped name
    makes none.

    Raises
    ------
    SketchAppError
    """
    from index.gallery import DATABASE_NAME

    if gallery is None:
        return
    if not gallery.is_dir():
        raise SketchAppError(f"There is no folder {gallery}: make it first, or leave --gallery out.")
    if reads and not (gallery / DATABASE_NAME).exists():
        raise SketchAppError(f"There is no gallery in {gallery}: sync a phone into it first.")


@contextmanager
def open_phones(
    gallery: Path | None, *, paths: AppPaths | None = None, reads: bool = False
) -> Iterator[Phones]:
    """The connected phones and a workspace, for one command; `reads` for one that only looks.

    Raises
    ------
    device.phone.errors.AdbMissingError
        There is no adb on this computer.
    SketchAppError
        The gallery's folder is not there.
    """
    require_gallery(gallery, reads=reads)
    workspace = Workspace(paths or AppPaths.default(), gallery=gallery)
    try:
        phones = Phones(workspace)
    except BaseException:
        workspace.close()
        raise
    try:
        yield phones
    finally:
        phones.close()


def choices_of(
    workspace: Workspace,
    serial: str,
    *,
    originals: str | None = None,
    gigabytes: float | None = None,
    folders: Sequence[str] | None = None,
) -> SyncChoices:
    """The settings' choices, but for those of this run.

    Raises
    ------
    SketchAppError
        There is no such choice.
    """
    stored = workspace.settings
    which = originals or str(getattr(stored, "phone_originals", Originals.PREVIEWS))
    try:
        wanted = Originals(which)
    except ValueError as error:
        raise SketchAppError(f"Originals cannot be “{which}”: choose previews, some or all.") from error
    if gigabytes is not None and originals is None:
        wanted = Originals.SOME
    if gigabytes is not None and wanted is not Originals.SOME:
        raise SketchAppError(f"--gb goes with --originals some, not with {wanted}.")
    if gigabytes is None:
        gigabytes = float(getattr(stored, "phone_originals_gb", SyncChoices().originals_gb))
    if folders is None:
        kept = PhoneChoices(workspace).of(serial)
        return SyncChoices(wanted, gigabytes, kept.folders, kept.without)
    return SyncChoices(wanted, gigabytes, tuple(_on_phone(folder) for folder in folders))


def _on_phone(folder: str) -> bytes:
    """A folder of the phone as people write it: “DCIM” and “/sdcard/DCIM” are in its own storage."""
    path = folder.rstrip("/")
    for spelled in ("/sdcard", "/storage/self/primary"):
        if path == spelled or path.startswith(spelled + "/"):
            path = path[len(spelled) :].lstrip("/")
    if not path.startswith("/"):
        path = f"/storage/emulated/0/{path}".rstrip("/")
    return path.encode("utf-8", "surrogateescape")


def sync_with_bar(
    access: AdbAccess, phone: PhoneInfo, choices: SyncChoices, console: Console, *, confirm: bool = False
) -> SyncReport:
    """Sync with a progress bar; Ctrl-C ends it in good order.

    Raises
    ------
    index.errors.GalleryError, SketchAppError
        Each with a sentence.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    control = SyncControl()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with (
        _cancelled_by_ctrl_c(control),
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar,
    ):
        task = bar.add_task(_DOING[SyncPhase.LISTING], total=None, rate="")

        def progress(state: SyncProgress) -> None:
            rate = f"{state.rate / 1e6:.0f} MB/s" if state.phase is SyncPhase.ORIGINALS else ""
            bar.update(
                task,
                description=_DOING[state.phase],
                completed=state.done,
                total=state.total or None,
                rate=rate,
            )

        return access.sync(phone.serial, choices, control, progress, confirm_disappeared=confirm)


@contextmanager
def _cancelled_by_ctrl_c(control: SyncControl) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: control.cancel())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def keep_in_step(
    phones: Phones,
    out: Console,
    errors: Console,
    *,
    originals: str | None = None,
    gigabytes: float | None = None,
) -> None:
    """Sync every phone as soon as it is ready, and again whenever it comes back; ends with Ctrl-C."""
    from index.errors import GalleryError

    out.print("Watching for phones; Ctrl-C ends it.")
    ready: set[str] = set()
    told: dict[str, str] = {}
    try:
        while True:
            found = phones.news.get()
            if phones.problem and told.get("") != phones.problem:
                errors.print(phones.problem, markup=False, style="red")
            told[""] = phones.problem
            for phone in found:
                if phone.what_to_do and told.get(phone.serial) != phone.what_to_do:
                    out.print(f"{phone.name or phone.serial}: {phone.what_to_do}", markup=False)
                told[phone.serial] = phone.what_to_do
            now = {phone.serial for phone in found if phone.state == "ready"}
            for phone in found:
                if phone.serial not in now - ready:
                    continue
                out.print(f"{phone.name or phone.serial}: syncing", markup=False)
                try:
                    choices = choices_of(
                        phones.workspace, phone.serial, originals=originals, gigabytes=gigabytes
                    )
                    report = sync_with_bar(phones.access, phone, choices, errors)
                except GalleryError as error:
                    errors.print(str(error), markup=False, style="red")
                    continue
                print_report(report, out)
                if report.stopped == "cancelled":
                    return
            ready = now
    except KeyboardInterrupt:
        out.print("Stopped.")


def print_phones(phones: Phones, console: Console) -> None:
    """What ``phone list`` prints for people."""
    from rich.markup import escape

    connected = phones.connected()
    held = {one.serial: one for one in phones.access.summaries()}
    if not connected and not held:
        console.print(phones.problem or _NO_PHONE, markup=False)
        return
    here = {phone.serial: phone for phone in connected}
    for serial in [*here, *(known for known in held if known not in here)]:
        phone, one = here.get(serial), held.get(serial)
        name = (phone.name or phone.model if phone else "") or (one.name if one else "") or serial
        state = f"{phone.state}, {phone.connection}" if phone else "not connected"
        # Not a table: a serial that is folded at the window's edge cannot be copied.
        console.print(f"[bold]{escape(name)}[/bold]  {escape(serial)}", highlight=False)
        console.print(f"  {state}", markup=False, highlight=False)
        if phone is not None and phone.what_to_do:
            console.print(f"  {phone.what_to_do}", markup=False)
        if one is not None:
            console.print(f"  {_held_in_words(one)}", markup=False, highlight=False)


def _held_in_words(one: PhoneSummary) -> str:
    parts = [f"{_counted(one.files, 'photo')}, {one.shown} searchable"]
    if one.originals:
        parts.append(f"{_counted(one.originals, 'original')} here ({_megabytes(one.original_bytes)})")
    if one.synced_at is not None:
        parts.append(f"last sync {datetime.fromtimestamp(one.synced_at):%Y-%m-%d %H:%M}")
    return "; ".join(parts)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def phones_as_json(phones: Phones) -> str:
    """What ``phone list --json`` prints."""
    rows = {"connected": [asdict(phone) for phone in phones.connected()]}
    rows["in_gallery"] = [asdict(one) for one in phones.access.summaries()]
    return json.dumps(rows, ensure_ascii=False, indent=1)


def print_albums(albums: Sequence[PhoneAlbum], console: Console) -> None:
    """What ``phone albums`` prints for people."""
    from rich.markup import escape
    from rich.table import Table

    if not albums:
        console.print("There are no photos on this phone.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("album", "photos", "videos", "folder"):
        table.add_column(
            column, overflow="fold", justify="left" if column in ("album", "folder") else "right"
        )
    for album in albums:
        table.add_row(escape(album.name), str(album.photos), str(album.videos), escape(album.display))
    console.print(table)


def albums_as_json(albums: Sequence[PhoneAlbum]) -> str:
    """What ``phone albums --json`` prints."""
    rows = [{"name": a.name, "folder": a.display, "photos": a.photos, "videos": a.videos} for a in albums]
    return json.dumps(rows, ensure_ascii=False, indent=1)


def tidy(gallery: Path | None, console: Console, *, delete: bool, paths: AppPaths | None = None) -> None:
    """What ``phone tidy`` does: say what no phone has any more, and delete it where that is wanted.

    Raises
    ------
    index.errors.GalleryError
        A phone is being synced, or the gallery cannot be used.
    """
    require_gallery(gallery, reads=True)
    workspace = Workspace(paths or AppPaths.default(), gallery=gallery)
    try:
        access = AdbAccess(workspace)
        left = access.left_originals()
        if not left.count:
            console.print("There are no originals of photos that left the gallery.")
        elif delete:
            deleted = access.delete_left(left.contents)
            told = f"{_counted(deleted.count, 'original')} deleted ({_megabytes(deleted.size)})."
            console.print(told, highlight=False)
        else:
            counted = f"{_counted(left.count, 'original')} ({_megabytes(left.size)})"
            told = (
                f"{counted} in {left.folder}, of photos that were deleted or changed on their phone, or lie "
                "in folders that are no longer chosen. They may be the only copies. To delete them: "
                "sketch-app phone tidy --yes"
            )
            console.print(told, markup=False, highlight=False)
    finally:
        workspace.close()


def _megabytes(count: int) -> str:
    if count < 1e6:
        return f"{count / 1e3:.0f} kB"
    return f"{count / 1e6:.0f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"


def print_report(report: SyncReport, console: Console) -> None:
    """What ``phone sync`` prints for people."""
    asked = report.asks
    parts = [
        f"{report.added} new",
        f"{report.changed} changed",
        f"{report.moved} moved",
        f"{report.missing} gone" if asked is None else f"{asked.missing} not found",
        f"{report.unchanged} unchanged",
        f"{_counted(report.videos, 'video')} not fetched",
    ]
    console.print(", ".join(parts), highlight=False)
    console.print(
        f"{_counted(report.previews, 'preview')} and {_counted(report.originals, 'original')} "
        f"({_megabytes(report.bytes)}) in {report.seconds:.1f} s",
        highlight=False,
    )
    for heading, files in (("not fetched", report.failed), ("cannot be shown", report.refused)):
        for failed in files[:20]:
            console.print(f"  {heading}: {failed.display}: {failed.reason}", markup=False, highlight=False)
        if len(files) > 20:
            console.print(f"  and {len(files) - 20} more")
    if asked is not None:
        told = f"{asked.sentence} If they were deleted: sketch-app phone sync --confirm-deleted"
        console.print(told, markup=False)
    if report.stopped is not None:
        told = f"{report.sentence or 'Stopped.'} The next sync goes on from here."
        console.print(told, markup=False, highlight=False)


def report_as_json(report: SyncReport) -> str:
    """What ``phone sync --json`` prints."""
    return json.dumps({**asdict(report), "whole": report.whole}, ensure_ascii=False, indent=1)
