"""Errors of the models: each message is a sentence that says what a person can do."""


class ModelError(Exception):
    """Base of all errors of this package."""


class WeightsError(ModelError):
    """A weights file is missing, damaged, or of another kind than asked for."""


class RefusedFileError(WeightsError):
    """A file that could run code when it is opened, or that is no file of weights; nothing in it was run."""


class NotHereError(ModelError):
    """Weights that are not on this machine."""


class NetworkError(ModelError):
    """Something could not be fetched."""


class Cancelled(ModelError):
    """The result is no longer wanted; raised between the stages of a model's work."""
