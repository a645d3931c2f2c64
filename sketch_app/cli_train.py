"""``sketch-app train``: declares the training commands. Nothing heavy is imported before one runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from models.encoder_layout import MOST_TOWERS
from sketch_app.generator_defaults import defaults_for, either

train_app = typer.Typer(
    help="Train the models: those that come with the program, and the full ones.", no_args_is_help=True
)

OutOption = Annotated[
    Path,
    typer.Option(metavar="DIR", help="The run: checkpoints, report, weights; a run in it is gone on with."),
]
PiecesOption = Annotated[
    int, typer.Option(min=1, help="Batches that make one step, where a larger one does not fit the memory.")
]
PrecisionOption = Annotated[
    str, typer.Option(metavar="no|bf16|fp16", help="Number format of the forward pass.")
]
RateOption = Annotated[
    float | None, typer.Option(min=0.0, help="Learning rate; the recipe's when not given.")
]
CheckpointingOption = Annotated[bool, typer.Option("--checkpoint-gradients", help="Less memory, more time.")]
SeedOption = Annotated[int, typer.Option(help="Two runs with one seed are the same run.")]
DeviceOption = Annotated[str, typer.Option(metavar="NAME", help="auto, cpu, mps, cuda, cuda:1.")]
UnseenOption = Annotated[str, typer.Option(help="Classes to leave out altogether, separated by commas.")]
HeldBackOption = Annotated[
    float,
    typer.Option(min=0.0, max=0.9, help="Share of each class's source photos that is measured by."),
]
ValidateOption = Annotated[
    int | None, typer.Option(min=1, help="Steps between two measurements; a twentieth of all when not given.")
]
CheckpointOption = Annotated[int, typer.Option(min=1, help="Steps between two checkpoints.")]
PatienceOption = Annotated[
    int, typer.Option(min=1, help="Measurements without a better figure after which the run ends.")
]
RankOption = Annotated[int, typer.Option(min=1, help="Rank of the adapter.")]


@train_app.command("encoder")
def train_encoder(  # noqa: PLR0917 - typer's own way: every option is a parameter
    data: Annotated[Path, typer.Option(metavar="DIR", help="Sketches and photos, see CONTRIBUTING.")],
    out: OutOption = Path("runs/encoder"),
    also: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="A folder of more sketches; may be repeated.")
    ] = None,
    steps: Annotated[
        int, typer.Option(min=1, help="Of the first tower; a further one takes about three quarters.")
    ] = 8500,
    towers: Annotated[
        int, typer.Option(min=1, max=MOST_TOWERS, help="Sketch towers that read a sketch together.")
    ] = 2,
    batch: Annotated[int, typer.Option(min=2, help="Sketches a piece.")] = 64,
    pieces: PiecesOption = 1,
    precision: PrecisionOption = "no",
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    unseen: UnseenOption = "",
    validate_every: ValidateOption = None,
    checkpoint_every: CheckpointOption = 100,
    patience: PatienceOption = 6,
) -> None:
    """Train the encoder of sketches and photos that comes with the program."""
    from sketch_app.commands import plain_errors

    console, errors = consoles()
    with plain_errors(errors):
        from sketch_app.recipes_encoder import train_encoder as teach
        from sketch_app.training_runs import RunOptions

        options = RunOptions(
            out, steps, pieces, precision, device, seed, validate_every, checkpoint_every, patience
        )
        teach(data, also or (), options, console, towers=towers, batch=batch, unseen=names(unseen))


@train_app.command("captioner")
def train_captioner(  # noqa: PLR0917
    data: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Class folders of sketches, or pictures with metadata.jsonl or .csv."
        ),
    ],
    base: Annotated[
        str, typer.Option(metavar="DIR|NAME", help="BLIP to begin with: a folder, or a model that is here.")
    ] = "blip-image-captioning-base",
    out: OutOption = Path("runs/captioner"),
    method: Annotated[str, typer.Option(metavar="lora|full", help="An adapter, or all weights.")] = "lora",
    rank: RankOption = 16,
    steps: Annotated[int, typer.Option(min=1, help="Updates of the weights.")] = 4000,
    batch: Annotated[int, typer.Option(min=1, help="Pictures a piece.")] = 16,
    pieces: PiecesOption = 1,
    precision: PrecisionOption = "no",
    rate: RateOption = None,
    checkpoint_gradients: CheckpointingOption = False,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    unseen: UnseenOption = "",
    held_back: HeldBackOption = 0.1,
    validate_every: ValidateOption = None,
    checkpoint_every: CheckpointOption = 100,
    patience: PatienceOption = 5,
) -> None:
    """Teach the full captioner (BLIP) to name sketches."""
    from sketch_app.commands import plain_errors

    console, errors = consoles()
    with plain_errors(errors):
        from models.training.captioner import CaptionerSettings
        from sketch_app.recipes import train_captioner as teach
        from sketch_app.training_runs import RunOptions

        settings = CaptionerSettings(
            method=method,
            rank=rank,
            batch=batch,
            rate=rate,
            checkpoint_gradients=checkpoint_gradients,
            unseen=names(unseen),
            held_back=held_back,
            seed=seed,
        )
        options = RunOptions(
            out, steps, pieces, precision, device, seed, validate_every, checkpoint_every, patience
        )
        teach(data, base, settings, options, console)


@train_app.command("sketch-adapter")
def train_sketch_adapter(  # noqa: PLR0917
    data: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Sketches and photos in class folders, or index.csv as CONTRIBUTING has it."
        ),
    ],
    base: Annotated[
        str, typer.Option(metavar="DIR|NAME", help="DINOv2 to begin with: a folder, or a model that is here.")
    ] = "dinov2-small",
    out: OutOption = Path("runs/sketch-adapter"),
    rank: RankOption = 16,
    feed_forward: Annotated[
        bool, typer.Option(help="Adapt the feed-forward layers beside attention.")
    ] = True,
    steps: Annotated[int, typer.Option(min=1, help="Updates of the weights.")] = 4000,
    batch: Annotated[int, typer.Option(min=1, help="Sketches a piece.")] = 32,
    pieces: PiecesOption = 1,
    precision: PrecisionOption = "no",
    rate: RateOption = None,
    checkpoint_gradients: CheckpointingOption = False,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    unseen: UnseenOption = "",
    held_back: HeldBackOption = 0.1,
    validate_every: ValidateOption = None,
    checkpoint_every: CheckpointOption = 100,
    patience: PatienceOption = 5,
) -> None:
    """Teach the photo model (DINOv2) to put a sketch where its photos lie."""
    from sketch_app.commands import plain_errors

    console, errors = consoles()
    with plain_errors(errors):
        from models.training.sketch_adapter import SketchAdapterSettings
        from sketch_app.recipes import train_sketch_adapter as teach
        from sketch_app.training_runs import RunOptions

        settings = SketchAdapterSettings(
            rank=rank,
            feed_forward=feed_forward,
            batch=batch,
            rate=SketchAdapterSettings.rate if rate is None else rate,
            checkpoint_gradients=checkpoint_gradients,
            unseen=names(unseen),
            held_back=held_back,
            seed=seed,
        )
        options = RunOptions(
            out, steps, pieces, precision, device, seed, validate_every, checkpoint_every, patience
        )
        teach(data, base, settings, options, console)


@train_app.command("generator")
def train_generator(  # noqa: PLR0917
    data: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Sketches and photos, or photos alone, in class folders; or index.csv."
        ),
    ],
    base: Annotated[
        str,
        typer.Option(metavar="DIR|NAME", help="Base to put low-rank factors on; from nothing when empty."),
    ] = "",
    out: OutOption = Path("runs/generator"),
    size: Annotated[str, typer.Option(metavar="embedded|tiny", help="Of a base from nothing.")] = "embedded",
    steps: Annotated[
        int, typer.Option(min=1, help="Updates of the weights; of a base from nothing, in its last stage.")
    ] = 10_000,
    batch: Annotated[
        int | None, typer.Option(min=1, help="Pairs a piece.", show_default=either("batch"))
    ] = None,
    pieces: PiecesOption = 1,
    side: Annotated[
        int | None, typer.Option(min=32, help="Of the pictures, in pixels.", show_default=either("side"))
    ] = None,
    small_share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of the steps at half that side, to begin with.")
    ] = 0.0,
    rank_unet: Annotated[int, typer.Option(min=1, help="Rank of the UNet's factors.")] = 8,
    rank_vae: Annotated[int, typer.Option(min=1, help="Rank of the VAE's factors.")] = 4,
    l2: Annotated[
        float | None,
        typer.Option(min=0.0, help="Weight of the squared difference.", show_default=either("l2")),
    ] = None,
    perceptual: Annotated[
        float | None,
        typer.Option(min=0.0, help="Weight of the perceptual distance.", show_default=either("perceptual")),
    ] = None,
    alignment: Annotated[
        float | None,
        typer.Option(min=0.0, help="Weight of picture against words.", show_default=either("alignment")),
    ] = None,
    adversarial: Annotated[
        float | None,
        typer.Option(min=0.0, help="Weight of the critic.", show_default=either("adversarial")),
    ] = None,
    clip: Annotated[
        str, typer.Option(metavar="DIR", help="A CLIP model that compares picture and words.")
    ] = "",
    sketched: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Share of people's sketches; the rest is drawn from photos.",
            show_default=either("sketched"),
        ),
    ] = None,
    emphasis: Annotated[bool, typer.Option(help="Draw the forty measured classes more often.")] = False,
    split: Annotated[Path | None, typer.Option(metavar="FILE", help="What is held back, by name.")] = None,
    coder_steps: Annotated[
        int, typer.Option(min=1, help="Of a base from nothing: steps of its VAE alone, to begin with.")
    ] = 1500,
    latent_steps: Annotated[int, typer.Option(min=1, help="And of its UNet alone, after that.")] = 3000,
    precision: PrecisionOption = "no",
    rate: Annotated[
        float | None, typer.Option(min=0.0, help="Learning rate.", show_default=either("rate"))
    ] = None,
    checkpoint_gradients: CheckpointingOption = False,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    held_back: HeldBackOption = 0.1,
    validate_every: ValidateOption = None,
    checkpoint_every: CheckpointOption = 100,
    patience: PatienceOption = 10,
) -> None:
    """Teach Img2Img-Turbo to make pictures of sketches: whole from nothing, or by low-rank factors."""
    from sketch_app.commands import plain_errors

    given: dict[str, Any] = {
        "batch": batch,
        "side": side,
        "l2": l2,
        "perceptual": perceptual,
        "alignment": alignment,
        "adversarial": adversarial,
        "sketched": sketched,
        "rate": rate,
    }
    console, errors = consoles()
    with plain_errors(errors):
        from sketch_app.recipes_generator import GeneratorOptions, lesson_settings
        from sketch_app.recipes_generator import train_generator as teach
        from sketch_app.training_runs import RunOptions

        chosen = replace(defaults_for(base), **{k: v for k, v in given.items() if v is not None})
        settings = lesson_settings(
            chosen,
            learns="lora" if base else "base",
            steps=steps,
            small_share=small_share,
            rank_unet=rank_unet,
            rank_vae=rank_vae,
            checkpoint_gradients=checkpoint_gradients,
            seed=seed,
        )
        own = GeneratorOptions(
            base,
            chosen.sketched,
            emphasis,
            clip,
            split,
            held_back,
            size,
            coder_steps=coder_steps,
            latent_steps=latent_steps,
            stage_batch=chosen.batch,
        )
        options = RunOptions(
            out, steps, pieces, precision, device, seed, validate_every, checkpoint_every, patience
        )
        teach(data, settings, own, options, console)


def consoles() -> tuple[Console, Console]:
    """Standard output, and standard error for errors."""
    return Console(soft_wrap=True), Console(stderr=True)


def names(text: str) -> tuple[str, ...]:
    """What stands between commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())
