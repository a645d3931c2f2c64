"""What the application asks of a model, whichever set it comes from: the seam between `models/` and
everything else.

The embedded and the full set both implement these; no caller asks which it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from models.caption_sentence import caption_sentence

Rgb = NDArray[np.uint8]
"""(h, w, 3) uint8 RGB."""
Grey = NDArray[np.uint8]
"""(h, w) uint8, black on white."""
Embeddings = NDArray[np.float32]
"""(n, dimension) float32, each row of length 1."""


@dataclass(frozen=True, slots=True)
class SketchName:
    """One thing the sketch may be."""

    class_name: str
    """Lower case, spaces as underscores: "hot_air_balloon"."""
    english: str
    korean: str
    probability: float
    """0..1."""

    @property
    def sentence(self) -> str:
        """The caption, which is the generator's prompt; always "a", spaces in the class."""
        return caption_sentence(self.class_name)


@dataclass(frozen=True, slots=True)
class SketchReading:
    """What the fast lane says of a sketch."""

    embedding: Embeddings
    """(1, dimension), in the space of the embedded encoder."""
    names: tuple[SketchName, ...]
    """The likeliest, best first."""
    shares: Mapping[str, float]
    """Class -> probability, all classes."""


def never() -> bool:
    """For work that is not to be cancelled."""
    return False


@runtime_checkable
class SketchEncoder(Protocol):
    """Sketches into the space of a photo encoder of the same `model_id`."""

    @property
    def model_id(self) -> str:
        """Names the space: vectors of different ids are never compared."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def encode_sketches(self, sketches: Sequence[Grey]) -> Embeddings:
        """Square pictures, cropped and centred as `sketch_app.raster.render_for_model` makes them."""


@runtime_checkable
class PhotoEncoder(Protocol):
    """Photos into vectors."""

    @property
    def model_id(self) -> str:
        """Names the space and the weights that made it."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def encode_photos(self, photos: Sequence[Rgb]) -> Embeddings:
        """Photos of any size, upright."""


@runtime_checkable
class Captioner(Protocol):
    """Says what a sketch shows."""

    def name_sketch(
        self, sketch: Grey, *, limit: int = 5, cancelled: Callable[[], bool] = never
    ) -> tuple[SketchName, ...]:
        """The likeliest names, best first.

        Raises
        ------
        models.errors.Cancelled
            `cancelled` gave true in the middle.
        """


@runtime_checkable
class ImageGenerator(Protocol):
    """Imagines a photo-like picture from a sketch and a caption."""

    def generate(
        self,
        sketch: Grey,
        prompt: str,
        *,
        seed: int,
        strength: float,
        size: int,
        cancelled: Callable[[], bool] = never,
    ) -> Rgb:
        """(size, size, 3) uint8; the same sketch, prompt, seed and device give the same picture.

        Raises
        ------
        models.errors.Cancelled
            `cancelled` gave true between two of its stages.
        """


@runtime_checkable
class ClassScorer(Protocol):
    """The classes as points of a photo encoder's space."""

    def shares(self, names: Mapping[str, float]) -> dict[str, float]:
        """Probabilities of any words -> of the classes they mention, adding up to 1; empty for none."""

    def query(self, shares: Mapping[str, float]) -> NDArray[np.float32]:
        """The direction in which photos of these classes lie: (dimension,)."""

    def affinity(self, photos: Embeddings, shares: Mapping[str, float]) -> NDArray[np.float32]:
        """How much each photo shows what was named: (n, dimension) -> (n,), 0..1."""
