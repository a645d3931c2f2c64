"""The encoder that comes with the program, on its own weights: what its vectors and names promise."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from models import embedded
from models.class_names import class_name
from models.embedded import EmbeddedEncoder
from models.encoder_files import load_encoder
from models.errors import WeightsError
from tests.sketch_app.demo_sketches import demo_drawing
from tests.support.waiting import WAIT_S


@pytest.fixture(scope="module")
def encoder():
    return EmbeddedEncoder()


@pytest.fixture(scope="module")
def drawings():
    return [demo_drawing(subject) for subject in ("cat", "coffee cup", "motorbike", "flower", "moon")]


@pytest.fixture(scope="module")
def photos():
    return [data.chelsea(), data.coffee(), data.astronaut()[:300], data.rocket()]


def test_sketches_become_unit_vectors(encoder, drawings):
    vectors = encoder.encode_sketches(drawings)
    assert vectors.shape == (len(drawings), encoder.dimension)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_photos_of_any_size_become_unit_vectors(encoder):
    sizes = [(1, 1), (1, 500), (700, 20), (160, 160), (33, 1001)]
    rng = np.random.default_rng(2)
    vectors = encoder.encode_photos([rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes])
    assert vectors.shape == (len(sizes), encoder.dimension)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_nothing_in_nothing_out(encoder):
    assert encoder.encode_sketches([]).shape == (0, encoder.dimension)
    assert encoder.encode_photos([]).shape == (0, encoder.dimension)


def test_a_blank_sheet_and_a_black_one_have_vectors_too(encoder):
    for value in (0, 255):
        vector = encoder.encode_sketches([np.full((224, 224), value, np.uint8)])
        assert np.isfinite(vector).all()


def test_the_same_pictures_give_the_same_vectors(encoder, drawings, photos):
    assert np.array_equal(encoder.encode_sketches(drawings), encoder.encode_sketches(drawings))
    assert np.array_equal(encoder.encode_photos(photos), encoder.encode_photos(photos))


def test_a_vector_does_not_depend_on_what_else_is_in_the_batch(encoder, drawings, photos):
    alone = np.concatenate([encoder.encode_photos([photo]) for photo in photos])
    assert encoder.encode_photos(photos) == pytest.approx(alone, abs=1e-5)
    many = encoder.encode_sketches(drawings * 7)  # more than one batch of 32
    assert many == pytest.approx(np.tile(encoder.encode_sketches(drawings), (7, 1)), abs=1e-5)
    assert encoder.read_sketch(drawings[0]).embedding == pytest.approx(many[0], abs=1e-5)


def test_a_mirrored_drawing_means_the_same(encoder):
    drawn = [demo_drawing(subject, side=256) for subject in ("cat", "coffee cup")]  # scaled evenly: exact
    mirrored = [np.ascontiguousarray(d[:, ::-1]) for d in drawn]
    assert encoder.encode_sketches(mirrored) == pytest.approx(encoder.encode_sketches(drawn), abs=1e-5)
    before, after = (encoder.read_sketch(d).guesses[0] for d in (drawn[0], mirrored[0]))
    assert after.class_name == before.class_name
    assert after.probability == pytest.approx(before.probability, abs=1e-4)


def test_a_mirrored_drawing_means_nearly_the_same_at_the_programs_own_side(encoder, drawings):
    mirrored = [np.ascontiguousarray(d[:, ::-1]) for d in drawings]
    cosines = (encoder.encode_sketches(mirrored) * encoder.encode_sketches(drawings)).sum(1)
    assert cosines.min() > 0.98


def test_a_drawing_is_nearer_to_the_photo_of_its_subject_than_to_others(encoder, photos):
    scores = encoder.encode_sketches([demo_drawing("cat"), demo_drawing("coffee cup")])
    ranked = (scores @ encoder.encode_photos(photos).T).argsort(1)[:, ::-1]
    assert ranked[:, 0].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("subject", "words"),
    [("cat", {"cat"}), ("coffee cup", {"coffee cup", "mug", "cup"}), ("flower", {"flower"})],
)
def test_a_drawing_is_named_sensibly(encoder, subject, words):
    assert encoder.read_sketch(demo_drawing(subject)).guesses[0].english in words


def test_every_class_at_once_adds_up_to_one_and_comes_best_first(encoder, drawings):
    (names,) = encoder.name_sketches(drawings[:1], limit=len(encoder.classes))
    probabilities = [n.probability for n in names]
    assert sum(probabilities) == pytest.approx(1, abs=1e-4)
    assert probabilities == sorted(probabilities, reverse=True)
    assert min(probabilities) >= 0


@pytest.mark.parametrize("limit", [1, 5, 40])
def test_as_many_names_as_asked_for_none_twice(encoder, drawings, limit):
    for names in encoder.name_sketches(drawings, limit=limit):
        assert len(names) == limit
        assert len({n.english for n in names}) == limit


def test_no_two_classes_have_one_name(encoder):
    """A person who reads two guesses must not read the same words twice."""
    for language in ("english", "korean"):
        names = [getattr(class_name(name), language) for name in encoder.classes]
        assert len(set(names)) == len(names), sorted(n for n in names if names.count(n) > 1)


def test_every_class_has_a_name_in_english_and_in_korean(encoder):
    for name in encoder.classes:
        words = class_name(name)
        assert words.english.strip() == words.english != ""
        assert words.korean.strip() == words.korean != ""
        assert any("가" <= letter <= "힣" for letter in words.korean), name
        assert "_" not in words.english


def test_an_unknown_class_is_spelt_out():
    assert class_name("sea_cucumber_salad").english == "sea cucumber salad"


def test_the_size_of_a_drawings_picture_hardly_matters(encoder):
    small, large = demo_drawing("cat", side=128), demo_drawing("cat", side=512)
    first, second = encoder.encode_sketches([small, large])
    assert first @ second > 0.9


def test_threads_that_ask_at_once_load_once_and_agree(monkeypatch, drawings):
    loads = []

    def counted(folder):
        loads.append(threading.get_ident())
        return load_encoder(folder)

    monkeypatch.setattr(embedded, "load_encoder", counted)
    encoder = EmbeddedEncoder()
    start = threading.Barrier(6)

    def ask(number):
        start.wait(WAIT_S)
        return encoder.model_id if number % 2 else encoder.encode_sketches(drawings[:2])

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(6)))
    assert len(loads) == 1
    assert len({answers[i] for i in (1, 3, 5)}) == 1
    assert all(a == pytest.approx(answers[0], abs=1e-5) for a in answers[::2])


def test_weights_that_are_not_there_are_an_error_at_first_use_and_again(tmp_path):
    encoder = EmbeddedEncoder(tmp_path)
    for _ in range(2):
        with pytest.raises(WeightsError, match="missing"):
            encoder.encode_sketches([np.full((64, 64), 255, np.uint8)])


def test_a_photo_is_squeezed_not_cropped(encoder):
    """What stands at the edge counts: the subject at the left and at the right are near each other."""
    cat = np.asarray(Image.fromarray(data.chelsea()).resize((200, 133)))
    left, right = np.full((133, 400, 3), 240, np.uint8), np.full((133, 400, 3), 240, np.uint8)
    left[:, :200], right[:, 200:] = cat, cat
    (drawn,) = encoder.encode_sketches([demo_drawing("cat")])
    blank, *sides = encoder.encode_photos([np.full((133, 400, 3), 240, np.uint8), left, right])
    assert all(drawn @ side > drawn @ blank + 0.1 for side in sides)


def test_photos_in_bfloat16_have_nearly_the_vectors_of_float32(monkeypatch, photos):
    """Which of the two a processor gets depends on what it multiplies natively; both work everywhere."""
    vectors = []
    for dtype in (torch.float32, torch.bfloat16):
        monkeypatch.setattr(embedded, "_photo_dtype", lambda dtype=dtype: dtype)
        vectors.append(EmbeddedEncoder().encode_photos(photos))
    cosines = (vectors[0] * vectors[1]).sum(1)
    assert cosines.min() > 0.98
    assert not np.array_equal(*vectors)
