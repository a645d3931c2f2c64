"""The full set with models of the person's own training: an adapter puts the sketch among DINOv2's photos."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from index.gallery import Gallery
from models.registry.importing import import_folder
from models.registry.store import ModelStore
from models.training.layouts import open_sketches_and_photos
from models.training.provenance import Base
from models.training.sketch_adapter import SketchAdapterLesson, SketchAdapterSettings
from models.training.sketch_adapter_export import export_sketch_adapter
from sketch_app.full_models import FullChoices, full_set
from sketch_app.model_store import full_set_entries
from sketch_app.raster import render_for_model
from sketch_app.search_types import SearchRequest, Stage
from sketch_app.settings import Settings
from sketch_app.workspace import Workspace
from tests.models.made_data import make_data
from tests.sketch_app.conftest import paths_below
from tests.sketch_app.demo_sketches import demo_sketch
from tests.support.tiny_dinov2 import write_tiny_dinov2
from tests.support.tiny_full_set import install_tiny_full_set, write_tiny_full_set
from tests.support.turned_encoder import write_turned_encoder


def write_adapter(folder, base, data):
    """As a run writes it, with factors that change much."""
    folder.mkdir()
    settings = SketchAdapterSettings(held_back=0.3)
    lesson = SketchAdapterLesson.open(open_sketches_and_photos(data), Base(base, "tiny"), settings, folder)
    torch.manual_seed(0)
    with torch.no_grad():
        for name, factor in lesson.network.named_parameters():
            if "lora_B" in name:
                factor.normal_(std=0.2)
    export_sketch_adapter(lesson, folder, {}, command="sketch-app train sketch-adapter")
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp("made") / "data", photos_a_class=5)


@pytest.fixture(scope="module")
def paths(home, data, tmp_path_factory):
    """A home with the tiny full set, an adapter for it, and a gallery of 25 photographs."""
    root = tmp_path_factory.mktemp("own")
    paths = paths_below(root)
    shutil.copytree(home.paths.default_gallery, paths.default_gallery)
    store = install_tiny_full_set(write_tiny_full_set(root / "carried"), paths.models)
    adapter = write_adapter(root / "run", store.folder_of("dinov2-small"), data)
    assert import_folder(store, adapter).imported == ("sketch-adapter",)
    return paths


def test_a_sketch_is_searched_among_the_photo_models_vectors_once_they_are_there(paths):
    workspace = Workspace(paths, for_now={"models": "full", "device": "cpu"})
    models = workspace.models
    request = SearchRequest(0, demo_sketch("cat"), 0, imagine=False)
    before = workspace.search.answer(request)
    assert before.stage is Stage.COMPLETE
    embedded = models.fast.read_sketch(render_for_model(request.sketch)).embedding[0]
    assert workspace.spaces.prepare().switched
    after = workspace.search.answer(request)
    adapted = models.sketches.encode_sketches([render_for_model(request.sketch)])[0]
    with Gallery.open(paths.default_gallery, write=False) as gallery:
        for update, space, vector in (
            (before, models.photos.model_id, embedded),
            (after, models.imagined.model_id, adapted),
        ):
            assert len(update.results) == 25
            for result in update.results:
                wanted = float(gallery.vector(result.photo_id, space) @ vector)
                assert result.signals["sketch"] == pytest.approx(wanted, abs=2e-3)
    assert [n.class_name for n in after.names] == [n.class_name for n in before.names]
    assert set(after.results[0].signals) == set(before.results[0].signals) == {"sketch", "class"}
    workspace.close()
    assert not models.sketches.model.is_loaded


def test_without_an_adapter_nothing_changes(paths, tmp_path):
    shutil.copytree(paths.models, tmp_path / "models")
    store = ModelStore(tmp_path / "models")
    assert full_set(store, FullChoices(device="cpu")).sketches is not None
    store.remove(["sketch-adapter"])
    assert full_set(store, FullChoices(device="cpu")).sketches is None


def test_an_adapter_for_another_photo_model_is_not_used_and_a_word_says_so(paths, data, tmp_path):
    shutil.copytree(paths.models, tmp_path / "models")
    store = ModelStore(tmp_path / "models")
    other = write_tiny_dinov2(tmp_path / "other", seed=9)
    assert import_folder(store, write_adapter(tmp_path / "run", other, data)).imported == ("sketch-adapter",)
    models = full_set(store, FullChoices(device="cpu"))
    assert models.sketches is None
    assert "it is not used" in models.words.take()
    np.testing.assert_equal(models.imagined.dimension, 48)


def test_an_own_encoder_is_the_fast_lane_of_the_full_set_too(paths, tmp_path):
    shutil.copytree(paths.models, tmp_path / "models")
    store = ModelStore(tmp_path / "models")
    written = write_turned_encoder(tmp_path / "run" / "encoder")
    programs = full_set(store, FullChoices(device="cpu"))
    assert programs.former is None
    assert import_folder(store, tmp_path / "run").imported == ("trained-encoder",)
    models = full_set(store, FullChoices(device="cpu"))
    assert models.photos is models.fast is models.classes
    assert models.photos.model_id.startswith(written.model_id)
    assert models.former.model_id == programs.photos.model_id
    serving = models.with_encoder(models.former)
    assert serving.photos is serving.fast is serving.classes is models.former
    assert serving.imagined is models.imagined
    here = {name: store.state(name) for name in ("trained-encoder", "sketch-adapter")}
    assert [e.name for e in full_set_entries(store, Settings(), here)][-2:] == list(here)


def test_an_own_captioner_makes_the_published_one_needless(paths):
    store = ModelStore(paths.models)
    here = {"trained-captioner": store.state("trained-captioner")}
    names = [e.name for e in full_set_entries(store, Settings(), here)]
    assert names == ["trained-captioner", "sd-turbo", "img2img-turbo-sketch", "dinov2-small"]
    own = [e.name for e in full_set_entries(store, Settings(captioner_weights="a"), here)]
    assert own[0] == "blip-image-captioning-base"


@pytest.mark.parametrize("settings", [Settings(), Settings(generator_weights="a")])
@pytest.mark.parametrize("brings_base", [True, False])
def test_an_own_generator_makes_needless_what_it_does_not_stand_on(paths, brings_base, settings):
    store = ModelStore(paths.models)
    state = replace(store.state("trained-generator"), status="complete", brings_base=brings_base)
    here = {"trained-generator": state, "sketch-adapter": store.state("sketch-adapter")}
    names = [e.name for e in full_set_entries(store, settings, here)]
    generator = ["trained-generator"] if brings_base else ["sd-turbo", "trained-generator"]
    if settings.generator_weights:
        generator = ["sd-turbo"]
    assert names == ["blip-image-captioning-base", *generator, "dinov2-small", "sketch-adapter"]
