"""What the sketch classes are called in each language. Which classes there are is decided by the weights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class ClassName:
    """A class in each language of the program."""

    english: str
    korean: str


@cache
def _table() -> dict[str, dict[str, str]]:
    text = resources.files("models").joinpath("data/class_names.json").read_text(encoding="utf-8")
    table: dict[str, dict[str, str]] = json.loads(text)
    return table


def class_name(name: str) -> ClassName:
    """The words for a class ("hot_air_balloon"); one that is not in the table is spelt out in English."""
    words = _table().get(name)
    if words is None:
        spelt = name.replace("_", " ")
        return ClassName(spelt, spelt)
    return ClassName(words["en"], words["ko"])
