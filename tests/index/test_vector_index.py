"""The index in memory: exact, without doubles, filtered, and an inverted file that keeps its recall."""

import threading

import numpy as np
import pytest

from index import vector_index
from index.vector_index import VectorIndex, recall_at, tuning_queries
from tests.support.waiting import WAIT_S


def photo_like_vectors(count, dimension, seed=0):
    """Vectors of length one in overlapping clusters, as pictures of the same kinds of things give."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((200, dimension))
    vectors = centres[random.integers(0, 200, count)] + 0.8 * random.standard_normal((count, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def filled():
    vectors = photo_like_vectors(500, 32)
    index = VectorIndex(32)
    index.add(np.arange(1, 501), vectors)
    return index, vectors


def test_the_search_is_exact(filled):
    index, vectors = filled
    query = tuning_queries(vectors, 2)[0]
    ids, scores = index.search(query, 20)
    truth = np.argsort(-(vectors.astype(np.float16).astype(np.float32) @ query), kind="stable")[:20] + 1
    assert ids.tolist() == truth.tolist()
    np.testing.assert_allclose(scores, np.sort(vectors @ query)[::-1][:20], atol=1e-3)


def test_an_id_is_added_once(filled):
    index, vectors = filled
    assert index.add(np.array([7, 7, 900, 900]), vectors[:4]) == 1
    assert len(index) == 501
    ids, _ = index.search(vectors[6], 501)
    assert len(set(ids.tolist())) == len(ids) == 501


def test_filters_and_exclusions(filled):
    index, vectors = filled
    only = np.array([3, 50, 400, 10_000])
    assert sorted(index.search(vectors[0], 50, only=only)[0].tolist()) == [3, 50, 400]
    assert index.search(vectors[0], 50, only=np.empty(0, np.int64))[0].size == 0
    assert 1 not in index.search(vectors[0], 500, without=np.array([1, 2]))[0]
    assert index.search(vectors[0], 500, without=np.array([1, 2]))[0].size == 498
    assert VectorIndex(4).search(np.ones(4, np.float32), 5)[0].size == 0


@pytest.fixture
def large(monkeypatch):
    """As if a hundred thousand were four thousand."""
    monkeypatch.setattr(vector_index, "EXACT_LIMIT", 4000)
    vectors = photo_like_vectors(6000, 32)
    index = VectorIndex(32)
    index.add(np.arange(1, 6001), vectors)
    return index, vectors


def test_the_inverted_file_keeps_its_recall_and_probes_less_than_everything(large):
    index, vectors = large
    queries = tuning_queries(vectors, 300, seed=99)  # not those it was tuned with
    exact = np.stack([index.search(query, 20)[0] for query in queries])
    assert index.wants_training()
    assert index.train() >= 0.99
    assert index.kind == "ivf"
    assert not index.wants_training()
    found = np.stack([index.search(query, 20)[0] for query in queries])
    assert recall_at(found, exact) >= 0.99
    import faiss

    ivf = faiss.extract_index_ivf(index._index)
    assert ivf.nprobe < ivf.nlist


def test_the_inverted_file_takes_more_filters_and_goes_through_its_file(large):
    index, vectors = large
    index.train()
    more = photo_like_vectors(50, 32, seed=1)
    assert index.add(np.arange(5991, 6041), more) == 40
    only = np.array([5, 6, 6040])
    for store in (index, VectorIndex.deserialize(index.serialize()[0], 32, index.serialize()[1])):
        assert store.kind == "ivf"
        assert store.search(more[49], 1)[0].tolist() == [6040]
        assert sorted(store.search(vectors[0], 9, only=only)[0].tolist()) == [5, 6, 6040]
        assert store.search(more[49], 1, without=np.array([6040]))[0].tolist() != [6040]
        assert store.add(np.array([6040]), more[49:]) == 0
    index.add(np.arange(10_000, 16_000), photo_like_vectors(6000, 32, seed=2))
    assert index.wants_training()
    index.train()
    assert len(index) == 12_040
    assert index.search(more[49], 1)[0].tolist() == [6040]


def test_photos_added_while_the_inverted_file_is_trained_are_kept(large, monkeypatch):
    index, _ = large
    late = photo_like_vectors(5, 32, seed=3)
    build = vector_index.build_ivf

    def build_slowly(*arguments, **options):
        adding = threading.Thread(target=index.add, args=(np.arange(9001, 9006), late))
        adding.start()
        adding.join(WAIT_S)
        return build(*arguments, **options)

    monkeypatch.setattr(vector_index, "build_ivf", build_slowly)
    index.train()
    assert [index.search(vector, 1)[0].tolist() for vector in late] == [[n] for n in range(9001, 9006)]


def test_searching_while_adding_is_safe(filled):
    index, vectors = filled
    done = threading.Event()

    def add():
        for start in range(1000, 6000, 10):
            index.add(np.arange(start, start + 10), photo_like_vectors(10, 32, seed=start))
        done.set()

    thread = threading.Thread(target=add)
    thread.start()
    while not done.is_set():
        ids, scores = index.search(vectors[3], 30)
        assert len(set(ids.tolist())) == 30
        assert scores[0] > 0.99
    thread.join()
    assert len(index) == 5500
