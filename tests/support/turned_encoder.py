"""A person's own encoder, as good as the program's and in another space: all axes in another order."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from models.class_space import ClassSpace
from models.embedded import embedded_weights
from models.encoder_files import EncoderInfo, load_encoder, save_encoder


def write_turned_encoder(folder: Path) -> EncoderInfo:
    """As “sketch-app train encoder” writes it. Compared with the program's, its vectors find nothing."""
    loaded = load_encoder(embedded_weights())
    space = ClassSpace.load(embedded_weights(), loaded.info.model_id)
    order = torch.randperm(256, generator=torch.Generator().manual_seed(0))
    heads = [tower.embed for tower in loaded.sketches]
    for layer in (*heads, loaded.photo_head.linear, loaded.photo_head.mlp[3]):
        layer.weight.data = layer.weight[order]
        if layer.bias is not None:
            layer.bias.data = layer.bias[order]
    info = save_encoder(
        folder,
        sketches=loaded.sketches,
        views=loaded.info.views,
        photo_trunk=loaded.photo_trunk,
        photo_head=loaded.photo_head,
        classes=loaded.info.classes,
        photo_side=loaded.info.photo_side,
    )
    nameable = len(loaded.info.classes)
    ClassSpace(info.model_id, space.names, space._points[:, order.numpy()], nameable=nameable).save(folder)
    files = [f"encoder-sketch-{tower}.safetensors" for tower in range(2, len(heads) + 1)]
    (folder / "training.json").write_text(json.dumps({"kind": "encoder", "files": files}))
    return info
