"""What the application asks of a model, whichever set it comes from: the seam between `models/` and
everything else.

The embedded and the full set both implement these; no caller asks which it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

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


def caption_sentence(class_name: str) -> str:
    """The one sentence every captioner gives and every generator is prompted with."""
    subject = class_name.replace("_", " ").strip()
    return f"convert a {subject} into a high-resolution color image with a white background"


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

    def name_sketch(self, sketch: Grey, *, limit: int = 5) -> tuple[SketchName, ...]:
        """The likeliest names, best first."""


@runtime_checkable
class ImageGenerator(Protocol):
    """Imagines a photo-like picture from a sketch and a caption."""

    def generate(self, sketch: Grey, prompt: str, *, seed: int, strength: float, size: int) -> Rgb:
        """(size, size, 3) uint8; the same sketch, prompt, seed and device give the same picture."""
