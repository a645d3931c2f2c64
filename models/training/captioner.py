"""The captioner's recipe: BLIP learns to say what a sketch shows, as a LoRA adapter or in all its weights.

A picture is a sketch whatever folder it comes from: grey, dark lines on light, prepared as the program
prepares one. What is written at the end is `models.training.captioner_export`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.caption_sentence import subject_of
from models.captioner import LONGEST, BlipCaptioner, as_written, read_part, sketch_pixels
from models.devices import Placement
from models.pretrained import load_pretrained
from models.training import augment
from models.training.dataset import DatasetError, Split, class_key
from models.training.errors import TrainingError
from models.training.layouts import ONE_SOURCE, CaptionedSet, hold_back
from models.training.lesson import Figure, Group, Turn
from models.training.lora import checkpoint_activations, with_lora
from models.training.provenance import Base, pictures_id, weights_id

METHODS = ("lora", "full")

TARGETS = ("query", "value", "qkv")
"""Layers that LoRA adapts: query and value of the text decoder's self- and cross-attention (for the same
number of parameters the best two of the four: Hu et al. 2021, LoRA, section 7.1), and the vision encoder's
attention, in which BLIP has query, key and value in one layer. As transformers names them.
"""
RATES: Mapping[str, float] = {"lora": 2e-4, "full": 1e-5}
"""Learning rates: the paper's for LoRA (Hu et al. 2021, appendix D), BLIP's own for fine-tuning on captions
(Li et al. 2022; configs/caption_coco.yaml of salesforce/BLIP).
"""
SIDE = 256
"""Side of a sketch in pixels, as the program gives it to the captioner (`sketch_app.raster`)."""
WARP = augment.Warp(rotation=10.0, scale=(0.85, 0.95), shear=0.08, stretch=0.12, shift=0.0, flip=0.0)
"""Light, and never mirrored: a sketch may hold letters. Where the ink lies and how large it is does not
matter, since every sketch is cropped to it.
"""
_IGNORED = -100  # cross entropy's own number for what is not to be predicted


@dataclass(frozen=True)
class CaptionerSettings:
    """What decides a run beside the loop's settings.

    Attributes
    ----------
    rank
        Of the LoRA adapter; its alpha is twice that.
    dropout
        Before the adapter's first factor.
    batch
        Pictures a piece of a step.
    rate
        The method's own when None.
    checkpoint_gradients
        Less memory, more time: activations are computed again on the way back.
    unseen
        Classes left out of training, and measured apart.
    held_back
        Share of each class's source photos that is measured by; 0 measures the training pictures themselves.
    measured
        At most so many pictures are measured by, evenly chosen.
    """

    method: str = "lora"
    rank: int = 16
    dropout: float = 0.05
    batch: int = 16
    rate: float | None = None
    checkpoint_gradients: bool = False
    unseen: tuple[str, ...] = ()
    held_back: float = 0.1
    measured: int = 400
    seed: int = 0


@dataclass(frozen=True)
class CaptionerSplit:
    """Positions in the data: what is learnt from, and what is measured by."""

    learnt: tuple[int, ...]
    held: tuple[int, ...]
    unseen: tuple[int, ...]
    """Pictures of the unseen classes."""

    @classmethod
    def of(cls, data: CaptionedSet, settings: CaptionerSettings) -> CaptionerSplit:
        """Part the data; no source photo is on two sides.

        Raises
        ------
        DatasetError
            There are fewer than two classes to learn, an unseen class is not there, or nothing can be held
            back.
        """
        names = [subject_of(text) for text in data.texts]
        unseen = {" ".join(name.lower().replace("_", " ").split()) for name in settings.unseen}
        unknown = sorted(unseen - set(names))
        if unknown:
            raise DatasetError(
                f"{_folder(data)} has no pictures of {', '.join(unknown)}: check the spelling of --unseen."
            )
        seen = [i for i, name in enumerate(names) if name not in unseen]
        classes = {names[i] for i in seen}
        if len(classes) < 2:
            raise DatasetError(
                f"{_folder(data)} has {len(classes) or 'no'} class to learn"
                f"{' (' + next(iter(classes)) + ')' if classes else ''}: a captioner learns to tell classes "
                "apart, give two at least."
            )
        learnt, held = hold_back([data.pictures[i] for i in seen], settings.held_back, settings.seed)
        if settings.held_back > 0 and not held:
            raise DatasetError(
                f"{_folder(data)} has {ONE_SOURCE}, so that none can be held back: name them otherwise, give "
                "more, or measure by the pictures it learns from with --held-back 0."
            )
        return cls(
            tuple(seen[i] for i in learnt),
            tuple(seen[i] for i in held),
            tuple(i for i, name in enumerate(names) if name in unseen),
        )

    def named(self, data: CaptionedSet, unseen: Sequence[str] = ()) -> Split:
        """What is held back by name, for ``evaluate`` on class folders of sketches with photos beside them;
        no photo is, since none is learnt from.
        """
        return Split(
            frozenset(data.pictures[i].name for i in self.held),
            (),
            frozenset(map(class_key, unseen)),
        )


@dataclass(frozen=True)
class Said:
    """What the captioner said of a picture."""

    position: int
    """Of the picture in the data."""
    text: str
    subject: str
    names_class: bool
    is_exact: bool


@dataclass(frozen=True)
class CaptionBatch:
    """Pictures and the words to say."""

    pixels: Tensor  # (n, 3, side, side)
    tokens: Tensor  # (n, length), begun by the decoder's own first token
    labels: Tensor  # (n, length), the padding left out


@dataclass
class CaptionerLesson:
    """A `models.training.lesson.Lesson`; made by `open`."""

    data: CaptionedSet
    split: CaptionerSplit
    settings: CaptionerSettings
    base: Base
    network: Any
    processor: Any
    tokenizer: Any
    """The parts of a BLIP."""
    adapted: Any
    """peft's model about `network`; None in a full run."""
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    _squares: dict[int, NDArray[np.uint8]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._learnt = frozenset(self.split.learnt)
        classes: dict[str, list[int]] = {}
        for position in self.split.learnt:
            classes.setdefault(subject_of(self.data.texts[position]), []).append(position)
        self._by_class = [classes[name] for name in sorted(classes)]

    @classmethod
    def open(cls, data: CaptionedSet, base: Base, settings: CaptionerSettings) -> CaptionerLesson:
        """Part the data and load the base.

        Raises
        ------
        DatasetError
            Of `CaptionerSplit.of`; or a sentence has words that the tokenizer does not know.
        TrainingError
            There is no such method.
        models.errors.WeightsError
            The base is not there, damaged or no BLIP.
        """
        from transformers import (
            BertTokenizer,
            BlipForConditionalGeneration,
            BlipImageProcessorPil,
            GenerationConfig,
        )

        if settings.method not in METHODS:
            raise TrainingError(
                f"There is no method “{settings.method}”: choose one of {', '.join(METHODS)}."
            )
        split = CaptionerSplit.of(data, settings)
        tokenizer = read_part(BertTokenizer, "vocab.txt", base.folder)
        _check_words(data, tokenizer)
        network = load_pretrained(
            BlipForConditionalGeneration, base.folder, dtype=torch.float32, attention="eager"
        )
        network.text_decoder.generation_config = GenerationConfig()  # as the program searches
        adapted = None
        if settings.method == "lora":
            adapted = with_lora(
                network, TARGETS, rank=settings.rank, dropout=settings.dropout, seed=settings.seed
            )
        else:
            network.requires_grad_(True)
        if settings.checkpoint_gradients:
            checkpoint_activations(network)
        processor = read_part(BlipImageProcessorPil, "preprocessor_config.json", base.folder)
        return cls(data, split, settings, base, network, processor, tokenizer, adapted)

    @cached_property
    def description(self) -> Mapping[str, Any]:  # noqa: D102 - the protocol's; the weights are read once
        return {
            "recipe": "captioner",
            **asdict(self.settings),
            "unseen": list(self.settings.unseen),
            "base": weights_id(self.base.folder),
            "data": pictures_id(self.data.pictures, self.data.texts),
        }

    @property
    def learns(self) -> Mapping[str, nn.Module]:  # noqa: D102
        if self.adapted is not None:
            return {"captioner": self.network}
        # The decoder's last layer shares its weight with the words' embeddings: each tensor once.
        head = self.network.text_decoder.cls.predictions
        return {
            "vision": self.network.vision_model,
            "words": self.network.text_decoder.bert,
            "head": head.transform,
            "bias": nn.ParameterList([head.bias]),
        }

    @property
    def turns(self) -> Sequence[Turn]:  # noqa: D102
        rate = self.settings.rate if self.settings.rate is not None else RATES[self.settings.method]
        decayed = [p for p in self.network.parameters() if p.requires_grad and p.ndim > 1]
        plain = [p for p in self.network.parameters() if p.requires_grad and p.ndim <= 1]
        groups = [Group(decayed, rate), Group(plain, rate, weight_decay=0.0)]
        return [Turn("captioner", groups, self._losses)]

    @property
    def counts(self) -> Figure:
        """The class: the program takes from a caption what it is about, and makes the sentence anew."""
        return Figure("class")

    def to(self, device: torch.device) -> None:  # noqa: D102
        self.device = device
        self.network.to(device)

    def batch(self, step: int, piece: int) -> CaptionBatch:
        """Pictures of classes drawn evenly, each a little warped."""
        rng = np.random.default_rng([self.settings.seed, step, piece])
        chosen = []
        for number in rng.integers(0, len(self._by_class), self.settings.batch):
            of_class = self._by_class[number]
            chosen.append(of_class[rng.integers(len(of_class))])
        squares = [warped(self.square(position), rng) for position in chosen]
        return self._batch(squares, [self.data.texts[position] for position in chosen])

    def validate(self) -> dict[str, float]:
        """``class``, ``exact`` and ``loss`` of the held-back pictures, or of the training pictures where
        nothing is held back; the same of the unseen classes, with ``unseen_`` before.
        """
        figures = self.figures_of(self.split.held or self.split.learnt)
        unseen = self.figures_of(self.split.unseen) if self.split.unseen else {}
        return {**figures, **{f"unseen_{name}": value for name, value in unseen.items()}}

    def figures_of(self, positions: Sequence[int]) -> dict[str, float]:
        """Share named rightly, share said exactly, and the mean loss of the words (nats a word)."""
        chosen = self.chosen(positions)
        said = self.captions(chosen)
        return {
            "class": float(np.mean([s.names_class for s in said])),
            "exact": float(np.mean([s.is_exact for s in said])),
            "loss": self._mean_loss(chosen),
        }

    def captions(self, positions: Sequence[int]) -> list[Said]:
        """What the program would say of pictures, through its own captioner."""
        captioner = BlipCaptioner(
            self.network.eval(), self.processor, self.tokenizer, Placement(str(self.device), "float32")
        )
        said = []
        for part in self._parts(positions):
            for position, captions in zip(
                part, captioner.captions_of([self.square(i) for i in part], limit=1), strict=True
            ):
                text, subject = (captions[0].text, captions[0].subject) if captions else ("", "")
                wanted = self.data.texts[position]
                is_exact = _even(text) == _even(wanted)
                said.append(Said(position, text, subject, subject == subject_of(wanted), is_exact))
        return said

    @property
    def classes(self) -> int:
        """How many are learnt."""
        return len(self._by_class)

    def chosen(self, positions: Sequence[int], count: int | None = None) -> list[int]:
        """At most so many of them (the settings' when not given), evenly."""
        count = min(count or self.settings.measured, len(positions))
        return [positions[i] for i in np.linspace(0, len(positions) - 1, count).astype(int)]

    def square(self, position: int) -> NDArray[np.uint8]:
        """A picture as the program gives a sketch to the captioner: (256, 256), cropped and centred."""
        measured = position not in self._learnt
        if measured and position in self._squares:
            return self._squares[position]
        picture = self.data.pictures[position]
        square = augment.crop_to_ink(self.data.files.grey(picture.name), SIDE)
        if measured:
            self._squares[position] = square
        return square

    def _parts(self, positions: Sequence[int]) -> list[Sequence[int]]:
        size = self.settings.batch
        return [positions[start : start + size] for start in range(0, len(positions), size)]

    def _batch(self, squares: Sequence[NDArray[np.uint8]], texts: Sequence[str]) -> CaptionBatch:
        held = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=LONGEST, return_tensors="pt"
        )
        tokens = held["input_ids"]
        labels = tokens.masked_fill(held["attention_mask"] == 0, _IGNORED)
        tokens[:, 0] = self.network.config.text_config.bos_token_id
        pixels = sketch_pixels(self.processor, squares)
        return CaptionBatch(pixels.to(self.device), tokens.to(self.device), labels.to(self.device))

    def _losses(self, batch: CaptionBatch) -> dict[str, Tensor]:
        self.network.train()
        return {"words": self._loss(batch)}

    def _loss(self, batch: CaptionBatch) -> Tensor:
        found = self.network(pixel_values=batch.pixels, input_ids=batch.tokens, labels=batch.labels)
        return found.loss  # type: ignore[no-any-return]

    def _mean_loss(self, positions: Sequence[int]) -> float:
        self.network.eval()
        total, words = 0.0, 0
        with torch.no_grad():
            for part in self._parts(positions):
                texts = [self.data.texts[i] for i in part]
                batch = self._batch([self.square(i) for i in part], texts)
                count = int((batch.labels[:, 1:] != _IGNORED).sum())
                total, words = total + float(self._loss(batch)) * count, words + count
        return total / max(1, words)


def warped(square: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A sketch turned, sheared and stretched a little, then cropped and centred again: of the same side."""
    side = square.shape[0]
    half = side / 2
    to_pixels = np.array([[side, 0, half], [0, side, half], [0, 0, 1]])
    matrix = (
        to_pixels @ np.vstack([augment.random_affine(rng, WARP), [0, 0, 1]]) @ np.linalg.inv(to_pixels)
    )[:2]
    moved = cv2.warpAffine(square, matrix, (side, side), flags=cv2.INTER_LINEAR, borderValue=augment.WHITE)
    return augment.crop_to_ink(np.asarray(moved, np.uint8), side)


def _check_words(data: CaptionedSet, tokenizer: Any) -> None:
    for text in sorted(set(data.texts)):
        if tokenizer.unk_token_id in tokenizer(text)["input_ids"]:
            raise DatasetError(
                f"{_folder(data)}: “{text}” has words that the captioner cannot say: write its class or "
                "its text in English."
            )


def _even(text: str) -> str:
    return as_written(" ".join(text.lower().split()))


def _folder(data: CaptionedSet) -> Any:
    return data.files.folder / data.files.stem
