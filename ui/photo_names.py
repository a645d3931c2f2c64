"""What a photo is called where people see it: an original from a phone lies here under a name of the
program's own, and keeps the phone's.
"""

from __future__ import annotations

from index.phone_photos import ORIGINALS_DIRECTORY, PHONE_DIRECTORY
from sketch_app.search_types import PhotoResult

_ORIGINALS = (PHONE_DIRECTORY, ORIGINALS_DIRECTORY)


def is_fetched(result: PhotoResult) -> bool:
    """Whether the photo's file on this computer is the original that came from a phone."""
    if result.path is None or not result.phones:
        return False
    return result.path.parts[-5:-3] == _ORIGINALS  # <gallery>/phone/originals/<year>/<month>/<name>


def shown_name(result: PhotoResult) -> str:
    """The file's name for people; empty for a photo that is nowhere."""
    if result.is_preview or is_fetched(result):
        return result.phones[0].file
    return result.path.name if result.path is not None else ""
