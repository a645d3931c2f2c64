"""What the person chose, kept through torn files, foreign files and newer programs."""

from __future__ import annotations

import json
from dataclasses import asdict, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketch_app.settings import Settings, load_settings, save_settings

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
settings_of_any_kind = st.builds(
    Settings,
    theme=st.sampled_from(["system", "light", "dark"]),
    language=st.sampled_from(["system", "en", "ko"]),
    camera=words,
    camera_on=st.booleans(),
    mirrored=st.booleans(),
    gallery=words,
    last_folder=words,
    window_geometry=words,
)


@given(settings_of_any_kind)
def test_what_is_saved_is_what_is_loaded(tmp_path, settings):
    save_settings(tmp_path / "settings.json", settings)
    assert load_settings(tmp_path / "settings.json") == settings


def test_without_a_file_there_are_the_defaults(tmp_path):
    assert load_settings(tmp_path / "settings.json") == Settings()
    assert list(tmp_path.iterdir()) == []


def test_saving_makes_the_folder_and_leaves_nothing_beside_the_file(tmp_path):
    save_settings(tmp_path / "a" / "b" / "settings.json", Settings(theme="dark"))
    assert [p.name for p in (tmp_path / "a" / "b").iterdir()] == ["settings.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"7", b"\xff\xfe\x00", b'{"theme": '])
def test_a_torn_or_foreign_file_gives_the_defaults_and_a_word_in_the_log(tmp_path, caplog, content):
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    assert load_settings(path) == Settings()
    assert str(path) in caplog.text


def test_one_wrong_value_costs_that_value_alone(tmp_path):
    stored = asdict(Settings(camera="rear", gallery="/photos"))
    stored |= {"theme": "purple", "language": 7, "camera_on": "yes", "mirrored": 0, "from_the_future": True}
    (tmp_path / "settings.json").write_text(json.dumps(stored))
    assert load_settings(tmp_path / "settings.json") == Settings(camera="rear", gallery="/photos")


@given(
    st.dictionaries(
        st.sampled_from([f.name for f in fields(Settings)]),
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words, st.lists(words, max_size=2)),
    )
)
def test_whatever_stands_in_the_file_every_setting_has_its_type(tmp_path, stored):
    (tmp_path / "settings.json").write_text(json.dumps(stored))
    loaded = load_settings(tmp_path / "settings.json")
    assert all(type(getattr(loaded, f.name)) is type(getattr(Settings(), f.name)) for f in fields(Settings))
    assert loaded.theme in {"system", "light", "dark"}
    assert loaded.language in {"system", "en", "ko"}
