"""Sketches for the tests of this room: a plain one by hand, and any one by hypothesis."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from sketch_app.sketch import Pen, Sketch, Stroke


def line(start=(100, 100), end=(300, 100), *, count=21, pen=Pen.BLACK, width=6.0, since=0.0):
    """A straight stroke of `count` points, one every 30th of a second."""
    points = np.linspace(start, end, count)
    return Stroke(points, since + np.arange(count) / 30, pen, width)


def house():
    """Three strokes, three pens, one of them a dot."""
    walls = Stroke(
        [(100, 200), (100, 400), (300, 400), (300, 200), (100, 200)], [0, 1, 2, 3, 4], Pen.BLACK, 6
    )
    roof = Stroke([(100, 200), (200, 100), (300, 200)], [5, 6, 7], Pen.RED, 4)
    knob = Stroke([(230.5, 330.25)], [8], Pen.GREEN, 9)
    return Sketch((walls, roof, knob))


_coordinates = st.tuples(st.floats(-50, 700, width=32), st.floats(-50, 700, width=32))


@st.composite
def strokes(draw, min_points=1, max_points=12):
    points = draw(st.lists(_coordinates, min_size=min_points, max_size=max_points))
    steps = draw(st.lists(st.floats(0, 1, width=32), min_size=len(points), max_size=len(points)))
    return Stroke(
        np.array(points), np.cumsum(steps), draw(st.sampled_from(Pen)), draw(st.floats(0.5, 60, width=32))
    )


sketches = st.builds(lambda drawn: Sketch(tuple(drawn)), st.lists(strokes(), max_size=5))
