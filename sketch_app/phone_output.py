"""What ``sketch-app phone`` prints: lines and tables for people, JSON for programs."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from sketch_app.phone.records import SyncReport

if TYPE_CHECKING:
    from index.phone_files import PhoneSummary
    from sketch_app.phone.states import PhoneAlbum
    from sketch_app.phone_commands import Phones

NO_PHONE = (
    "No phone is connected: plug one in by USB, open Settings > About phone > Software information, tap the "
    "build number seven times, and switch on “USB debugging” under Developer options."
)


def print_phones(phones: Phones, console: Console, gallery: Path | None = None) -> None:
    """What ``phone list`` prints for people; `gallery` as in `print_report`."""
    from rich.markup import escape

    connected = phones.connected()
    held = {one.serial: one for one in phones.access.summaries()}
    if not connected and not held:
        console.print(phones.problem or NO_PHONE, markup=False)
        return
    here = {phone.serial: phone for phone in connected}
    for serial in [*here, *(known for known in held if known not in here)]:
        phone, one = here.get(serial), held.get(serial)
        name = (phone.name or phone.model if phone else "") or (one.name if one else "") or serial
        state = f"{phone.state}, {phone.connection}" if phone else "not connected"
        # Not a table: a serial that is folded at the window's edge cannot be copied.
        console.print(
            f"[bold]{escape(name)}[/bold]  {escape(serial) if name != serial else ''}".rstrip(),
            highlight=False,
        )
        console.print(f"  {state}", markup=False, highlight=False)
        if phone is not None and phone.what_to_do:
            console.print(f"  {phone.what_to_do}", markup=False)
        if one is not None:
            console.print(f"  {_held_in_words(one)}", markup=False, highlight=False)
        elif phone is not None and phone.state == "ready":
            told = command("phone sync", gallery)
            console.print(f"  nothing of it is in the gallery yet: {told}", markup=False, highlight=False)


def _held_in_words(one: PhoneSummary) -> str:
    parts = [f"{counted(one.files, 'photo')}, {one.shown} searchable"]
    if one.refused:
        parts.append(f"{one.refused} cannot be shown")
    if (missing := one.files - one.shown - one.refused) > 0:
        parts.append(f"{missing} still to come with the next sync")
    if one.originals:
        parts.append(f"{counted(one.originals, 'original')} here ({megabytes(one.original_bytes)})")
    if one.synced_at is not None:
        parts.append(f"last sync {datetime.fromtimestamp(one.synced_at):%Y-%m-%d %H:%M}")
    return "; ".join(parts)


def counted(count: int, what: str) -> str:
    """So many of something, in English."""
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


def megabytes(count: int) -> str:
    """So many bytes, for people."""
    if count < 1e6:
        return f"{count / 1e3:.0f} kB"
    return f"{count / 1e6:.0f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"


def command(words: str, gallery: Path | None) -> str:
    """A command to type: of the gallery that this one is about."""
    return f"sketch-app {words}" + (f" --gallery {shlex.quote(str(gallery))}" if gallery is not None else "")


def print_report(report: SyncReport, console: Console, gallery: Path | None = None) -> None:
    """What ``phone sync`` prints for people; `gallery` where another one than their own was named."""
    asked = report.asks
    parts = [
        f"{report.added} new",
        f"{report.changed} changed",
        f"{report.moved} moved",
        f"{report.missing} gone" if asked is None else f"{asked.missing} not found",
        *([f"{report.returned} back"] if report.returned else []),
        f"{report.unchanged} unchanged",
        f"{counted(report.videos, 'video')} not fetched",
    ]
    console.print(", ".join(parts), highlight=False)
    whole = f" and {counted(report.originals, 'original')} ({megabytes(report.bytes)})"
    console.print(
        f"{counted(report.previews, 'preview')}{whole if report.originals else ''} in {report.seconds:.1f} s",
        highlight=False,
    )
    for heading, files in (("not fetched", report.failed), ("cannot be shown", report.refused)):
        for failed in files[:20]:
            console.print(f"  {heading}: {failed.display}: {failed.reason}", markup=False, highlight=False)
        if len(files) > 20:
            console.print(f"  and {len(files) - 20} more")
    if asked is not None:
        told = f"{asked.sentence} If they were deleted: {command('phone sync --confirm-deleted', gallery)}"
        console.print(told, markup=False)
    if report.stopped is not None:
        told = f"{report.sentence or 'Stopped.'} The next sync goes on from here."
        console.print(told, markup=False, highlight=False)


def report_as_json(report: SyncReport) -> str:
    """What ``phone sync --json`` prints."""
    return json.dumps({**asdict(report), "whole": report.whole}, ensure_ascii=False, indent=1)
