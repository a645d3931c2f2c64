"""What the commands do, and how they speak: tables and progress for people, JSON for programs.

`sketch_app.cli` declares them; the window is not needed for any of them.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from rich.console import Console

from sketch_app.errors import SketchAppError
from sketch_app.paths import AppPaths
from sketch_app.photo_spaces import FAST_LANE
from sketch_app.workspace import Workspace

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from index.records import EmbedProgress, IndexProgress, IndexReport
    from sketch_app.protocols import Grey
    from sketch_app.search_types import PhotoResult, SearchRequest, SearchUpdate

BUSY_RETRY_SECONDS = 1.0


def open_workspace(
    gallery: Path | None,
    console: Console,
    *,
    paths: AppPaths | None = None,
    for_now: Mapping[str, Any] | None = None,
) -> Workspace:
    """The workspace of ``--gallery``: a gallery's own folder, or a folder of photos that is brought up to
    date.

    Parameters
    ----------
    for_now : mapping, optional
        Settings for this run alone, see `Workspace`.

    Raises
    ------
    SketchAppError
        The folder is not there.
    models.errors.ModelError
        The models that `for_now` names are not on this machine.
    """
    from index.gallery import DATABASE_NAME

    paths = paths or AppPaths.default()
    if gallery is None:
        return Workspace(paths, for_now=for_now)
    gallery = gallery.expanduser()
    if not gallery.is_dir():
        raise SketchAppError(f"There is no folder {gallery}: give a folder of photos, or a gallery's folder.")
    if (gallery / DATABASE_NAME).exists():
        return Workspace(paths, gallery=gallery, for_now=for_now)
    workspace = Workspace(paths, gallery=paths.gallery_of_folder(gallery), for_now=for_now)
    index_with_progress(workspace, gallery, console)
    return workspace


def require_display() -> None:
    """See that a window can be shown: Qt ends the process where it cannot.

    Raises
    ------
    SketchAppError
        There is no display.
    """
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform == "linux" and not any(os.environ.get(name) for name in names):
        raise SketchAppError(
            "There is no display to show the window on: “sketch-app demo” and “sketch-app search” need none."
        )


def for_this_run(models: str | None = None, device: str | None = None) -> dict[str, Any]:
    """The settings that the options ``--models`` and ``--device`` stand for.

    Raises
    ------
    models.devices.DeviceError
        There is no such device, or it cannot be used.
    """
    if device not in (None, "auto"):
        from models.devices import choose_placement

        choose_placement(str(device))
    return {k: v for k, v in {"models": models, "device": device}.items() if v is not None}


def prepare_with_progress(workspace: Workspace, console: Console) -> None:
    """Embed what the gallery lacks of the models that compare photos, with a progress bar where that is
    something.

    Raises
    ------
    index.errors.GalleryError, models.errors.ModelError
        Each with a sentence.
    """
    for spaces in workspace.all_spaces:
        if spaces.lane == FAST_LANE and spaces.status().settled:
            continue  # photos are embedded for it while they are added
        purpose = "your sketches" if spaces.lane == FAST_LANE else "the imagined picture"
        with _progress_bar(console) as bar:
            task = bar.add_task(f"Preparing photos for {purpose}", total=None)

            def progress(state: EmbedProgress, bar: Progress = bar, task: TaskID = task) -> None:
                bar.update(task, completed=state.done, total=state.total)

            done = spaces.prepare(progress)
        if done.report.failed:
            console.print(f"{done.report.failed} photos could not be prepared: their files are out of reach.")


def index_with_progress(
    workspace: Workspace, folder: Path | None, console: Console, *, wait: bool = False
) -> tuple[IndexReport, ...]:
    """Index with a progress bar; with `wait`, until another process has finished writing."""
    from index.errors import GalleryBusyError

    warnings.filterwarnings("ignore", message="Corrupt EXIF data")  # such files are listed, or shown without
    with _progress_bar(console) as bar:
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


def _progress_bar(console: Console) -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,  # a log file has no use for a bar, nor for the line it leaves
    )


def answer_with_stages(workspace: Workspace, request: SearchRequest, console: Console) -> SearchUpdate:
    """Answer a search, saying what each stage of the deep lane gave as soon as it is there.

    Raises
    ------
    SketchAppError, index.errors.GalleryError, models.errors.ModelError
        Each with a sentence.
    """
    from sketch_app.search_types import Stage

    def say(update: SearchUpdate, words: str) -> None:
        console.print(f"{update.seconds:6.1f} s  {words}", markup=False, soft_wrap=True, highlight=False)

    caption, notice = None, None
    for update in workspace.search.stages(request):
        if workspace.models.generator is None:
            continue
        if update.stage is Stage.FAST and update.names:
            say(update, f"it looks like: {update.names[0].english}")
        if update.stage is not Stage.FAST and update.caption != caption:
            caption = update.caption
            say(update, caption or "")
        if update.stage is Stage.GENERATED and update.generated is not None:
            say(update, f"imagined a picture of {update.generated.shape[0]} px")
        if update.notice and update.notice != notice:
            notice = update.notice
            say(update, notice)
    return update


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
        "weights": update.weights.as_dict() if update.weights else None,
        "stage_seconds": {k: round(v, 3) for k, v in update.stage_seconds.items()},
        "notice": update.notice,
        "names": [asdict(name) for name in update.names],
        "photos_in_gallery": update.gallery_count,
        "seconds": round(update.seconds, 3),
        "results": [_result_as_dict(r) for r in update.results],
    }


def _result_as_dict(result: PhotoResult) -> dict[str, Any]:
    return {
        "path": None if result.path is None else _readable(result.path),
        "other_paths": [_readable(p) for p in result.other_paths],
        "phones": [asdict(place) for place in result.phones],
        "score": round(result.score, 4),
        "signals": {k: round(v, 4) for k, v in result.signals.items()},
        "width": result.width,
        "height": result.height,
        "taken_at": result.taken_at.isoformat() if result.taken_at else None,
    }


def _where(result: PhotoResult) -> str:
    """Where a photo is found: its file, or its place on a phone, whose preview alone may be here."""
    on_phones = [f"{place.phone}: {place.album}/{place.file}" for place in result.phones]
    if result.path is not None:
        return " = ".join([_readable(result.path), *on_phones])
    return f"{' = '.join(on_phones)} (its preview is here)" if on_phones else "(gone)"


def _readable(path: Path) -> str:
    """A path that can be printed whatever bytes its name has."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


def write_imagined(update: SearchUpdate, path: Path) -> None:
    """Write the imagined picture as a PNG.

    Raises
    ------
    SketchAppError
        There is none, or it cannot be written.
    """
    from io import BytesIO

    from PIL import Image

    from sketch_app.atomic_files import write_atomically

    if update.generated is None:
        raise SketchAppError(
            f"Nothing was imagined, so {path} was not written: see the sentence above, or search with other "
            "models."
        )
    png = BytesIO()
    Image.fromarray(update.generated).save(png, "PNG")
    try:
        write_atomically(path, png.getvalue())
    except OSError as error:
        raise SketchAppError(f"{path} cannot be written ({error.strerror}).") from error


def save_answer_sheet(workspace: Workspace, update: SearchUpdate, path: Path) -> None:
    """Write the drawing, what was imagined and the first photos as a picture."""
    from sketch_app.contact_sheet import SheetRow, save_sheet

    shown = update.results[:6]
    pictures = [workspace.thumbnail(r.photo_id, 256) for r in shown]
    captions = [_caption(r) for r in shown]
    if update.generated is not None:
        pictures, captions = [update.generated, *pictures[:5]], ["imagined", *captions[:5]]
    name = update.names[0].english if update.names else ""
    save_sheet(path, [SheetRow(drawing_of(update.request), name, pictures, captions)])


def _caption(result: PhotoResult) -> str:
    """Under a photo of the sheet: how like it is, and what it is called."""
    name = result.phones[0].file if result.phones else _readable(result.path) if result.path else "gone"
    return f"{result.percent} %  {PurePath(name).name}"


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
        where = escape(_where(result))
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

    from sketch_app.errors import is_own_error, sentence_of

    try:
        yield
    except Exception as error:
        if not is_own_error(error):
            raise
        logging.getLogger(__name__).debug("Command failed", exc_info=True)
        console.print(f"sketch-app: {sentence_of(error)}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error
