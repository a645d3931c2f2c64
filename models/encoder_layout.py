"""The names of an encoder's files; apart from what reads them, for those who only look for them."""

from __future__ import annotations

from pathlib import Path

from models.training_record import RECORD_FILE

PHOTO_FILE = "encoder-photo.safetensors"
CLASSES_FILE = "encoder-classes.safetensors"
MOST_TOWERS = 4
"""Each further tower takes the time of the first at every stroke's end, and the second one already brings
little (figures in the embedded encoder's card).
"""


def how_to_mend(folder: Path) -> str:
    """What to do about weights that cannot be used: a person's own are not the program's to bring again."""
    if (folder / RECORD_FILE).exists():
        return (
            "Import your encoder again, or go back to the program's own with “sketch-app models remove "
            "trained-encoder”."
        )
    return "Install the program again."


def sketch_file(tower: int) -> str:
    """Name of the file of a sketch tower; towers are counted from 1."""
    return f"encoder-sketch-{tower}.safetensors"
