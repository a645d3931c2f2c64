"""The embedded set as the application uses it: pictures in, vectors and names out, on any CPU.

Implements the application's `SketchEncoder` and `PhotoEncoder` protocols. Loading and running are thread-
safe.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from models.class_names import class_name
from models.class_space import ClassSpace
from models.dual_encoder import EMBEDDING_DIM, SketchTower
from models.encoder_files import LoadedEncoder, load_encoder
from models.encoder_layout import CLASSES_FILE

_BATCH = 4
"""More at once is slower: what one layer hands to the next no longer fits the processor's cache."""
_DRAWN_IN = "-c1"
"""Ends the id of a space whose photos are drawn towards the classes, in the first way of doing so."""
_ALL_THREADS = torch.get_num_threads()


def embedded_weights() -> Path:
    """The folder of the weights that come with the program."""
    return Path(str(resources.files("checkpoints")))


@dataclass(frozen=True, slots=True)
class ClassGuess:
    """One class a sketch may show."""

    class_name: str
    english: str
    korean: str
    probability: float


@dataclass(frozen=True, slots=True)
class SketchReading:
    """All that one pass over a sketch says."""

    embedding: NDArray[np.float32]  # (256,), length 1
    guesses: tuple[ClassGuess, ...]  # best first
    shares: dict[str, float]  # class -> probability, all classes


class EmbeddedEncoder:
    """Sketches and photos as vectors of one space.

    Parameters
    ----------
    weights : Path, optional
        Folder with the weight files; the ones that come with the program when not given.
    """

    dimension = EMBEDDING_DIM

    def __init__(self, weights: Path | None = None) -> None:
        self._folder = weights or embedded_weights()
        self._lock = threading.RLock()

    @cached_property
    def _loaded_once(self) -> LoadedEncoder:
        loaded = load_encoder(self._folder)
        loaded.photo_trunk.to(_photo_dtype())
        return loaded

    @property
    def _loaded(self) -> LoadedEncoder:
        with self._lock:  # two threads asking at once must not load twice
            return self._loaded_once

    @cached_property
    def _classes_once(self) -> ClassSpace | None:
        if not (self._folder / CLASSES_FILE).exists():
            return None
        return ClassSpace.load(self._folder, self._loaded.info.model_id)

    @property
    def class_space(self) -> ClassSpace | None:
        """The classes as points; None where their file does not lie beside the weights."""
        with self._lock:
            return self._classes_once

    @property
    def model_id(self) -> str:
        """Names the space; changes with the weights and with how photos are put into it."""
        return self._loaded.info.model_id + ("" if self.class_space is None else _DRAWN_IN)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that a sketch can be named as."""
        return self._loaded.info.classes

    def encode_sketches(self, sketches: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(h, w) uint8 square sketches, black on white, cropped and centred -> (n, 256) float32, length 1."""
        if not sketches:
            return np.zeros((0, EMBEDDING_DIM), np.float32)
        return np.concatenate(
            [self._run_sketches(sketches[i : i + _BATCH])[0] for i in range(0, len(sketches), _BATCH)]
        )

    def read_sketch(self, sketch: NDArray[np.uint8], *, limit: int = 5) -> SketchReading:
        """Embedding and names of one sketch in one pass."""
        embeddings, probabilities = self._run_sketches([sketch])
        shares = dict(zip(self.classes, probabilities[0].tolist(), strict=True))
        return SketchReading(embeddings[0], self._guesses(probabilities[0], limit), shares)

    def name_sketches(
        self, sketches: Sequence[NDArray[np.uint8]], *, limit: int = 5
    ) -> list[tuple[ClassGuess, ...]]:
        """The likeliest classes of each sketch, best first."""
        return [self._guesses(row, limit) for row in self._run_sketches(sketches)[1]]

    def encode_photos(self, photos: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(h, w, 3) uint8 RGB photos, upright, of any size -> (n, 256) float32, length 1; drawn towards the
        classes that they look like (`ClassSpace.drawn_in`).
        """
        if not photos:
            return np.zeros((0, EMBEDDING_DIM), np.float32)
        loaded = self._loaded
        side = loaded.info.photo_side
        rows = []
        for start in range(0, len(photos), _BATCH):
            squares = [_squeeze(p, side) for p in photos[start : start + _BATCH]]
            batch = torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2)  # channels last in memory
            with _one_thread(), torch.inference_mode():
                features = loaded.photo_trunk(_normalise(batch).to(_photo_dtype()))
                rows.append(loaded.photo_head(features.float()).numpy())
        found = np.concatenate(rows)
        return found if self.class_space is None else self.class_space.drawn_in(found)

    def _run_sketches(
        self, sketches: Sequence[NDArray[np.uint8]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        loaded = self._loaded
        n = len(sketches)
        embeddings, probabilities = torch.zeros(n, EMBEDDING_DIM), torch.zeros(n, len(self.classes))
        with _one_thread(), torch.inference_mode():
            for tower, sides in zip(loaded.sketches, loaded.info.views, strict=True):
                for side in sides:
                    found, named = _look(tower, sketches, side)
                    embeddings += found
                    probabilities += named
            embeddings = torch.nn.functional.normalize(embeddings, dim=1)
            probabilities /= probabilities.sum(1, keepdim=True)
        return embeddings.numpy(), probabilities.numpy()

    def _guesses(self, probabilities: NDArray[np.float32], limit: int) -> tuple[ClassGuess, ...]:
        guesses = []
        for i in np.argsort(-probabilities)[:limit]:
            words = class_name(self.classes[i])
            guesses.append(ClassGuess(self.classes[i], words.english, words.korean, float(probabilities[i])))
        return tuple(guesses)


@cache
def _photo_dtype() -> torch.dtype:
    """bfloat16 where the processor multiplies it natively, which halves the trunk's time: indexing waits for
    it. 99 of 100 vectors stay within a cosine of .994 of those in float32, the retrieval figures within .005.
    """
    able = getattr(torch.cpu, "get_capabilities", dict)()  # not in the oldest PyTorch we allow
    return torch.bfloat16 if able.get("avx512_bf16") or able.get("amx_bf16") else torch.float32


def _look(tower: SketchTower, sketches: Sequence[NDArray[np.uint8]], side: int) -> tuple[Tensor, Tensor]:
    """What a tower says of sketches in one size, as they are and mirrored: sums of both vectors (n, 256) and
    of both sets of probabilities (n, classes).

    Every view of a drawing means the same thing, and the average over sizes, mirror images and towers is
    right more often than any one of them (figures in the model card).
    """
    grey = np.stack([shrink_sketch(s, side) for s in sketches])
    both = np.concatenate([grey, grey[:, :, ::-1]])
    x = _normalise(torch.from_numpy(both))[:, None].expand(-1, 3, -1, -1)
    embeddings, logits = tower(x.contiguous(memory_format=torch.channels_last))
    n = len(sketches)
    probabilities = logits.softmax(1)
    return embeddings[:n] + embeddings[n:], probabilities[:n] + probabilities[n:]


def shrink_sketch(sketch: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """(h, w) -> (side, side), with the soft lines that the towers were trained on.

    Pillow's bilinear filter widens with the scale, as the blur before a training picture's warp does. A
    sharper one costs much: with BOX, mAP@all fell from .546 to .528.
    """
    return np.asarray(Image.fromarray(sketch).resize((side, side), Image.Resampling.BILINEAR))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep the calling thread's networks on one core; what runs on it afterwards has all of them again.

    With several, the cores wait for one another, spinning, at every layer's end. Where photos are decoded and
    a hand is followed at the same time, one of them always has other work: measured, a sketch then took
    twenty times as long as on one core.
    """
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(_ALL_THREADS)


def _normalise(pixels: Tensor) -> Tensor:
    """uint8 -> what EfficientNet-Lite was trained with."""
    return pixels.float().sub_(127).div_(128)


def _squeeze(photo: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The whole photo as a square: cutting to the middle would lose what stands at the edge."""
    image = Image.fromarray(photo).resize((side, side), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(image)
