"""What the generator is given of a drawing: the published values, and no stroke lost on the way."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from models.img2img_turbo.preparation import prepared, resized


def line_drawing(side, width, *, shift=0):
    """A slanted cross and a ring, black on white."""
    image = Image.new("L", (side, side), 255)
    draw = ImageDraw.Draw(image)
    a, b = side // 8 + shift, side - side // 8
    draw.line((a, a, b, b - 7), fill=0, width=width)
    draw.line((a, b, a, a), fill=0, width=width)
    draw.ellipse((side // 4, side // 4, side // 2, side // 2), outline=0, width=width)
    return np.asarray(image)


def test_at_its_own_size_a_sketch_is_the_published_threshold():
    grey = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    rgb = np.repeat(grey[None], 3, axis=0) / np.float32(255)
    ours = prepared(grey, 64, "sketch")
    assert ours.dtype == np.float32 and ours.shape == (3, 64, 64)
    np.testing.assert_array_equal(ours, (rgb < 0.5).astype(np.float32))
    np.testing.assert_allclose(prepared(grey, 64, "trained"), rgb)


def test_edges_are_cannys_of_the_picture():
    rgb = np.repeat(line_drawing(128, 5)[:, :, None], 3, axis=2)
    expected = cv2.Canny(rgb, 100, 200)
    ours = prepared(line_drawing(128, 5), 128, "edge")
    assert expected.any()
    np.testing.assert_array_equal(ours, np.repeat(expected[None] / np.float32(255), 3, axis=0))


@pytest.mark.parametrize("old", [300, 500, 512, 1024])
@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize("shift", [0, 1])
def test_a_thin_stroke_stays_whole_when_the_drawing_shrinks(old, width, shift):
    ink = prepared(line_drawing(old, width, shift=shift), 256, "sketch")[0].astype(np.uint8)
    big = prepared(line_drawing(old, width, shift=shift), old, "sketch")[0].astype(np.uint8)
    # Each of its parts is still in one piece, and there is no part more.
    assert cv2.connectedComponents(ink, connectivity=8)[0] == cv2.connectedComponents(big, connectivity=8)[0]
    # Every inked pixel still has ink where it went.
    rows, columns = np.nonzero(big)
    near = cv2.dilate(ink, np.ones((3, 3), np.uint8))
    at = np.minimum(np.stack([rows, columns]) * 256 // old, 255)
    assert near[at[0], at[1]].all()
    # A thin stroke ends as a thin one: about a pixel is added to its width (slanted ones touch more).
    scale = old / 256
    length = big.sum() / width / scale
    assert ink.sum() < length * (width / scale + 1.5)


def test_a_single_dot_survives():
    dot = np.full((1000, 1000), 255, np.uint8)
    for at in range(400, 410):
        dot[:] = 255
        dot[at, at + 3] = 0
        assert prepared(dot, 128, "sketch").any()


@pytest.mark.parametrize("old", [512, 1000])
def test_a_broad_stroke_keeps_its_width(old):
    bar = np.full((old, old), 255, np.uint8)
    bar[:, old // 4 : old // 2] = 0
    assert prepared(bar, 256, "sketch")[0].sum(axis=1).tolist() == [64] * 256


def test_nothing_is_drawn_on_an_empty_sheet():
    for side in (64, 100, 512):
        assert not prepared(np.full((side, side), 255, np.uint8), 96, "sketch").any()


def test_a_small_drawing_grows_smoothly():
    grown = prepared(line_drawing(64, 4), 256, "sketch")[0].astype(np.uint8)
    assert cv2.connectedComponents(grown)[0] == 2
    assert abs(grown.mean() - (line_drawing(64, 4) < 128).mean()) < 0.02


def test_a_sketch_that_is_not_square_keeps_its_shape():
    tall = np.full((200, 100), 255, np.uint8)
    tall[:, 40:60] = 0
    ink = prepared(tall, 100, "sketch")[0]
    assert ink[:, 45:55].all() and not ink[:, :44].any() and not ink[:, 56:].any()


def test_the_sketch_that_was_given_is_left_as_it_is():
    grey = line_drawing(200, 2)
    before = grey.copy()
    grey.setflags(write=False)
    for variant in ("sketch", "edge", "trained"):
        prepared(grey, 64, variant)
    resized(grey, 200)
    np.testing.assert_array_equal(grey, before)
