"""What decides an encoder's training beside the shared loop's settings: sizes, losses' weights, the mixture
of a batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DRAWINGS: Final = "drawings"
EDGES: Final = "edges"
OTHERS: Final = "others"


@dataclass(frozen=True, slots=True)
class Cycle:
    """A stretch of training with its own cosine (SGDR, Loshchilov & Hutter 2017)."""

    steps: int
    peak: float = 1.0
    """Factor of the learning rates at its beginning."""
    sides: tuple[tuple[float, int], ...] = ((0.5, 96), (0.8, 112), (1.0, 144))
    """Up to this share of the cycle sketches are trained at this side: small pictures teach faster
    (progressive resizing, Howard 2018), and the last ones are as large as those the encoder is used on.
    """
    elastic: float = 0.4
    """Share of sketch pictures that are bent as well as warped."""


@dataclass(frozen=True)
class EncoderRecipe:
    """What decides a run beside the loop's settings; kept with its checkpoint."""

    cycles: tuple[Cycle, ...] = (Cycle(8500),)
    batch: int = 64
    """Sketches a piece of a step."""
    views: tuple[int, ...] = (144, 112)
    """The sides at which the trained tower looks at a sketch; validation looks at the first alone."""
    frozen_blocks: int = 5
    """The stem and so many blocks of the sketch tower keep their ImageNet weights: early edges serve
    sketches too.
    """
    trunk_rate: float = 6e-4
    head_rate: float = 1.5e-3
    photos_per_step: int = 1024
    temperature: float = 0.07
    proxy_scale: float = 16.0
    class_weight: float = 1.0
    retrieval_weight: float = 1.0
    proxy_weight: float = 0.5
    photo_weight: float = 0.5
    instance_bonus: float = 2.0
    label_smoothing: float = 0.1
    shares: tuple[tuple[str, float], ...] = (
        (DRAWINGS, 0.36),
        ("sketchy", 0.22),
        ("icons", 0.18),
        ("lines", 0.12),
        (EDGES, 0.08),
        (OTHERS, 0.04),
    )
    """What a batch is made of: Quick, Draw! drawings, sketches by their source (`OTHERS`: of any source
    not named here), edge maps of photos. A source without sketches leaves its share to the rest.
    """
    photo_epochs: int = 12
    """Of the photos alone, before there are sketches."""
    seed: int = 0

    @property
    def steps(self) -> int:
        """Of all cycles."""
        return sum(c.steps for c in self.cycles)

    def at(self, step: int) -> tuple[Cycle, int]:
        """The cycle that a step belongs to, and its number within it."""
        for cycle in self.cycles:
            if step < cycle.steps:
                return cycle, step
            step -= cycle.steps
        return self.cycles[-1], self.cycles[-1].steps

    def side_at(self, step: int) -> int:
        """Side of the sketches of a step, in pixels."""
        cycle, within = self.at(step)
        return next((side for share, side in cycle.sides if within < share * cycle.steps), self.views[0])


def tower_recipes(
    steps: int, seed: int, towers: int = 2, *, batch: int = EncoderRecipe.batch
) -> tuple[EncoderRecipe, ...]:
    """The recipe of the first sketch tower, and of those trained beside it, into its space.

    Towers of other seeds and sizes err differently: two of them together are right more often than either
    alone. A later one has less to find out, since photos and proxies stand still.
    """
    beside = Cycle(max(1, round(steps * 13 / 17)), sides=((0.7, 96), (1.0, 112)))
    return (
        EncoderRecipe(cycles=(Cycle(steps),), batch=batch, seed=seed),
        *(
            EncoderRecipe(cycles=(beside,), batch=batch, views=(112, 96), seed=seed + n)
            for n in range(1, towers)
        ),
    )
