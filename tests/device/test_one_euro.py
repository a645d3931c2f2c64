"""The fingertip's filter: still when the finger rests, close behind when it moves."""

import numpy as np
import pytest

from device.one_euro import OneEuroFilter


def run(points, *, width=640, fps=30.0):
    smooth = OneEuroFilter(width)
    return np.array([smooth((float(x), float(y)), k / fps) for k, (x, y) in enumerate(points)])


def test_a_resting_finger_trembles_less():
    noise = np.random.default_rng(3).normal([320, 240], 1.0, (300, 2))
    assert run(noise)[60:].std(0).max() < 0.5 * noise.std(0).min()


@pytest.mark.parametrize("speed", [300.0, 420.0, 900.0])
def test_a_drawing_finger_is_followed_within_ten_milliseconds(speed):
    time = np.arange(90) / 30
    out = run(np.stack([speed * time, 0 * time], -1))
    lag = (speed * time - out[:, 0])[30:] / speed
    assert lag.max() < 0.010
    assert lag.min() > 0


def test_a_larger_picture_is_filtered_alike():
    path = np.cumsum(np.random.default_rng(1).normal(0, 6, (120, 2)), axis=0)
    np.testing.assert_allclose(run(path * 2, width=1280), 2 * run(path), rtol=1e-6, atol=1e-6)


def test_after_a_reset_the_next_point_is_taken_as_it_is():
    smooth = OneEuroFilter()
    smooth((0, 0), 0.0)
    smooth((5, 5), 0.03)
    smooth.reset()
    assert smooth((400.0, 300.0), 0.06) == (400.0, 300.0)


def test_the_same_time_twice_changes_nothing():
    smooth = OneEuroFilter()
    smooth((10, 10), 1.0)
    assert smooth((90, 90), 1.0) == (10, 10)
