"""The full set in the window: tiny random models in the real layout, through the real loaders."""

from __future__ import annotations

import pytest

from sketch_app.demo_gallery import make_demo_photos
from sketch_app.paths import AppPaths
from sketch_app.search_types import Stage
from sketch_app.workspace import Workspace
from tests.sketch_app.demo_sketches import demo_sketch
from tests.support.tiny_full_set import install_tiny_full_set, write_tiny_full_set
from ui.main_window import MainWindow


@pytest.fixture
def workspace(tmp_path):
    paths = AppPaths(tmp_path / "config", tmp_path / "data", tmp_path / "logs", tmp_path / "pictures")
    install_tiny_full_set(write_tiny_full_set(tmp_path / "carried"), paths.models)
    made = Workspace(paths, for_now={"models": "full", "device": "cpu"})
    made.update_settings(camera_on=False)
    made.index_folder(make_demo_photos(tmp_path / "photos"))
    yield made
    made.close()


def test_each_stage_shows_as_it_arrives_and_the_gallery_is_prepared_meanwhile(qtbot, workspace):
    window = MainWindow(workspace)
    qtbot.addWidget(window)
    seen = []
    window.search.answered.connect(
        lambda update: seen.append((update.stage, window.imagined.isVisible(), update.generated is not None))
    )
    window.show()
    window.start()
    qtbot.waitUntil(lambda: bool(window.photos.photo_count))
    model_id = workspace.models.imagined.model_id
    qtbot.waitUntil(lambda: workspace.spaces.status().settled)
    window.document.replace(demo_sketch("cat"))
    qtbot.waitUntil(lambda: bool(seen) and seen[-1][0] is Stage.COMPLETE)
    stages = list(dict.fromkeys(stage for stage, _, _ in seen))
    assert stages == [Stage.FAST, Stage.CAPTIONED, Stage.GENERATED, Stage.COMPLETE]
    assert all(visible for _, visible, _ in seen)
    first = window.results.grid.model().results[0]
    assert first.path.name == "chelsea.png"
    assert "generated" in first.signals
    assert model_id in workspace.spaces.serving().model_id
    window.search.search_as("a red bus")
    qtbot.waitUntil(lambda: not window.search.waiting)
    assert window.imagined.subject == "a red bus"
    window.close()
