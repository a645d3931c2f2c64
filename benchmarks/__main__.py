"""All figures in one run: ``python -m benchmarks [--only NAME] [--quick] [--json FILE]``.

Each measurement runs in a process of its own, one after the other. A missed goal is printed, not an error.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks.machine import HIGH_LOAD, Others, describe, load_average
from benchmarks.processes import offscreen
from benchmarks.rows import HEADINGS, Row, line_of, print_row

MEASUREMENTS = {
    "tracking": "benchmarks.tracking",
    "search": "benchmarks.search_latency",
    "indexing": "benchmarks.indexing",
    "window": "benchmarks.window_start",
    "memory": "benchmarks.window_memory",
    "help": "benchmarks.help_start",
    "event_loop": "benchmarks.event_loop",
    "deep_lane": "benchmarks.deep_lane",
    "embedded_picture": "benchmarks.embedded_picture",
    "phone": "benchmarks.phone_sync",
}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=MEASUREMENTS, help="may be given more than once")
    parser.add_argument("--quick", action="store_true", help="fewer repeats, smaller galleries: a rough look")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to a file")
    parser.add_argument("--measure", nargs=2, metavar=("WORK", "ROWS"), help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.measure:
        work, out = map(Path, options.measure)
        found = importlib.import_module(MEASUREMENTS[options.only[0]]).rows(work, quick=options.quick)
        out.write_text(json.dumps([asdict(row) for row in found]))
        return 0
    names = options.only or list(MEASUREMENTS)
    before = _look_around(quick=options.quick)
    print(f"\n{line_of(HEADINGS)}\n{line_of(tuple('-' * len(h) for h in HEADINGS))}", flush=True)
    records: list[dict[str, object]] = []
    failed = []
    with tempfile.TemporaryDirectory() as name:
        for measurement in names:
            others = Others()
            found = _measure(measurement, Path(name), quick=options.quick)
            if found is None:
                failed.append(measurement)
                continue
            share = others.share()
            for row in found:
                print_row(row)
                record = {**asdict(row), "ratio": row.ratio, "met": row.met}
                records.append({"measurement": measurement, "others": share, **record})
            if share is not None and share > HIGH_LOAD:
                print(f"    WARNING: other programs took {share:.0%} of the processors meanwhile", flush=True)
    missed = [str(r["what"]) for r in records if r["met"] is False]
    print(f"\n{len(records)} figures, {len(missed)} goals missed{': ' if missed else ''}{'; '.join(missed)}")
    if options.json:
        report = {"machine": before, "quick": options.quick, "figures": records, "failed": failed}
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 1 if failed else 0


def _look_around(*, quick: bool) -> dict[str, object]:
    """Name the machine, and say whether it is busy with something else."""
    facts: dict[str, object] = dict(describe())
    load, others = load_average(), Others()
    time.sleep(2.0)  # to see what the others do while this program does nothing
    share = others.share()
    for name, fact in facts.items():
        print(f"{name:<10} {fact}")
    print(f"{'load':<10} {load}" + ("" if share is None else f"; others take {share:.0%} of the processors"))
    if share is not None and share > HIGH_LOAD:
        print("WARNING: the machine is busy with something else: the figures are worse than it can do")
    if quick:
        print("WARNING: a quick look with fewer repeats and photos: not figures to keep")
    return {**facts, "load": load, "others": share}


def _measure(name: str, work: Path, *, quick: bool) -> list[Row] | None:
    """Run one measurement in a fresh process; None when it failed."""
    out = work / f"{name}.json"
    command = [sys.executable, "-m", "benchmarks", "--only", name, "--measure", str(work), str(out)]
    process = subprocess.run(
        [*command, "--quick"] if quick else command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env=offscreen(),
    )
    if process.returncode:
        end = "\n    ".join(process.stdout.strip().splitlines()[-12:])
        print(f"{name} FAILED with status {process.returncode}:\n    {end}", flush=True)
        return None
    return [Row(**fields) for fields in json.loads(out.read_text())]


if __name__ == "__main__":
    sys.exit(main())
