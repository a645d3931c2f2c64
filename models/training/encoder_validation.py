"""Measures an encoder in training on what its split holds back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.embedded import shrink_sketch
from models.metrics import RetrievalFigures, rank_relevance, retrieval_figures
from models.training import augment
from models.training.dataset import Picture, SketchPhotoData, Split
from models.training.encoder_network import Encoder
from models.training.photo_features import PhotoFeatures, sketch_batch

QUERY_SIDE: Final = 256
"""Side of a sketch before a tower shrinks it to what it looks at, as the evaluation command has it."""


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
        return cls.of(data, held, rows, photos, side)

    @classmethod
    def build_unseen(
        cls, data: SketchPhotoData, split: Split, photos: PhotoFeatures, side: int
    ) -> Validation | None:
        """All sketches made from photos, of the unseen classes, against all photos of those classes; None
        where there are none.
        """
        held = [s for s in data.sketches if s.source == "sketchy" and s.class_name in split.unseen_classes]
        rows = [i for i, p in enumerate(data.photos) if p.class_name in split.unseen_classes]
        return cls.of(data, held, rows, photos, side) if held and rows else None

    @classmethod
    def of(
        cls,
        data: SketchPhotoData,
        held: list[Picture],
        rows: list[int],
        photos: PhotoFeatures,
        side: int,
    ) -> Validation:
        """Any sketches against any photos (rows of `data.photos`)."""
        classes = sorted({s.class_name for s in held} | {data.photos[i].class_name for i in rows})
        number = {c: i for i, c in enumerate(classes)}
        squares = [augment.crop_to_ink(data.sketch_files.grey(s.name), QUERY_SIDE) for s in held]
        return cls(
            sketch_batch([shrink_sketch(q, side) for q in squares]),
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
            device = model.space.proxies.device
            sketches = torch.cat([model.sketch(x.to(device))[0] for x in self.sketches.split(64)])
            photos = model.space.head(self.features.to(device))
            result: NDArray[np.float32] = (sketches @ photos.T).cpu().numpy()
        model.train()
        return result

    def figures(self, model: Encoder) -> RetrievalFigures:
        """Means over all queries."""
        return retrieval_figures(rank_relevance(self.scores(model), self.sketch_class, self.photo_class))
