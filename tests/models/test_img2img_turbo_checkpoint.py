"""Published Img2Img-Turbo checkpoints: both forms load whole, a wrong one says why, none runs code."""

from __future__ import annotations

import os
import pickle

import pytest
import torch

from models.errors import RefusedFileError, WeightsError
from models.img2img_turbo.base_model import load_base_model
from models.img2img_turbo.checkpoint import load_checkpoint, save_checkpoint
from models.safe_weights import sha256_of
from tests.support.tiny_sd_turbo import write_tiny_checkpoint, write_tiny_sd_turbo


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return write_tiny_sd_turbo(tmp_path_factory.mktemp("sd") / "sd-turbo")


@pytest.fixture(scope="module")
def parts(base):
    return load_base_model(base)


@pytest.fixture(scope="module")
def published(base):
    """What a published file holds; copied before a test changes it."""
    return torch.load(write_tiny_checkpoint(base.parent / "sketch.pkl", base), weights_only=True)


def written(path, published, *, without=(), unet=(), vae=(), **instead):
    """A file with some of its entries changed."""
    held = {k: v for k, v in (published | instead).items() if k not in without}
    for part, changes in (("state_dict_unet", unet), ("state_dict_vae", vae)):
        if changes:
            state = dict(held[part])
            for key, value in dict(changes).items():
                if value is None:
                    del state[key]
                else:
                    state[key] = value
            held[part] = state
    torch.save(held, path)
    return path


@pytest.mark.parametrize("variant", ["sketch", "edge"])
@pytest.mark.parametrize("skip_form", ["base_layer", "plain"])
def test_both_published_forms_load_whole(base, parts, tmp_path, variant, skip_form):
    name = {"sketch": "sketch_to_image_stochastic_lora.pkl", "edge": "edge_to_image_loras.pkl"}[variant]
    path = write_tiny_checkpoint(tmp_path / name, base, variant=variant, skip_form=skip_form)
    held = torch.load(path, weights_only=True)
    checkpoint = load_checkpoint(path, parts.unet, parts.vae)
    assert (checkpoint.variant, checkpoint.stochastic) == (variant, variant == "sketch")
    assert (checkpoint.rank_unet, checkpoint.rank_vae) == (8, 4)
    assert checkpoint.sha256 == sha256_of(path)
    for part, ours in (("unet", checkpoint.unet), ("vae", checkpoint.vae)):
        theirs = {k.replace(".base_layer.", "."): v for k, v in held[f"state_dict_{part}"].items()}
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[k], theirs[k]) for k in theirs)


def test_a_file_of_neither_published_name_is_a_trained_one(base, parts, tmp_path):
    path = write_tiny_checkpoint(tmp_path / "mine.pkl", base, variant="edge")
    assert load_checkpoint(path, parts.unet, parts.vae).variant == "trained"
    assert load_checkpoint(path, parts.unet, parts.vae, variant="edge").variant == "edge"
    with pytest.raises(WeightsError, match=r"mine\.pkl is not of the kind 'sketch'"):
        load_checkpoint(path, parts.unet, parts.vae, variant="sketch")


def test_it_is_converted_once_and_then_the_pickle_may_be_gone(base, parts, tmp_path):
    path = write_tiny_checkpoint(tmp_path / "sketch.pkl", base)
    first = load_checkpoint(path, parts.unet, parts.vae, converted=tmp_path / "cache")
    assert [p.name for p in (tmp_path / "cache").iterdir()] == ["sketch.safetensors"]
    assert [p.name for p in tmp_path.glob("*.safetensors")] == []
    path.unlink()
    second = load_checkpoint(path, parts.unet, parts.vae, converted=tmp_path / "cache")
    assert (second.sha256, second.variant, second.unet_targets) == (
        first.sha256,
        "sketch",
        first.unet_targets,
    )
    third = load_checkpoint(tmp_path / "cache" / "sketch.safetensors", parts.unet, parts.vae)
    assert all(torch.equal(first.vae[k], third.vae[k]) for k in first.vae)


def test_another_pickle_of_the_same_name_is_converted_anew(base, parts, tmp_path):
    path = write_tiny_checkpoint(tmp_path / "sketch.pkl", base)
    first = load_checkpoint(path, parts.unet, parts.vae)
    write_tiny_checkpoint(path, base, seed=3)
    os.utime(path, ns=(1, 1))
    second = load_checkpoint(path, parts.unet, parts.vae)
    assert second.sha256 != first.sha256
    key = "conv_in.conv_in_curr.weight"
    assert not torch.equal(second.unet[key], first.unet[key])


def test_what_was_saved_is_in_the_published_layout(base, parts, published, tmp_path):
    checkpoint = load_checkpoint(base.parent / "sketch.pkl", parts.unet, parts.vae, converted=tmp_path)
    save_checkpoint(tmp_path / "saved.pkl", checkpoint)
    saved = torch.load(tmp_path / "saved.pkl", weights_only=True)
    assert saved.keys() == published.keys()
    for part in ("state_dict_unet", "state_dict_vae"):
        assert saved[part].keys() == published[part].keys()
        assert all(torch.equal(saved[part][k], published[part][k]) for k in saved[part])
    assert set(saved["vae_lora_target_modules"]) == set(published["vae_lora_target_modules"])


def test_the_first_missing_key_is_named(parts, published, tmp_path):
    gone = "decoder.skip_conv_2.lora_A.vae_skip.weight"
    later = "decoder.skip_conv_3.lora_A.vae_skip.weight"
    path = written(tmp_path / "bad.pkl", published, vae={gone: None, later: None})
    with pytest.raises(WeightsError, match=r"state_dict_vae has no '" + gone) as caught:
        load_checkpoint(path, parts.unet, parts.vae)
    assert str(path) in str(caught.value) and "(4, 16, 1, 1)" in str(caught.value)
    assert later not in str(caught.value)
    assert not (tmp_path / "bad.safetensors").exists()


def test_the_first_unexpected_key_is_named_as_the_file_spells_it(parts, published, tmp_path):
    extra = {"conv_out.base_layer.lora_Z": torch.zeros(1), "mid_block.lora_Z": torch.zeros(1)}
    path = written(tmp_path / "bad.pkl", published, unet=extra)
    with pytest.raises(WeightsError, match=r"state_dict_unet has 'conv_out\.base_layer\.lora_Z'") as caught:
        load_checkpoint(path, parts.unet, parts.vae)
    assert str(path) in str(caught.value)


def test_a_misspelt_key_is_named_before_those_that_follow_it(parts, published, tmp_path):
    right = "decoder.skip_conv_1.base_layer.weight"
    changes = {right: None, "decoder.skip_conv_9.weight": published["state_dict_vae"][right]}
    path = written(tmp_path / "bad.pkl", published, vae=changes)
    with pytest.raises(WeightsError, match=r"has no 'decoder\.skip_conv_1\.weight'"):
        load_checkpoint(path, parts.unet, parts.vae)


def test_a_wrong_shape_is_named_with_what_was_expected(parts, published, tmp_path):
    key = "conv_in.conv_in_curr.weight"
    path = written(tmp_path / "bad.pkl", published, unet={key: torch.zeros(16, 3, 3, 3)})
    said = r"has 'conv_in\.conv_in_curr\.weight' with shape \(16, 3, 3, 3\), expected \(16, 4, 3, 3\)"
    with pytest.raises(WeightsError, match=said):
        load_checkpoint(path, parts.unet, parts.vae)


def test_a_checkpoint_of_another_base_model_does_not_fit(parts, tmp_path):
    other = write_tiny_sd_turbo(tmp_path / "other", blocks=3)
    path = write_tiny_checkpoint(tmp_path / "other.pkl", other)
    with pytest.raises(WeightsError, match=r"other\.pkl does not fit this base model: state_dict_unet has"):
        load_checkpoint(path, parts.unet, parts.vae)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"without": ("rank_vae", "state_dict_unet")}, "it has no 'rank_vae'"),
        ({"rank_unet": "8"}, "its 'rank_unet' is no rank"),
        ({"unet_lora_target_modules": "to_k"}, "its 'unet_lora_target_modules' is no list of names"),
        ({"state_dict_vae": {"decoder": 3}}, "its 'state_dict_vae' does not hold named tensors"),
        ({"vae": {"decoder.skip_conv_1.weight": torch.zeros(1)}}, "which are the same"),
    ],
)
def test_what_is_no_checkpoint_says_why(parts, published, tmp_path, changes, said):
    path = written(tmp_path / "odd.pkl", published, **changes)
    with pytest.raises(WeightsError, match=said) as caught:
        load_checkpoint(path, parts.unet, parts.vae)
    assert str(path) in str(caught.value)


def test_a_safetensors_file_of_another_kind_is_not_taken(base, parts):
    path = base / "unet" / "diffusion_pytorch_model.safetensors"
    with pytest.raises(WeightsError, match="is no checkpoint of Img2Img-Turbo"):
        load_checkpoint(path, parts.unet, parts.vae)


class Trap:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (os.mkdir, (str(self.marker),))


@pytest.mark.parametrize("form", ["torch", "pickle"])
def test_a_booby_trapped_checkpoint_runs_nothing_and_is_named(parts, published, tmp_path, form):
    marker, path = tmp_path / "marker", tmp_path / "sketch_to_image_stochastic_lora.pkl"
    trapped = published | {"rank_unet": Trap(marker)}
    if form == "torch":
        torch.save(trapped, path)
    else:
        path.write_bytes(pickle.dumps({"rank_unet": Trap(marker)}))
    with pytest.raises(RefusedFileError) as caught:
        load_checkpoint(path, parts.unet, parts.vae)
    assert str(path) in str(caught.value)
    assert not marker.exists()
    pickle.loads(pickle.dumps(Trap(marker)))  # the trap works
    assert marker.exists()


def test_a_base_model_only_as_a_pickle_is_refused(base, tmp_path):
    import shutil

    folder = shutil.copytree(base, tmp_path / "base")
    marker = tmp_path / "marker"
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(pickle.dumps(Trap(marker)))
    with pytest.raises(RefusedFileError, match=r"diffusion_pytorch_model\.bin was refused"):
        load_base_model(folder)
    assert not marker.exists()


def test_a_base_model_that_lacks_a_tensor_names_it(base, tmp_path):
    import shutil

    from safetensors.torch import load_file, save_file

    for part, file, key in (
        ("vae", "diffusion_pytorch_model", "decoder.conv_in.bias"),
        ("text_encoder", "model", "text_model.final_layer_norm.bias"),
    ):
        folder = shutil.copytree(base, tmp_path / part)
        path = folder / part / f"{file}.safetensors"
        tensors = load_file(path)
        del tensors[key]
        save_file(tensors, path, metadata={"format": "pt"})
        with pytest.raises(WeightsError, match=rf"{part} lack '{key.removeprefix('text_model.')}'"):
            load_base_model(folder)


@pytest.mark.parametrize("part", ["tokenizer", "scheduler", "unet"])
def test_a_base_model_without_one_of_its_folders_names_it(base, tmp_path, part):
    import shutil

    folder = shutil.copytree(base, tmp_path / "base")
    shutil.rmtree(folder / part)
    with pytest.raises(WeightsError, match=part):
        load_base_model(folder)


def test_weights_in_half_precision_alone_are_taken(base, tmp_path):
    import shutil

    folder = shutil.copytree(base, tmp_path / "base")
    for path in folder.rglob("*.safetensors"):
        path.rename(path.with_name(f"{path.stem}.fp16.safetensors"))
    assert load_base_model(folder).step.timestep == 999
