"""What a generator's pictures are worth: how they are recognised, how much they are like photographs, how
near they come to the photograph that a drawing was made from, and what they find.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics.pairwise import polynomial_kernel
from torch import Tensor

from models.training.dataset import Picture, SketchPhotoData
from models.training.generator import GeneratorLesson
from models.training.generator_data import middle_square
from models.training.line_drawings import line_drawing
from models.training.photo_classifier import PhotoClassifier, measured_classes, recognised
from models.training.picture_losses import perceptual_distance

PHOTOGRAPHS, DRAWN = "photographs", "drawings of photographs"
Subjects = Callable[[Sequence[NDArray[np.uint8]]], Sequence[str]]
"""Names sketches: the captioner that prompts."""
_PAIRS = 128
"""About so many drawings are made from held-back photographs."""
_BATCH = 32
_SEED = 1_000_003
"""Of those drawings, which are the same at every measurement."""


def measure_generator(
    lesson: GeneratorLesson, classifier: PhotoClassifier, *, captions: Subjects | None = None
) -> dict[str, dict[str, float]]:
    """Figures of the held-back sketches by how they were prompted: with their own class, with another one,
    and with what a captioner said.

    "recognised" is the share of pictures with a right ImageNet label among the classifier's first five, over
    the sketches of `photo_classifier.measured_classes` alone; "classes" are their number. "KID" is
    `kernel_distance` to the held-back photographs, in the classifier's features. Beside them stand, under
    "photographs", what those same photographs have, made as small as the pictures (KID between their halves);
    and, under "drawings of photographs", how far a picture is from the photograph that its drawing was made
    from, and from another one of that class; left out where no class has two of them.
    """
    held, side = lesson.held, lesson.settings.sides[-1][1]
    own = [name.replace("_", " ") for name in held.sketch_class]
    prompts = {"true prompt": own, "wrong prompt": _wrong(own)}
    if captions is not None:
        prompts["captioner's prompt"] = list(captions(held.sketches))
    photos = _squares(lesson.pairs.data, held.photos, side)
    seen_photos = classifier.features(photos)
    figures: dict[str, dict[str, float]] = {}
    for title, subjects in prompts.items():
        made = lesson.pictures_of(held.sketches, subjects, side=side)
        told: dict[str, float] = {"sketches": len(subjects)}
        if lesson.retrieval is not None:
            told |= lesson.retrieval(made, held.sketch_class)
        told |= _recognised(classifier, made, held.sketch_class)
        told[_kid(classifier)] = kernel_distance(classifier.features(made), seen_photos)
        figures[title] = told
    # Every other one: photographs of a class stand side by side.
    figures[PHOTOGRAPHS] = {
        "photographs": len(photos),
        **_recognised(classifier, photos, [p.class_name for p in held.photos]),
        _kid(classifier): kernel_distance(seen_photos[::2], seen_photos[1::2]),
    }
    nearness = _nearness(lesson, side)
    return {**figures, DRAWN: nearness} if nearness else figures


def kernel_distance(made: NDArray[np.float32], real: NDArray[np.float32]) -> float:
    """The kernel inception distance of two sets of features (n, d) and (m, d): the unbiased estimate of the
    squared maximum mean discrepancy under the kernel (x·y/d + 1)³ (Bińkowski et al. 2018, section 4), over
    all of them at once. It may be a little below nought; nan where a set has fewer than two.
    """
    n, m = len(made), len(real)
    if min(n, m) < 2:
        return float("nan")
    among, across = (polynomial_kernel(made.astype(np.float64), y, coef0=1) for y in (made, real))
    others = polynomial_kernel(real.astype(np.float64), real, coef0=1)
    own = (among.sum() - np.trace(among)) / (n * (n - 1))
    theirs = (others.sum() - np.trace(others)) / (m * (m - 1))
    return float(own + theirs - 2 * across.mean())


def _kid(classifier: PhotoClassifier) -> str:
    return f"KID ({classifier.name})"


def _recognised(classifier: PhotoClassifier, pictures: Tensor, classes: Sequence[str]) -> dict[str, float]:
    right = measured_classes()
    judged = [i for i, name in enumerate(classes) if name in right]
    if not judged:
        return {}
    names = [classes[i] for i in judged]
    hits = recognised(classifier.first_labels(pictures[judged]), names, right)
    return {"recognised": float(hits.mean()), "judged": len(judged), "classes": len(set(names))}


def _wrong(subjects: Sequence[str]) -> list[str]:
    """For each the next class in the alphabet, so that none is its own."""
    names = sorted(set(subjects))
    return [names[(names.index(subject) + 1) % len(names)] for subject in subjects]


def _squares(data: SketchPhotoData, photos: Sequence[Picture], side: int) -> Tensor:
    """The middle of each photo, (n, 3, side, side) in -1..1."""
    squares = [middle_square(data.photo_files.rgb(photo.name), side) for photo in photos]
    return torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2).float() / 127.5 - 1


@torch.no_grad()
def _nearness(lesson: GeneratorLesson, side: int) -> dict[str, float]:
    """Distances of pictures from the photographs that their drawings were made from, and from other ones of
    the same class: what the lines are worth beyond the words is the difference.
    """
    held, others = _pairs(lesson.held.photos)
    if not held:  # no class has two
        return {}
    photos = _squares(lesson.pairs.data, held, side)
    pixels = ((photos + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    drawings = [line_drawing(rgb, np.random.default_rng([_SEED, i])) for i, rgb in enumerate(pixels)]
    subjects = [p.class_name.replace("_", " ") for p in held]
    made = lesson.pictures_of(drawings, subjects, side=side)
    name = f"perceptual distance ({lesson.pictures.name})"
    told: dict[str, float] = {"pairs": len(held)}
    for title, wanted in (("", photos), (" to another", photos[others])):
        told[name + title] = float(_perceived(lesson, made, wanted).mean())
        told["squared difference" + title] = float((made - wanted).square().mean())
    return told


def _pairs(photos: Sequence[Picture]) -> tuple[list[Picture], list[int]]:
    """Some photographs of classes that have two or more, and for each the place of another of its class."""
    classes: dict[str, list[Picture]] = defaultdict(list)
    for photo in photos:
        classes[photo.class_name].append(photo)
    of_some = [own for own in classes.values() if len(own) > 1]
    each = max(2, _PAIRS // max(1, len(of_some)))
    chosen: list[Picture] = []
    others: list[int] = []
    for own in of_some[: _PAIRS // 2]:
        count, first = len(own[:each]), len(chosen)
        chosen += own[:each]
        others += [first + (k + 1) % count for k in range(count)]
    return chosen, others


def _perceived(lesson: GeneratorLesson, made: Tensor, wanted: Tensor) -> Tensor:
    """The perceptual distance of each picture, (n,), on the CPU."""
    return torch.cat(
        [
            perceptual_distance(lesson.pictures(a).maps, lesson.pictures(b).maps).cpu()
            for a, b in zip(
                made.to(lesson.device).split(_BATCH), wanted.to(lesson.device).split(_BATCH), strict=True
            )
        ]
    )
