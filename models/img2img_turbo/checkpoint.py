"""Img2Img-Turbo checkpoints: the published layout (a pickled dict), its safetensors form, and whether one
fits a base model. Putting it into the networks is `models.img2img_turbo.adaptation`.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from models.errors import WeightsError
from models.safe_weights import Weights, convert_once, read_weights, sha256_of, write_safetensors

if TYPE_CHECKING:
    from torch import Tensor, nn

    from models.img2img_turbo.network import SkipVae

Variant = Literal["sketch", "edge", "trained"]
"""How a sketch is prepared, and whether the strength counts: "sketch" is the stochastic one."""
KIND = "img2img-turbo 1"
UNET_ADAPTER, VAE_ADAPTER = "default", "vae_skip"
"""The names of peft's adapters in the published keys."""
_LISTS = ("unet_lora_target_modules", "vae_lora_target_modules")
_NUMBERS = ("rank_unet", "rank_vae")
_STATES = ("state_dict_unet", "state_dict_vae")
_TWIN = "conv_in.conv_in_pretrained.weight"


@dataclass(frozen=True)
class Checkpoint:
    """What training changed, with the published names of the layers.

    In the keys of both parts a layer's own weight has no ``base_layer``, whichever way the file had it.
    """

    rank_unet: int
    rank_vae: int
    unet_targets: tuple[str, ...]
    vae_targets: tuple[str, ...]
    unet: Mapping[str, Tensor]
    vae: Mapping[str, Tensor]
    variant: Variant
    sha256: str = ""
    """Of the file it came from, in hexadecimal."""

    @property
    def stochastic(self) -> bool:
        """Whether the UNet's first convolution is a pair and the strength counts."""
        return _TWIN in self.unet

    def factors(self, part: Literal["unet", "vae"]) -> dict[str, tuple[Tensor, Tensor]]:
        """The low-rank factors A and B of each adapted layer."""
        tensors, adapter = (self.unet, UNET_ADAPTER) if part == "unet" else (self.vae, VAE_ADAPTER)
        end = f".lora_A.{adapter}.weight"
        names = [key.removesuffix(end) for key in tensors if key.endswith(end)]
        return {name: (tensors[name + end], tensors[f"{name}.lora_B.{adapter}.weight"]) for name in names}


def load_checkpoint(
    path: Path,
    unet: nn.Module,
    vae: SkipVae,
    *,
    converted: Path | None = None,
    variant: Variant | None = None,
) -> Checkpoint:
    """Read a checkpoint and hold it against the networks it is for.

    Parameters
    ----------
    path : Path
        A published pickle, opened once without running anything in it and from then on read from a
        safetensors file; or such a safetensors file.
    unet, vae : Module
        The base model's, unchanged.
    converted : Path, optional
        Folder for the safetensors file; that of `path` when not given.
    variant : str, optional
        Of which kind it is. When not given, a pair of first convolutions makes a "sketch", a file name with
        "edge_to_image" an "edge" (canny edges), anything else "trained".

    Raises
    ------
    WeightsError
        It is missing, is no such checkpoint, or does not fit; the message names the first key that differs.
    RefusedFileError
        It holds more than weights.
    """
    if path.suffix == ".safetensors":
        weights, sha256 = read_weights(path), sha256_of(path)
        if weights.metadata.get("kind") != KIND:
            raise WeightsError(f"{path} is no checkpoint of Img2Img-Turbo. Choose another file.")
    else:
        target = (converted or path.parent) / f"{path.stem}.safetensors"

        def convert(held: dict[str, Any]) -> Weights:
            checkpoint = _from_published(held, path)
            check_fit(checkpoint, unet, vae, path, published=held)
            return _weights_of(checkpoint)

        weights = convert_once(path, target, convert, kind=KIND)
        sha256 = weights.metadata["source_sha256"]
    checkpoint = _from_weights(weights, path, variant, sha256)
    check_fit(checkpoint, unet, vae, path)
    return checkpoint


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, whole or not at all: by the name's ending as safetensors, else in the published
    layout, as a pickle that the published code opens.

    Raises
    ------
    WeightsError
        It cannot be written.
    """
    import torch

    if path.suffix == ".safetensors":
        weights = _weights_of(checkpoint)
        write_safetensors(path, Weights(weights.tensors, {**weights.metadata, "format": "pt", "kind": KIND}))
        return

    adapted = {"unet": checkpoint.factors("unet"), "vae": checkpoint.factors("vae")}

    def published(part: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        named = {}
        for key, tensor in tensors.items():
            layer, _, last = key.rpartition(".")
            own = layer in adapted[part]
            named[f"{layer}.base_layer.{last}" if own else key] = tensor.detach().cpu().contiguous()
        return named

    held = {
        "rank_unet": checkpoint.rank_unet,
        "rank_vae": checkpoint.rank_vae,
        "unet_lora_target_modules": list(checkpoint.unet_targets),
        "vae_lora_target_modules": list(checkpoint.vae_targets),
        "state_dict_unet": published("unet", checkpoint.unet),
        "state_dict_vae": published("vae", checkpoint.vae),
    }
    name = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            torch.save(held, file)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError as error:
        raise WeightsError(
            f"{path} could not be written ({error}). Check the free space and the rights of the folder."
        ) from error
    finally:
        if name:
            Path(name).unlink(missing_ok=True)


def check_fit(
    checkpoint: Checkpoint,
    unet: nn.Module,
    vae: SkipVae,
    path: Path,
    *,
    published: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Raise `WeightsError` unless the checkpoint has every tensor that its networks need, in its shape, and
    no other. `published` is what the file held, for its own spelling of a key.
    """
    for part, found, expected in (
        (_STATES[0], checkpoint.unet, expected_unet(checkpoint, unet)),
        (_STATES[1], checkpoint.vae, expected_vae(checkpoint, vae)),
    ):
        for key in sorted(expected.keys() | found.keys()):
            spelt = _spelling(key, (published or {}).get(part, ()))
            wrong = ""
            if key not in found:
                wrong = f"{part} has no {key!r} (expected with shape {expected[key]})"
            elif key not in expected:
                wrong = f"{part} has {spelt!r}, which was not expected"
            elif tuple(found[key].shape) != expected[key]:
                wrong = f"{part} has {spelt!r} with shape {tuple(found[key].shape)}, expected {expected[key]}"
            if wrong:
                raise WeightsError(
                    f"{path} does not fit this base model: {wrong}. "
                    "Choose the checkpoint that was made for it."
                )


def expected_unet(checkpoint: Checkpoint, unet: nn.Module) -> dict[str, tuple[int, ...]]:
    """The keys and shapes that a checkpoint of these ranks, targets and kind has for a UNet."""
    conv_in = unet.get_submodule("conv_in")
    own = ("conv_in.conv_in_pretrained", "conv_in.conv_in_curr") if checkpoint.stochastic else ("conv_in",)
    shapes = {f"{name}.{k}": tuple(v.shape) for name in own for k, v in conv_in.named_parameters()}
    return shapes | _expected_factors(unet, checkpoint.unet_targets, checkpoint.rank_unet, UNET_ADAPTER)


def expected_vae(checkpoint: Checkpoint, vae: SkipVae) -> dict[str, tuple[int, ...]]:
    """The keys and shapes that it has for a VAE."""
    shapes = {key: tuple(p.shape) for key, p in vae.named_parameters() if "skip" in key}
    return shapes | _expected_factors(vae, checkpoint.vae_targets, checkpoint.rank_vae, VAE_ADAPTER)


def _expected_factors(
    network: nn.Module, targets: Sequence[str], rank: int, adapter: str
) -> dict[str, tuple[int, ...]]:
    from models.img2img_turbo.adaptation import adapted_layers

    shapes: dict[str, tuple[int, ...]] = {}
    for name, layer in adapted_layers(network, targets).items():
        outputs, inputs, *kernel = layer.weight.shape
        shapes[f"{name}.lora_A.{adapter}.weight"] = (rank, inputs, *kernel)
        shapes[f"{name}.lora_B.{adapter}.weight"] = (outputs, rank, *(1 for _ in kernel))
    return shapes


def _spelling(key: str, keys: Any) -> str:
    """How a file spells a key, with or without ``base_layer``."""
    return next((k for k in keys if _plain(k) == key), key)


def _plain(key: str) -> str:
    return key.replace(".base_layer.", ".")


def _from_published(held: dict[str, Any], path: Path) -> Checkpoint:
    import torch

    def wrong(what: str) -> WeightsError:
        return WeightsError(f"{path} is no checkpoint of Img2Img-Turbo: {what}. Choose another file.")

    for key in sorted((*_LISTS, *_NUMBERS, *_STATES)):
        if key not in held:
            raise wrong(f"it has no {key!r}")
    for key in _NUMBERS:
        if type(held[key]) is not int or held[key] < 0:
            raise wrong(f"its {key!r} is no rank")
    for key in _LISTS:
        if not isinstance(held[key], list | tuple | set) or not all(isinstance(t, str) for t in held[key]):
            raise wrong(f"its {key!r} is no list of names")
    parts = []
    for key in _STATES:
        state = held[key]
        if not isinstance(state, dict) or not all(
            isinstance(k, str) and isinstance(v, torch.Tensor) and v.is_floating_point()
            for k, v in state.items()
        ):
            raise wrong(f"its {key!r} does not hold named tensors")
        plain = {_plain(k): v for k, v in state.items()}
        if len(plain) != len(state):
            twice = next(k for k in sorted(state) if ".base_layer." in k and _plain(k) in state)
            raise wrong(f"its {key!r} has {_plain(twice)!r} and {twice!r}, which are the same")
        parts.append(plain)
    return Checkpoint(
        held["rank_unet"],
        held["rank_vae"],
        tuple(sorted(held[_LISTS[0]])),
        tuple(sorted(held[_LISTS[1]])),
        parts[0],
        parts[1],
        _guess_variant(parts[0], path),
    )


def _guess_variant(unet: Mapping[str, Any], path: Path) -> Variant:
    if _TWIN in unet:
        return "sketch"
    return "edge" if "edge_to_image" in path.name else "trained"


def _weights_of(checkpoint: Checkpoint) -> Weights:
    tensors = {f"unet.{k}": v for k, v in checkpoint.unet.items()}
    tensors |= {f"vae.{k}": v for k, v in checkpoint.vae.items()}
    about = {
        "rank_unet": str(checkpoint.rank_unet),
        "rank_vae": str(checkpoint.rank_vae),
        "unet_targets": json.dumps(checkpoint.unet_targets),
        "vae_targets": json.dumps(checkpoint.vae_targets),
        "variant": checkpoint.variant,
    }
    return Weights(tensors, about)


def _from_weights(weights: Weights, path: Path, variant: Variant | None, sha256: str) -> Checkpoint:
    said = weights.metadata
    try:
        unet = {k[5:]: v for k, v in weights.tensors.items() if k.startswith("unet.")}
        vae = {k[4:]: v for k, v in weights.tensors.items() if k.startswith("vae.")}
        checkpoint = Checkpoint(
            int(said["rank_unet"]),
            int(said["rank_vae"]),
            tuple(json.loads(said["unet_targets"])),
            tuple(json.loads(said["vae_targets"])),
            unet,
            vae,
            variant or cast(Variant, said["variant"]),
            sha256,
        )
    except (KeyError, ValueError, TypeError) as error:
        raise WeightsError(f"What {path} says of itself makes no sense ({error}). Get it again.") from error
    known = checkpoint.variant in get_args(Variant)
    if not known or checkpoint.stochastic != (checkpoint.variant == "sketch"):
        raise WeightsError(
            f"{path} is not of the kind {checkpoint.variant!r}. Let the program find out its kind, or choose "
            "another file."
        )
    return checkpoint
