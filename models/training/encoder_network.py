"""The parts of the encoder that train together, and their losses."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.dual_encoder import EMBEDDING_DIM, PhotoHead, SketchTower
from models.efficientnet_lite import ConvNorm, fuse_layer
from models.training.encoder_batches import Batch
from models.training.encoder_recipe import EncoderRecipe
from models.training.sketch_photo_loss import sketch_photo_loss


class Encoder(nn.Module):
    """The parts that train together."""

    def __init__(self, classes: int, sketch_classes: int) -> None:
        super().__init__()
        self.sketch = SketchTower(sketch_classes)
        self.photo = PhotoHead()
        self.proxies = nn.Parameter(F.normalize(torch.randn(classes, EMBEDDING_DIM), dim=1))

    def freeze_front(self, blocks: int) -> None:
        """Stop the stem and the first blocks from learning, their norms included."""
        for part in (self.sketch.trunk.stem, *self.sketch.trunk.blocks[:blocks]):
            part.requires_grad_(False)
            for layer in part.modules():
                if isinstance(layer, ConvNorm):
                    fuse_layer(layer)


def losses(model: Encoder, batch: Batch, recipe: EncoderRecipe) -> dict[str, Tensor]:
    """The weighted parts of the loss, each a scalar."""
    trunk = model.sketch.trunk
    with torch.no_grad():
        early = trunk.front(batch.sketches, recipe.frozen_blocks)
    sketches, logits = model.sketch.heads(trunk.back(early, recipe.frozen_blocks))
    photos = model.photo(batch.photos)
    proxies = F.normalize(model.proxies, dim=1)
    named = batch.labels < logits.shape[1]
    smooth = recipe.label_smoothing
    parts = {
        "class": recipe.class_weight
        * F.cross_entropy(logits[named], batch.labels[named], label_smoothing=smooth),
        "proxy": recipe.proxy_weight
        * F.cross_entropy(recipe.proxy_scale * sketches @ proxies.T, batch.labels, label_smoothing=smooth),
        "photo": recipe.photo_weight
        * F.cross_entropy(
            recipe.proxy_scale * photos @ proxies.T, batch.photo_labels, label_smoothing=smooth
        ),
    }
    parts["retrieval"] = recipe.retrieval_weight * sketch_photo_loss(
        sketches,
        photos,
        batch.labels,
        batch.photo_labels,
        batch.sources,
        temperature=recipe.temperature,
        instance_bonus=recipe.instance_bonus,
    )
    return parts
