"""A base model from nothing, in SD-Turbo's parts and layout and as small as wanted: what the embedded
generator is trained from, and what shows a recipe at work where SD-Turbo is not at hand.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from models.pretrained import hide_progress_bars

if TYPE_CHECKING:
    from models.img2img_turbo.base_model import BaseModel

_WORD = re.compile(r"[^\W\d_]+|\d|[^\s\w]+|_")  # as CLIP's tokenizer parts a text
_START, _END, _PAD = "<|startoftext|>", "<|endoftext|>", "<|pad|>"


@dataclass(frozen=True)
class BaseSize:
    """How large the networks are.

    Attributes
    ----------
    vae, unet
        Channels from the finest level to the coarsest; the VAE halves the picture one time fewer than it has
        levels. All are multiples of 8.
    latent
        Channels between the two.
    text, text_layers
        Width and depth of the text encoder.
    words
        Most entries of the vocabulary, and ``length`` of a prompt in tokens.
    """

    vae: tuple[int, ...] = (8, 24, 48, 96)
    unet: tuple[int, ...] = (96, 160)
    latent: int = 8
    text: int = 128
    text_layers: int = 2
    words: int = 2000
    length: int = 24
    head: int = 32
    """Channels of an attention head."""


SIZES: Mapping[str, BaseSize] = {
    "embedded": BaseSize(),
    "tiny": BaseSize(vae=(8, 8, 16, 16), unet=(16, 32), latent=4, text=32, text_layers=1, words=600, head=8),
}
"""That of the embedded generator, and one that shows in a minute that a recipe runs."""


def write_base(folder: Path, size: BaseSize, sentences: Iterable[str], *, seed: int) -> None:
    """Random networks and a vocabulary learnt from `sentences`, in the five folders of stabilityai/sd-turbo.

    The UNet predicts the clean latent itself: from pure noise, a prediction of the noise would be multiplied
    by 14.6 on its way to the latent.
    """
    from diffusers import DDPMScheduler

    hide_progress_bars()
    vocabulary = _write_tokenizer(folder / "tokenizer", size, sentences)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        networks = {
            "text_encoder": _text_encoder(size, vocabulary),
            "unet": _unet(size),
            "vae": _vae(size),
        }
    save_networks(folder, **networks)
    DDPMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="sample",
        clip_sample=False,
    ).save_pretrained(folder / "scheduler")
    (folder / "size.json").write_text(json.dumps(asdict(size), indent=1) + "\n", encoding="utf-8")


def _text_encoder(size: BaseSize, vocabulary: Mapping[str, int]) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel

    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(vocabulary),
            hidden_size=size.text,
            intermediate_size=2 * size.text,
            num_hidden_layers=size.text_layers,
            num_attention_heads=max(1, size.text // size.head),
            max_position_embeddings=size.length,
            projection_dim=size.text,
            pad_token_id=vocabulary[_PAD],
            bos_token_id=vocabulary[_START],
            eos_token_id=vocabulary[_END],
        )
    )


@torch.no_grad()
def _unet(size: BaseSize) -> Any:
    from diffusers import UNet2DConditionModel

    levels = len(size.unet) - 1
    unet = UNet2DConditionModel(
        sample_size=16,
        in_channels=size.latent,
        out_channels=size.latent,
        block_out_channels=size.unet,
        # Words are heeded at the coarser levels, where a cell sees enough to be a thing.
        down_block_types=("DownBlock2D",) + ("CrossAttnDownBlock2D",) * levels,
        up_block_types=("CrossAttnUpBlock2D",) * levels + ("UpBlock2D",),
        layers_per_block=1,
        cross_attention_dim=size.text,
        attention_head_dim=tuple(max(1, width // size.head) for width in size.unet),
        norm_num_groups=8,
        use_linear_projection=True,
        # Every layer hears the words by way of the time embedding, too: with attention alone, pictures of
        # all classes looked alike after 750 steps of 16.
        addition_embed_type="text",
        addition_embed_type_num_heads=max(1, size.text // size.head),
        resnet_time_scale_shift="scale_shift",
    )
    # What words change is faint at first: as noise in the picture it would be unlearnt before it could be
    # learnt (adaLN-Zero, Peebles & Xie 2023, begins likewise).
    unet.conv_out.weight.mul_(0.05)
    return unet


@torch.no_grad()
def _vae(size: BaseSize) -> Any:
    from diffusers import AutoencoderKL

    vae = AutoencoderKL(
        block_out_channels=size.vae,
        down_block_types=("DownEncoderBlock2D",) * len(size.vae),
        up_block_types=("UpDecoderBlock2D",) * len(size.vae),
        layers_per_block=1,
        norm_num_groups=8,
        latent_channels=size.latent,
        sample_size=128,
        scaling_factor=1.0,
        mid_block_add_attention=False,
    )
    # A latent with next to no noise, as a trained VAE's: else it would be more noise than drawing.
    vae.quant_conv.weight[size.latent :] = 0
    vae.quant_conv.bias[size.latent :] = -10
    return vae


def save_networks(folder: Path, **networks: Any) -> None:
    """Write networks below `folder` by their names, as safetensors."""
    for name, network in networks.items():
        network.save_pretrained(folder / name, safe_serialization=True)


def save_trained_base(folder: Path, base: BaseModel, *, dtype: torch.dtype = torch.float16) -> None:
    """Put trained weights into the files of a base that `write_base` made; its skip convolutions, which
    belong to a checkpoint, are left out.
    """
    from safetensors.torch import save_file

    vae = {k: v for k, v in base.vae.state_dict().items() if "skip_conv" not in k}
    for part, state, stem in (
        ("text_encoder", base.text_encoder.state_dict(), "model"),
        ("unet", base.unet.state_dict(), "diffusion_pytorch_model"),
        ("vae", vae, "diffusion_pytorch_model"),
    ):
        tensors = {
            k: v.to(dtype).cpu().contiguous() if v.is_floating_point() else v for k, v in state.items()
        }
        save_file(tensors, folder / part / f"{stem}.safetensors", metadata={"format": "pt"})


def _write_tokenizer(folder: Path, size: BaseSize, sentences: Iterable[str]) -> dict[str, int]:
    """A byte-level vocabulary in CLIP's files."""
    from tokenizers import pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    known = [_START, _END, _PAD, *letters, *(f"{letter}</w>" for letter in letters)]
    merges = _learn_merges(sentences, size.words - len(known))
    vocabulary = {word: number for number, word in enumerate([*known, *("".join(pair) for pair in merges)])}
    folder.mkdir(parents=True, exist_ok=True)
    _write_json(folder / "vocab.json", vocabulary)
    lines = ("#version: 0.2", *(" ".join(pair) for pair in merges))
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    special = {"bos_token": _START, "eos_token": _END, "pad_token": _PAD, "unk_token": _END}
    _write_json(folder / "special_tokens_map.json", special)
    settings = {"tokenizer_class": "CLIPTokenizer", "model_max_length": size.length}
    _write_json(folder / "tokenizer_config.json", {**settings, **special})
    return vocabulary


def _learn_merges(sentences: Iterable[str], most: int) -> list[tuple[str, str]]:
    """Byte-pair encoding (Sennrich et al. 2016): the most frequent pair is joined, again and again.

    Among equals the first in the alphabet: the trainer of the library `tokenizers` leaves that to chance, and
    two runs of one seed would be two runs.
    """
    from tokenizers import pre_tokenizers

    as_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    counted = Counter(word for sentence in sentences for word in _WORD.findall(sentence.lower()))
    words = {}
    for word, count in counted.items():
        letters = as_bytes.pre_tokenize_str(word)[0][0]
        words[(*letters[:-1], letters[-1] + "</w>")] = count
    merges: list[tuple[str, str]] = []
    made: set[str] = set()
    while len(merges) < most:
        pairs: Counter[tuple[str, str]] = Counter()
        for parts, count in words.items():
            for pair in pairwise(parts):
                pairs[pair] += count
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        words = {_joined(parts, best): count for parts, count in words.items()}
        if "".join(best) not in made:  # two ways to one piece: the vocabulary holds it once
            made.add("".join(best))
            merges.append(best)
    return merges


def _joined(parts: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    out: list[str] = []
    for part in parts:
        if out and (out[-1], part) == pair:
            out[-1] += part
        else:
            out.append(part)
    return tuple(out)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
