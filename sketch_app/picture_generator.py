"""Img2Img-Turbo behind the application's protocol, of whatever size and wherever its weights lie."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sketch_app.protocols import Grey, Rgb, never
from sketch_app.resident import Resident, Way, Words

if TYPE_CHECKING:
    from models.devices import Placement
    from models.img2img_turbo.generator import GeneratorOptions, Img2ImgTurbo

_LESS_SIDE = 256
"""Pixels that a larger picture falls back to where the memory does not suffice."""


class TurboGenerator:
    """A `sketch_app.protocols.ImageGenerator`; its weights load at the first picture.

    Parameters
    ----------
    base : Path
        A folder laid out as stabilityai/sd-turbo.
    checkpoint : Path
        Made for that base.
    device : str
        As `models.devices.choose_placement` takes it.
    need_bytes : int
        Free memory that a graphics device must have for it.
    options : GeneratorOptions, optional
        How it runs.
    """

    def __init__(
        self,
        base: Path,
        checkpoint: Path,
        words: Words,
        *,
        device: str,
        need_bytes: int,
        options: GeneratorOptions | None = None,
    ) -> None:
        def load(place: Placement) -> Img2ImgTurbo:
            from models.img2img_turbo.generator import GeneratorOptions, Img2ImgTurbo

            return Img2ImgTurbo.load(base, checkpoint, placement=place, options=options or GeneratorOptions())

        self.model = Resident(load, wish=device, need_bytes=need_bytes, say=words.say)

    def generate(
        self,
        sketch: Grey,
        prompt: str,
        *,
        seed: int,
        strength: float,
        size: int,
        cancelled: Callable[[], bool] = never,
    ) -> Rgb:
        """See `sketch_app.protocols.ImageGenerator`. Where the memory does not suffice, the picture is
        smaller than asked for, and a word says so.
        """

        def at(side: int, *, tiled: bool = False) -> Way[Img2ImgTurbo, Rgb]:
            return Way(
                f"the picture at {side} px" + (" in tiles" if tiled else ""),
                lambda m: m.generate(
                    sketch,
                    prompt,
                    seed=seed,
                    strength=strength,
                    size=side,
                    tiled=tiled,
                    cancelled=cancelled,
                ),
            )

        smaller = [at(size, tiled=True), at(_LESS_SIDE)] if size > _LESS_SIDE else []
        return self.model.use([at(size), *smaller])
