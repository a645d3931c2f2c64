"""Errors of the models: each message is a sentence that says what a person can do."""


class ModelError(Exception):
    """Base of all errors of this package."""


class WeightsError(ModelError):
    """A weights file is missing, damaged, or of another kind than asked for."""
