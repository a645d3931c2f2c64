"""One score from several signals: their weights, where those come from, and the fusion itself. Numpy alone.

A signal says of each photo how well it answers, in a scale of its own; weights make the scales comparable.
They are measured on data (`sketch_app.calibration`) or, where there was nothing to measure, marked as such.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketch_app.atomic_files import write_atomically
from sketch_app.errors import SketchAppError

CALIBRATION_NAME = "fusion.json"
_VERSION = 1


class Signal(StrEnum):
    """What can speak for a photo."""

    SKETCH = "sketch"
    """Cosine of the sketch's and the photo's vector (embedded encoder)."""
    CLASS = "class"
    """How much the photo shows what the caption names: 0..1."""
    GENERATED = "generated"
    """Cosine of the imagined picture's and the photo's vector (photo embedder)."""
    PHOTO = "photo"
    """Mean cosine to the photos that the person liked, less that to those they did not."""


@dataclass(frozen=True, slots=True)
class FusionWeights:
    """How much each signal counts: 0 and more; only their proportions matter."""

    sketch: float = 1.0
    class_: float = 0.0
    generated: float = 0.0
    photo: float = 1.0

    def __post_init__(self) -> None:
        for signal in Signal:
            weight = self.of(signal)
            if not (math.isfinite(weight) and weight >= 0):
                raise SketchAppError(f"The weight of “{signal}” is {weight}: give a number from 0 up.")

    def of(self, signal: Signal) -> float:
        """The weight of one signal."""
        value: float = getattr(self, "class_" if signal is Signal.CLASS else signal.value)
        return value

    def as_dict(self) -> dict[str, float]:
        """By the signals' names, for a file."""
        return {signal.value: self.of(signal) for signal in Signal}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> FusionWeights:
        """The reverse of `as_dict`; an absent signal counts for nothing, an unknown name is ignored.

        Raises
        ------
        SketchAppError
            A weight is not a number from 0 up.
        """
        values: dict[str, float] = {}
        for signal in Signal:
            value = stored.get(signal.value, 0.0)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise SketchAppError(f"The weight of “{signal}” is {value!r}: give a number from 0 up.")
            values["class_" if signal is Signal.CLASS else signal.value] = float(value)
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights and where they come from."""

    weights: FusionWeights
    measured: frozenset[Signal] = frozenset()
    """The signals whose weight was measured; the others' is a guess."""
    note: str = ""
    """On what they were measured, for people."""
    models: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Signal -> id of the model it was measured with: another model's weight is not measured."""

    def with_models(self, models: Mapping[str, str]) -> Calibration:
        """For other models than those it was measured with: what was measured of those is not of these.

        Parameters
        ----------
        models : mapping
            Signal -> id of the model that makes it now.
        """
        still = frozenset(s for s in self.measured if self.models.get(s.value) == models.get(s.value))
        return replace(self, measured=still)

    def as_dict(self) -> dict[str, Any]:
        """For a file."""
        return {
            "weights": self.weights.as_dict(),
            "measured": sorted(s.value for s in self.measured),
            "note": self.note,
            "models": dict(self.models),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Calibration:
        """The reverse of `as_dict`.

        Raises
        ------
        SketchAppError, KeyError, TypeError, ValueError
            The file is of another kind.
        """
        return cls(
            FusionWeights.from_dict(stored["weights"]),
            frozenset(Signal(s) for s in stored["measured"]),
            str(stored["note"]),
            MappingProxyType({str(k): str(v) for k, v in stored["models"].items()}),
        )


def load_calibration(set_name: str, own: Path | None = None) -> Calibration:
    """The weights of a set of models: the person's own calibration where there is one, else the program's.

    Parameters
    ----------
    set_name : str
        "embedded", "full", or that of another set, in which the sketch alone counts.
    own : Path, optional
        The file that `save_calibration` writes.

    Raises
    ------
    SketchAppError
        `own` is there and cannot be used.
    """
    if own is not None and own.exists():
        found = _read(own.read_text(encoding="utf-8"), str(own)).get(set_name)
        if found is not None:
            return found
    shipped = resources.files("sketch_app").joinpath("data", CALIBRATION_NAME).read_text(encoding="utf-8")
    unknown = Calibration(FusionWeights(), note="Not measured: the sketch alone counts.")
    return _read(shipped, CALIBRATION_NAME).get(set_name, unknown)


def save_calibration(set_name: str, calibration: Calibration, own: Path) -> None:
    """Keep a set's weights beside those of the other sets, atomically."""
    others = _read(own.read_text(encoding="utf-8"), str(own)) if own.exists() else {}
    stored = {name: kept.as_dict() for name, kept in {**others, set_name: calibration}.items()}
    own.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"version": _VERSION, "sets": stored}, indent=1, ensure_ascii=False)
    write_atomically(own, f"{text}\n".encode())


def _read(text: str, name: str) -> dict[str, Calibration]:
    try:
        stored = json.loads(text)
        if stored["version"] != _VERSION:
            raise ValueError(f"version {stored['version']}")
        return {set_name: Calibration.from_dict(entry) for set_name, entry in stored["sets"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SketchAppError(
            f"The weights of the ranking in {name} cannot be used ({error}): delete the file, then run "
            "“sketch-app calibrate” anew."
        ) from error


def fuse(signals: Mapping[Signal, NDArray[np.float32]], weights: FusionWeights) -> NDArray[np.float32]:
    """The weighted mean of the signals of n photos.

    Parameters
    ----------
    signals : mapping of (n,) arrays
        NaN where a signal does not know a photo (it has no vector of that model yet): such a photo gets the
        median of the others, which moves it neither up nor down.
    weights : FusionWeights
        Signals that are not given, or know none of the photos, do not count.

    Returns
    -------
    (n,) float32
        All zero where no given signal counts.
    """
    size = len(next(iter(signals.values()))) if signals else 0
    fused = np.zeros(size, np.float32)
    counting = {s: v for s, v in signals.items() if weights.of(s) and np.isfinite(v).any()}
    total = sum(weights.of(s) for s in counting)
    for signal, values in counting.items():
        known = np.isfinite(values)
        filled = np.where(known, values, np.median(values[known])).astype(np.float32)
        fused += np.float32(weights.of(signal) / total) * filled
    return fused
