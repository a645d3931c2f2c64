"""A DINOv2 small enough to be made in a test, in the files and keys of facebook/dinov2-small and of
facebook/dinov2-with-registers-small.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch

WIDTH = 48
"""Length of a class token; the smallest real one's is 384."""
PATCH = 14


def write_tiny_dinov2(folder: Path, *, registers: int = 0, seed: int = 0, layers: int = 2) -> Path:
    """Write a random model with the published preprocessing (256, of that the inner 224).

    `registers` > 0 makes the variant with that many register tokens (the published have 4).
    """
    from transformers import Dinov2Config, Dinov2Model, Dinov2WithRegistersConfig, Dinov2WithRegistersModel
    from transformers.utils import logging

    shape = {
        "hidden_size": WIDTH,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "mlp_ratio": 2,
        "image_size": 98,  # its 7 x 7 positions are stretched to 16 x 16, as 518 pixels' 37 x 37 are
        "patch_size": PATCH,
        "initializer_range": 0.2,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if registers:
            network = Dinov2WithRegistersModel(
                Dinov2WithRegistersConfig(num_register_tokens=registers, **shape)
            )
        else:
            network = Dinov2Model(Dinov2Config(**shape))
        for (
            parameter
        ) in network.parameters():  # biases, norms and scales too, or leaving one out would not show
            parameter.data += 0.1 * torch.randn_like(parameter)
    logging.disable_progress_bar()
    network.save_pretrained(folder)  # under the hub's keys, which are not those of the network's state
    (folder / "preprocessor_config.json").write_text(
        json.dumps(
            {
                "crop_size": {"height": 224, "width": 224},
                "do_center_crop": True,
                "do_convert_rgb": True,
                "do_normalize": True,
                "do_rescale": True,
                "do_resize": True,
                "image_mean": [0.485, 0.456, 0.406],
                "image_processor_type": "BitImageProcessor",
                "image_std": [0.229, 0.224, 0.225],
                "resample": 3,
                "rescale_factor": 0.00392156862745098,
                "size": {"shortest_edge": 256},
            }
        )
    )
    return folder
