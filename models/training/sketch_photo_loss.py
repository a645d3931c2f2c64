"""How sketches are drawn to their photos: the loss, and the photos that a step's sketches are compared with.
Shared by the recipes of the encoder and of the sketch adapter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

_A_SKETCH = 4
"""Photos of its class that are drawn for each sketch."""


def sketch_photo_loss(
    sketches: Tensor,
    photos: Tensor,
    labels: Tensor,
    photo_labels: Tensor,
    sources: Tensor,
    *,
    temperature: float,
    instance_bonus: float,
) -> Tensor:
    """Supervised contrastive loss (Khosla et al. 2020) of sketches against photos.

    Every photo of a sketch's class is a positive, and the one that it was drawn from counts `instance_bonus`
    times more on top.

    Parameters
    ----------
    sketches, photos : (n, d), (m, d)
        Rows of length 1.
    labels, photo_labels : (n,), (m,)
        Classes.
    sources : (n,)
        Row in `photos` of the photo that a sketch was drawn from; -1 where none is known.
    """
    log_p = F.log_softmax(sketches @ photos.T / temperature, dim=1)
    weight = (labels[:, None] == photo_labels[None]).float()
    drawn = sources >= 0
    weight[drawn, sources[drawn]] += instance_bonus
    has = weight.sum(1) > 0
    per_sketch: Tensor = -(weight * log_p).sum(1)[has] / weight.sum(1)[has]
    return per_sketch.mean() if bool(has.any()) else torch.zeros((), device=sketches.device)


def draw_photos(
    rng: np.random.Generator,
    labels: Sequence[int],
    sources: Sequence[int],
    by_class: Mapping[int, NDArray[np.int64]],
    *,
    photos: int,
    least: int,
) -> NDArray[np.int64]:
    """Positions of the photos of a step, ascending: those that its sketches were drawn from, some of each
    sketch's class, and any others up to about `least` of the `photos` there are.
    """
    wanted = [s for s in sources if s >= 0]
    for label in labels:
        if label in by_class:
            wanted += rng.choice(by_class[label], _A_SKETCH).tolist()
    wanted += rng.integers(0, photos, max(0, least - len(wanted))).tolist()
    return np.asarray(np.unique(np.array(wanted)), np.int64)
