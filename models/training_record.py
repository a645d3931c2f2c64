"""What a model that was trained with the program says of itself to programs, in a file beside its weights.

Who writes it is `models.training.provenance`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from models.errors import WeightsError

RECORD_FILE = "training.json"
"""Its presence tells a model that was trained with the program from a published one."""
HISTORY_FILE = "history.json"
"""Of a run that has begun."""


def read_record(folder: Path, kind: str) -> dict[str, Any]:
    """The record of a folder with a model of some kind, such as "sketch-adapter".

    Raises
    ------
    WeightsError
        It is not there, damaged, or of another kind.
    """
    path = folder / RECORD_FILE
    try:
        record = json.loads(path.read_text("utf-8"))
        if record["kind"] != kind:
            raise ValueError(f"it is of a {record['kind']}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{path} is not what “sketch-app train {kind}” writes ({error}). Choose the folder that it wrote."
        ) from error
    return dict(record)


def trained_side(folder: Path) -> int:
    """Pixels of the pictures that a generator of the program's own training was taught last.

    Raises
    ------
    WeightsError
        Its record is not there, damaged, or does not say.
    """
    record = read_record(folder, "generator")
    try:
        side = int(record["lesson"]["sides"][-1][1])
        if side <= 0:
            raise ValueError(f"{side} pixels")
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise WeightsError(
            f"{folder / RECORD_FILE} does not say how large the generator's pictures are ({error}). Train or "
            "import it again."
        ) from error
    return side
