"""A person's own encoder in the program: imported, it serves every set's fast lane as soon as every photo has
a vector of it, and until then the program's own goes on serving.
"""

from __future__ import annotations

import json
import shutil

import pytest

from index.gallery import Gallery
from models.errors import WeightsError
from models.registry.importing import import_folder
from sketch_app.demo_gallery import make_demo_photos
from sketch_app.model_sets import embedded_set
from sketch_app.raster import render_for_model
from sketch_app.search_types import Feedback, SearchRequest
from sketch_app.sketch_files import save_json
from sketch_app.workspace import Workspace
from tests.sketch_app.conftest import paths_below
from tests.sketch_app.demo_sketches import demo_sketch
from tests.sketch_app.test_cli import sketch_app
from tests.support.turned_encoder import write_turned_encoder

ENCODER = "trained-encoder"


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "encoder"
    return folder, write_turned_encoder(folder).model_id


@pytest.fixture
def paths(home, tmp_path):
    paths = paths_below(tmp_path)
    shutil.copytree(home.paths.default_gallery, paths.default_gallery)
    return paths


@pytest.fixture
def opened(paths):
    """Workspaces of that home, one after the other."""
    workspaces = []

    def make(**for_now):
        workspaces.append(Workspace(paths, for_now=for_now or None))
        return workspaces[-1]

    yield make
    for workspace in workspaces:
        workspace.close()


def found(workspace, subject="cat"):
    """Names of the first three photos, whose order no rounding changes, and the models that the first one's
    signal may be of.
    """
    update = workspace.search.answer(SearchRequest(0, demo_sketch(subject), 0, imagine=False))
    first = update.results[0]
    sketch = render_for_model(demo_sketch(subject))
    spaces = []
    for encoder in (workspace.models.photos, workspace.models.former):
        vector = encoder and workspace._opened().vector(first.photo_id, encoder.model_id)
        if vector is not None:
            mine = float(vector @ encoder.read_sketch(sketch).embedding[0])
            if mine == pytest.approx(first.signals["sketch"], abs=2e-3):
                spaces.append(encoder.model_id)
    return [result.path.name for result in update.results[:3]], spaces


def test_the_programs_encoder_serves_until_every_photo_has_a_vector_of_the_own_one(opened, encoder):
    folder, model_id = encoder
    before = opened()
    names, (former,) = found(before)
    assert names[0] == "chelsea.png"
    assert before.models.former is None
    assert import_folder(before.store, folder).imported == (ENCODER,)

    workspace = opened()
    assert workspace.models.photos.model_id.startswith(model_id)
    assert workspace.fast_spaces.status().preparing
    assert found(workspace) == (names, [former])
    done = workspace.fast_spaces.prepare()
    assert done.switched
    assert done.report.embedded == 25
    assert found(workspace) == (names, [workspace.models.photos.model_id])

    # Gone again, the program's vectors are still there: it serves at once.
    workspace.store.remove([ENCODER])
    after = opened()
    assert found(after) == (names, [former])
    assert not after.fast_spaces.status().preparing


def test_it_takes_over_while_the_program_runs(opened, encoder):
    workspace = opened()
    workspace.fast_spaces.prepare()
    names, (former,) = found(workspace)
    import_folder(workspace.store, encoder[0])
    workspace.use_models(workspace.make_set("embedded"))
    assert found(workspace) == (names, [former])
    liked = workspace.search.answer(SearchRequest(0, demo_sketch("cat"), 0, like_photo=1))
    assert len(liked.results) == 24
    workspace.fast_spaces.prepare()
    assert found(workspace) == (names, [workspace.models.photos.model_id])
    feedback = Feedback(liked=(1,))
    both = workspace.search.answer(SearchRequest(0, demo_sketch("cat"), 0, feedback=feedback, imagine=False))
    assert all({"sketch", "photo", "class"} <= set(result.signals) for result in both.results)


def test_photos_that_are_added_are_found_with_it(opened, encoder, tmp_path):
    workspace = opened()
    import_folder(workspace.store, encoder[0])
    workspace.use_models(workspace.make_set("embedded"))
    workspace.fast_spaces.prepare()
    more = tmp_path / "more"
    more.mkdir()
    photo = make_demo_photos(tmp_path / "made") / "rocket.jpg"
    shutil.copy(photo, more / "another.jpg")
    (more / "another.jpg").write_bytes(photo.read_bytes() + b"0")  # another file with the same picture
    workspace.index_folder(more)
    assert "another.jpg" in found(workspace, "rocket")[0][:2]
    assert not workspace.fast_spaces.status().preparing


def test_vectors_of_an_encoder_that_is_no_longer_here_do_not_keep_photos_from_being_found(opened, paths):
    """As after an update of the program that brings other weights."""
    workspace = opened()
    workspace.fast_spaces.prepare()
    model_id = workspace.models.photos.model_id
    workspace.close()
    with Gallery.open(paths.default_gallery, write=True) as gallery, gallery.database.transaction() as rows:
        rows.execute("UPDATE models SET name = 'embedded-of-yore' WHERE name = ?", (model_id,))
    workspace = opened()
    assert workspace.fast_spaces.status().preparing
    workspace.fast_spaces.prepare()
    assert found(workspace)[0][0] == "chelsea.png"


def test_a_damaged_one_says_how_to_mend_it_or_to_go_back(opened, encoder):
    workspace = opened()
    import_folder(workspace.store, encoder[0])
    file = workspace.store.folder_of(ENCODER) / "encoder-photo.safetensors"
    size = file.stat().st_size
    file.write_bytes(bytes(size))  # of another size it would not count as here at all
    with pytest.raises(WeightsError, match=r"encoder-photo.*damaged.*models remove trained-encoder") as said:
        embedded_set(workspace.store.folder_of(ENCODER)).photos.model_id  # noqa: B018
    assert "Install" not in str(said.value)


def test_a_search_on_the_command_line_prepares_the_gallery_for_it(paths, encoder, tmp_path):
    def run(*words):
        done = sketch_app(tmp_path, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert ENCODER in run("models", "import", encoder[0])
    save_json(demo_sketch("cat"), tmp_path / "cat.json")
    (answer,) = [json.loads(run("search", tmp_path / "cat.json", "--json"))]
    assert answer["results"][0]["path"].endswith("chelsea.png")
    workspace = Workspace(paths)
    status = workspace.fast_spaces.status()
    workspace.close()
    assert status.settled
    assert status.serving.startswith(encoder[1])
