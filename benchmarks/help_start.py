"""``sketch-app --help`` against Python that does nothing."""

from __future__ import annotations

from pathlib import Path

from benchmarks.processes import median_ms, seconds_of
from benchmarks.rows import Row


def rows(_work: Path, *, quick: bool) -> list[Row]:
    runs = 5 if quick else 15
    asked, nothing = ["-m", "sketch_app.cli", "--help"], ["-c", "pass"]
    helped, bare = [], []
    seconds_of(asked)  # compiles what was not yet compiled
    for _ in range(runs):
        helped.append(seconds_of(asked))
        bare.append(seconds_of(nothing))
    return [
        Row(
            what="sketch-app --help",
            measured=median_ms(helped),
            unit="ms",
            baseline=median_ms(bare),
            against="python -c pass",
            goal=300,
            note=f"median of {runs}, in turn; files in the system's cache",
        )
    ]
