"""The parts of Img2Img-Turbo that SD-Turbo does not have: a VAE whose encoder reaches its decoder through
skip convolutions, the paired first convolution of the UNet, and the one step. Putting a checkpoint in is
`models.img2img_turbo.adaptation`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from diffusers import AutoencoderKL

SKIP_START = 1e-5
"""Initial weight of the skip convolutions (published training code)."""
TILE, OVERLAP = 288, 64
"""Side and overlap in pixels of the tiles under low memory: four tiles for a picture of 512."""


@dataclass(frozen=True)
class Window:
    """A rectangle of the latent, in its cells."""

    top: int
    left: int
    height: int
    width: int

    def of(self, x: Tensor, scale: int = 1) -> Tensor:
        """The part of (n, c, h, w) that it covers, where a cell is `scale` pixels wide."""
        t, l, h, w = (v * scale for v in (self.top, self.left, self.height, self.width))  # noqa: E741
        return x[:, :, t : t + h, l : l + w]


@dataclass(frozen=True)
class Encoded:
    """What the encoder says of a picture."""

    mean: Tensor
    """(n, latent channels, h, w) float32, not scaled."""
    std: Tensor
    """As `mean`."""
    windows: tuple[Window, ...]
    """The tiles; one that covers everything where nothing was tiled."""
    skips: tuple[tuple[Tensor, ...], ...]
    """For each tile, the input of each of the encoder's down blocks, finest first."""


class SkipVae(nn.Module):
    """A plain VAE's parts joined by skip convolutions.

    The input of each of the encoder's down blocks, times gamma and through a 1x1 convolution, is added to the
    input of the decoder's up block of the same size. The layers have the published names
    (``decoder.skip_conv_1`` is the coarsest).

    Parameters
    ----------
    vae : AutoencoderKL
        Its encoder and decoder become this module's own: do not use it any more.
    """

    def __init__(self, vae: AutoencoderKL) -> None:
        super().__init__()
        plain: Any = vae  # whose attributes diffusers' types do not tell
        self.encoder, self.decoder = plain.encoder, plain.decoder
        self.quant_conv, self.post_quant_conv = plain.quant_conv, plain.post_quant_conv
        self.scaling_factor: float = plain.config.scaling_factor
        self.latent_channels: int = plain.config.latent_channels
        widths: Sequence[int] = plain.config.block_out_channels
        self.pixels_per_cell = 2 ** (len(widths) - 1)
        inputs = (widths[0], *widths[:-1])[::-1]
        outputs = (widths[-1], *widths[:0:-1])
        for number, (a, b) in enumerate(zip(inputs, outputs, strict=True), 1):
            skip = nn.Conv2d(a, b, 1, bias=False)
            nn.init.constant_(skip.weight, SKIP_START)
            self.decoder.add_module(f"skip_conv_{number}", skip)

    @property
    def dtype(self) -> torch.dtype:
        """Number format of the weights."""
        return next(self.parameters()).dtype

    def encode(self, picture: Tensor, *, tiled: bool = False) -> Encoded:
        """(n, 3, H, W) to the latent's distribution; H and W are multiples of `pixels_per_cell`."""
        scale = self.pixels_per_cell
        height, width = picture.shape[-2] // scale, picture.shape[-1] // scale
        windows = tuple(_windows(height, width, scale) if tiled else (Window(0, 0, height, width),))
        pieces = [self._encode(w.of(picture, scale).to(self.dtype)) for w in windows]
        moments = _blend([p[0] for p in pieces], windows, (height, width), scale=1, overlap=OVERLAP // scale)
        mean, logvar = moments.chunk(2, dim=1)
        # The clamp is that of diffusers' DiagonalGaussianDistribution.
        return Encoded(mean, (logvar.clamp(-30, 20) / 2).exp(), windows, tuple(p[1] for p in pieces))

    def decode(self, latent: Tensor, encoded: Encoded, gamma: Tensor) -> Tensor:
        """(n, latent channels, h, w), not scaled, to (n, 3, H, W) float32, nominally -1..1.

        `encoded` gives the skips (and the tiles), `gamma` (a number without dimensions) multiplies them.
        """
        scale = self.pixels_per_cell
        latent, gamma = latent.to(self.dtype), gamma.to(self.dtype)
        pieces = [
            self._decode(window.of(latent), skips, gamma)
            for window, skips in zip(encoded.windows, encoded.skips, strict=True)
        ]
        height, width = latent.shape[-2:]
        return _blend(pieces, encoded.windows, (height, width), scale=scale, overlap=OVERLAP)

    def _encode(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        encoder = self.encoder
        x = encoder.conv_in(x)
        skips = []
        for block in encoder.down_blocks:
            skips.append(x)
            x = block(x)
        x = encoder.conv_out(encoder.conv_act(encoder.conv_norm_out(encoder.mid_block(x))))
        return (x if self.quant_conv is None else self.quant_conv(x)), tuple(skips)

    def _decode(self, x: Tensor, skips: tuple[Tensor, ...], gamma: Tensor) -> Tensor:
        decoder = self.decoder
        if self.post_quant_conv is not None:
            x = self.post_quant_conv(x)
        x = decoder.mid_block(decoder.conv_in(x))
        for number, (block, skip) in enumerate(zip(decoder.up_blocks, reversed(skips), strict=True), 1):
            x = block(x + decoder.get_submodule(f"skip_conv_{number}")(skip.to(x.dtype) * gamma))
        picture: Tensor = decoder.conv_out(decoder.conv_act(decoder.conv_norm_out(x)))
        return picture


class TwinConv(nn.Module):
    """The UNet's first convolution in the stochastic variant: pretrained(x) (1 - r) + current(x) r."""

    r: Tensor

    def __init__(self, pretrained: nn.Conv2d, current: nn.Conv2d) -> None:
        super().__init__()
        self.conv_in_pretrained = pretrained
        self.conv_in_curr = current
        # A tensor and not a float: compiled code takes a new value without being compiled anew.
        self.register_buffer("r", torch.ones(()), persistent=False)

    def set_strength(self, r: float) -> None:
        """From now on mix with this r."""
        self.r.fill_(r)

    def forward(self, x: Tensor) -> Tensor:
        """(n, in, h, w) -> (n, out, h, w)."""
        mixed: Tensor = self.conv_in_pretrained(x) * (1 - self.r) + self.conv_in_curr(x) * self.r
        return mixed


@dataclass(frozen=True, slots=True)
class OneStep:
    """A DDPM schedule with one step, from pure noise to the picture."""

    timestep: int
    """The last one of the training: 999."""
    alpha: float
    """The schedule's cumulative alpha there."""
    prediction: str
    """What the UNet predicts: "epsilon", "sample" or "v_prediction"."""
    clip: float | None
    """Bound of the result, where the schedule asks for one."""

    def __call__(self, sample: Tensor, predicted: Tensor) -> Tensor:
        """The clean latent, float32, from the UNet's input and output.

        Formula 15 of Ho et al. 2020. With one step it is all of the DDPM step: the coefficient of the result
        is 1, that of the sample 0, and the noise that is added has the variance 1e-20, below float32.
        """
        x, out = sample.float(), predicted.float()
        signal, noise = math.sqrt(self.alpha), math.sqrt(1 - self.alpha)
        if self.prediction == "epsilon":
            clean = (x - noise * out) / signal
        elif self.prediction == "v_prediction":
            clean = signal * x - noise * out
        else:
            clean = out
        return clean if self.clip is None else clean.clamp(-self.clip, self.clip)


def _windows(height: int, width: int, scale: int) -> list[Window]:
    tile, overlap = TILE // scale, OVERLAP // scale
    return [
        Window(top, left, min(tile, height), min(tile, width))
        for top in _starts(height, tile, overlap)
        for left in _starts(width, tile, overlap)
    ]


def _starts(length: int, tile: int, overlap: int) -> list[int]:
    """Where tiles begin that cover `length` with at least `overlap` in common, evenly."""
    if length <= tile:
        return [0]
    count = math.ceil((length - overlap) / (tile - overlap))
    return [round(i * (length - tile) / (count - 1)) for i in range(count)]


def _blend(
    pieces: Sequence[Tensor],
    windows: Sequence[Window],
    size: tuple[int, int],
    *,
    scale: int,
    overlap: int,
) -> Tensor:
    """One float32 picture from its tiles; where they overlap they fade into one another."""
    if len(pieces) == 1:
        return pieces[0].float()
    first = pieces[0]
    shape = (*first.shape[:2], size[0] * scale, size[1] * scale)
    total = torch.zeros(shape, device=first.device)
    weights = torch.zeros((1, 1, *shape[2:]), device=first.device)
    for piece, window in zip(pieces, windows, strict=True):
        weight = _fade(piece.shape[-2], overlap, piece.device)[:, None] * _fade(
            piece.shape[-1], overlap, piece.device
        )
        window.of(total, scale).add_(piece.float() * weight)
        window.of(weights, scale).add_(weight)
    return total / weights


def _fade(length: int, overlap: int, device: torch.device) -> Tensor:
    rising = torch.arange(1, length + 1, device=device, dtype=torch.float32)
    return torch.minimum(rising, rising.flip(0)).clamp(max=overlap)
