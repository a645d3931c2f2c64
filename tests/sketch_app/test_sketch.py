import numpy as np
import pytest

from sketch_app.sketch import Pen, Sketch, Stroke
from tests.sketch_app.sketches import house, line


def test_a_stroke_keeps_a_copy_that_nobody_can_change():
    points = np.array([[1.0, 2.0], [3.0, 4.0]])
    stroke = Stroke(points, [0, 1])
    points[:] = 99
    assert stroke.points.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(ValueError, match="read-only"):
        stroke.points[0, 0] = 5


def test_strokes_are_equal_when_their_ink_is():
    assert line() == line()
    assert hash(line()) == hash(line())
    assert line() != line(pen=Pen.RED)
    assert line() != line(end=(300, 101))
    assert line() != line(since=1)


@pytest.mark.parametrize(
    ("points", "times", "width"),
    [
        ([], [], 6),
        ([[1, 2, 3]], [0], 6),
        ([[1, 2], [3, 4]], [0], 6),
        ([[1, float("nan")]], [0], 6),
        ([[1, 2]], [float("inf")], 6),
        ([[1, 2]], [0], 0),
        ([[1, 2]], [0], float("nan")),
    ],
)
def test_what_cannot_be_a_stroke_is_refused(points, times, width):
    with pytest.raises(ValueError):  # the message differs, the kind counts
        Stroke(points, times, width=width)


def test_bounds_length_and_duration():
    sketch = house()
    assert sketch.bounds() == (100, 100, 300, 400)
    assert sketch.duration == 8
    assert sketch.strokes[0].length == pytest.approx(800)
    assert sketch.strokes[2].length == 0
    assert Sketch().bounds() is None
    assert Sketch().is_empty
    assert not sketch.is_empty


def test_a_new_stroke_leaves_the_former_sketch_as_it_was_and_shares_its_strokes():
    before = house()
    after = before.with_stroke(line())
    assert len(before.strokes) == 3
    assert after.strokes[0] is before.strokes[0]
