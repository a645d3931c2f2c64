"""What the person chose, kept as one small JSON file. A torn or foreign file gives the defaults and a
word in the log.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from sketch_app.atomic_files import write_atomically
from sketch_app.errors import SketchAppError

log = logging.getLogger(__name__)

_CHOICES = {
    "theme": ("system", "light", "dark"),
    "language": ("system", "en", "ko"),
    "models": ("embedded", "full"),
    "phone_originals": ("previews", "some", "all"),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting with its default."""

    theme: str = "system"
    language: str = "system"
    camera: str = "0"
    """Index or name."""
    camera_on: bool = True
    mirrored: bool = True
    gallery: str = ""
    """Folder of the gallery; empty for the platform's own place."""
    last_folder: str = ""
    window_geometry: str = ""
    """Qt's own bytes, base64."""
    models: str = "embedded"
    """The set of models."""
    photo_model: str = "dinov2-small"
    """The photo embedder of the full set, by its name in the store."""
    captioner_weights: str = ""
    """File or folder of fine-tuned weights over the full set's captioner; empty for none."""
    generator_weights: str = ""
    """A checkpoint of Img2Img-Turbo over SD-Turbo; empty for the person's own generator where there is one,
    else for the published checkpoint.
    """
    device: str = "auto"
    """Where the full set runs: "auto", "cpu", "mps", "cuda", "cuda:1", ..."""
    imagine: bool = True
    """Whether searches imagine a picture, where the models can."""
    phone_originals: str = "previews"
    """What of a phone's photos is fetched: their previews, the newest originals too, or all."""
    phone_originals_gb: float = 10.0
    """How much "some" is."""
    phone_folders: list[str] = field(default_factory=list)
    """Folders that are fetched, and what is below them, as "SERIAL:/path"; none for all."""
    phone_folders_without: list[str] = field(default_factory=list)
    """Folders below those that are not, in the same form."""
    phone_auto_sync: bool = True
    """Whether a phone that was synced before is synced by itself when it is plugged in."""
    signal_weights: Mapping[str, float] = field(default_factory=dict)
    """The ranking's weights as the person set them, by signal; empty for the calibrated ones."""

    def with_(self, **changes: Any) -> Settings:
        """A copy with some settings changed."""
        return replace(self, **changes)


def load_settings(path: Path) -> Settings:
    """Read the settings; unknown names are ignored, values of a wrong type or choice keep their default."""
    if not path.exists():
        return Settings()
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(stored, dict):
            raise ValueError("not an object")
    except (OSError, ValueError) as error:
        log.warning("Could not read the settings in %s (%s): using the defaults.", path, error)
        return Settings()
    defaults = Settings()
    good: dict[str, Any] = {}
    for known in fields(Settings):
        value = stored.get(known.name)
        if type(value) is not type(getattr(defaults, known.name)):
            continue
        if known.name in _CHOICES and value not in _CHOICES[known.name]:
            continue
        if known.name == "signal_weights" and not _are_weights(value or {}):
            continue
        good[known.name] = value
    return Settings(**good)


def _are_weights(stored: Mapping[str, Any]) -> bool:
    from sketch_app.fusion import FusionWeights

    try:
        FusionWeights.from_dict(stored)
    except SketchAppError as error:
        log.warning("The weights in the settings are left out: %s", error)
        return False
    return True


def save_settings(path: Path, settings: Settings) -> None:
    """Replace the file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # ASCII: names of folders need not be text that UTF-8 can hold.
    write_atomically(path, json.dumps(asdict(settings), indent=2).encode())
