"""Which device and number format a model runs on: asked for, or found by measuring what this machine does
well; and what happens when its memory does not suffice. Nothing here knows a model.
"""

from __future__ import annotations

import gc
import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Generic, TypeVar

from models.errors import ModelError

if TYPE_CHECKING:
    import torch

_GIB = 2**30
_WORTH_IT = 1.15
"""How many times as fast a shorter number format has to be: below, the difference is noise."""
_CLOSE = 0.02
"""Largest error of a shorter format's products, as a share of the largest product. bfloat16 keeps 8 bits,
which gives .004; some graphics chips return garbage in float16.
"""
_PRECISION = {"float16": "half precision", "bfloat16": "bfloat16", "float32": "single precision"}
_OUT_OF_MEMORY = (  # as PyTorch's allocators and NVIDIA's libraries say it
    "out of memory",
    "DefaultCPUAllocator",
    "Invalid buffer size",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)


class DeviceError(ModelError):
    """A device that is not here or cannot be used, or whose memory does not suffice."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a model runs and in which number format."""

    device: str = "cpu"
    """"cpu", "mps", "cuda:0", ..."""
    dtype: str = "float32"
    """"float32", "float16" or "bfloat16"."""

    @property
    def torch_device(self) -> torch.device:
        """As PyTorch names it."""
        import torch

        return torch.device(self.device)

    @property
    def torch_dtype(self) -> torch.dtype:
        """As PyTorch names it."""
        import torch

        dtype: torch.dtype = getattr(torch, self.dtype)
        return dtype


def choose_placement(wish: str = "auto", *, need_bytes: int = 0, half: bool = True) -> Placement:
    """Find the device that a wish means here, and the number format that is fastest on it.

    Parameters
    ----------
    wish : str
        "auto" takes the first that works of CUDA, MPS (Apple), the processor; of several CUDA devices the one
        with the most free memory. "cuda", "cuda:1", "mps" and "cpu" insist.
    need_bytes : int
        Memory that has to be free on a graphics device. The processor's is not looked at: there is nothing
        below it to fall back on.
    half : bool
        Whether float16 or bfloat16 may be chosen. They are where the device multiplies and convolves
        correctly in them and measurably faster; float16 before bfloat16, for its finer steps.

    Raises
    ------
    DeviceError
        The wish cannot be met. Never with "auto".
    """
    kind, _, number = wish.partition(":")
    if kind not in ("auto", "cpu", "cuda", "mps") or (number and not (kind == "cuda" and number.isdigit())):
        raise DeviceError(f"There is no device “{wish}”: choose “auto”, “cpu”, “cuda”, “cuda:1” or “mps”.")
    why = ""
    for device in _candidates(kind, number):
        free = free_bytes(device)
        if free is not None and free < need_bytes:
            why = (
                f"{device} has {free / _GIB:.1f} GiB of free memory and {need_bytes / _GIB:.1f} are needed: "
                "close other programs, or choose “auto” or a smaller model."
            )
            continue
        try:
            return Placement(device, _fastest_dtype(device, half=half))
        except (RuntimeError, AssertionError, TypeError) as error:  # what each backend raises, unusable
            said = _first_line(error)
            why = f"{device} is there, but PyTorch cannot use it ({said}): choose “auto” or “cpu”."
    name = {"cuda": "CUDA", "mps": "MPS"}.get(kind, kind) + (f" device {number}" if number else " device")
    raise DeviceError(why or f"There is no {name} that PyTorch can use here: choose “auto” or “cpu”.")


def free_bytes(device: str) -> int | None:
    """Free memory of a graphics device in bytes; None where there is no telling, as for the processor."""
    import torch

    try:
        if device.startswith("cuda"):
            return int(torch.cuda.mem_get_info(device)[0])
        if device == "mps":
            return int(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    except (RuntimeError, AssertionError):  # then using it will say what is wrong
        pass
    return None


def describe(placement: Placement | None = None) -> str:
    """One line for people, as "NVIDIA RTX 4080, 12.3 of 15.9 GiB free, half precision".

    Without a placement, of the one that "auto" gives.
    """
    import torch

    placement = placement or choose_placement()
    precision = _PRECISION.get(placement.dtype, placement.dtype)
    if placement.device.startswith("cuda"):
        free, total = torch.cuda.mem_get_info(placement.device)
        name = torch.cuda.get_device_name(placement.device)
        return f"{name}, {free / _GIB:.1f} of {total / _GIB:.1f} GiB free, {precision}"
    if placement.device == "mps":
        return f"Apple graphics, {(free_bytes('mps') or 0) / _GIB:.1f} GiB free, {precision}"
    cores = _cores()
    return f"processor, {cores} core{'s' if cores != 1 else ''}, {precision}"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether this is, or was caused by, memory that did not suffice, on whatever device."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, MemoryError):
            return True
        if isinstance(seen, RuntimeError) and any(words in str(seen) for words in _OUT_OF_MEMORY):
            return True  # torch.OutOfMemoryError is a RuntimeError that says "out of memory"
        seen = seen.__cause__
    return False


def free_cached_memory() -> None:
    """Give the memory of networks that nobody holds any more back to the system."""
    import torch

    gc.collect()
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


T = TypeVar("T")


@dataclass(frozen=True)
class Attempt(Generic[T]):
    """One way to do a thing, cheaper in memory than the one before it."""

    name: str
    """Stands in a sentence: "512 px on the graphics card", "256 px on the processor, which is slower"."""
    run: Callable[[], T]


def run_down_the_ladder(attempts: Sequence[Attempt[T]], *, say: Callable[[str], None]) -> T:
    """The result of the first attempt that fits into the memory.

    Parameters
    ----------
    attempts : sequence of Attempt
        Best first. What an attempt has made must belong to it alone, or it stays in the way of the next.
    say : callable
        Is told in one sentence each time the next is tried.

    Raises
    ------
    DeviceError
        Not even the last one fits.
    Exception
        Whatever else an attempt raises, at once.
    """
    if not attempts:
        raise ValueError("there is nothing to attempt")
    for attempt, following in zip(attempts, [*attempts[1:], None], strict=True):
        try:
            return attempt.run()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            where = _which_memory(error)
            cause = _without_frames(error)
        free_cached_memory()
        if following is None:
            raise DeviceError(
                f"Not even this fits into the {where}: {attempt.name}. Close other programs, or choose a "
                "smaller size or model."
            ) from cause
        say(f"{_capital(attempt.name)}: did not fit into the {where}. Now {following.name}.")
    raise AssertionError("unreachable")


def _candidates(kind: str, number: str) -> Iterator[str]:
    """Devices that a wish can mean, best first."""
    if kind in ("auto", "cuda"):
        devices = [f"cuda:{n}" for n in range(_cuda_count())]
        if number:
            yield from (d for d in devices if d == f"cuda:{int(number)}")
        else:
            yield from sorted(devices, key=lambda d: -(free_bytes(d) or 0))
    if kind in ("auto", "mps") and _has_mps():
        yield "mps"
    if kind in ("auto", "cpu"):
        yield "cpu"


def _cuda_count() -> int:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a driver that is too old is warned of; here it is just no device
        return torch.cuda.device_count() if torch.cuda.is_available() else 0


def _has_mps() -> bool:
    import torch

    return bool(torch.backends.mps.is_available())


def _fastest_dtype(device: str, *, half: bool) -> str:
    seconds = dict(_measured(device, half))
    best = "float32"
    for dtype in ("bfloat16", "float16"):  # the later one wins unless it is clearly slower
        faster = seconds["float32"] > _WORTH_IT * seconds.get(dtype, float("inf"))
        if faster and (best == "float32" or seconds[dtype] < _WORTH_IT * seconds[best]):
            best = dtype
    return best


@cache
def _measured(device: str, half: bool) -> tuple[tuple[str, float], ...]:
    """Seconds that a matrix product and a convolution take, in each format that gives right results.

    Raises what PyTorch raises where the device cannot be used at all; that is not remembered.
    """
    import torch

    size, side = (512, 32) if device == "cpu" else (2048, 64)
    generator = torch.Generator().manual_seed(0)
    matrix, image, kernel = (
        torch.randn(shape, generator=generator).to(device)
        for shape in ((size, size), (1, 128, side, side), (128, 128, 3, 3))
    )

    def work(dtype: torch.dtype) -> Callable[[], tuple[torch.Tensor, torch.Tensor]]:
        a, x, w = (t.to(dtype) for t in (matrix, image, kernel))
        return lambda: (a @ a, torch.nn.functional.conv2d(x, w, padding=1))

    with torch.inference_mode():
        right = work(torch.float32)()
        found = [("float32", _seconds(work(torch.float32), device))]
        for dtype in _shorter_formats(device) if half else ():
            try:
                run = work(getattr(torch, dtype))
                if _agree(run(), right):
                    found.append((dtype, _seconds(run, device)))
            except (RuntimeError, TypeError):  # this device does not know the format
                continue
    return tuple(found)


def _shorter_formats(device: str) -> tuple[str, ...]:
    """Formats worth measuring. Processors without instructions for bfloat16 emulate it, and float16 is
    emulated on nearly all: tens of times slower.
    """
    import torch

    if device != "cpu":
        return ("bfloat16", "float16")
    able = getattr(torch.cpu, "get_capabilities", dict)()  # not in the oldest PyTorch we allow
    return ("bfloat16",) if able.get("avx512_bf16") or able.get("amx_bf16") else ()


def _agree(found: Sequence[torch.Tensor], right: Sequence[torch.Tensor]) -> bool:
    return all(
        bool((f.float() - r).abs().max() <= _CLOSE * r.abs().max())  # false for what is not a number
        for f, r in zip(found, right, strict=True)
    )


def _seconds(run: Callable[[], object], device: str) -> float:
    """The best of a few runs: the others waited for something else."""
    import torch

    def settle() -> None:
        if device.startswith("cuda"):
            torch.cuda.synchronize(device)
        elif device == "mps":
            torch.mps.synchronize()

    best = float("inf")
    for _ in range(5):
        settle()
        start = time.perf_counter()
        run()
        settle()
        best = min(best, time.perf_counter() - start)
    return best


def _without_frames(error: Exception) -> Exception:
    """The same error without its tracebacks, whose frames hold the very tensors that fill the memory."""
    seen: BaseException | None = error
    while seen is not None:
        seen.__traceback__ = None
        seen = seen.__cause__ or seen.__context__
    return error


def _which_memory(error: BaseException) -> str:
    on_processor = any(
        isinstance(e, MemoryError) or "DefaultCPUAllocator" in str(e) for e in (error, error.__cause__)
    )
    return "memory" if on_processor else "graphics memory"


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
