"""What ``sketch-app models`` does, and how it speaks: tables and one bar for people, JSON for programs.

`sketch_app.cli_models` declares the commands; where weights come from is the concern of `models.registry`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from sketch_app.errors import SketchAppError
from sketch_app.paths import AppPaths

if TYPE_CHECKING:
    from models.registry.download import PullReport
    from models.registry.entries import Licence, ModelEntry
    from models.registry.importing import ImportReport
    from models.registry.progress import PullProgress
    from models.registry.store import EntryState, ModelStore
    from models.registry.verification import Finding

STATUS_WORDS = {"absent": "–", "partial": "in part", "complete": "here", "damaged": "damaged"}


def model_store(paths: AppPaths | None = None) -> ModelStore:
    """The person's own folder of models."""
    from models.registry.store import ModelStore

    return ModelStore((paths or AppPaths.default()).data / "models")


def print_models(store: ModelStore, console: Console) -> None:
    """What ``models list`` prints for people."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("name", "set", "state", "size", "terms", "commercial use"):
        table.add_column(
            column, no_wrap=column == "name", overflow="fold", justify="right" if column == "size" else "left"
        )
    for entry in store.entries.values():
        state = store.state(entry.name)
        cells = (
            entry.name,
            ", ".join(_sets_of(store, entry)),
            STATUS_WORDS[state.status],
            _size(entry, state),
            entry.licence.name,
            "restricted" if entry.licence.non_commercial else "free",
        )
        table.add_row(*(escape(cell) for cell in cells))
    console.print(table)
    console.print(f"Models lie in {store.folder}", markup=False, highlight=False)


def _sets_of(store: ModelStore, entry: ModelEntry) -> list[str]:
    return [name for name, members in store.sets.items() if entry.name in members]


def _size(entry: ModelEntry, state: EntryState) -> str:
    from models.registry.store import in_words

    total = "?"
    if state.bytes_total is not None:
        total = in_words(state.bytes_total)
    elif entry.about_bytes is not None:
        total = f"about {in_words(entry.about_bytes)}"
    return f"{in_words(state.bytes_here)} of {total}" if state.status == "partial" else total


def models_as_json(store: ModelStore) -> str:
    """What ``models list --json`` prints."""
    rows = []
    for entry in store.entries.values():
        row = asdict(store.state(entry.name))
        row |= {
            "title": entry.title,
            "role": entry.role,
            "sets": _sets_of(store, entry),
            "home": entry.home.page,
            "pinning": entry.pinning,
            "about_bytes": entry.about_bytes,
            "licence": asdict(entry.licence),
            "folder": str(store.home_of(entry)),
        }
        rows.append(row)
    return json.dumps(rows, ensure_ascii=False, indent=1)


def choose_models(
    name: str, changes: Mapping[str, str], paths: Mapping[str, str | None], console: Console
) -> None:
    """Keep a set of models and choices within it in the settings, if they can be used.

    Parameters
    ----------
    changes : mapping
        Settings other than paths.
    paths : mapping
        Settings that hold paths; "-" stands for none, and None leaves what is there.

    Raises
    ------
    SketchAppError, models.errors.ModelError
        They cannot be used; nothing is changed then.
    """
    from sketch_app.workspace import Workspace

    wanted = {"models": name, **changes}
    for key, path in paths.items():
        if path is not None:
            wanted[key] = "" if path == "-" else str(Path(path).expanduser().absolute())
    device = wanted.get("device")
    if device is not None:
        from models.devices import choose_placement

        choose_placement(device)
    workspace = Workspace(AppPaths.default(), for_now=wanted)
    workspace.update_settings(**wanted)
    workspace.close()
    console.print(f"Searches use the set “{name}” from now on.", markup=False)


def pull_with_progress(store: ModelStore, names: Sequence[str], console: Console, *, yes: bool) -> PullReport:
    """Fetch models with one bar; the terms are shown and asked for first.

    Raises
    ------
    SketchAppError
        There are terms to accept and nobody to ask.
    models.errors.ModelError
        See `models.registry.download.pull`.
    """
    from models.registry.download import pull

    if not yes and not sys.stdin.isatty():
        _refuse_unread_terms(store, names)

    def accept(entry: ModelEntry, licence: Licence) -> bool:
        return _accept(entry, licence, console, yes=yes)

    with _bar(console) as progress:
        return pull(store, names, accept=accept, progress=progress)


def _refuse_unread_terms(store: ModelStore, names: Sequence[str]) -> None:
    """Where nobody can be asked, say all the terms there are to accept, not the first alone."""
    unread = [
        entry
        for entry in store.select(names)
        if store.state(entry.name).status != "complete" and store.record(entry).licence != entry.licence.name
    ]
    if unread:
        terms = " ".join(_terms(entry, entry.licence) for entry in unread)
        raise SketchAppError(f"{terms} Read these terms, and accept them with --yes.")


def _terms(entry: ModelEntry, licence: Licence) -> str:
    return f"{entry.title}: {licence.name}. {licence.meaning} {licence.link}"


def _accept(entry: ModelEntry, licence: Licence, console: Console, *, yes: bool) -> bool:
    console.print(_terms(entry, licence), markup=False, highlight=False, soft_wrap=True)
    if yes:
        return True
    import typer

    return typer.confirm("Do you accept these terms?", err=True)


@contextmanager
def _bar(console: Console) -> Iterator[Callable[[PullProgress], None]]:
    """One bar over all files' bytes. It appears with the first byte: before, there may be a question."""
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,  # a log file has no use for a bar
    )
    task = bar.add_task("", total=None)

    def progress(now: PullProgress) -> None:
        bar.start()
        bar.update(
            task,
            description=f"{now.entry} {Path(now.file).name}",
            completed=now.done_bytes,
            total=now.total_bytes,
        )

    try:
        yield progress
    finally:
        bar.stop()


def print_pulled(report: PullReport, console: Console) -> None:
    """What ``models pull`` prints for people."""
    from models.registry.store import in_words

    for name in report.already:
        console.print(f"{name} was here already", markup=False)
    for name in report.fetched:
        console.print(f"{name} is here now", markup=False)
    if report.fetched:
        console.print(f"{in_words(report.fetched_bytes)} came")


def verify_with_progress(store: ModelStore, names: Sequence[str], console: Console) -> list[Finding]:
    """Read every file again, with one bar; returns what is wrong."""
    with _bar(console) as progress:
        return store.verify(names, progress)


def print_findings(findings: Sequence[Finding], console: Console) -> None:
    """What ``models verify`` prints for people."""
    for finding in findings:
        console.print(finding.sentence, markup=False, highlight=False, soft_wrap=True)
    if not findings:
        console.print("Every file is as it should be.")


def findings_as_json(findings: Sequence[Finding]) -> str:
    """What ``models verify --json`` prints."""
    return json.dumps([asdict(f) for f in findings], ensure_ascii=False, indent=1)


def import_with_progress(
    store: ModelStore, folder: Path, names: Sequence[str], console: Console
) -> ImportReport:
    """Take models in from a folder, with one bar."""
    from models.registry.importing import import_folder

    with _bar(console) as progress:
        return import_folder(store, folder, names, progress=progress)


def print_imported(store: ModelStore, report: ImportReport, console: Console) -> None:
    """What ``models import`` prints for people."""
    for name in report.already:
        console.print(f"{name} was here already", markup=False)
    for name in report.imported:
        licence = store.entries[name].licence
        console.print(f"{name} is here now ({licence.name}, {licence.link})", markup=False, soft_wrap=True)
