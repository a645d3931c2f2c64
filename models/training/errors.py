"""What recipes raise."""


class TrainingError(Exception):
    """A run cannot go on; the message says why and what to do."""
