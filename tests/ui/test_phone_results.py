"""Photos of a phone among the photos found: they say where they are, and their original can be fetched."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from sketch_app.search_types import PhonePlace, PhotoResult
from tests.ui.small_gallery import make_workspace
from ui.photo_actions import PhotoActions
from ui.results_model import ResultsModel

ON_PHONE = PhonePlace("Galaxy S23", "Camera", "20240817_181502.jpg", is_preview=True)


def result(path: Path | None = None, phones: tuple[PhonePlace, ...] = (ON_PHONE,)) -> PhotoResult:
    return PhotoResult(7, 0.8, path, (), 4000, 3000, None, phones=phones)


@pytest.fixture
def actions(qtbot, tmp_path):
    workspace = make_workspace(tmp_path / "home", None)
    actions = PhotoActions(workspace)
    yield actions
    workspace.close()


def test_a_preview_says_its_phone_and_album_and_that_the_original_is_there(qtbot):
    model = ResultsModel()
    model.show([result()])
    said = model.tooltip(model.results[0])
    assert "Galaxy S23" in said
    assert "Camera" in said
    assert "Only its preview is here" in said
    assert "20240817_181502.jpg" in model.data(model.index(0))


def test_a_photo_that_is_here_too_says_both_places(qtbot):
    said = ResultsModel().tooltip(result(Path("/photos/a.jpg")))
    assert "a.jpg" in said
    assert "Galaxy S23" in said
    assert "Only its preview" not in said


def test_the_menu_of_a_preview_fetches_the_original(qtbot, actions):
    menu = actions.menu(result(), None)
    assert menu.defaultAction().text() == "Fetch the original"
    with qtbot.waitSignal(actions.original_wanted) as asked:
        menu.defaultAction().trigger()
    assert asked.args == [7]
    menu.deleteLater()


def test_showing_a_preview_in_its_folder_says_where_the_original_is(qtbot, actions):
    with qtbot.waitSignal(actions.notice) as said:
        actions.show_in_folder(result())
    assert "Galaxy S23" in said.args[0]


def test_a_photo_that_is_nowhere_offers_no_fetching(qtbot, actions):
    menu = actions.menu(result(phones=()), None)
    assert "Fetch the original" not in [action.text() for action in menu.actions()]
    menu.deleteLater()


FETCHED = PhonePlace("Galaxy S23", "Download", "20240817_181502.jpg", is_preview=False)
STORED = Path("/home/you/gallery/phone/originals/2024/08/3f9c-1a.jpg")


def test_a_double_click_on_a_preview_brings_the_original(actions):
    wanted = []
    actions.original_wanted.connect(wanted.append)
    actions.open(result())
    assert wanted == [result().photo_id]


def test_phone_and_album_are_read_out(qtbot):
    model = ResultsModel()
    model.show([result(STORED, (FETCHED,))])
    read = model.data(model.index(0), Qt.ItemDataRole.AccessibleDescriptionRole)
    assert read.startswith("Galaxy S23, album Downloads")


def test_a_preview_does_not_pass_its_own_size_for_the_photos(qtbot):
    assert "×" not in ResultsModel().tooltip(result())
    assert "×" in ResultsModel().tooltip(result(Path("/photos/a.jpg")))


def test_a_fetched_original_is_called_as_on_the_phone(qtbot):
    model = ResultsModel()
    model.show([result(STORED, (FETCHED,))])
    said = model.tooltip(model.results[0])
    assert "<b>20240817_181502.jpg</b>" in said
    assert "album Downloads" in said
    assert "3f9c" not in said
    assert model.data(model.index(0)).startswith("20240817_181502.jpg")
    elsewhere = model.tooltip(result(Path("/photos/a.jpg"), (FETCHED,)))
    assert "a.jpg</b>" in elsewhere


def test_a_fetched_original_that_is_gone_is_called_as_on_the_phone(actions):
    assert "20240817_181502.jpg" in actions.gone_sentence(result(STORED, (FETCHED,)))
