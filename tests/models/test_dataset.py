"""The layout of the training data, its splits, and what is said when a folder is not in it."""

from __future__ import annotations

import gzip
import json
from pathlib import PurePosixPath

import numpy as np
import pytest
from PIL import Image

from models.evaluation import evaluate_retrieval, held_back, of_unseen_classes, shipped_split
from models.training.dataset import Archive, DatasetError, SketchPhotoData, Split, make_split
from tests.models.made_data import (
    OTHERS,
    PHOTOS_A_CLASS,
    SKETCHES_A_SOURCE,
    SKETCHY,
    SOURCES_A_CLASS,
    make_data,
    make_more_sketches,
    write_index,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp("made") / "data")


@pytest.fixture(scope="module")
def data(folder):
    return SketchPhotoData.open(folder)


def refusal(call, *arguments, **settings):
    with pytest.raises(DatasetError) as caught:
        call(*arguments, **settings)
    return str(caught.value)


def test_everything_the_index_lists_is_read(data):
    assert len(data.photos) == len(SKETCHY) * PHOTOS_A_CLASS + 4 * len(OTHERS)
    assert len(data.sketches) == len(SKETCHY) * SOURCES_A_CLASS * SKETCHES_A_SOURCE
    assert len(data.drawings) == 36
    assert data.sketch_classes() == ["cat", "coffee_cup", "flower"]
    assert {s.photo_stem for s in data.sketches if s.class_name == "cat"} == {"cat_0", "cat_1", "cat_2"}


def test_a_drawings_strokes_are_points_in_the_files_own_units(data):
    drawing = data.drawings[0]
    assert drawing.name == "quickdraw/cat/0"
    for stroke in drawing.strokes:
        assert stroke.dtype == np.float32
        assert stroke.shape[1] == 2
        assert stroke.min() >= 0
        assert stroke.max() <= 255


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white_paper(tmp_path, mode):
    ink = np.zeros((8, 8, 4), np.uint8)  # black everywhere, as drawing programs leave it
    ink[2:4, :, 3] = 255
    ink[5, :, 3] = 128
    image = Image.fromarray(ink).convert("LA" if mode == "P" else mode)
    if mode == "P":
        image = Image.fromarray((ink[..., 3] == 255).astype(np.uint8)).convert("P")
        image.putpalette([255, 0, 0, 0, 0, 0])
        image.info["transparency"] = 0
    (tmp_path / "sketches").mkdir()
    image.save(tmp_path / "sketches" / "a.png")
    archive = Archive(tmp_path, "sketches")
    grey = archive.grey("a.png")
    assert grey.dtype == np.uint8
    np.testing.assert_array_equal(grey[[0, 2, 3, 7], 0], [255, 0, 0, 255])
    np.testing.assert_array_equal(archive.rgb("a.png"), np.repeat(grey[..., None], 3, axis=2))
    assert grey[5, 0] == (255 if mode == "P" else 127)


def test_pictures_come_out_of_the_zip_and_out_of_the_folder(data):
    photo = data.photo_files.rgb(data.photos[0].name)  # photos.zip
    sketch = data.sketch_files.grey(data.sketches[0].name)  # sketches/
    assert (photo.shape, photo.dtype) == ((96, 96, 3), np.uint8)
    assert (sketch.shape, sketch.dtype) == ((128, 128), np.uint8)
    assert sketch.min() < 50
    assert np.median(sketch) == 255


def test_two_spellings_of_a_thing_are_one_class(tmp_path):
    with gzip.open(tmp_path / "quickdraw.ndjson.gz", "wt", encoding="utf-8") as lines:
        for word in ("t-shirt", "tennis racquet", "hot dog"):
            lines.write(json.dumps({"word": word, "key_id": "1", "drawing": [[[0, 9], [0, 9]]]}) + "\n")
    write_index(tmp_path, [("sketch", "sketchy", "teddy-bear", "sketchy/teddy-bear/a-1.png")])
    data = SketchPhotoData.open(tmp_path)
    assert data.sketch_classes() == ["hot_dog", "racket", "t_shirt", "teddy_bear"]
    assert data.drawings[0].name == "quickdraw/t-shirt/1"  # the word, as splits written earlier name it


def test_further_sketches_are_added_and_read_from_their_own_folder(data, tmp_path):
    more = make_more_sketches(tmp_path / "icons", ["icons/cat/a_cat.png", "icons/rocket/a_rocket.png"])
    both = data.with_sketches_of([more])
    assert {s.name for s in both.sketches} - {s.name for s in data.sketches} == {
        "icons/cat/a_cat.png",
        "icons/rocket/a_rocket.png",
    }
    assert both.sketch_files.grey("icons/cat/a_cat.png")[32, 32] == 0
    assert np.array_equal(
        both.sketch_files.grey(data.sketches[0].name), data.sketch_files.grey(data.sketches[0].name)
    )
    assert both.photos == data.photos
    assert "a_cat" not in "".join(s.name for s in data.sketches)  # the data itself stays as it was
    assert "icons/cat/a_cat.png" in refusal(both.with_sketches_of, [more])
    assert str(tmp_path / "none") in refusal(data.with_sketches_of, [tmp_path / "none"])


def test_a_split_never_shares_a_source_photo_between_training_and_validation(data):
    for seed in range(8):
        split = make_split(data, seed=seed)
        held = [s for s in data.sketches if s.name in split.validation_sketches]
        kept = [s for s in data.sketches if s.name not in split.validation_sketches]
        assert {s.photo_stem for s in held}.isdisjoint({s.photo_stem for s in kept})
        gallery = {PurePosixPath(n).stem for n in split.gallery_photos}
        assert {s.photo_stem for s in held} <= gallery
        assert gallery.isdisjoint({s.photo_stem for s in kept})
        for class_name in SKETCHY:
            assert sum(s.class_name == class_name for s in held) == SKETCHES_A_SOURCE
            assert sum(f"/{class_name}/" in n for n in split.gallery_photos) == 5
        assert len(set(split.gallery_photos)) == len(split.gallery_photos)


def test_half_of_the_other_photos_stay_for_training_where_there_are_few(data):
    others = [n for n in make_split(data).gallery_photos if not n.startswith("sketchy/")]
    assert len(others) == 4 * len(OTHERS) // 2


def test_a_split_is_the_same_for_a_seed_and_comes_back_from_its_file(data, tmp_path):
    split = make_split(data, seed=5, unseen=["rocket"])
    assert make_split(data, seed=5, unseen=["rocket"]) == split
    assert make_split(data, seed=6, unseen=["rocket"]) != split
    split.save(tmp_path / "split.json")
    again = Split.load(tmp_path / "split.json")
    assert again.validation_sketches == split.validation_sketches
    assert again.unseen_classes == {"rocket"}
    assert sorted(again.gallery_photos) == sorted(split.gallery_photos)


def test_the_split_of_the_shipped_weights_is_there():
    split = Split.load(shipped_split())
    assert split.validation_sketches
    assert len(set(split.gallery_photos)) == len(split.gallery_photos) > 1000


def test_what_is_measured_is_what_the_split_holds_back(data):
    split = make_split(data, seed=1, unseen=["coffee_cup"])
    sketches, photos = held_back(data, split)
    assert {s.class_name for s in sketches} == {"cat"}
    assert {s.name for s in sketches} <= split.validation_sketches
    assert {p.name for p in photos} <= set(split.gallery_photos)
    assert "coffee_cup" not in {p.class_name for p in photos}
    sketches, photos = of_unseen_classes(data, split)
    assert len(sketches) == SOURCES_A_CLASS * SKETCHES_A_SOURCE
    assert {p.class_name for p in (*sketches, *photos)} == {"coffee_cup"}


def test_a_folder_without_an_index_is_refused(tmp_path):
    assert str(tmp_path) in refusal(SketchPhotoData.open, tmp_path)


def test_an_index_with_other_columns_is_refused(tmp_path):
    (tmp_path / "index.csv").write_text("file,label\na.png,cat\n")
    assert "class, kind, path, source" in refusal(SketchPhotoData.open, tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"not gzip",
        gzip.compress(b'{"word": "cat"}\n'),
        gzip.compress(b"{torn"),
        gzip.compress(json.dumps({"word": "cat", "key_id": "1", "drawing": [[[1, 2], [3, 4]]]}).encode())[
            :-9
        ],
    ],
    ids=["not gzip", "fields missing", "not json", "cut short"],
)
def test_drawings_that_cannot_be_read_are_named(tmp_path, content):
    write_index(tmp_path, [])
    (tmp_path / "quickdraw.ndjson.gz").write_bytes(content)
    assert str(tmp_path / "quickdraw.ndjson.gz") in refusal(SketchPhotoData.open, tmp_path)


def test_a_file_that_is_missing_or_no_picture_is_named(tmp_path):
    write_index(tmp_path, [])
    data = SketchPhotoData.open(tmp_path)
    assert "gone.jpg" in refusal(data.photo_files.rgb, "gone.jpg")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "letter.jpg").write_text("Dear reader")
    assert "letter.jpg" in refusal(data.photo_files.rgb, "letter.jpg")


def test_too_few_photos_of_a_class_are_said_so(tmp_path):
    data = SketchPhotoData.open(make_data(tmp_path, photos_a_class=6, zipped=False))
    sentence = refusal(make_split, data)
    assert "index.csv" in sentence
    assert "class cat" in sentence
    assert "3 others" in sentence


def test_sketches_without_their_photos_are_said_so(tmp_path, data):
    rows = [("sketch", s.source, s.class_name, s.name) for s in data.sketches]
    write_index(tmp_path, rows)
    assert "class cat" in refusal(make_split, SketchPhotoData.open(tmp_path))


def test_a_folder_without_any_sketch_made_from_a_photo_is_refused(tmp_path, data):
    write_index(tmp_path, [("photo", p.source, p.class_name, p.name) for p in data.photos])
    assert "source sketchy" in refusal(make_split, SketchPhotoData.open(tmp_path))


@pytest.mark.parametrize(
    "text", ["", "[1, 2]", '{"gallery_photos": []}', '{"validation_sketches": 1, "gallery_photos": 2}']
)
def test_a_torn_split_is_named(tmp_path, text):
    (tmp_path / "split.json").write_text(text)
    assert str(tmp_path / "split.json") in refusal(Split.load, tmp_path / "split.json")
    assert "nowhere" in refusal(Split.load, tmp_path / "nowhere.json")


def test_a_split_of_other_data_is_refused(data):
    sentence = refusal(held_back, data, Split.load(shipped_split()))
    assert str(data.folder) in sentence


def test_nothing_to_measure_is_said_so(data):
    assert "held-back" in refusal(
        evaluate_retrieval, data, None, [], [], title="held-back sketches", progress=lambda *_: None
    )
