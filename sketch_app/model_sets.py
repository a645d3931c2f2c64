"""Brings the models of a set into the application's own terms. Which weights they run on is `models`'
concern.

Heavy packages are imported when a set is first used, not when this module is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from sketch_app.picture_generator import TurboGenerator
from sketch_app.protocols import (
    Captioner,
    ClassScorer,
    Embeddings,
    Grey,
    ImageGenerator,
    PhotoEncoder,
    Rgb,
    SketchEncoder,
    SketchName,
    SketchReading,
    never,
)
from sketch_app.resident import Words

if TYPE_CHECKING:
    from models.class_space import ClassSpace
    from models.embedded import ClassGuess, EmbeddedEncoder
    from models.registry.store import ModelStore


EMBEDDED = "embedded"
"""The set that comes with the program."""
TRAINED_ENCODER = "trained-encoder"
"""In the store: a person's own encoder, which every set's fast lane then is."""
EMBEDDED_PICTURE_SIDE = 64
"""Pixels of a picture that the embedded set imagines: its generator has learnt no larger ones."""
PICTURE_SIDE = 256
"""Pixels of the imagined picture: encoders see 224, and 512 would be four times the work."""


class FastLane(Protocol):
    """What answers at every stroke's end: a sketch's vector and its names, from one pass."""

    def read_sketch(self, sketch: Grey) -> SketchReading:
        """The sketch's vector and what it may show."""


class Encoder(FastLane, PhotoEncoder, ClassScorer, Protocol):
    """Sketches, photos and classes in one space."""


@dataclass(frozen=True)
class ModelSet:
    """The models of one set. The deep lane's parts are None where the set has none."""

    name: str
    fast: FastLane
    photos: PhotoEncoder
    classes: ClassScorer | None = None
    """In the space of `photos`."""
    captioner: Captioner | None = None
    generator: ImageGenerator | None = None
    imagined: PhotoEncoder | None = None
    """Embeds imagined pictures and, where it is not `photos` itself, the gallery's photos a second time; None
    where they are not compared.
    """
    sketches: SketchEncoder | None = None
    """Puts sketches into the space of `imagined`, for the fast lane; None where there is none, and `fast`
    says where a sketch lies.
    """
    encoder_for: Callable[[str], PhotoEncoder | None] = lambda _: None
    """A photo embedder by its id, for vectors that an earlier choice made; None when it is not at hand."""
    former: Encoder | None = None
    """Another encoder that may have served the fast lane before, and does so until every photo has a vector
    of `photos`.
    """
    picture_side: int = PICTURE_SIDE
    """Of the imagined picture, in pixels."""
    words: Words = field(default_factory=Words)
    """What the models have to say meanwhile."""
    release: Callable[[], None] = lambda: None
    """Frees the memory of the deep lane's models; the next search loads them again."""

    @property
    def second_embedder(self) -> PhotoEncoder | None:
        """Where imagined pictures are compared in another space than sketches: what embeds photos for it."""
        return None if self.imagined is self.photos else self.imagined

    def with_encoder(self, encoder: Encoder) -> ModelSet:
        """The same with another fast lane."""
        imagined = encoder if self.imagined is self.photos else self.imagined
        return replace(self, fast=encoder, photos=encoder, classes=encoder, imagined=imagined)


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

    def read_sketch(self, sketch: Grey) -> SketchReading:
        """See `FastLane`."""
        reading = self._encoder.read_sketch(sketch)
        return SketchReading(
            reading.embedding[None],
            tuple(_name(g) for g in reading.guesses),
            MappingProxyType(reading.shares),
        )

    def name_sketch(
        self, sketch: Grey, *, limit: int = 5, cancelled: Callable[[], bool] = never
    ) -> tuple[SketchName, ...]:
        """See `sketch_app.protocols.Captioner`."""
        return tuple(_name(g) for g in self._encoder.name_sketches([sketch], limit=limit)[0])

    @cached_property
    def _classes(self) -> ClassSpace:
        from models.embedded import embedded_weights
        from models.encoder_layout import CLASSES_FILE, how_to_mend
        from models.errors import WeightsError

        if self._encoder.class_space is None:
            folder = self._weights or embedded_weights()
            raise WeightsError(f"The weights {folder / CLASSES_FILE} are missing. {how_to_mend(folder)}")
        return self._encoder.class_space

    @property
    def taught(self) -> tuple[frozenset[str], frozenset[str]] | None:
        """Classes that it was taught to name sketches as, and further ones that it was taught photos of; None
        where the weights do not say.
        """
        drawn, space = frozenset(self._encoder.classes), self._encoder.class_space
        return None if space is None else (drawn, frozenset(space.names) - drawn)

    def shares(self, names: Mapping[str, float]) -> dict[str, float]:
        """See `sketch_app.protocols.ClassScorer`."""
        return self._classes.shares(names)

    def query(self, shares: Mapping[str, float]) -> NDArray[np.float32]:
        """See `sketch_app.protocols.ClassScorer`."""
        return self._classes.query(shares)

    def affinity(self, photos: Embeddings, shares: Mapping[str, float]) -> NDArray[np.float32]:
        """See `sketch_app.protocols.ClassScorer`."""
        return self._classes.affinity(photos, shares)


def _name(guess: ClassGuess) -> SketchName:
    return SketchName(guess.class_name, guess.english, guess.korean, guess.probability)


def has_own(store: ModelStore, name: str) -> bool:
    """Whether a model of the person's own training is in the store, whole."""
    return name in store.entries and store.state(name).status == "complete"


def own_encoder(store: ModelStore) -> Path | None:
    """The weights of a person's own encoder, where one is in a store, whole."""
    return store.folder_of(TRAINED_ENCODER) if has_own(store, TRAINED_ENCODER) else None


def embedded_set(weights: Path | None = None) -> ModelSet:
    """The set that runs anywhere, with no download.

    Parameters
    ----------
    weights : Path, optional
        Another encoder than the program's, which goes on serving until every photo has a vector of this one.
    """
    from models.registry.embedded import package_folder

    models = EmbeddedModels(weights)
    former = None if weights is None else EmbeddedModels()
    folder = package_folder() / "generator"
    if not folder.exists():
        return ModelSet(EMBEDDED, fast=models, photos=models, classes=models, former=former)
    words = Words()
    # Small enough for any processor: a graphics device would have to be woken for it.
    generator = TurboGenerator(folder, folder / "checkpoint.safetensors", words, device="cpu", need_bytes=0)
    return ModelSet(
        EMBEDDED,
        fast=models,
        photos=models,
        classes=models,
        generator=generator,
        imagined=models,
        former=former,
        picture_side=EMBEDDED_PICTURE_SIDE,
        words=words,
        release=generator.model.release,
    )
