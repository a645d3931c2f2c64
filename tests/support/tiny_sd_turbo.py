"""Writes a tiny SD-Turbo with random weights, and Img2Img-Turbo checkpoints for it, in exactly the file and
key layout of the published ones.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

UNET_TARGETS = [
    "to_k",
    "to_q",
    "to_v",
    "to_out.0",
    "conv",
    "conv1",
    "conv2",
    "conv_shortcut",
    "conv_out",
    "proj_in",
    "proj_out",
    "ff.net.2",
    "ff.net.0.proj",
]
VAE_TARGETS = [
    "conv1",
    "conv2",
    "conv_in",
    "conv_shortcut",
    "conv",
    "conv_out",
    "skip_conv_1",
    "skip_conv_2",
    "skip_conv_3",
    "skip_conv_4",
    "to_k",
    "to_q",
    "to_v",
    "to_out.0",
]
_MERGES = ("c a", "ca t</w>", "t h", "th e</w>", "d o", "do g</w>", "a n", "an d</w>")


def write_tiny_sd_turbo(folder: Path, *, seed: int = 0, blocks: int = 4) -> Path:
    """All five parts of a `blocks`-block Stable Diffusion, laid out as stabilityai/sd-turbo."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    vocabulary = _write_tokenizer(folder / "tokenizer")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        text = CLIPTextConfig(
            vocab_size=vocabulary,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=77,
            hidden_act="gelu",
            projection_dim=32,
            pad_token_id=1,
            bos_token_id=vocabulary - 2,
            eos_token_id=vocabulary - 1,
        )
        _save_text_encoder(CLIPTextModel(text), folder / "text_encoder")
        UNet2DConditionModel(
            sample_size=8,
            block_out_channels=(16, 16, 32, 32)[-blocks:],
            down_block_types=("CrossAttnDownBlock2D",) * (blocks - 1) + ("DownBlock2D",),
            up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * (blocks - 1),
            layers_per_block=1,
            cross_attention_dim=32,
            attention_head_dim=(2, 2, 4, 4)[-blocks:],
            norm_num_groups=8,
            use_linear_projection=True,
        ).save_pretrained(folder / "unet")
        AutoencoderKL(
            block_out_channels=(8, 16, 32, 32)[-blocks:],
            down_block_types=("DownEncoderBlock2D",) * blocks,
            up_block_types=("UpDecoderBlock2D",) * blocks,
            layers_per_block=1,
            norm_num_groups=4,
            latent_channels=4,
            sample_size=64,
        ).save_pretrained(folder / "vae")
    _write_scheduler(folder / "scheduler")
    index = {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": "0.24.0.dev0",
        "feature_extractor": [None, None],
        "safety_checker": [None, None],
        "requires_safety_checker": False,
        "scheduler": ["diffusers", "EulerDiscreteScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    _write_json(folder / "model_index.json", index)
    return folder


def write_tiny_checkpoint(
    path: Path,
    base: Path,
    *,
    variant: Literal["sketch", "edge"] = "sketch",
    skip_form: Literal["base_layer", "plain"] = "base_layer",
    rank_unet: int = 8,
    rank_vae: int = 4,
    seed: int = 0,
) -> Path:
    """A pickle as the published training code saves it, from networks that peft has wrapped.

    `skip_form` "plain" has the skip convolutions' own weights without ``base_layer``, as older peft did.
    """
    unet, vae, vae_targets = published_networks(
        base, twin=variant == "sketch", rank_unet=rank_unet, rank_vae=rank_vae, seed=seed
    )
    vae_state = {k: v for k, v in vae.state_dict().items() if "lora" in k or "skip" in k}
    if skip_form == "plain":
        vae_state = {k.replace(".base_layer.", "."): v for k, v in vae_state.items()}
    published = {
        "unet_lora_target_modules": UNET_TARGETS,
        "vae_lora_target_modules": vae_targets,
        "rank_unet": rank_unet,
        "rank_vae": rank_vae,
        "state_dict_unet": {k: v for k, v in unet.state_dict().items() if "lora" in k or "conv_in" in k},
        "state_dict_vae": vae_state,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(published, path)
    return path


class TwinConv(nn.Module):
    """The UNet's first convolution, pretrained and current, mixed by r."""

    def __init__(self, pretrained: nn.Conv2d, current: nn.Conv2d) -> None:
        super().__init__()
        self.conv_in_pretrained = pretrained
        self.conv_in_curr = current
        self.r = 1.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """A mix of both."""
        return self.conv_in_pretrained(x) * (1 - self.r) + self.conv_in_curr(x) * self.r


def published_networks(
    base: Path, *, twin: bool, rank_unet: int = 8, rank_vae: int = 4, seed: int = 0
) -> tuple[Any, Any, list[str]]:
    """UNet, VAE and the VAE's targets with peft's own adapters, unfused; no weight of them is trivial.

    The skip convolutions hang on the decoder but its forward does not know them.
    """
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from peft import LoraConfig

    unet = UNet2DConditionModel.from_pretrained(base / "unet", local_files_only=True, use_safetensors=True)
    vae = AutoencoderKL.from_pretrained(base / "vae", local_files_only=True, use_safetensors=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed + 1)
        if twin:
            old, new = unet.conv_in, nn.Conv2d(4, unet.conv_in.out_channels, 3, padding=1)
            unet.conv_in = TwinConv(old, new)
        widths = vae.config.block_out_channels
        inputs = (widths[0], *widths[:-1])[::-1]
        outputs = (widths[-1], *widths[::-1][:-1])
        for i, (a, b) in enumerate(zip(inputs, outputs, strict=True), 1):
            vae.decoder.add_module(f"skip_conv_{i}", nn.Conv2d(a, b, 1, bias=False))
        targets = [t for t in VAE_TARGETS if not t.startswith("skip") or int(t[-1]) <= len(widths)]
        vae.add_adapter(
            LoraConfig(r=rank_vae, init_lora_weights="gaussian", target_modules=targets),
            adapter_name="vae_skip",
        )
        unet.add_adapter(LoraConfig(r=rank_unet, init_lora_weights="gaussian", target_modules=UNET_TARGETS))
        for network in (unet, vae):
            for name, parameter in network.named_parameters():
                if "lora_B" in name:
                    nn.init.normal_(parameter, std=0.05)
    return unet.eval().requires_grad_(False), vae.eval().requires_grad_(False), targets


def _save_text_encoder(model: Any, folder: Path) -> None:
    """With ``text_model.`` before each key: the published file has it, transformers 5 no longer writes it."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    model.config.architectures = ["CLIPTextModel"]
    model.config.save_pretrained(folder)
    tensors = {f"text_model.{k}": v.contiguous() for k, v in model.state_dict().items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _write_tokenizer(folder: Path) -> int:
    """A byte-level vocabulary with a few merges, in CLIP's four files; returns its size."""
    folder.mkdir(parents=True)
    printable = [
        *range(ord("!"), ord("~") + 1),
        *range(ord("¡"), ord("¬") + 1),
        *range(ord("®"), ord("ÿ") + 1),
    ]
    letters = [chr(b) for b in printable] + [chr(256 + i) for i in range(256 - len(printable))]
    words = [*letters, *(f"{c}</w>" for c in letters), *("".join(m.split()) for m in _MERGES)]
    words += ["<|startoftext|>", "<|endoftext|>"]
    _write_json(folder / "vocab.json", {word: i for i, word in enumerate(words)})
    (folder / "merges.txt").write_text("\n".join(("#version: 0.2", *_MERGES)) + "\n", encoding="utf-8")
    special = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "pad_token": "!"}
    special["unk_token"] = "<|endoftext|>"
    _write_json(folder / "special_tokens_map.json", special)
    settings = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "add_prefix_space": False}
    _write_json(folder / "tokenizer_config.json", {**settings, **special})
    return len(words)


def _write_scheduler(folder: Path) -> None:
    folder.mkdir(parents=True)
    settings = {
        "_class_name": "EulerDiscreteScheduler",
        "_diffusers_version": "0.24.0.dev0",
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "beta_start": 0.00085,
        "clip_sample": False,
        "interpolation_type": "linear",
        "num_train_timesteps": 1000,
        "prediction_type": "epsilon",
        "sample_max_value": 1.0,
        "set_alpha_to_one": False,
        "skip_prk_steps": True,
        "steps_offset": 1,
        "timestep_spacing": "trailing",
        "trained_betas": None,
        "use_karras_sigmas": False,
    }
    _write_json(folder / "scheduler_config.json", settings)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")
