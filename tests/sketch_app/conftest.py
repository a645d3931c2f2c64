"""The real embedded models, and a home whose gallery holds the demo's photographs, made once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from sketch_app.demo_gallery import make_demo_photos
from sketch_app.model_sets import ModelSet, embedded_set
from sketch_app.paths import AppPaths
from sketch_app.workspace import Workspace


@dataclass(frozen=True)
class Home:
    """What `SKETCH_APP_HOME` names, with an indexed gallery. Tests read it; none writes to it."""

    root: Path
    photos: Path
    paths: AppPaths


def paths_below(root: Path) -> AppPaths:
    """As `AppPaths.default` lays them out below `SKETCH_APP_HOME`."""
    return AppPaths(root / "config", root / "data", root / "logs", root / "pictures")


@pytest.fixture(scope="session")
def models() -> ModelSet:
    """The set that comes with the program, its weights loaded once."""
    return embedded_set()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, models: ModelSet) -> Home:
    """25 photographs, indexed."""
    root = tmp_path_factory.mktemp("home")
    photos = make_demo_photos(root / "photos")
    workspace = Workspace(paths_below(root), models=models)
    (report,) = workspace.index_folder(photos)
    workspace.close()
    assert report.added == 25
    return Home(root, photos, workspace.paths)
