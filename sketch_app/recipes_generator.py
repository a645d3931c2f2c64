"""The training command of the generator, from a folder of data to networks, report and card.
`sketch_app.cli_train` declares it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from sketch_app.errors import SketchAppError
from sketch_app.training_runs import (
    RunOptions,
    command_line,
    figures_line,
    find_base,
    made_folder,
    require_training_packages,
    run_with_progress,
    training_device,
    write_split,
)

if TYPE_CHECKING:
    from models.training.dataset import SketchPhotoData, Split
    from models.training.generator import GeneratorSettings
    from models.training.lesson import Lesson
    from sketch_app.generator_defaults import GeneratorDefaults


_STAGES = {
    "coder": "Stage 1 of 3: the VAE, {} steps (--coder-steps).",
    "latents": "Stage 2 of 3: the UNet, {} steps (--latent-steps).",
    "all": "Stage 3 of 3: both together, {} steps (--steps).",
}
"""Of a base from nothing."""
_SIDES_STEP = 16
"""Eight pixels are a cell of the latent, and pictures of half the side may come first."""


@dataclass(frozen=True)
class GeneratorOptions:
    """What the command's own options stand for.

    Attributes
    ----------
    base
        A folder or a model of the store; empty to begin from nothing.
    sketched
        Share of a batch that is people's sketches.
    emphasis
        Draw the classes that measure a generator more often.
    clip
        Folder of a CLIP model that compares picture and words; the embedded encoder's classes do when empty.
    split
        A split's file; when None, ``held_back`` of each class's source photos are held back.
    size
        Of a base from nothing: a name in `models.training.generator_base.SIZES`.
    coder_steps, latent_steps
        Of its VAE and of its UNet, each taught alone before all is taught together.
    stage_batch, stage_rate
        Pairs a piece and learning rate of those.
    """

    base: str = ""
    sketched: float = 0.3
    emphasis: bool = False
    clip: str = ""
    split: Path | None = None
    held_back: float = 0.1
    size: str = "embedded"
    coder_steps: int = 1500
    latent_steps: int = 3000
    stage_batch: int = 16
    stage_rate: float = 6e-4


def lesson_settings(
    chosen: GeneratorDefaults, *, steps: int, small_share: float, **settings: Any
) -> GeneratorSettings:
    """What decides the lesson: the chosen numbers and further fields of `GeneratorSettings`.

    Parameters
    ----------
    small_share
        Of the steps, at half the side to begin with.

    Raises
    ------
    SketchAppError
        The networks cannot halve the side as often as they do.
    """
    from models.training.generator import GeneratorSettings

    side = chosen.side
    if side % _SIDES_STEP:
        raise SketchAppError(
            f"Pictures of {side} px cannot be halved as often as the networks do: give a multiple of "
            f"{_SIDES_STEP} with --side."
        )
    return GeneratorSettings(
        steps=steps,
        batch=chosen.batch,
        sides=((small_share, side // 2), (1.0, side)) if small_share else ((1.0, side),),
        l2=chosen.l2,
        perceptual=chosen.perceptual,
        alignment=chosen.alignment,
        adversarial=chosen.adversarial,
        rate=chosen.rate,
        critic_rate=chosen.rate,
        seen_at=min(224, max(96, side)),
        **settings,
    )


def train_generator(
    data: Path,
    settings: GeneratorSettings,
    own: GeneratorOptions,
    options: RunOptions,
    console: Console,
) -> None:
    """Run the generator's recipe; writes the run, ``generator/`` and ``report/``.

    Raises
    ------
    SketchAppError, models.errors.ModelError, models.training.dataset.DatasetError
        Something that was asked for is not there; nothing was written then.
    models.training.errors.TrainingError
        The folder holds another run, or the run cannot go on.
    """
    import checkpoints
    from models.training.generator_base import SIZES
    from models.training.generator_export import export_generator, report_generator
    from models.training.generator_figures import measure_generator
    from models.training.generator_opening import base_from_nothing, open_lesson
    from models.training.layouts import open_photos
    from models.training.loop import History
    from models.training.photo_classifier import PhotoClassifier, measured_classes
    from models.training.picture_losses import ClipAlignment
    from models.training.provenance import Base

    require_training_packages()
    if own.size not in SIZES:
        raise SketchAppError(f"There is no size “{own.size}”: choose {' or '.join(SIZES)}.")
    loop_settings = replace(
        options.loop_settings(),
        betas=(0.5, 0.99) if settings.learns == "base" else (0.9, 0.999),
        average=0.998,
    )
    device = training_device(options.device)
    opened = open_photos(data)
    split = _split_of(opened, own, options.seed)
    measured = measured_classes()
    known = {s.class_name for s in opened.sketches or opened.photos} & measured.keys()
    # Both before hours are spent: either may not be on this machine.
    classifier = PhotoClassifier()
    alignment = ClipAlignment(Path(own.clip)) if own.clip else None
    networks = Path(checkpoints.__file__).parent
    base = find_base(own.base, "generator") if own.base else None
    out = made_folder(options.out)
    if base is None:
        names = {p.class_name for p in (*opened.photos, *opened.sketches)}
        folder = base_from_nothing(out / "base", SIZES[own.size], names, seed=options.seed, networks=networks)
        side = settings.side_at(0)
        staged = _stage(opened, split, own, options, console, folder=folder, side=side, measured=known)
        base = Base(staged, "nothing", "other", "The terms are those of the data.")
    lesson = open_lesson(
        opened,
        split,
        base.folder,
        settings,
        networks=networks,
        measured=known if own.emphasis else (),
        emphasis=known if own.emphasis else (),
        sketched=own.sketched,
        alignment=alignment,
    )
    if not own.base:
        console.print(_STAGES["all"].format(options.steps), highlight=False)
    run_with_progress(lesson, loop_settings, out, device=device, title="Generator", console=console)
    write_split(split, out)
    figures = measure_generator(lesson, classifier, captions=_captions)
    for title, told in figures.items():
        console.print(f"{title}: {figures_line(told)}", highlight=False)
    report_generator(lesson, out / "report", figures, History.read(out))
    written = export_generator(lesson, base, out, figures, command=command_line())
    console.print(f"The generator is in {written}; figures and a sheet are in {out / 'report'}", markup=False)


def _captions(sketches: Sequence[NDArray[np.uint8]]) -> list[str]:
    """What the program would prompt with where nobody says what the sketches show."""
    from models.embedded import EmbeddedEncoder

    encoder = EmbeddedEncoder()
    first = [encoder.name_sketches([sketch], limit=1)[0][0] for sketch in sketches]
    return [guess.class_name.replace("_", " ") for guess in first]


def _stage(
    opened: SketchPhotoData,
    split: Split,
    own: GeneratorOptions,
    options: RunOptions,
    console: Console,
    *,
    folder: Path,
    side: int,
    measured: Collection[str],
) -> Path:
    """Teach a base from nothing its VAE and then its UNet, each in a run of its own beside the base."""
    import checkpoints
    from models.training.generator_opening import stage_base
    from models.training.generator_stages import StageSettings

    def teach(lesson: Lesson, stage: str) -> None:
        steps = own.coder_steps if stage == "coder" else own.latent_steps
        console.print(_STAGES[stage].format(steps), highlight=False)
        run_with_progress(
            lesson,
            replace(replace(options, steps=steps).loop_settings(), betas=(0.9, 0.99), average=0.995),
            options.out / stage,
            device=training_device(options.device),
            title={"coder": "VAE", "latents": "UNet"}[stage],
            console=console,
        )

    return stage_base(
        folder,
        opened,
        split,
        StageSettings(batch=own.stage_batch, side=side, rate=own.stage_rate, seed=options.seed),
        teach,
        networks=Path(checkpoints.__file__).parent,
        emphasis=measured if own.emphasis else (),
        sketched=own.sketched,
    )


def _split_of(opened: SketchPhotoData, own: GeneratorOptions, seed: int) -> Split:
    """What is held back: as a file says, or a share of each class's source photos."""
    from models.training.dataset import Split
    from models.training.sketch_photo_split import SketchPhotoSplit, photos_alone

    if own.split is not None:
        return Split.load(own.split)
    if not opened.sketches:
        return photos_alone(opened, held_back=own.held_back, seed=seed)
    return SketchPhotoSplit.of(opened, held_back=own.held_back, seed=seed).named(opened)
