"""What ``sketch-app phone`` does, and how it speaks: tables and one bar for people, JSON for programs.

`sketch_app.cli_phone` declares the commands; how a phone is synced is the concern of `sketch_app.phone`.
"""

from __future__ import annotations

import queue
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
from sketch_app.phone_output import NO_PHONE, command, counted, megabytes, print_report
from sketch_app.workspace import Workspace

if TYPE_CHECKING:
    from device.phone.watch import PhoneInfo

LOOK_SECONDS = 5.0
"""How long a command waits for phones to say who they are."""

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
            raise SketchAppError(self.problem or NO_PHONE)
        if wanted is not None:
            named = [
                p
                for p in found
                if wanted in (p.serial, p.adb_serial) or wanted.lower() in (p.name.lower(), p.model.lower())
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
    """A folder that was named must be there, and be a gallery or, but for a command that only reads, empty: a
    mistyped name makes none, and nothing is written among a person's own files.

    Raises
    ------
    SketchAppError
    """
    from index.gallery import DATABASE_NAME

    if gallery is None:
        return
    if not gallery.is_dir():
        raise SketchAppError(f"There is no folder {gallery}: make it first, or leave --gallery out.")
    if (gallery / DATABASE_NAME).exists():
        return
    if reads:
        raise SketchAppError(f"There is no gallery in {gallery}: sync a phone into it first.")
    if any(gallery.iterdir()):
        raise SketchAppError(
            f"{gallery} holds other files and no gallery: give an empty folder, or a gallery."
        )


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
    if not all(folder.strip() for folder in folders):
        raise SketchAppError("--folder is empty: name a folder or an album, or leave it out.")
    return SyncChoices(wanted, gigabytes, tuple(_on_phone(folder) for folder in folders), once=True)


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

        # Without originals, a whole file is read only where it holds no preview.
        doing = dict(_DOING)
        if choices.originals is Originals.PREVIEWS:
            doing[SyncPhase.ORIGINALS] = "Photos without a preview"

        def progress(state: SyncProgress) -> None:
            rate = f"{state.rate / 1e6:.0f} MB/s" if state.phase is SyncPhase.ORIGINALS else ""
            bar.update(
                task,
                description=doing[state.phase],
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
            told = f"{counted(deleted.count, 'original')} deleted ({megabytes(deleted.size)})."
            console.print(told, highlight=False)
        else:
            found = f"{counted(left.count, 'original')} ({megabytes(left.size)})"
            told = (
                f"{found} in {left.folder}, of photos that were deleted or changed on their phone, or lie "
                "in folders that are no longer chosen. They may be the only copies. To delete them: "
                f"{command('phone tidy --yes', gallery)}"
            )
            console.print(told, markup=False, highlight=False)
    finally:
        workspace.close()
