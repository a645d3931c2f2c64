"""A drawing and the photos found for it as one picture, for ``--sheet``, the demo and model cards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sketch_app.errors import SketchAppError
from sketch_app.protocols import Grey, Rgb

if TYPE_CHECKING:
    from PIL import Image

_TILE = 160
_GAP = 12
_LABEL = 26
_PAPER = (250, 250, 248)
_INK = (40, 40, 44)
_RIGHT = (38, 140, 80)


@dataclass(frozen=True)
class SheetRow:
    """One query with its answers."""

    drawing: Grey | Rgb
    title: str
    photos: Sequence[Rgb]
    labels: Sequence[str]
    right: Sequence[bool] = ()
    """Which answers are known to be right: framed in green."""


def draw_sheet(rows: Sequence[SheetRow]) -> Rgb:
    """(h, w, 3) uint8: one line a query, the drawing at its left."""
    from PIL import Image, ImageDraw, ImageFont

    columns = 1 + max((len(r.photos) for r in rows), default=0)
    width = _GAP + columns * (_TILE + _GAP)
    height = _GAP + len(rows) * (_TILE + _LABEL + _GAP)
    sheet = Image.new("RGB", (width, height), _PAPER)
    pencil = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(14)
    for i, row in enumerate(rows):
        top = _GAP + i * (_TILE + _LABEL + _GAP)
        pictures = [row.drawing, *row.photos]
        labels = [row.title, *row.labels]
        right = [False, *row.right, *[False] * (len(row.photos) - len(row.right))]
        for column, (picture, label, good) in enumerate(zip(pictures, labels, right, strict=True)):
            left = _GAP + column * (_TILE + _GAP)
            sheet.paste(_cover(picture), (left, top))
            if good:
                pencil.rectangle(
                    (left - 3, top - 3, left + _TILE + 2, top + _TILE + 2), outline=_RIGHT, width=3
                )
            pencil.text((left, top + _TILE + 5), label[:24], fill=_INK, font=font)
    return np.asarray(sheet)


def _cover(picture: Grey | Rgb) -> Image.Image:
    from PIL import Image, ImageOps

    return ImageOps.fit(Image.fromarray(picture).convert("RGB"), (_TILE, _TILE), Image.Resampling.BILINEAR)


def save_sheet(path: Path, rows: Sequence[SheetRow]) -> None:
    """Write the sheet as PNG, whole or not at all.

    Raises
    ------
    SketchAppError
        It cannot be written; the sentence names the file.
    """
    import io

    from PIL import Image

    from sketch_app.atomic_files import write_atomically

    buffer = io.BytesIO()
    Image.fromarray(draw_sheet(rows)).save(buffer, "PNG")
    try:
        write_atomically(path, buffer.getvalue())
    except OSError as error:
        raise SketchAppError(
            f"{path} could not be written ({error.strerror}): choose another place."
        ) from error
