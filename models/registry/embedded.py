"""The SHA-256 of the weights that come with the program, in ``embedded.json`` beside this file.

After a change in ``checkpoints/`` run ``python -m models.registry.embedded``; a test holds the two together.
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

from models.registry.digests import sha256_of
from models.registry.entries import ModelFile

PACKAGE = "checkpoints"
PINS = Path(__file__).with_name("embedded.json")


def embedded_files() -> tuple[ModelFile, ...]:
    """The files of the package with their pins and sizes in bytes."""
    read = json.loads(PINS.read_text(encoding="utf-8"))
    return tuple(ModelFile(path, sha256=pin["sha256"], size=pin["size"]) for path, pin in read.items())


def package_folder(package: str = PACKAGE) -> Path:
    """Where an installed package of weights lies."""
    return Path(str(resources.files(package)))


def pinned_paths() -> list[Path]:
    """The weights, and every file of the generator but its card: its library goes on with what it takes for
    the default where a configuration is missing.
    """
    folder = package_folder()
    inner = (path for path in (folder / "generator").rglob("*") if path.is_file() and path.suffix != ".md")
    return sorted({*folder.glob("*.safetensors"), *inner})


def write_pins() -> None:
    """Read the package's files anew and write their pins."""
    folder = package_folder()
    pins = {
        path.relative_to(folder).as_posix(): {"sha256": sha256_of(path), "size": path.stat().st_size}
        for path in pinned_paths()
    }
    PINS.write_text(json.dumps(pins, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_pins()
