"""Keeps the start-up chatter of MediaPipe's native code off the person's terminal; errors still appear."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

# absl's information and warnings, and TensorFlow Lite's one line about its delegate.
_CHATTER = re.compile(rb"^(WARNING: All log messages before absl|INFO: Created TensorFlow|[IW]\d{4} \d\d:)")


def hush_environment() -> None:
    """Ask MediaPipe, TensorFlow Lite and absl for silence; before their first import."""
    os.environ.setdefault("GLOG_minloglevel", "2")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # The hand models run on the processor; looking for a GPU context only warns where there is none.
    os.environ.setdefault("MEDIAPIPE_DISABLE_GPU", "1")


@contextmanager
def without_native_chatter() -> Iterator[None]:
    """Hold back what native code writes to standard error, and pass on all but the known chatter."""
    try:
        kept = os.dup(2)
    except OSError:  # a program without a terminal has no standard error
        yield
        return
    if sys.stderr is not None:
        sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            rest = b"".join(line for line in held if not _CHATTER.match(line))
            if rest:
                os.write(2, rest)
