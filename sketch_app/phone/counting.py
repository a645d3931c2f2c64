"""What the gallery holds of phones, and the room its disk has, counted. What cannot be counted is left out,
with a word in the log.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sketch_app.phone.protocols import PhoneAccess
from sketch_app.phone.states import LeftOriginals

if TYPE_CHECKING:
    from index.phone_files import PhoneSummary

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PhoneCounts:
    """The outcome of a count.

    Attributes
    ----------
    phones
        Every phone that was ever synced.
    left
        Originals that no phone has any more; None where there are none.
    free_bytes
        On the disk with the gallery, or None.
    """

    phones: Sequence[PhoneSummary]
    left: LeftOriginals | None
    free_bytes: int | None


def count_phones(access: PhoneAccess, directory: Path) -> PhoneCounts:
    """Count the gallery in `directory`, to which `access` leads."""
    phones: Sequence[PhoneSummary] = ()
    left: LeftOriginals | None = None
    free: int | None = None
    try:
        phones = access.summaries()
        left = access.left_originals()
    except Exception as error:
        log.warning("The phones in the gallery cannot be counted: %s", error)
    with contextlib.suppress(OSError):
        free = shutil.disk_usage(directory).free
    return PhoneCounts(phones, left if left is not None and left.count else None, free)
