"""The classes as points of the embedded encoder's space: what a photo shows, by name.

The points are the proxies of the encoder's training, so they belong to one encoder; their file says which.
Besides the classes that a sketch can be named as, there are those that only photos were labelled with: a
person may type their names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.class_names import class_name
from models.encoder_layout import CLASSES_FILE, how_to_mend
from models.errors import WeightsError

FORMAT = "sketch_app.encoder-classes"
SHARPNESS = 10.0
"""Of the softmax over a photo's cosines to the classes; the best of 8, 10, 12 and 14 for mAP@all and hit@5
together, on the validation set of the embedded encoder."""
PULL = 0.3
PULL_SHARPNESS = 30.0
"""How far photos are drawn towards the classes that they look like, and the softmax over those: mAP@all .544
to .563 (95 % interval of the gain .016 to .023) and hit@5 .804 to .809 on the validation set of the embedded
encoder. Anything from .2 to .45 and from 30 to 100 is as good within .005 of either figure."""
_WORD = re.compile(r"[^\W\d_]+|\d+")


class ClassSpace:
    """Names and points of the classes.

    Parameters
    ----------
    model_id : str
        Of the encoder in whose space the points lie.
    names : sequence of str
        Lower case, spaces as underscores; the first `nameable` are those that a sketch can be named as.
    points : array (classes, dimension) float32
        Of length 1.
    """

    def __init__(
        self, model_id: str, names: Sequence[str], points: NDArray[np.float32], *, nameable: int
    ) -> None:
        self.model_id = model_id
        self.names = tuple(names)
        self._points = points
        self._nameable = nameable
        self._number = {name: i for i, name in enumerate(self.names)}

    @classmethod
    def load(cls, folder: Path, model_id: str) -> ClassSpace:
        """Read the file beside an encoder's weights.

        Raises
        ------
        WeightsError
            It is missing, damaged, or belongs to another encoder.
        """
        from safetensors import SafetensorError, safe_open

        path = folder / CLASSES_FILE
        try:
            with safe_open(path, framework="numpy") as file:
                meta = file.metadata() or {}
                points = file.get_tensor("points").astype(np.float32)
            if meta.get("format") != FORMAT:
                raise WeightsError(f"{path} does not hold the classes of an embedded encoder.")
            names, nameable = json.loads(meta["names"]), int(meta["nameable"])
            if points.shape[0] != len(names) or not 0 < nameable <= len(names):
                raise ValueError("its header makes no sense")
        except FileNotFoundError as error:
            raise WeightsError(f"The weights {path} are missing. {how_to_mend(folder)}") from error
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            raise WeightsError(f"The weights {path} are damaged ({error}). {how_to_mend(folder)}") from error
        if meta["model_id"] != model_id:
            raise WeightsError(
                f"{path} and the encoder beside it come from two trainings. {how_to_mend(folder)}"
            )
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        return cls(model_id, names, points, nameable=nameable)

    def save(self, folder: Path) -> None:
        """Write the file beside an encoder's weights, in half precision."""
        from safetensors.numpy import save_file

        metadata = {
            "format": FORMAT,
            "model_id": self.model_id,
            "names": json.dumps(self.names),
            "nameable": str(self._nameable),
        }
        save_file({"points": self._points.astype(np.float16)}, folder / CLASSES_FILE, metadata=metadata)

    def shares(self, names: Mapping[str, float]) -> dict[str, float]:
        """Probabilities of names or any words -> of known classes, adding up to 1; empty where none is known.

        Words that are no class themselves count for the class they mention: "a cup of coffee" for "cup".
        """
        found: dict[str, float] = {}
        for words, probability in names.items():
            known = self.find(words)
            if known is not None and probability > 0:
                found[known] = found.get(known, 0.0) + probability
        total = sum(found.values())
        return {name: value / total for name, value in found.items()} if total else {}

    def find(self, words: str) -> str | None:
        """The class that some words name or mention, in English or Korean; None where there is none.

        Among those mentioned the earliest wins ("a dog on a chair" is about a dog), and of two that begin at
        the same word the longer one.
        """
        if words in self._number:
            return words
        parts = [_singular(w) for w in _WORD.findall(words.lower().replace("_", " "))]
        for start in range(len(parts)):
            for end in range(len(parts), start, -1):
                for joint in (" ", ""):  # "motor bike" is a motorbike
                    known = self._by_words.get(joint.join(parts[start:end]))
                    if known is not None:
                        return known
        return None

    @cached_property
    def _by_words(self) -> dict[str, str]:
        table: dict[str, str] = {}
        for name in reversed(self.names):  # where two share a word, the one a sketch can be named as wins
            words = class_name(name)
            for text in (words.korean, words.english, name.replace("_", " ")):
                parts = [_singular(w) for w in _WORD.findall(text.lower())]
                table[" ".join(parts[1:] if parts[0] == "the" else parts)] = name
        return table

    def query(self, shares: Mapping[str, float]) -> NDArray[np.float32]:
        """The direction of a mixture of classes: (dimension,), for finding candidates."""
        mixed = sum(share * self._points[self._number[name]] for name, share in shares.items())
        return np.asarray(mixed / np.linalg.norm(mixed), np.float32)

    def drawn_in(self, photos: NDArray[np.float32]) -> NDArray[np.float32]:
        """Photos with a part of the mixture of classes that each looks like: (n, dimension) -> the same, of
        length 1. What is accidental in a photo counts less then, and photos of a class lie closer together.
        """
        if not len(photos):
            return photos
        logits = PULL_SHARPNESS * (photos @ self._points.T)
        logits -= logits.max(1, keepdims=True)
        odds = np.exp(logits)
        mixed = odds @ self._points
        drawn = photos + PULL * mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
        return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)

    def affinity(self, photos: NDArray[np.float32], shares: Mapping[str, float]) -> NDArray[np.float32]:
        """How much each photo shows what was named: (n, dimension) -> (n,), 0..1.

        The Bhattacharyya coefficient of the shares and the photo's own distribution over the classes: the
        sum over the classes of sqrt(share * share). Over the product, a plain dot product and their
        logarithm it had the best mAP@all at an unchanged hit@5 when added to the sketch's cosine.
        """
        extra = [self._number[n] for n in shares if self._number[n] >= self._nameable]
        rows = np.r_[np.arange(self._nameable), np.array(extra, np.int64)]
        logits = SHARPNESS * (photos @ self._points[rows].T)
        logits -= logits.max(1, keepdims=True)
        odds = np.exp(logits)
        odds /= odds.sum(1, keepdims=True)
        wanted = np.zeros(len(rows), np.float32)
        for place, row in enumerate(rows):
            wanted[place] = shares.get(self.names[row], 0.0)
        return np.asarray(np.sqrt(odds) @ np.sqrt(wanted), np.float32)


def _singular(word: str) -> str:
    """English plurals, roughly: enough to find "cats" and "butterflies" among the classes."""
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 4 and word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
