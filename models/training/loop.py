"""The loop that every recipe shares: steps, turns, schedule, validation, checkpoints, early stopping.

What is learnt from what is a `Lesson`'s concern; device, number format and gradient scaling are accelerate's.
A step draws everything random from (seed, step), so that a run that was killed and goes on is the run that
was never killed. One device: spreading a run over several is not supported.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

from models.training.errors import TrainingError
from models.training.keeping import read_checkpoint, replace_file, write_checkpoint
from models.training.lesson import Figure, Lesson, Turn
from models.training.weights_average import WeightsAverage
from models.training_record import HISTORY_FILE

if TYPE_CHECKING:
    from accelerate import Accelerator

log = logging.getLogger(__name__)

Precision = Literal["no", "fp16", "bf16"]
Schedule = Literal["cosine", "constant"]

CHECKPOINT_FILE = "checkpoint.pt"
BEST_FILE = "best.safetensors"


@dataclass(frozen=True)
class LoopSettings:
    """What decides a run beside its lesson; kept with its checkpoint.

    Attributes
    ----------
    steps
        Updates of the weights.
    pieces
        Parts that a step's batch is worked on in, one after the other: gradient accumulation.
    precision
        Number format of the forward pass; the weights that learn stay float32.
    warmup
        Steps over which the learning rates rise from nought.
    schedule
        What they do then: half a cosine down to nought, or stay.
    cycles
        Steps and peak (a factor of the learning rates) of stretches that each warm up and come down anew
        (SGDR, Loshchilov & Hutter 2017); `steps` together. One of all steps when empty.
    gradient_norm
        Where the gradient's norm is cut.
    average
        Decay of the weights' exponential moving average, which is what is kept; 0 for the weights themselves.
    validate_every, checkpoint_every
        Steps.
    patience
        Validations without a better figure after which a run ends.
    seed
        Two runs of one seed on one machine are the same run.
    """

    steps: int
    pieces: int = 1
    precision: Precision = "no"
    warmup: int = 0
    schedule: Schedule = "cosine"
    cycles: tuple[tuple[int, float], ...] = ()
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.999)
    gradient_norm: float = 1.0
    average: float = 0.0
    validate_every: int = 500
    checkpoint_every: int = 100
    patience: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        if self.cycles and sum(steps for steps, _ in self.cycles) != self.steps:
            raise ValueError(f"The cycles have {sum(n for n, _ in self.cycles)} steps, not {self.steps}.")

    def rate_at(self, step: int) -> float:
        """Factor of the learning rates at a step."""
        (steps, peak), *later = self.cycles or ((self.steps, 1.0),)
        for following in later:
            if step < steps:
                break
            step -= steps
            steps, peak = following
        if step < self.warmup:
            return peak * (step + 1) / self.warmup
        if self.schedule == "constant":
            return peak
        way = (step - self.warmup) / max(1, steps - self.warmup)
        return peak * 0.5 * (1 + math.cos(math.pi * way))


@dataclass(frozen=True)
class Progress:
    """What a run reports after each step.

    ``losses`` are smoothed over about fifty steps; ``figures`` is None but after a validation.
    """

    step: int
    steps: int
    losses: Mapping[str, float]
    seconds_left: float
    figures: Mapping[str, float] | None = None
    best: bool = False


@dataclass
class History:
    """What a run measured so far: losses at every step, figures at every validation."""

    losses: list[dict[str, float]] = field(default_factory=list)
    figures: list[dict[str, float]] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        """As JSON, in one step."""
        text = json.dumps(asdict(self), indent=None)
        replace_file(folder / HISTORY_FILE, lambda part: part.write_text(text, encoding="utf-8"))

    @classmethod
    def read(cls, folder: Path) -> History:
        """Of a run's folder; raises `TrainingError` where none can be read."""
        try:
            return cls(**json.loads((folder / HISTORY_FILE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise TrainingError(
                f"{folder} holds no run that can be read ({HISTORY_FILE}: {error})."
            ) from error


def run(
    lesson: Lesson, settings: LoopSettings, folder: Path, *, device: torch.device | str = "cpu"
) -> Iterator[Progress]:
    """Learn, or go on where `folder` stopped, yielding after every step.

    The best weights end in ``folder/best.safetensors``, read by `load_best`.

    Raises
    ------
    TrainingError
        The folder holds a run with other settings or of another program, the loss is no number any more, or
        there is no such device.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = _Run(lesson, settings, folder, torch.device(device))
    first, started = state.step, time.monotonic()
    while state.step < settings.steps and state.since_best < settings.patience:
        state.take_step()
        figures, best = None, False
        if state.step % settings.validate_every == 0 or state.step == settings.steps:
            figures, best = state.validate()
        if figures is not None or state.step % settings.checkpoint_every == 0:
            state.save()
        left = (time.monotonic() - started) / (state.step - first) * (settings.steps - state.step)
        yield Progress(state.step, settings.steps, dict(state.smooth), left, figures, best)
    if state.since_best >= settings.patience:
        log.info("Stopped at step %d: no better %s in %d validations.",
                 state.step, lesson.counts.name, state.since_best)  # fmt: skip


def read_run(folder: Path) -> dict[str, Any] | None:
    """The checkpoint of the run in a folder; None where there is none yet.

    Raises
    ------
    TrainingError
        It is damaged, or this loop did not write it.
    """
    path = folder / CHECKPOINT_FILE
    if not path.exists():
        return None
    saved = read_checkpoint(path)
    if _KEPT - saved.keys():
        raise TrainingError(
            f"{folder} holds a run of an earlier version of the program, which cannot be gone on with: give "
            "another folder, or delete this one to begin anew."
        )
    return saved


def load_best(lesson: Lesson, folder: Path) -> int:
    """Put a run's best weights into the lesson's modules; returns the step they are of.

    Raises
    ------
    TrainingError
        There are none, or they are another lesson's.
    """
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import load_file

    path = folder / BEST_FILE
    try:
        tensors = load_file(path)
        with safe_open(path, framework="pt") as file:
            step = int((file.metadata() or {}).get("step", 0))
    except (OSError, SafetensorError, ValueError) as error:
        raise TrainingError(f"{folder} holds no trained weights ({BEST_FILE}: {error}).") from error
    try:
        load_learnt(lesson, tensors)
    except (KeyError, RuntimeError) as error:
        raise TrainingError(f"{path} is of another recipe than this one: {error}.") from error
    return step


def learnt(lesson: Lesson) -> dict[str, Tensor]:
    """What learns, and the buffers beside it, by module and name: views, which follow the training."""
    return {
        f"{name}/{key}": value
        for name, module in lesson.learns.items()
        for key, value in _own_state(module).items()
    }


def load_learnt(lesson: Lesson, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `learnt` gave; raises KeyError or RuntimeError where it does not fit."""
    own = learnt(lesson)
    if own.keys() != tensors.keys():
        raise KeyError(f"{sorted(own.keys() ^ tensors.keys())[0]} is on one side only")
    with torch.no_grad():
        for key, value in own.items():
            value.copy_(tensors[key])


_KEPT = frozenset(
    ("weights", "average", "optimisers", "scaler", "run", "step", "best", "since_best", "smooth", "history")
)
"""What a checkpoint holds."""


def _own_state(module: nn.Module) -> dict[str, Tensor]:
    frozen = {name for name, p in module.named_parameters(remove_duplicate=False) if not p.requires_grad}
    return {name: value for name, value in module.state_dict().items() if name not in frozen}


class _Run:
    """A run at some step."""

    def __init__(self, lesson: Lesson, settings: LoopSettings, folder: Path, device: torch.device) -> None:
        self.lesson, self.settings, self.folder = lesson, settings, folder
        self.accelerator = _accelerator(settings.precision, device)
        lesson.to(device)  # accelerate's own choice is the first of its kind, whatever number was asked for
        self.turns = tuple(lesson.turns)
        self.optimisers = [self._optimiser(turn) for turn in self.turns]
        self.step, self.best, self.since_best = 0, -math.inf, 0
        self.smooth: dict[str, float] = {}
        self.history = History()
        weights = learnt(lesson)
        self.average = WeightsAverage(weights, settings.average) if settings.average else None
        self._resume(weights)

    def _optimiser(self, turn: Turn) -> Any:
        decay = self.settings.weight_decay
        groups = [
            {
                "params": list(group.parameters),
                "lr": group.rate,
                "rate": group.rate,
                "weight_decay": decay if group.weight_decay is None else group.weight_decay,
            }
            for group in turn.groups
            if group.parameters
        ]
        optimiser = torch.optim.AdamW(groups, betas=self.settings.betas)
        return self.accelerator.prepare_optimizer(optimiser, device_placement=False)

    def take_step(self) -> None:
        """One update by every turn."""
        settings, step = self.settings, self.step
        told: dict[str, float] = {}
        pieces = [self.lesson.batch(step, piece) for piece in range(settings.pieces)]
        for number, (turn, optimiser) in enumerate(zip(self.turns, self.optimisers, strict=True)):
            for group in optimiser.param_groups:
                group["lr"] = group["rate"] * settings.rate_at(step)
            for piece, batch in enumerate(pieces):
                # Dropout and the like: of the step, and not of how often the run was interrupted.
                torch.manual_seed(((settings.seed * 1_000_003 + step) * 8 + number) * 64 + piece)
                with self.accelerator.autocast():
                    parts = turn.losses(batch)
                loss = torch.stack([value.float() for value in parts.values()]).sum() / settings.pieces
                self.accelerator.backward(loss)
                for name, part in parts.items():
                    told[name] = told.get(name, 0.0) + float(part.detach()) / settings.pieces
            self._update(optimiser)
        self._check(told)
        self.step += 1
        for name, value in told.items():
            self.smooth[name] = value if step == 0 else 0.98 * self.smooth.get(name, value) + 0.02 * value
        self.history.losses.append(told)
        if self.average is not None:
            self.average.update(step)

    def _update(self, optimiser: Any) -> None:
        parameters = [p for group in optimiser.param_groups for p in group["params"]]
        self.accelerator.clip_grad_norm_(parameters, self.settings.gradient_norm)
        optimiser.step()
        for module in self.lesson.learns.values():  # also what reached the other turns' parameters
            module.zero_grad(set_to_none=True)

    def _check(self, losses: Mapping[str, float]) -> None:
        for name, value in losses.items():
            # A scaled format may overflow once and then skip the step; float32 and bfloat16 do not come back.
            if not math.isfinite(value) and self.settings.precision != "fp16":
                raise TrainingError(
                    f"The loss {name} is {value} at step {self.step}: begin anew with a lower learning rate, "
                    "or with --precision no."
                )

    def validate(self) -> tuple[Mapping[str, float], bool]:
        """Measure the weights that would be kept, and keep them when they are the best so far."""
        counts = self.lesson.counts
        if self.average is not None:
            with self.average.in_place():
                figures, best = self._measure(counts)
        else:
            figures, best = self._measure(counts)
        return figures, best

    def _measure(self, counts: Figure) -> tuple[Mapping[str, float], bool]:
        from safetensors.torch import save_file

        figures = self.lesson.validate()
        self.history.figures.append({"step": self.step, **figures})
        value = figures[counts.name] if counts.higher else -figures[counts.name]
        self.since_best += 1
        best = value > self.best
        if best:
            self.best, self.since_best = value, 0
            tensors = {k: v.detach().cpu().contiguous() for k, v in learnt(self.lesson).items()}
            told = {"step": str(self.step), "lesson": json.dumps(dict(self.lesson.description))}
            replace_file(self.folder / BEST_FILE, lambda part: save_file(tensors, part, metadata=told))
        return figures, best

    def save(self) -> None:
        """All that a resumed run needs; a killed save leaves the earlier one whole."""
        scaler = self.accelerator.scaler
        write_checkpoint(
            self.folder / CHECKPOINT_FILE,
            {
                "weights": {k: v.detach() for k, v in learnt(self.lesson).items()},
                "average": None if self.average is None else self.average.state,
                "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
                "scaler": None if scaler is None else scaler.state_dict(),
                "run": self._identity(),
                "step": self.step,
                "best": self.best,
                "since_best": self.since_best,
                "smooth": self.smooth,
                "history": asdict(self.history),
            },
        )
        self.history.write(self.folder)

    def _identity(self) -> str:
        # How often something is written or looked at does not make another run.
        settings = asdict(replace(self.settings, checkpoint_every=0))
        return json.dumps({"settings": settings, "lesson": dict(self.lesson.description)}, sort_keys=True)

    def _resume(self, weights: Mapping[str, Tensor]) -> None:
        saved = read_run(self.folder)
        if saved is None:
            return
        if names := _difference(saved["run"], self._identity()):
            raise TrainingError(
                f"{self.folder} holds a run with other settings ({names}). Give the settings it was begun "
                "with, or another folder."
            )
        load_learnt(self.lesson, saved["weights"])
        if self.average is not None:
            self.average.load(saved["average"])
        for optimiser, state in zip(self.optimisers, saved["optimisers"], strict=True):
            optimiser.load_state_dict(state)
        if self.accelerator.scaler is not None and saved["scaler"] is not None:
            self.accelerator.scaler.load_state_dict(saved["scaler"])
        self.step, self.best, self.since_best = saved["step"], saved["best"], saved["since_best"]
        self.smooth = dict(saved["smooth"])
        self.history = History(**saved["history"])


def _accelerator(precision: Precision, device: torch.device) -> Accelerator:
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState

    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        number = f" {device.index}" if device.index else ""
        raise TrainingError(f"There is no CUDA device{number} on this computer: choose --device cpu.")
    # accelerate keeps device and format for the whole process: a second run would get those of the first.
    AcceleratorState._reset_state(reset_partial_state=True)
    try:
        return Accelerator(mixed_precision=precision, cpu=device.type == "cpu")
    except (ValueError, RuntimeError) as error:
        raise TrainingError(f"The number format {precision} cannot be used on {device}: {error}") from error


def _difference(before: str, now: str) -> str:
    """The names of what differs between two runs; empty where nothing does."""
    earlier, later = json.loads(before), json.loads(now)
    # A run that is older than a setting has what was done before there was one.
    known = {f.name: f.default for f in fields(LoopSettings) if f.default is not MISSING}
    earlier["settings"] = {**json.loads(json.dumps(known)), **earlier["settings"]}
    names = [
        name
        for part in ("settings", "lesson")
        for name in sorted(earlier[part].keys() | later[part].keys())
        if earlier[part].get(name) != later[part].get(name)
    ]
    return ", ".join(dict.fromkeys(names))
