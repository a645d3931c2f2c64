"""The full set's architectures at their full size, with random weights: for timing, which does not ask what
the numbers mean. The sizes are those of the published configurations.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import nn

from models.devices import Placement

UNET = {  # stabilityai/sd-turbo, unet/config.json
    "sample_size": 64,
    "block_out_channels": (320, 640, 1280, 1280),
    "attention_head_dim": (5, 10, 20, 20),
    "cross_attention_dim": 1024,
    "use_linear_projection": True,
}
VAE = {  # vae/config.json
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
    "latent_channels": 4,
    "sample_size": 768,
}
TEXT = {  # text_encoder/config.json
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 23,
    "num_attention_heads": 16,
    "hidden_act": "gelu",
    "max_position_embeddings": 77,
}
# pix2pix_turbo.py: the layers that get low-rank factors, and the ranks.
UNET_TARGETS = (
    *("to_k", "to_q", "to_v", "to_out.0", "conv", "conv1", "conv2", "conv_shortcut", "conv_out", "proj_in"),
    *("proj_out", "ff.net.2", "ff.net.0.proj"),
)
VAE_TARGETS = (
    *("conv1", "conv2", "conv_in", "conv_shortcut", "conv", "conv_out", "to_k", "to_q", "to_v", "to_out.0"),
    *("skip_conv_1", "skip_conv_2", "skip_conv_3", "skip_conv_4"),
)
DINOV2 = {  # facebook/dinov2-small|base|large: hidden size, layers, heads
    "small": (384, 12, 6),
    "base": (768, 12, 12),
    "large": (1024, 24, 16),
}


def filled(make: Any, dtype: torch.dtype = torch.float32) -> Any:
    """A network made without its own slow initialisation, its weights small random numbers."""
    with torch.device("meta"):
        network = make()
    network = network.to(dtype).to_empty(device="cpu")
    generator = torch.Generator().manual_seed(0)
    for name, tensor in (*network.named_parameters(), *network.named_buffers()):
        if not tensor.is_floating_point():
            tensor.copy_(torch.arange(tensor.numel()).view(tensor.shape))  # the positions' numbers
        elif "norm" in name and name.endswith("weight"):
            tensor.data.fill_(1.0)
        else:
            tensor.data.uniform_(-0.02, 0.02, generator=generator)
    return network.eval().requires_grad_(False)


class Words:
    """Stands for a tokenizer: every text has 77 tokens, which is all that the time depends on."""

    model_max_length = 77

    def __call__(self, text: str, **_: Any) -> Any:
        """Numbers of 77 tokens: a tensor (1, 77)."""
        length = min(len(text), 75)
        ids = [1, *(2 + ord(c) % 90 for c in text[:length]), *[0] * (76 - length)]
        return type("Encoding", (), {"input_ids": torch.tensor([ids])})()


def generator(placement: Placement, options: Any, *, dtype: torch.dtype = torch.float32) -> Any:
    """An Img2Img-Turbo for sketches as `models.img2img_turbo.generator` runs it.

    Parameters
    ----------
    dtype : torch.dtype
        Of the weights before they are placed.
    """
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    from models.img2img_turbo import checkpoint as layout
    from models.img2img_turbo.base_model import BaseModel
    from models.img2img_turbo.generator import Img2ImgTurbo
    from models.img2img_turbo.network import OneStep, SkipVae

    unet = filled(lambda: UNet2DConditionModel(**UNET), dtype)
    vae = SkipVae(filled(lambda: AutoencoderKL(**VAE), dtype)).requires_grad_(False).eval()
    text = filled(lambda: CLIPTextModel(CLIPTextConfig(**TEXT)), dtype)
    twin = {"conv_in.conv_in_pretrained.weight": torch.empty(0)}  # says that it is the variant for sketches
    empty = layout.Checkpoint(8, 4, UNET_TARGETS, VAE_TARGETS, twin, {}, "sketch")
    unet_changes, vae_changes = (
        {key: torch.empty(shape).uniform_(-0.01, 0.01) for key, shape in shapes.items()}
        for shapes in (layout.expected_unet(empty, unet), layout.expected_vae(empty, vae))
    )
    checkpoint = replace(empty, unet=unet_changes, vae=vae_changes)
    step = OneStep(999, 0.0047, "epsilon", None)  # the alpha of SD-Turbo's schedule at its last step, rounded
    base = BaseModel(Words(), text, unet, vae, step)
    return Img2ImgTurbo(base, checkpoint, placement=placement, options=options, model_id="full size")


def blip(placement: Placement) -> nn.Module:
    """BLIP base, Salesforce/blip-image-captioning-base."""
    from transformers import BlipConfig, BlipForConditionalGeneration

    config = BlipConfig(
        text_config={"hidden_size": 768, "num_hidden_layers": 12, "encoder_hidden_size": 768},
        vision_config={"hidden_size": 768, "image_size": 384, "patch_size": 16},
        attn_implementation="eager",
    )
    network: nn.Module = filled(lambda: BlipForConditionalGeneration(config))
    return network.to(placement.torch_device, placement.torch_dtype)


def dinov2(size: str, placement: Placement) -> nn.Module:
    """DINOv2 of a size."""
    from transformers import Dinov2Config, Dinov2Model

    hidden, layers, heads = DINOV2[size]
    config = Dinov2Config(
        hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads, image_size=518, patch_size=14
    )
    network: nn.Module = filled(lambda: Dinov2Model(config))
    return network.to(placement.torch_device, placement.torch_dtype)
