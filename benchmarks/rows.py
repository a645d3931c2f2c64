"""One measured figure beside its baseline and its goal, and how a table of them is printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HEADINGS = ("what", "measured", "baseline", "ratio", "goal", "met")
WIDTHS = (46, 16, 44, 7, 16, 4)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    Attributes
    ----------
    measured, baseline
        In `unit`; both from the same run.
    against
        What the baseline is.
    judged
        Whether `goal` is set for the figure itself, in `unit`, or for its ratio to the baseline.
    better
        Whether the figure is to be at most or at least the goal. A goal of None is reported only.
    note
        How it was measured, where that is not obvious.
    """

    what: str
    measured: float
    unit: str
    baseline: float
    against: str
    goal: float | None = None
    judged: Literal["measured", "ratio"] = "measured"
    better: Literal["lower", "higher"] = "lower"
    note: str = ""

    @property
    def ratio(self) -> float:
        """The figure as a multiple of its baseline."""
        return self.measured / self.baseline if self.baseline else float("nan")

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        if self.goal is None:
            return None
        figure = self.measured if self.judged == "measured" else self.ratio
        return figure <= self.goal if self.better == "lower" else figure >= self.goal

    def cells(self) -> tuple[str, ...]:
        """The row as text, one cell a heading."""
        goal = ""
        if self.goal is not None:
            bound = "at most" if self.better == "lower" else "at least"
            goal = f"{bound} {_figure(self.goal)} {'x' if self.judged == 'ratio' else self.unit}"
        return (
            self.what,
            f"{_figure(self.measured)} {self.unit}",
            f"{_figure(self.baseline)} {self.unit}: {self.against}",
            f"{self.ratio:.2f}x",
            goal,
            {True: "yes", False: "NO", None: ""}[self.met],
        )


def _figure(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def line_of(cells: tuple[str, ...]) -> str:
    """Cells under one another from row to row."""
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


def print_row(row: Row) -> None:
    print(line_of(row.cells()))
    if row.note:
        print(f"    {row.note}", flush=True)
