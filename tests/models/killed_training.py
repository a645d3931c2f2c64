"""Run as a program: train a tiny encoder, saying each step, until it is done or somebody kills it.

python -m tests.models.killed_training DATA RUN
"""

from __future__ import annotations

import sys
from pathlib import Path

from models.training.dataset import SketchPhotoData, make_split
from models.training.encoder import train_encoder
from models.training.encoder_batches import TrainingSet
from models.training.encoder_recipe import Cycle, EncoderRecipe
from models.training.encoder_validation import Validation
from models.training.photo_features import load_photo_features

SIDES = ((0.5, 32), (1.0, 40))
TINY = EncoderRecipe(
    cycles=(Cycle(3, sides=SIDES, elastic=0.0), Cycle(3, peak=0.6, sides=SIDES, elastic=0.5)),
    batch=6,
    views=(40, 32),
    warmup=1,
    photos_per_step=12,
    photo_epochs=2,
    validate_every=5,
    checkpoint_every=2,
    seed=3,
)


def training(data, run, recipe=TINY, beside=None):
    """The steps of the tiny run in `run`, going on where it stopped."""
    opened = SketchPhotoData.open(data)
    split = make_split(opened, seed=TINY.seed)
    features = load_photo_features(opened, data / "features.npz", lambda done, total: None)
    return train_encoder(
        TrainingSet.build(opened, split, features),
        Validation.build(opened, split, features, TINY.views[0]),
        recipe,
        run,
        beside,
    )


if __name__ == "__main__":
    for state in training(Path(sys.argv[1]), Path(sys.argv[2])):
        sys.stdout.write(f"{state.step}\n")
        sys.stdout.flush()
        if len(sys.argv) > 3 and state.step == int(sys.argv[3]):
            sys.stdin.read()  # wait here for the kill, whatever the machine's speed
