"""What the window needs of `models.registry`, which it may not import itself, and what settings ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from models.errors import Cancelled, ModelError, NetworkError
from models.registry.catalogue import SETS
from models.registry.download import PullReport, pull
from models.registry.entries import Licence, ModelEntry, Role
from models.registry.errors import LicenceNotAcceptedError
from models.registry.importing import ImportReport, import_folder
from models.registry.progress import PullProgress
from models.registry.store import EntryState, ModelStore, in_words
from models.registry.verification import Finding
from sketch_app.model_sets import TRAINED_ENCODER
from sketch_app.settings import Settings

__all__ = [
    "SETS",
    "TRAINED_ENCODER",
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
    store: ModelStore, settings: Settings, here: Mapping[str, EntryState] = MappingProxyType({})
) -> tuple[ModelEntry, ...]:
    """The models that the full set needs with the settings' choices: any generator that is here will do,
    a person's own captioner and generator stand in for the published ones, their encoder and an adapter for
    sketches join them, other weights for the generator make its published checkpoint needless, and the photo
    model is the chosen one.

    Parameters
    ----------
    here : mapping of str to EntryState
        The models that are whole.
    """
    from sketch_app.full_models import (
        FULL,
        PHOTO_MODEL,
        SKETCH_ADAPTER,
        TRAINED_CAPTIONER,
        TRAINED_GENERATOR,
    )

    chosen = store.entries.get(settings.photo_model, store.entries[PHOTO_MODEL])
    published = [e for e in store.entries.values() if e.role == "generator" and not e.is_own]
    generator = next((entry for entry in published if entry.name in here), None)
    own = None if settings.generator_weights else here.get(TRAINED_GENERATOR)
    needed = []
    for entry in store.select([FULL]):
        if entry.role == "generator":
            if own is None or not own.brings_base:
                needed.append(generator or entry)
        elif entry.role == "generator-checkpoint" and own is not None:
            needed.append(store.entries[TRAINED_GENERATOR])
        elif entry.role == "captioner" and TRAINED_CAPTIONER in here and not settings.captioner_weights:
            needed.append(store.entries[TRAINED_CAPTIONER])
        elif entry.role == "photo-embedder":
            needed.append(chosen)
        elif not (entry.role == "generator-checkpoint" and settings.generator_weights):
            needed.append(entry)
    needed += [store.entries[name] for name in (TRAINED_ENCODER, SKETCH_ADAPTER) if name in here]
    return tuple(needed)


def terms_to_accept(store: ModelStore, entries: Iterable[ModelEntry]) -> tuple[ModelEntry, ...]:
    """Those whose terms a person has not accepted yet.

    Raises
    ------
    models.errors.ModelError
        The store's records cannot be read.
    """
    return tuple(entry for entry in entries if store.record(entry).licence != entry.licence.name)
