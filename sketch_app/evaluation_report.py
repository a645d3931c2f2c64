"""The tables of ``sketch-app evaluate``, beside what others have published, and the files it writes. What it
says in words is `sketch_app.evaluation_statements`'.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table

from sketch_app.atomic_files import write_atomically
from sketch_app.benchmark_run import BenchmarkResult, SignalRow
from sketch_app.calibration import SIGNALS_NAME, weights_line
from sketch_app.contact_sheet import SheetRow, save_sheet
from sketch_app.errors import SketchAppError
from sketch_app.evaluation_statements import heading, instances_line, not_comparable, seen_label
from sketch_app.fusion import Signal
from sketch_app.signal_measurement import FUSED, TITLES, SignalFigures

if TYPE_CHECKING:
    from models.retrieval.bootstrap import Estimate

FIGURES_NAME = "figures.json"
REPORT_NAME = "report.md"
SHEET_QUERIES = 10
_WITH_INTERVAL = ("map_all", "map_200_min", "precision_100", "precision_200", "hit_5", "acc_1", "acc_5")
_SHOWN_CONFUSIONS = 20
_NEAREST = {"map_200": "map_200_min"}
"""A measure that papers report -> ours that comes nearest."""
_INTERPOLATED = {"map_all": "map_all_interpolated", "map_200": "map_200_interpolated"}
"""The same as the code of SAKE and ZSE-SBIR computes it."""
_REPORTED = {"map_all": "mAP@all", "map_200": "mAP@200", "precision_100": "P@100", "precision_200": "P@200"}


# On the screen


def print_result(result: BenchmarkResult, console: Console) -> None:
    """The tables of one run."""
    table = Table(title=heading(result))
    table.add_column("")
    for row in result.rows:
        table.add_column(TITLES[row.name])
    for words, cells in _table(result, "\n"):
        table.add_row(words, *cells)
    console.print(table)
    for line in _lines(result):
        console.print(line, markup=False)
    rows = _published(result)
    if rows:
        others = Table(title=f"Published on {result.benchmark.name}")
        for title in rows[0]:
            others.add_column(title)
        for cells in rows[1:]:
            others.add_row(*cells)
        console.print(others)
        console.print(f"Source: {_published_source()}", markup=False)
    console.print("Not comparable without more ado:")
    for sentence in not_comparable(result):
        console.print(f"- {sentence}", markup=False)


def _table(result: BenchmarkResult, between: str) -> Iterator[tuple[str, list[str]]]:
    """Rows of the table of figures: a measure, then a cell for each signal."""
    from models.retrieval.ranked_answers import CLASS_MEASURES, MEASURES

    shown = MEASURES if result.labels.has_instances else CLASS_MEASURES
    for measure, words in shown.items():
        yield words, [_cell(row.figures[measure], measure, between) for row in result.rows]


def _cell(figure: Estimate, measure: str, between: str) -> str:
    if math.isnan(figure.value):
        return "–"
    interval = f"{between}{figure.low:.3f} to {figure.high:.3f}"
    has = measure in _WITH_INTERVAL and not math.isnan(figure.low)
    return f"{figure.value:.3f}{interval if has else ''}"


def _lines(result: BenchmarkResult) -> Iterator[str]:
    """What stands below the table."""
    yield from result.benchmark.notes
    if not math.isnan(result.named_1):
        yield f"class named first, among five: {result.named_1:.3f}, {result.named_5:.3f}"
    for row in result.rows:
        if row.gain:
            gain = row.gain["map_all"]
            interval = f" (95 %, paired bootstrap: {gain.low:+.3f} to {gain.high:+.3f})"
            yield (
                f"{TITLES[row.name].capitalize()} less sketch alone: mAP {gain.value:+.3f}"
                f"{'' if math.isnan(gain.low) else interval}"
            )
    yield instances_line(result)
    if any(row.name == FUSED for row in result.rows):
        yield weights_line(result.calibration)


def _published(result: BenchmarkResult) -> list[list[str]]:
    """Published figures and ours beneath, titles first; nothing for a split of one's own."""
    from models.retrieval.splits import published

    split = result.benchmark.split
    if split is None:
        return []
    rows = [["method", "paper", *(_REPORTED[m] for m in split.reported)]]
    rows += [
        [p.method, p.paper, *(f"{p.figures[m]:.3f}" if m in p.figures else "–" for m in split.reported)]
        for p in published(split.name)
    ]
    for row in result.rows:
        rows.append(
            [f"here: {TITLES[row.name]}", seen_label(result), *(_ours(row, m) for m in split.reported)]
        )
    return rows


def _ours(row: SignalRow, measure: str) -> str:
    plain = f"{row.figures[_NEAREST.get(measure, measure)].value:.3f}"
    if measure not in _INTERPOLATED:
        return plain
    return f"{plain} (interpolated {row.figures[_INTERPOLATED[measure]].value:.3f})"


def _published_source() -> str:
    from models.retrieval.splits import published_source

    return published_source()


# As data


def results_as_dict(results: Sequence[BenchmarkResult]) -> dict[str, Any]:
    """For `FIGURES_NAME` and ``--json``; what could not be measured is None."""
    first = results[0]
    stored: dict[str, Any] = {
        "model_id": next(iter(first.models.values())),
        "set": first.set_name,
        "models": dict(first.models),
        "weights": first.calibration.as_dict(),
    }
    for result in results:
        stored[result.benchmark.title] = _result_as_dict(result)
    return _without_nan(stored)  # type: ignore[no-any-return]


def _result_as_dict(result: BenchmarkResult) -> dict[str, Any]:
    from models.retrieval.ranked_answers import CLASS_MEASURES, confusions

    b, first = result.benchmark, result.rows[0]
    split = b.split
    return {
        "protocol": b.name,
        "heading": heading(result),
        "queries": len(b.queries),
        "gallery": len(b.gallery),
        **{measure: first.figures[measure].value for measure in CLASS_MEASURES},
        "map_all_95": [first.figures["map_all"].low, first.figures["map_all"].high],
        "hit_5_95": [first.figures["hit_5"].low, first.figures["hit_5"].high],
        "named_1": result.named_1,
        "named_5": result.named_5,
        "signals": {row.name: _estimates(row.figures) for row in result.rows},
        "gain_over_sketch": {row.name: _estimates(row.gain) for row in result.rows if row.gain},
        "unseen_classes": list(b.unseen),
        "taught_of_unseen": None if result.taught is None else list(result.taught.among(b.unseen)),
        "per_class": _per_class(result),
        "confusions": {
            row.name: [asdict(c) for c in confusions(row.answers, result.labels, b.classes)]
            for row in result.rows
        },
        "split": split and {"name": split.name, "paper": split.paper, "sources": list(split.sources)},
        "published": [dict(zip(_published(result)[0], row, strict=True)) for row in _published(result)[1:]],
        "published_source": _published_source() if split else None,
        "notes": [*b.notes, instances_line(result)],
        "not_comparable": not_comparable(result),
    }


def _estimates(figures: Mapping[str, Estimate]) -> dict[str, dict[str, float]]:
    return {measure: asdict(estimate) for measure, estimate in figures.items()}


def _per_class(result: BenchmarkResult) -> list[dict[str, Any]]:
    from models.retrieval.ranked_answers import class_means

    classes, labels = result.benchmark.classes, result.labels
    means = {row.name: class_means(row.answers, labels, classes) for row in result.rows}
    first = means[result.rows[0].name]
    asked = np.bincount(labels.query_class, minlength=len(classes))
    there = np.bincount(labels.photo_class, minlength=len(classes))
    return [
        {
            "class_name": name,
            "queries": int(asked[i]),
            "relevant": int(there[i]),
            "map_all": first[name]["map_all"],
            "hit_5": first[name]["hit_5"],
            "signals": {signal: table[name] for signal, table in means.items()},
        }
        for i, name in enumerate(classes)
        if name in first
    ]


def _without_nan(value: Any) -> Any:
    """JSON has no nan."""
    if isinstance(value, dict):
        return {k: _without_nan(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


# Files


def write_report(folder: Path, results: Sequence[BenchmarkResult]) -> None:
    """`FIGURES_NAME`, `REPORT_NAME`, the signals' table as `SIGNALS_NAME`, and a sheet of queries and answers
    for each run and signal.

    Raises
    ------
    SketchAppError
        The folder or a file cannot be written; the sentence names it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in (
            (FIGURES_NAME, results_as_dict(results)),
            (SIGNALS_NAME, _signals_as_dict(results[0])),
        ):
            write_atomically(folder / name, f"{json.dumps(value, indent=1)}\n".encode())
        text = "\n".join(line for result in results for line in _markdown(result))
        write_atomically(folder / REPORT_NAME, f"{text}\n".encode())
    except OSError as error:
        raise SketchAppError(
            f"{folder} cannot be written ({error.strerror}): choose another place."
        ) from error
    for result in results:
        for row in result.rows:
            save_sheet(folder / sheet_name(result, row), _sheet(result, row))


def sheet_name(result: BenchmarkResult, row: SignalRow) -> str:
    """The file of a run's and a signal's queries and answers."""
    return f"{re.sub('[^a-z0-9]+', '-', result.benchmark.title.lower()).strip('-')}-{row.name}.png"


def _sheet(result: BenchmarkResult, row: SignalRow) -> list[SheetRow]:
    """Queries taken evenly from the list, so that nobody has chosen the good ones."""
    b, sheet = result.benchmark, []
    for i in np.linspace(0, len(b.queries) - 1, min(SHEET_QUERIES, len(b.queries))).astype(int):
        query, found = b.queries[i], [b.gallery[j] for j in row.answers.first[i]]
        sheet.append(
            SheetRow(
                b.data.sketch_files.grey(query.name),
                query.class_name.replace("_", " "),
                [b.data.photo_files.rgb(p.name) for p in found],
                [p.class_name.replace("_", " ") for p in found],
                [p.class_name == query.class_name for p in found],
            )
        )
    return sheet


def _signals_as_dict(result: BenchmarkResult) -> dict[str, Any]:
    """The table of signals alone, as `sketch_app.signal_measurement.SignalFigures` has it."""
    from models.metrics import RetrievalFigures

    def figures(row: SignalRow) -> SignalFigures:
        values = {n: e.value for n, e in row.figures.items() if n in RetrievalFigures.__dataclass_fields__}
        gain = row.gain.get("map_all") if row.name == FUSED else None
        return SignalFigures(
            row.name,
            RetrievalFigures(len(result.benchmark.queries), len(result.benchmark.gallery), **values),
            (row.figures["map_all"].low, row.figures["map_all"].high),
            (row.figures["hit_5"].low, row.figures["hit_5"].high),
            (gain.value, gain.low, gain.high) if gain else None,
        )

    stored = {
        "set": result.set_name,
        "models": dict(result.models),
        "weights": result.calibration.as_dict(),
        "signals": {row.name: asdict(figures(row)) for row in sorted(result.rows, key=_measured_order)},
    }
    return _without_nan(stored)  # type: ignore[no-any-return]


def _measured_order(row: SignalRow) -> int:
    return [*Signal, FUSED].index(row.name)


def _markdown(result: BenchmarkResult) -> Iterator[str]:
    from models.retrieval.ranked_answers import confusions

    b, titles = result.benchmark, [TITLES[row.name] for row in result.rows]
    yield f"# {heading(result)}\n"
    yield from _rows([["", *titles], *([words, *cells] for words, cells in _table(result, "; "))])
    yield "\n" + "\n".join(f"- {line}" for line in _lines(result))
    if b.split is not None:
        yield f"\n## Published on {b.name}\n"
        yield from _rows(_published(result))
        yield f"\nSource: {_published_source()}. The split: {b.split.paper}; {'; '.join(b.split.sources)}."
    yield "\n## Not comparable without more ado\n"
    yield "\n".join(f"- {line}" for line in not_comparable(result))
    yield "\n## Classes\n"
    columns = (("mAP@all", "map_all"), ("hit@5", "hit_5"))
    yield from _rows(
        [
            ["class", "sketches", "photos", *(f"{t}, {w}" for t in titles for w, _ in columns)],
            *(
                _class_row(entry, [row.name for row in result.rows], [m for _, m in columns])
                for entry in _per_class(result)
            ),
        ]
    )
    for row in result.rows:
        taken = confusions(row.answers, result.labels, b.classes)[:_SHOWN_CONFUSIONS]
        yield f"\n## Taken for another at the first place: {TITLES[row.name]}\n"
        yield from _rows(
            [["drawn", "found", "times"], *([c.drawn, c.found, f"{c.times} of {c.of}"] for c in taken)]
        )
        yield f"\n![queries and answers, right ones framed]({sheet_name(result, row)})"
    yield ""


def _class_row(entry: Mapping[str, Any], signals: Sequence[str], measures: Sequence[str]) -> list[str]:
    figures = [f"{entry['signals'][signal][m]:.3f}" for signal in signals for m in measures]
    return [entry["class_name"], str(entry["queries"]), str(entry["relevant"]), *figures]


def _rows(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A Markdown table, titles first."""
    for i, cells in enumerate(rows):
        yield "| " + " | ".join(cells) + " |"
        if i == 0:
            yield "|" + "---|" * len(cells)
