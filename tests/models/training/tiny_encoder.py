"""The encoder's recipe so small that a step takes a moment, stage by stage."""

from __future__ import annotations

from models.training.dataset import SketchPhotoData, make_split
from models.training.encoder import PhotoSpaceLesson, SketchTowerLesson
from models.training.encoder_batches import TrainingSet
from models.training.encoder_recipe import Cycle, EncoderRecipe
from models.training.encoder_validation import Validation
from models.training.loop import LoopSettings, load_best, run
from models.training.photo_features import load_photo_features

SIDES = ((0.5, 32), (1.0, 40))
TINY = EncoderRecipe(
    cycles=(Cycle(3, sides=SIDES, elastic=0.0), Cycle(3, peak=0.6, sides=SIDES, elastic=0.5)),
    batch=6,
    views=(40, 32),
    photos_per_step=12,
    photo_epochs=2,
    seed=3,
)
LOOP = LoopSettings(steps=TINY.steps, warmup=1, validate_every=5, checkpoint_every=2)


def opened(folder, recipe=TINY):
    """A data folder's training set and what measures."""
    data = SketchPhotoData.open(folder)
    split = make_split(data, seed=TINY.seed)
    features = load_photo_features(data, folder / "features.npz", lambda done, total: None)
    return TrainingSet.build(data, split, features), Validation.build(data, split, features, recipe.views[0])


def taught_space(train, held, folder, recipe=TINY):
    """A space of photos in a run's folder, learnt or read."""
    lesson = PhotoSpaceLesson(train, held, recipe)
    for _ in run(lesson, lesson.loop_settings(LOOP), folder):
        pass
    load_best(lesson, folder)
    return lesson.space


def steps_of(lesson, folder, settings=LOOP):
    """The steps of a tower's run, going on where it stopped; its best weights are in the lesson then."""
    states = list(run(lesson, lesson.loop_settings(settings), folder))
    load_best(lesson, folder)
    return states


def first_tower(train, held, space, recipe=TINY):
    return SketchTowerLesson(train, held, recipe, space, moves_space=True)
