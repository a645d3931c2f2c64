"""Run as a program: index galleries in children that are killed at random moments.

    python killed_indexer.py PHOTOS SEED GALLERY...

Prints one line a kill: the microseconds given, and whether the child was still at work.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

from photo_makers import index

from index.gallery import Gallery

KILLS_A_GALLERY = 3


def child(gallery, photos):
    with Gallery.open(gallery, write=True) as opened:
        index(opened, photos, batch_size=3)


def run(gallery, photos, seconds):
    """Fork, index, and kill after ``seconds``; None lets it finish. Returns whether it was cut short."""
    pid = os.fork()
    if pid == 0:
        try:
            child(gallery, photos)
        finally:
            os._exit(0)
    if seconds is not None:
        time.sleep(seconds)  # the moment of the kill, not a wait for anything
        os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0


def main():
    import faiss  # noqa: F401 - once, before the children

    photos, seed, *galleries = sys.argv[1:]
    chance = random.Random(int(seed))
    began = time.perf_counter()
    run(Path(galleries[0] + "-whole"), Path(photos), None)
    whole = time.perf_counter() - began
    for gallery in galleries:
        for _ in range(KILLS_A_GALLERY):
            seconds = chance.uniform(0.0, whole * 0.6)
            killed = run(Path(gallery), Path(photos), seconds)
            sys.stdout.write(f"{int(seconds * 1e6)} {int(killed)}\n")


if __name__ == "__main__":
    main()
