"""How a name from the phone is shown to a person. What is shown is never used as a path."""

from __future__ import annotations

import unicodedata

# Unicode's categories of controls, formats, surrogates, private and unassigned characters, and line ends.
_NOT_SHOWN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_JOINERS = {"\u200c", "\u200d", "\ufe0f"}  # emoji and several scripts are spelled with these


def shown(name: bytes, *, limit: int = 0) -> str:
    r"""Make a name readable on one line.

    Korean in its decomposed form is composed, bytes that are no UTF-8 appear as ``\xe9``, and characters that
    move the text about (line ends, right-to-left overrides) as their escapes.

    Parameters
    ----------
    name
        A name or path as the phone gave it.
    limit
        The most characters of the result, 0 for no limit; a longer one is cut in its middle.
    """
    text = unicodedata.normalize("NFC", name.decode("utf-8", "backslashreplace"))
    text = "".join(
        character
        if character in _JOINERS or unicodedata.category(character) not in _NOT_SHOWN
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
    if limit and len(text) > limit:
        kept = limit - 1
        text = f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"
    return text
