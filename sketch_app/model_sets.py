"""Brings the models of a set into the application's own terms. Which weights they run on is `models`'
concern.

Heavy packages are imported when a set is first used, not when this module is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sketch_app.protocols import Captioner, Embeddings, Grey, ImageGenerator, PhotoEncoder, Rgb, SketchName

if TYPE_CHECKING:
    from models.embedded import ClassGuess, EmbeddedEncoder


class FastLane(Protocol):
    """What answers at every stroke's end: a sketch's vector and its names, from one pass."""

    def read_sketch(self, sketch: Grey) -> tuple[Embeddings, tuple[SketchName, ...]]:
        """(1, dimension) vector and the likeliest names, best first."""


@dataclass(frozen=True)
class ModelSet:
    """The models of one set. The deep lane's parts are None where the set has none."""

    name: str
    fast: FastLane
    photos: PhotoEncoder
    captioner: Captioner | None = None
    generator: ImageGenerator | None = None


class EmbeddedModels:
    """The embedded encoder behind the application's protocols; its weights load at the first call."""

    def __init__(self, weights: Path | None = None) -> None:
        self._weights = weights

    @cached_property
    def _encoder(self) -> EmbeddedEncoder:
        from models.embedded import EmbeddedEncoder

        return EmbeddedEncoder(self._weights)

    @property
    def model_id(self) -> str:
        """The space of sketches and photos alike."""
        return self._encoder.model_id

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._encoder.dimension

    def encode_sketches(self, sketches: Sequence[Grey]) -> Embeddings:
        """See `sketch_app.protocols.SketchEncoder`."""
        return self._encoder.encode_sketches(sketches)

    def encode_photos(self, photos: Sequence[Rgb]) -> Embeddings:
        """See `sketch_app.protocols.PhotoEncoder`."""
        return self._encoder.encode_photos(photos)

    def read_sketch(self, sketch: Grey) -> tuple[Embeddings, tuple[SketchName, ...]]:
        """See `FastLane`."""
        reading = self._encoder.read_sketch(sketch)
        return reading.embedding[None], tuple(_name(g) for g in reading.guesses)

    def name_sketch(self, sketch: Grey, *, limit: int = 5) -> tuple[SketchName, ...]:
        """See `sketch_app.protocols.Captioner`."""
        return tuple(_name(g) for g in self._encoder.name_sketches([sketch], limit=limit)[0])


def _name(guess: ClassGuess) -> SketchName:
    return SketchName(guess.class_name, guess.english, guess.korean, guess.probability)


def embedded_set(weights: Path | None = None) -> ModelSet:
    """The set that runs anywhere, with no download."""
    models = EmbeddedModels(weights)
    return ModelSet("embedded", fast=models, photos=models)
