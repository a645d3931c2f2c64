"""The sentences of camera and gallery in the person's language: `device` and `index` know no translator."""

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
    return _said(reason, _patterns(), _words())


def sentence_in_words(sentence: str) -> str:
    """What camera or gallery have to say, in the language of the window; an unknown sentence stays as it is.

    Parameters
    ----------
    sentence : str
        Of an error of `device` or `index`, or of the capture's state.
    """
    first, retries, _ = sentence.partition(_RETRIES)
    said = _said(first, _sentence_patterns(), _sentence_words())
    if not retries:
        return said
    again = QCoreApplication.translate("Reasons", "Looking for it again …")
    return f"{said} {again}"


def _said(sentence: str, patterns: tuple[re.Pattern[str], ...], words: tuple[str, ...]) -> str:
    for pattern, translated in zip(patterns, words, strict=True):
        found = pattern.fullmatch(sentence)
        if found is not None:
            return translated.format(*found.groups())
    return sentence


_RETRIES = " Looking for it again ..."


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


@cache
def _sentence_patterns() -> tuple[re.Pattern[str], ...]:
    # In the order of `_sentence_words`.
    return tuple(
        re.compile(pattern, re.DOTALL)
        for pattern in (
            r"The camera (.+) could not be opened\. Plug it in.*",
            r"The camera (.+) stopped giving pictures\. Check its cable\.",
            r"No camera is called '(.+)'\. Cameras found: none\.",
            r"No camera is called '(.+)'\. Cameras found: (.+)\.",
            r"The video '(.+)' does not exist\.",
            r"The file '(.+)' is not a video that can be read; choose another\.",
            r"Opening the .+ \.\.\.",
            r"The .+ is over\.",
            r"The hand tracker could not be started \((.*)\)\. Install the program again.*",
            r"The gallery (.+) is being written by another process \(pid (\d+)\): wait until.*",
            r"The gallery (.+) is being written by .+: wait until.*",
            r"The folder (.+) is not there \(.*\): connect its disk.*",
            r"(.+) is not a folder(?: that can be opened: choose another one)?\.",
            r"The folder (.+) cannot be read: .*",
            r"The gallery folder (.+) cannot be (?:made|written) \((.*)\): .*",
            r"The gallery folder (.+) lies on a disk that cannot lock files.*",
            r"The gallery (.+) was written by a newer version of the program.*",
            r"The gallery database (.+) is damaged \(.*\): move it away; .*",
            r"The gallery database (.+) cannot be used: (.*)\.",
            r"The file (.+) is a database of another program: move it away or choose another folder\.",
            r"The photo is not on this computer at present\.",
        )
    )


def _sentence_words() -> tuple[str, ...]:
    translate = QCoreApplication.translate
    return (
        translate(
            "Reasons",
            "Camera {0} could not be opened. Plug it in, close other programs that use it, and allow this "
            "program to use the camera.",
        ),
        translate("Reasons", "Camera {0} stopped giving pictures. Check its cable."),
        translate("Reasons", "No camera is called “{0}”, and no other was found."),
        translate("Reasons", "No camera is called “{0}”. Cameras found: {1}."),
        translate("Reasons", "The video {0} does not exist."),
        translate("Reasons", "The file {0} is not a video that can be read. Choose another."),
        translate("Reasons", "The camera is starting."),
        translate("Reasons", "There are no more pictures."),
        translate("Reasons", "Hand tracking could not start ({0}). Install the program again."),
        translate(
            "Reasons",
            "Another program (process {1}) is writing to the gallery {0}. Wait until it has finished, "
            "or close it.",
        ),
        translate(
            "Reasons",
            "The gallery {0} is being written at the moment. Wait until that has finished.",
        ),
        translate(
            "Reasons",
            "The folder {0} is not there. Connect its disk, or take the folder out of the gallery.",
        ),
        translate("Reasons", "{0} is not a folder that can be opened. Choose another one."),
        translate("Reasons", "The folder {0} cannot be read. Check its permissions."),
        translate("Reasons", "The gallery’s folder {0} cannot be written ({1}). Choose another one."),
        translate(
            "Reasons", "The gallery’s folder {0} is on a disk that cannot lock files. Choose a local disk."
        ),
        translate("Reasons", "The gallery {0} was written by a newer version. Update the program."),
        translate(
            "Reasons",
            "The gallery’s database {0} is damaged. Move it away; your photos are untouched and can be "
            "read again.",
        ),
        translate("Reasons", "The gallery’s database {0} cannot be used ({1})."),
        translate("Reasons", "{0} belongs to another program. Choose another folder for the gallery."),
        translate("Reasons", "The photo is not on this computer at present."),
    )
