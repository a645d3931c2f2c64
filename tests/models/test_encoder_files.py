"""Weight files: what is written is what is read, and whatever is wrong with one is said in a sentence that
names it.
"""

from __future__ import annotations

import json
import re
import shutil
import struct
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file

from models.dual_encoder import PhotoHead, SketchTower
from models.efficientnet_lite import EfficientNetLite0
from models.embedded import embedded_weights
from models.encoder_files import load_encoder, save_encoder
from models.encoder_layout import PHOTO_FILE, sketch_file
from models.errors import WeightsError

ROOT = Path(__file__).resolve().parents[2]
SKETCH_FILE, SECOND_FILE = sketch_file(1), sketch_file(2)
FILES = (PHOTO_FILE, SKETCH_FILE, SECOND_FILE)
EACH = pytest.mark.parametrize("name", FILES)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A folder with the files of an untrained encoder, and the networks they came from."""
    torch.manual_seed(11)
    sketches, trunk, head = (SketchTower(3), SketchTower(3)), EfficientNetLite0(), PhotoHead()
    folder = tmp_path_factory.mktemp("fresh")
    info = save_encoder(
        folder,
        sketches=sketches,
        views=((64, 48), (56,)),
        photo_trunk=trunk,
        photo_head=head,
        classes=["cat", "hot_air_balloon", "곰"],
        photo_side=96,
    )
    return folder, info, sketches, trunk, head


@pytest.fixture
def folder(fresh, tmp_path):
    """A copy to be damaged."""
    return Path(shutil.copytree(fresh[0], tmp_path / "weights"))


def rewrite(path, *, without=(), **changes):
    """The same tensors under a changed header."""
    with safe_open(path, framework="pt") as file:
        metadata = {k: v for k, v in (file.metadata() | changes).items() if k not in without}
        tensors = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
    save_file(tensors, path, metadata=metadata)


def refusal(folder):
    with pytest.raises(WeightsError) as caught:
        load_encoder(folder)
    return str(caught.value)


@torch.inference_mode()
def test_what_is_written_is_what_is_read(fresh):
    folder, info, sketches, trunk, head = fresh
    loaded = load_encoder(folder)
    assert loaded.info == info
    assert info.classes == ("cat", "hot_air_balloon", "곰")
    assert (info.views, info.photo_side) == (((64, 48), (56,)), 96)
    pictures = torch.randn(2, 3, 64, 64)
    for tower, written in zip(loaded.sketches, sketches, strict=True):
        for theirs, ours in zip(tower(pictures), written(pictures), strict=True):
            torch.testing.assert_close(theirs, ours, atol=2e-2, rtol=2e-2)  # half precision on the disk
    features = trunk(pictures)
    torch.testing.assert_close(loaded.photo_trunk(pictures), features, atol=2e-2, rtol=2e-2)
    torch.testing.assert_close(loaded.photo_head(features), head(features), atol=2e-2, rtol=2e-2)
    for network in (*loaded.sketches, loaded.photo_trunk, loaded.photo_head):
        assert not network.training
        assert all(p.dtype == torch.float32 and not p.requires_grad for p in network.parameters())


def test_the_id_of_the_space_follows_the_weights_alone(fresh, tmp_path):
    _, info, sketches, trunk, head = fresh
    same = save_encoder(
        tmp_path,
        sketches=sketches,
        views=((64, 48), (56,)),
        photo_trunk=trunk,
        photo_head=head,
        classes=list(info.classes),
        photo_side=96,
    )
    assert same.model_id == info.model_id
    changed = PhotoHead()
    other = save_encoder(
        tmp_path,
        sketches=sketches,
        views=((64, 48), (56,)),
        photo_trunk=trunk,
        photo_head=changed,
        classes=list(info.classes),
        photo_side=96,
    )
    assert other.model_id != info.model_id


@EACH
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    assert str(folder / name) in refusal(folder)


@EACH
@pytest.mark.parametrize("share", [0.0, 0.0001, 0.5, 0.999])
def test_a_file_cut_short_is_named(folder, name, share):
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: int(len(whole) * share)])
    assert str(folder / name) in refusal(folder)


@settings(max_examples=25)
@given(data=st.data())
def test_a_flipped_byte_in_the_header_never_ends_in_a_foreign_error(fresh, tmp_path_factory, data):
    source = fresh[0]
    whole = bytearray((source / SKETCH_FILE).read_bytes())
    (length,) = struct.unpack("<Q", whole[:8])
    at = data.draw(st.integers(0, 8 + length - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    folder = tmp_path_factory.mktemp("flipped")
    (folder / SKETCH_FILE).write_bytes(whole)
    for name in (PHOTO_FILE, SECOND_FILE):
        (folder / name).symlink_to(source / name)
    try:
        load_encoder(folder)  # a byte of a class name, say, that the other file does not contradict
    except WeightsError as error:
        assert str(folder) in str(error)
    finally:
        shutil.rmtree(folder)


@EACH
@pytest.mark.parametrize(
    "header",
    [
        {"classes": "not json"},
        {"classes": "5"},
        {"classes": '{"cat": 1}'},
        {"views": '["wide"]'},
        {"views": "[]"},
        {"views": "[[64], [0]]"},
        {"views": "7"},
        {"photo_side": "0"},
        {"version": "one"},
    ],
    ids=str,
)
def test_a_header_that_makes_no_sense_is_damage(folder, name, header):
    rewrite(folder / name, **header)
    sentence = refusal(folder)
    assert str(folder / name) in sentence
    assert "damaged" in sentence


@EACH
@pytest.mark.parametrize("field", ["classes", "model_id", "views", "photo_side", "version"])
def test_a_header_that_lacks_a_field_is_damage(folder, name, field):
    rewrite(folder / name, without=(field,))
    assert str(folder / name) in refusal(folder)


@EACH
def test_another_programs_safetensors_are_refused(folder, name):
    save_file({"weight": torch.zeros(3)}, folder / name)
    sentence = refusal(folder)
    assert str(folder / name) in sentence
    assert "does not hold" in sentence


def test_the_two_sides_exchanged_are_refused(folder):
    (folder / PHOTO_FILE).rename(folder / "other")
    (folder / SKETCH_FILE).rename(folder / PHOTO_FILE)
    (folder / "other").rename(folder / SKETCH_FILE)
    assert str(folder / PHOTO_FILE) in refusal(folder)


def test_two_towers_exchanged_are_refused(folder):
    (folder / SKETCH_FILE).rename(folder / "other")
    (folder / SECOND_FILE).rename(folder / SKETCH_FILE)
    (folder / "other").rename(folder / SECOND_FILE)
    assert str(folder / SKETCH_FILE) in refusal(folder)


@EACH
def test_a_file_of_a_newer_program_is_refused_and_says_so(folder, name):
    rewrite(folder / name, version="2")
    sentence = refusal(folder)
    assert str(folder / name) in sentence
    assert "newer" in sentence


def test_sides_of_two_trainings_are_refused(folder):
    shutil.copyfile(embedded_weights() / PHOTO_FILE, folder / PHOTO_FILE)
    sentence = refusal(folder)
    assert str(folder / SKETCH_FILE) in sentence
    assert "two trainings" in sentence


def test_tensors_that_do_not_fit_are_refused_naming_the_folder(folder):
    for name in FILES:
        rewrite(folder / name, classes=json.dumps(["cat", "dog"]))  # the weights know three
    assert str(folder) in refusal(folder)


def test_a_folder_in_a_files_place_is_refused(folder):
    (folder / PHOTO_FILE).unlink()
    (folder / PHOTO_FILE).mkdir()
    assert str(folder / PHOTO_FILE) in refusal(folder)


def test_the_weights_that_come_with_the_program_are_small_enough_to_come_with_it():
    for name in FILES:
        assert (embedded_weights() / name).stat().st_size <= 12 * 2**20


def test_nothing_in_the_program_unpickles():
    """`torch.load` runs code from the file unless told otherwise; numpy and pickle likewise."""
    calls = 0
    for package in ("models", "sketch_app", "index", "ui", "device", "benchmarks", "scripts"):
        for path in (ROOT / package).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            for call in re.findall(r"torch\.load\(([^()]*(?:\([^()]*\)[^()]*)*)\)", text):
                assert "weights_only=True" in call, path
                calls += 1
            assert text.count("torch.load(") == len(
                re.findall(r"torch\.load\([^\n]*weights_only=True", text)
            ), path
            assert not re.search(r"^\s*(import|from) (pickle|dill|joblib|shelve)\b", text, re.M), path
            assert "allow_pickle=True" not in text, path
    assert calls  # the search finds what it looks for


def test_one_flipped_bit_among_the_numbers_is_noticed(tmp_path: Path) -> None:
    for name in FILES:
        shutil.copy(embedded_weights() / name, tmp_path / name)
    damaged = tmp_path / SKETCH_FILE
    data = bytearray(damaged.read_bytes())
    data[len(data) // 2] ^= 0x10
    damaged.write_bytes(bytes(data))
    with pytest.raises(WeightsError, match=r"encoder-sketch-1\.safetensors.* damaged"):
        load_encoder(tmp_path)
