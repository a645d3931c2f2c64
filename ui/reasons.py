"""The sentences of the gallery in the person's language: `index` speaks English and knows no translator."""

from __future__ import annotations

import re
from functools import cache

from PySide6.QtCore import QCoreApplication


def reason_in_words(reason: str) -> str:
    """Why a file was skipped, in the language of the window; an unknown reason stays as it is.

    Parameters
    ----------
    reason : str
        As `index.errors.DecodeError` gives it.
    """
    for pattern, words in zip(_patterns(), _words(), strict=True):
        found = pattern.fullmatch(reason)
        if found is not None:
            return words.format(*found.groups())
    return reason


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    # In the order of `_words`.
    return tuple(
        re.compile(pattern, re.DOTALL)
        for pattern in (
            r"The file is empty\.",
            r"The file is larger than (\d+) MB\.",
            r"Its content is not a photo of a known format\.",
            r"The (\w+) file is damaged or cut short.*",
            r"It cannot be (?:read|opened) \((.*)\)\.",
            r"There is not enough memory to decode it\.",
            r"This installation cannot decode (\w+) files\.",
            r"The picture has no pixels\.",
            r"The picture is too large: (\d+) x (\d+) pixels.*",
            r"It is still being written\.",
            r"It is no longer a file\.",
        )
    )


def _words() -> tuple[str, ...]:
    translate = QCoreApplication.translate
    return (
        translate("Reasons", "The file is empty."),
        translate("Reasons", "The file is larger than {0} MB."),
        translate("Reasons", "The content is not a photo of a known format."),
        translate("Reasons", "The {0} file is damaged or cut short."),
        translate("Reasons", "The file cannot be read ({0})."),
        translate("Reasons", "There is not enough memory to read it."),
        translate("Reasons", "This computer cannot read {0} files."),
        translate("Reasons", "The picture has no pixels."),
        translate("Reasons", "The picture is too large for this computer’s memory ({0} × {1} pixels)."),
        translate("Reasons", "The file is still being written."),
        translate("Reasons", "It is no longer a file."),
    )
