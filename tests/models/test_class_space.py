"""The classes as points: what words name, and how much a photo shows of it."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from models.class_names import class_name
from models.class_space import ClassSpace
from models.embedded import EmbeddedEncoder, embedded_weights
from models.encoder_layout import CLASSES_FILE
from models.errors import WeightsError


@pytest.fixture(scope="module")
def encoder():
    return EmbeddedEncoder()


@pytest.fixture(scope="module")
def space(encoder):
    return encoder.class_space


def test_the_first_classes_are_those_a_sketch_can_be_named_as(encoder, space):
    assert space.names[: len(encoder.classes)] == encoder.classes
    assert len(set(space.names)) == len(space.names) > len(encoder.classes)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("cat", "cat"),
        ("cats", "cat"),
        ("butterflies", "butterfly"),
        ("a cup of coffee", "cup"),
        ("hot_air_balloon", "hot_air_balloon"),
        ("hot air balloons", "hot_air_balloon"),
        ("a dog on a chair", "dog"),
        ("motor bike", "motorbike"),
        ("the school bus", "school_bus"),
        ("고양이", "cat"),
        ("airship", "airship"),  # no sketch is named so, photos are
        ("qwxz", None),
        ("", None),
        ("!?", None),
    ],
)
def test_words_find_the_class_that_they_mention_first(space, words, found):
    assert space.find(words) == found


def test_every_class_is_found_by_its_own_name_and_its_words(space):
    for name in space.names:
        assert space.find(name) == name
        found = space.find(class_name(name).english)
        # Two classes may share a word ("bat"): then it is one of them.
        assert found is not None


def test_photos_are_drawn_towards_what_they_look_like_and_towards_one_another(space):
    rng = np.random.default_rng(0)
    cat, dog = (space.query({name: 1.0}) for name in ("cat", "dog"))
    noise = rng.normal(size=(40, cat.size)).astype(np.float32)
    photos = np.repeat([cat, dog], 20, axis=0) * 2 + noise * 0.05
    photos /= np.linalg.norm(photos, axis=1, keepdims=True)
    drawn = space.drawn_in(photos)
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1, atol=1e-5)
    assert drawn.dtype == np.float32
    assert (drawn[:20] @ cat > photos[:20] @ cat).all()
    assert (drawn[20:] @ dog > photos[20:] @ dog).all()
    within = [np.mean(v[:20] @ v[:20].T) for v in (photos, drawn)]
    assert within[1] > within[0]
    # No jump: what is nearly the same photo stays nearly the same vector.
    assert (space.drawn_in(photos) * space.drawn_in(photos + 1e-5)).sum(1).min() > 0.9999
    assert space.drawn_in(photos[:0]).shape == (0, cat.size)


def test_a_space_of_drawn_in_photos_has_another_id_than_one_without(encoder, tmp_path):
    for path in embedded_weights().glob("encoder-*.safetensors"):
        if path.name != CLASSES_FILE:
            (tmp_path / path.name).write_bytes(path.read_bytes())
    plain = EmbeddedEncoder(tmp_path)
    assert plain.class_space is None
    assert plain.model_id != encoder.model_id
    photo = np.random.default_rng(0).integers(0, 256, (1, 90, 120, 3), np.uint8)
    expected = encoder.class_space.drawn_in(plain.encode_photos(list(photo)))
    np.testing.assert_allclose(encoder.encode_photos(list(photo)), expected, atol=1e-5)


def test_shares_are_of_known_classes_and_add_up_to_one(space):
    shares = space.shares({"a cat": 0.6, "cats": 0.1, "dog": 0.2, "qwxz": 0.1})
    assert shares == pytest.approx({"cat": 0.7 / 0.9, "dog": 0.2 / 0.9})
    assert space.shares({"qwxz": 1.0}) == {}
    assert space.shares({}) == {}


def test_affinity_is_the_bhattacharyya_coefficient(space):
    rng = np.random.default_rng(0)
    photos = rng.normal(size=(5, 256)).astype(np.float32)
    photos /= np.linalg.norm(photos, axis=1, keepdims=True)
    points = load_file(embedded_weights() / CLASSES_FILE)["points"].astype(np.float64)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    nameable = points[: len(EmbeddedEncoder().classes)]
    odds = np.exp(10 * photos.astype(np.float64) @ nameable.T)
    odds /= odds.sum(1, keepdims=True)
    cat, dog = space.names.index("cat"), space.names.index("dog")
    wanted = np.sqrt(odds[:, cat] * 0.7) + np.sqrt(odds[:, dog] * 0.3)
    np.testing.assert_allclose(space.affinity(photos, {"cat": 0.7, "dog": 0.3}), wanted, atol=1e-5)


def test_a_photo_at_a_class_shows_that_class_most(space):
    at_airship = space.query({"airship": 1.0})[None]
    for name in ("airship", "cat"):
        others = [space.affinity(at_airship, {n: 1.0})[0] for n in ("dog", "banana", "sword")]
        mine = space.affinity(at_airship, {name: 1.0})[0]
        assert (mine > max(others)) == (name == "airship")
    assert 0 <= space.affinity(at_airship, {"airship": 1.0})[0] <= 1


def test_the_query_is_a_direction_between_its_classes(space):
    mixed = space.query({"cat": 0.5, "dog": 0.5})
    assert np.linalg.norm(mixed) == pytest.approx(1, abs=1e-5)
    assert mixed @ space.query({"cat": 1.0}) == pytest.approx(mixed @ space.query({"dog": 1.0}), abs=1e-4)


def test_what_was_saved_is_what_is_loaded(space, tmp_path):
    space.save(tmp_path)
    again = ClassSpace.load(tmp_path, space.model_id)
    assert again.names == space.names
    np.testing.assert_allclose(again.query({"cat": 1.0}), space.query({"cat": 1.0}), atol=1e-3)


def test_files_that_cannot_be_used_are_named(space, tmp_path):
    path = tmp_path / CLASSES_FILE
    with pytest.raises(WeightsError, match="missing"):
        ClassSpace.load(tmp_path, space.model_id)
    space.save(tmp_path)
    with pytest.raises(WeightsError, match="two trainings"):
        ClassSpace.load(tmp_path, "embedded-other")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(WeightsError, match=CLASSES_FILE):
        ClassSpace.load(tmp_path, space.model_id)
    save_file({"points": np.ones((2, 2), np.float32)}, path)
    with pytest.raises(WeightsError, match="does not hold"):
        ClassSpace.load(tmp_path, space.model_id)
