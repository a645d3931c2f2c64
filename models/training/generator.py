"""The generator's lesson: Img2Img-Turbo's networks in training, whole (a base from nothing) or by low-rank
factors, skip convolutions and the first convolution (what a checkpoint holds). Losses and their weights are
those of the published training code (train_pix2pix_turbo.py); what differs is said where it does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from models.img2img_turbo.checkpoint import UNET_ADAPTER, VAE_ADAPTER, Checkpoint
from models.img2img_turbo.preparation import prepared
from models.training.generator_data import HeldBack, PairBatch, PairSource
from models.training.generator_prompts import Prompts
from models.training.lesson import Figure, Group, Turn
from models.training.picture_losses import (
    Alignment,
    Critic,
    PictureNetwork,
    Seen,
    perceptual_distance,
    shaken,
)

if TYPE_CHECKING:
    from models.img2img_turbo.base_model import BaseModel

UNET_TARGETS = (
    "to_k", "to_q", "to_v", "to_out.0", "conv", "conv1", "conv2", "conv_shortcut", "conv_out",
    "proj_in", "proj_out", "ff.net.2", "ff.net.0.proj",
)  # fmt: skip
VAE_TARGETS = (
    "conv1", "conv2", "conv_in", "conv_shortcut", "conv", "conv_out",
    "skip_conv_1", "skip_conv_2", "skip_conv_3", "skip_conv_4", "to_k", "to_q", "to_v", "to_out.0",
)  # fmt: skip
"""The published lists (facts of a published checkpoint)."""


@dataclass(frozen=True)
class GeneratorSettings:
    """What decides the lesson beside its data.

    Attributes
    ----------
    learns
        "base": every weight of UNet and VAE, from nothing. "lora": as published, on a base that stays.
    batch
        Pairs of a piece.
    sides
        Up to this share of the steps, pictures of this side: small ones teach what goes where, large ones how
        it looks.
    l2, perceptual, alignment, adversarial
        Weights of the losses; 0 leaves one out. As published 1, 5, 5, .5.
    rate, critic_rate
        Learning rates.
    seen_at
        Side at which the alignment looks at a made picture, after `picture_losses.shaken`; half as large
        again as the picture at most.
    """

    learns: Literal["base", "lora"] = "lora"
    steps: int = 10_000
    batch: int = 4
    sides: tuple[tuple[float, int], ...] = ((1.0, 512),)
    rank_unet: int = 8
    rank_vae: int = 4
    l2: float = 1.0
    perceptual: float = 5.0
    alignment: float = 5.0
    adversarial: float = 0.5
    rate: float = 5e-6
    critic_rate: float = 5e-6
    seen_at: int = 224
    checkpoint_gradients: bool = False
    seed: int = 0

    def side_at(self, step: int) -> int:
        """Of a step's pictures."""
        return next((side for share, side in self.sides if step < share * self.steps), self.sides[-1][1])


class GeneratorLesson:
    """See `models.training.lesson.Lesson`.

    Parameters
    ----------
    base
        Its networks are trained in place.
    pairs, held
        What is learnt from, and measured by.
    pictures
        The frozen network of perceptual distance, critic and retrieval.
    alignment
        Of picture and words.
    origin
        Tells base and data from others: a run is gone on with by the same ones only.
    start
        Weights of the skip convolutions (and whatever else a checkpoint holds) to begin with.
    """

    def __init__(
        self,
        base: BaseModel,
        pairs: PairSource,
        held: HeldBack,
        settings: GeneratorSettings,
        *,
        pictures: PictureNetwork,
        alignment: Alignment,
        retrieval: Retrieval | None = None,
        start: Checkpoint | None = None,
        origin: Mapping[str, str] | None = None,
    ) -> None:
        self.base, self.pairs, self.held, self.settings = base, pairs, held, settings
        self.pictures, self.alignment, self.retrieval = pictures, alignment, retrieval
        self._origin = dict(origin or {})
        self.device = torch.device("cpu")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self._prepare_networks(start)
            words = int(base.text_encoder.config.hidden_size)
            self.critic = Critic(pictures.channels[2:4], words)
        if settings.checkpoint_gradients:
            base.unet.enable_gradient_checkpointing()
        self._prompts = Prompts(base)
        self._made: dict[int, Tensor] = {}

    def _prepare_networks(self, start: Checkpoint | None) -> None:
        base, settings = self.base, self.settings
        # The words stay what they were taught to mean, as in the published training.
        base.text_encoder.requires_grad_(False).eval()
        for network in (base.unet, base.vae):
            network.requires_grad_(settings.learns == "base")
            network.train(settings.learns == "base")
        if settings.learns == "base":
            for layer in _skips(base.vae).values():
                # Faint, so that what UNet and decoder know is not drowned, yet not too faint to be learnt.
                nn.init.kaiming_uniform_(layer.weight, a=5**0.5)
                layer.weight.data.mul_(0.1)
            return
        if start is not None:
            own = {k: v for k, v in start.vae.items() if ".lora_" not in k}
            base.vae.load_state_dict({k: v.float() for k, v in own.items()}, strict=False)
        self._add_factors()

    def _add_factors(self) -> None:
        from peft import LoraConfig, inject_adapter_in_model

        unet, vae, settings = self.base.unet, self.base.vae, self.settings
        for network, name, rank, targets in (
            (unet, UNET_ADAPTER, settings.rank_unet, list(UNET_TARGETS)),
            (vae, VAE_ADAPTER, settings.rank_vae, list(self.vae_targets)),
        ):
            # peft's default alpha, which the published code leaves as it is.
            config = LoraConfig(r=rank, init_lora_weights="gaussian", target_modules=targets)
            inject_adapter_in_model(config, network, adapter_name=name)
            for key, parameter in network.named_parameters():
                parameter.requires_grad_("lora_" in key)
        unet.conv_in.requires_grad_(True)
        for layer in _skips(vae).values():
            layer.requires_grad_(True)

    @property
    def vae_targets(self) -> tuple[str, ...]:
        """The published ones, without skip convolutions that so small a network has not."""
        count = len(_skips(self.base.vae))
        return tuple(t for t in VAE_TARGETS if not t.startswith("skip_conv_") or int(t[-1]) <= count)

    # The lesson

    @property
    def description(self) -> Mapping[str, Any]:  # noqa: D102 - as the protocol says
        told = asdict(self.settings)
        names = {"sees with": self.pictures.name, "aligned by": self.alignment.name}
        counts = {"photos": len(self.pairs.photos), "sketches": len(self.pairs.sketches)}
        return {
            **told,
            **names,
            **counts,
            "origin": self._origin,
            "sketched": self.pairs.sketched,
            "emphasis": sorted(self.pairs.emphasis),
        }

    @property
    def learns(self) -> Mapping[str, nn.Module]:  # noqa: D102
        return {"unet": self.base.unet, "vae": self.base.vae, "critic": self.critic}

    @property
    def turns(self) -> Sequence[Turn]:  # noqa: D102
        own = [
            p
            for name, m in self.learns.items()
            if name != "critic"
            for p in m.parameters()
            if p.requires_grad
        ]
        turns = [Turn("generator", [Group(own, self.settings.rate)], self.generator_losses)]
        if self.settings.adversarial:
            turns.append(
                Turn(
                    "critic",
                    [Group(list(self.critic.parameters()), self.settings.critic_rate)],
                    self.critic_losses,
                )
            )
        return turns

    @property
    def counts(self) -> Figure:  # noqa: D102
        return Figure("retrieval mAP") if self.retrieval else Figure("alignment", higher=False)

    def to(self, device: torch.device) -> None:  # noqa: D102
        self.device = device
        for module in (*self.learns.values(), self.base.text_encoder):
            module.to(device)
        for network in (self.pictures, self.alignment):
            network.to(device)

    def batch(self, step: int, piece: int) -> PairBatch:  # noqa: D102
        settings = self.settings
        drawn = self.pairs.batch(settings.seed, step, piece, settings.batch, settings.side_at(step))
        return drawn.to(self.device)

    def generator_losses(self, batch: PairBatch) -> Mapping[str, Tensor]:
        """Those of a batch, weighted."""
        settings = self.settings
        words = self.words(batch.subjects)
        made = self.made(batch.control, words)
        if settings.adversarial:
            self._made[batch.number] = made.detach()
        losses: dict[str, Tensor] = {}
        share = batch.aligned.mean().clamp(min=1e-6)
        if settings.l2:
            each = (made - batch.photos).square().mean((1, 2, 3))
            losses["l2"] = settings.l2 * (each * batch.aligned).mean()
        seen: Seen | None = None
        if settings.perceptual or settings.adversarial:
            seen = self.pictures(made)
            with torch.no_grad():
                wanted = self.pictures(batch.photos)
            if settings.perceptual and float(share) > 1e-5:
                each = perceptual_distance(seen.maps, wanted.maps)
                losses["perceptual"] = settings.perceptual * (each * batch.aligned).mean()
            if settings.adversarial:
                scores = self.critic(seen.maps[2:4], self._summary(words))
                losses["adversarial"] = -settings.adversarial * scores.mean()
        if settings.alignment:
            seen_at = min(settings.seen_at, made.shape[-1] * 3 // 2)
            shown = shaken(made, seen_at, torch.Generator().manual_seed(batch.number))
            losses["alignment"] = (
                settings.alignment * self.alignment(self.pictures(shown), shown, batch.subjects).mean()
            )
        return losses

    def critic_losses(self, batch: PairBatch) -> Mapping[str, Tensor]:
        """The hinge losses of telling photos from made pictures (Lim & Ye 2017); the pictures are those of
        the generator's turn, not made anew.
        """
        with torch.no_grad():
            words = self.words(batch.subjects)
            real, made = self.pictures(batch.photos), self.pictures(self._made.pop(batch.number))
            summary = self._summary(words)
        on_photos = F.relu(1 - self.critic(real.maps[2:4], summary)).mean()
        on_made = F.relu(1 + self.critic(made.maps[2:4], summary)).mean()
        return {"critic": 0.5 * (on_photos + on_made)}

    def made(self, control: Tensor, words: Tensor, sample: Tensor | None = None) -> Tensor:
        """The pictures of a batch, (n, 3, h, w) about -1..1: the deterministic forward, with the step's own
        equation (`OneStep`). `sample` is the noise of the latent, drawn when not given.
        """
        base = self.base
        encoded = base.vae.encode(control)
        noise = torch.randn_like(encoded.mean) if sample is None else sample
        latent = (encoded.mean + encoded.std * noise) * base.vae.scaling_factor
        timestep = torch.tensor([base.step.timestep], device=control.device)
        predicted = base.unet(latent, timestep, encoder_hidden_states=words, return_dict=False)[0]
        clean = base.step(latent, predicted) / base.vae.scaling_factor
        return base.vae.decode(clean, encoded, torch.ones((), device=control.device))

    def words(self, subjects: Sequence[str]) -> Tensor:
        """(n, tokens, width): the prompts of some subjects."""
        return self._prompts(subjects, self.device)

    @staticmethod
    def _summary(words: Tensor) -> Tensor:
        return words.detach().mean(1)

    # Measuring

    @torch.no_grad()
    def pictures_of(
        self, sketches: Sequence[NDArray[np.uint8]], subjects: Sequence[str], *, side: int, batch: int = 32
    ) -> Tensor:
        """Made pictures (n, 3, side, side) in -1..1 on the CPU, as the program would make them."""
        modules = (self.base.unet, self.base.vae, self.base.text_encoder)
        before = [module.training for module in modules]
        for module in modules:
            module.eval()
        cells = side // self.base.vae.pixels_per_cell
        # The noise of the program's seed 0.
        sample = torch.randn(
            (1, self.base.vae.latent_channels, cells, cells), generator=torch.Generator().manual_seed(0)
        ).to(self.device)
        out = []
        for start in range(0, len(sketches), batch):
            grey = [prepared(s, side, "trained") for s in sketches[start : start + batch]]
            control = torch.from_numpy(np.stack(grey)).to(self.device)
            words = self.words(subjects[start : start + batch])
            made = self.made(control, words, sample.expand(len(grey), -1, -1, -1))
            out.append(made.clamp(-1, 1).float().cpu())
        for module, training in zip(modules, before, strict=True):
            module.train(training)
        return torch.cat(out)

    def validate(self) -> Mapping[str, float]:  # noqa: D102
        side = self.settings.sides[-1][1]
        subjects = [name.replace("_", " ") for name in self.held.sketch_class]
        made = self.pictures_of(self.held.sketches, subjects, side=side)
        with torch.no_grad():
            seen = [self.pictures(part.to(self.device)) for part in made.split(32)]
            parts = [
                self.alignment(s, part.to(self.device), subjects[i * 32 : i * 32 + 32])
                for i, (s, part) in enumerate(zip(seen, made.split(32), strict=True))
            ]
        figures = {"alignment": float(torch.cat(parts).mean())}
        if self.retrieval is not None:
            figures |= self.retrieval(made, self.held.sketch_class)
        return figures

    def checkpoint(self) -> Checkpoint:
        """What the lesson changed beside the base, by the published names; of a base, its skip convolutions,
        with factors of rank 0.
        """
        if self.settings.learns == "base":
            skips = {
                f"decoder.{k}.weight": v.weight.detach().clone() for k, v in _skips(self.base.vae).items()
            }
            conv_in = {
                f"conv_in.{k}": v.detach().clone() for k, v in self.base.unet.conv_in.named_parameters()
            }
            return Checkpoint(0, 0, (), (), conv_in, skips, "trained")
        unet = _published(self.base.unet, "conv_in")
        vae = _published(self.base.vae, "skip_conv")
        settings = self.settings
        return Checkpoint(
            settings.rank_unet, settings.rank_vae, UNET_TARGETS, self.vae_targets, unet, vae, "trained"
        )


class Retrieval:
    """How well made pictures find photos of their class: what counts."""

    def __init__(self, photos: Tensor, classes: Sequence[str], embed: Any) -> None:
        self._photos, self._classes, self._embed = photos, list(classes), embed

    def __call__(self, pictures: Tensor, classes: Sequence[str]) -> dict[str, float]:
        """mAP@all and hit@5 of pictures (n, 3, side, side) in -1..1."""
        from models.metrics import rank_relevance, retrieval_figures

        names = {name: i for i, name in enumerate(sorted({*self._classes, *classes}))}
        scores = (self._embed(pictures) @ self._photos.T).numpy()
        figures = retrieval_figures(
            rank_relevance(
                scores, np.array([names[c] for c in classes]), np.array([names[c] for c in self._classes])
            )
        )
        return {
            "retrieval mAP": figures.map_all,
            "retrieval hit@5": figures.hit_5,
        }


def _skips(vae: nn.Module) -> dict[str, Any]:
    found = {}
    for name, module in vae.get_submodule("decoder").named_children():
        if name.startswith("skip_conv_"):
            found[name] = module.base_layer if hasattr(module, "base_layer") else module
    return found


def _published(network: nn.Module, own: str) -> dict[str, Tensor]:
    return {
        key.replace(".base_layer.", "."): value.detach().clone()
        for key, value in network.state_dict().items()
        if "lora_" in key or own in key
    }
