"""What the commands do, and how they speak: tables and progress for people, JSON for programs.

`sketch_app.cli` declares them; the window is not needed for any of them.
"""

from __future__ import annotations

import json
import logging
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from sketch_app.errors import SketchAppError
from sketch_app.paths import AppPaths
from sketch_app.workspace import Workspace

if TYPE_CHECKING:
    from index.records import IndexProgress, IndexReport
    from sketch_app.protocols import Grey
    from sketch_app.search_types import PhotoResult, SearchRequest, SearchUpdate

BUSY_RETRY_SECONDS = 1.0


def open_workspace(gallery: Path | None, console: Console, *, paths: AppPaths | None = None) -> Workspace:
    """The workspace of ``--gallery``: a gallery's own folder, or a folder of photos that is brought up to
    date.

    Raises
    ------
    SketchAppError
        The folder is not there.
    """
    from index.gallery import DATABASE_NAME

    paths = paths or AppPaths.default()
    if gallery is None:
        return Workspace(paths)
    gallery = gallery.expanduser()
    if not gallery.is_dir():
        raise SketchAppError(f"There is no folder {gallery}: give a folder of photos, or a gallery's folder.")
    if (gallery / DATABASE_NAME).exists():
        return Workspace(paths, gallery=gallery)
    workspace = Workspace(paths, gallery=paths.gallery_of_folder(gallery))
    index_with_progress(workspace, gallery, console)
    return workspace


def index_with_progress(
    workspace: Workspace, folder: Path | None, console: Console, *, wait: bool = False
) -> tuple[IndexReport, ...]:
    """Index with a progress bar; with `wait`, until another process has finished writing."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from index.errors import GalleryBusyError

    warnings.filterwarnings("ignore", message="Corrupt EXIF data")  # such files are listed, or shown without
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,  # a log file has no use for a bar, nor for the line it leaves
    )
    with bar:
        task = bar.add_task("Looking for photos", total=None)

        def progress(state: IndexProgress) -> None:
            described = "Looking for photos" if state.phase == "scanning" else "Reading photos"
            total = None if state.phase == "scanning" else state.total
            bar.update(task, description=described, completed=state.done, total=total)

        told = False
        while True:
            try:
                return workspace.index_folder(folder, progress=progress)
            except GalleryBusyError as error:
                if not wait:
                    raise
                if not told:
                    console.print(f"{error} Waiting.")
                    told = True
                time.sleep(BUSY_RETRY_SECONDS)


def read_sketch_file(path: Path) -> SearchRequest:
    """A search for a sketch file: our own JSON or SVG, or a picture of a drawing.

    Raises
    ------
    SketchAppError
        The file cannot be read or is empty.
    """
    from sketch_app.drawing_pictures import PICTURE_SUFFIXES, load_drawing_picture
    from sketch_app.search_types import SearchRequest
    from sketch_app.sketch import Sketch
    from sketch_app.sketch_files import load_sketch

    if path.suffix.lower() in PICTURE_SUFFIXES:
        return SearchRequest(0, Sketch(), 0, picture=load_drawing_picture(path))
    sketch = load_sketch(path)
    if sketch.is_empty:
        raise SketchAppError(f"{path} is an empty sketch: draw something first.")
    return SearchRequest(0, sketch, 0)


def answer_as_dict(update: SearchUpdate, sketch: Path) -> dict[str, Any]:
    """What ``search --json`` prints."""
    return {
        "sketch": str(sketch),
        "caption": update.caption,
        "names": [asdict(name) for name in update.names],
        "photos_in_gallery": update.gallery_count,
        "seconds": round(update.seconds, 3),
        "results": [_result_as_dict(r) for r in update.results],
    }


def _result_as_dict(result: PhotoResult) -> dict[str, Any]:
    return {
        "path": None if result.path is None else _readable(result.path),
        "other_paths": [_readable(p) for p in result.other_paths],
        "score": round(result.score, 4),
        "signals": {k: round(v, 4) for k, v in result.signals.items()},
        "width": result.width,
        "height": result.height,
        "taken_at": result.taken_at.isoformat() if result.taken_at else None,
    }


def _readable(path: Path) -> str:
    """A path that can be printed whatever bytes its name has."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


def print_answer(update: SearchUpdate, console: Console) -> None:
    """What ``search`` prints for people."""
    from rich.markup import escape

    if update.names:
        console.print(", ".join(f"{n.english} {n.probability:.0%}" for n in update.names[:3]))
    if update.gallery_count == 0:
        console.print("The gallery is empty: add photos with “sketch-app index FOLDER”.")
        return
    # Lines, not a table: a table would cut the paths to the terminal's width, and their ends are their names.
    console.print("    likeness  taken       photo")
    for rank, result in enumerate(update.results, 1):
        where = escape(_readable(result.path)) if result.path else "(gone)"
        more = f" (+{len(result.other_paths)})" if result.other_paths else ""
        taken = f"{result.taken_at:%Y-%m-%d}" if result.taken_at else ""
        console.print(f"{rank:>2}  {result.percent:>6} %  {taken:<10}  {where}{more}", soft_wrap=True)
    console.print(f"{update.gallery_count} photos searched in {update.seconds:.2f} s")


def print_reports(reports: tuple[IndexReport, ...], workspace: Workspace, console: Console) -> None:
    """What ``index`` prints for people."""
    from rich.markup import escape

    for report in reports:
        parts = [
            f"{report.added} added",
            f"{report.unchanged} unchanged",
            f"{report.moved} moved",
            f"{report.copies} copies",
            f"{report.missing} missing",
        ]
        console.print(", ".join(parts) + f" in {report.seconds:.1f} s")
        for skipped in report.skipped[:20]:
            console.print(f"  skipped {escape(skipped.display)}: {escape(skipped.reason)}")
        if len(report.skipped) > 20:
            console.print(f"  and {len(report.skipped) - 20} more skipped")
    workspace.open()
    summary = workspace.gallery_summary()
    console.print(f"{summary.photo_count} photos in {escape(str(summary.directory))}")


def reports_as_json(reports: tuple[IndexReport, ...]) -> str:
    """What ``index --json`` prints."""
    rows = []
    for report in reports:
        row = asdict(report)
        row["skipped"] = [{"path": s.display, "reason": s.reason} for s in report.skipped]
        rows.append(row)
    return json.dumps(rows, ensure_ascii=False, indent=1)


def drawing_of(request: SearchRequest) -> Grey:
    """The drawing as the models see it."""
    from sketch_app.raster import render_for_model

    return render_for_model(request.sketch) if request.picture is None else request.picture


@contextmanager
def plain_errors(console: Console) -> Iterator[None]:
    """Turn our own errors into one sentence on standard error and exit status 1."""
    import typer

    from sketch_app.search import is_own_error, sentence_of

    try:
        yield
    except Exception as error:
        if not is_own_error(error):
            raise
        logging.getLogger(__name__).debug("Command failed", exc_info=True)
        console.print(f"sketch-app: {sentence_of(error)}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error
