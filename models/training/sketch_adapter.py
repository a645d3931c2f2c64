"""The sketch adapter's recipe: LoRA in DINOv2, so that a sketch lands where the plain model puts its photos.

The photo side stands still: its vectors are computed once. What is written at the end is
`models.training.sketch_adapter_export`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from models.devices import Placement
from models.metrics import average_precision, hit_at, rank_relevance
from models.photo_embedder import Dinov2Embedder
from models.sketch_adapter import as_photo
from models.training import augment
from models.training.cached_vectors import photo_vectors
from models.training.dataset import SketchPhotoData
from models.training.errors import TrainingError
from models.training.lesson import Figure, Group, Turn
from models.training.lora import checkpoint_activations, with_lora
from models.training.provenance import Base, pictures_id
from models.training.sketch_photo_loss import draw_photos, sketch_photo_loss
from models.training.sketch_photo_split import SketchPhotoSplit, source_of

ATTENTION = ("q_proj", "v_proj", "query", "value")
"""Query and value of each layer's attention: for the same number of parameters the best two (Hu et al. 2021,
LoRA, section 7.1). As transformers names them, from 5.23 on and before.
"""
FEED_FORWARD = ("fc1", "fc2", "gate_proj", "up_proj", "down_proj", "weights_in", "weights_out")
"""Each layer's two (in the giant three) feed-forward layers: with more than about a thousandth of the model's
parameters to spend, changing these brings more than attention alone (He et al. 2022, Towards a Unified View
of Parameter-Efficient Transfer Learning, section 4.4), and lines on white are far from the photos that the
model knows.
"""
SIDE = 256
"""Side of a sketch in pixels, as the program gives it to its models (`sketch_app.raster`)."""


@dataclass(frozen=True)
class SketchAdapterSettings:
    """What decides a run beside the loop's settings.

    Attributes
    ----------
    rank
        Of the adapter; its alpha is twice that.
    feed_forward
        Whether the feed-forward layers are adapted beside attention.
    batch
        Sketches a piece of a step.
    photos_per_step
        Photos that they are compared with, about.
    temperature, instance_bonus
        Of `sketch_photo_loss`, as the embedded encoder's recipe has them.
    drawings
        Share of the sketches that are drawings of strokes, where the data has such.
    changed
        Share of the sketches that are warped, thickened and so on as the embedded encoder's are; the rest are
        as they were drawn.
    elastic
        Share of the changed ones that are bent as well.
    unseen
        Classes left out of training, and measured apart.
    held_back
        Share of each class's source photos that is measured by, with their sketches.
    measured
        At most so many sketches are measured by, evenly chosen.
    """

    rank: int = 16
    feed_forward: bool = True
    dropout: float = 0.05
    batch: int = 32
    rate: float = 5e-4
    photos_per_step: int = 512
    temperature: float = 0.07
    instance_bonus: float = 2.0
    drawings: float = 0.4
    changed: float = 0.9
    elastic: float = 0.4
    checkpoint_gradients: bool = False
    unseen: tuple[str, ...] = ()
    held_back: float = 0.1
    measured: int = 1000
    seed: int = 0


@dataclass(frozen=True)
class SketchBatch:
    """Sketches, and the photos that they are compared with."""

    pixels: Tensor  # (n, 3, 224, 224)
    labels: Tensor  # (n,)
    sources: Tensor  # (n,) row in `photos`, or -1
    photos: Tensor  # (m, d)
    photo_labels: Tensor  # (m,)


@dataclass
class SketchAdapterLesson:
    """A `models.training.lesson.Lesson`; made by `open`."""

    data: SketchPhotoData
    split: SketchPhotoSplit
    settings: SketchAdapterSettings
    base: Base
    model_id: str
    network: Any
    processor: Any
    """The parts of a DINOv2."""
    adapted: Any
    """peft's model about `network`."""
    vectors: NDArray[np.float32]
    """(photos, d), of the plain model."""
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @classmethod
    def open(
        cls,
        data: SketchPhotoData,
        base: Base,
        settings: SketchAdapterSettings,
        folder: Path,
        *,
        device: str = "cpu",
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> SketchAdapterLesson:
        """Part the data, load the base, and embed the photos or read their vectors from `folder`.

        Raises
        ------
        DatasetError
            Of `SketchPhotoSplit.of`; or a photo cannot be read.
        models.errors.WeightsError
            The base is not there, damaged or no DINOv2.
        """
        split = SketchPhotoSplit.of(
            data, unseen=settings.unseen, held_back=settings.held_back, seed=settings.seed
        )
        embedder = Dinov2Embedder.load(base.folder, placement=Placement(device, "float32"))
        vectors = photo_vectors(data.photo_files, data.photos, embedder, folder, progress)
        network, processor = embedder.parts
        targets = _targets(network, feed_forward=settings.feed_forward)
        adapted = with_lora(
            network, targets, rank=settings.rank, dropout=settings.dropout, seed=settings.seed
        )
        if settings.checkpoint_gradients:
            checkpoint_activations(network)
        return cls(data, split, settings, base, embedder.model_id, network, processor, adapted, vectors)

    def __post_init__(self) -> None:
        data, split = self.data, self.split
        self.classes = sorted({data.sketches[i].class_name for i in split.sketches})
        number = {name: k for k, name in enumerate(self.classes)}
        learnt = list(split.photos)
        # A photo whose class nobody drew is nobody's positive: a class of its own number.
        rest = sorted({data.photos[i].class_name for i in learnt} - number.keys())
        number |= {name: k for k, name in enumerate(rest, len(number))}
        self._photo_class = np.array([number[data.photos[i].class_name] for i in learnt])
        self._by_class = {k: np.flatnonzero(self._photo_class == k) for k in np.unique(self._photo_class)}
        self._by_source = {
            (data.photos[i].class_name, PurePosixPath(data.photos[i].name).stem): row
            for row, i in enumerate(learnt)
        }
        self._features = torch.from_numpy(self.vectors[learnt])
        self._sketches = [
            [i for i in split.sketches if data.sketches[i].class_name == c] for c in self.classes
        ]
        known = [d for d in data.drawings if d.class_name in number]
        drawn = {name: [d for d in known if d.class_name == name] for name in {d.class_name for d in known}}
        self._drawings = [(number[name], drawn[name]) for name in sorted(drawn)]

    @cached_property
    def description(self) -> Mapping[str, Any]:  # noqa: D102 - the protocol's
        data = self.data
        return {
            "recipe": "sketch adapter",
            **asdict(self.settings),
            "unseen": list(self.settings.unseen),
            "base": self.model_id,
            "data": pictures_id((*data.sketches, *data.photos), [d.name for d in data.drawings]),
        }

    @property
    def learns(self) -> Mapping[str, nn.Module]:  # noqa: D102
        return {"adapter": self.network}

    @property
    def turns(self) -> Sequence[Turn]:  # noqa: D102
        moving = [p for p in self.network.parameters() if p.requires_grad]
        return [Turn("adapter", [Group(moving, self.settings.rate)], self._losses)]

    @property
    def counts(self) -> Figure:  # noqa: D102
        return Figure("map")

    def to(self, device: torch.device) -> None:  # noqa: D102
        self.device = device
        self.network.to(device)
        self._features = self._features.to(device)

    def batch(self, step: int, piece: int) -> SketchBatch:
        """Sketches of classes drawn evenly, changed as the encoder's are, and photos to compare them with."""
        settings = self.settings
        rng = np.random.default_rng([settings.seed, step, piece])
        pictures, labels, sources = [], [], []
        for _ in range(settings.batch):
            if self._drawings and rng.random() < settings.drawings:
                label, drawings = self._drawings[rng.integers(len(self._drawings))]
                strokes = augment.normalise_strokes(drawings[rng.integers(len(drawings))].strokes)
                picture, source = augment.augment_drawing(strokes, SIDE, rng), -1
            else:
                label = int(rng.integers(len(self.classes)))
                sketch = self.data.sketches[self._sketches[label][rng.integers(len(self._sketches[label]))]]
                square = augment.crop_to_ink(self.data.sketch_files.grey(sketch.name), SIDE)
                picture = square
                if rng.random() < settings.changed:
                    picture = augment.augment_picture(square, SIDE, rng, elastic=settings.elastic)
                source = self._by_source.get(source_of(sketch), -1)
            pictures.append(as_photo(picture))
            labels.append(label)
            sources.append(source)
        rows = draw_photos(
            rng,
            labels,
            sources,
            self._by_class,
            photos=len(self._photo_class),
            least=settings.photos_per_step,
        )
        where = {int(row): k for k, row in enumerate(rows)}
        return SketchBatch(
            self._embedder().pixels(pictures).to(self.device),
            torch.tensor(labels, device=self.device),
            torch.tensor([where.get(s, -1) for s in sources], device=self.device),
            self._features[torch.from_numpy(rows).to(self.device)],
            torch.from_numpy(self._photo_class[rows]).to(self.device),
        )

    def validate(self) -> dict[str, float]:
        """``map``, ``hit_1`` and ``hit_5`` of held-back sketches among the held-back photos; the same of the
        unseen classes, with ``unseen_`` before.
        """
        split = self.split
        figures = self.figures_of(split.held_sketches, split.held_photos)
        unseen = {}
        if split.unseen_sketches:
            unseen = self.figures_of(split.unseen_sketches, split.unseen_photos)
        return {**figures, **{f"unseen_{name}": value for name, value in unseen.items()}}

    def figures_of(self, sketches: Sequence[int], photos: Sequence[int]) -> dict[str, float]:
        """mAP@all, hit@1 and hit@5; a photo is right when its class is the sketch's."""
        chosen = self.chosen(sketches)
        ranked = rank_relevance(self.scores(chosen, photos), *self._classes_of(chosen, photos))
        return {
            "map": float(average_precision(ranked).mean()),
            "hit_1": float(hit_at(ranked, 1).mean()),
            "hit_5": float(hit_at(ranked, 5).mean()),
        }

    def scores(self, sketches: Sequence[int], photos: Sequence[int]) -> NDArray[np.float32]:
        """Cosines (sketches, photos), through the very calls that the program makes."""
        pictures = [as_photo(self.square(i)) for i in sketches]
        self.network.eval()
        queries = self._embedder().encode_photos(pictures)
        return np.asarray(queries @ self.vectors[list(photos)].T, np.float32)

    def square(self, position: int) -> NDArray[np.uint8]:
        """A sketch as the program gives it to its models: (256, 256), cropped and centred."""
        sketch = self.data.sketches[position]
        return augment.crop_to_ink(self.data.sketch_files.grey(sketch.name), SIDE)

    def chosen(self, positions: Sequence[int], count: int | None = None) -> list[int]:
        """At most so many of them (the settings' when not given), evenly."""
        count = min(count or self.settings.measured, len(positions))
        return [positions[i] for i in np.linspace(0, len(positions) - 1, count).astype(int)]

    def _classes_of(
        self, sketches: Sequence[int], photos: Sequence[int]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        names = [self.data.sketches[i].class_name for i in sketches]
        photo_names = [self.data.photos[i].class_name for i in photos]
        number = {name: k for k, name in enumerate(sorted({*names, *photo_names}))}
        return np.array([number[n] for n in names]), np.array([number[n] for n in photo_names])

    def _embedder(self) -> Dinov2Embedder:
        place = Placement(str(self.device), "float32")
        return Dinov2Embedder(self.network, self.processor, model_id=self.model_id, placement=place)

    def _losses(self, batch: SketchBatch) -> dict[str, Tensor]:
        self.network.train()
        tokens = self.network(pixel_values=batch.pixels).last_hidden_state
        with torch.autocast(self.device.type, enabled=False):  # a temperature asks for more digits
            found = F.normalize(tokens[:, 0].float(), dim=1)
            loss = sketch_photo_loss(
                found,
                batch.photos,
                batch.labels,
                batch.photo_labels,
                batch.sources,
                temperature=self.settings.temperature,
                instance_bonus=self.settings.instance_bonus,
            )
        return {"retrieval": loss}


def _targets(network: nn.Module, *, feed_forward: bool) -> list[str]:
    there = {name.rsplit(".", 1)[-1] for name, part in network.named_modules() if isinstance(part, nn.Linear)}
    found = [t for t in (*ATTENTION, *(FEED_FORWARD if feed_forward else ())) if t in there]
    if not found:
        raise TrainingError("This DINOv2 has no layers of the names that are known: update the program.")
    return found
