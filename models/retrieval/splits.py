"""The published splits into seen and unseen classes, the figures published on them, and what makes a split
wrong. The files of a data set are `models.retrieval.benchmarks`'.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from models.retrieval.class_folding import same_classes
from models.training.dataset import DatasetError


class SplitError(DatasetError):
    """Seen and unseen are not apart, or a list of classes cannot be used; the message names the classes."""


@dataclass(frozen=True)
class ZeroShotSplit:
    """A published split.

    Attributes
    ----------
    data_set : str
        "sketchy", "tuberlin" or "quickdraw".
    paper : str
        Who introduced it.
    sources : tuple of str
        Where the lists of classes were read.
    lists : tuple of str
        Folders in which public packages of the data set keep their lists of files for it.
    reported : tuple of str
        The measures that papers report on it: map_all, map_200, precision_100, precision_200.
    sketches, photos : int, optional
        Queries and gallery of the public lists (GitHub buptLinfy/ZSE-SBIR, data_utils/utils.py), photos that
        are listed twice counted twice; None where nobody says.
    imagenet : str
        Whether the unseen classes are among those that photo encoders were trained on.
    """

    name: str
    title: str
    data_set: str
    paper: str
    sources: tuple[str, ...]
    lists: tuple[str, ...]
    reported: tuple[str, ...]
    sketches: int | None
    photos: int | None
    imagenet: str
    seen: tuple[str, ...]
    unseen: tuple[str, ...]


@dataclass(frozen=True)
class Published:
    """What a paper reports on a split."""

    method: str
    paper: str
    figures: Mapping[str, float]


@cache
def zero_shot_splits() -> Mapping[str, ZeroShotSplit]:
    """All splits, by name."""
    found = {}
    for name, stored in _data("splits.json").items():
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in stored.items()}
        found[name] = ZeroShotSplit(name=name, **fields)
        check_apart(found[name].seen, found[name].unseen, name)
    return found


@cache
def published(split: str) -> tuple[Published, ...]:
    """The figures published on a split; none for a split of one's own."""
    return tuple(Published(**row) for row in _data("published.json")["protocols"].get(split, ()))


def published_source() -> str:
    """Where the figures of `published` were read."""
    return str(_data("published.json")["source"])


def check_apart(seen: Iterable[str], unseen: Iterable[str], where: str) -> None:
    """See that no class is on both sides, under whatever spelling.

    Raises
    ------
    SplitError
        The sentence names the classes and `where`.
    """
    both = same_classes(seen, unseen)
    if both:
        names = ", ".join(a if a == b else f"{a} and {b}" for a, b in both[:8])
        raise SplitError(
            f"{where}: {len(both)} {'classes are' if len(both) > 1 else 'class is'} both seen and unseen "
            f"({names}{', ...' if len(both) > 8 else ''}): put each on one side."
        )


def read_class_list(path: Path) -> tuple[str, ...]:
    """Names of classes, one a line; empty lines, and lines that begin with #, are passed over.

    Raises
    ------
    SplitError
        It cannot be read, names nothing, or names a class twice.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise SplitError(f"{path} cannot be read as a list of classes, one a line: {error}.") from error
    names = tuple(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))
    if not names:
        raise SplitError(f"{path} names no class: write one a line.")
    for i, name in enumerate(names):
        twice = same_classes(names[:i], (name,))
        if twice:
            raise SplitError(f"{path} names one class twice: {twice[0][0]} and {name}.")
    return names


@cache
def _data(name: str) -> dict[str, Any]:
    text = resources.files("models.retrieval").joinpath("data", name).read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded
