"""The photo embedder: its vectors are DINOv2's own, whatever is asked together, and its id changes with
everything that changes them.
"""

from __future__ import annotations

import json
import pickle
import re
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

import models.photo_embedder
from models.devices import Placement
from models.errors import ModelError, RefusedFileError, WeightsError
from models.photo_embedder import Dinov2Embedder, photo_dimension, photo_model_id
from tests.support.tiny_dinov2 import PATCH, WIDTH, write_tiny_dinov2

MEAN, STD = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
HEADS = 4


class Trap:
    """Makes a folder where it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.mkdir, (self.marker,)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_dinov2(tmp_path_factory.mktemp("dino") / "plain")


@pytest.fixture(scope="module")
def with_registers(tmp_path_factory):
    return write_tiny_dinov2(tmp_path_factory.mktemp("dino") / "registers", registers=4)


@pytest.fixture(scope="module")
def embedder(folder):
    return Dinov2Embedder.load(folder)


def photos(n=6):
    """Smooth pictures of several shapes."""
    shapes = [(300, 400), (400, 300), (224, 224), (97, 641), (30, 20), (512, 256)]
    rng = np.random.default_rng(3)
    found = []
    for i in range(n):
        height, width = shapes[i % len(shapes)]
        small = Image.fromarray(rng.integers(0, 255, (7, 5, 3), dtype=np.uint8))
        found.append(np.asarray(small.resize((width, height), Image.Resampling.BICUBIC)))
    return found


def pixels_of(photo):
    """The published preprocessing by hand: short side to 256, inner 224, normalised: (1, 3, 224, 224)."""
    height, width = photo.shape[:2]
    short = min(height, width)
    size = (256 * width // short, 256 * height // short)
    large = np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BICUBIC))
    top, left = (size[1] - 224) // 2, (size[0] - 224) // 2
    x = (large[top : top + 224, left : left + 224].astype(np.float32) / 255 - MEAN) / STD
    return torch.from_numpy(x.transpose(2, 0, 1)[None])


def plain(folder):
    """The model as transformers reads it."""
    from transformers import Dinov2Model, Dinov2WithRegistersModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    kind = json.loads((folder / "config.json").read_text())["model_type"]
    model = Dinov2Model if kind == "dinov2" else Dinov2WithRegistersModel
    return model.from_pretrained(folder, local_files_only=True).eval()


def unit(vector):
    return vector / np.linalg.norm(vector)


class TestTheVectors:
    @pytest.mark.parametrize("kind", ["folder", "with_registers"])
    def test_they_are_the_pooled_output_of_transformers(self, request, kind):
        folder = request.getfixturevalue(kind)
        vectors, network = Dinov2Embedder.load(folder).encode_photos(photos()), plain(folder)
        for vector, photo in zip(vectors, photos(), strict=True):
            with torch.inference_mode():
                pooled = network(pixels_of(photo)).pooler_output[0].numpy()
            assert np.abs(vector - unit(pooled)).max() < 1e-4

    def test_they_are_what_one_layer_written_by_hand_gives(self, tmp_path):
        folder = write_tiny_dinov2(tmp_path / "one", layers=1, seed=5)
        photo = photos(1)[0]
        vector = Dinov2Embedder.load(folder).encode_photos([photo])[0]
        assert np.abs(vector - unit(by_hand(load_file(folder / "model.safetensors"), photo))).max() < 1e-4

    @pytest.mark.parametrize(("kind", "registers"), [("folder", 0), ("with_registers", 4)])
    def test_the_mean_is_of_the_patches_alone(self, request, kind, registers):
        folder, photo = request.getfixturevalue(kind), photos(1)[0]
        with torch.inference_mode():
            tokens = plain(folder)(pixels_of(photo)).last_hidden_state[0].numpy()
        assert len(tokens) == 1 + registers + 16 * 16
        wanted = unit(np.concatenate([tokens[0], tokens[1 + registers :].mean(0)]))
        embedder = Dinov2Embedder.load(folder, pooling="cls+mean")
        assert embedder.dimension == 2 * WIDTH == photo_dimension(folder, pooling="cls+mean")
        assert photo_dimension(folder) == WIDTH
        assert np.abs(embedder.encode_photos([photo])[0] - wanted).max() < 1e-4

    def test_many_at_once_are_as_one_by_one(self, embedder):
        together = embedder.encode_photos(photos(11))
        alone = np.concatenate([embedder.encode_photos([p]) for p in photos(11)])
        assert together.shape == (11, WIDTH)
        assert np.abs(together - alone).max() < 1e-5

    def test_they_have_length_one_and_are_single_precision(self, embedder):
        vectors = embedder.encode_photos(photos())
        assert vectors.dtype == np.float32
        assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-6

    def test_no_photos_give_no_vectors(self, embedder):
        assert embedder.encode_photos([]).shape == (0, WIDTH)

    def test_different_photos_get_different_vectors(self, embedder):
        vectors = embedder.encode_photos(photos())
        assert (vectors @ vectors.T - np.eye(6)).max() < 0.999

    def test_bfloat16_is_close(self, folder, embedder):
        able = torch.cpu.get_capabilities()
        if not (able.get("avx512_bf16") or able.get("amx_bf16")):
            pytest.skip("this processor has no instructions for bfloat16")
        half = Dinov2Embedder.load(folder, placement=Placement("cpu", "bfloat16"))
        assert (half.encode_photos(photos()) * embedder.encode_photos(photos())).sum(1).min() > 0.995

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
    @pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
    def test_a_graphics_device_gives_the_same(self, folder, embedder, dtype):
        there = Dinov2Embedder.load(folder, placement=Placement("cuda:0", dtype)).encode_photos(photos())
        assert (there * embedder.encode_photos(photos())).sum(1).min() > 0.99

    def test_a_network_that_overflows_in_half_precision_goes_on_in_float32(self, folder, tmp_path, embedder):
        large = shutil.copytree(folder, tmp_path / "large")
        tensors = load_file(large / "model.safetensors")
        for name in ("weight", "bias"):  # fit into float16, their products do not; the direction is the same
            tensors[f"layernorm.{name}"] *= 4.5e4
        save_file(tensors, large / "model.safetensors", metadata={"format": "pt"})
        half = Dinov2Embedder.load(large, placement=Placement("cpu", "float16"))
        assert np.abs(half.encode_photos(photos(1)) - embedder.encode_photos(photos(1))).max() < 1e-3
        assert half.placement == Placement("cpu", "float32")

    def test_several_threads_get_what_one_gets(self, embedder):
        wanted, found = embedder.encode_photos(photos()), [np.zeros(0)] * 6

        def ask(i):
            found[i] = embedder.encode_photos([photos()[i]])[0]

        threads = [threading.Thread(target=ask, args=(i,)) for i in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert np.abs(np.stack(found) - wanted).max() < 1e-5


class TestWhatIsSeen:
    def test_as_published_the_edges_of_a_wide_photo_do_not_count(self, embedder):
        photo = photos(1)[0].copy()
        before = embedder.encode_photos([photo])
        photo[:, :30] = 0
        photo[:, -30:] = 255
        assert np.abs(embedder.encode_photos([photo]) - before).max() < 1e-6

    def test_as_a_whole_they_count(self, folder):
        embedder, photo = Dinov2Embedder.load(folder, framing="whole"), photos(1)[0].copy()
        before = embedder.encode_photos([photo])
        photo[:, :30] = 0
        assert np.abs(embedder.encode_photos([photo]) - before).max() > 1e-3

    def test_the_whole_is_squeezed_into_the_square(self, folder):
        photo = photos(1)[0]
        small = np.asarray(Image.fromarray(photo).resize((224, 224), Image.Resampling.BICUBIC))
        x = torch.from_numpy(((small.astype(np.float32) / 255 - MEAN) / STD).transpose(2, 0, 1)[None])
        with torch.inference_mode():
            wanted = unit(plain(folder)(x).pooler_output[0].numpy())
        found = Dinov2Embedder.load(folder, framing="whole").encode_photos([photo])[0]
        assert np.abs(found - wanted).max() < 1e-4

    @pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 3), (1, 30_000), (20_000, 3), (700, 90)])
    def test_a_photo_may_have_any_shape(self, embedder, shape, caplog):
        grey = np.full((*shape, 3), 90, np.uint8)
        square = np.full((64, 64, 3), 90, np.uint8)
        one, other = embedder.encode_photos([grey, square])
        assert np.abs(one - other).max() < 1e-3
        assert not caplog.records  # nobody wonders which side is the channels

    def test_the_middle_of_a_strip_counts_and_its_ends_do_not(self, embedder):
        strip = np.full((40, 4000, 3), 90, np.uint8)
        before = embedder.encode_photos([strip])
        strip[:, :1800] = 0
        assert np.abs(embedder.encode_photos([strip]) - before).max() < 1e-6
        strip[:, 1990:2000] = 255
        assert np.abs(embedder.encode_photos([strip]) - before).max() > 1e-3


class TestTheId:
    def test_it_names_the_model_and_what_is_read_from_it(self, folder, with_registers):
        assert re.fullmatch(f"dinov2-{WIDTH}/cls@[0-9a-f]{{10}}", photo_model_id(folder))
        assert photo_model_id(with_registers).startswith(f"dinov2-with-registers-{WIDTH}/cls@")
        assert "/cls+mean+whole@" in photo_model_id(folder, pooling="cls+mean", framing="whole")

    @pytest.mark.parametrize(
        ("width", "name"), [(384, "small"), (768, "base"), (1024, "large"), (1536, "giant")]
    )
    def test_the_published_sizes_have_their_names(self, folder, tmp_path, width, name):
        copy = shutil.copytree(folder, tmp_path / "copy")
        config = json.loads((copy / "config.json").read_text())
        (copy / "config.json").write_text(json.dumps(config | {"hidden_size": width}))
        assert photo_model_id(copy).startswith(f"dinov2-{name}/cls@")

    def test_it_is_the_same_wherever_and_however_the_model_runs(self, folder, tmp_path):
        moved = shutil.copytree(folder, tmp_path / "under another name")
        half = Dinov2Embedder.load(moved, placement=Placement("cpu", "bfloat16"))
        assert half.model_id == Dinov2Embedder.load(folder).model_id == photo_model_id(folder)

    def test_it_differs_by_pooling_framing_and_registers(self, folder, with_registers):
        ids = [photo_model_id(f, pooling=p, framing=v) for f in (folder, with_registers)
               for p in ("cls", "cls+mean") for v in ("crop", "whole")]  # fmt: skip
        assert len(set(ids)) == 8

    @pytest.mark.parametrize("limit", [512 * 2**20, 0], ids=["hashed whole", "sampled"])
    def test_it_differs_by_weights_and_preprocessing(self, folder, tmp_path, monkeypatch, limit):
        monkeypatch.setattr(models.photo_embedder, "_HASHED_WHOLE", limit)
        copy = shutil.copytree(folder, tmp_path / "copy")
        ids = {photo_model_id(copy)}
        tensors = load_file(copy / "model.safetensors")
        tensors["layernorm.bias"] += 1e-3
        save_file(tensors, copy / "model.safetensors", metadata={"format": "pt"})
        ids.add(photo_model_id(copy))
        path = copy / "preprocessor_config.json"
        path.write_text(path.read_text().replace("256", "224"))
        ids.add(photo_model_id(copy))
        assert len(ids) == 3

    def test_large_weights_are_sampled_everywhere(self, folder, tmp_path, monkeypatch):
        """A stand-in of 20 MB: one changed block of it, as large as a layer, always shows."""
        monkeypatch.setattr(models.photo_embedder, "_HASHED_WHOLE", 0)
        copy = shutil.copytree(folder, tmp_path / "copy")
        weights = np.random.default_rng(0).standard_normal(5_000_000).astype(np.float32)
        ids = set()
        for start in [None, *range(0, len(weights), 1_100_000)]:
            changed = weights.copy()
            if start is not None:
                changed[start : start + 1_100_000] *= 1.01
            save_file({"w": torch.from_numpy(changed)}, copy / "model.safetensors")
            ids.add(photo_model_id(copy))
        assert len(ids) == 1 + 5


class TestWrongFiles:
    def refused(self, error, path, why, folder):
        with pytest.raises(error, match=f"{re.escape(str(path))}.*{why}"):
            Dinov2Embedder.load(folder)

    @pytest.fixture
    def copy(self, folder, tmp_path):
        return Path(shutil.copytree(folder, tmp_path / "copy"))

    @pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt"])
    def test_weights_that_are_only_a_pickle_are_not_opened(self, copy, tmp_path, name):
        (copy / "model.safetensors").unlink()
        torch.save(Trap(tmp_path / "sprung"), copy / name)
        self.refused(RefusedFileError, copy / name, "safetensors", copy)
        assert not (tmp_path / "sprung").exists()

    def test_a_pickle_under_the_name_of_safetensors_is_not_opened(self, copy, tmp_path):
        (copy / "model.safetensors").write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
        self.refused(RefusedFileError, copy / "model.safetensors", "", copy)
        assert not (tmp_path / "sprung").exists()

    @pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "model.safetensors"])
    def test_a_file_that_is_missing_or_torn_is_named(self, copy, name):
        (copy / name).unlink()
        self.refused(WeightsError, copy / name, "", copy)
        (copy / name).write_text('{"model_type": ')
        self.refused(WeightsError, copy / name, "", copy)

    def test_a_key_too_few_too_many_or_of_another_shape_is_named(self, copy):
        path = copy / "model.safetensors"
        whole = load_file(path)

        def without(tensors, key):
            return {k: v for k, v in tensors.items() if k != key}

        for tensors, why in (
            (without(whole, "layernorm.bias"), "layernorm.bias is missing"),
            (whole | {"head.weight": torch.ones(2)}, "head.weight is not known"),
            (whole | {"layernorm.bias": torch.ones(3)}, r"layernorm.bias is \(3,\), not \(48,\)"),
        ):
            save_file(tensors, path, metadata={"format": "pt"})
            self.refused(WeightsError, path, why, copy)

    def test_another_model_is_named(self, copy):
        path = copy / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"model_type": "vit"}))
        self.refused(WeightsError, path, "vit", copy)

    def test_weights_in_parts_are_read_as_one(self, copy, embedder):
        whole = load_file(copy / "model.safetensors")
        names = sorted(whole)
        parts = {
            "model-00001-of-00002.safetensors": names[::2],
            "model-00002-of-00002.safetensors": names[1::2],
        }
        for part, keys in parts.items():
            save_file({k: whole[k] for k in keys}, copy / part, metadata={"format": "pt"})
        index = {"weight_map": {k: part for part, keys in parts.items() for k in keys}}
        (copy / "model.safetensors.index.json").write_text(json.dumps(index))
        (copy / "model.safetensors").unlink()
        split = Dinov2Embedder.load(copy).encode_photos(photos())
        assert np.array_equal(split, embedder.encode_photos(photos()))


def test_the_layout_is_that_of_the_published_files(folder, with_registers):
    keys = load_file(folder / "model.safetensors").keys()
    assert "encoder.layer.0.attention.attention.query.weight" in keys
    assert "encoder.layer.1.attention.output.dense.bias" in keys
    assert keys >= {"embeddings.cls_token", "embeddings.mask_token", "layernorm.weight"}
    assert "embeddings.register_tokens" in load_file(with_registers / "model.safetensors")


def test_after_its_release_it_says_to_be_loaded_again(folder):
    embedder = Dinov2Embedder.load(folder)
    embedder.release()
    embedder.release()
    with pytest.raises(ModelError, match="load it again"):
        embedder.encode_photos(photos(1))


def by_hand(w, photo):
    """The class token of a DINOv2 of one layer: (WIDTH,). From the paper, with the file's own names."""

    def norm(x, name):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-6)
        return scaled * w[f"{name}.weight"] + w[f"{name}.bias"]

    def linear(x, name):
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    w = {k: v.double().numpy() for k, v in w.items()}
    x = pixels_of(photo)[0].double().numpy()
    patches = x.reshape(3, 16, PATCH, 16, PATCH).transpose(1, 3, 0, 2, 4).reshape(256, -1)
    kernel = w["embeddings.patch_embeddings.projection.weight"].reshape(WIDTH, -1)
    tokens = patches @ kernel.T + w["embeddings.patch_embeddings.projection.bias"]
    places = w["embeddings.position_embeddings"][0]
    grid = torch.from_numpy(places[1:].reshape(1, 7, 7, WIDTH).transpose(0, 3, 1, 2))
    grid = torch.nn.functional.interpolate(grid, size=(16, 16), mode="bicubic", align_corners=False)
    tokens = tokens + grid[0].numpy().transpose(1, 2, 0).reshape(256, WIDTH)
    x = np.concatenate([w["embeddings.cls_token"][0] + places[:1], tokens])

    layer = "encoder.layer.0"
    normed = norm(x, f"{layer}.norm1")
    q, k, v = (
        linear(normed, f"{layer}.attention.attention.{part}").reshape(257, HEADS, -1).transpose(1, 0, 2)
        for part in ("query", "key", "value")
    )
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(WIDTH / HEADS)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    mixed = weights / weights.sum(-1, keepdims=True) @ v
    attended = linear(mixed.transpose(1, 0, 2).reshape(257, WIDTH), f"{layer}.attention.output.dense")
    x = x + attended * w[f"{layer}.layer_scale1.lambda1"]
    inner = torch.from_numpy(linear(norm(x, f"{layer}.norm2"), f"{layer}.mlp.fc1"))
    x = (
        x
        + linear(torch.nn.functional.gelu(inner).numpy(), f"{layer}.mlp.fc2")
        * w[f"{layer}.layer_scale2.lambda1"]
    )
    return norm(x, "layernorm")[0]
