"""The captioner's recipe on a tiny BLIP: what learns, what it learns, and that the program takes it."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from models.caption_sentence import caption_sentence
from models.captioner import BlipCaptioner
from models.errors import WeightsError
from models.registry.catalogue import ENTRIES
from models.registry.importing import import_folder
from models.registry.store import ModelStore
from models.training.captioner import CaptionerLesson, CaptionerSettings, CaptionerSplit, warped
from models.training.captioner_export import export_captioner, measure_captioner, report_captioner
from models.training.dataset import DatasetError
from models.training.errors import TrainingError
from models.training.layouts import open_captioned
from models.training.loop import History, LoopSettings, load_best, run
from models.training.provenance import Base
from sketch_app.full_models import FullChoices, full_set
from tests.models.training.made_sketches import WORDS, make_captioned, make_class_folders, sketch_of
from tests.support.hub_server import unpinned
from tests.support.tiny_blip import write_tiny_blip
from tests.support.tiny_full_set import install_tiny_full_set, write_tiny_full_set

THREE = ("cat", "cup", "bicycle")
BY_HEART = {"held_back": 0.0, "batch": 6, "seed": 1}


def taught(data, base, settings, folder, *, steps):
    lesson = CaptionerLesson.open(open_captioned(data), Base(base, "tiny"), settings)
    loop = LoopSettings(steps=steps, warmup=steps // 10, validate_every=steps // 2, seed=settings.seed)
    told = list(run(lesson, loop, folder))
    load_best(lesson, folder)
    return lesson, told


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Networks this small are several times slower on two."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return write_tiny_blip(tmp_path_factory.mktemp("blip") / "base")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_class_folders(tmp_path_factory.mktemp("data") / "sketches", THREE)


@pytest.fixture(scope="module")
def full(base, data, tmp_path_factory):
    """All weights, taught three classes by heart: the run's folder, what was told, and the figures."""
    out = tmp_path_factory.mktemp("full")
    settings = CaptionerSettings(method="full", rate=1.5e-3, **BY_HEART)
    lesson, told = taught(data, base, settings, out, steps=260)
    figures = measure_captioner(lesson)
    report_captioner(lesson, out / "report", figures, History.read(out))
    export_captioner(lesson, out, figures, command="sketch-app train captioner --data sketches")
    return out, told, figures


@pytest.fixture(scope="module")
def swapped(tmp_path_factory):
    """The same drawings under one another's names."""
    drawings = {"cat": "coffee cup", "cup": "motorbike", "bicycle": "cat"}
    return make_class_folders(tmp_path_factory.mktemp("data") / "swapped", THREE, drawings=drawings)


@pytest.fixture(scope="module")
def lora(full, swapped, tmp_path_factory):
    """An adapter over those, taught the other names: before, after and where it was written."""
    out = tmp_path_factory.mktemp("lora")
    settings = CaptionerSettings(rate=3e-3, **BY_HEART)
    base = full[0] / "captioner"
    before = CaptionerLesson.open(open_captioned(swapped), Base(base, "tiny"), settings)
    start = {k: v.clone() for k, v in before.network.state_dict().items()}
    first = before.validate()
    lesson, _ = taught(swapped, base, settings, out, steps=200)
    after = {k: v.clone() for k, v in lesson.network.state_dict().items()}
    figures = measure_captioner(lesson)
    export_captioner(lesson, out, figures, command="sketch-app train captioner")
    return out, start, after, first, figures


def test_all_weights_learn_the_pictures_by_heart(full):
    _, told, figures = full
    assert figures["training pictures"] == {
        "class": 1.0,
        "exact": 1.0,
        "loss": pytest.approx(0, abs=0.15),
        "pictures": 12,
    }
    assert told[0].losses["words"] > 4


def test_what_was_taught_is_said_by_the_program(full, data):
    captioner = BlipCaptioner.load(full[0] / "captioner")
    for name in THREE:
        with Image.open(data / name / f"{name}_0-1.png") as picture:
            assert captioner.captions(np.asarray(picture))[0].text == caption_sentence(name)


def test_an_adapter_learns_other_names_by_heart(lora):
    *_, first, figures = lora
    assert first["exact"] == 0.0
    assert figures["training pictures"]["exact"] == 1.0


def test_only_the_adapter_moves(lora):
    _, start, after, *_ = lora
    moved = {k for k, v in after.items() if not torch.equal(v, start[k])}
    factors = {k for k in after if "lora_" in k}
    assert moved == factors
    adapted = {k.split(".lora_")[0].rsplit(".", 1)[1] for k in factors}
    assert adapted == {"query", "value", "qkv"}
    assert any("crossattention" in k for k in factors)
    assert any("vision_model" in k for k in factors)


def test_the_adapter_alone_over_its_base_is_the_whole_model(lora, full, swapped):
    out = lora[0]
    whole = BlipCaptioner.load(out / "captioner")
    alone = BlipCaptioner.load(full[0] / "captioner", fine_tuned=out / "adapter")
    with Image.open(swapped / "cup" / "cup_1-2.png") as picture:
        sketch = np.asarray(picture)
    ours, theirs = whole.captions(sketch), alone.captions(sketch)
    assert ours[0].text == caption_sentence("cup") == theirs[0].text
    assert [c.probability for c in ours] == pytest.approx([c.probability for c in theirs], abs=1e-4)


def test_what_is_written_has_the_layout_of_its_home(full, base):
    out, _, figures = full
    wanted = {f.path for f in ENTRIES["blip-image-captioning-base"].files}
    assert {p.name for p in (out / "captioner").iterdir()} == {*wanted, "README.md", "training.json"}
    assert (
        load_file(out / "captioner" / "model.safetensors").keys()
        == load_file(base / "model.safetensors").keys()
    )
    record = json.loads((out / "captioner" / "training.json").read_text())
    assert record["kind"] == "captioner"
    assert record["figures"] == figures
    card = (out / "captioner" / "README.md").read_text()
    assert "base_model: tiny" in card
    assert "sketch-app train captioner --data sketches" in card
    assert {p.name for p in (out / "report").iterdir()} == {"figures.json", "curves.png", "training.png"}
    assert not list(out.glob("*.part"))


def test_the_store_takes_it_beside_the_published_one_and_a_newer_one_in_its_place(full, lora, data, tmp_path):
    store = install_tiny_full_set(write_tiny_full_set(tmp_path / "set"), tmp_path / "models")
    with Image.open(data / "cat" / "cat_0-1.png") as picture:
        cat = np.asarray(picture)

    def said(choices=FullChoices(device="cpu")):  # noqa: B008
        models = full_set(store, choices)
        (name, *_) = models.captioner.name_sketch(cat)
        models.release()
        return name.english

    assert import_folder(store, full[0] / "captioner").imported == ("trained-captioner",)
    assert store.state("blip-image-captioning-base").status == "complete"
    assert said() == "cat"
    assert import_folder(store, lora[0]).imported == ("trained-captioner",)  # found in the run's folder
    assert said() == "bicycle"
    assert said(FullChoices(captioner_weights=full[0] / "captioner", device="cpu")) == "cat"
    assert store.verify(["trained-captioner"]) == []
    store.remove(["trained-captioner"])
    assert store.state("blip-image-captioning-base").status == "complete"
    shutil.rmtree(store.home_of(store.entries["blip-image-captioning-base"]))
    only = ModelStore(tmp_path / "other", unpinned(ENTRIES))
    assert import_folder(only, full[0] / "captioner").imported == ("trained-captioner",)


def test_gradient_checkpointing_and_pieces_give_the_same_weights(base, data, tmp_path):
    found = []
    for checkpointing in (False, True):
        settings = CaptionerSettings(checkpoint_gradients=checkpointing, batch=3, held_back=0.5, measured=2)
        lesson = CaptionerLesson.open(open_captioned(data), Base(base, "tiny"), settings)
        loop = LoopSettings(steps=2, pieces=2, validate_every=5)
        *_, last = run(lesson, loop, tmp_path / str(checkpointing))
        found.append((last.losses["words"], lesson.network.state_dict()))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    for name, value in found[0][1].items():
        torch.testing.assert_close(value, found[1][1][name], rtol=1e-3, atol=1e-6)


def test_no_source_is_on_two_sides_and_unseen_classes_teach_nothing(data, base, tmp_path):
    opened = open_captioned(data)
    settings = CaptionerSettings(unseen=("Bicycle",), held_back=0.5)
    split = CaptionerSplit.of(opened, settings)
    names = [p.name for p in opened.pictures]
    learnt, held = ([names[i].rsplit("-")[0] for i in side] for side in (split.learnt, split.held))
    assert set(learnt).isdisjoint(held)
    assert len(learnt) == len(held) == 4
    assert {names[i].split("/")[0] for i in split.unseen} == {"bicycle"}
    assert len(split.unseen) == 4
    lesson = CaptionerLesson.open(opened, Base(base, "tiny"), settings)
    seen = {text for step in range(20) for text in words(lesson, lesson.batch(step, 0))}
    assert seen == {caption_sentence("cat"), caption_sentence("cup")}
    figures = lesson.validate()
    assert set(figures) == {f"{when}{n}" for when in ("", "unseen_") for n in ("class", "exact", "loss")}


def words(lesson, batch):
    texts = lesson.tokenizer.batch_decode(batch.tokens[:, 1:], skip_special_tokens=True)
    return [text.replace(" - ", "-") for text in texts]


def test_a_batch_is_of_seed_step_and_piece_alone(data, base):
    opened = open_captioned(data)

    def pixels(step, piece, seed=0):
        settings = CaptionerSettings(seed=seed, batch=4)
        return CaptionerLesson.open(opened, Base(base, "tiny"), settings).batch(step, piece).pixels

    assert torch.equal(pixels(3, 1), pixels(3, 1))
    assert not torch.equal(pixels(3, 1), pixels(3, 0))
    assert not torch.equal(pixels(3, 1), pixels(4, 1))
    assert not torch.equal(pixels(3, 1), pixels(3, 1, seed=1))


def test_pictures_are_those_that_the_program_would_show(data, base):
    lesson = CaptionerLesson.open(open_captioned(data), Base(base, "tiny"), CaptionerSettings())
    square = lesson.square(0)
    assert square.shape == (256, 256)
    for picture in (square, *(warped(square, np.random.default_rng(n)) for n in range(20))):
        ys, xs = np.nonzero(picture < 200)
        size = max(np.ptp(ys), np.ptp(xs)) + 1
        assert size == pytest.approx(256 * 0.84, abs=3)  # cropped to the ink, with the program's margin
        assert (ys.min() + ys.max()) / 2 == pytest.approx(127.5, abs=2)
        assert (xs.min() + xs.max()) / 2 == pytest.approx(127.5, abs=2)


def test_captions_of_a_metadata_file_are_learnt_as_they_stand(base, tmp_path):
    texts = ["a drawing of a cat", caption_sentence("cup")]
    opened = open_captioned(make_captioned(tmp_path / "c", texts))
    settings = CaptionerSettings(held_back=0.0, batch=8)
    lesson = CaptionerLesson.open(opened, Base(base, "tiny"), settings)
    assert set(words(lesson, lesson.batch(0, 0))) == set(texts)


@pytest.mark.parametrize(
    ("classes", "settings", "sentence"),
    [
        (("cat",), {}, r"has 1 class to learn \(cat\)"),
        (THREE, {"unseen": ("cat", "cup")}, r"has 1 class to learn \(bicycle\)"),
        (THREE, {"unseen": ("cta",)}, "has no pictures of cta: check the spelling"),
        (THREE, {"method": "lroa"}, "no method “lroa”: choose one of lora, full"),
    ],
)
def test_what_cannot_be_taught_is_a_sentence(classes, settings, sentence, base, tmp_path):
    opened = open_captioned(make_class_folders(tmp_path / "d", classes, a_class=2))
    with pytest.raises((DatasetError, TrainingError), match=sentence):
        CaptionerLesson.open(opened, Base(base, "tiny"), CaptionerSettings(**{"held_back": 0.0, **settings}))


def test_one_picture_a_class_leaves_nothing_to_measure_by(base, tmp_path):
    opened = open_captioned(make_class_folders(tmp_path / "d", THREE, a_class=2))  # both of one source
    with pytest.raises(DatasetError, match="none can be held back"):
        CaptionerLesson.open(opened, Base(base, "tiny"), CaptionerSettings())


def test_words_that_cannot_be_said_are_named(base, tmp_path):
    folder = make_class_folders(tmp_path / "d", ("cat", "cup"))
    (folder / "cup").rename(folder / "컵")
    with pytest.raises(DatasetError, match=r"컵.* has words that the captioner cannot say"):
        CaptionerLesson.open(open_captioned(folder), Base(base, "tiny"), CaptionerSettings())


def test_a_base_that_is_another_model_is_refused(data, base, tmp_path):
    shutil.copytree(base, tmp_path / "broken")
    (tmp_path / "broken" / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"model\.safetensors"):
        CaptionerLesson.open(open_captioned(data), Base(tmp_path / "broken", "b"), CaptionerSettings())


def test_sketches_of_a_class_differ():
    """Or by heart would be by one picture a class."""
    rng = np.random.default_rng(0)
    assert (sketch_of(WORDS["cat"], rng) != sketch_of(WORDS["cat"], rng)).any()
