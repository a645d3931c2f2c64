"""What a made picture is held against: frozen networks that look at it, and losses on what they see.

Each loss stands for one of the published training (L2, LPIPS, CLIP's similarity of text and picture, a critic
on CLIP's features), and each network can be another: those of the embedded encoder are always at hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.class_space import ClassSpace
from models.dual_encoder import PhotoHead
from models.efficientnet_lite import EfficientNetLite0, InvertedResidual
from models.errors import WeightsError


@dataclass(frozen=True)
class Seen:
    """What a network sees in pictures: maps (n, c, h, w) from fine to coarse, and a vector each, (n, d)."""

    maps: tuple[Tensor, ...]
    pooled: Tensor


class PictureNetwork(Protocol):
    """A frozen network; ``name`` is what reports call it."""

    name: str
    channels: tuple[int, ...]
    """Of its maps."""

    def __call__(self, pictures: Tensor) -> Seen:
        """Pictures (n, 3, h, w) in -1..1."""
        ...

    def to(self, device: torch.device) -> object:
        """Move it."""
        ...


class Alignment(Protocol):
    """How far pictures are from showing what words say."""

    name: str

    def __call__(self, seen: Seen, pictures: Tensor, subjects: Sequence[str]) -> Tensor:
        """One loss a picture, (n,)."""
        ...

    def to(self, device: torch.device) -> object:
        """Move it."""
        ...


class EmbeddedPictures(nn.Module):
    """The photo trunk of the embedded encoder (EfficientNet-Lite0, ImageNet), seen after each halving."""

    name = "EfficientNet-Lite0"
    _TAPS = (0, 2, 4, 10, 15)
    """The last block before each halving, and the last of all (EfficientNet paper, table 1)."""

    def __init__(self, trunk: EfficientNetLite0) -> None:
        super().__init__()
        self.trunk = trunk.eval().requires_grad_(False)
        self.channels = tuple(_width(self.trunk.blocks[tap]) for tap in self._TAPS)

    def forward(self, pictures: Tensor) -> Seen:
        """As `PictureNetwork`."""
        x = self.trunk.stem((pictures * 127.5 + 0.5) / 128)
        maps = []
        for number, block in enumerate(self.trunk.blocks):
            x = block(x)
            if number in self._TAPS:
                maps.append(x)
        return Seen(tuple(maps), self.trunk.head(x).mean(dim=(2, 3)))


class ClassAlignment(nn.Module):
    """The cross entropy of the embedded encoder's classes for a picture; words that name none count nothing.

    Parameters
    ----------
    head
        Of the encoder; `Seen.pooled` is its input.
    classes
        Its class points.
    scale
        Of the cosines before the softmax: as in the encoder's training.
    """

    name = "classes of the embedded encoder"
    points: Tensor

    def __init__(self, head: PhotoHead, classes: ClassSpace, points: Tensor, *, scale: float = 16.0) -> None:
        super().__init__()
        self.head = head.eval().requires_grad_(False)
        self._number = {name: i for i, name in enumerate(classes.names)}
        self._classes, self._scale = classes, scale
        self.register_buffer("points", F.normalize(points.float(), dim=1))

    @property
    def names(self) -> tuple[str, ...]:
        """The classes, in the order of the points."""
        return tuple(self._number)

    def logits(self, pooled: Tensor) -> Tensor:
        """(n, classes)."""
        return self._scale * self.head(pooled.float()) @ self.points.T

    def number(self, subject: str) -> int:
        """The class that words name, or -1."""
        known = self._classes.find(subject)
        return -1 if known is None else self._number[known]

    def forward(self, seen: Seen, pictures: Tensor, subjects: Sequence[str]) -> Tensor:
        """As `Alignment`."""
        labels = torch.tensor([self.number(s) for s in subjects], device=seen.pooled.device)
        return F.cross_entropy(
            self.logits(seen.pooled), labels, ignore_index=-1, reduction="none", label_smoothing=0.05
        )


class ClipAlignment(nn.Module):
    """One less the cosine of CLIP's vectors of picture and text, as in the published training.

    Parameters
    ----------
    folder
        Laid out as openai/clip-vit-base-patch32 (transformers), with safetensors.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        from transformers import CLIPModel, CLIPTokenizer

        try:
            self.model = CLIPModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
            self._tokenizer = CLIPTokenizer.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError) as error:
            raise WeightsError(f"{folder} holds no CLIP model that can be read ({error}).") from error
        self.model.eval().requires_grad_(False)
        self.name = f"CLIP ({folder.name})"
        self._side: int = self.model.config.vision_config.image_size

    def forward(self, seen: Seen, pictures: Tensor, subjects: Sequence[str]) -> Tensor:
        """As `Alignment`."""
        tokens = self._tokenizer(
            [f"a photo of a {s}" for s in subjects], padding=True, truncation=True, return_tensors="pt"
        ).to(pictures.device)
        # CLIP's own means and deviations (its preprocessor_config.json).
        mean = pictures.new_tensor([0.48145466, 0.4578275, 0.40821073])[:, None, None]
        deviation = pictures.new_tensor([0.26862954, 0.26130258, 0.27577711])[:, None, None]
        x = F.interpolate(pictures, size=(self._side,) * 2, mode="bicubic", antialias=True)
        out = self.model(**tokens, pixel_values=((x + 1) / 2 - mean) / deviation)
        similarity: Tensor = (out.image_embeds * out.text_embeds).sum(1)
        return 1 - similarity


class Critic(nn.Module):
    """Small heads on a frozen network's maps, which learn to tell made pictures from photos (Vision-aided
    GAN, Kumari et al. 2022), each with a vector of the words as a further clue (projection, Miyato & Koyama
    2018).
    """

    def __init__(self, channels: Sequence[int], words: int, width: int = 64) -> None:
        super().__init__()
        self.inputs = nn.ModuleList(
            nn.Sequential(nn.Conv2d(c, width, 1), nn.GroupNorm(8, width), nn.SiLU()) for c in channels
        )
        self.bodies = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.SiLU()) for _ in channels
        )
        self.scores = nn.ModuleList(nn.Conv2d(width, 1, 1) for _ in channels)
        self.words = nn.ModuleList(nn.Linear(words, width, bias=False) for _ in channels)

    def forward(self, maps: Sequence[Tensor], words: Tensor) -> Tensor:
        """Maps and one vector of words a picture (n, d) to scores (n, places), high for photos."""
        scores = []
        for enter, body, score, project, x in zip(
            self.inputs, self.bodies, self.scores, self.words, maps, strict=True
        ):
            inner = body(enter(x))
            clue = (inner * project(words)[:, :, None, None]).mean(1, keepdim=True)
            scores.append((score(inner) + clue).flatten(1))
        return torch.cat(scores, 1)


def perceptual_distance(seen: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """The mean squared difference of maps whose channels are of length one at each place, (n,): LPIPS (Zhang
    et al. 2018) without its learnt weights.
    """
    parts = [
        (F.normalize(a, dim=1) - F.normalize(b, dim=1)).square().sum(1).mean((1, 2))
        for a, b in zip(seen, wanted, strict=True)
    ]
    return torch.stack(parts).mean(0)


def shaken(pictures: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """Pictures moved, turned, enlarged, mirrored and shaded at random, at (side, side): what shows a thing
    shows it so too, while what merely fools a network falls apart. Differentiable.
    """
    n, device = len(pictures), pictures.device

    def drawn(low: float, high: float) -> Tensor:
        return (torch.rand(n, generator=generator) * (high - low) + low).to(device)

    scale, turn = drawn(0.7, 1.05), drawn(-0.2, 0.2)
    mirror = torch.where(drawn(0, 1) < 0.5, -1.0, 1.0)
    room = (1 - scale).clamp(min=0) + 0.05
    zero = torch.stack([scale * turn.cos() * mirror, -scale * turn.sin(), room * drawn(-1, 1)], 1)
    one = torch.stack([scale * turn.sin() * mirror, scale * turn.cos(), room * drawn(-1, 1)], 1)
    grid = F.affine_grid(torch.stack([zero, one], 1), [n, 3, side, side], align_corners=False)
    moved = F.grid_sample(pictures, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    contrast, light = drawn(0.8, 1.2)[:, None, None, None], drawn(-0.1, 0.1)[:, None, None, None]
    noise = torch.randn(moved.shape, generator=generator).to(device) * 0.03
    return (moved * contrast + light + noise).clamp(-1.2, 1.2)


def _width(block: nn.Module) -> int:
    assert isinstance(block, InvertedResidual)
    return block.project.conv.out_channels


def embedded_networks(folder: Path) -> tuple[EmbeddedPictures, ClassAlignment]:
    """The networks of an embedded encoder's folder.

    Raises
    ------
    WeightsError
        A file is missing, damaged, or of another encoder.
    """
    from safetensors.torch import load_file

    from models.encoder_files import load_encoder
    from models.encoder_layout import CLASSES_FILE

    encoder = load_encoder(folder)
    classes = ClassSpace.load(folder, encoder.info.model_id)
    points = load_file(folder / CLASSES_FILE)["points"]
    return EmbeddedPictures(encoder.photo_trunk), ClassAlignment(encoder.photo_head, classes, points)
