"""Run as a program: index galleries in children that are killed at random moments.

    python killed_indexer.py PHOTOS SEED GALLERY...

Prints one line a kill: after how many files and microseconds, and whether the child was still at work.
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
MOST_FILES = 10
"""Counted in files, and not in time alone, the moments are spread alike on a fast and on a slow machine."""


def child(gallery, photos, done):
    with Gallery.open(gallery, write=True) as opened:
        index(opened, photos, batch_size=3, progress=lambda _: os.write(done, b"."))


def run(gallery, photos, files, seconds):
    """Fork, index, and kill ``seconds`` after so many files are done. Returns whether it was cut short."""
    told, done = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(told)
            child(gallery, photos, done)
        finally:
            os._exit(0)
    os.close(done)
    left = files
    while left and (news := os.read(told, left)):  # nothing any more: the child has finished
        left -= len(news)
    time.sleep(seconds)  # the moment of the kill, not a wait for anything
    os.kill(pid, signal.SIGKILL)
    os.close(told)  # only now: a child that writes to nobody would end by itself
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0


def main():
    import faiss  # noqa: F401 - once, before the children

    photos, seed, *galleries = sys.argv[1:]
    chance = random.Random(int(seed))
    for gallery in galleries:
        for _ in range(KILLS_A_GALLERY):
            files, seconds = chance.randint(0, MOST_FILES), chance.uniform(0.0, 0.005)
            killed = run(Path(gallery), Path(photos), files, seconds)
            sys.stdout.write(f"{files}+{int(seconds * 1e6)} {int(killed)}\n")


if __name__ == "__main__":
    main()
