"""The generator's lesson on a data set made here: what learns, what it learns, and that the program makes the
very pictures that training made.
"""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from models.caption_sentence import caption_sentence
from models.devices import Placement
from models.img2img_turbo.base_model import load_base_model
from models.img2img_turbo.checkpoint import save_checkpoint
from models.img2img_turbo.generator import Img2ImgTurbo
from models.training import generator_figures
from models.training.dataset import SketchPhotoData, make_split
from models.training.errors import TrainingError
from models.training.generator import GeneratorLesson, GeneratorSettings
from models.training.generator_base import BaseSize, save_trained_base, write_base
from models.training.generator_data import PairSource, pairs_of_split
from models.training.generator_figures import kernel_distance, measure_generator
from models.training.layouts import open_sketches_and_photos
from models.training.line_drawings import STYLES, line_drawing
from models.training.loop import History, LoopSettings, learnt, run
from models.training.photo_classifier import PhotoClassifier, measured_classes, recognised
from models.training.picture_losses import embedded_networks, perceptual_distance, shaken
from tests.models.made_data import make_data

CHECKPOINTS = Path(__file__).parents[3] / "checkpoints"
SIZE = BaseSize(vae=(8, 8, 16, 16), unet=(16, 32), latent=4, text=32, text_layers=1, words=600, head=8)
TINY = GeneratorSettings(
    learns="base", steps=4, batch=2, sides=((0.5, 32), (1.0, 64)), l2=1.0, perceptual=1.0, alignment=0.5,
    adversarial=0.1, rate=1e-3, critic_rate=1e-3, seen_at=64,
)  # fmt: skip
LOOP = LoopSettings(steps=4, validate_every=2, checkpoint_every=1, average=0.9)


@pytest.fixture(scope="module")
def networks():
    return embedded_networks(CHECKPOINTS)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    make_data(folder)
    data = SketchPhotoData.open(folder)
    source, held = pairs_of_split(data, make_split(data), side=64)
    source.sketched = 0.5
    return source, held


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    write_base(
        folder, SIZE, [caption_sentence(c) for c in ("cat", "coffee_cup", "rocket", "flower", "moon")], seed=3
    )
    return folder


@pytest.fixture
def lesson(made, base, networks):
    def begin(settings=TINY, **options):
        pictures, alignment = networks
        return GeneratorLesson(
            load_base_model(base), *made, settings, pictures=pictures, alignment=alignment, **options
        )

    return begin


def moved(before, after):
    return {key for key, value in after.items() if not torch.equal(value, before[key])}


def everything(lesson):
    networks = {"unet": lesson.base.unet, "vae": lesson.base.vae, "text": lesson.base.text_encoder}
    return {f"{n}.{k}": v.clone() for n, network in networks.items() for k, v in network.state_dict().items()}


def test_only_factors_skips_and_the_first_convolution_learn(lesson, tmp_path):
    taught = lesson(dataclasses.replace(TINY, learns="lora", rank_unet=2, rank_vae=2))
    before = everything(taught)
    list(run(taught, LOOP, tmp_path))
    changed = moved(before, everything(taught))
    named = {key for key in before if "lora_" in key or "skip_conv" in key or key.startswith("unet.conv_in.")}
    assert changed == named
    assert {key.split("/", 1)[1] for key in learnt(taught) if key.startswith("unet/")} == {
        key.removeprefix("unet.") for key in named if key.startswith("unet.")
    }


def test_every_weight_of_a_base_learns(lesson, tmp_path):
    taught = lesson()
    before = everything(taught)
    list(run(taught, LOOP, tmp_path))
    # Position 24 and later of the text, and words that no prompt has, cannot.
    assert {
        k for k in before.keys() - moved(before, everything(taught)) if not k.startswith("text.")
    } == set()


def test_a_run_that_is_gone_on_with_is_the_same_run(lesson, tmp_path):
    list(run(lesson(), LOOP, tmp_path / "whole"))
    for progress in run(lesson(), LOOP, tmp_path / "cut"):
        if progress.step == 3:
            break
    told = list(run(lesson(), LOOP, tmp_path / "cut"))
    assert [progress.step for progress in told] == [3, 4] or [progress.step for progress in told] == [4]
    assert History.read(tmp_path / "cut") == History.read(tmp_path / "whole")


def test_a_run_is_not_gone_on_with_over_another_base(lesson, tmp_path):
    list(run(lesson(origin={"base": "one"}), LOOP, tmp_path))
    with pytest.raises(TrainingError, match=r"other settings \(origin\)"):
        list(run(lesson(origin={"base": "another"}), LOOP, tmp_path))


@pytest.mark.parametrize("learns", ["base", "lora"])
def test_the_program_makes_the_picture_that_training_made(lesson, base, tmp_path, learns):
    import shutil

    taught = lesson(dataclasses.replace(TINY, learns=learns, rank_unet=2, rank_vae=2, rate=3e-3))
    list(run(taught, dataclasses.replace(LOOP, average=0.0), tmp_path / "run"))
    for network in (taught.base.unet, taught.base.vae, taught.base.text_encoder):
        network.eval()
    folder = tmp_path / "base"
    shutil.copytree(base, folder)
    if learns == "base":
        save_trained_base(folder, taught.base, dtype=torch.float32)
    save_checkpoint(tmp_path / "generator.pkl", taught.checkpoint())
    program = Img2ImgTurbo.load(folder, tmp_path / "generator.pkl", placement=Placement())
    sketch, subject = taught.held.sketches[0], taught.held.sketch_class[0].replace("_", " ")
    ours = taught.pictures_of([sketch], [subject], side=64)[0]
    theirs = program.generate(sketch, caption_sentence(subject), size=64)
    wanted = ((ours + 1) * 127.5).round().clamp(0, 255).permute(1, 2, 0).numpy()
    # Fused factors round otherwise, and norms of an untaught network's small latents make more of it.
    apart = np.abs(wanted - theirs)
    assert apart.mean() < 0.25
    assert (apart > 1).mean() < 0.01
    assert wanted.std() > 1


def test_two_pictures_are_learnt_by_heart(lesson, made, tmp_path):
    source, _ = made
    two = dataclasses.replace(source, photos=[source.photos[0], source.photos[-1]], sketched=0.0)
    settings = dataclasses.replace(
        TINY,
        steps=120,
        batch=4,
        sides=((1.0, 32),),
        l2=1.0,
        perceptual=0.0,
        alignment=0.0,
        adversarial=0.0,
        rate=4e-3,
    )
    taught = lesson(settings)
    taught.pairs = two
    told = list(
        run(
            taught, dataclasses.replace(LOOP, steps=120, validate_every=1000, checkpoint_every=1000), tmp_path
        )
    )
    losses = [entry["l2"] for entry in History.read(tmp_path).losses] if told else []
    batch = two.batch(0, 0, 0, 32, 32)
    mean = float((batch.photos - batch.photos.mean((0, 2, 3), keepdim=True)).square().mean())
    assert np.mean(losses[-10:]) < 0.5 * mean


def test_what_is_held_back_is_not_learnt_from(made):
    source, held = made
    names = {photo.name for photo in source.photos}
    assert names.isdisjoint(photo.name for photo in held.photos)
    assert {sketch.name for sketch in source.sketches}.isdisjoint(held.names)
    shown = {(c, Path(n).stem.rsplit("-", 1)[0]) for c, n in zip(held.sketch_class, held.names, strict=True)}
    assert not shown & {(photo.class_name, Path(photo.name).stem) for photo in source.photos}


def test_a_batch_depends_on_seed_step_and_piece_alone(made):
    source, _ = made
    first = source.batch(1, 5, 0, 4, 32)
    source.batch(1, 6, 0, 4, 32)
    again = source.batch(1, 5, 0, 4, 32)
    other = source.batch(1, 5, 1, 4, 32)
    assert torch.equal(first.control, again.control)
    assert torch.equal(first.photos, again.photos)
    assert first.subjects == again.subjects
    assert not torch.equal(first.photos, other.photos)
    assert set(first.aligned.tolist()) <= {0.0, 1.0}


def test_large_pictures_are_cut_from_photos_and_sketches_as_large(tmp_path):
    """Stripes and lines too fine for a small copy are still there."""
    striped = np.where(np.arange(700)[:, None] // 3 % 2, 255, 0).astype(np.uint8).repeat(700, 1)
    for kind in ("photos", "sketches"):
        (tmp_path / kind / "zebra").mkdir(parents=True)
        Image.fromarray(striped).convert("RGB").save(tmp_path / kind / "zebra" / "one.png")
    data = open_sketches_and_photos(tmp_path)

    def drawn(side):
        source = PairSource(data, data.photos, data.sketches, sketched=1.0, side=side)
        return source.batch(0, 0, 0, 2, side)

    large, small = drawn(512), drawn(64)
    assert small.photos.std() < 0.2
    assert large.photos.std() > 0.5
    assert large.control.std() > 0.2


def test_lines_of_large_pictures_are_as_wide_as_a_pen_draws_them():
    from skimage import data

    grey = Image.fromarray(data.chelsea()[:300, 80:380]).convert("L").resize((512, 512))
    large = np.asarray(grey.convert("RGB"))
    small = cv2.resize(large, (160, 160), interpolation=cv2.INTER_AREA)
    for seed in range(8):
        drawn = [255 - line_drawing(rgb, np.random.default_rng(seed)).mean() for rgb in (small, large)]
        assert drawn[1] == pytest.approx(drawn[0], rel=0.02), seed


def test_line_drawings_are_lines_on_white():
    from skimage import data

    photo = np.ascontiguousarray(data.chelsea()[:300, :300][::2, ::2])
    for name, style in STYLES.items():
        drawn = style(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), np.random.default_rng(1))
        ink = float((drawn < 128).mean())
        assert drawn.shape == photo.shape[:2]
        assert drawn.dtype == np.uint8
        assert 0.005 < ink < 0.4, (name, ink)
    assert np.array_equal(
        line_drawing(photo, np.random.default_rng(3)), line_drawing(photo, np.random.default_rng(3))
    )


def test_losses_know_near_from_far(networks):
    from skimage import data

    pictures, alignment = networks
    photo = (
        torch.from_numpy(np.ascontiguousarray(data.chelsea()[:256, 64:320])).float().permute(2, 0, 1)[None]
        / 127.5
        - 1
    )
    noise = torch.randn(photo.shape, generator=torch.Generator().manual_seed(0))
    near, far = (photo + 0.1 * noise).clamp(-1, 1), noise.clamp(-1, 1)
    seen = pictures(photo)
    distance = [float(perceptual_distance(pictures(x).maps, seen.maps)) for x in (photo, near, far)]
    assert distance[0] == 0 < distance[1] < distance[2]
    said = {name: float(alignment(seen, photo, [name])) for name in ("cat", "pizza", "nothing known")}
    assert said["nothing known"] == 0 < said["cat"] < said["pizza"] - 2
    moved_cat = shaken(photo, 160, torch.Generator().manual_seed(1))
    assert float(alignment(pictures(moved_cat), moved_cat, ["cat"])) < said["pizza"] - 2


def test_the_kernel_distance_is_the_published_estimate():
    rng = np.random.default_rng(0)
    made, real = rng.normal(size=(5, 3)).astype(np.float32), rng.normal(1, 1, (4, 3)).astype(np.float32)

    def kernel(a, b):
        return (float(a.astype(float) @ b) / 3 + 1) ** 3

    own = np.mean([kernel(a, b) for i, a in enumerate(made) for j, b in enumerate(made) if i != j])
    theirs = np.mean([kernel(a, b) for i, a in enumerate(real) for j, b in enumerate(real) if i != j])
    across = np.mean([kernel(a, b) for a in made for b in real])
    assert kernel_distance(made, real) == pytest.approx(own + theirs - 2 * across, rel=1e-6)
    assert np.isnan(kernel_distance(made[:1], real))


def test_the_kernel_distance_of_alike_sets_is_nought_in_the_mean():
    rng = np.random.default_rng(1)
    alike = [kernel_distance(*rng.normal(size=(2, 40, 8)).astype(np.float32)) for _ in range(200)]
    apart = kernel_distance(*(rng.normal(shift, 1, (40, 8)).astype(np.float32) for shift in (0, 1)))
    assert abs(np.mean(alike)) < 3 * np.std(alike) / 200**0.5
    assert apart > 10 * np.std(alike)


def test_pictures_are_held_against_their_photographs_and_against_others_of_the_class(lesson):
    taught = lesson(dataclasses.replace(TINY, sides=((1.0, 64),)))
    figures = measure_generator(taught, PhotoClassifier())
    assert set(figures) == {"true prompt", "wrong prompt", "photographs", "drawings of photographs"}
    photos = taught.held.photos
    assert figures["photographs"]["photographs"] == len(photos)
    kid = "KID (EfficientNet-Lite2)"
    # What was never taught makes no photographs.
    assert figures["true prompt"][kid] > 10 * abs(figures["photographs"][kid])
    near = figures["drawings of photographs"]
    assert near["pairs"] == len(photos) >= 4
    assert 0 < near["squared difference"] < 4
    chosen, others = generator_figures._pairs(photos)
    assert all(a.class_name == chosen[b].class_name for a, b in zip(chosen, others, strict=True))
    assert all(a is not chosen[b] for a, b in zip(chosen, others, strict=True))


def test_a_generator_that_gave_the_photograph_back_would_be_at_no_distance(lesson, monkeypatch):
    taught = lesson(dataclasses.replace(TINY, sides=((1.0, 64),)))
    chosen, _ = generator_figures._pairs(taught.held.photos)
    photos = generator_figures._squares(taught.pairs.data, chosen, 64)
    monkeypatch.setattr(taught, "pictures_of", lambda *_, **__: photos)
    near = generator_figures._nearness(taught, 64)
    name = "perceptual distance (EfficientNet-Lite0)"
    assert near[name] == near["squared difference"] == 0
    assert near[f"{name} to another"] > 0.1 < near["squared difference to another"]


def test_the_judge_knows_a_cat_and_what_counts_as_right():
    from skimage import data, transform

    right = measured_classes()
    assert len(right) == 40
    assert all(0 <= label < 1000 for labels in right.values() for label in labels)
    square = np.ascontiguousarray(data.chelsea()[:300, 80:380])
    small = transform.resize(square, (128, 128), anti_aliasing=True).astype(np.float32)
    pictures = torch.from_numpy(small).permute(2, 0, 1)[None].repeat(2, 1, 1, 1) * 2 - 1
    labels = PhotoClassifier().first_labels(pictures)
    assert labels.shape == (2, 5)
    assert recognised(labels, ["cat", "pizza"], right).tolist() == [True, False]
