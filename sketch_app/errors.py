"""What can go wrong in the application, each as one sentence a person can act on.

Errors of the camera and the phone live in `device.errors`, those of the gallery in `index.errors`.
"""

from __future__ import annotations


class SketchAppError(Exception):
    """Base of the application's own errors; its text is one sentence for the person using it."""


class SketchFileError(SketchAppError):
    """A sketch file cannot be read or written; the sentence names the file."""
