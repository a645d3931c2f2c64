import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketch_app.erasing import MIN_PIECE, erase_disc
from sketch_app.sketch import Sketch, Stroke
from tests.sketch_app.sketches import line, sketches

discs = st.tuples(st.floats(-50, 700), st.floats(-50, 700), st.floats(0.5, 300))
TOLERANCE = 2e-3  # the graze of 1e-3 and float32 at a few hundred pixels


def distances_to(points, stroke):
    """Distance of each point to the nearest place on a stroke's centre line."""
    lines = stroke.points.astype(float)
    if len(lines) == 1:
        return np.hypot(*(points - lines[0]).T)
    start, step = lines[:-1], np.diff(lines, axis=0)
    squared = np.maximum((step**2).sum(axis=1), 1e-30)
    share = np.clip(((points[:, None] - start) * step).sum(axis=2) / squared, 0, 1)
    return np.hypot(*np.moveaxis(points[:, None] - (start + share[..., None] * step), 2, 0)).min(axis=1)


def nearest_to_centre(stroke, centre):
    """Distance of a disc's centre to the centre line."""
    return float(distances_to(np.array([centre]), stroke)[0])


def test_a_line_is_cut_at_the_edge_and_its_times_are_interpolated():
    sketch = Sketch((Stroke([(0, 50), (100, 50)], [0, 10]),))
    left, right = erase_disc(sketch, 50, 50, 20).strokes
    np.testing.assert_allclose(left.points, [(0, 50), (30, 50)], atol=1e-4)
    np.testing.assert_allclose(right.points, [(70, 50), (100, 50)], atol=1e-4)
    np.testing.assert_allclose(left.times, [0, 3], atol=1e-5)
    np.testing.assert_allclose(right.times, [7, 10], atol=1e-5)


def test_a_chord_beside_the_centre_is_cut_where_the_circle_crosses_it():
    sketch = Sketch((Stroke([(0, 56), (100, 56)], [0, 10]),))
    left, right = erase_disc(sketch, 50, 50, 10).strokes
    assert left.points[-1].tolist() == pytest.approx([42, 56], abs=1e-4)  # 6, 8, 10
    assert right.points[0].tolist() == pytest.approx([58, 56], abs=1e-4)


def test_a_stroke_wholly_inside_goes_and_one_beside_stays_the_same_object():
    inside, beside = line((100, 100), (110, 100)), line((300, 300), (400, 300))
    assert erase_disc(Sketch((inside, beside)), 105, 100, 20).strokes == (beside,)
    assert erase_disc(Sketch((inside, beside)), 105, 100, 20).strokes[0] is beside


def test_dots_go_only_under_the_disc():
    dot = Stroke([(50, 50)], [0])
    sketch = Sketch((dot,))
    assert erase_disc(sketch, 52, 50, 5).is_empty
    assert erase_disc(sketch, 60, 50, 5) is sketch


def test_a_crumb_vanishes():
    sketch = Sketch((Stroke([(0, 0), (20.5, 0), (100, 0)], [0, 1, 2]),))
    rest = erase_disc(sketch, 0.5 + 30, 0, 30 - MIN_PIECE / 4).strokes
    assert [stroke.points[0, 0] > 50 for stroke in rest] == [True]


def test_a_finger_that_rested_in_the_disc_leaves_nothing_there():
    sketch = Sketch((Stroke([(0, 0), (50, 0), (50, 0), (50, 0), (100, 0)], range(5)),))
    assert [len(stroke.points) for stroke in erase_disc(sketch, 50, 0, 10).strokes] == [2, 2]


@pytest.mark.parametrize("radius", [0, -1, math.nan])
def test_a_disc_without_a_size_erases_nothing(radius):
    sketch = Sketch((line(),))
    assert erase_disc(sketch, 150, 100, radius) is sketch


@given(sketches, discs)
def test_erasing_never_adds_ink(sketch, disc):
    rest = erase_disc(sketch, *disc)
    assert sum(s.length for s in rest.strokes) <= sum(s.length for s in sketch.strokes) * (1 + 1e-5) + 1e-2
    assert rest.size == sketch.size
    for piece in rest.strokes:
        closest = min(
            distances_to(piece.points.astype(float), stroke).max()
            for stroke in sketch.strokes
            if (stroke.pen, stroke.width) == (piece.pen, piece.width)
        )
        assert closest <= TOLERANCE


@given(sketches, discs)
def test_nothing_is_left_inside_the_disc(sketch, disc):
    x, y, radius = disc
    for stroke in erase_disc(sketch, x, y, radius).strokes:
        assert nearest_to_centre(stroke, (x, y)) >= radius - TOLERANCE


@given(sketches, discs)
def test_everything_outside_the_disc_is_left_but_crumbs(sketch, disc):
    x, y, radius = disc
    rest = erase_disc(sketch, x, y, radius)
    lost = sum(s.length for s in sketch.strokes) - sum(s.length for s in rest.strokes)
    pieces = 0
    inside = 0.0
    for stroke in sketch.strokes:
        for a, b in zip(stroke.points[:-1].astype(float), stroke.points[1:].astype(float), strict=True):
            ways = np.linspace(a, b, 401)
            under = np.hypot(*(ways - (x, y)).T) < radius
            inside += under.mean() * math.dist(a, b)
            pieces += 2
    assert lost <= inside + pieces * (MIN_PIECE + 1000 * 2 / 401) + 1e-2


@given(sketches, discs)
def test_erasing_twice_changes_nothing_more(sketch, disc):
    once = erase_disc(sketch, *disc)
    assert erase_disc(once, *disc) is once


@given(sketches, discs)
def test_times_stay_in_order_and_within_the_stroke(sketch, disc):
    latest = max((float(s.times.max()) for s in sketch.strokes), default=0)
    for stroke in erase_disc(sketch, *disc).strokes:
        assert (np.diff(stroke.times) >= 0).all()
        assert stroke.times[-1] <= latest + 1e-5
