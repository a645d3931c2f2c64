"""A person's own generator and encoder in the store: what a folder must hold, what takes whose place, what
is not taken.
"""

from __future__ import annotations

import json
import shutil
import signal
import sys
from contextlib import contextmanager

import pytest

from models.encoder_layout import CLASSES_FILE, PHOTO_FILE, sketch_file
from models.errors import Cancelled, NotHereError, RefusedFileError, WeightsError
from models.registry.catalogue import ENTRIES
from models.registry.errors import StoreError
from models.registry.importing import import_folder
from models.registry.store import ModelStore
from tests.support.hub_server import safetensors_bytes, unpinned

NAME = "trained-generator"
BASE = [file.path for file in ENTRIES[NAME].files if file.of_base]


def write_generator(folder, *, base=True, seed=0, size=2000, **record):
    """What “sketch-app train generator” leaves, with weights of random bytes."""
    told = {"kind": "generator", "stands_on": "" if base else "stabilityai/sd-turbo", **record}
    files = {"training.json": json.dumps(told).encode()}
    for number, path in enumerate(["checkpoint.safetensors", *(BASE if base else ())]):
        weights = path.endswith(".safetensors")
        files[path] = safetensors_bytes(100 * seed + number, size) if weights else b"{}"
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "models")


def files_in(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("base", [True, False])
@pytest.mark.parametrize("place", ["run/generator", "run", "anything"])
def test_the_folder_or_its_run_is_taken_in_by_name_or_without(store, tmp_path, base, place):
    written = tmp_path / ("run/generator" if "run" in place else place)
    write_generator(written, base=base)
    for names in ((), (NAME,)):
        assert import_folder(store, tmp_path / place, names).imported == (NAME,)
    assert files_in(store.folder_of(NAME)) == files_in(written)
    assert store.state(NAME).brings_base is base
    assert store.state(NAME).bytes_here == store.state(NAME).bytes_total > 0
    assert store.verify() == []


def test_the_newest_takes_the_formers_place_with_all_that_was_its_own(store, tmp_path):
    first, second = (
        write_generator(tmp_path / "first"),
        write_generator(tmp_path / "second", base=False, seed=1),
    )
    for given in (first, second, first):
        import_folder(store, given)
        assert files_in(store.folder_of(NAME)) == files_in(given)
        assert not [p for p in store.folder_of(NAME).rglob("*") if p.is_dir() and not any(p.iterdir())]
    assert store.remove([NAME]) == sum(map(len, files_in(first).values()))
    assert store.state(NAME).status == "absent"


def test_factors_bring_no_base_even_where_one_lies_beside_them(store, tmp_path):
    given = write_generator(tmp_path / "given", base=True, stands_on="stabilityai/sd-turbo")
    import_folder(store, given)
    assert set(files_in(store.folder_of(NAME))) == {"checkpoint.safetensors", "training.json"}


def test_an_own_generator_is_never_taken_for_the_base_of_another(store, tmp_path):
    import_folder(store, write_generator(tmp_path / "given"))
    with pytest.raises(NotHereError, match="“sd-turbo” is not on this machine"):
        store.choose("generator")


@pytest.mark.parametrize("lost", [*BASE, "checkpoint.safetensors", "training.json"])
def test_a_file_that_was_lost_on_the_way_is_named(store, tmp_path, lost):
    given = write_generator(tmp_path / "given")
    (given / lost).unlink()
    with pytest.raises(WeightsError, match=f"lacks {lost}, which “sketch-app train generator” writes"):
        import_folder(store, given)
    assert store.state(NAME).status == "absent"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"kind": "captioner"}, "is not what “sketch-app train generator” writes .it is of a captioner."),
        ({"kind": None}, "is not what “sketch-app train generator” writes"),
        ({"stands_on": "people/base"}, "was trained over people/base, which the program does not know"),
        ({"stands_on": ["x"]}, "which the program does not know"),
    ],
)
def test_a_record_of_another_kind_is_refused(store, tmp_path, record, said):
    with pytest.raises(WeightsError, match=said):
        import_folder(store, write_generator(tmp_path / "given", **record))
    assert store.state(NAME).status == "absent"


def test_a_pickle_is_refused_and_never_opened(store, tmp_path):
    given = write_generator(tmp_path / "given")
    (given / "checkpoint.safetensors").rename(given / "checkpoint.pkl")
    with pytest.raises(RefusedFileError, match=r"checkpoint\.pkl was refused: such a file can run code"):
        import_folder(store, given)
    (given / "checkpoint.safetensors").write_bytes(b"\x80\x04.")
    with pytest.raises(RefusedFileError, match=r"generator/checkpoint\.safetensors was refused"):
        import_folder(store, given)
    assert not list(store.folder.rglob("*.part"))


@contextmanager
def files_no_larger_than(count):
    """The disk takes no more of any file."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, former)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
@pytest.mark.parametrize("reason", ["disk", "torn", "stopped"])
def test_the_former_one_stays_whole_until_its_successor_has_come_whole(store, tmp_path, reason):
    former = write_generator(tmp_path / "former")
    import_folder(store, former)
    newer = write_generator(tmp_path / "newer", seed=1)
    (newer / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(safetensors_bytes(9, 300_000))
    calls = []
    if reason == "disk":
        with (
            files_no_larger_than(100_000),
            pytest.raises(StoreError, match=r"cannot be copied .*check the disk"),
        ):
            import_folder(store, newer)
    elif reason == "torn":
        whole = (newer / "vae" / "diffusion_pytorch_model.safetensors").read_bytes()
        (newer / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(whole[:-1])
        with pytest.raises(RefusedFileError, match=r"generator/vae/\S+ was refused"):
            import_folder(store, newer)
    else:
        with pytest.raises(Cancelled):
            import_folder(store, newer, cancelled=lambda: calls.append(1) or len(calls) > 3)
    assert files_in(store.folder_of(NAME)) == files_in(former)
    assert store.verify() == []
    assert not (store.folder / ".staging").exists()
    assert store.state(NAME).bytes_here == store.state(NAME).bytes_total


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_on_a_full_disk_nothing_torn_stays_to_fill_it(tmp_path):
    store = ModelStore(tmp_path / "models", unpinned(ENTRIES))
    given = tmp_path / "dinov2-small"
    given.mkdir()
    for file in store.entries["dinov2-small"].files:
        (given / file.path).write_bytes(b"{}")
    (given / "model.safetensors").write_bytes(safetensors_bytes(9, 300_000))
    with files_no_larger_than(100_000), pytest.raises(StoreError, match=r"cannot be copied .*check the disk"):
        import_folder(store, given)
    assert not list(store.folder.rglob("*.part"))
    assert store.state("dinov2-small").status == "partial"
    assert import_folder(store, given).imported == ("dinov2-small",)


def test_a_changed_byte_is_found_and_the_sentence_says_where_to_get_it_again(store, tmp_path):
    given = write_generator(tmp_path / "given")
    import_folder(store, given)
    damaged = store.folder_of(NAME) / "unet" / "config.json"
    damaged.write_bytes(b"[]")
    (finding,) = store.verify()
    assert finding.sentence.endswith(
        "import it again from the folder that “sketch-app train generator” wrote."
    )
    assert store.state(NAME).status == "damaged"
    import_folder(store, given)
    assert store.state(NAME).status == "complete"


def test_a_copy_of_another_machines_store_is_taken_in(store, tmp_path):
    import_folder(store, write_generator(tmp_path / "given"))
    other = ModelStore(tmp_path / "other")
    assert import_folder(other, store.folder).imported == (NAME,)
    shutil.rmtree(store.folder_of(NAME))
    assert other.state(NAME).brings_base


def write_encoder(folder, *towers, **record):
    """What “sketch-app train encoder” leaves, with weights of random bytes."""
    names = [PHOTO_FILE, CLASSES_FILE, *(sketch_file(tower) for tower in (1, *towers))]
    folder.mkdir(parents=True)
    for number, name in enumerate(names):
        (folder / name).write_bytes(safetensors_bytes(number, 1000))
    told = {"kind": "encoder", "files": [sketch_file(tower) for tower in towers], **record}
    (folder / "training.json").write_text(json.dumps(told))
    return folder


def test_an_encoder_has_as_many_towers_as_its_record_says(store, tmp_path):
    three, two = write_encoder(tmp_path / "three", 2, 3), write_encoder(tmp_path / "two", 2)
    for given in (three, two, three):
        assert import_folder(store, given).imported == ("trained-encoder",)
        assert files_in(store.folder_of("trained-encoder")) == files_in(given)
    assert store.verify() == []
    left = write_encoder(tmp_path / "left", 2, 3, files=[sketch_file(2)])
    import_folder(store, left)
    assert files_in(store.folder_of("trained-encoder")).keys() == files_in(two).keys()


@pytest.mark.parametrize(
    ("named", "words"),
    [
        (sketch_file(3), f"lacks {sketch_file(3)}, which “sketch-app train encoder” writes"),
        ("encoder-sketch-9.safetensors", "a newer version of the program wrote it"),
        ("../../outside.safetensors", "a newer version of the program wrote it"),
    ],
)
def test_an_encoder_without_what_its_record_names_is_not_taken(store, tmp_path, named, words):
    before = write_encoder(tmp_path / "before")
    import_folder(store, before)
    with pytest.raises(WeightsError, match=words):
        import_folder(store, write_encoder(tmp_path / "torn", 2, files=[sketch_file(2), named]))
    assert files_in(store.folder_of("trained-encoder")) == files_in(before)
