"""What a home offers is not what was promised, or is not given out: refused, named, and nothing kept."""

from __future__ import annotations

import hashlib
import random
import socket
from dataclasses import replace

import pytest

from models.errors import Cancelled, NetworkError, RefusedFileError, WeightsError
from models.registry.download import pull
from models.registry.entries import ModelFile
from models.registry.store import ModelStore
from tests.models.registry_pulls import QUICK, TOTAL, after, assert_not_whole, assert_whole, get, with_pin
from tests.support.hub_server import (
    CAPTIONER,
    CHECKPOINT,
    GENERATOR,
    SMALL_SETS,
    HubServer,
    fill,
    safetensors_bytes,
    small_catalogue,
)


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


def test_other_bytes_than_promised_are_refused_and_named(store, server):
    good = CAPTIONER["model.safetensors"]
    server.wrong.swapped = {"captioner/resolve": b"", "model.safetensors": good[:-1] + bytes([good[-1] ^ 1])}
    with pytest.raises(WeightsError, match=r"captioner/model\.safetensors was refused: .*It was deleted"):
        get(store, server, "captioner")
    assert_not_whole(store, "captioner")
    assert not list(store.folder.rglob("*.safetensors*"))
    server.wrong.swapped = {}
    get(store, server, "captioner")
    assert_whole(store, "captioner")


def test_a_small_file_is_held_against_gits_own_hash(store, server):
    server.wrong.swapped = {"vocab.txt": b"a\nc\n"}
    with pytest.raises(WeightsError, match=r"captioner/vocab\.txt was refused"):
        get(store, server, "captioner")


@pytest.mark.parametrize("other", [b"<html>log in to this network</html>", safetensors_bytes(1) + b"more"])
def test_a_file_of_another_length_is_refused_before_it_is_read(store, server, other):
    server.wrong.swapped = {"model.safetensors": other}
    with pytest.raises(WeightsError, match=r"captioner/model\.safetensors was refused: .* instead of"):
        get(store, server, "captioner")
    assert_not_whole(store, "captioner")


def test_a_server_that_names_no_length_is_held_to_what_was_promised(store, server):
    server.wrong.hide_length = True
    get(store, server, "captioner", "checkpoint")
    assert_whole(store, "captioner", "checkpoint")
    server.wrong.swapped = {"model.fp16.safetensors": GENERATOR["unet/model.fp16.safetensors"] + b"more"}
    with pytest.raises(WeightsError, match="sends more instead of 500083 bytes"):
        get(store, server, "generator")
    assert not list(store.folder.rglob("*model.safetensors.part*"))
    server.wrong.swapped = {"model.fp16.safetensors": GENERATOR["unet/model.fp16.safetensors"][:-1]}
    with pytest.raises(NetworkError, match="does not answer as it should"):
        get(store, server, "generator")
    assert_not_whole(store, "generator")


def test_a_login_page_in_the_middle_costs_nothing_of_what_came(store, server):
    with pytest.raises(Cancelled):
        get(store, server, "generator", cancelled=after(store, 400_000))
    came = store.state("generator").bytes_here
    server.wrong.swapped = {"model.fp16.safetensors": b"<html>log in to this network</html>"}
    server.wrong.ignore_ranges = True
    with pytest.raises(WeightsError, match=r"was refused: 127\.0\.0\.1 sends 35 bytes instead of"):
        get(store, server, "generator")
    assert store.state("generator").bytes_here == came > 390_000
    server.wrong.swapped, server.wrong.ignore_ranges = {}, False
    server.forget()
    get(store, server, "generator")
    assert_whole(store, "generator")
    assert server.body_bytes < TOTAL - came


def test_a_pin_of_the_catalogue_must_be_what_the_hub_offers(store, server):
    pinned = with_pin(store, "captioner", "model.safetensors", sha256="0" * 64)
    with pytest.raises(WeightsError, match=r"captioner/model\.safetensors was refused"):
        get(pinned, server, "captioner")
    assert server.body_bytes == 0
    right = hashlib.sha256(CAPTIONER["vocab.txt"]).hexdigest()
    get(with_pin(store, "captioner", "vocab.txt", sha256=right), server, "captioner")


def test_a_pinned_checkpoint_of_a_web_server_must_be_the_one(store, server):
    pinned = with_pin(store, "checkpoint", "lora.pkl", sha256="0" * 64)
    with pytest.raises(WeightsError, match=r"loras/lora\.pkl was refused"):
        get(pinned, server, "checkpoint")
    assert_not_whole(pinned, "checkpoint")
    assert not list(store.folder.rglob("lora*"))


def test_a_web_page_in_place_of_a_checkpoint_is_refused(store, server):
    server.plain["/files/lora.pkl"] = b"<html>This file has moved</html>"
    with pytest.raises(RefusedFileError, match=r"loras/lora\.pkl was refused: it is no checkpoint"):
        get(store, server, "checkpoint")
    assert_not_whole(store, "checkpoint")


def test_an_unpinned_model_keeps_to_its_first_commit(store, server):
    get(store, server, "captioner")
    first = store.record(store.entries["captioner"]).commit
    server.add_repo("people/captioner", {**CAPTIONER, "model.safetensors": safetensors_bytes(9)})
    store.remove(["captioner"])
    assert_not_whole(store, "captioner")
    get(store, server, "captioner")
    assert_whole(store, "captioner")
    assert store.record(store.entries["captioner"]).commit == first


@pytest.mark.parametrize("path", ["model.safetensors", "vocab.txt"])
def test_other_content_under_the_same_commit_is_refused_until_it_is_forgotten(store, server, path):
    get(store, server, "captioner")
    commit = store.record(store.entries["captioner"]).commit
    store.remove(["captioner"])
    new = {"model.safetensors": safetensors_bytes(9), "vocab.txt": b"a\nc\n"}[path]
    server.add_repo("people/captioner", {**CAPTIONER, path: new}, commit)
    server.forget()
    with pytest.raises(WeightsError, match=rf"captioner/{path} was refused: .*remove --forget captioner"):
        get(store, server, "captioner")
    assert server.body_bytes == 0
    store.remove(["captioner"], forget=True)
    get(store, server, "captioner")
    assert (store.folder_of("captioner") / path).read_bytes() == new


def test_a_web_servers_file_that_changed_later_is_refused(store, server):
    get(store, server, "checkpoint")
    store.remove(["checkpoint"])
    server.plain["/files/lora.pkl"] = CHECKPOINT[:-1] + b"!"
    with pytest.raises(WeightsError, match=r"loras/lora\.pkl was refused"):
        get(store, server, "checkpoint")
    assert_not_whole(store, "checkpoint")


def test_a_web_servers_file_that_changes_in_between_starts_anew(store, server):
    with pytest.raises(Cancelled):
        get(store, server, "checkpoint", cancelled=after(store, 60_000))
    new = b"PK\x03\x04" + random.Random(11).randbytes(120_000)
    server.plain["/files/lora.pkl"] = new
    get(store, server, "checkpoint")
    assert store.file_of("checkpoint").read_bytes() == new


def test_a_web_servers_file_that_changes_between_two_attempts_starts_anew(store, server):
    new = b"PK\x03\x04" + random.Random(11).randbytes(170_000)

    def change(path):
        if path.endswith("lora.pkl") and server.plain[path] != new:
            server.plain[path] = new  # after this answer
            return 90_000
        return None

    server.wrong.break_after = change
    seen = []
    get(store, server, "checkpoint", progress=seen.append)
    assert store.file_of("checkpoint").read_bytes() == new
    assert seen[-1].done_bytes == seen[-1].total_bytes == len(new)


@pytest.mark.parametrize("etag", ["", 'W/"weak"'])
def test_a_part_that_nothing_vouches_for_is_not_gone_on_with(store, server, etag):
    server.etags["/files/lora.pkl"] = etag
    with pytest.raises(Cancelled):
        get(store, server, "checkpoint", cancelled=after(store, 60_000))
    server.forget()
    breaks = [60_000]
    server.wrong.break_after = lambda path: breaks.pop() if breaks and server.body_bytes < 60_000 else None
    get(store, server, "checkpoint")
    assert_whole(store, "checkpoint")
    assert not breaks
    assert not any(request.range for request in server.requests)


def test_a_pinned_commit_is_asked_for_and_nothing_newer(store, server):
    first = server.commit_of("people/captioner", "main")
    server.add_repo("people/captioner", {**CAPTIONER, "vocab.txt": b"newer"})
    entry = replace(store.entries["captioner"], revision=first)
    pinned = ModelStore(store.folder, {"captioner": entry}, {"full": ("captioner",)})
    get(pinned, server, "captioner")
    assert_whole(pinned, "captioner")
    with pytest.raises(ValueError, match="whole commit"):
        replace(entry, revision="main")


def test_a_newer_pinned_commit_takes_nothing_of_the_older_one_for_its_own(store, server):
    first = server.commit_of("people/captioner", "main")
    second = server.add_repo("people/captioner", {**CAPTIONER, "vocab.txt": b"a\nc\n"})
    entry = store.entries["captioner"]
    older = ModelStore(store.folder, {"captioner": replace(entry, revision=first)}, {})
    with pytest.raises(Cancelled):
        get(older, server, "captioner", cancelled=after(store, 100_000))
    assert (store.folder / "captioner" / "vocab.txt").read_bytes() == CAPTIONER["vocab.txt"]
    newer = ModelStore(store.folder, {"captioner": replace(entry, revision=second)}, {})
    get(newer, server, "captioner")
    assert (newer.folder_of("captioner") / "vocab.txt").read_bytes() == b"a\nc\n"
    assert newer.verify() == []


def test_a_file_that_the_home_does_not_have_is_named_and_nothing_comes(store, server):
    entry = store.entries["captioner"]
    more = replace(entry, files=(*entry.files, ModelFile("merges.txt")))
    with pytest.raises(WeightsError, match=r"has no file merges\.txt"):
        get(ModelStore(store.folder, {"captioner": more}, {}), server, "captioner")
    assert server.body_bytes == 0


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("part", ["/api/models/people/generator", "unet/model.fp16", "lora.pkl"])
def test_a_closed_door_says_where_to_ask(store, server, status, part):
    server.wrong.forever = {part: status}
    with pytest.raises(NetworkError, match=rf"\({status}\): open http.*accept the terms there") as refused:
        get(store, server)
    assert refused.value.args[0].count("\n") == 0
    assert store.state("generator" if "lora" not in part else "checkpoint").status != "complete"


@pytest.mark.parametrize("part", ["/api/models/people/generator", "unet/model.fp16", "lora.pkl"])
def test_a_file_that_has_gone_says_so(store, server, part):
    server.wrong.forever = {part: 404}
    with pytest.raises(NetworkError, match=r"has no .* any more \(404, .*sketch-app models import"):
        get(store, server)


def test_a_commit_that_has_gone_says_so(store, server):
    get(store, server, "captioner")
    store.remove(["captioner"])
    server.repos["people/captioner"] = {"f" * 40: CAPTIONER}
    with pytest.raises(NetworkError, match="no longer has commit"):
        get(store, server, "captioner")


def test_unavailable_for_good_is_a_sentence(store, server):
    server.wrong.forever = {"vae": 503}
    with pytest.raises(NetworkError, match=r"answered 503"):
        get(store, server)


def test_no_network_is_a_sentence(store, server):
    with socket.socket() as held:  # bound, so that nobody else listens there meanwhile
        held.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{held.getsockname()[1]}"
        for names, catalogue in ((["captioner"], store.entries), (["checkpoint"], small_catalogue(closed))):
            offline = ModelStore(store.folder, catalogue, SMALL_SETS)
            with pytest.raises(NetworkError, match=r"127\.0\.0\.1 cannot be reached.*check the network"):
                pull(offline, names, accept=lambda *_: True, endpoint=closed, retries=QUICK)


def test_offline_asks_nobody(store, server, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(NetworkError, match="HF_HUB_OFFLINE says to stay offline"):
        get(store, server, accept=lambda *_: pytest.fail("asked for the terms"))
    assert server.requests == []


def test_the_hub_of_the_environment_is_used(store, server, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", f"{server.url}/")
    pull(store, ["captioner"], accept=lambda *_: True, retries=QUICK)
    assert_whole(store, "captioner")
