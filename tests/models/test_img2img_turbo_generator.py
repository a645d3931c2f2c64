"""The generator from a drawing to a picture: seeds, sizes, cancelling, half precision, several threads."""

from __future__ import annotations

import functools
import logging
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from models.devices import Placement
from models.errors import Cancelled, ModelError, WeightsError
from models.img2img_turbo.generator import STAGES, GeneratorOptions, Img2ImgTurbo
from tests.support.tiny_sd_turbo import write_tiny_checkpoint, write_tiny_sd_turbo

PROMPT = "convert a cat into a high-resolution color image with a white background"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return write_tiny_sd_turbo(tmp_path_factory.mktemp("sd") / "sd-turbo")


@pytest.fixture(scope="module")
def checkpoint(base):
    return write_tiny_checkpoint(base.parent / "sketch.pkl", base)


@pytest.fixture(scope="module")
def load(base, checkpoint):
    """Loads the stochastic generator; what is not given stays as it is."""
    return functools.partial(Img2ImgTurbo.load, base, checkpoint, placement=Placement())


@pytest.fixture(scope="module")
def generator(load):
    return load()


@pytest.fixture(scope="module")
def sketch():
    drawn = np.full((200, 200), 255, np.uint8)
    drawn[50:150, 100:103] = 0
    drawn[50:53, 40:150] = 0
    return drawn


def counted(stack, generator):
    """How often each network ran from now on, until the stack is closed."""
    runs = dict.fromkeys(STAGES, 0)

    def count(name):
        def hook(*_):
            runs[name] += 1

        return hook

    vae = generator._vae
    parts = (generator._text_encoder, vae.encoder.conv_in, generator._unet, vae.decoder.conv_in)
    for name, part in zip(STAGES, parts, strict=True):
        stack.callback(part.register_forward_hook(count(name)).remove)
    return runs


def test_the_same_seed_gives_the_same_picture_and_another_seed_another(load, generator, sketch):
    picture = generator.generate(sketch, PROMPT, seed=3, size=32)
    other = generator.generate(sketch, PROMPT, seed=4, size=32)
    torch.manual_seed(1234)  # whatever the rest of the program drew meanwhile
    np.testing.assert_array_equal(generator.generate(sketch, PROMPT, seed=3, size=32), picture)
    assert np.abs(picture.astype(int) - other).mean() > 1
    again = load()
    np.testing.assert_array_equal(again.generate(sketch, PROMPT, seed=3, size=32), picture)
    assert again.model_id == generator.model_id


def test_the_prompt_and_the_sketch_count(generator, sketch):
    picture = generator.generate(sketch, PROMPT, size=32)
    assert np.any(generator.generate(sketch, "the dog", size=32) != picture)
    assert np.any(generator.generate(sketch.T, PROMPT, size=32) != picture)


@pytest.mark.parametrize(("size", "side"), [(64, 64), (128, 128), (100, 96), (39, 32)])
def test_a_size_is_cut_to_a_multiple_of_eight(generator, sketch, size, side):
    picture = generator.generate(sketch, PROMPT, size=size)
    assert picture.shape == (side, side, 3) and picture.dtype == np.uint8
    assert picture.flags.c_contiguous and picture.std() > 5


@pytest.mark.parametrize("wrong", [{"strength": 1.5}, {"strength": -0.1}, {"size": 7}, {"size": -8}])
def test_a_setting_that_makes_no_sense_is_refused(generator, sketch, wrong):
    with pytest.raises(ValueError, match=r"between 0 and 1|at least 8 pixels"):
        generator.generate(sketch, PROMPT, **({"size": 64} | wrong))


def test_a_prepared_input_of_no_whole_number_of_cells_is_refused(generator):
    with pytest.raises(ValueError, match="no multiples of 8"):
        generator.forward(np.zeros((3, 32, 36), np.float32), PROMPT)


@pytest.mark.parametrize("stage", range(4))
def test_a_run_that_is_cancelled_stops_before_the_next_stage(load, sketch, stage):
    generator = load()
    asked = []

    def cancelled():
        asked.append(None)
        return len(asked) > stage

    with ExitStack() as stack:
        runs = counted(stack, generator)
        with pytest.raises(Cancelled):
            generator.generate(sketch, PROMPT, size=32, cancelled=cancelled)
        assert list(runs.values()) == [1] * stage + [0] * (4 - stage)
        assert generator.generate(sketch, PROMPT, size=32).shape == (32, 32, 3)


def test_a_prompt_is_embedded_once_and_an_old_one_is_forgotten(load, sketch, monkeypatch):
    monkeypatch.setattr("models.img2img_turbo.generator._PROMPTS", 2)
    generator = load()
    with ExitStack() as stack:
        runs = counted(stack, generator)
        seen = []
        for prompt in ("a cat", "a dog", "a cat", "a cow", "a cat", "a dog"):
            generator.generate(sketch, prompt, size=16)
            seen.append(runs["text"])
    assert seen == [1, 2, 2, 3, 3, 4]


def test_several_threads_get_the_pictures_that_one_would(generator, sketch):
    wanted = [(seed, r) for seed in range(4) for r in (0.2, 0.8)]

    def picture(of):
        return generator.generate(sketch, PROMPT, seed=of[0], strength=of[1], size=32)

    alone = [picture(of) for of in wanted]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(picture, wanted))
    # A thread may part the work among others than this one, which rounds otherwise.
    assert np.abs(np.stack(together).astype(int) - alone).max() <= 1


@pytest.mark.parametrize(("dtype", "fuse"), [("bfloat16", True), ("float16", True), ("float16", False)])
def test_half_precision_is_close_to_float32(load, generator, sketch, dtype, fuse):
    half = load(placement=Placement("cpu", dtype), options=GeneratorOptions(fuse_lora=fuse))
    for r in (0.4, 0.9):
        a = half.generate(sketch, PROMPT, strength=r, size=32).astype(float)
        b = generator.generate(sketch, PROMPT, strength=r, size=32).astype(float)
        assert np.abs(a - b).mean() < (12 if dtype == "bfloat16" else 2)
    assert half._unet.dtype == half._vae.dtype == getattr(torch, dtype)


@pytest.fixture(params=["encoder", "decoder"])
def narrow_base(request, base, tmp_path):
    """One half of its VAE has numbers that float16 cannot hold, and its norm takes them away again."""
    folder = shutil.copytree(base, tmp_path / "base")
    path = folder / "vae" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(path)
    weight, bias = (tensors[f"{request.param}.conv_in.{name}"] for name in ("weight", "bias"))
    bias += 60000
    weight *= 50000 / weight.abs().max()
    save_file(tensors, path, metadata={"format": "pt"})
    return folder


def test_a_sketch_too_much_for_half_precision_is_done_in_float32(narrow_base, checkpoint, sketch, caplog):
    narrow = Img2ImgTurbo.load(narrow_base, checkpoint, placement=Placement("cpu", "float16"))
    wide = Img2ImgTurbo.load(narrow_base, checkpoint, placement=Placement())
    with caplog.at_level(logging.WARNING, logger="models.img2img_turbo"):
        picture = narrow.generate(sketch, PROMPT, size=32)
    assert "float32" in caplog.text
    expected = wide.generate(sketch, PROMPT, size=32)
    assert np.abs(picture.astype(float) - expected).mean() < 5
    narrow.generate(sketch, PROMPT, size=32, strength=0.8)
    np.testing.assert_array_equal(narrow.generate(sketch, PROMPT, size=32), picture)


def test_the_vae_is_as_before_after_a_time_in_float32(load, sketch):
    half = load(placement=Placement("cpu", "float16"))
    before = half.generate(sketch, PROMPT, size=32)
    with half._lock, half._wide_vae():
        assert half._vae.dtype == torch.float32
    np.testing.assert_array_equal(half.generate(sketch, PROMPT, size=32), before)


def test_weights_that_are_not_finite_give_a_sentence_and_no_picture(base, checkpoint, sketch, tmp_path):
    for part in ("vae", "unet"):
        folder = shutil.copytree(base, tmp_path / part)
        path = folder / part / "diffusion_pytorch_model.safetensors"
        tensors = load_file(path)
        name = "conv_out.bias" if part == "unet" else "decoder.conv_out.bias"
        tensors[name][:] = float("nan")
        save_file(tensors, path, metadata={"format": "pt"})
        broken = Img2ImgTurbo.load(folder, checkpoint, placement=Placement())
        with pytest.raises(ModelError, match="made no picture"):
            broken.generate(sketch, PROMPT, size=32)


@pytest.mark.parametrize("options", [GeneratorOptions(channels_last=False), GeneratorOptions(tiled_vae=True)])
def test_an_option_changes_no_small_picture(load, generator, sketch, options):
    other = load(options=options)
    a = other.generate(sketch, PROMPT, size=32).astype(int)
    assert np.abs(a - generator.generate(sketch, PROMPT, size=32)).max() <= 1


def test_a_picture_larger_than_a_tile_is_made_in_tiles(load, generator, sketch, monkeypatch):
    monkeypatch.setattr("models.img2img_turbo.network.TILE", 96)
    monkeypatch.setattr("models.img2img_turbo.network.OVERLAP", 32)
    tiled = load(options=GeneratorOptions(tiled_vae=True))
    with ExitStack() as stack:
        runs = counted(stack, tiled)
        a = tiled.generate(sketch, PROMPT, size=128).astype(float)
        assert runs == {"text": 1, "encode": 4, "unet": 1, "decode": 4}
    b = generator.generate(sketch, PROMPT, size=128).astype(float)
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.8
    np.testing.assert_array_equal(generator.generate(sketch, PROMPT, size=128, tiled=True), a)
    np.testing.assert_array_equal(generator.generate(sketch, PROMPT, size=128), b)


def test_without_a_checkpoint_it_is_where_training_starts(base, sketch):
    plain = Img2ImgTurbo.load(base, None, placement=Placement())
    picture = plain.generate(sketch, PROMPT, size=32)
    np.testing.assert_array_equal(plain.generate(sketch, PROMPT, size=32, strength=0.9), picture)
    assert plain.variant == "trained"


def test_other_weights_have_another_id(load, base, checkpoint, generator, tmp_path):
    other_base = write_tiny_sd_turbo(tmp_path / "other", seed=1)
    other_checkpoint = write_tiny_checkpoint(tmp_path / "other.pkl", base, seed=1)
    ids = [
        Img2ImgTurbo.load(b, c, placement=Placement()).model_id
        for b, c in ((other_base, checkpoint), (base, other_checkpoint), (base, None))
    ]
    half = load(placement=Placement("cpu", "bfloat16"))
    assert len({*ids, generator.model_id}) == 4
    assert half.model_id == generator.model_id


def test_a_released_generator_holds_no_network_and_says_so(load, sketch):
    import gc
    import weakref

    generator = load()
    generator.generate(sketch, PROMPT, size=16)
    held = [weakref.ref(n) for n in (generator._unet, generator._vae, generator._text_encoder)]
    generator.release()
    gc.collect()
    assert [ref() for ref in held] == [None] * 3
    with pytest.raises(ModelError, match="released"):
        generator.generate(sketch, PROMPT, size=16)
    generator.release()


def test_a_checkpoint_that_is_missing_is_named(base, tmp_path):
    with pytest.raises(WeightsError, match=r"nowhere\.pkl is missing"):
        Img2ImgTurbo.load(base, tmp_path / "nowhere.pkl", placement=Placement())
