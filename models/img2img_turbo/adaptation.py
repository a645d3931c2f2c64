"""What a checkpoint changes in the networks: low-rank factors on many layers, the UNet's first convolution,
the skip convolutions; and how all of it follows the strength r. Reading a checkpoint is
`models.img2img_turbo.checkpoint`.

Fused, a layer's weight is made anew from the untouched base for each new r: base + r s B A, in float32, into
the same memory. Nothing accumulates, so a strength that comes back gives the same numbers. The base stays
where it was loaded, in the pages of its file, and costs no graphics memory. Unfused, each layer computes
base(x) + r s B(A(x)) in each run.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from models.img2img_turbo.network import TwinConv

LORA_ALPHA = 8
"""peft's default, which the published code leaves as it is: a factor of rank 8 counts once, one of rank 4
twice."""


class FollowsStrength(Protocol):
    """A layer that depends on r."""

    def set_strength(self, r: float) -> None:
        """From now on compute with this strength."""


class LowRankLayer(nn.Module):
    """A linear or convolution layer with its low-rank change beside it."""

    scale: Tensor

    def __init__(self, base: nn.Module, a: Tensor, b: Tensor) -> None:
        super().__init__()
        self.base = base
        self.a = _layer_like(base, a, narrow=False)
        self.b = _layer_like(base, b, narrow=True)
        # A tensor and not a float: compiled code takes a new value without being compiled anew.
        self.register_buffer("scale", torch.ones(()), persistent=False)
        self._full = LORA_ALPHA / a.shape[0]

    def set_strength(self, r: float) -> None:
        """As `FollowsStrength`."""
        self.scale.fill_(r * self._full)

    def forward(self, x: Tensor) -> Tensor:
        """As the layer itself."""
        y: Tensor = self.base(x) + self.b(self.a(x)) * self.scale
        return y


class FusedLayer:
    """Keeps one layer's weight at base + r s B A.

    Parameters
    ----------
    layer : Linear or Conv2d
        Placed already; its weight is rewritten in place.
    base : Tensor
        The layer's own weight, in any dtype, on any device; never written to.
    a, b : Tensor
        (rank, inputs, ...) and (outputs, rank, ...).
    """

    def __init__(self, layer: nn.Module, base: Tensor, a: Tensor, b: Tensor) -> None:
        self._layer, self._base = layer, base
        weight = _own_memory(layer, "weight")
        self._a = a.to(weight.device, torch.float32).flatten(1)
        self._b = b.to(weight.device, torch.float32).flatten(1)
        self._full = LORA_ALPHA / a.shape[0]

    def set_strength(self, r: float) -> None:
        """As `FollowsStrength`."""
        weight = self._layer.get_parameter("weight")
        base = self._base.to(weight.device, torch.float32)
        fused = torch.addmm(base.flatten(1), self._b, self._a, alpha=r * self._full)
        weight.data.copy_(fused.view(base.shape))


class FusedTwin:
    """Keeps the UNet's first convolution at the mix of the pretrained and the current one, which is again a
    convolution.
    """

    def __init__(
        self, layer: nn.Module, pretrained: Mapping[str, Tensor], current: Mapping[str, Tensor]
    ) -> None:
        self._layer, self._pretrained, self._current = layer, dict(pretrained), dict(current)
        for name in current:
            _own_memory(layer, name)

    def set_strength(self, r: float) -> None:
        """As `FollowsStrength`."""
        for name, current in self._current.items():
            mixed = self._pretrained[name].float() * (1 - r) + current.float() * r
            self._layer.get_parameter(name).data.copy_(mixed)


def adapt(
    network: nn.Module,
    tensors: Mapping[str, Tensor],
    factors: Mapping[str, tuple[Tensor, Tensor]],
    place: Callable[[nn.Module], object],
    *,
    fuse: bool,
) -> tuple[FollowsStrength, ...]:
    """Put one part of a checkpoint into its network, and this onto its device.

    Parameters
    ----------
    network : Module
        With its untouched weights, on the processor; changed in place.
    tensors : mapping
        The checkpoint's part, by its keys without ``base_layer``; it fits (`checkpoint.check_fit`).
    factors : mapping
        The A and B in it, by the layers' names.
    place : callable
        Moves a module to its device and number format, in place.
    fuse : bool
        Whether the weights themselves change, or each layer gets its change beside it.

    Returns
    -------
    tuple
        What follows the strength. Until it has been set, the weights are undefined.
    """
    own = {key: tensor for key, tensor in tensors.items() if ".lora_" not in key}
    twins = [_stripped(own, f"conv_in.{name}.") for name in ("conv_in_pretrained", "conv_in_curr")]
    for key, tensor in own.items():
        if not key.startswith("conv_in.conv_in_"):
            layer, _, name = key.rpartition(".")
            setattr(network.get_submodule(layer), name, nn.Parameter(tensor.clone(), requires_grad=False))
    layers = {name: network.get_submodule(name) for name in factors}
    bases = {name: layer.get_parameter("weight").detach() for name, layer in layers.items()}
    followers: list[FollowsStrength] = []
    if not fuse:
        for name, untouched in layers.items():
            beside = LowRankLayer(untouched, *factors[name])
            network.set_submodule(name, beside)
            followers.append(beside)
        if twins[0]:
            twin = _twin_of(network.get_submodule("conv_in"), *twins)
            network.set_submodule("conv_in", twin)
            followers.append(twin)
    place(network)
    if fuse:
        followers += [FusedLayer(layers[name], bases[name], *factors[name]) for name in factors]
        if twins[0]:
            followers.append(FusedTwin(network.get_submodule("conv_in"), *twins))
    return tuple(followers)


def adapted_layers(network: nn.Module, targets: Iterable[str]) -> dict[str, nn.Linear | nn.Conv2d]:
    """The layers that a list of targets names, by peft's rule: a layer's whole name, or its last parts."""
    exact = frozenset(targets)
    ends = tuple(f".{target}" for target in exact)
    return {
        name: layer
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Linear | nn.Conv2d) and (name in exact or (ends and name.endswith(ends)))
    }


def _layer_like(base: nn.Module, weight: Tensor, *, narrow: bool) -> nn.Module:
    """One of the two factors as a layer: A sees what the base sees, B is pointwise."""
    outputs, inputs, *kernel = weight.shape
    with torch.device("meta"):
        if isinstance(base, nn.Conv2d):
            layer: Any = nn.Conv2d(inputs, outputs, (kernel[0], kernel[1]), bias=False)
            if not narrow:
                layer.stride, layer.padding, layer.dilation = base.stride, base.padding, base.dilation
        else:
            layer = nn.Linear(inputs, outputs, bias=False)
    layer.weight = nn.Parameter(weight.clone(), requires_grad=False)
    made: nn.Module = layer
    return made


def _twin_of(conv: nn.Module, pretrained: Mapping[str, Tensor], current: Mapping[str, Tensor]) -> TwinConv:
    if not isinstance(conv, nn.Conv2d):
        raise TypeError(f"a UNet's conv_in is a convolution, not {type(conv).__name__}")
    both = []
    for tensors in (pretrained, current):
        one = copy.deepcopy(conv)
        one.load_state_dict(tensors)
        both.append(one)
    return TwinConv(both[0], both[1])


def _stripped(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _own_memory(layer: nn.Module, name: str) -> nn.Parameter:
    """A parameter of the same form in new memory: the old one may be the pages of a file."""
    parameter = nn.Parameter(torch.empty_like(layer.get_parameter(name)), requires_grad=False)
    setattr(layer, name, parameter)
    return parameter
