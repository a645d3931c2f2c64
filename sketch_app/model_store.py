"""What the window needs of `models.registry`, which it may not import itself, and what settings ask for."""

from __future__ import annotations

from collections.abc import Container, Iterable

from models.errors import Cancelled, ModelError, NetworkError
from models.registry.catalogue import SETS
from models.registry.download import PullReport, pull
from models.registry.entries import Licence, ModelEntry, Role
from models.registry.errors import LicenceNotAcceptedError
from models.registry.importing import ImportReport, import_folder
from models.registry.progress import PullProgress
from models.registry.store import EntryState, ModelStore, in_words
from models.registry.verification import Finding
from sketch_app.settings import Settings

__all__ = [
    "SETS",
    "Cancelled",
    "EntryState",
    "Finding",
    "ImportReport",
    "Licence",
    "LicenceNotAcceptedError",
    "ModelEntry",
    "ModelError",
    "ModelStore",
    "NetworkError",
    "PullProgress",
    "PullReport",
    "Role",
    "full_set_entries",
    "import_folder",
    "in_words",
    "pull",
    "terms_to_accept",
]


def full_set_entries(
    store: ModelStore, settings: Settings, here: Container[str] = ()
) -> tuple[ModelEntry, ...]:
    """The models that the full set needs with the settings' choices: any generator that is here will do,
    a person's own captioner stands in for the published one, other weights for the generator make its
    published checkpoint needless, and the photo model is the chosen one.

    Parameters
    ----------
    here : container of str
        Names of the models that are whole.
    """
    from sketch_app.full_models import FULL, PHOTO_MODEL, TRAINED_CAPTIONER

    chosen = store.entries.get(settings.photo_model, store.entries[PHOTO_MODEL])
    generators = [entry for entry in store.entries.values() if entry.role == "generator"]
    generator = next((entry for entry in generators if entry.name in here), None)
    needed = []
    for entry in store.select([FULL]):
        if entry.role == "generator":
            needed.append(generator or entry)
        elif entry.role == "captioner" and TRAINED_CAPTIONER in here and not settings.captioner_weights:
            needed.append(store.entries[TRAINED_CAPTIONER])
        elif entry.role == "photo-embedder":
            needed.append(chosen)
        elif not (entry.role == "generator-checkpoint" and settings.generator_weights):
            needed.append(entry)
    return tuple(needed)


def terms_to_accept(store: ModelStore, entries: Iterable[ModelEntry]) -> tuple[ModelEntry, ...]:
    """Those whose terms a person has not accepted yet.

    Raises
    ------
    models.errors.ModelError
        The store's records cannot be read.
    """
    return tuple(entry for entry in entries if store.record(entry).licence != entry.licence.name)
