"""What a search is asked and what it answers: frozen records that cross threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from sketch_app.protocols import Grey, Rgb, SketchName
from sketch_app.sketch import Sketch


class Stage(StrEnum):
    """How far an answer has come. Each update holds all that is known so far."""

    FAST = "fast"
    """Sketch embedding and names: at every stroke's end."""
    CAPTIONED = "captioned"
    """The captioner has spoken (deep lane)."""
    GENERATED = "generated"
    """The picture is imagined (deep lane)."""
    COMPLETE = "complete"
    """Nothing more comes for this request."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which photos may answer; what is empty lets all through."""

    taken_from: datetime | None = None
    taken_to: datetime | None = None
    """Exclusive."""
    albums: frozenset[int] = frozenset()
    """Ids of `index.records.Album`."""
    kinds: frozenset[str] = frozenset()
    """Of "photo", "screenshot", "picture"."""


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """All that a search needs; newer `number`s win over older ones."""

    number: int
    sketch: Sketch
    revision: int
    """The document's revision that `sketch` was taken at: a result for another one is not shown."""
    filters: Filters = Filters()
    limit: int = 60
    like_photo: int | None = None
    """Photos like this one, in place of the sketch."""
    picture: Grey | None = None
    """A drawing that exists only as pixels, in place of the sketch."""


@dataclass(frozen=True, slots=True)
class PhotoResult:
    """One photo of an answer, each photo once."""

    photo_id: int
    score: float
    """Cosine similarity of the fused ranking, -1..1; what a person sees is `percent`."""
    path: Path | None
    """Where it lies now, the best place first; None when every place is gone."""
    other_paths: tuple[Path, ...]
    width: int
    height: int
    taken_at: datetime | None
    signals: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """What each signal said ("sketch", "class", ...), for the tooltip."""

    @property
    def percent(self) -> int:
        """Similarity for people: 0..100."""
        return max(0, min(100, round(100 * self.score)))


@dataclass(frozen=True, slots=True)
class SearchUpdate:
    """One step of an answer."""

    request: SearchRequest
    stage: Stage
    names: tuple[SketchName, ...]
    results: tuple[PhotoResult, ...]
    seconds: float
    """Since the request was submitted."""
    gallery_count: int
    """Photos that could have answered: 0 says that the gallery is empty."""
    caption: str | None = None
    generated: Rgb | None = None
