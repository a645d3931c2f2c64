"""What ``train generator`` does where an option is not given: it depends on the base that it begins with.

Nothing heavy is imported: the command's help shows these.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sketch_app.errors import SketchAppError


@dataclass(frozen=True)
class GeneratorDefaults:
    """Pairs a piece, side of the pictures in pixels, weights of the losses, share of people's sketches, and
    learning rate.
    """

    batch: int
    side: int
    l2: float
    perceptual: float
    alignment: float
    adversarial: float
    sketched: float
    rate: float


PUBLISHED = GeneratorDefaults(4, 512, 1.0, 5.0, 5.0, 0.5, 0.3, 5e-6)
"""Over SD-Turbo: those of the published training code (train_pix2pix_turbo.py); the share of sketches is
ours.
"""
SMALL = GeneratorDefaults(16, 64, 0.5, 1.0, 2.0, 0.0, 0.25, 1e-4)
"""For a base from nothing, and over such a base: what the generator in ``checkpoints/`` was trained with.

At a rate of 3e-4 its last stage lost what the stages before had taught: its pictures found photos with
mAP@all .08 after 250 steps, at this rate with .15. A critic won within 200 steps and taught nothing.
"""


def defaults_for(base: str) -> GeneratorDefaults:
    """Those for a base as ``--base`` names it: a folder or a model of the store; from nothing when empty.

    Raises
    ------
    SketchAppError
        The folder says of itself that it is a generator's, and not at which side it was trained.
    """
    from pathlib import Path

    from models.errors import WeightsError
    from models.training_record import RECORD_FILE, trained_side

    if not base:
        return SMALL
    folder = Path(base).expanduser()
    if not (folder / RECORD_FILE).exists():
        return PUBLISHED
    try:
        return replace(SMALL, side=trained_side(folder))
    except WeightsError as error:
        raise SketchAppError(str(error)) from error


def either(name: str) -> str:
    """A default as the command's help shows it."""
    small, published = getattr(SMALL, name), getattr(PUBLISHED, name)
    return f"{small}" if small == published else f"{small}, over SD-Turbo {published}"
