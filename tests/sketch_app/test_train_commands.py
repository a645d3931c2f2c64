"""The training commands as a person types them: they train, are killed, go on as if they had not been, and
leave what the program loads.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import PurePosixPath

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from models.captioner import BlipCaptioner
from models.devices import Placement
from models.img2img_turbo.generator import Img2ImgTurbo
from models.retrieval.benchmarks import open_benchmarks
from models.sketch_adapter import load_sketch_adapter
from models.training.captioner import CaptionerSettings
from models.training.dataset import SketchPhotoData, Split
from models.training.generator import GeneratorSettings
from models.training.generator_data import pairs_of_split
from models.training.layouts import open_photos
from models.training.loop import History
from models.training.sketch_adapter import SketchAdapterSettings
from models.training_record import HISTORY_FILE, read_record
from sketch_app.errors import SketchAppError
from sketch_app.generator_defaults import PUBLISHED, SMALL, defaults_for
from sketch_app.recipes import train_captioner, train_sketch_adapter
from sketch_app.training_runs import RunOptions, find_base
from tests.models.made_data import make_data
from tests.models.training.made_sketches import make_class_folders
from tests.sketch_app.test_cli import ROOT, refused, sketch_app
from tests.support.tiny_blip import write_tiny_blip
from tests.support.tiny_dinov2 import write_tiny_dinov2
from tests.support.waiting import RUN_S

STEPS = 6


@pytest.fixture(scope="module")
def sketches(tmp_path_factory):
    return make_class_folders(tmp_path_factory.mktemp("d") / "sketches", ("cat", "cup", "flower"))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp("d") / "pairs")


@pytest.fixture(scope="module")
def blip(tmp_path_factory):
    return write_tiny_blip(tmp_path_factory.mktemp("b") / "blip")


@pytest.fixture(scope="module")
def dinov2(tmp_path_factory):
    return write_tiny_dinov2(tmp_path_factory.mktemp("b") / "dinov2")


def start_and_kill(home, *arguments, out, steps):
    """Run a command until it has kept some of its steps, then kill it; the number of steps it had kept."""
    program = "tests.sketch_app.killed_training"
    process = subprocess.Popen(
        [sys.executable, "-m", program, str(out), str(steps), *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "SKETCH_APP_HOME": str(home), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + RUN_S
    while not (out / HISTORY_FILE).exists():
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < until
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.stdin.close()
    return len(History.read(out).losses)


def went_on_from(done):
    return int(re.search(r"Going on from step (\d+)\.", done.stdout)[1])


def options(out):
    return RunOptions(out, STEPS, device="cpu", seed=3, validate_every=STEPS, checkpoint_every=1)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_captioner_is_trained_and_a_killed_run_is_the_run_that_was_not(sketches, blip, tmp_path):
    out = tmp_path / "cut"
    command = ("train", "captioner", "--data", sketches, "--base", blip, "--out", out, "--steps", STEPS)
    command += ("--batch", 3, "--rank", 4, "--held-back", 0.5, "--unseen", "flower", "--seed", 3)
    command += ("--validate-every", STEPS, "--checkpoint-every", 1, "--device", "cpu")
    kept = start_and_kill(tmp_path, *command, out=out, steps=STEPS)
    assert 0 < kept < STEPS
    done = sketch_app(tmp_path, *command)
    assert done.returncode == 0, done.stderr
    assert went_on_from(done) in (kept, kept + 1)  # a checkpoint is kept a moment before its history
    settings = CaptionerSettings(rank=4, batch=3, held_back=0.5, unseen=("flower",), seed=3)
    train_captioner(sketches, str(blip), settings, options(tmp_path / "whole"), Console(quiet=True))
    whole, cut = History.read(tmp_path / "whole"), History.read(out)
    assert len(whole.losses) == STEPS
    assert cut == whole
    told = json.loads((out / "report" / "figures.json").read_text())["figures"]
    held, unseen = "held-back pictures", "unseen classes"
    assert set(told) == {f"{held}, before", f"{unseen}, before", "training pictures", held, unseen}
    assert set(told[f"{unseen}, before"]) == {"class", "exact", "loss"}
    assert {p.name for p in (out / "report").iterdir()} == {
        *("figures.json", "curves.png", "held-back.png", "unseen.png")
    }
    with Image.open(sketches / "cat" / "cat_0-1.png") as picture:
        sketch = np.asarray(picture)
    ours = BlipCaptioner.load(out / "captioner").captions(sketch)
    assert ours == BlipCaptioner.load(tmp_path / "whole" / "captioner").captions(sketch)
    assert Split.load(out / "split.json").validation_sketches
    imported = sketch_app(tmp_path / "home", "models", "import", out / "captioner")
    assert "trained-captioner is here now" in imported.stdout, imported.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_sketch_adapter_is_trained_and_a_killed_run_is_the_run_that_was_not(pairs, dinov2, tmp_path):
    out = tmp_path / "cut"
    command = ("train", "sketch-adapter", "--data", pairs, "--base", dinov2, "--out", out, "--steps", STEPS)
    command += ("--batch", 4, "--rank", 4, "--held-back", 0.3, "--seed", 3, "--device", "cpu")
    command += ("--validate-every", STEPS, "--checkpoint-every", 1)
    kept = start_and_kill(tmp_path, *command, out=out, steps=STEPS)
    assert 0 < kept < STEPS
    done = sketch_app(tmp_path, *command)
    assert done.returncode == 0, done.stderr
    assert went_on_from(done) in (kept, kept + 1)
    settings = SketchAdapterSettings(rank=4, batch=4, held_back=0.3, seed=3)
    train_sketch_adapter(pairs, str(dinov2), settings, options(tmp_path / "whole"), Console(quiet=True))
    whole, cut = History.read(tmp_path / "whole"), History.read(out)
    assert len(whole.losses) == STEPS
    assert cut == whole
    told = json.loads((out / "report" / "figures.json").read_text())["figures"]
    assert set(told) == {"held-back sketches, before", "training sketches", "held-back sketches"}
    assert {p.name for p in (out / "report").iterdir()} == {"figures.json", "curves.png", "held-back.png"}
    blank = np.full((256, 256), 255, np.uint8)
    ours, theirs = (
        load_sketch_adapter(dinov2, run / "sketch-adapter").encode_sketches([blank])
        for run in (out, tmp_path / "whole")
    )
    np.testing.assert_array_equal(ours, theirs)
    (benchmark,) = open_benchmarks(pairs, split=Split.load(out / "split.json"))
    assert benchmark.queries
    assert not {q.photo_stem for q in benchmark.queries} & {
        s.photo_stem for s in benchmark.data.sketches if s.measures and s not in benchmark.queries
    }
    imported = sketch_app(tmp_path / "home", "models", "import", out)
    assert "sketch-adapter is here now" in imported.stdout, imported.stderr


def test_what_is_not_there_is_a_sentence(sketches, tmp_path):
    nowhere = tmp_path / "nowhere"
    for recipe in ("captioner", "sketch-adapter"):
        said = refused(sketch_app(tmp_path, "train", recipe, "--data", nowhere, "--out", tmp_path / "run"))
        assert f"There is no folder {nowhere}" in said
    said = refused(sketch_app(tmp_path, "train", "captioner", "--data", sketches, "--out", tmp_path / "run"))
    assert "“blip-image-captioning-base” is not on this machine" in said
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        (("--method", "lroa"), "There is no method “lroa”: choose one of lora, full."),
        (("--precision", "half"), "There is no number format “half”: choose one of no, bf16, fp16."),
        (("--base", "sd-turbo"), "“sd-turbo” is no folder, and no model to begin this training with"),
        (("--unseen", "cat,cup"), "has 1 class to learn (flower)"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(choices, said, sketches, blip, tmp_path):
    options = {"--data": sketches, "--base": blip, "--out": tmp_path / "run", choices[0]: choices[1]}
    done = sketch_app(tmp_path, "train", "captioner", *(x for pair in options.items() for x in pair))
    assert said in refused(done)
    assert not (tmp_path / "run").exists()


def test_a_folder_is_the_published_model_only_when_its_bytes_are(dinov2, tmp_path):
    (tmp_path / "dinov2-small").symlink_to(dinov2, target_is_directory=True)
    base = find_base(str(tmp_path / "dinov2-small"), "photo-embedder")
    assert base.name == "dinov2"
    assert base.license == "other"


def test_help_names_every_recipe_and_imports_nothing_heavy(tmp_path):
    done = sketch_app(tmp_path, "train", "--help")
    assert all(name in done.stdout for name in ("encoder", "captioner", "sketch-adapter"))
    question = (
        "import sys, sketch_app.cli\n"
        "print(*sorted({'torch', 'numpy', 'transformers', 'peft', 'PIL'} & set(sys.modules)))"
    )
    asked = subprocess.run(
        [sys.executable, "-c", question], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert asked.stdout.strip() == ""


def test_a_generator_learns_from_photos_alone(pairs, tmp_path):
    data = SketchPhotoData.open(pairs)
    for photo in data.photos:
        file = tmp_path / "data" / "photos" / photo.class_name / PurePosixPath(photo.name).name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.photo_files.read(photo.name))
    out = tmp_path / "run"
    asked = ("train", "generator", "--data", tmp_path / "data", "--size", "tiny", "--out", out)
    asked += ("--steps", 1, "--batch", 2, "--coder-steps", 1, "--latent-steps", 1, "--device", "cpu")
    done = sketch_app(tmp_path, *asked)
    assert done.returncode == 0, done.stderr
    held = Split.load(out / "split.json")
    assert not held.validation_sketches
    told = json.loads((out / "report" / "figures.json").read_text())["figures"]
    assert told["true prompt"]["sketches"] == told["photographs"]["photographs"] == len(held.gallery_photos)
    card = (out / "generator" / "README.md").read_text()
    assert (
        f"and no sketches. Held back: {len(held.gallery_photos)} drawings made from held-back photos" in card
    )
    again = pairs_of_split(open_photos(tmp_path / "data"), held, side=64)
    learnt, measured = (again[0].photos, again[1].photos)
    assert len(learnt) + len(measured) == len(data.photos)
    assert not set(learnt) & set(measured)
    assert all((sketch < 128).any() for sketch in again[1].sketches)


def test_a_generators_defaults_are_for_its_base(tmp_path):
    assert defaults_for("") == SMALL
    assert defaults_for("sd-turbo") == defaults_for(str(tmp_path)) == PUBLISHED
    assert (
        replace(
            PUBLISHED,
            **{k: v for k, v in asdict(GeneratorSettings()).items() if k in asdict(PUBLISHED)},
            side=GeneratorSettings().sides[-1][1],
        )
        == PUBLISHED
    )
    embedded = ROOT / "checkpoints" / "generator"
    taught = read_record(embedded, "generator")["lesson"]
    assert asdict(defaults_for(str(embedded))) == {
        **{k: v for k, v in taught.items() if k in asdict(SMALL)}, "side": 64,
    }  # fmt: skip
    (tmp_path / "training.json").write_text("{}")
    with pytest.raises(SketchAppError, match="is not what “sketch-app train generator” writes"):
        defaults_for(str(tmp_path))


def test_a_side_that_cannot_be_halved_is_a_sentence(pairs, tmp_path):
    asked = ("train", "generator", "--data", pairs, "--side", "100", "--out", tmp_path / "run")
    assert "give a multiple of 16 with --side" in refused(sketch_app(tmp_path, *asked))
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_generator_is_trained_and_a_killed_run_is_the_run_that_was_not(pairs, tmp_path):
    def command(out, *more):
        words = (
            "train",
            "generator",
            "--data",
            pairs,
            "--out",
            out,
            "--steps",
            STEPS,
            "--batch",
            2,
            "--coder-steps",
            3,
            "--latent-steps",
            3,
        )
        return (
            *words,
            "--validate-every",
            STEPS,
            "--checkpoint-every",
            1,
            "--device",
            "cpu",
            "--seed",
            3,
            *more,
        )

    out = tmp_path / "cut"
    from_nothing = ("--size", "tiny", "--small-share", 0.5, "--side", 96)
    for stage, most in ((out / "coder", 3), (out, STEPS)):
        begun = command(out, *from_nothing)
        kept = start_and_kill(tmp_path, *begun, out=stage, steps=most)
        assert 0 < kept < most
    done = sketch_app(tmp_path, *command(out, *from_nothing))
    assert done.returncode == 0, done.stderr
    assert went_on_from(done) in (kept, kept + 1)
    whole = sketch_app(tmp_path, *command(tmp_path / "whole", *from_nothing))
    assert whole.returncode == 0, whole.stderr
    assert len(History.read(out).losses) == STEPS
    for stage in ("coder", "latents", "."):
        assert History.read(out / stage) == History.read(tmp_path / "whole" / stage)
    assert Split.load(out / "split.json").gallery_photos
    told = json.loads((out / "report" / "figures.json").read_text())["figures"]
    prompts = {"true prompt", "wrong prompt", "captioner's prompt"}
    assert prompts | {"photographs"} <= set(told)
    assert "Stage 1 of 3" in whole.stdout
    assert all("KID (EfficientNet-Lite2)" in told[title] for title in prompts)
    made = out / "generator"
    factors = sketch_app(
        tmp_path, *command(tmp_path / "factors", "--base", made, "--rank-unet", 2, "--rank-vae", 2)
    )
    assert factors.returncode == 0, factors.stderr
    record = read_record(tmp_path / "factors" / "generator", "generator")["lesson"]
    assert (record["sides"], record["adversarial"]) == ([[1.0, 96]], 0.0)  # as the base was taught
    sketch = np.full((200, 200), 255, np.uint8)
    sketch[60:140, 98:102] = 0
    pictures = [
        Img2ImgTurbo.load(made, checkpoint, placement=Placement()).generate(sketch, "a cat", size=96)
        for checkpoint in (
            made / "checkpoint.safetensors",
            tmp_path / "factors" / "generator" / "checkpoint.safetensors",
        )
    ]
    assert pictures[0].shape == (96, 96, 3)
    assert not np.array_equal(*pictures)
    for run in (out, tmp_path / "factors"):  # both bring their base
        imported = sketch_app(tmp_path / "home", "models", "import", run, "trained-generator")
        assert "trained-generator is here now" in imported.stdout, imported.stderr
