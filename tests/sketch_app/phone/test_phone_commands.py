"""``sketch-app phone``: what people and programs see of it."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from sketch_app.cli_phone import phone_app
from sketch_app.errors import SketchAppError
from sketch_app.model_sets import embedded_set
from sketch_app.phone.choices import PhoneChoices
from sketch_app.phone_commands import choices_of
from tests.sketch_app.phone.phone_gallery import jpeg
from tests.ui.small_gallery import make_workspace

COLUMNS = {"COLUMNS": "200"}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SKETCH_APP_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run(*words):
    app = typer.Typer()
    app.add_typer(phone_app, name="phone")
    return CliRunner().invoke(app, ["phone", *words], env=COLUMNS)


def test_without_a_phone_it_says_how_to_get_one(rig, home):
    result = run("sync")
    assert result.exit_code == 1
    assert "USB debugging" in result.stderr
    result = run("list")
    assert result.exit_code == 0
    assert "USB debugging" in result.stdout


def test_a_phone_is_listed_its_albums_shown_and_it_is_synced(phone, home):
    for number in range(3):
        phone.put(f"DCIM/Camera/{number}.jpg", jpeg(number, bytes_after=70_000, thumbnail=number))
    phone.put("Pictures/Screenshots/Screenshot_1.jpg", jpeg(8))
    albums = json.loads(run("albums", "--json").stdout)
    assert {(album["name"], album["photos"]) for album in albums} == {("Camera", 3), ("Screenshots", 1)}
    result = run("sync", "--originals", "all", "--json")
    assert result.exit_code == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["whole"]
    assert (report["added"], report["originals"]) == (4, 4)
    listed = json.loads(run("list", "--json").stdout)
    assert [one["serial"] for one in listed["connected"]] == [phone.hardware_serial]
    assert listed["in_gallery"][0]["originals"] == 4
    shown = run("list").stdout
    assert phone.hardware_serial in shown
    assert "ready" in shown
    assert "4 photos, 4 searchable; 4 originals here" in shown
    again = run("sync", "--folder", "/sdcard/DCIM")
    assert "3 unchanged" in again.stdout
    # What lies elsewhere was not looked at, and stays.
    assert "4 photos, 4 searchable; 4 originals here" in run("list").stdout
    assert "There are no originals" in run("tidy").stdout
    phone.put("Pictures/Screenshots/Screenshot_2.jpg", jpeg(9))
    album = run("sync", "--folder", "screenshots")  # as “phone albums” calls it
    assert "1 new" in album.stdout, album.stderr
    empty = run("sync", "--folder", "")
    assert (empty.exit_code, "--folder is empty" in empty.stderr) == (1, True)
    nowhere = run("sync", "--folder", "Nope")
    assert nowhere.exit_code == 1
    assert "no folder /storage/emulated/0/Nope" in nowhere.stderr
    assert embedded_set().photos.model_id


def test_folders_that_are_named_mean_in_and_below_whatever_was_ticked_in_the_window(tmp_path):
    workspace = make_workspace(tmp_path / "home", None)
    PhoneChoices(workspace).choose_folders(
        "R3", [b"/storage/emulated/0/DCIM"], [b"/storage/emulated/0/DCIM/x"]
    )
    ticked = choices_of(workspace, "R3")
    assert (ticked.folders, ticked.without) == (
        (b"/storage/emulated/0/DCIM",),
        (b"/storage/emulated/0/DCIM/x",),
    )
    named = choices_of(workspace, "R3", folders=["DCIM"])
    assert (named.folders, named.without) == ((b"/storage/emulated/0/DCIM",), ())
    workspace.close()


def test_a_phone_that_is_not_meant_and_a_choice_that_is_none_are_sentences(phone, home):
    result = run("sync", "--phone", "nobody")
    assert result.exit_code == 1
    assert "no phone “nobody”" in result.stderr
    result = run("sync", "--originals", "most")
    assert result.exit_code == 1
    assert "previews, some or all" in result.stderr


@pytest.mark.parametrize("command", [["list"], ["sync"], ["watch"], ["tidy"]])
def test_a_mistyped_gallery_makes_none(home, tmp_path, command):
    result = run(*command, "--gallery", str(tmp_path / "mistyped"))
    assert result.exit_code == 1
    assert "There is no folder" in result.stderr
    assert not (tmp_path / "mistyped").exists()


def test_nothing_is_written_among_a_persons_own_files(home, tmp_path):
    (tmp_path / "mine.jpg").write_bytes(jpeg(1))
    for command in ("sync", "watch"):
        result = run(command, "--gallery", str(tmp_path))
        assert result.exit_code == 1
        assert "holds other files and no gallery" in result.stderr
    assert [path.name for path in tmp_path.iterdir() if path != home] == ["mine.jpg"]


def test_a_command_that_is_proposed_names_the_same_gallery(phone, home, tmp_path):
    for number in range(3):
        phone.put(f"DCIM/Camera/{number}.jpg", jpeg(number))
    gallery = tmp_path / "of mine"
    gallery.mkdir()
    listed = run("list").stdout
    assert "sketch-app phone sync" in listed
    assert "--gallery" not in listed
    assert run("sync", "--gallery", str(gallery), "--originals", "all").exit_code == 0
    for number in range(3):
        (phone.storage / "DCIM" / "Camera" / f"{number}.jpg").unlink()
    named = f"--gallery '{gallery}'"
    asks = run("sync", "--gallery", str(gallery))
    assert (asks.exit_code, f"phone sync --confirm-deleted {named}" in asks.stdout) == (1, True)
    run("sync", "--gallery", str(gallery), "--confirm-deleted")
    assert f"phone tidy --yes {named}" in run("tidy", "--gallery", str(gallery)).stdout


@pytest.mark.parametrize("command", ["list", "tidy"])
def test_a_command_that_only_looks_makes_no_gallery(home, tmp_path, command):
    result = run(command, "--gallery", str(tmp_path))
    assert result.exit_code == 1
    assert "There is no gallery" in result.stderr
    assert not list(tmp_path.glob("*.sqlite*"))


def test_gigabytes_mean_some_originals(tmp_path):
    workspace = make_workspace(tmp_path / "home", None)
    assert choices_of(workspace, "R3", gigabytes=3.0).originals == "some"
    with pytest.raises(SketchAppError, match="--gb goes with"):
        choices_of(workspace, "R3", originals="all", gigabytes=3.0)
    workspace.close()
