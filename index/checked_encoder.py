"""An encoder that was handed in, its answers checked before they reach the database."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.errors import EncoderError
from index.records import PhotoEncoderFn


@dataclass(frozen=True, slots=True)
class CheckedEncoder:
    """Calls an encoder; what is not a vector of length one for each image never leaves it."""

    encode: PhotoEncoderFn
    model_id: str
    dimension: int

    def __call__(self, images: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(n, d) float32 of length one.

        Raises
        ------
        EncoderError
            If the encoder fails or answers with anything else.
        """
        try:
            vectors = np.asarray(self.encode(images), dtype=np.float32)
        except Exception as error:
            raise EncoderError(f"The photo encoder {self.model_id} failed: {error}") from error
        if vectors.shape != (len(images), self.dimension):
            raise EncoderError(
                f"The photo encoder {self.model_id} answered with shape {vectors.shape} instead of "
                f"{(len(images), self.dimension)}."
            )
        if not np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-2):  # also refuses NaN
            raise EncoderError(f"The photo encoder {self.model_id} answered with vectors not of length one.")
        return vectors
