"""Files of weights: nothing in them is ever run, and whatever is wrong with one is said in a sentence that
names it.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from models.errors import RefusedFileError, WeightsError
from models.safe_weights import (
    Weights,
    convert_once,
    read_checkpoint,
    read_metadata,
    read_safetensors,
    read_weights,
    safetensors_in,
    write_safetensors,
)


class Trap:
    """Makes a file where it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def named(path):
    return re.escape(str(path))


def zip_form(held, path):
    torch.save(held, path)


def legacy_form(held, path):
    torch.save(held, path, _use_new_zipfile_serialization=False)


def bare(protocol):
    def form(held, path):
        path.write_bytes(pickle.dumps(held, protocol))

    form.__name__ = f"bare_{protocol}"
    return form


@pytest.mark.parametrize("write", [zip_form, legacy_form, *map(bare, range(6))], ids=lambda f: f.__name__)
def test_a_trap_in_a_checkpoint_is_not_sprung_and_the_file_and_the_trap_are_named(tmp_path, write):
    path, marker = tmp_path / "weights.pt", tmp_path / "sprung"
    write({"model_state_dict": {"a": 1.0, "b": Trap(marker)}}, path)
    with pytest.raises(RefusedFileError, match=f"{named(path)}.*mkdir.*Nothing in it was run"):
        read_checkpoint(path)
    assert not marker.exists()
    with pytest.raises(RefusedFileError, match=named(path)):
        read_safetensors(path)
    assert not marker.exists()


def test_a_trap_among_honest_tensors_is_not_sprung(tmp_path):
    path, marker = tmp_path / "weights.pt", tmp_path / "sprung"
    torch.save({"a": torch.ones(2), "b": Trap(marker), "c": torch.ones(2)}, path)
    with pytest.raises(RefusedFileError, match="mkdir"):
        read_checkpoint(path)
    path.write_bytes(pickle.dumps({"a": torch.ones(2)}))  # pickled bare, a tensor brings a function along
    with pytest.raises(RefusedFileError, match="_load_from_bytes"):
        read_checkpoint(path)
    assert not marker.exists()


def test_the_trap_of_these_tests_works(tmp_path):
    pickle.loads(pickle.dumps(Trap(tmp_path / "sprung")))
    assert (tmp_path / "sprung").exists()


@pytest.mark.parametrize("write", [zip_form, legacy_form])
def test_an_honest_checkpoint_is_read_whole(tmp_path, write):
    write({"epoch": 3, "names": ["x", "y"], "state": {"w": torch.arange(6.0).reshape(2, 3)}}, tmp_path / "c")
    held = read_checkpoint(tmp_path / "c")
    assert held["epoch"] == 3
    assert held["names"] == ["x", "y"]
    assert held["state"]["w"].tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("held", "why"),
    [
        ({"loss": np.float64(0.5)}, "numpy"),
        ({"array": np.ones(3)}, "numpy"),
        ([torch.ones(2)], "list instead of a dictionary"),
        (torch.ones(2), "Tensor instead of a dictionary"),
        ({"a": {"b": [torch.ones(1).expand(10**13)]}}, "a.b.0.*larger than the file"),
        ({"a": torch.eye(4).to_sparse()}, "'a'"),
    ],
    ids=["scalar", "array", "list", "tensor", "huge", "sparse"],
)
def test_a_checkpoint_of_anything_but_weights_is_refused(tmp_path, held, why):
    torch.save(held, tmp_path / "c.pt")
    with pytest.raises(RefusedFileError, match=f"{named(tmp_path / 'c.pt')}.*{why}"):
        read_checkpoint(tmp_path / "c.pt")


@pytest.mark.parametrize("write", [zip_form, legacy_form])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_a_torn_checkpoint_is_refused(tmp_path, write, share):
    path = tmp_path / "c.pt"
    write({"w": torch.arange(1000.0)}, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(RefusedFileError, match=named(path)):
        read_checkpoint(path)


def test_a_checkpoint_that_would_unfold_is_refused(tmp_path):
    torch.save({"w": torch.zeros(1_000_000)}, tmp_path / "honest.pt")
    with (
        zipfile.ZipFile(tmp_path / "honest.pt") as honest,
        zipfile.ZipFile(tmp_path / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as bomb,
    ):
        for record in honest.infolist():
            bomb.writestr(record.filename, honest.read(record))
    assert (tmp_path / "bomb.pt").stat().st_size < 50_000
    with pytest.raises(RefusedFileError, match=r"bomb\.pt.*compressed"):
        read_checkpoint(tmp_path / "bomb.pt")


def test_a_program_in_torchscript_is_refused(tmp_path):
    torch.save({"w": torch.zeros(3)}, tmp_path / "c.pt")
    with zipfile.ZipFile(tmp_path / "c.pt", "a") as archive:
        archive.writestr("c/constants.pkl", b"")
    with pytest.raises(RefusedFileError, match=r"c\.pt.*TorchScript"):
        read_checkpoint(tmp_path / "c.pt")


@pytest.mark.parametrize("read", [read_checkpoint, read_safetensors, read_metadata])
def test_a_file_that_is_not_there_and_a_folder_are_named(tmp_path, read):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(WeightsError, match=named(path)):
            read(path)


def test_a_torn_safetensors_file_is_refused(tmp_path):
    path = tmp_path / "w.safetensors"
    save_file({"w": torch.ones(100)}, path)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(RefusedFileError, match=named(path)):
        read_safetensors(path)


class TestSafetensorsIn:
    def test_one_whole_file_is_found(self, tmp_path):
        save_file({"w": torch.ones(1)}, tmp_path / "model.safetensors")
        (tmp_path / "pytorch_model.bin").write_bytes(b"beside it, never opened")
        assert safetensors_in(tmp_path) == (tmp_path / "model.safetensors",)

    @pytest.mark.parametrize("name", ["pytorch_model.bin", "model.PT", "weights.pkl", "last.ckpt"])
    def test_a_folder_with_only_a_pickle_names_it(self, tmp_path, name):
        (tmp_path / name).write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
        with pytest.raises(RefusedFileError, match=f"{named(tmp_path / name)}.*safetensors form"):
            safetensors_in(tmp_path)
        assert not (tmp_path / "sprung").exists()

    def test_an_empty_folder_names_what_is_missing(self, tmp_path):
        with pytest.raises(WeightsError, match=named(tmp_path / "model.safetensors")):
            safetensors_in(tmp_path)

    def test_parts_are_found_by_their_index(self, tmp_path):
        names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
        index = tmp_path / "model.safetensors.index.json"
        index.write_text(json.dumps({"weight_map": {"a": names[0], "b": names[1], "c": names[0]}}))
        save_file({"a": torch.ones(1)}, tmp_path / names[0])
        with pytest.raises(WeightsError, match=names[1]):
            safetensors_in(tmp_path)
        save_file({"b": torch.ones(1)}, tmp_path / names[1])
        assert safetensors_in(tmp_path) == tuple(tmp_path / n for n in names)

    @pytest.mark.parametrize("name", ["../other/w.safetensors", "/etc/w.safetensors", "w.bin"])
    def test_an_index_that_names_anything_else_is_refused(self, tmp_path, name):
        index = tmp_path / "model.safetensors.index.json"
        index.write_text(json.dumps({"weight_map": {"a": name}}))
        with pytest.raises(RefusedFileError, match=named(index)):
            safetensors_in(tmp_path)

    @pytest.mark.parametrize("text", ["", "[]", '{"weight_map": 3}', "{}"])
    def test_a_damaged_index_is_named(self, tmp_path, text):
        index = tmp_path / "model.safetensors.index.json"
        index.write_text(text)
        with pytest.raises(WeightsError, match=named(index)):
            safetensors_in(tmp_path)


class Doubling:
    """A conversion that counts how often it runs."""

    def __init__(self):
        self.runs = 0

    def __call__(self, held):
        self.runs += 1
        if "w" not in held:
            raise WeightsError("there is no w")
        return Weights({"w2": held["w"] * 2}, {"rank": "8"})


class TestConvertOnce:
    @pytest.fixture
    def source(self, tmp_path):
        torch.save({"w": torch.arange(4.0)}, tmp_path / "c.pkl")
        return tmp_path / "c.pkl"

    @pytest.fixture
    def target(self, tmp_path):
        return tmp_path / "made" / "c.safetensors"

    @pytest.fixture
    def doubling(self):
        return Doubling()

    def convert(self, source, target, doubling, kind="doubled.1"):
        return convert_once(source, target, doubling, kind=kind).tensors["w2"].tolist()

    def test_what_is_converted_is_read_from_safetensors_from_then_on(self, source, target, doubling):
        first = convert_once(source, target, doubling, kind="doubled.1")
        assert first.metadata["rank"] == "8"
        assert re.fullmatch("[0-9a-f]{64}", first.metadata["source_sha256"])
        assert load_file(target)["w2"].tolist() == [0, 2, 4, 6]
        source.unlink()
        again = convert_once(source, target, doubling, kind="doubled.1")
        assert again.metadata == first.metadata
        assert again.tensors["w2"].tolist() == [0, 2, 4, 6]
        assert doubling.runs == 1

    def test_a_changed_source_is_converted_anew(self, source, target, doubling):
        self.convert(source, target, doubling)
        torch.save({"w": torch.ones(4)}, source)
        assert self.convert(source, target, doubling) == [2, 2, 2, 2]
        assert doubling.runs == 2

    def test_a_source_that_was_only_touched_is_not(self, source, target, doubling):
        self.convert(source, target, doubling)
        os.utime(source, (1, 1))
        self.convert(source, target, doubling)
        assert doubling.runs == 1

    def test_another_kind_is_converted_anew(self, source, target, doubling):
        self.convert(source, target, doubling)
        self.convert(source, target, doubling, kind="doubled.2")
        assert doubling.runs == 2

    def test_a_torn_target_is_made_anew_while_there_is_a_source(self, source, target, doubling):
        self.convert(source, target, doubling)
        target.write_bytes(target.read_bytes()[:-2])
        assert self.convert(source, target, doubling) == [0, 2, 4, 6]
        target.write_bytes(target.read_bytes()[:-2])
        source.unlink()
        with pytest.raises(RefusedFileError, match=named(target)):
            self.convert(source, target, doubling)

    def test_a_file_that_was_not_made_here_is_left_alone(self, source, target, doubling):
        target.parent.mkdir()
        save_file({"precious": torch.ones(2)}, target)
        with pytest.raises(WeightsError, match=f"{named(target)}.*in the way"):
            self.convert(source, target, doubling)
        assert load_file(target).keys() == {"precious"}

    def test_a_trap_leaves_no_target(self, source, target, doubling, tmp_path):
        torch.save({"w": Trap(tmp_path / "sprung")}, source)
        with pytest.raises(RefusedFileError, match=named(source)):
            self.convert(source, target, doubling)
        assert not (tmp_path / "sprung").exists()
        assert not target.exists()
        assert doubling.runs == 0

    def test_a_conversion_that_fails_keeps_the_old_target(self, source, target, doubling):
        self.convert(source, target, doubling)
        before = target.read_bytes()
        torch.save({"v": torch.ones(4)}, source)
        with pytest.raises(WeightsError, match="there is no w"):
            self.convert(source, target, doubling)
        assert target.read_bytes() == before

    def test_nothing_to_convert_is_said(self, target, doubling, tmp_path):
        with pytest.raises(WeightsError, match=named(tmp_path / "none.pkl")):
            self.convert(tmp_path / "none.pkl", target, doubling)


def test_a_failed_write_leaves_nothing_behind_and_keeps_what_was_there(tmp_path):
    path = tmp_path / "w.safetensors"
    write_safetensors(path, Weights({"w": torch.ones(2)}))
    with pytest.raises(TypeError):
        write_safetensors(path, Weights({"w": torch.zeros(2)}, {"not text": 3}))
    assert [p.name for p in tmp_path.iterdir()] == ["w.safetensors"]
    assert read_safetensors(path)["w"].tolist() == [1, 1]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "w.safetensors"
    with pytest.raises(WeightsError, match=named(path)):
        write_safetensors(path, Weights({"w": torch.ones(2)}))


def test_tensors_that_share_memory_are_written_under_each_name(tmp_path):
    whole = torch.arange(6.0).reshape(2, 3)
    tensors = {"whole": whole, "again": whole, "row": whole[1], "turned": whole.T}
    write_safetensors(tmp_path / "w.safetensors", Weights(tensors, {"a": "b"}))
    read = read_weights(tmp_path / "w.safetensors")
    assert read.metadata == {"a": "b"} == read_metadata(tmp_path / "w.safetensors")
    assert {k: v.tolist() for k, v in read.tensors.items()} == {k: v.tolist() for k, v in tensors.items()}
