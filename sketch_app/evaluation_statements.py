"""What the figures of ``sketch-app evaluate`` do and do not say, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from sketch_app.benchmark_run import BenchmarkResult
from sketch_app.signal_measurement import FUSED


def heading(result: BenchmarkResult) -> str:
    """What was measured, and whether the weights had been taught it."""
    b = result.benchmark
    return f"{b.title}: {len(b.queries)} queries, {len(b.gallery)} photos ({seen_label(result)})"


def seen_label(result: BenchmarkResult) -> str:
    """Whether the unseen classes are unseen by these weights too: never silently "zero-shot"."""
    unseen = result.benchmark.unseen
    if not unseen:
        return "not zero-shot"
    if result.taught is None:
        return "NOT KNOWN whether seen by these weights"
    taught = result.taught.among(unseen)
    if not taught:
        return "zero-shot for these weights"
    return f"SEEN BY THESE WEIGHTS: taught {len(taught)} of the {len(unseen)} unseen classes"


def instances_line(result: BenchmarkResult) -> str:
    """Whether the very photo could be asked for."""
    if not result.labels.has_instances:
        return (
            "Instances cannot be measured: no sketch is named <photo>-<number> after a photo of the gallery."
        )
    known = result.rows[0].figures["acc_1"].queries
    return (
        f"Instances: {known} of {len(result.benchmark.queries)} sketches have their own photo in the gallery."
    )


def not_comparable(result: BenchmarkResult) -> list[str]:
    """Why the figures are not simply better or worse than published ones; a sentence each."""
    return [*_about_training(result), *_about_data(result), *_about_computing(result)]


def _about_training(result: BenchmarkResult) -> Iterator[str]:
    b = result.benchmark
    if not b.unseen:
        yield "The classes are seen ones; published zero-shot figures are about unseen classes."
    elif result.taught is None:
        yield "These weights do not say which classes they were taught."
    else:
        taught = result.taught.among(b.unseen)
        if taught:
            drawn = result.taught.among(b.unseen, drawn=True)
            alone = f" ({len(taught) - len(drawn)} of them from photos alone)" if drawn != taught else ""
            yield (
                f"Of the unseen classes these weights were taught {len(taught)}{alone}: {_some(taught)}. "
                "Figures on those are of seen classes, perhaps of the very pictures that trained."
            )
    if result.taught is not None:
        yield (
            "The embedded encoder was trained on several data sets, its photo side on ImageNet-1k before "
            "(checkpoints/README.md); published methods train on the seen classes of the one data set, from "
            "networks that were trained on ImageNet, too."
        )
    if b.split is not None:
        yield b.split.imagenet


def _about_data(result: BenchmarkResult) -> Iterator[str]:
    b, split = result.benchmark, result.benchmark.split
    if split is not None and split.photos is not None:
        if (len(b.queries), len(b.gallery)) != (split.sketches, split.photos):
            yield (
                f"Papers ask {split.sketches:,} sketches of {split.photos:,} photos; here it is "
                f"{len(b.queries):,} of {len(b.gallery):,}. A smaller gallery is an easier one."
            )
    elif split is not None:
        yield f"Here {len(b.queries):,} sketches are asked of {len(b.gallery):,} photos; papers do not agree."
    yield (
        f"The photos have {result.photo_side} px on their shorter side (median of a sample); papers scale "
        "theirs to 224 px."
    )
    lone = int((~np.isin(result.labels.query_class, result.labels.photo_class)).sum())
    if lone:
        yield f"{lone} sketches have no photo of their class in the gallery and count as nought."


def _about_computing(result: BenchmarkResult) -> Iterator[str]:
    if result.benchmark.split is not None:
        yield (
            "SAKE, ZSE-SBIR and those who use their code compute AP from interpolated precision, and mAP@200 "
            "divided by min(200, relevant): “interpolated” below is that."
        )
    if not math.isnan(result.rows[0].figures["map_all"].low):
        yield "Intervals are over the queries (percentile bootstrap); another gallery may differ by more."
    if any(row.name == FUSED for row in result.rows) and result.calibration.note:
        yield f"The weights of the fused ranking come from: {result.calibration.note}"


def _some(names: Sequence[str], count: int = 8) -> str:
    return ", ".join(names[:count]) + (", ..." if len(names) > count else "")
