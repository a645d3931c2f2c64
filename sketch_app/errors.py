"""What can go wrong in the application, each as one sentence a person can act on.

Errors of the camera and the phone live in `device.errors`, those of the gallery in `index.errors`.
"""

from __future__ import annotations


class SketchAppError(Exception):
    """Base of the application's own errors; its text is one sentence for the person using it."""


class SketchFileError(SketchAppError):
    """A sketch file cannot be read or written; the sentence names the file."""


_OWN_PACKAGES = frozenset({"sketch_app", "index", "models", "device"})


def is_own_error(error: BaseException) -> bool:
    """Whether an error is one of ours, whose text is a sentence for people."""
    return type(error).__module__.split(".")[0] in _OWN_PACKAGES


def sentence_of(error: BaseException) -> str:
    """An error as one sentence for people: our own errors speak for themselves, others name their kind."""
    if is_own_error(error):
        return str(error)
    return f"Something went wrong ({type(error).__name__}: {error}). The log file has the details."
