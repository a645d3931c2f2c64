"""Img2Img-Turbo's numbers against the published forward, stated once more on diffusers and peft alone."""

from __future__ import annotations

import functools
import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from models.devices import Placement
from models.img2img_turbo.generator import GeneratorOptions, Img2ImgTurbo
from models.img2img_turbo.network import OneStep, SkipVae, TwinConv, _blend, _windows
from tests.support.tiny_sd_turbo import published_networks, write_tiny_checkpoint, write_tiny_sd_turbo

PROMPT = "convert a cat into a high-resolution color image with a white background"
UNFUSED = GeneratorOptions(fuse_lora=False)
load = functools.partial(Img2ImgTurbo.load, placement=Placement())


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return write_tiny_sd_turbo(tmp_path_factory.mktemp("sd") / "sd-turbo")


@pytest.fixture(scope="module")
def sketch_file(base):
    return write_tiny_checkpoint(base.parent / "sketch.pkl", base)


@pytest.fixture(scope="module")
def edge_file(base):
    return write_tiny_checkpoint(base.parent / "edge_to_image_loras.pkl", base, variant="edge")


def drawing(side=32, seed=0):
    """A prepared input: ink is 1."""
    image = np.zeros((3, side, side), np.float32)
    rows = np.random.default_rng(seed).integers(0, side, 6)
    image[:, rows, side // 4 : side // 2 + rows[0] // 4] = 1
    return image


@functools.cache
def published_parts(base: Path, checkpoint: Path, *, twin: bool):
    """UNet and VAE with the checkpoint in peft's unfused layers."""
    held = torch.load(checkpoint, weights_only=True)
    unet, vae, _ = published_networks(base, twin=twin, seed=99)
    unet.load_state_dict(unet.state_dict() | held["state_dict_unet"])
    vae.load_state_dict(vae.state_dict() | held["state_dict_vae"])
    return unet, vae


def published_picture(base: Path, checkpoint: Path, control, *, r=None, seed=0):
    """Pix2Pix_Turbo.forward; r None is the deterministic one."""
    from diffusers import DDPMScheduler
    from diffusers.utils.peft_utils import set_weights_and_activate_adapters
    from transformers import CLIPTextModel, CLIPTokenizer

    unet, vae = published_parts(base, checkpoint, twin=r is not None)
    tokens = CLIPTokenizer.from_pretrained(base / "tokenizer")(
        PROMPT, max_length=77, padding="max_length", truncation=True, return_tensors="pt"
    )
    scheduler = DDPMScheduler.from_pretrained(base / "scheduler")
    scheduler.set_timesteps(1)
    gamma = 1.0
    if r is not None:
        unet.set_adapters(["default"], weights=[r])
        set_weights_and_activate_adapters(vae, ["vae_skip"], [r])
        unet.conv_in.r, gamma = r, r
    generator = torch.Generator().manual_seed(seed)
    cells = (1, 4, control.shape[1] // 8, control.shape[2] // 8)
    noise = torch.randn(cells, generator=generator) if r is not None else None
    with torch.no_grad():
        words = CLIPTextModel.from_pretrained(base / "text_encoder")(tokens.input_ids)[0]
        x, skips = vae.encoder.conv_in(torch.from_numpy(control)[None]), []
        for block in vae.encoder.down_blocks:
            skips.append(x)
            x = block(x)
        x = vae.encoder.conv_norm_out(vae.encoder.mid_block(x))
        x = vae.encoder.conv_out(torch.nn.functional.silu(x))
        mean, logvar = vae.quant_conv(x).chunk(2, dim=1)
        latent = (mean + (logvar / 2).exp() * torch.randn(cells, generator=generator)) * 0.18215
        if r is not None:
            latent = latent * r + noise * (1 - r)
        predicted = unet(latent, torch.tensor([999]), encoder_hidden_states=words).sample
        clean = scheduler.step(predicted, 999, latent).prev_sample / 0.18215
        x = vae.decoder.mid_block(vae.decoder.conv_in(vae.post_quant_conv(clean)))
        for number, (block, skip) in enumerate(zip(vae.decoder.up_blocks, skips[::-1], strict=True), 1):
            x = block(x + getattr(vae.decoder, f"skip_conv_{number}")(skip * gamma))
        x = vae.decoder.conv_out(torch.nn.functional.silu(vae.decoder.conv_norm_out(x)))
    return x[0].clamp(-1, 1).numpy()


@pytest.mark.parametrize("options", [GeneratorOptions(), UNFUSED], ids=["fused", "unfused"])
def test_the_stochastic_picture_is_the_published_one_at_every_strength(base, sketch_file, options):
    generator = load(base, sketch_file, options=options)
    pictures = []
    for r in (0.4, 1.0, 0.0, 0.7):
        ours = generator.forward(drawing(), PROMPT, seed=5, strength=r)
        published = published_picture(base, sketch_file, drawing(), r=r, seed=5)
        np.testing.assert_allclose(ours, published, atol=1e-4)
        pictures.append(ours)
    # The strengths are told apart by far more than the tolerance.
    assert min(np.abs(a - b).max() for a, b in itertools.pairwise(pictures)) > 0.05


@pytest.mark.parametrize("options", [GeneratorOptions(), UNFUSED], ids=["fused", "unfused"])
def test_the_deterministic_picture_is_the_published_one_whatever_the_strength(base, edge_file, options):
    generator = load(base, edge_file, options=options)
    published = published_picture(base, edge_file, drawing(), seed=2)
    for r in (0.1, 1.0):
        ours = generator.forward(drawing(), PROMPT, seed=2, strength=r)
        np.testing.assert_allclose(ours, published, atol=1e-4)


def test_a_factor_of_rank_4_counts_twice_as_published(base):
    # peft's alpha is 8 unless it is set; no other rank would show that the VAE's factors are doubled.
    assert published_networks(base, twin=False)[1].decoder.conv_in.scaling["vae_skip"] == 2.0


def test_twenty_changes_of_the_strength_leave_no_trace(base, sketch_file):
    generator = load(base, sketch_file)
    before = generator.forward(drawing(), PROMPT, strength=0.4)
    for i in range(20):
        generator.forward(drawing(16), PROMPT, strength=(i * 0.37) % 1)
    np.testing.assert_array_equal(generator.forward(drawing(), PROMPT, strength=0.4), before)


def test_an_interrupted_change_of_the_strength_is_made_up_for(base, sketch_file):
    generator = load(base, sketch_file)
    before = generator.forward(drawing(16), PROMPT, strength=0.9)
    generator.forward(drawing(16), PROMPT, strength=0.4)

    class Full:
        def set_strength(self, r):
            raise torch.OutOfMemoryError("no memory left")

    layers, generator._vae_layers = generator._vae_layers, (Full(),)
    with pytest.raises(torch.OutOfMemoryError):
        generator.forward(drawing(16), PROMPT, strength=0.9)
    generator._vae_layers = layers
    np.testing.assert_array_equal(generator.forward(drawing(16), PROMPT, strength=0.9), before)


def test_the_files_of_the_base_model_are_not_written_to(base, sketch_file):
    held = {p: p.read_bytes() for p in base.rglob("*.safetensors")}
    first = load(base, sketch_file)
    second = load(base, sketch_file)
    before = second.forward(drawing(16), PROMPT, strength=0.4)
    first.forward(drawing(16), PROMPT, strength=0.9)
    np.testing.assert_array_equal(second.forward(drawing(16), PROMPT, strength=0.4), before)
    assert {p: p.read_bytes() for p in base.rglob("*.safetensors")} == held


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
def test_the_one_step_is_the_ddpm_formula(prediction):
    x, out = np.random.default_rng(0).normal(size=(2, 1, 4, 8, 8))
    betas = np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    alpha = np.prod(1 - betas)
    clean = {
        "epsilon": (x - np.sqrt(1 - alpha) * out) / np.sqrt(alpha),
        "v_prediction": np.sqrt(alpha) * x - np.sqrt(1 - alpha) * out,
        "sample": out,
    }[prediction]
    ours = OneStep(999, float(alpha), prediction, None)(torch.from_numpy(x), torch.from_numpy(out))
    np.testing.assert_allclose(ours.numpy(), clean, rtol=1e-4, atol=1e-4)
    clipped = OneStep(999, float(alpha), prediction, 0.5)(torch.from_numpy(x), torch.from_numpy(out))
    assert float(clipped.abs().max()) == 0.5


def test_the_schedule_is_read_from_its_settings(base):
    from models.img2img_turbo.base_model import load_base_model

    step = load_base_model(base).step
    betas = np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    assert (step.timestep, step.prediction, step.clip) == (999, "epsilon", None)
    assert step.alpha == pytest.approx(np.prod(1 - betas), rel=1e-4)


def plain_vae(base):
    from diffusers import AutoencoderKL

    return AutoencoderKL.from_pretrained(base / "vae", local_files_only=True).eval()


@torch.no_grad()
def test_without_its_skips_the_vae_is_diffusers_plain_one(base):
    plain, ours = plain_vae(base), SkipVae(plain_vae(base))
    for number in range(1, 5):
        torch.nn.init.normal_(ours.decoder.get_submodule(f"skip_conv_{number}").weight)
    picture = torch.from_numpy(drawing())[None]
    encoded, posterior = ours.encode(picture), plain.encode(picture).latent_dist
    torch.testing.assert_close(encoded.mean, posterior.mean, atol=1e-4, rtol=0)
    torch.testing.assert_close(encoded.std, posterior.std, atol=1e-4, rtol=0)
    latent = torch.randn(1, 4, 4, 4)
    off = ours.decode(latent, encoded, torch.tensor(0.0))
    torch.testing.assert_close(off, plain.decode(latent).sample, atol=1e-4, rtol=0)
    assert (ours.decode(latent, encoded, torch.tensor(1.0)) - off).abs().max() > 0.01


@torch.no_grad()
def test_a_tiled_picture_is_close_to_an_untiled_one(base):
    ours = SkipVae(plain_vae(base))
    for number in range(1, 5):
        torch.nn.init.normal_(ours.decoder.get_submodule(f"skip_conv_{number}").weight, std=0.05)
    picture = (torch.rand(1, 1, 320, 320, generator=torch.Generator().manual_seed(0)) < 0.1).float()
    picture = picture.expand(1, 3, 320, 320)
    whole, tiled = ours.encode(picture), ours.encode(picture, tiled=True)
    assert len(whole.windows) == 1 and len(tiled.windows) == 4
    assert (whole.mean - tiled.mean).abs().mean() < 0.1 * whole.mean.std()
    once = ours.decode(whole.mean, whole, torch.tensor(1.0))
    pieces = ours.decode(whole.mean, tiled, torch.tensor(1.0))
    assert pieces.shape == once.shape == (1, 3, 320, 320)
    # Not equal: a tile's norms and attention see only the tile.
    assert 0 < (once - pieces).abs().mean() < 0.15 * once.std()
    assert np.corrcoef(once.flatten(), pieces.flatten())[0, 1] > 0.98
    small = torch.from_numpy(drawing(64))[None]
    torch.testing.assert_close(ours.encode(small, tiled=True).mean, ours.encode(small).mean)


def test_tiles_of_a_picture_blend_to_the_picture():
    picture = torch.randn(1, 2, 48, 80)
    windows = _windows(48, 80, 8)
    assert len(windows) == 6
    blended = _blend([w.of(picture) for w in windows], windows, (48, 80), scale=1, overlap=8)
    torch.testing.assert_close(blended, picture)


def test_a_pair_of_convolutions_mixes_by_its_own_strength():
    a, b = torch.nn.Conv2d(4, 8, 3, padding=1), torch.nn.Conv2d(4, 8, 3, padding=1)
    twin, other = TwinConv(a, b), TwinConv(a, b)
    twin.set_strength(0.3)
    x = torch.randn(1, 4, 8, 8)
    torch.testing.assert_close(twin(x), a(x) * 0.7 + b(x) * 0.3)
    torch.testing.assert_close(other(x), b(x))


def test_a_network_of_fewer_blocks_works_the_same(tmp_path):
    base = write_tiny_sd_turbo(tmp_path / "small", blocks=2)
    file = write_tiny_checkpoint(tmp_path / "small.pkl", base)
    sketch = np.full((64, 64), 255, np.uint8)
    sketch[20:40, 30] = 0
    fused, unfused = load(base, file), load(base, file, options=UNFUSED)
    assert fused.generate(sketch, "a cat", size=33).shape == (32, 32, 3)
    assert len(fused._vae.encode(torch.zeros(1, 3, 32, 32)).skips[0]) == 2
    np.testing.assert_allclose(
        fused.forward(drawing(32), PROMPT), unfused.forward(drawing(32), PROMPT), atol=1e-4
    )


def test_no_class_or_instance_of_diffusers_keeps_a_changed_forward(base, sketch_file):
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from diffusers.models.autoencoders.vae import Decoder, Encoder

    classes = (AutoencoderKL, UNet2DConditionModel, Encoder, Decoder)
    before = [cls.forward for cls in classes]
    generator = load(base, sketch_file)
    generator.forward(drawing(), PROMPT)
    assert [cls.forward for cls in classes] == before
    for network in (generator._unet, generator._vae):
        for module in network.modules():
            assert "forward" not in vars(module)
            assert not module._forward_hooks and not module._forward_pre_hooks
