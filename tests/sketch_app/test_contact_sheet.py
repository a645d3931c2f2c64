"""A drawing and its photos as one picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from sketch_app.contact_sheet import _RIGHT, SheetRow, draw_sheet, save_sheet
from sketch_app.errors import SketchAppError
from tests.sketch_app.demo_sketches import demo_drawing

RED, BLUE = (200, 10, 10), (10, 10, 200)


def plain(colour, size=(90, 120)):
    return np.full((*size, 3), colour, np.uint8)


def row(photos, right=()):
    return SheetRow(demo_drawing("cat"), "cat", photos, [f"{n} %" for n in range(len(photos))], right)


def places(sheet, colour):
    """Left edges of the tiles of a colour."""
    columns = (sheet == colour).all(2).sum(0) > 100
    return np.flatnonzero(np.diff(columns.astype(int), prepend=0) == 1)


def test_the_drawing_stands_left_and_the_photos_follow_in_their_order():
    sheet = draw_sheet([row([plain(RED), plain(BLUE), plain(RED)])])
    assert sheet.dtype == np.uint8
    red, blue = places(sheet, RED), places(sheet, BLUE)
    assert len(red) == 2
    assert red[0] < blue[0] < red[1]
    drawing = sheet[:, : red[0] - 12]
    assert (drawing == 0).any()
    assert (sheet[:, red[0] :] == 0).all(2).sum() == 0


def test_rows_of_different_lengths_share_one_width():
    one, two = draw_sheet([row([plain(RED)] * 3)]), draw_sheet([row([plain(RED)] * 3), row([plain(BLUE)])])
    assert one.shape[1] == two.shape[1]
    assert two.shape[0] > 1.8 * one.shape[0]


def test_a_right_answer_is_framed():
    framed = draw_sheet([row([plain(RED), plain(BLUE)], right=(False, True))])
    assert not (draw_sheet([row([plain(RED), plain(BLUE)])]) == _RIGHT).all(2).any()
    columns = np.flatnonzero((framed == _RIGHT).all(2).any(0))
    blue = np.flatnonzero((framed == BLUE).all(2).any(0))
    assert columns.min() < blue.min() < blue.max() < columns.max()
    assert columns.min() > places(framed, RED)[0] + 100  # around the second photo alone


def test_photos_of_any_shape_fill_their_tile():
    sheet = draw_sheet([row([plain(RED, (10, 400)), plain(BLUE, (400, 10)), plain(RED, (1, 1))])])
    sizes = [((sheet == c).all(2)).sum() for c in (RED, BLUE)]
    assert sizes[0] == pytest.approx(2 * sizes[1], rel=0.01)


def test_a_query_without_answers_is_a_row_of_its_drawing():
    assert (draw_sheet([row([])]) < 100).any()


def test_a_sheet_is_a_png_written_whole(tmp_path):
    rows = [row([plain(RED)])]
    save_sheet(tmp_path / "sheet.png", rows)
    with Image.open(tmp_path / "sheet.png") as image:
        assert image.format == "PNG"
        assert np.array_equal(np.asarray(image), draw_sheet(rows))
    assert [p.name for p in tmp_path.iterdir()] == ["sheet.png"]


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path):
    with pytest.raises(SketchAppError, match=r"sheet\.png could not be written"):
        save_sheet(tmp_path / "nowhere" / "sheet.png", [row([])])
