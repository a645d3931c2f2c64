"""What a search is asked and what it answers: frozen records that cross threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from sketch_app.fusion import FusionWeights
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
class Feedback:
    """What the person said of photos found: more of this one, less of that one. Photo ids, oldest first."""

    liked: tuple[int, ...] = ()
    disliked: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.liked or self.disliked)

    def like(self, photo_id: int) -> Feedback:
        """With one more liked; the newest word on a photo counts, the same one again takes it back."""
        others = tuple(i for i in self.disliked if i != photo_id)
        return Feedback(_toggled(self.liked, photo_id), others)

    def dislike(self, photo_id: int) -> Feedback:
        """With one more disliked; see `like`."""
        others = tuple(i for i in self.liked if i != photo_id)
        return Feedback(others, _toggled(self.disliked, photo_id))


def _toggled(ids: tuple[int, ...], photo_id: int) -> tuple[int, ...]:
    return tuple(i for i in ids if i != photo_id) if photo_id in ids else (*ids, photo_id)


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
    caption: str | None = None
    """What the person says the sketch shows, in any words; the captioner is not asked then."""
    feedback: Feedback = Feedback()
    weights: FusionWeights | None = None
    """Of the signals; the program's own when not given."""
    imagine: bool = True
    """Whether the deep lane shall answer too."""


@dataclass(frozen=True, slots=True)
class PhonePlace:
    """Where a photo lies on a phone.

    Attributes
    ----------
    phone
        What people call the phone.
    album, file
        The folder's and the file's own name, as text for people.
    is_preview
        Only the small picture of it is on this computer.
    """

    phone: str
    album: str
    file: str
    is_preview: bool


@dataclass(frozen=True, slots=True)
class PhotoResult:
    """One photo of an answer, each photo once."""

    photo_id: int
    score: float
    """The weighted mean of the signals, about -1..1; what a person sees is `percent`."""
    path: Path | None
    """Where it lies now, the best place first; None when every place is gone."""
    other_paths: tuple[Path, ...]
    width: int
    height: int
    taken_at: datetime | None
    signals: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """What each signal said, by its name in `sketch_app.fusion`; one that is not known is left out."""
    phones: tuple[PhonePlace, ...] = ()
    """The phones it lies on."""

    @property
    def is_gone(self) -> bool:
        """Whether it lies nowhere any more."""
        return self.path is None and not self.phones

    @property
    def is_preview(self) -> bool:
        """Whether its original is on a phone alone."""
        return self.path is None and bool(self.phones)

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
    """The sentence the picture is imagined from."""
    generated: Rgb | None = None
    """(size, size, 3): the imagined picture, from the stage GENERATED on."""
    weights: FusionWeights | None = None
    """With which the results were ranked."""
    stage_seconds: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """How long each stage of the deep lane took: "caption", "generate", "embed"."""
    notice: str | None = None
    """What the deep lane could not do, in a sentence."""
