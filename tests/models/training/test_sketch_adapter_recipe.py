"""The sketch adapter's recipe on a tiny DINOv2: only the adapter moves, and sketches come by their photos."""

import json
import shutil
from pathlib import PurePosixPath

import numpy as np
import pytest
import torch
from PIL import Image

from models.errors import WeightsError
from models.photo_embedder import Dinov2Embedder, photo_model_id
from models.registry.catalogue import ENTRIES
from models.registry.importing import import_folder
from models.registry.store import ModelStore
from models.sketch_adapter import adapter_model_id, load_sketch_adapter
from models.training import cached_vectors
from models.training.cached_vectors import photo_vectors
from models.training.dataset import DatasetError
from models.training.layouts import open_sketches_and_photos
from models.training.loop import History, LoopSettings, load_best, run
from models.training.provenance import Base
from models.training.sketch_adapter import SketchAdapterLesson, SketchAdapterSettings
from models.training.sketch_adapter_export import (
    export_sketch_adapter,
    measure_sketch_adapter,
    report_sketch_adapter,
)
from models.training.sketch_photo_loss import sketch_photo_loss
from models.training.sketch_photo_split import SketchPhotoSplit
from tests.models.made_data import make_data
from tests.models.training.made_sketches import make_pairs
from tests.support.tiny_dinov2 import WIDTH, write_tiny_dinov2

SETTINGS = SketchAdapterSettings(
    batch=8, rate=5e-3, drawings=0.0, changed=0.0, dropout=0.0, held_back=0.3, photos_per_step=19
)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Networks this small are several times slower on two."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp("made") / "data")


@pytest.fixture(scope="module")
def data(folder):
    return open_sketches_and_photos(folder)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return write_tiny_dinov2(tmp_path_factory.mktemp("dino") / "base")


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return open_sketches_and_photos(make_pairs(tmp_path_factory.mktemp("made") / "pairs"))


@pytest.fixture(scope="module")
def trained(pairs, base, tmp_path_factory):
    """A run that learnt the sketches by heart: its folder, the lesson, the weights before, the figures."""
    out = tmp_path_factory.mktemp("run")
    lesson = SketchAdapterLesson.open(pairs, Base(base, "tiny"), SETTINGS, out)
    start = {k: v.clone() for k, v in lesson.network.state_dict().items()}
    before = measure_sketch_adapter(lesson)
    told = list(run(lesson, LoopSettings(steps=80, warmup=8, validate_every=20), out))
    after = {k: v.clone() for k, v in lesson.network.state_dict().items()}
    by_heart = lesson.figures_of(lesson.split.sketches, lesson.split.photos)
    load_best(lesson, out)
    figures = measure_sketch_adapter(lesson)
    report_sketch_adapter(lesson, out / "report", figures, History.read(out))
    export_sketch_adapter(lesson, out, figures, command="sketch-app train sketch-adapter --data d")
    return out, lesson, (start, after), (before, by_heart, figures), told


def test_the_sketches_that_it_saw_find_their_photos(trained):
    before, by_heart, _ = trained[3]
    assert before["training sketches"]["map"] < 0.6
    assert by_heart["map"] == by_heart["hit_1"] == 1.0
    assert trained[4][-1].losses["retrieval"] < trained[4][0].losses["retrieval"]


def test_the_best_of_the_held_back_sketches_is_kept(trained):
    out, _, _, (_, _, figures), told = trained
    best = max(state.figures["map"] for state in told if state.figures)
    assert figures["held-back sketches"]["map"] == pytest.approx(best)
    assert figures["held-back sketches"]["sketches"] == 6
    assert json.loads((out / "report" / "figures.json").read_text())["figures"] == figures


def test_only_the_adapter_moves(trained):
    start, after = trained[2]
    moved = {k for k, v in after.items() if not torch.equal(v, start[k])}
    assert moved == {k for k in after if "lora_" in k}
    layers = {k.split(".lora_")[0].rsplit(".", 1)[1] for k in moved}
    assert layers == {"q_proj", "v_proj", "fc1", "fc2"}


def test_an_adapter_that_has_learnt_nothing_is_the_plain_model(data, base, tmp_path):
    settings = SketchAdapterSettings(feed_forward=False)
    lesson = SketchAdapterLesson.open(data, Base(base, "tiny"), settings, tmp_path)
    layers = {k.split(".lora_")[0].rsplit(".", 1)[1] for k in lesson.network.state_dict() if "lora_" in k}
    assert layers == {"q_proj", "v_proj"}
    square = lesson.square(0)
    plain = Dinov2Embedder.load(base).encode_photos([np.repeat(square[:, :, None], 3, axis=2)])
    photos = range(len(data.photos))
    np.testing.assert_allclose(lesson.scores([0], photos), plain @ lesson.vectors.T, atol=1e-5)


def test_the_program_reads_what_was_written(trained, base):
    out, lesson, *_ = trained
    adapter = load_sketch_adapter(base, out / "sketch-adapter")
    assert adapter.model_id == photo_model_id(base) == adapter_model_id(out / "sketch-adapter")
    assert adapter.dimension == WIDTH
    squares = [lesson.square(i) for i in range(6)]
    vectors = adapter.encode_sketches(squares)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    photos = range(len(lesson.data.photos))
    np.testing.assert_allclose(vectors @ lesson.vectors.T, lesson.scores(range(6), photos), atol=1e-4)
    plain = Dinov2Embedder.load(base).encode_photos([np.repeat(s[:, :, None], 3, axis=2) for s in squares])
    assert np.abs(vectors - plain).max() > 0.05
    assert adapter.encode_sketches([]).shape == (0, WIDTH)


def test_an_adapter_for_other_weights_is_refused(trained, tmp_path):
    other = write_tiny_dinov2(tmp_path / "other", seed=5)
    with pytest.raises(WeightsError, match="was made for dinov2-48/cls@"):
        load_sketch_adapter(other, trained[0] / "sketch-adapter")
    shutil.copytree(trained[0] / "sketch-adapter", tmp_path / "bare")
    (tmp_path / "bare" / "training.json").unlink()
    with pytest.raises(WeightsError, match="is not what “sketch-app train sketch-adapter” writes"):
        adapter_model_id(tmp_path / "bare")


def test_the_store_takes_it_and_a_newer_one_in_its_place(trained, tmp_path):
    store = ModelStore(tmp_path / "models")
    for _ in range(2):
        assert import_folder(store, trained[0]).imported == ("sketch-adapter",)
    assert store.verify() == []
    names = {p.name for p in store.folder_of("sketch-adapter").iterdir()}
    assert names == {f.path for f in ENTRIES["sketch-adapter"].files}
    card = (trained[0] / "sketch-adapter" / "README.md").read_text()
    assert "library_name: peft" in card
    assert "sketch-app train sketch-adapter --data d" in card
    config = json.loads((store.folder_of("sketch-adapter") / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "tiny"


def test_a_photo_and_its_sketches_are_on_one_side(data):
    split = SketchPhotoSplit.of(data, held_back=0.4, seed=1)
    sources = [{data.sketches[i].photo_stem for i in side} for side in (split.sketches, split.held_sketches)]
    photos = [
        {PurePosixPath(data.photos[i].name).stem for i in side} for side in (split.photos, split.held_photos)
    ]
    assert sources[0].isdisjoint(sources[1])
    assert sources[0] <= photos[0]
    assert sources[1] <= photos[1]
    assert photos[0].isdisjoint(photos[1])
    assert len(split.photos) + len(split.held_photos) == len(data.photos)


def test_unseen_classes_teach_nothing_and_are_measured_apart(tmp_path, base):
    folder = tmp_path / "d"
    rng = np.random.default_rng(0)
    for kind in ("sketches", "photos"):
        for name in ("cat", "cup", "ice cream"):
            (folder / kind / name).mkdir(parents=True)
            for k in range(3):
                file = f"{name[:3]}{k}-1.png" if kind == "sketches" else f"{name[:3]}{k}.png"
                noise = rng.integers(0, 255, (40, 40, 3), np.uint8)
                Image.fromarray(noise).save(folder / kind / name / file)
    opened = open_sketches_and_photos(folder)
    settings = SketchAdapterSettings(unseen=("Ice Cream",), held_back=0.3, batch=8)
    lesson = SketchAdapterLesson.open(opened, Base(base, "tiny"), settings, tmp_path)
    assert lesson.classes == ["cat", "cup"]
    assert len(lesson.split.unseen_sketches) == len(lesson.split.unseen_photos) == 3
    batch = lesson.batch(0, 0)
    assert len(batch.photos) <= len(lesson.split.photos) == 4
    assert set(batch.labels.tolist()) <= {0, 1}
    drawn = batch.sources >= 0
    assert drawn.all()
    assert (batch.photo_labels[batch.sources] == batch.labels).all()
    assert lesson.validate()["unseen_map"] == 1.0  # one class: every photo is right


def test_photos_are_embedded_once(data, base, tmp_path, monkeypatch):
    embedder = Dinov2Embedder.load(base)
    told = []
    first = photo_vectors(data.photo_files, data.photos, embedder, tmp_path, lambda *at: told.append(at))
    assert told[-1] == (len(data.photos), len(data.photos))
    np.testing.assert_allclose(first[:2], embedder.encode_photos([
        data.photo_files.rgb(p.name) for p in data.photos[:2]
    ]), atol=1e-5)  # fmt: skip
    embedder.release()  # it could not embed any more
    again = photo_vectors(data.photo_files, data.photos[::-1], embedder, tmp_path, lambda *_: None)
    np.testing.assert_array_equal(again, first[::-1])
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(b"torn")
    fresh = Dinov2Embedder.load(base)
    monkeypatch.setattr(cached_vectors, "_KEEP_EVERY", 2)
    np.testing.assert_allclose(
        photo_vectors(data.photo_files, data.photos, fresh, tmp_path, lambda *_: None), first, atol=1e-6
    )


def test_the_loss_is_the_one_of_the_formula():
    rng = np.random.default_rng(1)
    s, p = (rng.normal(size=(n, 5)) for n in (3, 4))
    s, p = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (s, p))
    labels, photo_labels, sources = [0, 1, 2], [0, 0, 1, 3], [1, -1, -1]
    logits = s @ p.T / 0.1
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    wanted = -np.mean([(log_p[0, 0] + 3 * log_p[0, 1]) / 4, log_p[1, 2]])  # the third has no photo
    got = sketch_photo_loss(
        *(torch.from_numpy(x) for x in (s, p)),
        *(torch.tensor(x) for x in (labels, photo_labels, sources)),
        temperature=0.1,
        instance_bonus=2.0,
    )
    assert float(got) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"unseen": ("cat",)}, r"has 1 class with sketches and photos to learn \(coffee_cup\)"),
        ({"unseen": ("rocket",)}, "has no sketches with photos of rocket: check the spelling"),
        ({"held_back": 0.0}, "no sketch can be held back: name them otherwise"),
    ],
)
def test_what_cannot_be_taught_is_a_sentence(data, settings, sentence):
    with pytest.raises(DatasetError, match=sentence):
        SketchPhotoSplit.of(data, **{"held_back": 0.3, "seed": 0, **settings})
