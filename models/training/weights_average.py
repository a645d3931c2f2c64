"""The exponential moving average of weights (Polyak & Juditsky 1992), steadier than the weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor


class WeightsAverage:
    """Follows tensors that change.

    Parameters
    ----------
    weights
        Views of what learns. What is no floating number (a counter) is taken over as it is.
    decay
        Share of the average that stays at a step; less at the beginning, (step + 1) / (step + 10), so that
        the first weights are soon forgotten.
    """

    def __init__(self, weights: Mapping[str, Tensor], decay: float) -> None:
        self._weights = dict(weights)
        self._decay = decay
        self.state = {key: value.detach().clone() for key, value in weights.items()}
        self._floating = [key for key, value in weights.items() if value.dtype.is_floating_point]
        self._others = [key for key in weights if key not in set(self._floating)]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights of a step."""
        decay = min(self._decay, (step + 1) / (step + 10))
        torch._foreach_lerp_(
            [self.state[key] for key in self._floating],
            [self._weights[key].detach() for key in self._floating],
            1 - decay,
        )
        for key in self._others:
            self.state[key].copy_(self._weights[key])

    @torch.no_grad()
    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from an earlier ``state``."""
        for key, value in self.state.items():
            value.copy_(state[key])

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the networks have the average's weights for a while."""
        own = {key: value.detach().clone() for key, value in self._weights.items()}
        self._put(self.state)
        try:
            yield
        finally:
            self._put(own)

    @torch.no_grad()
    def _put(self, tensors: Mapping[str, Tensor]) -> None:
        for key, value in self._weights.items():
            value.copy_(tensors[key])
