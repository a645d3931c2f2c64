"""The parts of the encoder that train together, and their losses."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.dual_encoder import EMBEDDING_DIM, PhotoHead, SketchTower
from models.efficientnet_lite import ConvNorm, fuse_layer
from models.training.encoder_batches import Batch
from models.training.encoder_recipe import EncoderRecipe
from models.training.sketch_photo_loss import sketch_photo_loss


class PhotoSpace(nn.Module):
    """Where photos lie, and a point for each class."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.head = PhotoHead()
        self.proxies = nn.Parameter(F.normalize(torch.randn(classes, EMBEDDING_DIM), dim=1))

    def digest(self) -> str:
        """The first digits of the SHA-256 of its numbers."""
        found = hashlib.sha256()
        for name, tensor in sorted(self.state_dict().items()):
            found.update(name.encode())
            found.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return found.hexdigest()[:16]


class Encoder(nn.Module):
    """A sketch tower and the space that it leads into."""

    def __init__(self, space: PhotoSpace, sketch_classes: int) -> None:
        super().__init__()
        self.sketch = SketchTower(sketch_classes)
        self.space = space

    def freeze_front(self, blocks: int) -> None:
        """Stop the stem and the first blocks from learning, their norms included."""
        for part in (self.sketch.trunk.stem, *self.sketch.trunk.blocks[:blocks]):
            part.requires_grad_(False)
            for layer in part.modules():
                if isinstance(layer, ConvNorm):
                    fuse_layer(layer)


def losses(model: Encoder, batch: Batch, recipe: EncoderRecipe) -> dict[str, Tensor]:
    """The weighted parts of the loss, each a scalar.

    The part of the trunk that learns works in autocast's number format where there is one. What is before it
    and behind it is in float32: batch norms magnify the errors of early layers (with bfloat16 in the frozen
    ones the loss was off by up to 4 %, without by .5 %), and a temperature asks for more digits.
    """
    trunk = model.sketch.trunk
    device = batch.sketches.device.type
    with torch.no_grad(), torch.autocast(device, enabled=False):
        early = trunk.front(batch.sketches, recipe.frozen_blocks)
    features = trunk.back(early, recipe.frozen_blocks)
    with torch.autocast(device, enabled=False):
        sketches, logits = model.sketch.heads(features.float())
        photos = model.space.head(batch.photos)
        named = batch.labels < logits.shape[1]
        shown = F.cross_entropy(
            logits[named], batch.labels[named], label_smoothing=recipe.label_smoothing, reduction="sum"
        )
        parts = {
            "class": recipe.class_weight * shown / named.sum().clamp(min=1),
            "proxy": recipe.proxy_weight * proxy_loss(model.space, sketches, batch.labels, recipe),
            "photo": recipe.photo_weight * proxy_loss(model.space, photos, batch.photo_labels, recipe),
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


def proxy_loss(space: PhotoSpace, vectors: Tensor, labels: Tensor, recipe: EncoderRecipe) -> Tensor:
    """Cross entropy of the classes' points for vectors (n, d) of length 1."""
    logits = recipe.proxy_scale * vectors @ F.normalize(space.proxies, dim=1).T
    return F.cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)
