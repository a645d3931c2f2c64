"""Reading in another thread, some way ahead of whoever uses what was read."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from queue import Full, Queue
from typing import TypeVar

T = TypeVar("T")

AHEAD = 1024
"""Items that may wait: of previews or listings, some tens of megabytes."""

_LOOK_EVERY_S = 0.2


def read_ahead(items: Iterator[T], ahead: int = AHEAD) -> Generator[T]:
    """The same items; an error of `items` comes where it happened. Closed early, the thread ends at its next
    item.
    """
    waiting: Queue[tuple[T] | Exception | None] = Queue(ahead)
    unwanted = threading.Event()

    def put(item: tuple[T] | Exception | None) -> bool:
        while not unwanted.is_set():
            try:
                waiting.put(item, timeout=_LOOK_EVERY_S)
            except Full:
                continue
            return True
        return False

    def read() -> None:
        try:
            for item in items:
                if not put((item,)):
                    return
        except Exception as error:  # it belongs to the thread that asks
            put(error)
        else:
            put(None)

    threading.Thread(target=read, name="phone-ahead", daemon=True).start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item[0]
    finally:
        unwanted.set()
