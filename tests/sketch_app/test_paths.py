"""Where the program keeps its files."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from sketch_app.paths import AppPaths


def everything(paths):
    return (
        paths.config,
        paths.data,
        paths.logs,
        paths.pictures,
        paths.settings_file,
        paths.default_gallery,
        paths.autosave,
        paths.gallery_of_folder(Path("/photos")),
    )


def test_one_folder_holds_everything_where_it_is_asked_for(monkeypatch, tmp_path):
    monkeypatch.setenv("SKETCH_APP_HOME", str(tmp_path / "home"))
    paths = everything(AppPaths.default())
    assert all(p.is_relative_to(tmp_path / "home") for p in paths)
    assert len(set(paths)) == len(paths)
    assert list(tmp_path.iterdir()) == []  # nothing is made before it is written to


def test_a_tilde_is_the_persons_home(monkeypatch):
    monkeypatch.setenv("SKETCH_APP_HOME", "~/sketches")
    assert AppPaths.default().data == Path.home() / "sketches" / "data"


@pytest.mark.parametrize("value", [None, ""])
def test_otherwise_they_are_the_platforms_own(monkeypatch, value):
    if value is None:
        monkeypatch.delenv("SKETCH_APP_HOME")
    else:
        monkeypatch.setenv("SKETCH_APP_HOME", value)
    paths = AppPaths.default()
    assert paths.config == Path(platformdirs.user_config_dir("sketch_app", appauthor=False))
    assert paths.data == Path(platformdirs.user_data_dir("sketch_app", appauthor=False))
    assert paths.pictures.name == "sketch_app"


def test_the_gallery_of_a_folder_is_one_however_the_folder_is_spelt_and_lies_elsewhere(tmp_path, monkeypatch):
    paths = AppPaths(*(tmp_path / "home" / part for part in "cdlp"))
    photos = tmp_path / "photos"
    photos.mkdir()
    gallery = paths.gallery_of_folder(photos)
    assert not gallery.is_relative_to(photos)
    assert paths.gallery_of_folder(photos / ".." / "photos") == gallery
    (tmp_path / "link").symlink_to(photos)
    assert paths.gallery_of_folder(tmp_path / "link") == gallery
    monkeypatch.chdir(tmp_path)
    assert paths.gallery_of_folder(Path("photos")) == gallery


def test_folders_of_one_name_have_galleries_of_their_own_with_names_any_system_takes(tmp_path):
    paths = AppPaths(*(tmp_path / part for part in "cdlp"))
    folders = [
        Path("/a/summer: 1/2?"),
        Path("/b/summer: 1/2?"),
        Path("/"),
        Path("/x/" + "n" * 200),
        Path("/사진"),
    ]
    names = [paths.gallery_of_folder(f).name for f in folders]
    assert len(set(names)) == len(names)
    assert all(len(n) <= 60 and all(c.isalnum() or c == "-" for c in n) for n in names)
