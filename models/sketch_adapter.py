"""DINOv2 with an adapter for sketches: a sketch lands where the plain model puts its photos.

How an adapter is trained is `models.training.sketch_adapter`'s concern.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.devices import Placement
from models.errors import WeightsError
from models.photo_embedder import Dinov2Embedder, photo_model_id
from models.training_record import read_record

Grey = NDArray[np.uint8]

KIND = "sketch-adapter"


class SketchAdapter:
    """Sketches as vectors of length 1 in a photo model's space; made by `load_sketch_adapter`.

    Implements the application's `SketchEncoder` protocol. Any thread may use it, one at a time runs.
    """

    def __init__(self, embedder: Dinov2Embedder) -> None:
        self._embedder = embedder

    @property
    def model_id(self) -> str:
        """The photos' space."""
        return self._embedder.model_id

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._embedder.dimension

    @property
    def placement(self) -> Placement:
        """Where it runs."""
        return self._embedder.placement

    def encode_sketches(self, sketches: Sequence[Grey]) -> NDArray[np.float32]:
        """(h, w) uint8, black on white, square, cropped and centred -> (n, dimension) float32.

        Raises
        ------
        ModelError
            It was released.
        """
        return self._embedder.encode_photos([as_photo(sketch) for sketch in sketches])

    def release(self) -> None:
        """Free the memory; it is of no use afterwards."""
        self._embedder.release()


def as_photo(sketch: Grey) -> NDArray[np.uint8]:
    """A sketch as the photo that DINOv2 looks at: (h, w, 3)."""
    return np.repeat(np.asarray(sketch)[:, :, None], 3, axis=2)


def load_sketch_adapter(base: Path, adapter: Path, *, placement: Placement | None = None) -> SketchAdapter:
    """Read a photo model and put an adapter for sketches into it.

    Parameters
    ----------
    base : Path
        Folder of the DINOv2 whose vectors the photos have.
    adapter : Path
        Folder that ``sketch-app train sketch-adapter`` wrote for it.
    placement : Placement, optional
        The processor in float32 when not given.

    Raises
    ------
    WeightsError
        A file is missing or damaged, or the adapter was made for other weights; the message names it.
    """
    made_for, has = adapter_model_id(adapter), photo_model_id(base)
    if made_for != has:
        raise WeightsError(
            f"{adapter} was made for {made_for}, and {base} is {has}: choose the photo model that it was "
            "made for, or train another adapter."
        )
    return SketchAdapter(Dinov2Embedder.load(base, placement=placement, adapter=adapter))


def adapter_model_id(adapter: Path) -> str:
    """The space that an adapter was made for, without loading anything.

    Raises
    ------
    WeightsError
        It is no adapter for sketches.
    """
    return str(read_record(adapter, KIND).get("model_id", ""))
