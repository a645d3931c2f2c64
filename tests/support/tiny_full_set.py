"""All models of the full set, tiny and randomly initialised, laid out and taken in as the real ones are."""

from __future__ import annotations

from pathlib import Path

from models.registry.catalogue import ENTRIES
from models.registry.importing import import_folder
from models.registry.store import ModelStore
from tests.support.hub_server import unpinned
from tests.support.tiny_blip import write_tiny_blip
from tests.support.tiny_dinov2 import write_tiny_dinov2
from tests.support.tiny_sd_turbo import write_tiny_checkpoint, write_tiny_sd_turbo

CHECKPOINT = Path("img2img-turbo") / "sketch_to_image_stochastic_lora.pkl"


def write_tiny_full_set(folder: Path, *, seed: int = 0) -> Path:
    """The four models as sub-folders, as somebody would carry them to a machine without internet."""
    write_tiny_blip(folder / "blip-image-captioning-base", seed=seed)
    base = write_tiny_sd_turbo(folder / "sd-turbo", seed=seed)
    (folder / CHECKPOINT).parent.mkdir(parents=True, exist_ok=True)
    write_tiny_checkpoint(folder / CHECKPOINT, base, seed=seed)
    write_tiny_dinov2(folder / "dinov2-small", seed=seed)
    return folder


def install_tiny_full_set(source: Path, store: Path) -> ModelStore:
    """Take them into a store that does not know the published files' hashes; once there, they are there."""
    import_folder(ModelStore(store, unpinned(ENTRIES)), source, ["full"])
    return ModelStore(store)
