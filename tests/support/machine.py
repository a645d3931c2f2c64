"""How fast this machine is, for tests of promises in seconds: they are made for a laptop's processor, and a
slower one needs longer for everything.
"""

from __future__ import annotations

import time
from functools import cache

import numpy as np

_LAPTOP_S = 0.025
"""What `_work` takes a processor of about 2020."""


@cache
def slowness() -> float:
    """How many times slower than a laptop's this processor is; 1 where it is as fast or faster.

    By this thread's own time on the processor, the best of several: what other programs take does not count.
    """
    took = []
    for _ in range(7):
        began = time.thread_time()
        _work()
        took.append(time.thread_time() - began)
    return max(1.0, min(took) / _LAPTOP_S)


def _work() -> None:
    """Python's own steps and passes over an array, as a window and a picture are made of."""
    total = 0
    for number in range(300_000):
        total += number & 7
    picture = np.arange(500_000, dtype=np.float32)
    for _ in range(10):
        picture = np.sqrt(picture * 1.5 + 2.0)
