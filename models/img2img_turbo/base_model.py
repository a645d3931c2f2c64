"""SD-Turbo's parts (tokenizer, text encoder, UNet, VAE, scheduler) from a local folder in their published
layout. Changing them is `models.img2img_turbo.adaptation`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import WeightsError
from models.pretrained import hide_progress_bars
from models.safe_weights import safetensors_in

if TYPE_CHECKING:
    from models.img2img_turbo.network import OneStep, SkipVae

_DIFFUSERS, _TRANSFORMERS = "diffusion_pytorch_model", "model"
"""Names of the weights' files, without ending, in the two libraries."""
_PARTS = ("tokenizer", "text_encoder", "unet", "vae", "scheduler")
_SAMPLE = 1 << 16


@dataclass(frozen=True)
class BaseModel:
    """The parts on the processor, in the number format of their files and in eval mode."""

    tokenizer: Any
    text_encoder: Any
    unet: Any
    vae: SkipVae
    step: OneStep


def load_base_model(folder: Path) -> BaseModel:
    """Load all parts; nothing is fetched, and only safetensors are opened.

    A part that is there only in half precision (``.fp16.safetensors``) is taken as it is.

    Raises
    ------
    WeightsError
        A part is missing, damaged or incomplete; the message names it.
    """
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTokenizer

    from models.img2img_turbo.network import SkipVae

    hide_progress_bars()
    text_encoder = _network(CLIPTextModel, folder / "text_encoder", _TRANSFORMERS)
    unet = _network(UNet2DConditionModel, folder / "unet", _DIFFUSERS)
    vae = _network(AutoencoderKL, folder / "vae", _DIFFUSERS)
    tokenizer = _read(CLIPTokenizer, folder / "tokenizer")
    networks = (text_encoder, unet, SkipVae(vae))
    for network in networks:
        network.eval().requires_grad_(False)
    return BaseModel(tokenizer, text_encoder, unet, networks[2], _step(folder / "scheduler"))


def base_fingerprint(folder: Path) -> str:
    """A hash that tells base models apart without reading gigabytes: of each file its name, its size and its
    last 64 KiB.
    """
    digest = hashlib.sha256()
    files = (path for part in _PARTS for path in (folder / part).glob("*"))
    for path in sorted(p for p in files if p.suffix in (".json", ".txt", ".safetensors")):
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder).as_posix()} {size}\n".encode())
        with path.open("rb") as file:
            file.seek(max(0, size - _SAMPLE))
            digest.update(file.read())
    return digest.hexdigest()


def _network(cls: Any, folder: Path, stem: str) -> Any:
    half = f"{stem}.fp16"
    whole = any((folder / f"{stem}{end}").is_file() for end in (".safetensors", ".safetensors.index.json"))
    variant = "fp16" if not whole and any(folder.glob(f"{half}*")) else None
    safetensors_in(folder, half if variant else stem)
    network, report = _read(cls, folder, use_safetensors=True, variant=variant, output_loading_info=True)
    lacking = sorted(report["missing_keys"]) + sorted(str(k) for k in report["mismatched_keys"])
    if lacking:
        raise WeightsError(f"The weights in {folder} lack {lacking[0]!r}. Get the model again.")
    return network


def _step(folder: Path) -> OneStep:
    from diffusers import DDPMScheduler

    from models.img2img_turbo.network import OneStep

    # Published code reads SD-Turbo's Euler settings as DDPM's; the two share what is needed here.
    scheduler = _read(DDPMScheduler, folder)
    said = scheduler.config
    if said.prediction_type not in ("epsilon", "sample", "v_prediction") or said.thresholding:
        raise WeightsError(f"The scheduler in {folder} is of a kind that the program does not know.")
    clip = float(said.clip_sample_range) if said.clip_sample else None
    last = said.num_train_timesteps - 1
    return OneStep(last, float(scheduler.alphas_cumprod[last]), said.prediction_type, clip)


def _read(cls: Any, folder: Path, **how: Any) -> Any:
    if not folder.is_dir():
        raise WeightsError(
            f"The folder {folder} is missing. Get the model again, or import it from a folder."
        )
    try:
        return cls.from_pretrained(folder, local_files_only=True, **how)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise WeightsError(f"The files in {folder} are damaged ({said[0]}). Get the model again.") from error
