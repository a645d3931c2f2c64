"""``sketch-app phone``: declares the commands for phones over USB and wifi. Nothing heavy is imported before
one runs.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

phone_app = typer.Typer(
    help="Find phones, and keep the gallery in step with their photos. Nothing on a phone is ever changed.",
    no_args_is_help=True,
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
PhoneOption = Annotated[
    str | None,
    typer.Option(
        "--phone", metavar="PHONE", help="Its serial, name or model; not needed where there is only one."
    ),
]
GalleryOption = Annotated[
    Path | None, typer.Option("--gallery", metavar="DIR", help="A gallery's folder; your own when not given.")
]
OriginalsOption = Annotated[
    str | None,
    typer.Option(metavar="WHICH", help="previews, some or all, for this run; the settings' when not given."),
]
GigabytesOption = Annotated[
    float | None,
    typer.Option("--gb", min=0.0, help="With some: how many GB the originals of all phones may take."),
]
FoldersOption = Annotated[
    list[str] | None,
    typer.Option(
        "--folder",
        metavar="PATH",
        help="Only this folder or album of the phone, and below, this time; may be repeated.",
    ),
]


def _consoles() -> tuple[Console, Console]:
    """Standard output, and standard error for progress, questions and errors."""
    return Console(soft_wrap=True), Console(stderr=True, soft_wrap=True)


@phone_app.command("list")
def list_phones(gallery: GalleryOption = None, as_json: JsonOption = False) -> None:
    """Show connected phones, what to do where one is not ready, and what the gallery holds of each."""
    from sketch_app.commands import plain_errors
    from sketch_app.phone_commands import open_phones
    from sketch_app.phone_output import phones_as_json, print_phones

    out, errors = _consoles()
    with plain_errors(errors), open_phones(gallery, reads=True) as phones:
        if as_json:
            typer.echo(phones_as_json(phones))
        else:
            print_phones(phones, out, gallery)


@phone_app.command("albums")
def list_albums(phone: PhoneOption = None, as_json: JsonOption = False) -> None:
    """Show the folders of a phone that hold photos or videos, the one with the newest first."""
    from sketch_app.commands import plain_errors
    from sketch_app.phone_commands import open_phones
    from sketch_app.phone_output import albums_as_json, print_albums

    out, errors = _consoles()
    with plain_errors(errors), open_phones(None) as phones:
        albums = phones.access.albums(phones.ready(phone).serial)
        if as_json:
            typer.echo(albums_as_json(albums))
        else:
            print_albums(albums, out)


@phone_app.command("sync")
def sync_phone(  # noqa: PLR0917 - typer's own way: every option is a parameter
    phone: PhoneOption = None,
    gallery: GalleryOption = None,
    originals: OriginalsOption = None,
    gigabytes: GigabytesOption = None,
    folders: FoldersOption = None,
    confirm: Annotated[
        bool,
        typer.Option(
            "--confirm-deleted", help="Photos that are gone from the phone were deleted there, however many."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Bring the gallery into step with a phone: the albums and originals chosen in the window, unless you say
    otherwise here. Ctrl-C stops it; the next sync goes on from there.
    """
    from sketch_app.commands import plain_errors
    from sketch_app.phone_commands import choices_of, open_phones, sync_with_bar
    from sketch_app.phone_output import print_report, report_as_json

    out, errors = _consoles()
    with plain_errors(errors), open_phones(gallery) as phones:
        chosen = phones.ready(phone)
        choices = choices_of(
            phones.workspace, chosen.serial, originals=originals, gigabytes=gigabytes, folders=folders
        )
        if folders is not None:
            folders_there = phones.access.require_folders(chosen.serial, choices.folders)
            choices = replace(choices, folders=folders_there)
        report = sync_with_bar(phones.access, chosen, choices, errors, confirm=confirm)
        if as_json:
            typer.echo(report_as_json(report))
        else:
            print_report(report, out, gallery)
        if report.stopped is not None or report.asks is not None:
            raise typer.Exit(1)


@phone_app.command("watch")
def watch_phones(
    gallery: GalleryOption = None,
    originals: OriginalsOption = None,
    gigabytes: GigabytesOption = None,
) -> None:
    """Sync every phone whenever it is plugged in, until Ctrl-C."""
    from sketch_app.commands import plain_errors
    from sketch_app.phone_commands import keep_in_step, open_phones

    out, errors = _consoles()
    with plain_errors(errors), open_phones(gallery) as phones:
        keep_in_step(phones, out, errors, originals=originals, gigabytes=gigabytes)


@phone_app.command("tidy")
def tidy_originals(
    gallery: GalleryOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete them.")] = False,
) -> None:
    """Show, or delete, originals of photos that left the gallery: deleted or changed on their phone, or in
    folders that are no longer chosen.
    """
    from sketch_app.commands import plain_errors
    from sketch_app.phone_commands import tidy

    out, errors = _consoles()
    with plain_errors(errors):
        tidy(gallery, out, delete=yes)
