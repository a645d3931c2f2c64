"""Where the program keeps its own files on this platform."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

_NAME = "sketch_app"


@dataclass(frozen=True, slots=True)
class AppPaths:
    """The program's folders; nothing is created until it is written to."""

    config: Path
    data: Path
    logs: Path
    pictures: Path
    autosave_name: str = "autosave"

    @classmethod
    def default(cls) -> AppPaths:
        """The platform's folders; ``SKETCH_APP_HOME`` puts all of them below one folder (tests, portable
        use).
        """
        home = os.environ.get("SKETCH_APP_HOME")
        if home:
            root = Path(home).expanduser()
            return cls(root / "config", root / "data", root / "logs", root / "pictures")
        dirs = platformdirs.PlatformDirs(_NAME, appauthor=False)
        return cls(
            dirs.user_config_path,
            dirs.user_data_path,
            dirs.user_log_path,
            platformdirs.user_pictures_path() / _NAME,
        )

    @property
    def settings_file(self) -> Path:
        """What the person chose."""
        return self.config / "settings.json"

    @property
    def default_gallery(self) -> Path:
        """The gallery the window opens."""
        return self.data / "gallery"

    @property
    def models(self) -> Path:
        """Weights that were fetched or imported."""
        return self.data / "models"

    @property
    def calibration_file(self) -> Path:
        """The ranking's weights as the person's own data gave them."""
        return self.config / "fusion.json"

    @property
    def autosave(self) -> Path:
        """The sketch in progress."""
        return self.data / self.autosave_name

    def gallery_of_folder(self, folder: Path) -> Path:
        """The gallery that belongs to one folder of photos, for ``--gallery FOLDER``: never inside that
        folder.
        """
        resolved = folder.resolve()
        digest = hashlib.sha256(os.fsencode(resolved)).hexdigest()[:12]
        safe = "".join(c if c.isalnum() else "-" for c in resolved.name)[:40]
        return self.data / "galleries" / f"{safe}-{digest}"
