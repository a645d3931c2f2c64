"""What a recipe brings to the loop (`models.training.loop`): who learns what from which losses, on what data,
and how well it is done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Group:
    """Parameters that share a learning rate."""

    parameters: Sequence[nn.Parameter]
    rate: float
    weight_decay: float | None = None
    """Where it is not the loop's."""


@dataclass(frozen=True)
class Turn:
    """One optimiser's part in a step: a network, or two that play against each other take turns.

    ``losses`` gives weighted scalars by name, which are added up. Gradients that reach parameters of other
    turns are thrown away.
    """

    name: str
    groups: Sequence[Group]
    losses: Callable[[Any], Mapping[str, Tensor]]


@dataclass(frozen=True)
class Figure:
    """The figure that decides which weights are the best."""

    name: str
    higher: bool = True


class Lesson(Protocol):
    """What a recipe teaches.

    Attributes
    ----------
    description
        Everything that decides the run beside the loop's settings, as JSON can keep it: a run is gone on with
        by the same lesson only.
    learns
        The modules with parameters that learn. Of each, what requires a gradient is kept, and its buffers.
    turns
        In the order in which they are taken.
    counts
        Which of the figures of `validate` decides.
    """

    @property
    def description(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def learns(self) -> Mapping[str, nn.Module]: ...  # noqa: D102
    @property
    def turns(self) -> Sequence[Turn]: ...  # noqa: D102
    @property
    def counts(self) -> Figure: ...  # noqa: D102

    def to(self, device: torch.device) -> None:
        """Move everything, also what does not learn."""
        ...

    def batch(self, step: int, piece: int) -> Any:
        """A piece of a step's batch, on the lesson's device; of data, seed, step and piece alone."""
        ...

    def validate(self) -> Mapping[str, float]:
        """The figures of the weights as they are, on what was held back."""
        ...
