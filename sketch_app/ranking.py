"""From what is known of a sketch to an ordered list of photos with all that a person is shown of them.

Every signal names its best photos; all that are named are then scored by every signal, and fused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sketch_app.fusion import FusionWeights, Signal, fuse
from sketch_app.protocols import ClassScorer, Embeddings
from sketch_app.search_types import Feedback, Filters, PhonePlace, PhotoResult

if TYPE_CHECKING:
    from index.gallery import Gallery
    from index.records import Location, SearchFilter

LEAST_CANDIDATES = 200
"""Photos that each signal names at least: a photo that no signal has among these is not looked for."""
DISLIKED_SHARE = 0.5
"""How much likeness to a disliked photo counts against likeness to a liked one. Rocchio's formula usually has
.2 (Manning et al. 2008, section 9.1.1); here a person sees at once what a no does."""


@dataclass(frozen=True)
class Question:
    """What photos shall be like, in each model's space; what is absent does not count.

    Attributes
    ----------
    space : str
        Id of the model of `classes` and of the feedback.
    sketch : array (dimension,)
        The sketch's vector.
    sketch_space : str
        Id of its model; `space` when empty.
    shares : mapping
        Class -> probability; `classes` knows where they lie.
    imagined : (str, array)
        The photo embedder's id, and the imagined picture's vector in its space.
    """

    space: str
    sketch: NDArray[np.float32] | None = None
    classes: ClassScorer | None = None
    shares: Mapping[str, float] = field(default_factory=dict)
    imagined: tuple[str, NDArray[np.float32]] | None = None
    sketch_space: str = ""
    feedback: Feedback = field(default_factory=Feedback)


def rank(
    gallery: Gallery, question: Question, weights: FusionWeights, *, filters: Filters, limit: int
) -> tuple[PhotoResult, ...]:
    """The photos that answer best. Those that the person liked or disliked are left out.

    Raises
    ------
    index.errors.GalleryError
        The gallery cannot be read.
    """
    towards = _feedback_vector(gallery, question)
    directions = _directions(question, towards, weights)
    named: dict[int, None] = {}
    among = _search_filter(filters)
    most = max(LEAST_CANDIDATES, 2 * limit)
    for model_id, vector in directions:
        named.update((hit.photo_id, None) for hit in gallery.search(model_id, vector, most, filter=among))
    for known in (*question.feedback.liked, *question.feedback.disliked):
        named.pop(known, None)
    ids = list(named)
    signals = _signals(gallery, question, towards, ids)
    scores = _scores(signals, weights, question.feedback)
    order = np.argsort(-scores, kind="stable")[:limit]
    return describe(
        gallery,
        [ids[i] for i in order],
        [float(scores[i]) for i in order],
        [{s.value: float(v[i]) for s, v in signals.items() if np.isfinite(v[i])} for i in order],
    )


def _scores(
    signals: Mapping[Signal, NDArray[np.float32]], weights: FusionWeights, feedback: Feedback
) -> NDArray[np.float32]:
    """The weighted mean of the signals. Where photos were disliked and none liked, the likeness to those is
    taken off, and photos that are unlike them keep their score.
    """
    others: dict[Signal, NDArray[np.float32]] = {s: v for s, v in signals.items() if s is not Signal.PHOTO}
    if feedback.liked or Signal.PHOTO not in signals or not others:
        return fuse(signals, weights)
    off = np.nan_to_num(signals[Signal.PHOTO])
    return np.asarray(fuse(others, weights) + np.float32(weights.photo) * off, np.float32)


def _directions(
    question: Question, towards: NDArray[np.float32] | None, weights: FusionWeights
) -> list[tuple[str, NDArray[np.float32]]]:
    """Where each signal that counts looks for its photos."""
    found: list[tuple[str, NDArray[np.float32]]] = []
    if question.sketch is not None and weights.sketch:
        found.append((question.sketch_space or question.space, question.sketch.reshape(-1)))
    if question.classes is not None and question.shares and weights.class_:
        found.append((question.space, question.classes.query(question.shares)))
    if towards is not None and weights.photo:
        found.append((question.space, towards))
    if question.imagined is not None and weights.generated:
        found.append(question.imagined)
    return found


def _signals(
    gallery: Gallery, question: Question, towards: NDArray[np.float32] | None, ids: list[int]
) -> dict[Signal, NDArray[np.float32]]:
    """What every signal says of each photo, also those that do not count: a person may look at them."""
    has_classes = question.classes is not None and bool(question.shares)
    elsewhere = question.sketch_space not in ("", question.space)
    here = None if elsewhere else question.sketch
    classes = (
        question.classes.query(question.shares) if question.classes is not None and has_classes else None
    )
    wide = next((v.size for v in (here, towards, classes) if v is not None), 0)
    vectors = _vectors(gallery, question.space, ids, wide)
    said: dict[Signal, NDArray[np.float32]] = {}
    if question.sketch is not None and elsewhere:
        said[Signal.SKETCH] = gallery.scores(question.sketch_space, question.sketch.reshape(-1), ids)
    elif question.sketch is not None:
        said[Signal.SKETCH] = vectors @ question.sketch.reshape(-1)
    if question.classes is not None and has_classes:
        said[Signal.CLASS] = question.classes.affinity(vectors, question.shares)
    if towards is not None:
        said[Signal.PHOTO] = vectors @ towards
    if question.imagined is not None:
        model_id, vector = question.imagined
        said[Signal.GENERATED] = gallery.scores(model_id, vector, ids)
    return said


def _vectors(gallery: Gallery, model_id: str, ids: Sequence[int], dimension: int) -> Embeddings:
    """(n, dimension) in the order of `ids`; rows of NaN for photos without a vector of this model."""
    found, rows = gallery.vectors(model_id, ids)
    out = np.full((len(ids), dimension), np.nan, np.float32)
    if len(found):
        place = {photo: i for i, photo in enumerate(ids)}
        out[[place[int(photo)] for photo in found]] = rows
    return out


def _feedback_vector(gallery: Gallery, question: Question) -> NDArray[np.float32] | None:
    """Towards the liked photos and away from the disliked (Rocchio 1971): photo @ this is the signal."""
    feedback = question.feedback
    if not feedback:
        return None
    total: NDArray[np.float32] | None = None
    for ids, sign in ((feedback.liked, 1.0), (feedback.disliked, -DISLIKED_SHARE)):
        _, rows = gallery.vectors(question.space, ids)
        if len(rows):
            mean = np.asarray(sign * rows.mean(0), np.float32)
            total = mean if total is None else total + mean
    return total


def describe(
    gallery: Gallery,
    ids: Sequence[int],
    scores: Sequence[float],
    signals: Sequence[Mapping[str, float]],
) -> tuple[PhotoResult, ...]:
    """Fill in what is known of each photo; one that has left the gallery meanwhile is left out."""
    from index.phone_files import phone_names

    photos = {photo.id: photo for photo in gallery.photos(ids)}
    results = []
    names: dict[str, str] = {}
    for photo_id, score, said in zip(ids, scores, signals, strict=True):
        photo = photos.get(photo_id)
        if photo is None:
            continue
        locations = gallery.locations(photo.id)
        paths = _paths(locations)
        phones = [place for place in locations if _is_on_phone(place)]
        if phones and not names:
            names = phone_names(gallery.database)
        if phones and not paths and not photo.is_preview:
            original = gallery.local_file(photo.id)
            paths = [] if original is None else [original]
        results.append(
            PhotoResult(
                photo_id=photo.id,
                score=score,
                path=paths[0] if paths else None,
                other_paths=tuple(paths[1:]),
                width=photo.width,
                height=photo.height,
                taken_at=photo.taken_at or photo.file_time,
                signals=MappingProxyType(dict(said)),
                phones=tuple(_phone_place(place, names, is_preview=not paths) for place in phones),
            )
        )
    return tuple(results)


def _is_on_phone(location: Location) -> bool:
    from index.phone_files import is_phone
    from index.records import LocationState

    return location.state is LocationState.PRESENT and is_phone(location.source)


def _phone_place(location: Location, names: Mapping[str, str], *, is_preview: bool) -> PhonePlace:
    from index.phone_files import PHONE_SEPARATOR, serial_of
    from index.records import display_path

    folder, _, file = location.path_bytes.rpartition(PHONE_SEPARATOR)
    album = folder.rsplit(PHONE_SEPARATOR, 1)[-1]
    phone = names.get(location.source) or serial_of(location.source)
    return PhonePlace(phone, display_path(album), display_path(file), is_preview)


def _paths(locations: Sequence[Location]) -> list[Path]:
    from index.records import FOLDER_SOURCE, LocationState

    return [p.path for p in locations if p.state is LocationState.PRESENT and p.source == FOLDER_SOURCE]


def _search_filter(filters: Filters) -> SearchFilter:
    from index.records import SearchFilter

    return SearchFilter(
        taken_from=filters.taken_from,
        taken_to=filters.taken_to,
        albums=filters.albums,
        kinds=filters.kinds,
    )
