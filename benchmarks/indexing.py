"""Measure indexing: decoding against bare ``draft()`` decoding, search latency, recall, memory.

Run from the repository's root: ``python -m benchmarks.indexing [--photos 60] [--quick]``.
"""

import argparse
import io
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.rows import Row
from index.decode import decode_photo
from index.gallery import Gallery
from index.indexer import DEFAULT_IMAGE_SIDE, Indexer
from index.records import PhotoEncoderFn
from index.vector_index import VectorIndex, recall_at, tuning_queries

MODEL, DIMENSION, WORKERS = "benchmark/grid", 48, 2
SIZE = (4000, 3000)  # 12 megapixels


def make_photos(folder: Path, count: int) -> int:
    """Smooth random pictures with fine detail, JPEG quality 90; returns their bytes."""
    random = np.random.default_rng(0)
    detail = random.integers(-12, 13, (SIZE[1], SIZE[0], 1), dtype=np.int16)
    total = 0
    for number in range(count):
        coarse = Image.fromarray(random.integers(0, 256, (24, 32, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize(SIZE, Image.Resampling.BICUBIC), dtype=np.int16)
        image = Image.fromarray((smooth + np.roll(detail, number * 97, axis=1)).clip(0, 255).astype(np.uint8))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=90)
        (folder / f"{number:04}.jpg").write_bytes(buffer.getvalue())
        total += buffer.tell()
    return total


class TimedEncoder:
    """A colour grid, and the seconds it took."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, images: list[np.ndarray]) -> np.ndarray:
        """Embed (H, W, 3) uint8 images."""
        began = time.perf_counter()
        grids = [
            np.asarray(Image.fromarray(i).resize((4, 4), Image.Resampling.BOX), np.float32) for i in images
        ]
        vectors = np.stack(grids).reshape(len(images), -1) - 127.3
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        self.seconds += time.perf_counter() - began
        return vectors


def draft_only(path: Path) -> None:
    """What anyone must do at least: read the file and decode it at a fraction of its size."""
    with Image.open(path) as image:
        short = DEFAULT_IMAGE_SIDE / min(image.size)
        image.draft("RGB", (math.ceil(image.width * short), math.ceil(image.height * short)))
        image.load()


def draft_rate(paths: list[Path]) -> float:
    """Photos a second of `draft_only`, as many threads as the indexer has."""
    began = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(draft_only, paths))
    return len(paths) / (time.perf_counter() - began)


def indexing_rate(
    directory: Path, folder: Path, encode: PhotoEncoderFn, model_id: str, dimension: int
) -> float:
    """Photos a second of indexing a folder into a new gallery."""
    with Gallery.open(directory, write=True) as gallery:
        report = Indexer(gallery, encode, model_id, dimension, workers=WORKERS).run(folder)
    assert not report.skipped
    return report.added / report.seconds


def rows(work: Path, *, quick: bool) -> list[Row]:
    """Indexing with the real encoder and with one that costs nothing, and bare decoding, in turn."""
    from sketch_app.model_sets import embedded_set

    model, different, count = embedded_set().photos, 16, 16 if quick else 160
    folder = work / "photos"
    folder.mkdir()
    size = make_photos(folder, different)
    paths = sorted(folder.iterdir())
    for number in range(different, count):  # bytes after a JPEG's end make it another photo at the same cost
        again = folder / f"{number:04}.jpg"
        again.write_bytes(paths[number % different].read_bytes() + str(number).encode())
        paths.append(again)
    model.encode_photos([np.zeros((256, 256, 3), np.uint8)] * 16)
    rates: dict[str, list[float]] = {"draft": [], "real": [], "grid": []}
    for attempt in range(2 if quick else 3):
        rates["draft"].append(draft_rate(paths))
        place = work / f"real-{attempt}"
        rates["real"].append(
            indexing_rate(place, folder, model.encode_photos, model.model_id, model.dimension)
        )
        rates["grid"].append(
            indexing_rate(work / f"grid-{attempt}", folder, TimedEncoder(), MODEL, DIMENSION)
        )
    draft, real, grid = (float(np.median(rates[key])) for key in ("draft", "real", "grid"))
    began = time.perf_counter()
    images = [decode_photo(path, min_side=DEFAULT_IMAGE_SIDE).image for path in paths[:16]]
    decoded = time.perf_counter()
    model.encode_photos(images)
    encoded = time.perf_counter()
    note = (
        f"median of {len(rates['draft'])}, {count} JPEGs of 12 MP, {size / different / 1e6:.1f} MB each; "
        f"alone {1000 * (decoded - began) / 16:.1f} ms a photo decoding on one thread, "
        f"{1000 * (encoded - decoded) / 16:.1f} ms encoding on one"
    )
    against = f"draft() decoding alone, {WORKERS} threads"
    return [
        Row(
            "indexing 12 MP photos, embedded encoder",
            real,
            "/s",
            draft,
            against,
            goal=0.7,
            judged="ratio",
            better="higher",
            note=note,
        ),
        Row("indexing 12 MP photos, encoder that costs nothing", grid, "/s", draft, against),
    ]


def indexing(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "photos"
        folder.mkdir()
        size = make_photos(folder, count)
        paths = sorted(folder.iterdir())
        print(f"{count} JPEGs of {SIZE[0]} x {SIZE[1]}, {size / count / 1e6:.1f} MB each, {WORKERS} workers")
        rates: dict[str, list[float]] = {"draft": [], "index": []}
        for attempt in range(3):  # alternately, so that what else the machine does falls on both
            rates["draft"].append(draft_rate(paths))
            encoder = TimedEncoder()
            with Gallery.open(Path(name) / f"gallery-{attempt}", write=True) as gallery:
                report = Indexer(gallery, encoder, MODEL, DIMENSION, workers=WORKERS).run(folder)
                assert report.added == count
            rates["index"].append(count / report.seconds)
            print(f"  the encoder took {encoder.seconds:.2f} s of {report.seconds:.2f} s, overlapped")
        with Gallery.open(Path(name) / "gallery-0", write=True) as gallery:
            again = Indexer(gallery, TimedEncoder(), MODEL, DIMENSION).run(folder)
        draft, index = (float(np.median(rates[key])) for key in ("draft", "index"))
        print(f"  draft() decoding alone {draft:.1f} photos/s, indexing {index:.1f} photos/s")
        print(f"  ratio {index / draft:.2f} (at least .70 is asked)")
        began = time.perf_counter()
        for path in paths[:8]:
            decode_photo(path, min_side=DEFAULT_IMAGE_SIDE)
        print(f"  one photo, one thread: {(time.perf_counter() - began) / 8 * 1e3:.1f} ms")
        print(f"  a second run over unchanged files: {again.seconds / count * 1e6:.0f} us a file")


def photo_like_vectors(count: int, dimension: int) -> np.ndarray:
    random = np.random.default_rng(0)
    centres = random.standard_normal((1000, dimension), dtype=np.float32)
    vectors = centres[random.integers(0, 1000, count)]
    vectors += 0.8 * random.standard_normal((count, dimension), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def latency(index: VectorIndex, queries: np.ndarray) -> str:
    seconds = []
    for query in queries:
        began = time.perf_counter()
        index.search(query, 50)
        seconds.append(time.perf_counter() - began)
    return (
        f"median {np.median(seconds) * 1e3:.2f} ms, 95 of 100 below {np.quantile(seconds, 0.95) * 1e3:.2f} ms"
    )


def searching(counts: list[int], large: int) -> None:
    for count in counts:
        vectors = photo_like_vectors(count, 256)
        index = VectorIndex(256)
        index.add(np.arange(1, count + 1), vectors)
        print(f"{index.kind} search, {count} x 256: {latency(index, tuning_queries(vectors, 100, seed=1))}")
    vectors = photo_like_vectors(large, 256)
    index = VectorIndex(256)
    index.add(np.arange(1, large + 1), vectors)
    queries = tuning_queries(vectors, 300, seed=1)  # not those the probes were tuned with
    exact = np.stack([index.search(query, 20)[0] for query in queries])
    print(f"{index.kind} search, {large} x 256: {latency(index, queries)}")
    began = time.perf_counter()
    index.train()
    trained = time.perf_counter() - began
    found = np.stack([index.search(query, 20)[0] for query in queries])
    print(f"{index.kind} search, {large} x 256: {latency(index, queries)}; trained in {trained:.0f} s")
    print(f"  recall@20 {recall_at(found, exact):.4f} (at least .99 is asked)")


def memory(count: int) -> None:
    """The memory of a process that indexes, and of one that only searches, ``count`` small photos."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "photos"
        random = np.random.default_rng(1)
        for number in range(count):
            album = folder / f"{number // 500}"
            album.mkdir(parents=True, exist_ok=True)
            Image.fromarray(random.integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize((320, 240)).save(
                album / f"{number}.jpg"
            )
        for role in ("index", "search"):
            command = [sys.executable, "-m", "benchmarks.indexing", "--role", role, name]
            print(subprocess.run(command, capture_output=True, text=True, check=True).stdout, end="")


def peak_kib() -> int:
    """The most memory this program has held; getrusage would count that of the one that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def play_role(role: str, directory: Path) -> None:
    import faiss  # noqa: F401 - counted in the memory before

    before = peak_kib()
    began = time.perf_counter()
    with Gallery.open(directory / "gallery", write=role == "index") as gallery:
        if role == "index":
            Indexer(gallery, TimedEncoder(), MODEL, DIMENSION, workers=WORKERS).run(directory / "photos")
        gallery.search(MODEL, np.ones(DIMENSION, np.float32))
        count = gallery.count()
    seconds = time.perf_counter() - began
    peak = peak_kib()
    print(
        f"{role}, {count} photos: {seconds:.2f} s, peak {peak / 1024:.0f} MB, "
        f"{(peak - before) / 1024:.0f} MB more than the bare imports"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=60)
    parser.add_argument("--large", type=int, default=200_000, help="vectors of the inverted file")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--role", nargs=2, metavar=("ROLE", "DIRECTORY"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role:
        play_role(options.role[0], Path(options.role[1]))
        return
    share = 10 if options.quick else 1
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    indexing(options.photos // share)
    searching([10_000 // share, 100_000 // share], options.large // share)
    memory(10_000 // share)


if __name__ == "__main__":
    main()
