"""Ticking an album means that album: whatever the tree and the ticks, exactly their photos are planned."""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.phone.folders import walk
from device.phone.sync import RemoteEntry
from index.gallery import Gallery
from sketch_app.phone.adb_reader import _in_our_words
from sketch_app.phone.choices import PhoneChoices
from sketch_app.phone.plan import make_plan
from sketch_app.phone.records import SyncChoices, is_chosen, may_lead_to_chosen
from sketch_app.phone.service import PhoneService
from sketch_app.phone.states import PhoneAlbum
from sketch_app.settings import load_settings
from tests.sketch_app.phone.phone_gallery import ALL, MadeUpPhone, find, is_found, jpeg, reader_of, sync
from tests.support.phone.rig import wait_until
from tests.ui.played_phone import SERIAL, PlayedAccess, Plugged
from tests.ui.small_gallery import make_workspace

ROOT = b"/storage/emulated/0"
names = st.sampled_from([b"a", b"ab", b"b", b"a b", b"\xff"])
folders = st.lists(names, max_size=4).map(lambda parts: b"/".join([ROOT, *parts]))
trees = st.sets(folders, min_size=1, max_size=12)


@pytest.fixture
def service(tmp_path):
    workspace = make_workspace(tmp_path / "home", None)
    made = PhoneService(workspace, access=PlayedAccess())
    made.start()
    made._given.plug(Plugged())
    wait_until(lambda: made.phones[0].albums is not None, what="its albums")
    yield made
    made.close()
    workspace.close()


def tick(service, tree, ticked):
    """What a sync is asked once a person has ticked these albums of a phone, and no others."""
    shown = [PhoneAlbum(path, "", "", 1) for path in sorted(tree)]
    service._given.albums = lambda serial: shown
    service._look_for_albums(SERIAL)
    service.choose_albums(SERIAL, ticked)
    return service._choices.of(SERIAL)


@dataclass
class Session:
    """The folders of a phone, each with one photo, as a listing says them."""

    tree: set[bytes]

    def list(self, path):
        below = {folder[len(path) + 1 :].split(b"/")[0] for folder in self.tree if folder != path
                 and folder.startswith(path + b"/")}  # fmt: skip
        entries = [RemoteEntry(name, stat.S_IFDIR | 0o755, 0, 0) for name in sorted(below)]
        return (*entries, *[RemoteEntry(b"1.jpg", stat.S_IFREG | 0o644, 5, 5)][: path in self.tree])


@given(trees, st.data())
def test_exactly_the_photos_of_ticked_albums_are_planned(service, tree, data):
    ticked = data.draw(st.sets(st.sampled_from(sorted(tree)), min_size=1))
    choices = tick(service, tree, ticked)
    wanted = {folder + b"/1.jpg" for folder in ticked}
    phone = MadeUpPhone()
    for folder in tree:
        phone.put(folder + b"/1.jpg", b"12345")
    plan = make_plan({}, phone.listings(()), choices.folders, choices.without)
    assert {file.path for file in plan.new} == wanted
    # The walk spares folders, and still comes to every one that is ticked.
    walked = list(
        walk(
            Session(tree),
            [ROOT],
            wanted=lambda f: may_lead_to_chosen(f, choices.folders, choices.without),
        )
    )
    listings = [
        _in_our_words(
            one, {}, with_files=is_chosen(one.path, choices.folders, choices.without)
        )
        for one in walked
    ]  # fmt: skip
    assert {file.path for listing in listings for file in listing.files} == wanted
    plan = make_plan({}, listings, choices.folders, choices.without)
    assert {file.path for file in plan.new} == wanted
    if ticked == tree:
        assert (choices.folders, choices.without) == ((), ())
    assert [a.path for a in service.phones[0].albums if a.chosen] == sorted(ticked)


@given(trees, st.data())
def test_the_ticks_are_the_same_when_the_albums_are_looked_at_again(service, tree, data):
    ticked = data.draw(st.sets(st.sampled_from(sorted(tree)), min_size=1))
    tick(service, tree, ticked)
    service._look_for_albums(SERIAL)
    assert [a.path for a in service.phones[0].albums if a.chosen] == sorted(ticked)


def test_the_longest_entry_decides_and_names_that_only_begin_alike_are_others():
    taken, left = (b"/s/DCIM", b"/s/DCIM/Camera/Best/"), (b"/s/DCIM/Camera",)
    expected = {
        b"/s": False,
        b"/s/DCIM": True,
        b"/s/DCIM2": False,
        b"/s/DCIM/Camera": False,
        b"/s/DCIM/Camera2": True,
        b"/s/DCIM/Camera/Old": False,
        b"/s/DCIM/Camera/Best": True,
        b"/s/DCIM/Camera/Best/2020": True,
    }
    assert {folder: is_chosen(folder, taken, left) for folder in expected} == expected
    assert may_lead_to_chosen(b"/s/DCIM/Camera", taken, left)
    assert not may_lead_to_chosen(b"/s/DCIM/Camera/Old", taken, left)
    assert is_chosen(b"/s/any", (), left)
    assert not is_chosen(b"/s/DCIM", (b"/s/DCIM",), (b"/s/DCIM",))


def test_an_album_unticked_below_a_ticked_one_leaves_the_gallery_and_comes_back(phone, tmp_path):
    for number, folder in enumerate(("DCIM", "DCIM/Camera", "DCIM/Camera/Best", "Download")):
        phone.put(f"{folder}/{number}.jpg", jpeg(number))
    sd = ROOT + b"/"
    assert sync(tmp_path, reader_of(phone), ALL).added == 4
    some = SyncChoices(ALL.originals, folders=(sd + b"DCIM", sd + b"DCIM/Camera/Best"),
                       without=(sd + b"DCIM/Camera",), reserve_bytes=0)  # fmt: skip
    report = sync(tmp_path, reader_of(phone), some)
    assert (report.added, report.missing, report.unchanged, report.asks) == (0, 0, 2, None)
    assert [is_found(tmp_path, number) for number in range(4)] == [True, False, True, False]
    unwanted = {
        listing.directory: listing for listing in reader_of(phone).listings(some.folders, some.without)
    }[sd + b"DCIM/Camera"]
    assert (unwanted.files, unwanted.videos, unwanted.names) == ((), 0, {b"1.jpg", b"Best"})
    assert sync(tmp_path, reader_of(phone), ALL).returned == 2
    assert find(tmp_path, 1) == [sd + b"DCIM/Camera/1.jpg"]


def test_folders_of_one_sync_leave_all_others_as_they_are(phone, tmp_path):
    for number in range(30):
        phone.put(f"{'DCIM' if number < 28 else 'Download'}/{number}.jpg", jpeg(number))
    sd = ROOT + b"/"
    assert sync(tmp_path, reader_of(phone), ALL).added == 30
    with Gallery.open(tmp_path, write=False) as gallery:
        before = gallery.phones()[0]
    (phone.storage / "Download" / "28.jpg").unlink()
    (phone.storage / "DCIM" / "1.jpg").unlink()
    once = SyncChoices(ALL.originals, folders=(sd + b"Download",), once=True, reserve_bytes=0)
    report = sync(tmp_path, reader_of(phone), once)
    assert (report.missing, report.unchanged, report.asks) == (1, 1, None)
    assert [is_found(tmp_path, number) for number in (0, 1, 28, 29)] == [True, True, False, True]
    with Gallery.open(tmp_path, write=False) as gallery:
        after = gallery.phones()[0]
    assert (after.files, after.shown, after.synced_at) == (29, 29, before.synced_at)
    assert sync(tmp_path, reader_of(phone), ALL).missing == 1
    assert not is_found(tmp_path, 1)


def test_settings_from_before_load_with_their_folders(tmp_path):
    workspace = make_workspace(tmp_path / "home", None)
    old = {"phone_folders": [f"{SERIAL}:/s/DCIM", "OTHER:/s/x"], "phone_folders_without": "a word"}
    workspace.paths.settings_file.parent.mkdir(parents=True, exist_ok=True)
    workspace.paths.settings_file.write_text(json.dumps(old))
    settings = load_settings(workspace.paths.settings_file)
    assert (settings.phone_folders_without, settings.phone_auto_sync) == ([], True)
    workspace.settings = settings
    choices = PhoneChoices(workspace)
    assert (choices.of(SERIAL).folders, choices.of(SERIAL).without) == ((b"/s/DCIM",), ())
    choices.choose_folders(SERIAL, [b"/s/\xff"], [b"/s/\xff/b"])
    kept = PhoneChoices(workspace).of(SERIAL)
    assert (kept.folders, kept.without) == ((b"/s/\xff",), (b"/s/\xff/b",))
    assert PhoneChoices(workspace).of("OTHER").folders == (b"/s/x",)
    workspace.close()
