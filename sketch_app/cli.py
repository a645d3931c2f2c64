"""The command line: declares the commands. Nothing heavy is imported before a command runs.

Without a command, the window opens.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sketch_app import __version__
from sketch_app.cli_models import models_app
from sketch_app.cli_phone import phone_app
from sketch_app.cli_train import train_app

app = typer.Typer(
    name="sketch-app",
    help="Draw in the air, find the photo. Without a command, the window opens.",
    add_completion=False,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
)
app.add_typer(train_app, name="train")
app.add_typer(models_app, name="models")
app.add_typer(phone_app, name="phone")

GalleryOption = Annotated[
    Path | None,
    typer.Option(
        "--gallery",
        metavar="DIR",
        help="A folder of photos (indexed first), or a gallery's own folder. Your gallery when not given.",
    ),
]
ModelsOption = Annotated[
    str | None,
    typer.Option(
        "--models", metavar="SET", help="embedded or full, for this run; the settings' when not given."
    ),
]
DeviceOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Where the full models run: auto, cpu, mps, cuda, cuda:1."),
]
DataOption = Annotated[Path, typer.Option(metavar="DIR", help="Sketches and photos, see CONTRIBUTING.")]
SplitOption = Annotated[
    Path | None, typer.Option(metavar="JSON", help="What is held back; the program's own when not given.")
]
LimitOption = Annotated[
    int | None,
    typer.Option(
        min=2, help="Measure the signals with so many sketches: a generator on a processor takes long."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def _consoles(*, quiet: bool = False) -> tuple[Console, Console]:
    """Standard output, and standard error for progress and errors."""
    return Console(quiet=quiet, soft_wrap=True), Console(stderr=True)


@app.callback()
def window(
    context: typer.Context,
    gallery: GalleryOption = None,
    models: ModelsOption = None,
    device: DeviceOption = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Open the window when no command is given."""
    if version:
        typer.echo(__version__)
        raise typer.Exit
    if context.invoked_subcommand is not None:
        return
    from sketch_app.commands import for_this_run, open_workspace, plain_errors, require_display

    _, errors = _consoles()
    with plain_errors(errors):
        require_display()
        workspace = open_workspace(gallery, errors, for_now=for_this_run(models, device))
        from ui.app import run_window

        raise typer.Exit(run_window(workspace))


@app.command()
def index(
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="A folder of photos.")] = None,
    gallery: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the gallery in this folder instead of your own.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait while another program writes the gallery.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Add a folder of photos to the gallery, or bring every folder of it up to date."""
    from sketch_app.commands import index_with_progress, plain_errors, print_reports, reports_as_json
    from sketch_app.paths import AppPaths
    from sketch_app.workspace import Workspace

    out, errors = _consoles()
    with plain_errors(errors):
        workspace = Workspace(AppPaths.default(), gallery=gallery)
        reports = index_with_progress(workspace, folder, errors, wait=wait)
        if as_json:
            typer.echo(reports_as_json(reports))
        else:
            print_reports(reports, workspace, out)
        workspace.close()


@app.command()
def search(  # noqa: PLR0917 - typer's own way: every option is a parameter
    sketch: Annotated[
        Path, typer.Argument(metavar="SKETCH", help="A saved sketch (.json, .svg) or a picture of a drawing.")
    ],
    gallery: GalleryOption = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many photos.")] = 10,
    models: ModelsOption = None,
    device: DeviceOption = None,
    caption: Annotated[
        str | None, typer.Option(metavar="WORDS", help="What the sketch shows, in your words.")
    ] = None,
    imagined: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Also write the imagined picture.")
    ] = None,
    as_json: JsonOption = False,
    sheet: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Also write the drawing and its photos as a picture.")
    ] = None,
) -> None:
    """Find the photos that a sketch means."""
    from dataclasses import replace

    from sketch_app.commands import (
        answer_as_dict,
        answer_with_stages,
        for_this_run,
        open_workspace,
        plain_errors,
        prepare_with_progress,
        print_answer,
        read_sketch_file,
        save_answer_sheet,
        write_imagined,
    )

    out, errors = _consoles()
    with plain_errors(errors):
        request = replace(read_sketch_file(sketch), limit=limit, caption=caption)
        workspace = open_workspace(gallery, errors, for_now=for_this_run(models, device))
        prepare_with_progress(workspace, errors)
        update = answer_with_stages(workspace, request, errors)
        if as_json:
            typer.echo(json.dumps(answer_as_dict(update, sketch), ensure_ascii=False, indent=1))
        else:
            print_answer(update, out)
        if imagined is not None:
            write_imagined(update, imagined)
            errors.print(f"Wrote {imagined}", markup=False)
        if sheet is not None:
            save_answer_sheet(workspace, update, sheet)
            errors.print(f"Wrote {sheet}", markup=False)
        workspace.close()


@app.command()
def demo(  # noqa: PLR0917
    gallery: GalleryOption = None,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where pictures and the video go.")
    ] = None,
    subjects: Annotated[str, typer.Option(help="What to draw, separated by commas; all when empty.")] = "",
    models: ModelsOption = None,
    device: DeviceOption = None,
    video: Annotated[bool, typer.Option(help="Record a short video.")] = True,
) -> None:
    """Watch a virtual hand draw in front of the real tracker, and the photos come up."""
    from sketch_app.commands import for_this_run, plain_errors
    from sketch_app.demo import run_demo

    out, errors = _consoles()
    with plain_errors(errors):
        chosen = tuple(s.strip() for s in subjects.split(",") if s.strip())
        raise typer.Exit(
            run_demo(
                gallery=gallery,
                output=output,
                subjects=chosen,
                video=video,
                for_now=for_this_run(models, device),
                out=out,
                errors=errors,
            )
        )


@app.command()
def evaluate(  # noqa: PLR0917 - typer's own way: every option is a parameter
    data: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Sketches and photos, in a layout that CONTRIBUTING describes."),
    ],
    protocol: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="auto, seen (what a split holds back), sketchy-21, sketchy-25, tuberlin-30, quickdraw-30.",
        ),
    ] = "auto",
    unseen_classes: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Measure classes of your own choice, one a line, as unseen."),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The encoder's weights; those in use when not given."),
    ] = None,
    models: ModelsOption = None,
    device: DeviceOption = None,
    split: SplitOption = None,
    signals: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES", help="Of sketch,generated,class,fused; all that the models have when not given."
        ),
    ] = None,
    limit: LimitOption = None,
    bootstrap: Annotated[
        int, typer.Option(min=0, metavar="ROUNDS", help="Rounds for the intervals; 0 for none.")
    ] = 2000,
    report: Annotated[Path | None, typer.Option(metavar="DIR", help="Also write figures and sheets.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure sketch, imagined picture, caption and all fused, beside published figures."""
    from sketch_app.commands import for_this_run, plain_errors
    from sketch_app.evaluation import evaluate as measure
    from sketch_app.evaluation_report import print_result, results_as_dict, write_report

    console, errors = _consoles()
    with plain_errors(errors):
        results = measure(
            data,
            for_this_run(models, device),
            protocol=protocol,
            unseen_classes=unseen_classes,
            split=split,
            weights=weights,
            signals=signals,
            limit=limit,
            rounds=bootstrap,
            progress=errors,
        )
        if as_json:
            typer.echo(json.dumps(results_as_dict(results), ensure_ascii=False, indent=1))
        else:
            for result in results:
                print_result(result, console)
        if report is not None:
            write_report(report, results)
            errors.print(f"Figures and sheets are in {report}", markup=False)


@app.command()
def calibrate(  # noqa: PLR0917
    data: DataOption,
    models: ModelsOption = None,
    device: DeviceOption = None,
    split: SplitOption = None,
    limit: LimitOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be chosen.")] = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Keep weights that very few sketches gave, too.")
    ] = False,
) -> None:
    """Find how much each signal of the ranking should count, on held-back sketches, and keep it."""
    from sketch_app.calibration import calibrate_with_report
    from sketch_app.commands import for_this_run, plain_errors

    console, errors = _consoles()
    with plain_errors(errors):
        calibrate_with_report(
            data,
            for_this_run(models, device),
            split=split,
            limit=limit,
            dry_run=dry_run,
            anyway=anyway,
            console=console,
        )


def main() -> None:
    """Entry point of the command."""
    app()


if __name__ == "__main__":
    main()
