"""What a trained model says of itself to programs: what it is, of which weights and data it was made, with
which command. For people there is the card (`models.training.report`).
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from models.registry.digests import sha256_of
from models.safe_weights import safetensors_in
from models.training.dataset import Picture
from models.training.errors import TrainingError
from models.training.keeping import replace_file
from models.training_record import RECORD_FILE


@dataclass(frozen=True)
class Base:
    """The weights that a run begins with.

    Attributes
    ----------
    folder : Path
        In the layout of their public home.
    name : str
        The public home ("facebook/dinov2-small"), or the folder's name.
    license : str
        As a card's head names it.
    license_note : str
        A sentence and a link.
    """

    folder: Path
    name: str
    license: str = "other"
    license_note: str = (
        "The terms are those of the base weights and those of the data; nobody has looked them up here."
    )


def weights_id(folder: Path) -> str:
    """The first digits of the SHA-256 of a folder's weights and config.

    Raises
    ------
    models.errors.WeightsError
        There are none.
    """
    digest = hashlib.sha256()
    for file in (folder / "config.json", *safetensors_in(folder)):
        digest.update(sha256_of(file).encode() if file.exists() else b"-")
    return digest.hexdigest()[:16]


def pictures_id(pictures: Iterable[Picture], texts: Sequence[str] = ()) -> str:
    """The same for the same names, classes and texts, in one order; contents are not read."""
    rows = [[p.name, p.source, p.class_name] for p in pictures]
    return hashlib.sha256(json.dumps([rows, list(texts)]).encode()).hexdigest()[:16]


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Put ``training.json`` beside weights; raises `TrainingError` where it cannot be written."""
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    replace_file(folder / RECORD_FILE, lambda part: part.write_text(text, encoding="utf-8"))


def base_record(base: Base) -> dict[str, str]:
    """The base as a record has it, without this machine's path."""
    return {k: v for k, v in asdict(base).items() if k in ("name", "license")}


def make_folder(folder: Path, fill: Callable[[Path], object]) -> Path:
    """Let `fill` write files into a new folder, and put it into the place of an earlier one.

    Raises
    ------
    TrainingError
        It cannot be written.
    """
    part = folder.with_name(folder.name + ".part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        fill(part)
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    except (OSError, SafetensorError) as error:
        # safetensors has an error of its own for a disk that is full.
        shutil.rmtree(part, ignore_errors=True)
        why = getattr(error, "strerror", None) or str(error).split("\n", 1)[0]
        raise TrainingError(f"{folder} cannot be written ({why}): check its disk.") from error
    return folder
