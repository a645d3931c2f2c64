"""The store's own words: what is there, what is wrong with it, what goes; and the catalogue's promises."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import NotHereError
from models.registry.catalogue import ENTRIES, SETS
from models.registry.embedded import package_folder
from models.registry.entries import UrlHome, select_entries
from models.registry.errors import StoreBusyError, StoreError, UnknownModelError
from models.registry.importing import import_folder
from models.registry.lock_file import FILE_NAME, EntryRecord, only_writer
from models.registry.store import ModelStore, in_words
from tests.support.hub_server import CAPTIONER, CHECKPOINT, GENERATOR, SMALL_SETS, small_catalogue
from tests.support.waiting import RUN_S, WAIT_S

ROOT = Path(__file__).resolve().parents[2]
FULL = SMALL_SETS["full"]


@pytest.fixture
def store(tmp_path):
    """With everything in it."""
    given = {"captioner": CAPTIONER, "generator": GENERATOR, "loras": {"lora.pkl": CHECKPOINT}}
    for name, files in given.items():
        for path, data in files.items():
            place = tmp_path / "given" / name / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
    store = ModelStore(tmp_path / "models", small_catalogue("http://nowhere.example"), SMALL_SETS)
    import_folder(store, tmp_path / "given")
    return store


def flip(path, at=-1):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_a_loader_gets_a_folder_or_a_file(store):
    assert store.folder_of("generator") == store.folder / "generator"
    assert store.file_of("checkpoint") == store.folder / "loras" / "lora.pkl"
    assert store.file_of("captioner", "vocab.txt").read_bytes() == CAPTIONER["vocab.txt"]
    assert store.choose("captioner") == "captioner"
    with pytest.raises(ValueError, match="has the files config"):
        store.file_of("captioner")
    with pytest.raises(UnknownModelError):
        store.state("nobody")
    with pytest.raises(UnknownModelError, match="“full” is a set: name one of captioner"):
        store.folder_of("full")


def test_what_is_not_here_says_how_to_get_it(tmp_path):
    empty = ModelStore(tmp_path / "models")
    for ask in (lambda: empty.folder_of("sd-turbo"), lambda: empty.choose("generator")):
        with pytest.raises(NotHereError, match="“sd-turbo” is not on this machine: get it with") as error:
            ask()
        assert "“sketch-app models pull full”" in str(error.value)
        assert "“sketch-app models import DIR”" in str(error.value)
    assert empty.state("sd-turbo").status == "absent"
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("harm", "problem"),
    [(flip, "hash"), (Path.unlink, "missing"), (lambda p: p.write_bytes(b"short"), "size")],
)
def test_verify_names_the_file_that_changed_and_it_is_no_longer_handed_out(store, harm, problem):
    assert store.verify() == []
    path = store.folder / "generator" / "vae" / "model.safetensors"
    harm(path)
    (finding,) = store.verify()
    assert (finding.entry, finding.path, finding.problem) == ("generator", "vae/model.safetensors", problem)
    assert str(path) in finding.sentence
    assert "sketch-app models pull generator" in finding.sentence
    assert store.state("generator").status == "damaged"
    with pytest.raises(NotHereError, match="“generator” is damaged"):
        store.folder_of("generator")
    assert store.verify(["captioner"]) == []
    path.write_bytes(GENERATOR["vae/model.safetensors"])
    assert store.verify(["full"]) == []
    assert store.folder_of("generator")


@pytest.mark.parametrize("at", [0, 7, 8, 150, 200_000, -1])
def test_not_one_bit_may_differ(store, at):
    flip(store.folder / "generator" / "vae" / "model.safetensors", at)
    assert [f.problem for f in store.verify()] == ["hash"]


def test_a_missing_file_shows_without_reading_the_others(store):
    (store.folder / "captioner" / "config.json").unlink()
    assert store.state("captioner").status == "damaged"


def test_what_a_newer_catalogue_expects_is_verified_too(store):
    entry = store.entries["checkpoint"]
    newer = replace(entry, files=(replace(entry.files[0], sha256="0" * 64),))
    (finding,) = ModelStore(store.folder, {"checkpoint": newer}, {}).verify()
    assert finding.problem == "pin"


def test_verifying_what_is_not_here_is_a_sentence(tmp_path):
    with pytest.raises(NotHereError, match="“dinov2-small” is not on this machine"):
        ModelStore(tmp_path / "models").verify(["dinov2-small"])


def test_removing_takes_the_files_and_what_was_made_from_them_and_nothing_else(store):
    (store.folder / "loras" / "lora.safetensors").write_bytes(b"converted")
    (store.folder / "loras" / "mine.txt").write_bytes(b"mine")
    other = replace(
        store.entries["checkpoint"],
        name="other",
        files=(replace(store.entries["checkpoint"].files[0], path="edge.pkl"),),
    )
    (store.folder / "loras" / "edge.pkl").write_bytes(CHECKPOINT)
    both = ModelStore(store.folder, {**store.entries, "other": other}, SMALL_SETS)
    freed = both.remove(["captioner", "checkpoint"])
    assert freed == sum(map(len, CAPTIONER.values())) + len(CHECKPOINT) + len(b"converted")
    assert not (store.folder / "captioner").exists()
    assert sorted(p.name for p in (store.folder / "loras").iterdir()) == ["edge.pkl", "mine.txt"]
    assert store.state("captioner").status == store.state("checkpoint").status == "absent"
    assert store.state("generator").status == "complete"
    empty = ModelStore(store.folder.parent / "empty")
    assert empty.remove(["full"]) == 0
    assert not (empty.folder / FILE_NAME).exists()
    with pytest.raises(StoreError, match="comes with the program"):
        ModelStore(store.folder).remove(["embedded"])


def test_the_models_of_the_program_are_here_and_right():
    store = ModelStore(Path("/nonexistent/models"))
    state = store.state("embedded-models")
    assert (state.status, state.origin) == ("complete", "program")
    assert store.verify() == []
    assert store.folder_of("embedded-models") == package_folder()
    assert not store.folder.exists()


def test_every_weights_file_of_the_program_is_pinned():
    folder = package_folder()
    here = {path.relative_to(folder).as_posix() for path in folder.rglob("*.safetensors")}
    everything = (folder / "generator").rglob("*")
    inner = (path for path in everything if path.is_file() and path.name != "README.md")
    here |= {path.relative_to(folder).as_posix() for path in inner}
    pinned = set(ENTRIES["embedded-models"].pins)
    assert here == pinned, "run python -m models.registry.embedded"


def test_a_record_that_is_torn_or_newer_is_a_sentence(store):
    path = store.folder / FILE_NAME
    whole = path.read_text()
    assert store.state("captioner").status == "complete"
    for text in (
        "",
        "{",
        "[]",
        '{"version": 1}',
        '{"version": 1, "models": {"captioner": {"files": 3}}}',
        "null",
    ):
        path.write_text(text)
        with pytest.raises(StoreError, match=r"models\.lock\.json is damaged: delete it"):
            store.state("captioner")
    path.write_text(json.dumps({**json.loads(whole), "version": 2}))
    with pytest.raises(StoreError, match="newer version of the program"):
        store.state("captioner")


def test_a_lost_record_is_not_taken_for_a_whole_model(store):
    (store.folder / FILE_NAME).unlink()
    assert store.state("captioner").status != "complete"
    with pytest.raises(NotHereError):
        store.folder_of("captioner")


def test_a_record_is_replaced_as_a_whole(store, monkeypatch):
    before = (store.folder / FILE_NAME).read_text()
    monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(StoreError, match=r"models\.lock\.json cannot be written \(No space left\)"):
        store.keep_record(store.entries["captioner"], EntryRecord())
    assert (store.folder / FILE_NAME).read_text() == before
    assert not list(store.folder.glob(".models.lock*"))


def test_another_process_that_writes_is_named(store):
    code = (
        "import sys; from pathlib import Path; from models.registry.lock_file import only_writer\n"
        "with only_writer(Path(sys.argv[1])):\n    print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, store.folder],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(StoreBusyError, match=f"another process \\(pid {process.pid}\\)"):
            store.verify()
        process.kill()
        process.wait(WAIT_S)
        with only_writer(store.folder):  # its lock died with it
            pass


def test_names_of_sets_and_models_are_understood():
    full = select_entries(["full", "sd-turbo", "dinov2-large"], ENTRIES, SETS)
    assert [e.name for e in full] == [*SETS["full"], "dinov2-large"]
    with pytest.raises(UnknownModelError) as error:
        select_entries(["dinov2-smal"], ENTRIES, SETS)
    known = str(error.value).split("known ones are ")[1].rstrip(".").split(", ")
    assert known[0] == "dinov2-small"
    assert set(known) == set(ENTRIES) | set(SETS)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda entry: entry.name)
def test_an_entry_claims_only_what_it_can_name_a_source_for(entry):
    if entry.revision or entry.pins:
        assert entry.source
    assert all(len(sha256) == 64 and int(sha256, 16) for sha256 in entry.pins.values())
    for file in entry.files:
        assert not file.path.startswith("/")
        assert ".." not in file.path
        assert Path(file.home_path).suffix in {".safetensors", ".json", ".txt", ".pkl"}
        assert Path(file.path).suffix != ".pkl" or isinstance(entry.home, UrlHome)
    assert entry.licence.link
    assert entry.licence.meaning.endswith(".")


def test_the_full_set_has_one_of_each_part_and_its_terms_are_told():
    roles = [ENTRIES[name].role for name in SETS["full"]]
    assert roles == ["captioner", "generator", "generator-checkpoint", "photo-embedder"]
    assert ENTRIES["sd-turbo"].licence.non_commercial
    assert ENTRIES["sd-turbo"].pinning == "pinned"
    assert not ENTRIES["dinov2-small"].licence.non_commercial


def test_looking_at_the_store_imports_nothing_heavy():
    question = (
        "import sys; from pathlib import Path; from models.registry.store import ModelStore\n"
        "ModelStore(Path('/nonexistent')).state('sd-turbo')\n"
        "heavy = {'torch', 'numpy', 'huggingface_hub', 'safetensors', 'transformers'}\n"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", question], cwd=ROOT, capture_output=True, text=True, timeout=RUN_S, check=True
    )
    assert done.stdout.strip() == ""


def test_bytes_in_words():
    assert [in_words(n) for n in (0, 999, 1000, 88_250_000, 2_580_060_470)] == [
        "0 bytes", "999 bytes", "1 kB", "88 MB", "2.6 GB",
    ]  # fmt: skip
