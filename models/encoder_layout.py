"""The names of an encoder's files; apart from what reads them, for those who only look for them."""

from __future__ import annotations

PHOTO_FILE = "encoder-photo.safetensors"
CLASSES_FILE = "encoder-classes.safetensors"
MOST_TOWERS = 4
"""Each further tower takes the time of the first at every stroke's end, and the second one already brings
little (figures in the embedded encoder's card).
"""


def sketch_file(tower: int) -> str:
    """Name of the file of a sketch tower; towers are counted from 1."""
    return f"encoder-sketch-{tower}.safetensors"
