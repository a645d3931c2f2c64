"""Drawings that exist only as pixels reach the models as drawings made here do."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from sketch_app.drawing_pictures import load_drawing_picture
from sketch_app.errors import SketchFileError
from sketch_app.raster import MODEL_MARGIN, MODEL_SIDE, render
from sketch_app.sketch_files import save_png
from tests.sketch_app.demo_sketches import demo_drawing, demo_sketch


def sheet(subject="cat"):
    """(480, 640) grey: the drawing in the middle of white paper."""
    return np.asarray(Image.fromarray(render(demo_sketch(subject))).convert("L"))


def save(array, path, **settings):
    Image.fromarray(array).save(path, **settings)
    return path


def likeness(one, other):
    """Correlation of two drawings, blurred so that a pixel's shift does not count."""
    blurred = [
        np.asarray(Image.fromarray(p).filter(ImageFilter.GaussianBlur(4)), np.float64).ravel()
        for p in (one, other)
    ]
    return np.corrcoef(*blurred)[0, 1]


def ink_box(picture):
    ys, xs = np.nonzero(picture < 128)
    return xs.min(), ys.min(), xs.max(), ys.max()


@pytest.mark.parametrize("name", ["cat.png", "cat.jpg", "cat.webp", "cat.bmp", "cat.gif", "cat.tiff"])
def test_every_format_gives_what_the_models_see_of_the_sketch_itself(tmp_path, name):
    picture = load_drawing_picture(save(sheet(), tmp_path / name))
    assert (picture.shape, picture.dtype) == ((MODEL_SIDE, MODEL_SIDE), np.uint8)
    assert likeness(picture, demo_drawing("cat")) > 0.9


def test_our_own_png_comes_back_as_the_sketch_it_was(tmp_path):
    save_png(demo_sketch("coffee cup"), tmp_path / "cup.png")
    picture = load_drawing_picture(tmp_path / "cup.png")
    assert likeness(picture, demo_drawing("coffee cup")) > 0.9


@pytest.mark.parametrize("ink, paper", [(0, 255), (90, 200), (255, 0), (210, 40), (120, 170)])
def test_dark_on_light_and_light_on_dark_are_the_same_drawing(tmp_path, ink, paper):
    share = sheet().astype(np.float64) / 255
    grey = (ink + (paper - ink) * share).round().astype(np.uint8)
    picture = load_drawing_picture(save(grey, tmp_path / "drawing.png"))
    assert likeness(picture, load_drawing_picture(save(sheet(), tmp_path / "plain.png"))) > 0.98
    assert np.median(picture) > 250
    assert picture.min() < 30


def test_a_drawing_on_nothing_is_on_white(tmp_path):
    rgba = np.zeros((480, 640, 4), np.uint8)
    rgba[..., 3] = 255 - sheet()  # black ink on a transparent sheet
    picture = load_drawing_picture(save(rgba, tmp_path / "drawing.png"))
    assert likeness(picture, demo_drawing("cat")) > 0.9


@pytest.mark.parametrize("pad", [(0, 0), (900, 0), (0, 700)])
def test_the_ink_is_cut_out_and_centred_wherever_it_stands(tmp_path, pad):
    wide = np.pad(sheet(), ((pad[1], 40), (pad[0], 40)), constant_values=255)
    picture = load_drawing_picture(save(wide, tmp_path / "drawing.png"))
    left, top, right, bottom = ink_box(picture)
    assert left + right == pytest.approx(MODEL_SIDE - 1, abs=5)
    assert top + bottom == pytest.approx(MODEL_SIDE - 1, abs=5)
    assert max(right - left, bottom - top) == pytest.approx(MODEL_SIDE * (1 - 2 * MODEL_MARGIN), abs=6)


def test_a_photo_of_a_sheet_that_lies_on_its_side_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned clockwise by 90 degrees
    turned = np.ascontiguousarray(np.rot90(sheet()))
    picture = load_drawing_picture(save(turned, tmp_path / "drawing.jpg", exif=exif, quality=95))
    assert likeness(picture, demo_drawing("cat")) > 0.9


def test_paper_with_a_grain_is_still_paper(tmp_path):
    grain = np.random.default_rng(1).normal(0, 8, sheet().shape)
    noisy = np.clip(sheet() * 0.8 + 30 + grain, 0, 255).astype(np.uint8)
    picture = load_drawing_picture(save(noisy, tmp_path / "drawing.png"))
    assert likeness(picture, demo_drawing("cat")) > 0.8


@pytest.mark.parametrize(
    "grey",
    [
        np.full((50, 50), 255, np.uint8),
        np.zeros((50, 50), np.uint8),
        np.full((50, 50), 137, np.uint8),
        np.pad(np.full((4, 4), 245, np.uint8), 20, constant_values=255),
        np.full((1, 1), 9, np.uint8),
    ],
    ids=["white", "black", "grey", "too faint", "one pixel"],
)
def test_a_sheet_without_lines_is_refused_by_name(tmp_path, grey):
    path = save(grey, tmp_path / "blank.png")
    with pytest.raises(SketchFileError, match="shows no drawing") as caught:
        load_drawing_picture(path)
    assert str(path) in str(caught.value)


def test_a_single_dot_is_a_drawing(tmp_path):
    grey = np.full((50, 50), 255, np.uint8)
    grey[20, 30] = 0
    assert load_drawing_picture(save(grey, tmp_path / "dot.png")).min() < 128


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 30])
def test_what_is_no_picture_is_refused_by_name(tmp_path, content):
    (tmp_path / "drawing.png").write_bytes(content)
    with pytest.raises(SketchFileError, match=r"drawing\.png cannot be read as a picture"):
        load_drawing_picture(tmp_path / "drawing.png")


def test_half_a_picture_is_refused_by_name(tmp_path):
    path = save(sheet(), tmp_path / "drawing.png")
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(SketchFileError, match=r"drawing\.png"):
        load_drawing_picture(path)


def test_a_missing_file_and_a_folder_are_refused_by_name(tmp_path):
    with pytest.raises(SketchFileError, match=r"There is no file .*gone"):
        load_drawing_picture(tmp_path / "gone.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(SketchFileError, match="folder"):
        load_drawing_picture(tmp_path / "folder.png")


def test_a_picture_too_large_for_a_drawing_is_refused_before_it_is_read(tmp_path):
    Image.new("1", (16_001, 4_001), 1).save(tmp_path / "huge.png")
    with pytest.raises(SketchFileError, match="64 megapixels"):
        load_drawing_picture(tmp_path / "huge.png")
