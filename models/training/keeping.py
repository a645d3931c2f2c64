"""Files of a run, written in one step: a killed write leaves the earlier file whole."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from models.training.errors import TrainingError


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a file beside `path`, and put it into its place once it is on the disk.

    Raises
    ------
    TrainingError
        It cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        write(part)
        descriptor = os.open(part, os.O_RDWR | getattr(os, "O_BINARY", 0))
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        part.replace(path)
    except (OSError, RuntimeError, SafetensorError) as error:
        # torch and safetensors have errors of their own for a disk that is full.
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        why = getattr(error, "strerror", None) or str(error).split("\n", 1)[0]
        raise TrainingError(f"{path} cannot be written ({why}): check its disk, then go on.") from error


def write_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Tensors, numbers, texts, lists and dicts, as `read_checkpoint` reads them; raises as `replace_file`."""
    replace_file(path, lambda part: torch.save(dict(state), part))


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What `write_checkpoint` wrote, on the CPU; nothing in the file is run.

    Raises
    ------
    TrainingError
        It cannot be read.
    """
    try:
        saved: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a torn file fails in a dozen ways, each with an error of its own
        raise TrainingError(
            f"{path} is no checkpoint that can be read. Delete it to begin anew: {type(error).__name__}."
        ) from error
    return saved
