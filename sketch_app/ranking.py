"""From vectors to an ordered list of photos with all that a person is shown of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from sketch_app.protocols import Embeddings
from sketch_app.search_types import Filters, PhotoResult

if TYPE_CHECKING:
    from index.gallery import Gallery
    from index.records import Hit, Location, SearchFilter


def rank_by_vector(
    gallery: Gallery,
    model_id: str,
    vector: Embeddings,
    *,
    filters: Filters,
    limit: int,
    signal: str,
    without: int | None = None,
) -> tuple[PhotoResult, ...]:
    """The photos most like one vector.

    Parameters
    ----------
    vector : array (d,) or (1, d)
        In the space of `model_id`.
    signal : str
        What the score is called among the result's signals: "sketch", "photo", ...
    without : int, optional
        A photo that is left out: the one that others shall be like.
    """
    hits = gallery.search(
        model_id,
        vector.reshape(-1),
        limit + (without is not None),
        filter=_search_filter(filters),
    )
    kept = [hit for hit in hits if hit.photo_id != without][:limit]
    return describe(gallery, kept, signal=signal)


def describe(gallery: Gallery, hits: Sequence[Hit], *, signal: str) -> tuple[PhotoResult, ...]:
    """Fill in what is known of each photo; one that has left the gallery meanwhile is left out."""
    photos = {photo.id: photo for photo in gallery.photos([hit.photo_id for hit in hits])}
    results = []
    for hit in hits:
        photo = photos.get(hit.photo_id)
        if photo is None:
            continue
        paths = _paths(gallery.locations(photo.id))
        results.append(
            PhotoResult(
                photo_id=photo.id,
                score=hit.score,
                path=paths[0] if paths else None,
                other_paths=tuple(paths[1:]),
                width=photo.width,
                height=photo.height,
                taken_at=photo.taken_at or photo.file_time,
                signals=MappingProxyType({signal: hit.score}),
            )
        )
    return tuple(results)


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
