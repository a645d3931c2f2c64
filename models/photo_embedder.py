"""DINOv2, which turns photos into vectors: one for each photo, alike for alike pictures.

Where the vectors are kept and compared is the index's business, where the files come from another module's.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.adapters import with_adapter
from models.devices import Placement, free_cached_memory
from models.errors import ModelError, WeightsError
from models.pretrained import load_pretrained
from models.safe_weights import safetensors_in

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import BitImageProcessorPil, PreTrainedModel

Rgb = NDArray[np.uint8]
Pooling = Literal["cls", "cls+mean"]
Framing = Literal["crop", "whole"]

_log = logging.getLogger(__name__)
_SIZES = {384: "small", 768: "base", 1024: "large", 1536: "giant"}
"""Width of the network -> its published name (DINOv2's own code, models/vision_transformer.py)."""
_KINDS = {"dinov2": "dinov2", "dinov2_with_registers": "dinov2-with-registers"}
"""``model_type`` of config.json -> the published name."""
_HASHED_WHOLE = 512 * 2**20
_SAMPLE, _STRIDE = 64 * 2**10, 4 * 2**20
_LONGEST_SHAPE = 8
"""Times that a photo's long side may be its short one before it is cut about its middle."""


class Dinov2Embedder:
    """Photos as vectors of length 1; made by `load`. Any thread may use it, one at a time runs.

    Implements the application's `PhotoEncoder` protocol.

    Parameters
    ----------
    network, processor
        The parts of a DINOv2, the network in its place.
    model_id : str
        As `photo_model_id` gives it.
    """

    def __init__(
        self,
        network: PreTrainedModel,
        processor: BitImageProcessorPil,
        *,
        model_id: str,
        placement: Placement,
        pooling: Pooling = "cls",
        framing: Framing = "crop",
    ) -> None:
        self._network: PreTrainedModel | None = network
        self._processor = processor
        self._model_id = model_id
        self._placement = placement
        self._pooling = pooling
        self._registers = int(getattr(network.config, "num_register_tokens", 0))
        self._dimension = _width(int(network.config.hidden_size), pooling)
        self._views: dict[str, Any] = {"input_data_format": "channels_last"}
        if framing == "whole":
            self._views |= {"size": dict(processor.crop_size), "do_center_crop": False}
        self._batch = 4 if placement.device == "cpu" else 32  # a processor's cache holds no more
        self._lock = threading.Lock()

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        placement: Placement | None = None,
        pooling: Pooling = "cls",
        framing: Framing = "crop",
        adapter: Path | None = None,
    ) -> Dinov2Embedder:
        """Read the model.

        Parameters
        ----------
        folder : Path
            In the layout of ``facebook/dinov2-small`` or ``facebook/dinov2-with-registers-small``, or of the
            larger ones.
        placement : Placement, optional
            The processor in float32 when not given.
        pooling : {"cls", "cls+mean"}
            The class token; or that and the mean of the patches' tokens, one behind the other, which is what
            transformers' ``Dinov2ForImageClassification`` reads.
        framing : {"crop", "whole"}
            What of a photo is seen. As published, its middle, by the folder's preprocessor_config.json: the
            short side to 256, of that the inner 224. Or all of it, squeezed into that square.
        adapter : Path, optional
            Folder with a LoRA adapter of peft, merged into the weights. What it was made for lands in the
            same space, so that `model_id` stays the model's own; see `models.sketch_adapter`.

        Raises
        ------
        WeightsError
            A file is missing, damaged or of another model; the message names it. `RefusedFileError` when the
            weights are there only as a pickle.
        """
        from transformers import BitImageProcessorPil, Dinov2Model, Dinov2WithRegistersModel

        placement = placement or Placement()
        model_id = photo_model_id(folder, pooling=pooling, framing=framing)
        kind = Dinov2Model if _config(folder)["model_type"] == "dinov2" else Dinov2WithRegistersModel
        if adapter is None:
            network = load_pretrained(kind, folder, dtype=placement.torch_dtype)
        else:  # added in float32, and rounded once
            import torch

            network = with_adapter(load_pretrained(kind, folder, dtype=torch.float32), adapter)
            network.to(placement.torch_dtype)
        network.to(placement.torch_device)
        path = folder / "preprocessor_config.json"
        try:
            path.read_bytes()  # without it the hub would be asked
            processor = BitImageProcessorPil.from_pretrained(folder, local_files_only=True)
        except Exception as error:  # a damaged file may fail in any way
            raise WeightsError(f"{path} cannot be used ({error}). Get the model again.") from error
        return cls(
            network, processor, model_id=model_id, placement=placement, pooling=pooling, framing=framing
        )

    @property
    def model_id(self) -> str:
        """Names the space: vectors of different ids are never compared. See `photo_model_id`."""
        return self._model_id

    @property
    def dimension(self) -> int:
        """Length of a vector: the network's width, twice that with the patches' mean."""
        return self._dimension

    @property
    def placement(self) -> Placement:
        """Where it runs. The number format becomes float32 when the shorter one did not suffice."""
        return self._placement

    def encode_photos(self, photos: Sequence[Rgb]) -> NDArray[np.float32]:
        """(h, w, 3) uint8 RGB photos, upright, of any size -> (n, dimension) float32, each row of length 1.

        A photo whose long side is more than eight times its short one is cut to that about its middle first;
        the middle square is the same.

        Raises
        ------
        ModelError
            The embedder was released.
        """
        rows = [np.zeros((0, self._dimension), np.float32)]
        for start in range(0, len(photos), self._batch):
            pixels = self.pixels(photos[start : start + self._batch])
            with self._lock:
                rows.append(self._pooled(pixels))
        return np.concatenate(rows)

    def pixels(self, photos: Sequence[Rgb]) -> Tensor:
        """What the network looks at: (n, 3, 224, 224) float32 with the published preprocessing."""
        tame = [_tame(photo) for photo in photos]
        made = self._processor(images=tame, return_tensors="pt", **self._views)
        pixels: Tensor = made["pixel_values"]
        return pixels

    @property
    def parts(self) -> tuple[PreTrainedModel, BitImageProcessorPil]:
        """Network and processor, for training.

        Raises
        ------
        ModelError
            The embedder was released.
        """
        if self._network is None:
            raise ModelError("The photo embedder was released: load it again.")
        return self._network, self._processor

    def release(self) -> None:
        """Free the memory; the embedder is of no use afterwards."""
        with self._lock:
            self._network = None
        free_cached_memory()

    def _pooled(self, pixels: Tensor) -> NDArray[np.float32]:
        import torch

        if self._network is None:
            raise ModelError("The photo embedder was released: load it again.")
        with torch.inference_mode():
            found = self._tokens(self._network, pixels)
            if not bool(found.isfinite().all()) and self._placement.dtype != "float32":
                _log.warning("%s overflows in %s: now in float32", self._model_id, self._placement.dtype)
                self._placement = Placement(self._placement.device, "float32")
                found = self._tokens(self._network.float(), pixels)
            return torch.nn.functional.normalize(found, dim=1).cpu().numpy()

    def _tokens(self, network: Any, pixels: Tensor) -> Tensor:
        """(n, dimension) float32, of any length."""
        import torch

        pixels = pixels.to(self._placement.torch_device, self._placement.torch_dtype)
        tokens = network(pixel_values=pixels).last_hidden_state.float()  # class, registers, patches
        if self._pooling == "cls":
            return tokens[:, 0]
        return torch.cat([tokens[:, 0], tokens[:, 1 + self._registers :].mean(dim=1)], dim=1)


def photo_model_id(folder: Path, *, pooling: Pooling = "cls", framing: Framing = "crop") -> str:
    """The id of the space that a folder's model makes, as "dinov2-small/cls@3f2a9c01be", without loading it.

    It depends on the two configs, the weights, the pooling and the framing, and on nothing else: not on the
    folder's name, the device or the number format. Weights up to 512 MiB are hashed whole (small and base:
    under half a second); of larger ones 64 KiB in every 4 MiB, and their size, which no training leaves as
    they were.

    Raises
    ------
    WeightsError
        As `Dinov2Embedder.load`.
    """
    config = _config(folder)
    width = int(config["hidden_size"])
    digest = hashlib.sha256()
    files = [folder / "config.json", folder / "preprocessor_config.json", *safetensors_in(folder)]
    for file in files:
        try:
            _digest_file(file, digest)
        except OSError as error:
            raise WeightsError(
                f"{file} cannot be read ({error.strerror or error}). Get the model again."
            ) from error
    view = pooling if framing == "crop" else f"{pooling}+{framing}"
    name = f"{_KINDS[config['model_type']]}-{_SIZES.get(width, width)}"
    return f"{name}/{view}@{digest.hexdigest()[:10]}"


def photo_dimension(folder: Path, *, pooling: Pooling = "cls") -> int:
    """Length of the vectors that a folder's model makes, without loading it.

    Raises
    ------
    WeightsError
        As `Dinov2Embedder.load`.
    """
    return _width(int(_config(folder)["hidden_size"]), pooling)


def _width(hidden: int, pooling: Pooling) -> int:
    return 2 * hidden if pooling == "cls+mean" else hidden


def _digest_file(file: Path, digest: Any) -> None:
    size = file.stat().st_size
    digest.update(f"{size}:".encode())
    with file.open("rb") as data:
        if size <= _HASHED_WHOLE:
            digest.update(hashlib.file_digest(data, "sha256").digest())
            return
        for start in [*range(0, size, _STRIDE), max(0, size - _SAMPLE)]:
            data.seek(start)
            digest.update(data.read(_SAMPLE))


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text("utf-8"))
        if config["model_type"] not in _KINDS:
            raise ValueError(f"it is of {config['model_type']!r}")
        int(config["hidden_size"])
    except FileNotFoundError as error:
        raise WeightsError(
            f"{path} is missing. Get the model again, or import it from a folder that has it."
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{path} is not the config of a DINOv2 ({error}). Choose another folder, or get the model again."
        ) from error
    return dict(config)


def _tame(photo: Rgb) -> Rgb:
    """Keep a thin strip from being blown up: its short side to 256 would make the long one of any length."""
    height, width = photo.shape[:2]
    longest = _LONGEST_SHAPE * min(height, width)
    top, left = max(0, (height - longest) // 2), max(0, (width - longest) // 2)
    return photo[top : top + longest, left : left + longest]
