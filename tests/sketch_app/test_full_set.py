"""The full set from end to end, on tiny randomly initialised models in the real layout: the chain, its
cancelling, its fallbacks, and files that would run code. What the pictures show means nothing here.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from index.gallery import Gallery
from models.errors import NotHereError, RefusedFileError, WeightsError
from models.registry.store import ModelStore
from sketch_app.commands import write_imagined
from sketch_app.errors import SketchAppError
from sketch_app.full_models import CHECKPOINT, FullChoices, full_set
from sketch_app.model_sets import EMBEDDED_PICTURE_SIDE
from sketch_app.raster import render_for_model
from sketch_app.search import SearchPipeline
from sketch_app.search_types import SearchRequest, Stage
from sketch_app.sketch_files import save_json
from sketch_app.workspace import Workspace
from tests.sketch_app.conftest import paths_below
from tests.sketch_app.demo_sketches import demo_sketch
from tests.sketch_app.test_cli import refused, sketch_app
from tests.support.tiny_blip import write_tiny_blip_adapter, write_tiny_blip_checkpoint
from tests.support.tiny_full_set import install_tiny_full_set, write_tiny_full_set
from tests.support.waiting import WAIT_S


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_tiny_full_set(tmp_path_factory.mktemp("carried"))


@pytest.fixture(scope="module")
def full_home(source, home, tmp_path_factory):
    """A home with the tiny models, and a copy of the gallery of 25 photographs."""
    root = tmp_path_factory.mktemp("full")
    paths = paths_below(root)
    shutil.copytree(home.paths.default_gallery, paths.default_gallery)
    install_tiny_full_set(source, paths.models)
    return paths


@pytest.fixture(scope="module")
def tiny(full_home):
    made = full_set(ModelStore(full_home.models), FullChoices(device="cpu"))
    yield made
    made.release()


@pytest.fixture
def store(source, tmp_path):
    """A store of one's own, to break."""
    return install_tiny_full_set(source, tmp_path / "models")


@pytest.fixture(scope="module")
def cat(tmp_path_factory):
    file = tmp_path_factory.mktemp("sketch") / "cat.json"
    save_json(demo_sketch("cat"), file)
    return file


def sketch():
    return render_for_model(demo_sketch("cat"))


def test_the_whole_chain_runs_in_one_process_each_stage_as_it_arrives(full_home):
    workspace = Workspace(full_home, for_now={"models": "full", "device": "cpu"})
    done = workspace.spaces.prepare()
    assert done.switched
    updates = list(workspace.search.stages(SearchRequest(0, demo_sketch("cat"), 0)))
    assert [u.stage for u in updates] == [Stage.FAST, Stage.CAPTIONED, Stage.GENERATED, Stage.COMPLETE]
    fast, captioned, generated, complete = updates
    assert fast.results[0].path.name == "chelsea.png"
    assert fast.generated is captioned.generated is None
    assert captioned.caption.endswith("into a high-resolution color image with a white background")
    assert generated.generated.shape == (256, 256, 3)
    assert generated.generated.std() > 0
    assert set(complete.results[0].signals) == {"sketch", "class", "generated"}
    assert "generated" not in fast.results[0].signals
    imagined = workspace.models.imagined.encode_photos([complete.generated])[0]
    with Gallery.open(full_home.default_gallery, write=False) as gallery:
        for result in complete.results[:5]:
            vector = gallery.vector(result.photo_id, workspace.models.imagined.model_id)
            assert result.signals["generated"] == pytest.approx(float(vector @ imagined), abs=2e-3)
    assert set(complete.stage_seconds) == {"caption", "generate", "embed"}
    workspace.close()


def test_every_model_is_loaded_once_whatever_is_asked(tiny, monkeypatch):
    loads = []
    for part in (tiny.captioner, tiny.generator, tiny.imagined):
        inner = part.model._load
        monkeypatch.setattr(
            part.model, "_load", lambda place, inner=inner: loads.append(inner) or inner(place)
        )
        part.model.release()
    for words in (None, "a bus"):
        tiny.captioner.name_sketch(sketch())
        picture = tiny.generator.generate(sketch(), words or "a cat", seed=0, strength=0.4, size=64)
        tiny.imagined.encode_photos([picture])
    assert len(loads) == 3
    tiny.release()
    assert not any(p.model.is_loaded for p in (tiny.captioner, tiny.generator, tiny.imagined))
    tiny.captioner.name_sketch(sketch())
    assert len(loads) == 4


def test_the_same_sketch_and_seed_give_the_same_picture_after_a_release_too(tiny):
    def made(seed):
        return tiny.generator.generate(sketch(), "a cat", seed=seed, strength=0.4, size=64)

    first = made(1)
    tiny.release()
    np.testing.assert_array_equal(made(1), first)
    assert (made(2) != first).any()


def test_a_new_stroke_cancels_what_is_running_within_one_stage(full_home, tiny):
    """The stages of the real generator ask, and the newer request's picture is the only one that comes."""
    generator = tiny.generator
    reached, go_on, stages = threading.Event(), threading.Event(), []

    class Watched:
        def generate(self, picture, prompt, *, cancelled, **how):
            def asked():
                stages.append(prompt)
                if len(stages) == 2:  # the text is embedded, the picture is not yet encoded
                    reached.set()
                    assert go_on.wait(WAIT_S)
                return cancelled()

            return generator.generate(picture, prompt, cancelled=asked, **how)

    updates, finished = [], threading.Event()
    with Gallery.open(full_home.default_gallery, write=False) as gallery:
        pipeline = SearchPipeline(replace(tiny, generator=Watched()), lambda: gallery)

        def told(update):
            updates.append(update)
            if update.stage is Stage.COMPLETE:
                finished.set()

        pipeline.on_update = told
        old = pipeline.submit(demo_sketch("cat"), 0, caption="old")
        assert reached.wait(WAIT_S)
        new = pipeline.submit(demo_sketch("moon"), 1, caption="new")
        go_on.set()
        assert finished.wait(WAIT_S)
        pipeline.close()
    assert sum("old" in prompt for prompt in stages) == 2  # no stage was begun after the new stroke
    pictured = [u.request.number for u in updates if u.generated is not None]
    assert old.number not in pictured
    assert new.number in pictured


def test_search_on_the_command_line_says_each_stage_and_writes_what_was_imagined(full_home, cat, tmp_path):
    root = full_home.data.parent
    done = sketch_app(
        root,
        *("search", cat, "--models", "full", "--device", "cpu", "--json", "--limit", "3"),
        *("--imagined", tmp_path / "imagined.png", "--sheet", tmp_path / "sheet.png"),
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert len(answer["results"]) == 3
    assert set(answer["results"][0]["signals"]) == {"sketch", "class", "generated"}
    lines = done.stderr.splitlines()
    assert "it looks like: cat" in lines[0]
    assert "convert a" in lines[1]
    assert "imagined a picture of 256 px" in lines[2]
    with Image.open(tmp_path / "imagined.png") as imagined:
        assert imagined.size == (256, 256)
    assert (tmp_path / "sheet.png").exists()


def test_the_persons_words_are_the_prompt_on_the_command_line(full_home, cat):
    done = sketch_app(
        full_home.data.parent,
        *("search", cat, "--models", "full", "--device", "cpu", "--json", "--caption", "a drawing of a bus"),
    )
    answer = json.loads(done.stdout)
    assert answer["caption"] == "convert a bus into a high-resolution color image with a white background"


def test_without_the_models_the_command_says_how_to_get_them(home, cat):
    done = sketch_app(home.root, "search", cat, "--models", "full")
    assert "sketch-app models pull full" in refused(done)
    assert "choose" in refused(sketch_app(home.root, "search", cat, "--models", "fulll"))


def test_the_embedded_set_imagines_a_small_picture(home, cat, tmp_path):
    done = sketch_app(home.root, "search", cat, "--json", "--imagined", tmp_path / "small.png")
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "small.png") as picture:
        assert picture.size == (EMBEDDED_PICTURE_SIDE,) * 2
        assert np.asarray(picture).std() > 10  # it shows something
    first = json.loads(done.stdout)["results"][0]
    assert {"sketch", "class", "generated"} <= set(first["signals"])


def test_a_picture_that_was_not_imagined_is_not_written(home, models, tmp_path):
    workspace = Workspace(home.paths, models=models)
    update = workspace.search.answer(SearchRequest(0, demo_sketch("cat"), 0, imagine=False))
    workspace.close()
    with pytest.raises(SketchAppError, match="Nothing was imagined"):
        write_imagined(update, tmp_path / "no.png")
    assert not (tmp_path / "no.png").exists()


def test_settings_that_name_missing_models_fall_back_to_the_embedded_ones_and_say_so(tmp_path):
    paths = paths_below(tmp_path)
    workspace = Workspace(paths)
    workspace.update_settings(models="full")
    again = Workspace(paths)
    assert again.models.name == "embedded"
    assert "models pull full" in again.models_problem
    with pytest.raises(NotHereError):
        Workspace(paths, for_now={"models": "full"})


def test_what_is_set_for_now_is_not_kept(tmp_path):
    paths = paths_below(tmp_path)
    workspace = Workspace(paths, for_now={"device": "cpu"})
    workspace.update_settings(theme="dark")
    assert workspace.settings.device == "cpu"
    assert Workspace(paths).settings.device == "auto"
    assert Workspace(paths).settings.theme == "dark"


def test_a_device_that_is_not_here_is_a_notice_and_the_fast_answer_stays(full_home):
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    workspace = Workspace(full_home, for_now={"models": "full", "device": "cuda"})
    update = workspace.search.answer(SearchRequest(0, demo_sketch("cat"), 0))
    assert update.stage is Stage.COMPLETE
    assert update.results[0].path.name == "chelsea.png"
    assert "CUDA" in update.notice
    workspace.close()


def test_a_picture_that_does_not_fit_is_made_in_tiles_then_smaller_with_a_word(tiny, monkeypatch):
    """Large pictures really run out of memory here: their last stage asks for more than any machine has."""
    from models.img2img_turbo.generator import Img2ImgTurbo

    plain = Img2ImgTurbo.generate

    def greedy(self, *args, size, **how):
        if size > 256:
            torch.empty(1 << 60, dtype=torch.uint8)
        return plain(self, *args, size=size, **how)

    monkeypatch.setattr(Img2ImgTurbo, "generate", greedy)
    picture = tiny.generator.generate(sketch(), "a cat", seed=0, strength=0.4, size=512)
    assert picture.shape == (256, 256, 3)
    said = tiny.words.take()
    assert "512 px on the processor: did not fit" in said
    assert "in tiles" in said
    assert "Now the picture at 256 px" in said


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"photo_model": "sd-turbo"}, "does not embed photos"),
        ({"photo_model": "dinov2-huge"}, "dinov2"),
        ({"photo_model": "dinov2-large"}, "models pull"),
    ],
)
def test_a_choice_that_cannot_be_used_is_a_sentence(full_home, choices, message):
    with pytest.raises(Exception, match=message):
        full_set(ModelStore(full_home.models), FullChoices(**choices))


def test_own_weights_that_are_not_there_are_a_sentence(full_home, tmp_path):
    for choice in ("captioner_weights", "generator_weights"):
        with pytest.raises(SketchAppError, match=r"none\.pt"):
            full_set(ModelStore(full_home.models), FullChoices(**{choice: tmp_path / "none.pt"}))


def test_fine_tuned_captioner_weights_change_the_captions(source, full_home, tmp_path):
    base = source / "blip-image-captioning-base"
    plain = full_set(ModelStore(full_home.models), FullChoices(device="cpu"))
    other = write_tiny_blip_checkpoint(tmp_path / "tuned.pt", base, seed=9)
    tuned = full_set(ModelStore(full_home.models), FullChoices(captioner_weights=other, device="cpu"))
    first, second = (s.captioner.name_sketch(sketch()) for s in (plain, tuned))
    assert [n.english for n in first] != [n.english for n in second]
    adapter = write_tiny_blip_adapter(tmp_path / "adapter", base)
    adapted = full_set(ModelStore(full_home.models), FullChoices(captioner_weights=adapter, device="cpu"))
    assert adapted.captioner.name_sketch(sketch())


class Trap:
    """Makes a folder where it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def booby_trapped(path, marker):
    torch.save({"model_state_dict": {"a": torch.ones(1)}, "rank_unet": Trap(marker)}, path)
    return path


@pytest.mark.parametrize("slot", ["captioner checkpoint", "own generator", "published generator", "adapter"])
def test_a_booby_trapped_pickle_in_any_slot_runs_nothing_and_is_named(store, tmp_path, slot):
    marker = tmp_path / "it ran"
    choices = FullChoices(device="cpu")
    if slot == "captioner checkpoint":
        trap = booby_trapped(tmp_path / "tuned.pt", marker)
        choices = replace(choices, captioner_weights=trap)
    elif slot == "own generator":
        trap = booby_trapped(tmp_path / "mine.pkl", marker)
        choices = replace(choices, generator_weights=trap)
    elif slot == "published generator":
        trap = booby_trapped(store.file_of(CHECKPOINT), marker)
        choices = replace(choices, generator_weights=trap)  # its size has changed: the store knows
    else:
        folder = tmp_path / "adapter"
        folder.mkdir()
        (folder / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 2}')
        trap = booby_trapped(folder / "adapter_model.bin", marker)
        choices = replace(choices, captioner_weights=folder)
    made = full_set(store if slot != "published generator" else _whole(store), choices)
    with pytest.raises(RefusedFileError) as caught:
        if "generator" in slot:
            made.generator.generate(sketch(), "a cat", seed=0, strength=0.4, size=64)
        else:
            made.captioner.name_sketch(sketch())
    assert str(trap) in str(caught.value)
    assert not marker.exists()
    torch.load(trap, weights_only=False)
    assert marker.exists()  # the trap is a real one


def _whole(store):
    """The store with the trap's size written into its record, as whoever replaced the file would do."""
    lock = store.folder / "models.lock.json"
    kept = json.loads(lock.read_text())
    for record in kept["models"][CHECKPOINT]["files"].values():
        record["size"] = (
            store.path_of(store.entries[CHECKPOINT], store.entries[CHECKPOINT].files[0]).stat().st_size
        )
    lock.write_text(json.dumps(kept))
    return store


def test_pickles_in_place_of_safetensors_are_refused_by_every_loader(store, tmp_path):
    marker = tmp_path / "it ran"
    for name, part in (
        ("blip-image-captioning-base", "model"),
        ("dinov2-small", "model"),
        ("sd-turbo", "unet/diffusion_pytorch_model"),
        ("sd-turbo", "text_encoder/model"),
    ):
        folder = store.folder_of(name)
        whole = folder / f"{part}.safetensors"
        kept = whole.read_bytes()
        made = full_set(store, FullChoices(device="cpu"))
        whole.unlink()
        trap = whole.with_suffix(".bin")
        trap.write_bytes(pickle.dumps(Trap(marker)))
        with pytest.raises(WeightsError) as caught:
            if name.startswith("blip"):
                made.captioner.name_sketch(sketch())
            elif name.startswith("dino"):
                made.imagined.encode_photos([np.zeros((64, 64, 3), np.uint8)])
            else:
                made.generator.generate(sketch(), "a cat", seed=0, strength=0.4, size=64)
        assert trap.name in str(caught.value) or whole.name in str(caught.value)
        assert not marker.exists()
        trap.unlink()
        whole.write_bytes(kept)


def test_a_safetensors_file_that_is_a_pickle_is_refused(store, tmp_path):
    marker = tmp_path / "it ran"
    made = full_set(store, FullChoices(device="cpu"))
    path = store.folder_of("dinov2-small") / "model.safetensors"
    path.write_bytes(pickle.dumps(Trap(marker)))
    with pytest.raises(WeightsError, match=r"model\.safetensors"):
        made.imagined.encode_photos([np.zeros((64, 64, 3), np.uint8)])
    assert not marker.exists()
