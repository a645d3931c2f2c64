"""The full set's models in small, at a hub on this machine: real names and terms, a few hundred kilobytes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from models.registry.catalogue import ENTRIES
from models.registry.entries import HubHome, ModelEntry, ModelFile
from models.registry.store import ModelStore
from sketch_app.workspace import Workspace
from tests.support.hub_server import HubServer, safetensors_bytes
from tests.ui.small_gallery import make_workspace

FULL = ("blip-image-captioning-base", "sd-turbo", "img2img-turbo-sketch", "dinov2-small")
PHOTO_MODELS = ("dinov2-small", "dinov2-base")
WEIGHTS = 200_000
"""Bytes of each model's weights, about."""


def files_of(name: str) -> dict[str, bytes]:
    """A model's files: weights of random bytes and, but for the checkpoint, a configuration."""
    number = [*FULL, *PHOTO_MODELS].index(name)
    weights = {"model.safetensors": safetensors_bytes(number, WEIGHTS)}
    if name == "img2img-turbo-sketch":
        return weights
    config = {"model_type": "dinov2", "hidden_size": 384} if name.startswith("dinov2") else {"number": number}
    configs = ["config.json", *(["preprocessor_config.json"] if name.startswith("dinov2") else [])]
    return {**{path: json.dumps(config).encode() for path in configs}, **weights}


def small_entries() -> dict[str, ModelEntry]:
    """The catalogue's entries with small files, unpinned."""
    entries = {}
    for name in dict.fromkeys((*FULL, *PHOTO_MODELS)):
        files = tuple(ModelFile(path) for path in files_of(name))
        entries[name] = replace(
            ENTRIES[name],
            home=HubHome(f"people/{name}"),
            files=files,
            revision=None,
            storage="",
            about_bytes=WEIGHTS,
        )
    return entries


def fill(server: HubServer) -> None:
    """Put every model on a server."""
    for name in small_entries():
        server.add_repo(f"people/{name}", files_of(name))


def write_models(folder: Path, names: tuple[str, ...] = FULL) -> Path:
    """Models as folders, for an import."""
    for name in names:
        (folder / name).mkdir(parents=True)
        for path, data in files_of(name).items():
            (folder / name / path).write_bytes(data)
    return folder


def make_models_workspace(home: Path, photos: Path | None = None) -> Workspace:
    """A workspace whose folder of models takes the small ones."""
    workspace = make_workspace(home, photos)
    workspace.store = ModelStore(workspace.paths.models, small_entries(), {"full": FULL})
    return workspace
