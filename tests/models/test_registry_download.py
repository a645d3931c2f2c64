"""Pulling models from a server of this machine: whole, broken off, killed, taken up again."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections import namedtuple
from pathlib import Path

import pytest

from models.errors import Cancelled, NetworkError
from models.registry.errors import LicenceNotAcceptedError, StoreBusyError, StoreError, UnknownModelError
from models.registry.store import ModelStore
from tests.models.registry_pulls import (
    FULL,
    TOTAL,
    WANTED,
    after,
    assert_not_whole,
    assert_whole,
    files_below,
    get,
)
from tests.support.hub_server import (
    CAPTIONER,
    CHECKPOINT,
    GENERATOR,
    SMALL_SETS,
    HubServer,
    fill,
    small_catalogue,
)
from tests.support.waiting import WAIT_S

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def server(monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    hub = HubServer()
    fill(hub)
    with hub.running():
        yield hub


@pytest.fixture
def store(server, tmp_path):
    return ModelStore(tmp_path / "models", small_catalogue(server.url), SMALL_SETS)


def test_everything_comes_laid_out_as_at_home_and_nothing_else(store, server):
    seen = []
    report = get(store, server, progress=seen.append)
    assert report.fetched == FULL
    assert report.fetched_bytes == TOTAL
    assert_whole(store, *FULL)
    expected = {f"captioner/{path}": data for path, data in WANTED["captioner"].items()}
    expected |= {f"generator/{path}": data for path, data in WANTED["generator"].items()}
    expected |= {"loras/lora.pkl": CHECKPOINT}
    here = files_below(store.folder)
    assert {path: here[path] for path in here if not path.startswith((".", "models.lock"))} == expected
    assert not (store.folder / ".staging").exists()
    assert [p.done_bytes for p in seen] == sorted(p.done_bytes for p in seen)
    assert {p.total_bytes for p in seen} == {TOTAL}
    assert seen[-1].done_bytes == TOTAL
    assert {p.entry for p in seen} == set(FULL)


def test_the_lock_names_the_commit_and_what_the_hub_calls_each_file(store, server):
    get(store, server)
    record = store.record(store.entries["captioner"])
    assert record.commit == server.commit_of("people/captioner", "main")
    sha256 = hashlib.sha256(CAPTIONER["model.safetensors"]).hexdigest()
    assert record.files["model.safetensors"].hub_id == f"lfs:{sha256}"
    blob = hashlib.sha1(b"blob %d\0" % 22 + CAPTIONER["config.json"], usedforsecurity=False).hexdigest()
    assert record.files["config.json"].hub_id == f"git:{blob}"
    assert record.origin == "pull"


def test_what_is_here_is_not_asked_for_again(store, server):
    get(store, server)
    server.forget()
    report = get(store, server)
    assert (report.fetched, report.already) == ((), FULL)
    assert server.requests == []


def test_only_what_is_named_comes(store, server):
    get(store, server, "checkpoint")
    assert_whole(store, "checkpoint")
    assert store.state("captioner").status == "absent"
    with pytest.raises(UnknownModelError, match="“captoiner”: the known ones are captioner, "):
        get(store, server, "captoiner")


def test_a_connection_that_keeps_breaking_is_taken_up_where_it_broke(store, server):
    server.wrong.break_after = lambda path: 100_000 if path.endswith((".safetensors", ".pkl")) else None
    get(store, server)
    assert_whole(store, *FULL)
    assert any(request.range == "bytes=100000-" for request in server.requests)
    assert server.body_bytes == TOTAL  # not a byte came twice


def test_a_server_that_breaks_off_for_good_is_a_sentence_and_the_next_pull_goes_on(store, server):
    server.wrong.break_after = lambda path: 0 if server.body_bytes > 650_000 else 60_000
    with pytest.raises(NetworkError, match=r"127\.0\.0\.1 cannot be reached"):
        get(store, server)
    assert_not_whole(store, "generator")
    assert store.state("generator").status == "partial"
    assert 200_000 < store.state("generator").bytes_here < 700_000
    before = server.body_bytes
    server.wrong.break_after = lambda path: None
    get(store, server)
    assert_whole(store, *FULL)
    assert server.body_bytes - before < TOTAL - 500_000


def test_a_server_without_ranges_sends_the_file_anew(store, server):
    broken = []

    def break_once(path):
        if path.endswith("model.fp16.safetensors") and not broken:
            broken.append(path)
            return 200_000
        return None

    server.wrong.break_after = break_once
    server.wrong.ignore_ranges = True
    get(store, server)
    assert_whole(store, *FULL)
    assert server.body_bytes == TOTAL + 200_000


def test_a_server_that_sends_another_range_than_asked_for_is_not_believed(store, server):
    breaks = [60_000]
    server.wrong.break_after = lambda path: breaks.pop() if breaks else None
    server.wrong.wrong_range = True
    get(store, server, "checkpoint")  # nothing is known of its content: the hash would not tell
    assert_whole(store, "checkpoint")
    assert not breaks


def test_two_unavailable_answers_are_waited_out(store, server):
    server.wrong.status = {"model.safetensors": [503, 503], "/api/models/people/captioner": [503, 429]}
    get(store, server)
    assert_whole(store, *FULL)


def test_cancelled_in_the_middle_what_came_is_kept(store, server):
    with pytest.raises(Cancelled):
        get(store, server, cancelled=after(store, 400_000))
    for name in ("generator", "checkpoint"):
        assert_not_whole(store, name)
    before = server.body_bytes
    get(store, server)
    assert_whole(store, *FULL)
    assert server.body_bytes - before < TOTAL - 300_000


PULL = """
import sys
from pathlib import Path
from models.registry.download import pull
from models.registry.store import ModelStore
from tests.support.hub_server import SMALL_SETS, small_catalogue
folder, url = sys.argv[1:]
store = ModelStore(Path(folder), small_catalogue(url), SMALL_SETS)
pull(store, ["full"], accept=lambda *_: True, endpoint=url)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
@pytest.mark.parametrize("seed", range(5))
def test_killed_at_any_byte_nothing_looks_whole_that_is_not_and_the_next_pull_completes(store, server, seed):
    moment = random.Random(seed).randrange(1, TOTAL)
    reached, go_on = threading.Event(), threading.Event()

    def hold(path):
        if server.body_bytes >= moment:
            reached.set()
            go_on.wait(WAIT_S)

    server.wrong.on_body = hold
    process = subprocess.Popen(
        [sys.executable, "-c", PULL, store.folder, server.url],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert reached.wait(WAIT_S)
    process.send_signal(signal.SIGKILL)
    process.wait(WAIT_S)
    server.wrong.on_body = lambda path: None
    go_on.set()
    whole = [name for name in FULL if store.state(name).status == "complete"]
    assert_whole(store, *whole)
    assert len(whole) < len(FULL)
    for name in set(FULL) - set(whole):
        assert_not_whole(store, name)
    server.forget()
    get(store, server)
    assert_whole(store, *FULL)
    assert store.verify() == []
    assert server.body_bytes <= TOTAL


def test_a_whole_part_that_was_not_taken_in_yet_does_not_come_again(store, server, monkeypatch):
    def full_disk(*_):
        raise StoreError("no")

    with monkeypatch.context() as patch, pytest.raises(StoreError):
        patch.setattr(ModelStore, "land", full_disk)
        get(store, server, "checkpoint")
    assert_not_whole(store, "checkpoint")
    server.forget()
    get(store, server, "checkpoint")
    assert_whole(store, "checkpoint")
    assert server.body_bytes == 0


def test_with_every_file_in_place_and_the_last_word_unwritten_it_is_not_whole(store, server, monkeypatch):
    def killed(*_):
        raise StoreError("no")

    with monkeypatch.context() as patch, pytest.raises(StoreError):
        patch.setattr(ModelStore, "finish", killed)
        get(store, server, "captioner")
    assert (store.folder / "captioner" / "model.safetensors").exists()
    assert_not_whole(store, "captioner")
    server.forget()
    get(store, server, "captioner")
    assert_whole(store, "captioner")
    assert server.body_bytes == 0


def test_with_the_record_lost_right_files_stay_and_wrong_ones_come_again(store, server):
    get(store, server, "captioner", "generator")
    (store.folder / "models.lock.json").unlink()
    harmed = store.folder / "generator" / "vae" / "model.safetensors"
    harmed.write_bytes(harmed.read_bytes()[:-1] + b"!")
    server.forget()
    get(store, server, "captioner", "generator")
    assert_whole(store, "captioner", "generator")
    assert server.body_bytes == len(GENERATOR["vae/model.safetensors"])


def test_a_torn_part_of_an_earlier_run_is_noticed_and_fetched_anew(store, server):
    with pytest.raises(Cancelled):
        get(store, server, "generator", cancelled=after(store, 400_000))
    (part,) = store.folder.glob(".staging/generator/unet/*.part")
    assert part.stat().st_size > 100_000
    with part.open("r+b") as stream:
        stream.seek(50_000)
        stream.write(bytes(4096))  # as after a power cut
    get(store, server, "generator")
    assert_whole(store, "generator")


def test_without_the_terms_accepted_nothing_is_fetched(store, server):
    asked = []

    def accept(entry, licence):
        asked.append((entry.name, licence.name))
        return licence.name == "Free"

    with pytest.raises(
        LicenceNotAcceptedError, match=r"“generator” .*\(Bound, https://licence.example/bound\)"
    ):
        get(store, server, accept=accept)
    assert server.requests == []
    assert asked == [("captioner", "Free"), ("generator", "Bound")]
    get(store, server, accept=lambda entry, licence: asked.append(entry.name) or True)
    assert asked[2:] == ["generator", "checkpoint"]  # what was accepted is not asked for again
    store.remove(["full"])
    get(store, server, accept=lambda *_: pytest.fail("asked again"))


def test_a_disk_without_room_is_a_sentence_before_the_first_byte(store, server, monkeypatch):
    usage = namedtuple("usage", "total used free")
    room = TOTAL + (200 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(room, 0, room))
    with pytest.raises(StoreError, match=r"1 MB are to come and the disk .* 211 MB free: free 59 MB more"):
        get(store, server)
    assert server.body_bytes == 0


def test_two_pulls_at_once_do_not_touch_one_another(store, server):
    held, go_on = threading.Event(), threading.Event()

    def hold(path):
        held.set()
        go_on.wait(WAIT_S)

    server.wrong.on_body = lambda path: hold(path) if "/resolve/" in path else None
    errors = []

    def first():
        try:
            get(store, server)
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=first)
    thread.start()
    assert held.wait(WAIT_S)
    try:
        for work in (lambda: get(store, server), lambda: store.remove(["captioner"])):
            with pytest.raises(StoreBusyError, match="are being changed by this program itself"):
                work()
        assert store.state("generator").status != "complete"  # reading goes on
    finally:
        go_on.set()
        thread.join(WAIT_S)
    assert errors == []
    assert_whole(store, *FULL)
