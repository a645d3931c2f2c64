"""Run as a program: the command line, whose training is going to be killed.

    python -m tests.sketch_app.killed_training FOLDER STEPS WORD...

Before the run in FOLDER would take the last of its STEPS it waits to be killed: who comes late on a busy
machine still kills it in the middle.
"""

import os
import sys
from pathlib import Path

from models.training.loop import History
from sketch_app.cli import main

write = History.write


def write_and_wait(history, folder):
    write(history, folder)
    if folder.resolve() == last and len(history.losses) >= steps - 1:
        sys.stdin.read()  # which ends with whoever was to kill it
        os._exit(1)


if __name__ == "__main__":
    last, steps = Path(sys.argv[1]).resolve(), int(sys.argv[2])
    History.write = write_and_wait
    sys.argv[1:] = sys.argv[3:]
    main()
