"""The embedded encoder's weights on disk: safetensors files in half precision, each under 12 MiB, one for
the photo side and one for each sketch tower.

Batch norms are folded into their convolutions before saving, so that a file holds just what runs. Nothing
is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from models.dual_encoder import PhotoHead, SketchTower
from models.efficientnet_lite import EfficientNetLite0
from models.encoder_layout import PHOTO_FILE, how_to_mend, sketch_file
from models.errors import WeightsError

FORMAT = "sketch_app.embedded-encoder"
VERSION = 1


@dataclass(frozen=True, slots=True)
class EncoderInfo:
    """What the files say of themselves."""

    model_id: str
    """``embedded-<hash of the tensors of all files>``: other weights are another space."""
    classes: tuple[str, ...]
    views: tuple[tuple[int, ...], ...]
    """For each sketch tower, the sides in pixels at which it looks at a sketch."""
    photo_side: int


@dataclass(frozen=True)
class LoadedEncoder:
    """The networks, in eval mode and float32."""

    info: EncoderInfo
    sketches: tuple[SketchTower, ...]
    photo_trunk: EfficientNetLite0
    photo_head: PhotoHead


def save_encoder(
    folder: Path,
    *,
    sketches: Sequence[SketchTower],
    views: Sequence[Sequence[int]],
    photo_trunk: EfficientNetLite0,
    photo_head: PhotoHead,
    classes: Sequence[str],
    photo_side: int,
) -> EncoderInfo:
    """Fold, halve and write all files; returns what was written about them."""
    from safetensors.torch import save_file

    for module in (*sketches, photo_trunk, photo_head):
        module.eval()
    for trunk in (*(s.trunk for s in sketches), photo_trunk):
        trunk.fuse()
    photo = {f"trunk.{k}": v for k, v in photo_trunk.state_dict().items()}
    photo |= {f"head.{k}": v for k, v in photo_head.state_dict().items()}
    photo = _halved(photo)
    towers = [_halved(s.state_dict()) for s in sketches]
    info = EncoderInfo(
        _model_id(photo, *towers), tuple(classes), tuple(tuple(sides) for sides in views), photo_side
    )
    folder.mkdir(parents=True, exist_ok=True)
    metadata = {
        "format": FORMAT,
        "version": str(VERSION),
        "model_id": info.model_id,
        "views": json.dumps(info.views),
        "photo_side": str(photo_side),
        "classes": json.dumps(info.classes),
    }
    save_file(photo, folder / PHOTO_FILE, metadata={**metadata, "part": "photo"})
    for number, tower in enumerate(towers, 1):
        save_file(tower, folder / sketch_file(number), metadata={**metadata, "part": f"sketch {number}"})
    return info


def _model_id(*parts: dict[str, Tensor]) -> str:
    """One id for the space, from every number of all sides: they have to match to be compared at all."""
    digest = hashlib.sha256()
    for tensors in parts:
        for name in sorted(tensors):
            digest.update(name.encode())
            digest.update(tensors[name].numpy().tobytes())
    return f"embedded-{digest.hexdigest()[:10]}"


def _halved(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k: v.half().contiguous() for k, v in tensors.items()}


def _whole(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k: v.float() for k, v in tensors.items()}


def load_encoder(folder: Path) -> LoadedEncoder:
    """Read all files.

    Raises
    ------
    WeightsError
        A file is missing, torn or not of this kind, or they do not belong together; the message names it.
    """
    info, photo = _read(folder / PHOTO_FILE, "photo")
    towers = []
    for number in range(1, len(info.views) + 1):
        path = folder / sketch_file(number)
        theirs, tensors = _read(path, f"sketch {number}")
        if theirs != info:
            raise WeightsError(
                f"{path} and {PHOTO_FILE} beside it come from two trainings. {how_to_mend(folder)}"
            )
        towers.append(tensors)
    if _model_id(photo, *towers) != info.model_id:
        names = ", ".join(sketch_file(n) for n in range(1, len(towers) + 1))
        raise WeightsError(
            f"The weights {folder / PHOTO_FILE} or {names} beside it are damaged. {how_to_mend(folder)}"
        )
    photo = _whole(photo)
    with torch.device("meta"):
        sketches = tuple(SketchTower(len(info.classes)) for _ in towers)
        trunk = EfficientNetLite0()
        head = PhotoHead()
    for network in (*(s.trunk for s in sketches), trunk):
        network.eval()
        _fold_empty(network)
    try:
        for sketch, tensors in zip(sketches, towers, strict=True):
            sketch.load_state_dict(_whole(tensors), assign=True)
        trunk.load_state_dict({k[6:]: v for k, v in photo.items() if k.startswith("trunk.")}, assign=True)
        head.load_state_dict({k[5:]: v for k, v in photo.items() if k.startswith("head.")}, assign=True)
    except RuntimeError as error:
        raise WeightsError(
            f"The weights in {folder} do not fit this version of the program: {error}"
        ) from error
    for module in (*sketches, trunk, head):
        module.eval()
        module.requires_grad_(False)
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return LoadedEncoder(info, sketches, trunk, head)


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
        classes, photo_side = json.loads(meta["classes"]), int(meta["photo_side"])
        views = tuple(tuple(int(side) for side in sides) for sides in json.loads(meta["views"]))
        if not isinstance(classes, list) or not views or min(photo_side, *(min(v) for v in views)) < 1:
            raise ValueError("its header makes no sense")
        return EncoderInfo(meta["model_id"], tuple(classes), views, photo_side), tensors
    except FileNotFoundError as error:
        raise WeightsError(f"The weights {path} are missing. {how_to_mend(path.parent)}") from error
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"The weights {path} are damaged ({error}). {how_to_mend(path.parent)}") from error
