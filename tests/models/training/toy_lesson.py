"""A lesson of two small networks that play against each other, quick enough to be killed many times.

    python -m tests.models.training.toy_lesson FOLDER STOP

prints the number of each step as it is taken, and waits some steps after STOP for whoever is to kill it, who
may come late on a busy machine.
"""

import os
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from models.training.lesson import Figure, Group, Turn
from models.training.loop import LoopSettings, run

SETTINGS = LoopSettings(
    steps=40, warmup=4, average=0.9, validate_every=10, checkpoint_every=3, weight_decay=0.0, seed=5
)


class ToyLesson:
    """A generator learns a line with dropout in its way; a critic learns to tell it from the truth."""

    def __init__(self, *, width=8, rate=1e-2, validation=None):
        torch.manual_seed(1)
        self.width, self.rate = width, rate
        self.generator = nn.Sequential(
            nn.Linear(2, width), nn.ReLU(), nn.Dropout(0.2), nn.BatchNorm1d(width), nn.Linear(width, 1)
        )
        self.frozen = self.generator[0]
        self.frozen.requires_grad_(False)
        self.critic = nn.Linear(1, 1)
        self.device = torch.device("cpu")
        self.validations = iter(validation) if validation else None
        self.drawn = []

    @property
    def description(self):
        return {"name": "toy", "width": self.width, "rate": self.rate}

    @property
    def learns(self):
        return {"generator": self.generator, "critic": self.critic}

    @property
    def turns(self):
        moving = [p for p in self.generator.parameters() if p.requires_grad]
        return (
            Turn("generator", [Group(moving, self.rate)], self.play),
            Turn("critic", [Group(list(self.critic.parameters()), self.rate)], self.judge),
        )  # fmt: skip

    @property
    def counts(self):
        return Figure("error", higher=False)

    def to(self, device):
        self.device = device
        for module in self.learns.values():
            module.to(device)

    def batch(self, step, piece):
        self.drawn.append((step, piece))
        x = torch.randn(16, 2, generator=torch.Generator().manual_seed(step * 10 + piece)).to(self.device)
        return x, x @ torch.tensor([[2.0], [-1.0]], device=self.device)

    def play(self, batch):
        x, y = batch
        self.generator.train()
        made = self.generator(x)
        return {"line": F.mse_loss(made, y), "fooled": -0.01 * self.critic(made).mean()}

    def judge(self, batch):
        x, y = batch
        return {
            "told": F.softplus(self.critic(self.generator(x).detach())).mean()
            + F.softplus(-self.critic(y)).mean()
        }

    def validate(self):
        if self.validations is not None:
            return {"error": next(self.validations)}
        self.generator.eval()
        with torch.no_grad():
            x, y = self.batch(10**6, 0)
            return {"error": float(F.mse_loss(self.generator(x), y))}


def main():
    for progress in run(ToyLesson(), SETTINGS, Path(sys.argv[1])):
        print(progress.step, flush=True)  # noqa: T201
        if progress.step >= int(sys.argv[2]) + 2 * SETTINGS.checkpoint_every:
            sys.stdin.read()  # which ends with whoever was to kill it
            os._exit(1)


if __name__ == "__main__":
    main()
