"""Pulling the small models of `tests.support.hub_server`, and what must be true afterwards."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from models.errors import NotHereError
from models.registry.download import pull
from models.registry.store import ModelStore
from models.registry.transfer import Retries
from tests.support.hub_server import CAPTIONER, CHECKPOINT, GENERATOR, SMALL_SETS

QUICK = Retries(attempts=4, first_delay_s=0.01)
FULL = SMALL_SETS["full"]
WANTED = {
    "captioner": CAPTIONER,
    "generator": {
        "model_index.json": GENERATOR["model_index.json"],
        "unet/config.json": GENERATOR["unet/config.json"],
        "unet/model.safetensors": GENERATOR["unet/model.fp16.safetensors"],
        "vae/model.safetensors": GENERATOR["vae/model.safetensors"],
    },
    "checkpoint": {"lora.pkl": CHECKPOINT},
}
TOTAL = sum(len(data) for files in WANTED.values() for data in files.values())


def get(store, server, *names, accept=lambda *_: True, **options):
    return pull(store, names or ["full"], accept=accept, endpoint=server.url, **{"retries": QUICK, **options})


def with_pin(store, name, path, **pin):
    """The same store, with a pin in the catalogue."""
    entry = store.entries[name]
    files = tuple(replace(f, **pin) if f.path == path else f for f in entry.files)
    return ModelStore(store.folder, {**store.entries, name: replace(entry, files=files)}, SMALL_SETS)


def files_below(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def after(store, count):
    """Cancel when so many bytes have come."""
    return lambda: sum(p.stat().st_size for p in store.folder.rglob("*") if p.is_file()) > count


def assert_whole(store, *names):
    for name in names:
        assert store.state(name).status == "complete"
        entry = store.entries[name]
        for path, data in WANTED[name].items():
            assert store.folder_of(name).joinpath(path).read_bytes() == data
            assert store.record(entry).files[path].sha256 == hashlib.sha256(data).hexdigest()


def assert_not_whole(store, name):
    assert store.state(name).status != "complete"
    with pytest.raises(NotHereError, match="sketch-app models pull full"):
        store.folder_of(name)
