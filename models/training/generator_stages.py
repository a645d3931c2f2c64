"""How a base from nothing comes to be, before it is taught whole: first its VAE keeps pictures and gives them
back, then its UNet finds a photo's latent from the drawing's and the words. Stable Diffusion was made in this
order (Rombach et al. 2022); taught all at once, the networks found a way round the words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.training.generator_data import PairBatch, PairSource
from models.training.generator_prompts import Prompts
from models.training.lesson import Figure, Group, Turn
from models.training.picture_losses import PictureNetwork, perceptual_distance

if TYPE_CHECKING:
    from models.img2img_turbo.base_model import BaseModel
    from models.img2img_turbo.network import SkipVae

_COARSER = 8
_FEWER_DRAWINGS = 4
_HELD_SEED = 1_000_003
"""Of the held-back pairs, which are the same at every validation."""


@dataclass(frozen=True)
class StageSettings:
    """What decides a stage beside its data.

    Attributes
    ----------
    batch
        Pairs of a piece.
    side
        Of the pictures, in pixels.
    l2, colours, perceptual
        Weights of the losses between pictures: of the squared difference, of that of pictures made smaller by
        `_COARSER`, and of the perceptual distance. With an absolute difference and nothing for colours alone,
        pictures were grey after 1,200 steps.
    held
        Pairs that measure.
    """

    batch: int = 16
    side: int = 64
    rate: float = 5e-4
    l2: float = 2.0
    colours: float = 4.0
    perceptual: float = 0.5
    held: int = 64
    seed: int = 0


class _Stage:
    """What both stages share."""

    def __init__(
        self,
        base: BaseModel,
        pairs: PairSource,
        held: PairSource,
        settings: StageSettings,
        origin: Mapping[str, str],
    ) -> None:
        self.base, self.pairs, self.settings, self._origin = base, pairs, settings, dict(origin)
        self._held = held.batch(_HELD_SEED, 0, 0, settings.held, settings.side)
        self.device = torch.device("cpu")

    @property
    def description(self) -> Mapping[str, Any]:
        """See `models.training.lesson.Lesson`."""
        return {
            "stage": type(self).__name__,
            **asdict(self.settings),
            "origin": self._origin,
            "sketched": self.pairs.sketched,
            "emphasis": sorted(self.pairs.emphasis),
        }

    def batch(self, step: int, piece: int) -> PairBatch:
        """See `models.training.lesson.Lesson`."""
        settings = self.settings
        drawn = self.pairs.batch(settings.seed, step, piece, settings.batch, settings.side)
        return drawn.to(self.device)


class PictureCoderLesson(_Stage):
    """The VAE without its skips: photos and drawings in, the same out.

    Parameters
    ----------
    pictures
        The frozen network of the perceptual distance.
    origin
        Tells base and data from others.
    """

    def __init__(
        self,
        base: BaseModel,
        pairs: PairSource,
        held: PairSource,
        settings: StageSettings,
        *,
        pictures: PictureNetwork,
        origin: Mapping[str, str],
    ) -> None:
        super().__init__(base, pairs, held, settings, origin)
        self.pictures = pictures
        base.vae.requires_grad_(True).train()
        for name, parameter in base.vae.named_parameters():
            parameter.requires_grad_("skip_conv" not in name)

    @property
    def learns(self) -> Mapping[str, nn.Module]:  # noqa: D102 - as the protocol says
        return {"vae": self.base.vae}

    @property
    def turns(self) -> Sequence[Turn]:  # noqa: D102
        own = [p for p in self.base.vae.parameters() if p.requires_grad]
        return [Turn("coder", [Group(own, self.settings.rate)], self.losses)]

    @property
    def counts(self) -> Figure:  # noqa: D102
        return Figure("difference", higher=False)

    def to(self, device: torch.device) -> None:  # noqa: D102
        self.device = device
        self.base.vae.to(device)
        self.pictures.to(device)

    def losses(self, batch: PairBatch) -> Mapping[str, Tensor]:
        """Of a batch: some drawings go in, too, since the encoder will see them."""
        settings, some = self.settings, max(1, len(batch.control) // _FEWER_DRAWINGS)
        photos = self._given_back(batch.photos)
        drawings = self._given_back(batch.control[:some])
        with torch.no_grad():
            wanted = self.pictures(batch.photos)
        seen = self.pictures(photos)
        lines = 2 * batch.control[:some] - 1
        coarse = (F.avg_pool2d(x, _COARSER) for x in (photos, batch.photos))
        return {
            "photos": settings.l2 * F.mse_loss(photos, batch.photos),
            "colours": settings.colours * F.mse_loss(*coarse),
            "drawings": settings.l2 * 0.1 * F.mse_loss(drawings, lines),
            "perceptual": settings.perceptual * perceptual_distance(seen.maps, wanted.maps).mean(),
        }

    def _given_back(self, pictures: Tensor) -> Tensor:
        vae = self.base.vae
        encoded = vae.encode(pictures)
        latent = encoded.mean + encoded.std * torch.randn_like(encoded.mean)
        return vae.decode(latent, encoded, torch.zeros((), device=pictures.device))

    def validate(self) -> Mapping[str, float]:  # noqa: D102
        with torch.no_grad():
            held = self._held.to(self.device)
            made = self._given_back(held.photos)
            seen, wanted = self.pictures(made), self.pictures(held.photos)
        return {
            "difference": float(F.mse_loss(made, held.photos)),
            "perceptual": float(perceptual_distance(seen.maps, wanted.maps).mean()),
        }


@torch.no_grad()
def settle_latents(vae: SkipVae, photos: Tensor) -> None:
    """Give the latents of photos mean nought and variance one in each channel, in the VAE's own two last and
    first convolutions: what it gives back stays as it was.

    Parameters
    ----------
    photos
        (n, 3, side, side) in -1..1, many enough to stand for all.
    """
    latents = torch.cat([vae.encode(part).mean for part in photos.split(16)])
    channels = latents.shape[1]
    mean = latents.mean((0, 2, 3))
    deviation = latents.std((0, 2, 3)).clamp(min=1e-4)
    into, out = vae.quant_conv, vae.post_quant_conv
    into.weight[:channels].div_(deviation[:, None, None, None])
    into.bias[:channels].sub_(mean).div_(deviation)
    out.bias.add_(out.weight[:, :, 0, 0] @ mean)
    out.weight.mul_(deviation[None, :, None, None])


class LatentLesson(_Stage):
    """The UNet: from the latent of a drawing and the words to the latent of the photo, by squares."""

    def __init__(
        self,
        base: BaseModel,
        pairs: PairSource,
        held: PairSource,
        settings: StageSettings,
        *,
        origin: Mapping[str, str],
    ) -> None:
        super().__init__(base, pairs, held, settings, origin)
        base.vae.requires_grad_(False).eval()
        base.text_encoder.requires_grad_(False).eval()
        base.unet.requires_grad_(True).train()
        self._prompts = Prompts(base)

    @property
    def learns(self) -> Mapping[str, nn.Module]:  # noqa: D102
        return {"unet": self.base.unet}

    @property
    def turns(self) -> Sequence[Turn]:  # noqa: D102
        return [Turn("unet", [Group(list(self.base.unet.parameters()), self.settings.rate)], self.losses)]

    @property
    def counts(self) -> Figure:  # noqa: D102
        return Figure("unexplained", higher=False)

    def to(self, device: torch.device) -> None:  # noqa: D102
        self.device = device
        for network in (self.base.unet, self.base.vae, self.base.text_encoder):
            network.to(device)

    def losses(self, batch: PairBatch) -> Mapping[str, Tensor]:
        """Of a batch."""
        return {"latent": self._missed(batch, batch.subjects)}

    def _missed(self, batch: PairBatch, subjects: Sequence[str]) -> Tensor:
        base = self.base
        with torch.no_grad():
            both = base.vae.encode(torch.cat([batch.control, batch.photos])).mean * base.vae.scaling_factor
            drawn, wanted = both.chunk(2)
        timestep = torch.tensor([base.step.timestep], device=self.device)
        words = self._prompts(subjects, self.device)
        predicted = base.unet(drawn, timestep, encoder_hidden_states=words, return_dict=False)[0]
        return F.mse_loss(base.step(drawn, predicted).float(), wanted.float())

    def validate(self) -> Mapping[str, float]:
        """The share of the photos' latents that is not explained; with the words of others, too: the
        difference is what words are worth.
        """
        with torch.no_grad():
            held = self._held.to(self.device)
            others = held.subjects[1:] + held.subjects[:1]
            return {
                "unexplained": float(self._missed(held, held.subjects)),
                "with wrong words": float(self._missed(held, others)),
            }
