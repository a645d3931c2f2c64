"""The networks of the embedded encoder: a sketch tower and a photo head that meet in one space.

The photo trunk (EfficientNet-Lite0 on ImageNet) stays as it is; a small head moves its features. The sketch
tower is a second EfficientNet-Lite0, fine-tuned, with a head of its own and a class head. Loading and
running them on pictures is `models.embedded`; training is `models.training.encoder`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.efficientnet_lite import FEATURE_DIM, EfficientNetLite0

EMBEDDING_DIM = 256
PHOTO_SIDE = 160
"""Side of the square a photo is scaled to: at 224 the trunk takes twice as long and indexing waits for it."""


class PhotoHead(nn.Module):
    """Photo features (n, 1280) -> unit vectors (n, 256): standardise, a linear map, and a small residual
    MLP.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, hidden: int = 512) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(FEATURE_DIM))
        self.register_buffer("std", torch.ones(FEATURE_DIM))
        self.linear = nn.Linear(FEATURE_DIM, EMBEDDING_DIM, bias=False)
        self.mlp = nn.Sequential(
            nn.Linear(FEATURE_DIM, hidden), nn.GELU(), nn.Dropout(0.3), nn.Linear(hidden, EMBEDDING_DIM)
        )

    def forward(self, features: Tensor) -> Tensor:
        """(n, 1280) float32 -> (n, 256) float32, L2-normalised."""
        x = F.dropout((features - self.mean) / self.std, 0.1, self.training)
        return F.normalize(self.linear(x) + self.mlp(x), dim=1)


class SketchTower(nn.Module):
    """Sketch batch -> unit vectors (n, 256) and class logits (n, classes)."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.trunk = EfficientNetLite0()
        self.embed = nn.Linear(FEATURE_DIM, EMBEDDING_DIM)
        self.name = nn.Linear(FEATURE_DIM, classes)

    def heads(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Pooled features (n, 1280) -> (n, 256) L2-normalised, (n, classes)."""
        x = F.dropout(features, 0.2, self.training)
        return F.normalize(self.embed(x), dim=1), self.name(x)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 3, side, side) as of `models.efficientnet_lite` -> embeddings and logits."""
        return self.heads(self.trunk(x))
