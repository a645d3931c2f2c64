import math

import numpy as np
import pytest
from hypothesis import given

from sketch_app.raster import MODEL_MARGIN, MODEL_WIDTH, render, render_for_model
from sketch_app.sketch import Pen, Sketch, Stroke
from tests.sketch_app.sketches import house, line, sketches


def ink(picture):
    """Black pixels' worth of ink in a grey picture."""
    return float((255 - picture.astype(float)).sum() / 255)


def transformed(sketch, *, scale=1.0, shift=(0.0, 0.0), pen=None):
    return sketch.with_strokes(
        Stroke(s.points * scale + np.array(shift), s.times, pen or s.pen, s.width) for s in sketch.strokes
    )


def test_the_models_see_grey_black_on_white_of_the_size_asked_for():
    for side in (1, 28, 112, 224, 512):
        picture = render_for_model(house(), side)
        assert picture.shape == (side, side)
        assert picture.dtype == np.uint8
    picture = render_for_model(house())
    assert picture.shape == (224, 224)
    assert picture.min() == 0
    assert (picture == 255).mean() > 0.5
    assert ((picture > 0) & (picture < 255)).any(), "no anti-aliasing"


@pytest.mark.parametrize("pen", Pen)
def test_the_models_do_not_see_the_pen(pen):
    assert np.array_equal(render_for_model(transformed(house(), pen=pen)), render_for_model(house()))


@pytest.mark.parametrize(("scale", "shift"), [(0.5, (0, 0)), (2, (-64, 32)), (1, (120, -64)), (0.1, (8, 8))])
def test_the_models_do_not_see_place_nor_size(scale, shift):
    moved = render_for_model(transformed(house(), scale=scale, shift=shift)).astype(int)
    assert np.abs(moved - render_for_model(house())).mean() < 0.5


def test_the_ink_is_centred_and_fills_the_side_but_for_the_margin():
    side = 224
    rows, columns = np.nonzero(render_for_model(house(), side) < 128)
    margin, half = MODEL_MARGIN * side, MODEL_WIDTH * side / 2
    for low, high in ((rows.min(), rows.max() + 1), (columns.min(), columns.max() + 1)):
        assert (low + high) / 2 == pytest.approx(side / 2, abs=1)
    assert rows.min() == pytest.approx(margin - half, abs=1)
    assert rows.max() + 1 == pytest.approx(side - margin + half, abs=1)


@pytest.mark.parametrize("side", [112, 224, 448])
@pytest.mark.parametrize("extent", [3, 40, 600])
def test_the_line_is_as_wide_at_every_scale(side, extent):
    sketch = Sketch((line((0, 0), (extent, 0)), line((0, extent), (extent, extent))))
    column = render_for_model(sketch, side)[:, side // 2]
    assert ink(column) / 2 == pytest.approx(MODEL_WIDTH * side, rel=0.06)


def test_a_dot_is_a_round_one_in_the_middle():
    picture = render_for_model(Sketch((Stroke([(7, 9)], [0]),)), 64, width=0.25)
    assert ink(picture) == pytest.approx(math.pi * 8**2, rel=0.04)
    assert np.array_equal(picture, picture[::-1])
    assert np.array_equal(picture, picture.T)


@pytest.mark.parametrize("side", [56, 112, 224])
def test_a_line_lies_exactly_in_the_middle(side):
    across = render_for_model(Sketch((line((0, 0), (100, 0)),)), side)
    down = render_for_model(Sketch((line((0, 0), (0, 100)),)), side)
    assert np.array_equal(across, across[::-1])
    assert np.array_equal(down, down[:, ::-1])


def test_ends_and_corners_are_round():
    corner = Sketch((Stroke([(0, 0), (100, 0), (100, 100)], [0, 1, 2]),))
    picture = render_for_model(corner, 100, margin=0.3, width=0.2)
    assert picture[21, 78] > 200  # the outer corner of a square join, 30 - 10 .. 70 + 10
    assert picture[24, 65] < 50
    assert picture[21, 21] > 200  # the corner of a square cap
    assert picture[30, 22] < 50


def test_an_empty_sketch_is_white():
    assert (render_for_model(Sketch()) == 255).all()
    assert (render(Sketch()) == 255).all()


def test_the_canvas_is_drawn_in_its_colours_at_any_size():
    sketch = Sketch((line((100, 100), (500, 100), pen=Pen.RED, width=20),))
    for factor in (0.5, 1, 2.5):
        picture = render(sketch, (round(640 * factor), round(480 * factor)))
        assert picture.shape == (round(480 * factor), round(640 * factor), 3)
        assert tuple(picture[round(100 * factor), round(300 * factor)]) == Pen.RED.rgb
        column = picture[:, round(300 * factor), 1]
        assert (column < 128).sum() == pytest.approx(20 * factor, abs=1)
    assert tuple(render(sketch, colour=False)[100, 300]) == (0, 0, 0)


def test_a_later_stroke_lies_on_top():
    sketch = Sketch((line(pen=Pen.RED, width=20), line(pen=Pen.GREEN, width=20)))
    assert tuple(render(sketch)[100, 200]) == Pen.GREEN.rgb


def test_another_shape_of_picture_keeps_the_canvas_s_own_in_its_middle():
    sketch = Sketch((Stroke([(320, 240)], [0], width=100),))
    rows, columns = np.nonzero(render(sketch, (960, 480))[..., 0] < 128)
    assert np.ptp(rows) == np.ptp(columns)
    assert columns.mean() == pytest.approx(479.5, abs=0.5)


@pytest.mark.parametrize("size", [(0, 10), (10, -1), (100_000, 10)])
def test_a_size_out_of_range_is_refused(size):
    with pytest.raises(ValueError, match="picture"):
        render(house(), size)


@pytest.mark.parametrize("wrong", [{"side": 0}, {"margin": 0.5}, {"width": 0}, {"width": 1}])
def test_a_model_s_picture_out_of_range_is_refused(wrong):
    with pytest.raises(ValueError, match="cannot draw"):
        render_for_model(house(), **wrong)


@given(sketches)
def test_any_sketch_can_be_drawn(sketch):
    assert (render_for_model(sketch, 64) == 255).all() == sketch.is_empty
    assert render(sketch, (64, 48)).shape == (48, 64, 3)
