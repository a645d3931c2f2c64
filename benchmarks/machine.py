"""The machine a figure was measured on, and what else it was doing meanwhile."""

from __future__ import annotations

import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

HIGH_LOAD = 0.15
"""Share of the processors that others may use before the figures are doubtful."""


def describe() -> dict[str, str]:
    """Names of the machine's parts and of what runs on it."""
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": _memory(),
        "system": f"{_system()}, {platform.machine()}",
        "python": f"{platform.python_version()} ({sys.executable})",
        "packages": ", ".join(f"{name} {version(name)}" for name in ("torch", "mediapipe", "faiss-cpu")),
        "date": time.strftime("%Y-%m-%d %H:%M:%S"),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _memory() -> str:
    try:
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return "unknown"
    return f"{pages * size / 2**30:.1f} GiB"


def _system() -> str:
    try:
        return f"{platform.freedesktop_os_release()['PRETTY_NAME']}, kernel {platform.release()}"
    except (OSError, KeyError):
        return platform.platform()


def load_average() -> str:
    """Of the last 1, 5 and 15 minutes, where the system keeps it."""
    return " ".join(f"{load:.2f}" for load in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"


class Others:
    """How much of the processors other programs take between two looks; Linux only."""

    def __init__(self) -> None:
        self._busy, self._own, self._since = _busy_seconds(), _own_seconds(), time.monotonic()

    def share(self) -> float | None:
        """Of all processors, 0..1, since it was made; None where the kernel does not say."""
        busy = _busy_seconds()
        if busy is None or self._busy is None:
            return None
        passed = (time.monotonic() - self._since) * (os.cpu_count() or 1)
        return max(0.0, (busy - self._busy) - (_own_seconds() - self._own)) / max(passed, 1e-9)


def _busy_seconds() -> float | None:
    try:
        fields = [int(f) for f in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    except (OSError, ValueError):
        return None
    user, nice, system, _idle, _iowait, irq, softirq, steal = fields[:8]
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    """Of this process and of those it has started and seen end."""
    return sum(os.times()[:4])
