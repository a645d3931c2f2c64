"""Opening files of weights without running anything in them: safetensors, PyTorch checkpoints through the
restricted unpickler, and checkpoints converted once. What the tensors mean is each model's own business.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickletools
import re
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from models.errors import RefusedFileError, WeightsError

if TYPE_CHECKING:
    from torch import Tensor

PICKLE_SUFFIXES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")
"""Endings under which pickles are published."""
_INNOCENT = ("torch", "torch._utils", "collections")
"""Modules whose names stand in every honest checkpoint."""
_FORMAT = "sketch_app.converted"


@dataclass(frozen=True)
class Weights:
    """Tensors by name, and what the file says of them."""

    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Free text, as a safetensors header holds it."""


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file, on the processor, in the dtypes of the file.

    Raises
    ------
    RefusedFileError
        It is no whole safetensors file.
    WeightsError
        It is missing or cannot be read.
    """
    return dict(read_weights(path).tensors)


def read_weights(path: Path) -> Weights:
    """All tensors of a safetensors file and its metadata; errors as in `read_safetensors`."""
    with _opened(path) as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return Weights(tensors, file.metadata() or {})


def read_metadata(path: Path) -> dict[str, str]:
    """What the header of a safetensors file says besides its tensors; errors as in `read_safetensors`."""
    with _opened(path) as file:
        return dict(file.metadata() or {})


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except OSError as error:
        raise _unreadable(path, error) from error
    except SafetensorError as error:
        raise RefusedFileError(
            f"{path} was refused: it is no whole safetensors file ({error}). Get it from its publisher again."
        ) from error


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What a PyTorch checkpoint (a pickled dict) holds: tensors on the processor, and plain data.

    Only ``torch.load(weights_only=True)`` opens it, whose unpickler knows tensors and plain containers and
    calls nothing else. Nothing beyond its list is allowed, NumPy's scalars included. The tensors are mapped
    from the file where its form permits: use them up, or copy them, before the file is replaced.

    Raises
    ------
    RefusedFileError
        It names anything but weights and plain data, is torn, is compressed, holds a tensor larger than the
        file, or is no dict. Nothing in it was run.
    WeightsError
        It is missing or cannot be read.
    """
    import torch

    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            is_zip = file.read(4) == b"PK\x03\x04"
        if is_zip:
            _check_archive(path, size)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice on opening it unsafely
            held = torch.load(path, map_location="cpu", weights_only=True, mmap=is_zip)
    except OSError as error:
        raise _unreadable(path, error) from error
    except (MemoryError, RefusedFileError):
        raise
    except Exception as error:  # a damaged file may fail in any way
        raise _refused(path, _what_was_found(path, str(error))) from error
    if not isinstance(held, dict):
        raise _refused(path, f"it holds a {type(held).__name__} instead of a dictionary")
    for name, tensor in _tensors(held):
        if tensor.layout is not torch.strided or tensor.numel() * tensor.element_size() > size:
            raise _refused(path, f"its tensor {name!r} claims to be larger than the file")
    return held


def safetensors_in(folder: Path, stem: str = "model") -> tuple[Path, ...]:
    """The weights of a model's folder: ``<stem>.safetensors``, or the parts its index names.

    Raises
    ------
    RefusedFileError
        The weights are there only as a pickle; the message names it.
    WeightsError
        The folder has none, or not all parts.
    """
    whole = folder / f"{stem}.safetensors"
    if whole.is_file():
        return (whole,)
    index = folder / f"{stem}.safetensors.index.json"
    if index.is_file():
        return _parts(index)
    pickles = sorted(p for p in folder.glob("*") if p.suffix.lower() in PICKLE_SUFFIXES and p.is_file())
    if pickles:
        raise RefusedFileError(
            f"{pickles[0]} was refused: a file of this kind can run code when it is opened, and there is no "
            f"{whole.name} beside it. Nothing in it was run. Get the model in its safetensors form."
        )
    raise WeightsError(f"{whole} is missing. Get the model again, or import it from a folder that has it.")


def convert_once(
    source: Path, target: Path, convert: Callable[[dict[str, Any]], Weights], *, kind: str
) -> Weights:
    """A checkpoint's weights by way of a safetensors file that is written at the first call.

    Later calls read `target` alone, even if `source` is gone. A source of another size or time is hashed, and
    converted anew when the hash differs. A torn target is written anew; a whole one that was not made here is
    left alone.

    Parameters
    ----------
    source : Path
        The checkpoint; opened by `read_checkpoint`.
    target : Path
        The safetensors file; replaced as a whole or not at all.
    convert : callable
        Makes the weights out of what the checkpoint holds, and raises `WeightsError` when that does not fit.
        Its metadata must not use the keys ``format``, ``kind``, ``source_sha256``, ``source_size`` and
        ``source_mtime_ns``, which stand beside it in the file and in what is returned.
    kind : str
        Names the model and the version of `convert`: a target of another kind is written anew.

    Raises
    ------
    RefusedFileError, WeightsError
        Of `read_checkpoint` and `convert`; or the target cannot be written.
    """
    known = _usable(source, target, kind)
    if known is not None:
        return known
    if not source.is_file():
        raise WeightsError(f"{source} is missing. Get it again, or choose another file.")
    state = source.stat()
    origin = {
        "format": _FORMAT,
        "kind": kind,
        "source_sha256": sha256_of(source),
        "source_size": str(state.st_size),
        "source_mtime_ns": str(state.st_mtime_ns),
    }
    made = convert(read_checkpoint(source))
    write_safetensors(target, Weights(made.tensors, {**made.metadata, **origin}))
    return read_weights(target)


def write_safetensors(path: Path, weights: Weights) -> None:
    """Write a safetensors file that is there as a whole or not at all.

    Tensors that share memory are written once each under every name.

    Raises
    ------
    WeightsError
        It cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    name = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(handle)
        save_file(_own_memory(weights.tensors), name, metadata=dict(weights.metadata))
        with open(name, "rb+") as file:  # noqa: PTH123 - on the disk before it gets its name
            os.fsync(file.fileno())
        Path(name).replace(path)
    except (OSError, SafetensorError) as error:
        if name:
            Path(name).unlink(missing_ok=True)
        raise WeightsError(
            f"{path} could not be written ({error}). Check the free space and the rights of the folder."
        ) from error
    except BaseException:
        if name:
            Path(name).unlink(missing_ok=True)
        raise


def sha256_of(path: Path) -> str:
    """The file's SHA-256 in hexadecimal; raises `WeightsError` when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from error


def _usable(source: Path, target: Path, kind: str) -> Weights | None:
    """The converted weights where they are whole and still those of the source."""
    if not target.is_file():
        return None
    try:
        weights = read_weights(target)
    except WeightsError:
        if source.is_file():
            return None
        raise
    said = weights.metadata
    if said.get("format") != _FORMAT:
        raise WeightsError(f"{target} is in the way: it was not made here. Move it, then try again.")
    if said.get("kind") != kind:
        if source.is_file():
            return None
        raise WeightsError(f"{target} is of another kind than needed, and {source} is gone. Get that again.")
    if not source.is_file():
        return weights
    state = source.stat()
    if (str(state.st_size), str(state.st_mtime_ns)) == (said["source_size"], said["source_mtime_ns"]):
        return weights
    return weights if sha256_of(source) == said["source_sha256"] else None


def _own_memory(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Each tensor alone in its memory, which is what the format can hold."""
    seen: set[int] = set()
    own = {}
    for name, tensor in tensors.items():
        alone = tensor.detach().cpu().contiguous()
        storage = alone.untyped_storage()
        if storage.data_ptr() in seen or storage.nbytes() != alone.numel() * alone.element_size():
            alone = alone.clone()
        seen.add(alone.untyped_storage().data_ptr())
        own[name] = alone
    return own


def _parts(index: Path) -> tuple[Path, ...]:
    try:
        names = sorted({str(n) for n in json.loads(index.read_text("utf-8"))["weight_map"].values()})
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise WeightsError(f"{index} is damaged ({error}). Get the model again.") from error
    for name in names:
        if Path(name).name != name or not name.endswith(".safetensors"):
            raise RefusedFileError(f"{index} was refused: it names {name!r}, which is no part of the model.")
        if not (index.parent / name).is_file():
            raise WeightsError(f"{index.parent / name} is missing. Get the model again.")
    return tuple(index.parent / name for name in names)


def _check_archive(path: Path, size: int) -> None:
    """Refuse a zip archive that PyTorch did not write as a checkpoint.

    It stores its records as they are: one that is compressed could unfold to any size.
    """
    with zipfile.ZipFile(path) as archive:
        records = archive.infolist()
    if any(r.filename.split("/")[-1] == "constants.pkl" for r in records):
        raise _refused(path, "it holds more than weights (a program in TorchScript)")
    if any(r.compress_type != zipfile.ZIP_STORED for r in records):
        raise _refused(path, "its records are compressed, which no checkpoint's are")
    if sum(r.file_size for r in records) > size:
        raise _refused(path, "its records claim to be larger than the file")


def _what_was_found(path: Path, said: str) -> str:
    """Why PyTorch refused a file, in a few words."""
    found = re.search(r"GLOBAL (\S+) (?:was not an allowed|whose module)", said)
    if found:
        return f"it holds more than weights ({found[1]})"
    try:
        with path.open("rb") as file:
            for name in islice(_globals(file), 1000):
                if name.rpartition(".")[0] not in _INNOCENT:
                    return f"it holds more than weights ({name})"
    except Exception:  # whatever a damaged file does to the reader: then there is no name to tell
        pass
    return "it is damaged, or no checkpoint of PyTorch"


def _globals(file: BinaryIO) -> Iterator[str]:
    """The functions and classes that a bare pickle names, read without running any of it."""
    strings: list[str] = []
    for opcode, argument, _ in pickletools.genops(file):
        if opcode.name in ("GLOBAL", "INST"):
            yield str(argument).replace(" ", ".")
        elif opcode.name == "STACK_GLOBAL" and len(strings) > 1:
            yield f"{strings[-2]}.{strings[-1]}"
        elif isinstance(argument, str):
            strings.append(argument)


def _tensors(held: Any, name: str = "") -> Iterator[tuple[str, Tensor]]:
    import torch

    waiting = [(name, held)]  # a stack of our own: a file may nest deeper than Python calls
    seen: set[int] = set()  # and may hold itself
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, torch.Tensor):
            yield name, value
        elif isinstance(value, dict | list | tuple | set) and id(value) not in seen:
            seen.add(id(value))
            inside = value.items() if isinstance(value, dict) else enumerate(value)
            waiting += [(f"{name}.{k}" if name else str(k), v) for k, v in inside]


def _refused(path: Path, why: str) -> RefusedFileError:
    return RefusedFileError(
        f"{path} was refused: {why}. Nothing in it was run. "
        "Get it from its publisher again, or as safetensors."
    )


def _unreadable(path: Path, error: OSError) -> WeightsError:
    if isinstance(error, FileNotFoundError):
        return WeightsError(f"{path} is missing. Get it again, or choose another file.")
    return WeightsError(f"{path} cannot be read ({error.strerror or error}). Check the rights of the file.")
