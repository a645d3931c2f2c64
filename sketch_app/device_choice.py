"""The devices of this computer that a person can choose between for the full set, in words. How one is chosen
and measured is the concern of `models.devices`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DeviceKind = Literal["processor", "apple", "cuda"]


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    """A device that PyTorch can use here."""

    value: str
    """As the setting `device` has it: "cpu", "mps", "cuda:0", ..."""
    kind: DeviceKind
    name: str
    """What its maker calls it, where that is known: "NVIDIA RTX 4080"."""
    description: str
    """One line: name, memory or cores, number format."""


def devices_here() -> tuple[DeviceChoice, ...]:
    """Every device that works, graphics first. Takes seconds at the first call: not for the GUI thread."""
    import torch

    from models.devices import DeviceError, choose_placement, describe

    kinds: list[tuple[str, DeviceKind]] = [(f"cuda:{n}", "cuda") for n in range(torch.cuda.device_count())]
    kinds += [("mps", "apple"), ("cpu", "processor")]
    found = []
    for value, kind in kinds:
        try:
            words = describe(choose_placement(value))
        except DeviceError:  # it is not there, or PyTorch cannot use it
            continue
        name = words.split(",")[0] if kind == "cuda" else ""
        found.append(DeviceChoice(value, kind, name, words))
    return tuple(found)
