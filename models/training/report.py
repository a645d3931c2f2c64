"""What a run leaves for people: figures as JSON, curves and contact sheets as PNG, and a model card. Every
recipe's; what the figures are is the recipe's concern.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.training.errors import TrainingError
from models.training.keeping import replace_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from models.training.loop import History

FIGURES_FILE = "figures.json"
CURVES_FILE = "curves.png"
CARD_FILE = "README.md"

_TILE, _GAP, _LINE = 160, 12, 18
_PAPER, _INK = (250, 250, 248), (40, 40, 44)
_FRAMES = {True: (38, 140, 80), False: (190, 60, 50)}
_LETTERS = 24  # of the default font at size 13, a tile wide


@dataclass(frozen=True)
class Tile:
    """One picture of a contact sheet.

    Attributes
    ----------
    picture : (h, w) or (h, w, 3) uint8
    caption : str
        Below it, in at most two lines.
    right : bool, optional
        Framed in green when right, in red when wrong.
    """

    picture: NDArray[np.uint8]
    caption: str = ""
    right: bool | None = None


@dataclass(frozen=True)
class Sheet:
    """Rows of pictures, in one file."""

    name: str
    """Of the file, without ``.png``."""
    rows: Sequence[Sequence[Tile]]


@dataclass(frozen=True)
class ModelCard:
    """What a person must know of a model that a recipe wrote.

    Attributes
    ----------
    title, summary
        Its name, and a paragraph on what it is and how it is used.
    license
        By its name on the Hugging Face hub, or "other": the terms of the base, at least.
    license_note
        Where the name does not say it all, such as whose terms the data have.
    base_model
        The public home of the weights it began with, or a name; empty for none.
    library_name
        "transformers", "peft", "diffusers" or "" for the program's own.
    tags, datasets
        For the card's head. `datasets` are names of the hub's alone; what a person's folder holds is said in
        `trained_on`.
    trained_on
        A paragraph: what it learnt from, how much of it, what was held back, and how.
    figures
        Title of a split -> name of a figure -> its value.
    limits
        A sentence each.
    command
        The exact command that made it.
    """

    title: str
    summary: str
    license: str
    base_model: str
    library_name: str
    trained_on: str
    figures: Mapping[str, Mapping[str, float]]
    limits: Sequence[str]
    command: str
    license_note: str = ""
    tags: Sequence[str] = ()
    datasets: Sequence[str] = ()
    usage: str = ""
    """Commands or code, shown as such."""
    extra: Sequence[tuple[str, str]] = field(default_factory=tuple)
    """Further sections: heading and text."""


def write_report(
    folder: Path, *, title: str, history: History, figures: Mapping[str, Any], sheets: Sequence[Sheet] = ()
) -> None:
    """Write ``figures.json``, ``curves.png`` and the sheets into a report's folder, each file in one step.

    Parameters
    ----------
    folder : Path
        Of the report itself, ``OUT/report`` say; made where it is not there.
    title : str
        Stands over the curves.
    figures : mapping
        As JSON can keep it; numbers that are none become null.

    Raises
    ------
    TrainingError
        A file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"{folder} cannot be made ({error.strerror}): choose another folder.") from error
    text = json.dumps(_plain(figures), indent=1, ensure_ascii=False) + "\n"
    replace_file(folder / FIGURES_FILE, lambda part: part.write_text(text, encoding="utf-8"))
    draw_curves(folder / CURVES_FILE, title, history)
    for sheet in sheets:
        save_sheet(folder / f"{sheet.name}.png", sheet.rows)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def draw_curves(path: Path, title: str, history: History) -> None:
    """Losses and figures over the steps as a PNG; nothing where nothing was measured.

    A panel for the losses (thin as they were, thick smoothed), one for the figures that are shares, and one
    for each other figure.
    """
    panels: list[tuple[str, list[str]]] = [("loss", [])] if history.losses else []
    names = [name for name in _names(history.figures) if name != "step"]
    shares = [n for n in names if all(0 <= v <= 1 for v in _values(history.figures, n)[1])]
    panels += [("share", shares)] if shares else []
    panels += [(name, [name]) for name in names if name not in shares]
    if not panels:
        return
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Without pyplot, which would choose a window system and keep every figure.
    figure = Figure(figsize=(8, 1 + 2.6 * len(panels)), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=12)
    for axes, (label, drawn) in zip(np.atleast_1d(figure.subplots(len(panels), 1)), panels, strict=True):
        if label == "loss":
            _draw_losses(axes, history.losses)
        else:
            _draw_figures(axes, history.figures, drawn)
        if label == "share":
            axes.set_ylim(-0.03, 1.03)
        axes.set_xlabel("step", fontsize=9)
        axes.set_ylabel(label.replace("_", " "), fontsize=9)
        axes.tick_params(labelsize=8)
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.legend(fontsize=8, frameon=False)
    replace_file(path, lambda part: figure.savefig(part, format="png"))


def _draw_losses(axes: Axes, losses: Sequence[Mapping[str, float]]) -> None:
    for number, name in enumerate(_names(losses)):
        steps, values = _values(losses, name)
        colour = f"C{number % 10}"
        axes.plot(steps, values, color=colour, linewidth=0.5, alpha=0.35)
        axes.plot(steps, _smooth(values), color=colour, linewidth=1.6, label=name.replace("_", " "))


def _draw_figures(axes: Axes, figures: Sequence[Mapping[str, float]], names: Sequence[str]) -> None:
    for number, name in enumerate(names):
        rows = [row for row in figures if _is_number(row.get(name))]
        values = [row[name] for row in rows]
        axes.plot(
            [row["step"] for row in rows],
            values,
            marker="o",
            markersize=3,
            linewidth=1.4,
            color=f"C{number % 10}",
            label=f"{name.replace('_', ' ')} ({values[-1]:.3g})",
        )


def _names(rows: Sequence[Mapping[str, float]]) -> list[str]:
    """Of what is a number in any row, in the order of their first appearance."""
    return list(dict.fromkeys(name for row in rows for name, value in row.items() if _is_number(value)))


def _values(rows: Sequence[Mapping[str, float]], name: str) -> tuple[list[int], list[float]]:
    """Steps from 1 (the rows' numbers) and values, where they are numbers."""
    kept = [(number, row[name]) for number, row in enumerate(rows, 1) if _is_number(row.get(name))]
    return [number for number, _ in kept], [value for _, value in kept]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _smooth(values: Sequence[float]) -> NDArray[np.float64]:
    """The mean over a window about each value, a twentieth of the run wide and narrower at its ends."""
    padded = np.concatenate([[0.0], np.cumsum(values)])
    half = max(1, len(values) // 40)
    at = np.arange(len(values))
    reach = np.minimum(half, np.minimum(at, len(values) - 1 - at))
    return np.asarray((padded[at + reach + 1] - padded[at - reach]) / (2 * reach + 1))


def save_sheet(path: Path, rows: Sequence[Sequence[Tile]]) -> None:
    """Rows of pictures with their captions as a PNG.

    Raises
    ------
    TrainingError
        It cannot be written.
    """
    from PIL import Image, ImageDraw, ImageFont

    columns = max((len(row) for row in rows), default=0)
    high = _TILE + 2 * _LINE + _GAP
    sheet = Image.new("RGB", (_GAP + columns * (_TILE + _GAP), _GAP + len(rows) * high), _PAPER)
    pencil = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(13)
    for i, row in enumerate(rows):
        for j, tile in enumerate(row):
            left, top = _GAP + j * (_TILE + _GAP), _GAP + i * high
            picture = Image.fromarray(np.ascontiguousarray(tile.picture)).convert("RGB")
            picture.thumbnail((_TILE, _TILE), Image.Resampling.BILINEAR)
            if max(picture.size) < _TILE:
                scale = _TILE / max(picture.size)
                picture = picture.resize([max(1, round(n * scale)) for n in picture.size])
            sheet.paste(picture, (left + (_TILE - picture.width) // 2, top + (_TILE - picture.height) // 2))
            if tile.right is not None:
                box = (left - 3, top - 3, left + _TILE + 2, top + _TILE + 2)
                pencil.rectangle(box, outline=_FRAMES[tile.right], width=3)
            for number, line in enumerate(_lines(tile.caption)):
                pencil.text((left, top + _TILE + 4 + number * _LINE), line, fill=_INK, font=font)
    replace_file(path, lambda part: sheet.save(part, "PNG"))


def _lines(caption: str) -> list[str]:
    import textwrap

    return textwrap.wrap(caption, _LETTERS, max_lines=2, placeholder=" …")


def write_model_card(path: Path, card: ModelCard) -> None:
    """Write a card as Markdown under the head that the Hugging Face hub reads.

    Raises
    ------
    TrainingError
        It cannot be written.
    """
    from huggingface_hub import ModelCardData

    head = ModelCardData(
        license=card.license,
        base_model=card.base_model or None,
        library_name=card.library_name or None,
        tags=list(card.tags) or None,
        datasets=list(card.datasets) or None,
    ).to_yaml()
    parts = [f"---\n{head}\n---", f"# {card.title}", card.summary]
    if card.usage:
        parts += ["## Use", _code(card.usage)]
    parts += ["## Trained on", card.trained_on, "Command:", _code(card.command)]
    parts += ["## Figures", _table(card.figures)]
    parts += ["## Limits", "\n".join(f"- {limit}" for limit in card.limits)]
    for heading, text in card.extra:
        parts += [f"## {heading}", text]
    if card.license_note:
        parts += ["## Terms", card.license_note]
    text = "\n\n".join(parts) + "\n"
    replace_file(path, lambda part: part.write_text(text, encoding="utf-8"))


def _code(text: str) -> str:
    return f"```sh\n{text}\n```"


def _table(figures: Mapping[str, Mapping[str, float]]) -> str:
    """A row for each figure, a column for each split."""
    names = list(dict.fromkeys(name for values in figures.values() for name in values))
    lines = ["| | " + " | ".join(figures) + " |", "|---|" + "---|" * len(figures)]
    for name in names:
        cells = [_cell(values.get(name)) for values in figures.values()]
        lines.append(f"| {name.replace('_', ' ')} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.3f}"
