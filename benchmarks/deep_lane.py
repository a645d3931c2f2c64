"""Each stage of the deep lane at its models' full size, beside the floor that this machine's processor or
graphics device sets; and what each way of running the generator buys. Random weights.

The floor of a stage is the longer of two times: its operations at the measured rate of a large matrix product
in the same number format, and its weights' bytes at the measured rate of copying.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import full_size
from benchmarks.rows import Row
from models.devices import Placement, choose_placement
from models.img2img_turbo.generator import STAGES, GeneratorOptions

SIZES = (256, 512)
CAPTION_TOKENS = 20
"""Words of the sentence and a few more: what the captioner writes."""
BEAMS = 5
PLAIN = GeneratorOptions(channels_last=False, fuse_lora=False)
FULL_PIPELINE = ("caption", *STAGES, "embed")


@dataclass
class Stage:
    """One stage: its time, operations and weights."""

    seconds: float = float("inf")
    operations: float = 0.0
    weight_bytes: float = 0.0


@dataclass(frozen=True)
class Machine:
    """What a device does at best."""

    placement: Placement
    operations_a_second: float
    bytes_a_second: float

    def floor(self, stage: Stage) -> float:
        """Seconds that a stage takes at least."""
        return max(stage.operations / self.operations_a_second, stage.weight_bytes / self.bytes_a_second)


@dataclass
class Clock:
    """Notes when the generator asks, before each stage, whether it shall go on."""

    marks: list[float] = field(default_factory=list)

    def __call__(self) -> bool:
        """Go on."""
        self.marks.append(time.perf_counter())
        return False


def settle(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    elif device == "mps":
        torch.mps.synchronize()


def fastest(run: Callable[[], object], device: str, repeats: int) -> float:
    best = float("inf")
    for _ in range(repeats):
        settle(device)
        began = time.perf_counter()
        run()
        settle(device)
        best = min(best, time.perf_counter() - began)
    return best


def measure_machine(placement: Placement) -> Machine:
    """The best rate of a large matrix product in the number format, and that of copying."""
    device = placement.torch_device
    sides = (1024, 2048, 4096) if placement.device == "cpu" else (4096, 8192)
    rate = max(_product_rate(side, placement) for side in sides)
    words = torch.empty(1 << 26, device=device)  # 256 MiB: larger than any cache
    target = torch.empty_like(words)
    copying = fastest(lambda: target.copy_(words), placement.device, 8)
    # A copy reads and writes; weights are only read.
    return Machine(placement, rate, 2 * words.numel() * 4 / copying)


def _product_rate(side: int, placement: Placement) -> float:
    a = torch.rand(side, side, device=placement.torch_device).to(placement.torch_dtype)
    return 2 * side**3 / fastest(lambda: a @ a, placement.device, 8)


def bytes_of(*networks: nn.Module) -> float:
    return float(sum(p.numel() * p.element_size() for n in networks for p in n.parameters()))


def time_generator(made: Any, size: int, repeats: int, *, count: bool) -> dict[str, Stage]:
    """The stages of a picture, each at its fastest; another prompt each time, so that none is remembered."""
    stages = {name: Stage() for name in STAGES}
    sketch = np.full((512, 512), 255, np.uint8)
    sketch[200:210, 100:400] = sketch[100:400, 250:260] = 0
    made.generate(sketch, f"the very first {size}", size=64)  # puts the strength into the weights, once
    if count:
        _count(made, sketch, size, stages)
    else:
        made.generate(sketch, f"the first {size}", size=size)
    for repeat in range(repeats):
        clock = Clock()
        made.generate(sketch, f"prompt {size} {repeat}", size=size, cancelled=clock)
        clock.marks.append(time.perf_counter())
        for name, began, ended in zip(STAGES, clock.marks, clock.marks[1:], strict=False):
            stages[name].seconds = min(stages[name].seconds, ended - began)
    return stages


def _count(made: Any, sketch: np.ndarray, size: int, stages: dict[str, Stage]) -> None:
    """One run, for its operations; it also warms the caches up."""
    marks: list[int] = []

    def note() -> bool:
        marks.append(counter.get_total_flops())
        return False

    with FlopCounterMode(display=False) as counter:
        made.generate(sketch, f"the first {size}", size=size, cancelled=note)
        marks.append(counter.get_total_flops())
    for name, before, after in zip(STAGES, marks, marks[1:], strict=False):
        stages[name].operations = float(after - before)
    unet, vae, text = made._unet, made._vae, made._text_encoder
    for name, networks in zip(STAGES, ((text,), (vae.encoder,), (unet,), (vae.decoder,)), strict=True):
        stages[name].weight_bytes = bytes_of(*networks)


def time_network(run: Callable[[], object], network: nn.Module, device: str, repeats: int) -> Stage:
    with torch.inference_mode():
        with FlopCounterMode(display=False) as counter:
            run()
        return Stage(fastest(run, device, repeats), float(counter.get_total_flops()), bytes_of(network))


def time_caption(placement: Placement, repeats: int) -> Stage:
    network = full_size.blip(placement)
    pixels = torch.rand(1, 3, 384, 384, device=placement.torch_device).to(placement.torch_dtype)

    def run() -> object:
        return network.generate(  # type: ignore[operator]
            pixels,
            num_beams=BEAMS,
            min_new_tokens=CAPTION_TOKENS,
            max_new_tokens=CAPTION_TOKENS,
            num_return_sequences=BEAMS,
        )

    return time_network(run, network, placement.device, repeats)


def time_embedding(size: str, placement: Placement, repeats: int) -> Stage:
    network = full_size.dinov2(size, placement)
    pixels = torch.rand(1, 3, 224, 224, device=placement.torch_device).to(placement.torch_dtype)
    return time_network(lambda: network(pixels), network, placement.device, repeats)


@contextmanager
def loaded(placement: Placement, options: GeneratorOptions) -> Iterator[Any]:
    made = full_size.generator(placement, options)
    try:
        yield made
    finally:
        made.release()
        del made
        gc.collect()


def stage_rows(machine: Machine, sizes: tuple[int, ...], repeats: int) -> list[Row]:
    """Every stage at every size against its floor, with its share of the whole."""
    placement = machine.placement
    caption = time_caption(placement, repeats)
    embed = time_embedding("small", placement, repeats)
    gc.collect()
    found = []
    with loaded(placement, GeneratorOptions()) as made:
        for size in sizes:
            stages = {"caption": caption, **time_generator(made, size, repeats, count=True), "embed": embed}
            whole = sum(stage.seconds for stage in stages.values())
            for name in FULL_PIPELINE:
                stage = stages[name]
                floor = machine.floor(stage)
                found.append(
                    Row(
                        f"{name} at {size} px, {_where(placement)}",
                        stage.seconds * 1e3,
                        "ms",
                        floor * 1e3,
                        "floor",
                        note=f"{stage.seconds / whole:.0%} of {whole:.2f} s; "
                        f"{stage.operations / 1e9:.0f} GFLOP, {stage.weight_bytes / 1e6:.0f} MB of weights",
                    )
                )
    return found


def option_rows(machine: Machine, *, repeats: int, with_compile: bool) -> list[Row]:
    """A picture of 256 px in each way of running, against single precision with nothing switched on."""
    device = machine.placement.device
    single, chosen = Placement(device, "float32"), machine.placement
    ways: list[tuple[str, Placement, GeneratorOptions]] = [
        ("fused LoRA", single, GeneratorOptions(channels_last=False)),
        ("channels last", single, GeneratorOptions(fuse_lora=False)),
    ]
    if chosen.dtype != "float32":
        ways += [
            (chosen.dtype, chosen, PLAIN),
            (f"{chosen.dtype}, fused, channels last", chosen, GeneratorOptions()),
        ]
    else:
        ways.append(("fused, channels last", single, GeneratorOptions()))
    if with_compile:
        ways.append(
            (f"{chosen.dtype}, fused, channels last, compiled", chosen, GeneratorOptions(compile=True))
        )
    baseline = _picture_seconds(single, PLAIN, repeats)
    rows = []
    for name, placement, options in ways:
        try:
            seconds, note = _picture_seconds(placement, options, repeats), ""
        except Exception as error:  # no compiler on this machine, or a format it cannot compute in
            seconds, note = (
                float("nan"),
                f"not measured: {type(error).__name__}: {str(error).splitlines()[0]}",
            )
        rows.append(
            Row(
                f"256 px, {_device(placement)}: {name}",
                seconds,
                "s",
                baseline,
                "float32, nothing on",
                note=note,
            )
        )
    return rows


def _picture_seconds(placement: Placement, options: GeneratorOptions, repeats: int) -> float:
    with loaded(placement, options) as made:
        stages = time_generator(made, 256, repeats, count=False)
    return sum(stage.seconds for stage in stages.values())


def _device(placement: Placement) -> str:
    return "CPU" if placement.device == "cpu" else placement.device.upper()


def _where(placement: Placement) -> str:
    return f"{_device(placement)} {placement.dtype}"


def rows(work: Path, *, quick: bool = False) -> list[Row]:
    """On the processor, and on a graphics device where there is one. Quick: 256 px, and no options."""
    places = [choose_placement("cpu")]
    best = choose_placement("auto")
    if best.device != "cpu":
        places.append(best)
    found = []
    for place in places:
        slow = place.device == "cpu"
        machine = measure_machine(place)
        found.append(
            Row(
                f"matrix product, {_where(place)}",
                machine.operations_a_second / 1e9,
                "GFLOP/s",
                measure_machine(Placement(place.device)).operations_a_second / 1e9,
                "in float32",
                note=f"copying: {machine.bytes_a_second / 1e9:.1f} GB/s",
            )
        )
        sizes = SIZES[:1] if quick and slow else SIZES
        found += stage_rows(machine, sizes, 1 if slow else 10)
        if not quick:
            found += option_rows(machine, repeats=1 if slow else 10, with_compile=True)
    return found
