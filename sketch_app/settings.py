"""What the person chose, kept as one small JSON file. A torn or foreign file gives the defaults and a
word in the log.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from sketch_app.atomic_files import write_atomically

log = logging.getLogger(__name__)

_CHOICES = {"theme": ("system", "light", "dark"), "language": ("system", "en", "ko")}


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
    for field in fields(Settings):
        value = stored.get(field.name)
        if type(value) is not type(getattr(defaults, field.name)):
            continue
        if field.name in _CHOICES and value not in _CHOICES[field.name]:
            continue
        good[field.name] = value
    return Settings(**good)


def save_settings(path: Path, settings: Settings) -> None:
    """Replace the file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(asdict(settings), indent=2, ensure_ascii=False).encode())
