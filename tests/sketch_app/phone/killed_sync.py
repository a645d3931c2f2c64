"""Run as a program: sync galleries with a phone in children that are killed at random moments.

    python killed_sync.py ADB_SERIAL HARDWARE_SERIAL SEED GALLERY...

Prints one line a kill: after how many steps of the sync, and whether the child was still at work.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

from device.phone.transport import Transport
from sketch_app.phone import store, sync_run
from sketch_app.phone.adb_reader import AdbPhone
from tests.sketch_app.phone.phone_gallery import ALL, sync

KILLS_A_GALLERY = 5
MOST_STEPS = 25
"""Counted in steps of the work, and not in time alone, the moments are spread alike on any machine."""


def child(gallery: Path, phone: AdbPhone, done: int) -> None:
    write, begin = store.Part.write, sync_run.WriterSlices.database

    def told_write(part, pieces):
        os.write(done, b"." * len(pieces))
        return write(part, pieces)

    def told_begin(slices):
        os.write(done, b".")
        return begin(slices)

    store.Part.write, sync_run.WriterSlices.database = told_write, told_begin
    sync(gallery, phone, ALL)


def run(gallery: Path, phone: AdbPhone, steps: int, seconds: float) -> bool:
    """Fork, sync, and kill `seconds` after so many steps. Returns whether it was cut short."""
    told, done = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(told)
            child(gallery, phone, done)
        finally:
            os._exit(0)
    os.close(done)
    left = steps
    while left and (news := os.read(told, left)):  # nothing any more: the child has finished
        left -= len(news)
    time.sleep(seconds)  # the moment of the kill, not a wait for anything
    os.kill(pid, signal.SIGKILL)
    os.close(told)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0


def main() -> None:
    import faiss  # noqa: F401 - once, before the children

    serial, hardware, seed, *galleries = sys.argv[1:]
    chance = random.Random(int(seed))
    phone = AdbPhone(Transport(serial), hardware, "", "A phone")
    for gallery in galleries:
        for _ in range(KILLS_A_GALLERY):
            steps, seconds = chance.randint(0, MOST_STEPS), chance.uniform(0.0, 0.002)
            killed = run(Path(gallery), phone, steps, seconds)
            sys.stdout.write(f"{steps} {int(killed)}\n")


if __name__ == "__main__":
    main()
