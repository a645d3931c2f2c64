"""One name for what data sets spell differently: case, separators, numbers, plurals, known synonyms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_BRACKETED = re.compile(r"\([^)]*\)")
_NUMBERED = re.compile(r"[\s_-]+\d+[\s_-]*$")
_SEPARATORS = re.compile(r"[^a-z0-9]+")

SAME: Mapping[str, str] = {
    "teddy": "teddybear",
    "tennisracket": "racket",
    "tennisracquet": "racket",
    "motorcycle": "motorbike",
    "aeroplane": "airplane",
    "crocodilian": "crocodile",
    "eyeglass": "glasses",
    "cellphone": "mobilephone",
    "television": "tv",
    "sofa": "couch",
    "doughnut": "donut",
    "speedboat": "motorboat",
    "wristwatch": "watch",
}
"""Folded names that mean the same class in Sketchy, TU-Berlin, Quick, Draw! and the program's own data."""


def fold_class(name: str) -> str:
    """A class name without what differs only in spelling: "Hot-air_balloons" and "hot air balloon 2" alike.

    What stands in brackets is left out: TU-Berlin's "mouse (animal)" is Sketchy's "mouse".
    """
    plain = _NUMBERED.sub("", _BRACKETED.sub("", name.lower()).strip(" _-"))
    folded = _SEPARATORS.sub("", plain) or _SEPARATORS.sub("", name.lower())
    for word in (folded, _singular(folded)):
        if word in SAME:
            return SAME[word]
    return _singular(folded)


def same_classes(one: Iterable[str], other: Iterable[str]) -> list[tuple[str, str]]:
    """The pairs of names, one from each side, that mean the same class; sorted."""
    by_fold: dict[str, list[str]] = {}
    for name in one:
        by_fold.setdefault(fold_class(name), []).append(name)
    return sorted((known, name) for name in set(other) for known in by_fold.get(fold_class(name), ()))


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 4 and word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
