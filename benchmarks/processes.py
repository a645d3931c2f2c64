"""Programs started anew to be measured: how long one takes, and how long until it says a word."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

LIMIT_SECONDS = 300.0


def offscreen(**more: str) -> dict[str, str]:
    """The environment of a program whose window nobody sees."""
    return {**os.environ, "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"), **more}


def seconds_of(arguments: Sequence[str]) -> float:
    """Of a Python program from its start to its end; it must succeed."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, timeout=LIMIT_SECONDS)
    return time.perf_counter() - began


def seconds_to_line(arguments: Sequence[str], line: str, environment: Mapping[str, str]) -> float:
    """From a Python program's start until it prints `line`; its end is waited for and not counted."""
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, text=True, env=dict(environment)
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline().strip()
        seconds = time.perf_counter() - began
        process.communicate(timeout=LIMIT_SECONDS)
    if said != line or process.returncode:
        raise RuntimeError(f"{' '.join(arguments)} said {said!r} and ended with {process.returncode}")
    return seconds


def median_ms(seconds: Sequence[float]) -> float:
    """The median in milliseconds."""
    return 1000 * statistics.median(seconds)
