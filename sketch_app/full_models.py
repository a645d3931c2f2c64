"""The full set behind the application's protocols: BLIP, Img2Img-Turbo and DINOv2, each loaded once, at its
first use. The fast lane's names are the embedded encoder's; so is a sketch's vector, unless the person has
trained an adapter that puts sketches among DINOv2's photos.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from models.class_names import class_name
from models.errors import WeightsError
from models.training_record import RECORD_FILE, read_record, trained_side
from sketch_app.errors import SketchAppError
from sketch_app.model_sets import PICTURE_SIDE, EmbeddedModels, ModelSet, has_own, own_encoder
from sketch_app.picture_generator import TurboGenerator
from sketch_app.protocols import Embeddings, Grey, PhotoEncoder, Rgb, SketchName, never
from sketch_app.resident import Resident, Way, Words

if TYPE_CHECKING:
    from models.captioner import BlipCaptioner, Caption
    from models.devices import Placement
    from models.img2img_turbo.generator import GeneratorOptions
    from models.photo_embedder import Dinov2Embedder
    from models.registry.store import ModelStore
    from models.sketch_adapter import SketchAdapter

FULL = "full"
CAPTIONER = "blip-image-captioning-base"
TRAINED_CAPTIONER = "trained-captioner"
TRAINED_GENERATOR = "trained-generator"
SKETCH_ADAPTER = "sketch-adapter"
CHECKPOINT = "img2img-turbo-sketch"
PHOTO_MODEL = "dinov2-small"
_GIB = 1 << 30
_SD_TURBO_BYTES = 4 * _GIB
"""Free memory that a graphics device must have for SD-Turbo."""


@dataclass(frozen=True, slots=True)
class FullChoices:
    """The single choices within the set.

    Attributes
    ----------
    captioner_weights : Path, optional
        Fine-tuned weights or an adapter over BLIP; the base alone when not given.
    generator_weights : Path, optional
        A checkpoint of Img2Img-Turbo for SD-Turbo, in place of the published one for sketches and of the
        person's own generator.
    photo_model : str
        Name of a photo embedder in the store.
    device : str
        As `models.devices.choose_placement` takes it.
    options : GeneratorOptions, optional
        How the generator runs.
    """

    captioner_weights: Path | None = None
    generator_weights: Path | None = None
    photo_model: str = PHOTO_MODEL
    device: str = "auto"
    options: GeneratorOptions | None = None


class FullCaptioner:
    """BLIP as a `sketch_app.protocols.Captioner`."""

    def __init__(self, base: Path, choices: FullChoices, words: Words) -> None:
        def load(place: Placement) -> BlipCaptioner:
            from models.captioner import BlipCaptioner

            return BlipCaptioner.load(base, fine_tuned=choices.captioner_weights, placement=place)

        self.model = Resident(load, wish=choices.device, need_bytes=_GIB, say=words.say)

    def name_sketch(
        self, sketch: Grey, *, limit: int = 5, cancelled: Callable[[], bool] = never
    ) -> tuple[SketchName, ...]:
        """See `sketch_app.protocols.Captioner`."""
        captions = self.model.use(
            [Way("the caption", lambda m: m.captions(sketch, limit=limit, cancelled=cancelled))]
        )
        return tuple(_name(caption) for caption in captions)


def _name(caption: Caption) -> SketchName:
    key = caption.subject.replace(" ", "_")
    return SketchName(key, caption.subject, class_name(key).korean, caption.probability)


class FullPhotos:
    """DINOv2 as a `sketch_app.protocols.PhotoEncoder`."""

    def __init__(self, folder: Path, choices: FullChoices, words: Words) -> None:
        self._folder = folder

        def load(place: Placement) -> Dinov2Embedder:
            from models.photo_embedder import Dinov2Embedder

            return Dinov2Embedder.load(folder, placement=place)

        self.model = Resident(load, wish=choices.device, need_bytes=_GIB // 2, say=words.say)

    @cached_property
    def model_id(self) -> str:
        """Names the space and the weights that made it; known without loading them."""
        from models.photo_embedder import photo_model_id

        return photo_model_id(self._folder)

    @cached_property
    def dimension(self) -> int:
        """Length of a vector."""
        from models.photo_embedder import photo_dimension

        return photo_dimension(self._folder)

    def encode_photos(self, photos: Sequence[Rgb]) -> Embeddings:
        """See `sketch_app.protocols.PhotoEncoder`."""
        return self.model.use([Way("the photos' embeddings", lambda m: m.encode_photos(photos))])


class FullSketches:
    """DINOv2 with the person's own adapter as a `sketch_app.protocols.SketchEncoder`."""

    def __init__(
        self, photos: FullPhotos, folder: Path, adapter: Path, choices: FullChoices, words: Words
    ) -> None:
        self._photos = photos

        def load(place: Placement) -> SketchAdapter:
            from models.sketch_adapter import load_sketch_adapter

            return load_sketch_adapter(folder, adapter, placement=place)

        self.model = Resident(load, wish=choices.device, need_bytes=_GIB // 2, say=words.say)

    @property
    def model_id(self) -> str:
        """The photos' space."""
        return self._photos.model_id

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._photos.dimension

    def encode_sketches(self, sketches: Sequence[Grey]) -> Embeddings:
        """See `sketch_app.protocols.SketchEncoder`."""
        return self.model.use([Way("the sketch's embedding", lambda m: m.encode_sketches(sketches))])


def full_set(store: ModelStore, choices: FullChoices | None = None) -> ModelSet:
    """BLIP, Img2Img-Turbo and DINOv2 from a store; nothing is loaded yet.

    Raises
    ------
    models.errors.NotHereError
        One of them is not on this machine; the sentence says how to get it.
    SketchAppError
        A choice names a file that is not there, or a model of another kind.
    """
    choices = choices or FullChoices()
    _check_own_weights(choices)
    (entry,) = store.select([choices.photo_model])
    if entry.role != "photo-embedder":
        raise SketchAppError(
            f"“{entry.name}” does not embed photos: choose {PHOTO_MODEL}, or another DINOv2."
        )
    base, checkpoint = _generator_files(store, choices)
    side, need_bytes = _picture_size(base, checkpoint)
    words = Words()
    encoder = own_encoder(store)
    fast = EmbeddedModels(encoder)
    captioner = FullCaptioner(_captioner_base(store, choices), choices, words)
    generator = TurboGenerator(
        base, checkpoint, words, device=choices.device, need_bytes=need_bytes, options=choices.options
    )
    photos = FullPhotos(store.folder_of(entry.name), choices, words)
    sketches = _own_sketches(store, entry.name, photos, choices, words)

    def release() -> None:
        for part in (captioner, generator, photos, sketches):
            if part is not None:
                part.model.release()

    return ModelSet(
        FULL,
        fast=fast,
        photos=fast,
        classes=fast,
        captioner=captioner,
        generator=generator,
        imagined=photos,
        sketches=sketches,
        former=None if encoder is None else EmbeddedModels(),
        encoder_for=lambda model_id: _photo_model(store, choices, words, model_id),
        picture_side=side,
        words=words,
        release=release,
    )


def _check_own_weights(choices: FullChoices) -> None:
    """See that files which a person chose are of the right kind, as far as that shows without loading them.

    Raises
    ------
    SketchAppError, models.errors.WeightsError
        One is not there, or is of another kind.
    """
    captioner, generator = choices.captioner_weights, choices.generator_weights
    for path in (captioner, generator):
        if path is not None and not path.exists():
            raise SketchAppError(f"There is no {path}: choose the weights anew, or none.")
    if captioner is not None and (captioner / RECORD_FILE).exists():
        read_record(captioner, "captioner")
    if generator is None or generator.suffix != ".safetensors":
        return
    from models.img2img_turbo.checkpoint import KIND
    from models.registry.digests import safetensors_metadata
    from models.registry.entries import STANDS_ON

    if safetensors_metadata(generator).get("kind") != KIND:
        raise SketchAppError(f"{generator} is no checkpoint of Img2Img-Turbo. Choose another file.")
    record = generator.parent / RECORD_FILE
    if record.exists() and not read_record(generator.parent, "generator").get(STANDS_ON):
        raise SketchAppError(
            f"{generator} stands on a base of its own: import its folder with “sketch-app models import "
            f"{generator.parent}”, and choose no file."
        )


def _generator_files(store: ModelStore, choices: FullChoices) -> tuple[Path, Path]:
    """The base's folder and the checkpoint: the person's own generator where they imported one, but a chosen
    file before that. What they trained over SD-Turbo needs it still; what brings its base does not.
    """
    if choices.generator_weights is None and has_own(store, TRAINED_GENERATOR):
        own = store.folder_of(TRAINED_GENERATOR)
        alone = store.state(TRAINED_GENERATOR).brings_base
        base = own if alone else store.folder_of(store.choose("generator"))
        return base, store.file_of(TRAINED_GENERATOR, "checkpoint.safetensors")
    base = store.folder_of(store.choose("generator"))
    return base, choices.generator_weights or store.file_of(CHECKPOINT)


def _picture_size(base: Path, checkpoint: Path) -> tuple[int, int]:
    """Side of the pictures to ask for, and the bytes that a graphics device must have free: a generator of
    the person's own training knows no larger pictures than it was taught, and may be small.
    """
    own = checkpoint.parent
    side = min(PICTURE_SIDE, trained_side(own)) if (own / RECORD_FILE).exists() else PICTURE_SIDE
    weights = sum(path.stat().st_size for path in base.rglob("*.safetensors"))
    return side, min(_SD_TURBO_BYTES, _GIB // 2 + 2 * weights)


def _captioner_base(store: ModelStore, choices: FullChoices) -> Path:
    """The person's own captioner where they imported one; chosen weights go over the published one."""
    own = choices.captioner_weights is None and has_own(store, TRAINED_CAPTIONER)
    return store.folder_of(TRAINED_CAPTIONER if own else CAPTIONER)


def _own_sketches(
    store: ModelStore, photo_model: str, photos: FullPhotos, choices: FullChoices, words: Words
) -> FullSketches | None:
    """The person's own adapter, where they imported one that was made for the chosen photo model."""
    if not has_own(store, SKETCH_ADAPTER):
        return None
    from models.sketch_adapter import adapter_model_id

    adapter = store.folder_of(SKETCH_ADAPTER)
    made_for = adapter_model_id(adapter)
    if made_for != photos.model_id:
        words.say(
            f"Your adapter for sketches was made for {made_for}, and photos are compared by "
            f"{photos.model_id}: it is not used. Choose that photo model, or train another adapter."
        )
        return None
    return FullSketches(photos, store.folder_of(photo_model), adapter, choices, words)


def _photo_model(store: ModelStore, choices: FullChoices, words: Words, model_id: str) -> PhotoEncoder | None:
    """The embedder in the store that made some vectors, for searching with them a while longer."""
    for entry in store.entries.values():
        if entry.role != "photo-embedder" or store.state(entry.name).status != "complete":
            continue
        photos = FullPhotos(store.folder_of(entry.name), choices, words)
        try:
            if photos.model_id == model_id:
                return photos
        except WeightsError:
            continue
    return None
