"""``sketch-app models``: declares the commands for the folder of models. Nothing heavy is imported before one
runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

models_app = typer.Typer(help="Get, check and remove the models of the full set.", no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
SomeNames = Annotated[list[str] | None, typer.Argument(metavar="[NAMES]...", help="Models and sets.")]
Names = Annotated[list[str], typer.Argument(metavar="NAMES...", help="Models and sets: full, sd-turbo, ...")]


def _consoles() -> tuple[Console, Console]:
    """Standard output, and standard error for progress, questions and errors."""
    return Console(soft_wrap=True), Console(stderr=True)


@models_app.command("list")
def list_models(as_json: JsonOption = False) -> None:
    """Show the models that the program knows, and what is here of them."""
    from sketch_app.commands import plain_errors
    from sketch_app.model_commands import model_store, models_as_json, print_models

    with plain_errors(Console(stderr=True)):
        if as_json:
            typer.echo(models_as_json(model_store()))
        else:
            print_models(model_store(), Console())


@models_app.command("pull")
def pull_models(
    names: Names,
    yes: Annotated[bool, typer.Option("--yes", help="Accept the models' terms.")] = False,
) -> None:
    """Fetch models from their public homes; goes on where an earlier pull stopped."""
    from sketch_app.commands import plain_errors
    from sketch_app.model_commands import model_store, print_pulled, pull_with_progress

    out, errors = _consoles()
    with plain_errors(errors):
        print_pulled(pull_with_progress(model_store(), names, errors, yes=yes), out)


@models_app.command("verify")
def verify_models(names: SomeNames = None, as_json: JsonOption = False) -> None:
    """Read every file again and compare its SHA-256; status 1 when one differs."""
    from sketch_app.commands import plain_errors
    from sketch_app.model_commands import (
        findings_as_json,
        model_store,
        print_findings,
        verify_with_progress,
    )

    out, errors = _consoles()
    with plain_errors(errors):
        findings = verify_with_progress(model_store(), names or (), errors)
        if as_json:
            typer.echo(findings_as_json(findings))
        else:
            print_findings(findings, out)
        if findings:
            raise typer.Exit(1)


@models_app.command("import")
def import_models(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of models, or of one.")],
    names: SomeNames = None,
) -> None:
    """Take models in from a folder, on a machine without internet say; they are copied and checked."""
    from sketch_app.commands import plain_errors
    from sketch_app.model_commands import import_with_progress, model_store, print_imported

    out, errors = _consoles()
    with plain_errors(errors):
        store = model_store()
        print_imported(store, import_with_progress(store, folder, names or (), errors), out)


@models_app.command("remove")
def remove_models(
    names: Names,
    forget: Annotated[
        bool, typer.Option("--forget", help="Forget which files they were, and that the terms were accepted.")
    ] = False,
) -> None:
    """Delete models' files."""
    from sketch_app.commands import plain_errors
    from sketch_app.model_commands import model_store

    out, errors = _consoles()
    with plain_errors(errors):
        from models.registry.store import in_words

        out.print(f"{in_words(model_store().remove(names, forget=forget))} freed")


@models_app.command("use")
def use_models(
    name: Annotated[str, typer.Argument(metavar="SET", help="embedded or full.")],
    captioner: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Fine-tuned captioner: folder, adapter or checkpoint; - for none."),
    ] = None,
    generator: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="A checkpoint of Img2Img-Turbo over SD-Turbo, in place of the published one and of your "
            "imported one; - for none.",
        ),
    ] = None,
    photo_model: Annotated[
        str | None, typer.Option(metavar="NAME", help="What compares photos: dinov2-small, dinov2-base, ...")
    ] = None,
    device: Annotated[str | None, typer.Option(metavar="NAME", help="auto, cpu, mps, cuda, cuda:1.")] = None,
) -> None:
    """Choose the models that every search uses from now on, in the window too."""
    from sketch_app.commands import plain_errors
    from sketch_app.model_commands import choose_models

    out, errors = _consoles()
    with plain_errors(errors):
        changes = {"photo_model": photo_model, "device": device}
        paths = {"captioner_weights": captioner, "generator_weights": generator}
        choose_models(name, {k: v for k, v in changes.items() if v is not None}, paths, out)
