"""The embedded encoder's weights on disk: two safetensors files in half precision, each under 12 MiB.

Batch norms are folded into their convolutions before saving, so that a file holds just what runs. Nothing
is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from models.dual_encoder import PhotoHead, SketchTower
from models.efficientnet_lite import EfficientNetLite0
from models.errors import WeightsError

FORMAT = "sketch_app.embedded-encoder"
VERSION = 1
SKETCH_FILE = "encoder-sketch.safetensors"
PHOTO_FILE = "encoder-photo.safetensors"


@dataclass(frozen=True, slots=True)
class EncoderInfo:
    """What the files say of themselves."""

    model_id: str
    """``embedded-<hash of the tensors of both files>``: other weights are another space."""
    classes: tuple[str, ...]
    sketch_side: int
    photo_side: int


@dataclass(frozen=True)
class LoadedEncoder:
    """The networks, in eval mode and float32."""

    info: EncoderInfo
    sketch: SketchTower
    photo_trunk: EfficientNetLite0
    photo_head: PhotoHead


def save_encoder(
    folder: Path,
    *,
    sketch: SketchTower,
    photo_trunk: EfficientNetLite0,
    photo_head: PhotoHead,
    classes: list[str],
    sketch_side: int,
    photo_side: int,
) -> EncoderInfo:
    """Fold, halve and write both files; returns what was written about them."""
    from safetensors.torch import save_file

    for module in (sketch, photo_trunk, photo_head):
        module.eval()
    sketch.trunk.fuse()
    photo_trunk.fuse()
    photo = {f"trunk.{k}": v for k, v in photo_trunk.state_dict().items()}
    photo |= {f"head.{k}": v for k, v in photo_head.state_dict().items()}
    photo = _halved(photo)
    sketch_tensors = _halved(sketch.state_dict())
    info = EncoderInfo(_model_id(photo, sketch_tensors), tuple(classes), sketch_side, photo_side)
    folder.mkdir(parents=True, exist_ok=True)
    metadata = {
        "format": FORMAT,
        "version": str(VERSION),
        "model_id": info.model_id,
        "sketch_side": str(sketch_side),
        "photo_side": str(photo_side),
        "classes": json.dumps(classes),
    }
    save_file(photo, folder / PHOTO_FILE, metadata={**metadata, "part": "photo"})
    save_file(sketch_tensors, folder / SKETCH_FILE, metadata={**metadata, "part": "sketch"})
    return info


def _model_id(photo: dict[str, Tensor], sketch: dict[str, Tensor]) -> str:
    """One id for the space, from every number of both sides: they have to match to be compared at all."""
    digest = hashlib.sha256()
    for tensors in (photo, sketch):
        for name in sorted(tensors):
            digest.update(name.encode())
            digest.update(tensors[name].numpy().tobytes())
    return f"embedded-{digest.hexdigest()[:10]}"


def _halved(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k: v.half().contiguous() for k, v in tensors.items()}


def _whole(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k: v.float() for k, v in tensors.items()}


def load_encoder(folder: Path) -> LoadedEncoder:
    """Read both files.

    Raises
    ------
    WeightsError
        A file is missing, torn or not of this kind, or the two do not belong together; the message names it.
    """
    info, photo = _read(folder / PHOTO_FILE, "photo")
    sketch_info, sketch_tensors = _read(folder / SKETCH_FILE, "sketch")
    if info != sketch_info:
        raise WeightsError(
            f"{folder / SKETCH_FILE} and {PHOTO_FILE} beside it come from two trainings. Install both anew."
        )
    if _model_id(photo, sketch_tensors) != info.model_id:
        raise WeightsError(
            f"The weights {folder / PHOTO_FILE} or {SKETCH_FILE} beside it are damaged. "
            "Install the program again."
        )
    photo, sketch_tensors = _whole(photo), _whole(sketch_tensors)
    with torch.device("meta"):
        sketch = SketchTower(len(info.classes))
        trunk = EfficientNetLite0()
        head = PhotoHead()
    for network in (sketch.trunk, trunk):
        network.eval()
    _fold_empty(sketch.trunk)
    _fold_empty(trunk)
    try:
        sketch.load_state_dict(sketch_tensors, assign=True)
        trunk.load_state_dict({k[6:]: v for k, v in photo.items() if k.startswith("trunk.")}, assign=True)
        head.load_state_dict({k[5:]: v for k, v in photo.items() if k.startswith("head.")}, assign=True)
    except RuntimeError as error:
        raise WeightsError(
            f"The weights in {folder} do not fit this version of the program: {error}"
        ) from error
    for module in (sketch, trunk, head):
        module.eval()
        module.requires_grad_(False)
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return LoadedEncoder(info, sketch, trunk, head)


def _fold_empty(network: EfficientNetLite0) -> None:
    """The shape of a folded network, without weights."""
    for layer in network.conv_norms():
        layer.conv.bias = torch.nn.Parameter(torch.empty(layer.conv.out_channels, device="meta"))
        layer.norm = torch.nn.Identity()


def _read(path: Path, part: str) -> tuple[EncoderInfo, dict[str, Tensor]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            meta = file.metadata() or {}
            if meta.get("format") != FORMAT or meta.get("part") != part:
                raise WeightsError(f"{path} does not hold the {part} side of an embedded encoder.")
            if int(meta["version"]) > VERSION:
                raise WeightsError(
                    f"{path} was written by a newer version of the program. Update the program."
                )
            tensors = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
        classes, sides = json.loads(meta["classes"]), (int(meta["sketch_side"]), int(meta["photo_side"]))
        if not isinstance(classes, list) or min(sides) < 1:
            raise ValueError("its header makes no sense")
        return EncoderInfo(meta["model_id"], tuple(classes), *sides), tensors
    except FileNotFoundError as error:
        raise WeightsError(
            f"The weights {path} are missing. Install the program again, or train them."
        ) from error
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise WeightsError(f"The weights {path} are damaged ({error}). Install the program again.") from error
