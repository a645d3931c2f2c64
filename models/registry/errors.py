"""What can go wrong with the folder of models, beside the errors of `models.errors`."""

from __future__ import annotations

from models.errors import ModelError


class UnknownModelError(ModelError):
    """A name that is neither a model nor a set."""


class StoreError(ModelError):
    """The folder of models cannot be used: not writable, full, or its records are damaged or too new."""


class StoreBusyError(StoreError):
    """Another process is changing the folder of models."""


class LicenceNotAcceptedError(ModelError):
    """The terms of a model were shown and not accepted; nothing of it was fetched."""
