"""A photo's vector may be replaced: by the original's, where the preview's was."""

import numpy as np
import pytest

from index.vector_index import VectorIndex


def directions(count, dimension=16, seed=0):
    vectors = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("kind", ["exact", "ivf", "ivf read back"])
def test_the_new_vector_is_found_once_and_the_former_is_not(kind):
    vectors, other = directions(4000), directions(200, seed=1)
    ids = np.arange(1, 4001, dtype=np.int64) * 3
    index = VectorIndex(16)
    index.add(ids, vectors)
    if kind != "exact":
        index.train()
    if kind == "ivf read back":
        data, trained_on = index.serialize()
        index = VectorIndex.deserialize(data, 16, trained_on)
    changed = ids[::20]
    assert index.add(changed, other) == 0
    assert index.add(np.array([1], np.int64), directions(1, seed=2)) == 1
    assert len(index) == 4001
    for number in range(0, 200, 7):
        found, scores = index.search(other[number], 5)
        assert found[0] == changed[number]
        assert scores[0] > 0.999
        found, scores = index.search(vectors[20 * number], 5)
        assert len(set(found.tolist())) == len(found)
        assert scores[0] < 0.999
    untouched, _ = index.search(vectors[1], 1)
    assert untouched[0] == ids[1]


def test_of_two_vectors_of_one_photo_in_one_batch_the_last_counts():
    index, vectors = VectorIndex(16), directions(2)
    index.add(np.array([5, 5], np.int64), vectors)
    found, scores = index.search(vectors[1], 5)
    assert found.tolist() == [5]
    assert scores[0] > 0.999
