"""Taking models in from folders of every layout, and refusing what is not whole or not a model."""

from __future__ import annotations

import hashlib
import pickle
import shutil
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import Cancelled, RefusedFileError, WeightsError
from models.registry.catalogue import ENTRIES, SETS
from models.registry.entries import HubHome
from models.registry.errors import StoreError
from models.registry.importing import import_folder
from models.registry.store import ModelStore
from tests.support.hub_server import (
    CAPTIONER,
    CHECKPOINT,
    GENERATOR,
    SMALL_SETS,
    safetensors_bytes,
    small_catalogue,
    unpinned,
)

FULL = SMALL_SETS["full"]
EMBEDDER = {
    "config.json": b"{}",
    "preprocessor_config.json": b"{}",
    "model.safetensors": safetensors_bytes(7),
}


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "models", small_catalogue("http://nowhere.example"), SMALL_SETS)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "given"
    write(folder / "captioner", CAPTIONER)
    write(folder / "generator", GENERATOR)
    write(folder / "loras", {"lora.pkl": CHECKPOINT})
    return folder


def write(folder, files):
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def complete(store):
    return tuple(name for name in store.entries if store.state(name).status == "complete")


def test_a_whole_set_is_taken_in_and_only_what_belongs_to_it(store, folder):
    given = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    seen = []
    report = import_folder(store, folder, progress=seen.append)
    assert report.imported == FULL
    assert complete(store) == FULL
    assert store.verify() == []
    generator = store.folder_of("generator")
    assert (generator / "unet/model.safetensors").read_bytes() == GENERATOR["unet/model.fp16.safetensors"]
    assert not list(store.folder.rglob("*.bin"))
    assert not list(store.folder.rglob("*.onnx"))
    assert not (store.folder / ".staging").exists()
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == given
    assert seen[-1].done_bytes == seen[-1].total_bytes > 1_000_000
    record = store.record(store.entries["captioner"])
    assert record.origin == "import"
    assert record.files["vocab.txt"].sha256 == hashlib.sha256(CAPTIONER["vocab.txt"]).hexdigest()
    assert import_folder(store, folder).already == FULL


def test_one_model_of_a_set_can_be_named(store, folder):
    assert import_folder(store, folder, ["captioner"]).imported == ("captioner",)
    assert complete(store) == ("captioner",)


@pytest.mark.parametrize(
    ("place", "names"), [("captioner", ()), ("captioner", ("captioner",)), ("generator", ()), ("loras", ())]
)
def test_the_folder_may_be_the_model_itself(store, folder, place, names):
    name = "checkpoint" if place == "loras" else place
    assert import_folder(store, folder / place, names).imported == (name,)


def test_a_copy_of_another_machines_store_is_taken_in(store, folder, tmp_path):
    import_folder(store, folder)
    other = ModelStore(tmp_path / "other", store.entries, SMALL_SETS)
    assert import_folder(other, store.folder).imported == FULL
    assert other.verify() == []


@pytest.mark.parametrize("inside", ["", "hub", "models--people--captioner"])
def test_the_hubs_own_cache_is_understood_links_and_all(store, tmp_path, inside):
    cached = tmp_path / "cache" / ("hub" if inside == "hub" else "") / "models--people--captioner"
    blobs = write(cached / "blobs", {str(i): data for i, data in enumerate(CAPTIONER.values())})
    old, new = "1" * 40, "2" * 40
    write(cached / "snapshots" / old, {"config.json": b"{}"})  # not whole
    (cached / "snapshots" / new).mkdir()
    for i, path in enumerate(CAPTIONER):
        (cached / "snapshots" / new / path).symlink_to(blobs / str(i))
    write(cached / "refs", {"main": new.encode()})
    given = cached if inside.startswith("models") else tmp_path / "cache"
    assert import_folder(store, given).imported == ("captioner",)
    target = store.folder_of("captioner") / "model.safetensors"
    assert target.read_bytes() == CAPTIONER["model.safetensors"]
    assert not target.is_symlink()
    assert store.state("captioner").commit == new


def test_the_pinned_commit_of_the_cache_is_taken_and_not_the_newest(store, tmp_path):
    cached = tmp_path / "models--people--captioner"
    old, new = "1" * 40, "2" * 40
    write(cached / "snapshots" / old, CAPTIONER)
    write(cached / "snapshots" / new, {**CAPTIONER, "vocab.txt": b"newer"})
    write(cached / "refs", {"main": new.encode()})
    entry = replace(store.entries["captioner"], revision=old)
    pinned = ModelStore(store.folder, {"captioner": entry}, {})
    import_folder(pinned, tmp_path)
    assert (pinned.folder_of("captioner") / "vocab.txt").read_bytes() == CAPTIONER["vocab.txt"]


def test_files_of_two_commits_are_never_mixed(store, tmp_path):
    def stop_after(count):
        calls = []
        return lambda: calls.append(1) or len(calls) > count  # each of the small files is one piece

    for commit, taken in (("1" * 40, 2), ("2" * 40, 1)):
        place = tmp_path / commit / "models--people--captioner" / "snapshots" / commit
        write(
            place, {path: data + b" " for path, data in CAPTIONER.items()} if commit[0] == "1" else CAPTIONER
        )
        with pytest.raises(Cancelled):
            import_folder(store, tmp_path / commit, cancelled=stop_after(taken))
        record = store.record(store.entries["captioner"])
        assert record.commit == commit
        assert list(record.files) == list(CAPTIONER)[:taken]


def test_a_missing_file_is_named_and_nothing_is_taken(store, folder):
    (folder / "captioner" / "vocab.txt").unlink()
    for names in ((), ("captioner",), ("full",)):
        with pytest.raises(WeightsError, match=r"captioner lacks vocab\.txt, which “captioner” needs"):
            import_folder(store, folder, names)
    assert complete(store) == ()
    assert import_folder(store, folder, ["generator"]).imported == ("generator",)


def test_weights_that_are_only_a_pickle_are_refused(store, folder):
    (folder / "captioner" / "model.safetensors").unlink()
    (folder / "captioner" / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    for place in (folder, folder / "captioner"):
        with pytest.raises(RefusedFileError, match=r"pytorch_model\.bin was refused: .* can run code"):
            import_folder(store, place)
    assert complete(store) == ()


class Trap:
    """Unpickling it makes a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return (Path.touch, (self.marker,))


def test_a_booby_trapped_pickle_in_place_of_any_file_runs_nothing(store, folder, tmp_path):
    marker = tmp_path / "was-run"
    trap = pickle.dumps(Trap(marker))
    (folder / "captioner" / "model.safetensors").write_bytes(trap)
    with pytest.raises(RefusedFileError, match=r"captioner/model\.safetensors was refused"):
        import_folder(store, folder, ["captioner"])
    (folder / "loras" / "lora.pkl").write_bytes(trap)  # a pickle is expected here, and is not opened
    import_folder(store, folder, ["checkpoint"])
    assert store.verify(["checkpoint"]) == []
    assert not marker.exists()


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("captioner/model.safetensors", CAPTIONER["model.safetensors"][:-1]),
        ("captioner/model.safetensors", b""),
        ("captioner/model.safetensors", b"<html>404</html>"),
        (
            "captioner/model.safetensors",
            (50).to_bytes(8, "little") + b'{"a": {"data_offsets": []}}' + b" " * 90,
        ),
        ("captioner/model.safetensors", (3).to_bytes(8, "little") + b"[1]"),
        ("captioner/config.json", b"{"),
        ("loras/lora.pkl", b"<html>404</html>"),
    ],
)
def test_a_file_of_another_kind_is_refused_and_named(store, folder, path, data):
    (folder / path).write_bytes(data)
    with pytest.raises(RefusedFileError, match=rf"{path} was refused"):
        import_folder(store, folder)
    assert not store.path_of(store.entries["captioner"], store.entries["captioner"].files[2]).exists() or (
        "lora" in path
    )


def test_a_file_that_a_pin_does_not_know_is_refused(store, folder):
    entry = store.entries["captioner"]
    files = (*entry.files[:-1], replace(entry.files[-1], sha256="0" * 64))
    pinned = ModelStore(store.folder, {"captioner": replace(entry, files=files)}, {})
    with pytest.raises(WeightsError, match=r"captioner/model\.safetensors was refused: it is not the file"):
        import_folder(pinned, folder)
    assert pinned.state("captioner").status == "partial"
    assert not pinned.path_of(entry, entry.files[-1]).exists()


def test_what_was_here_before_is_expected_again(store, folder):
    import_folder(store, folder, ["captioner"])
    store.remove(["captioner"])
    (folder / "captioner" / "vocab.txt").write_bytes(b"another")
    with pytest.raises(WeightsError, match=r"vocab\.txt was refused"):
        import_folder(store, folder, ["captioner"])
    store.remove(["captioner"], forget=True)
    import_folder(store, folder, ["captioner"])


def test_models_with_the_same_file_names_are_told_apart_by_content_or_by_name(store, tmp_path):
    base = replace(
        ENTRIES["dinov2-small"],
        name="one",
        home=HubHome("people/one"),
        revision=None,
        files=tuple(
            replace(f, sha256=hashlib.sha256(EMBEDDER[f.path]).hexdigest())
            for f in ENTRIES["dinov2-small"].files
        ),
    )
    other = replace(ENTRIES["dinov2-with-registers-small"], name="two", home=HubHome("people/two"))
    third = replace(other, name="three", home=HubHome("people/three"))
    many = ModelStore(store.folder, {e.name: e for e in (base, other, third)}, {})
    mine = write(tmp_path / "mine", EMBEDDER)
    assert import_folder(many, mine).imported == ("one",)
    unknown = write(tmp_path / "unknown", {**EMBEDDER, "model.safetensors": safetensors_bytes(8)})
    with pytest.raises(WeightsError, match=r"could be any of one, two, three: say which"):
        import_folder(many, unknown)
    assert import_folder(many, unknown, ["two"]).imported == ("two",)
    assert import_folder(many, shutil.copytree(unknown, tmp_path / "three")).imported == ("three",)


def test_a_folder_of_full_precision_is_not_taken_for_the_half_one(store, tmp_path):
    fp32, half = ENTRIES["sd-turbo-fp32"], ENTRIES["sd-turbo"]
    weights = {f.path: f.home_path for f in half.files if f.path.endswith(".safetensors")}
    made = {path: safetensors_bytes(20 + i, 60_000 + i) for i, path in enumerate(weights)}
    pins = {path: hashlib.sha256(data).hexdigest() for path, data in made.items()}
    plain = {f.path: b"{}" for f in half.files if f.path not in weights}
    half = replace(half, files=tuple(replace(f, sha256=pins.get(f.path)) for f in half.files))
    fp32 = replace(fp32, files=tuple(replace(f, sha256=None) for f in fp32.files))
    both = ModelStore(store.folder, {"sd-turbo": half, "sd-turbo-fp32": fp32}, {})
    full = {path: safetensors_bytes(30 + i, 120_000) for i, path in enumerate(weights)}
    place = tmp_path / "hub" / "models--stabilityai--sd-turbo" / "snapshots" / ("3" * 40)
    write(place, plain | full)
    assert import_folder(both, tmp_path).imported == ("sd-turbo-fp32",)
    write(place, {weights[path]: data for path, data in made.items()})  # now it has both
    assert set(import_folder(both, tmp_path).imported) == {"sd-turbo"}
    assert both.choose("generator") == "sd-turbo"
    for path, data in made.items():
        assert (both.folder_of("sd-turbo") / path).read_bytes() == data
        assert (both.folder_of("sd-turbo-fp32") / path).read_bytes() == full[path]


def test_a_folder_without_models_says_what_to_give(store, tmp_path):
    with pytest.raises(WeightsError, match="holds no model that the program knows"):
        import_folder(store, tmp_path)
    with pytest.raises(WeightsError, match="There is no folder"):
        import_folder(store, tmp_path / "nowhere")
    assert not store.folder.exists()


def test_a_training_that_has_not_ended_says_so(store, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "history.json").write_text("{}")
    with pytest.raises(WeightsError, match="a training that has not come to its end"):
        import_folder(store, run)


def test_a_full_disk_is_a_sentence_and_nothing_is_copied(store, folder, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(1000, 0, 1000))
    with pytest.raises(StoreError, match="has 1 kB free"):
        import_folder(store, folder)
    assert complete(store) == ()


def test_stopped_in_the_middle_nothing_looks_whole_that_is_not(store, folder):
    calls = []
    with pytest.raises(Cancelled):
        import_folder(store, folder, cancelled=lambda: calls.append(1) or len(calls) > 4)
    assert set(complete(store)) < set(FULL)
    assert import_folder(store, folder).imported
    assert complete(store) == FULL
    assert store.verify() == []


def test_tiny_models_can_stand_in_for_the_real_ones(tmp_path):
    store = ModelStore(tmp_path / "models", unpinned(ENTRIES), SETS)
    write(tmp_path / "given" / "dinov2-small", EMBEDDER)
    half = {f.path: b"{}" for f in ENTRIES["sd-turbo"].files}
    half |= {path: safetensors_bytes(1, 50) for path in half if path.endswith(".safetensors")}
    write(tmp_path / "given" / "sd-turbo", half)
    assert set(import_folder(store, tmp_path / "given").imported) == {"dinov2-small", "sd-turbo"}
    real = ModelStore(tmp_path / "models")
    assert real.folder_of("sd-turbo") == tmp_path / "models" / "sd-turbo"
    assert "pin" in {finding.problem for finding in real.verify()}


def test_the_real_catalogue_refuses_other_weights_under_a_known_name(tmp_path):
    store = ModelStore(tmp_path / "models", ENTRIES, SETS)
    write(tmp_path / "given" / "dinov2-small", EMBEDDER)
    with pytest.raises(WeightsError, match=r"dinov2-small/model\.safetensors was refused"):
        import_folder(store, tmp_path / "given", ["dinov2-small"])
    assert store.state("dinov2-small").status == "partial"
