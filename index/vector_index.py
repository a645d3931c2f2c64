"""One model's vectors in memory, searched exactly or, for very many, through an inverted file (FAISS)."""

import importlib
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

EXACT_LIMIT = 100_000
"""Up to so many photos every vector is compared; beyond, an inverted file is worth its training."""

TARGET_RECALL = 0.995
"""Recall@20 asked of the inverted file on the tuning queries, a little above the .99 that is promised."""

RECALL_AT = 20
_TUNING_QUERIES = 200
_TRAINING_PER_LIST = 40  # FAISS warns below 39 training points a centroid
_SEED = 7


def _faiss() -> Any:
    """FAISS, imported at the first use: it takes a fifth of a second. Its stubs know no keyword arguments."""
    return importlib.import_module("faiss")


class VectorIndex:
    """Vectors of length one under positive integer ids; the score is their cosine.

    Vectors are held as float16, the precision of the database, so the exact search is exact for what is
    stored. Thread-safe: one thread may add while others search.

    Parameters
    ----------
    dimension
        Length of every vector.
    """

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self._lock = threading.Lock()
        self._index = _exact(dimension)
        self._ids: set[int] = set()
        self._trained_on = 0

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def kind(self) -> str:
        """Say "exact" or "ivf"."""
        return "ivf" if self._trained_on else "exact"

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> int:
        """Add (n, d) float32 ``vectors``; one whose id is present takes the former vector's place.

        FAISS itself would keep both and answer with the photo twice.

        Returns
        -------
        int
            How many ids were new.
        """
        with self._lock:
            last = {photo_id: row for row, photo_id in enumerate(ids.tolist())}  # the last of a batch counts
            known = [row for photo_id, row in last.items() if photo_id in self._ids]
            fresh = [row for photo_id, row in last.items() if photo_id not in self._ids]
            if known:
                self._replace(ids[known], np.ascontiguousarray(vectors[known], dtype=np.float32))
            if fresh:
                self._ids.update(ids[fresh].tolist())
                self._index.add_with_ids(
                    np.ascontiguousarray(vectors[fresh], dtype=np.float32),
                    np.ascontiguousarray(ids[fresh], dtype=np.int64),
                )
            return len(fresh)

    def _replace(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        faiss = _faiss()
        if not self._trained_on:
            self._index.remove_ids(ids)
            self._index.add_with_ids(vectors, ids)
            return
        # An IndexIDMap over an inverted file must not remove: it would shift the ids of all that follow. The
        # vectors are changed where they are, by their rank in the map.
        ivf = faiss.downcast_index(self._index.index)
        ivf.make_direct_map()
        order = np.argsort(stored := faiss.vector_to_array(self._index.id_map))
        ranks = np.ascontiguousarray(order[np.searchsorted(stored, ids, sorter=order)], dtype=np.int64)
        ivf.update_vectors(ranks, vectors)

    def search(
        self,
        query: NDArray[np.float32],
        k: int,
        *,
        only: NDArray[np.int64] | None = None,
        without: NDArray[np.int64] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The ids and scores of the ``k`` nearest, best first.

        Parameters
        ----------
        query
            (d,) float32.
        only
            Answer with these ids alone; the search is then exhaustive, so that a narrow filter finds all.
        without
            Never answer with these ids.
        """
        faiss = _faiss()
        faiss.omp_set_num_threads(1)  # a second thread makes a single query slower
        with self._lock:
            k = min(k, len(self._ids))
            if k <= 0:
                return np.empty(0, np.int64), np.empty(0, np.float32)
            selector = None
            if only is not None:
                selector = _Bitmap(only)
            elif without is not None and without.size:
                selector = _Bitmap(without, inverted=True)
            parameters = self._parameters(selector, exhaustive=only is not None)
            scores, ids = self._index.search(query.reshape(1, -1), k, params=parameters)
        found = ids[0] >= 0
        return ids[0][found], scores[0][found]

    def wants_training(self) -> bool:
        """Whether there are too many vectors for exact search, or twice as many as at the last training."""
        return len(self._ids) > EXACT_LIMIT and len(self._ids) >= 2 * self._trained_on

    def train(self, *, recall: float = TARGET_RECALL) -> float:
        """Move the vectors into an inverted file whose probes are set by measurement; searching goes on.

        Returns
        -------
        float
            The recall@20 measured against the exact search.
        """
        with self._lock:
            ids, vectors = _contents(self._index, self.dimension)
        trained, measured = build_ivf(vectors, ids, recall=recall)
        with self._lock:
            late = list(self._ids.difference(ids.tolist()))
            if late:
                vectors = np.stack([self._index.reconstruct(i) for i in late])
                trained.add_with_ids(vectors, np.array(late, np.int64))
            self._index = trained
            self._trained_on = len(ids)
        return measured

    def serialize(self) -> tuple[NDArray[np.uint8], int]:
        """The index as bytes, and how many vectors an inverted file was trained on (0: exact)."""
        faiss = _faiss()
        with self._lock:
            return faiss.serialize_index(self._index), self._trained_on

    @classmethod
    def deserialize(cls, data: NDArray[np.uint8], dimension: int, trained_on: int) -> "VectorIndex":
        """The index that :meth:`serialize` wrote. ``data`` must be whole: FAISS trusts it."""
        faiss = _faiss()
        index = cls(dimension)
        index._index = faiss.deserialize_index(data)
        index._ids = set(faiss.vector_to_array(index._index.id_map).tolist())
        index._trained_on = trained_on
        return index

    def _parameters(self, selector: "_Bitmap | None", *, exhaustive: bool) -> Any:
        faiss = _faiss()
        chosen = None if selector is None else selector.selector
        if not self._trained_on:
            return None if chosen is None else faiss.SearchParameters(sel=chosen)
        ivf = faiss.extract_index_ivf(self._index)
        probes = ivf.nlist if exhaustive else ivf.nprobe
        return faiss.SearchParametersIVF(sel=chosen, nprobe=probes)


class _Bitmap:
    """A FAISS selector over ids, with the memory it points into."""

    def __init__(self, ids: NDArray[np.int64], *, inverted: bool = False) -> None:
        faiss = _faiss()
        flags = np.zeros(int(ids.max(initial=0)) + 1, dtype=bool)
        flags[ids] = True
        self._bits = np.packbits(flags, bitorder="little")
        self._inside = faiss.IDSelectorBitmap(self._bits)
        self.selector = faiss.IDSelectorNot(self._inside) if inverted else self._inside


def _exact(dimension: int) -> Any:
    faiss = _faiss()
    store = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    return faiss.IndexIDMap2(store)


def _contents(index: Any, dimension: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    faiss = _faiss()
    ids = faiss.vector_to_array(index.id_map).astype(np.int64)
    if ids.size == 0:
        return ids, np.empty((0, dimension), np.float32)
    inner = faiss.downcast_index(index.index)
    if isinstance(inner, faiss.IndexIVF):
        inner.make_direct_map()
    return ids, inner.reconstruct_n(0, len(ids))


def build_ivf(
    vectors: NDArray[np.float32], ids: NDArray[np.int64], *, recall: float = TARGET_RECALL
) -> tuple[Any, float]:
    """An inverted file over (n, d) vectors whose number of probes reaches ``recall``@20.

    Returns
    -------
    tuple
        The FAISS index (an IndexIDMap2) and the recall@20 measured on :func:`tuning_queries`.
    """
    faiss = _faiss()
    count, dimension = vectors.shape
    lists = max(16, min(4096, int(2 * np.sqrt(count))))
    quantizer = faiss.IndexFlatIP(dimension)
    ivf = faiss.IndexIVFScalarQuantizer(
        quantizer, dimension, lists, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    ivf.cp.seed = _SEED
    ivf.cp.niter = 10
    sample = np.random.default_rng(_SEED).permutation(count)[: lists * _TRAINING_PER_LIST]
    ivf.train(vectors[np.sort(sample)])
    mapped = faiss.IndexIDMap2(ivf)
    mapped.add_with_ids(vectors, ids)
    queries = tuning_queries(vectors, _TUNING_QUERIES)
    truth = _exact(dimension)
    truth.add_with_ids(vectors, np.arange(count, dtype=np.int64))
    _, wanted = truth.search(queries, RECALL_AT)
    probes, measured = 1, 0.0
    while True:
        ivf.nprobe = min(probes, lists)
        measured = recall_at(ivf.search(queries, RECALL_AT)[1], wanted)
        if measured >= recall or probes >= lists:
            break
        probes = max(probes + 1, int(probes * 1.5))
    return mapped, measured


def tuning_queries(vectors: NDArray[np.float32], count: int, *, seed: int = _SEED) -> NDArray[np.float32]:
    """Queries like those of sketches: half are photos' vectors, half lie as far off as a sketch does.

    A sketch's vector is near its photo but not among the photos (cosine about .6), and such queries need
    more probes than the photos themselves.

    Returns
    -------
    NDArray[np.float32]
        (count, d), of length one.
    """
    random = np.random.default_rng(seed)
    chosen = vectors[random.integers(0, len(vectors), count)].astype(np.float32)
    noise = random.standard_normal(chosen.shape, dtype=np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    chosen[: count // 2] += 1.3 * noise[: count // 2]
    unit: NDArray[np.float32] = chosen / np.linalg.norm(chosen, axis=1, keepdims=True)
    return unit


def recall_at(found: NDArray[np.int64], wanted: NDArray[np.int64]) -> float:
    """The mean share of each row of ``wanted`` (n, k) that is in the same row of ``found``."""
    shares = [len(set(f) & set(w)) / len(w) for f, w in zip(found.tolist(), wanted.tolist(), strict=True)]
    return float(np.mean(shares))
