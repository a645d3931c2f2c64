"""A second model's vectors over a gallery: made in the background, beside people who add photos."""

import contextlib
import os
import sqlite3
import threading
import time
from datetime import datetime

import numpy as np
import pytest
from photo_makers import DIMENSION, MODEL, encode, fill, index, photo_bytes, picture, vector_of
from PIL import Image

from index import schema
from index.embedding import Embedder
from index.errors import EncoderError, GalleryBusyError, GalleryError, VectorError
from index.gallery import Gallery, writer_lock
from index.indexer import Indexer
from index.records import Coverage
from tests.support.waiting import WAIT_S

SECOND = "colour-histogram/8"
SECOND_DIMENSION = 24


def histogram(images):
    """How often each eighth of each channel's range occurs, about the mean, of length one."""
    rows = []
    for image in images:
        counts = [np.histogram(image[..., channel], 8, (0, 256))[0] for channel in range(3)]
        row = np.concatenate(counts).astype(np.float32) / image[..., 0].size
        rows.append(row - row.mean() + 1e-3 * np.arange(row.size))
    vectors = np.stack(rows).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def histogram_of(number):
    return histogram([np.asarray(picture(number))])[0]


def embedder(gallery, encoder=histogram, **options):
    return Embedder(gallery, encoder, SECOND, SECOND_DIMENSION, **options)


def best(gallery, model, vector):
    hit = gallery.search(model, vector, 1)[0]
    [photo_place, *_] = gallery.locations(hit.photo_id)
    return photo_place.path.name, hit.score


@pytest.fixture
def photos(tmp_path):
    return fill(tmp_path / "photos", range(12))


@pytest.fixture
def directory(tmp_path, photos):
    with Gallery.open(tmp_path / "gallery", write=True) as gallery:
        index(gallery, photos)
    return tmp_path / "gallery"


@pytest.fixture
def reader(directory):
    with Gallery.open(directory, write=False) as gallery:
        yield gallery


def test_every_photo_gets_the_second_model_s_vector_and_keeps_the_first(reader):
    assert reader.coverage(SECOND) == Coverage(0, 12)
    report = embedder(reader).run()
    assert (report.embedded, report.tried, report.failed, report.cancelled) == (12, 12, (), False)
    assert reader.coverage(SECOND) == Coverage(12, 12)
    assert reader.coverage(SECOND).complete
    assert reader.model_ids() == [MODEL, SECOND]
    for number in range(12):
        assert best(reader, SECOND, histogram_of(number)) == (f"{number}.png", pytest.approx(1, abs=1e-3))
        assert best(reader, MODEL, vector_of(number)) == (f"{number}.png", pytest.approx(1, abs=1e-3))
    assert embedder(reader).run().tried == 0
    with Gallery.open(reader.directory, write=False) as later:
        assert later.index_status(SECOND).origin.startswith("read from its file")


def test_a_gallery_opened_for_writing_is_written_to_directly(directory):
    with Gallery.open(directory, write=True) as gallery:
        assert embedder(gallery).run().embedded == 12
        assert gallery.coverage(SECOND).complete


def test_the_newest_photos_come_first(tmp_path):
    folder = fill(tmp_path / "photos", range(6))
    for number in range(6):
        moment = datetime(2020, 1, 1 + (number * 5) % 6).timestamp()
        os.utime(folder / f"{number}.png", (moment, moment))
    seen = []

    def noting(images):
        seen.extend(images)
        return histogram(images)

    with Gallery.open(tmp_path / "gallery", write=True) as gallery:
        index(gallery, folder)
        embedder(gallery, noting, batch_size=2).run()
    order = [next(n for n in range(6) if np.array_equal(image, picture(n))) for image in seen]
    assert order == sorted(range(6), key=lambda number: -((number * 5) % 6))


def test_scores_are_those_of_the_search_and_nan_without_a_vector(reader):
    embedder(reader).run(cancelled=stop_after_commits(reader, 1))
    query = histogram_of(3)
    hits = {hit.photo_id: hit.score for hit in reader.search(SECOND, 7 * query, 50)}
    assert 0 < len(hits) < 12
    asked = [*range(12, 0, -1), 999, 3]
    scores = reader.scores(SECOND, 7 * query, asked)
    assert scores.shape == (14,)
    for photo_id, score in zip(asked, scores.tolist(), strict=True):
        assert score == pytest.approx(hits.get(photo_id, np.nan), abs=1e-5, nan_ok=True)
    ids, vectors = reader.vectors(SECOND, asked)
    assert set(ids.tolist()) == set(hits)
    assert vectors.shape == (len(hits), SECOND_DIMENSION)
    assert np.allclose(vectors @ query, [hits[i] for i in ids.tolist()], atol=1e-5)
    assert np.isnan(reader.scores("never seen", query, [1, 2])).all()
    with pytest.raises(VectorError, match="cannot be compared"):
        reader.scores(MODEL, query, [1])


def stop_after_commits(gallery, commits):
    """Say stop once so many batches of the second model are in the database."""

    def stop():
        return gallery.coverage(SECOND).done >= commits * 8

    return stop


def test_a_cancelled_run_keeps_its_batches_and_the_next_does_the_rest(reader):
    first = embedder(reader).run(cancelled=stop_after_commits(reader, 1))
    assert (first.cancelled, first.embedded) == (True, 8)
    assert not reader.coverage(SECOND).complete
    second = embedder(reader).run()
    assert (second.cancelled, second.embedded) == (False, 4)


def test_another_copy_serves_where_the_first_has_changed(tmp_path):
    folder = fill(tmp_path / "photos", [1, 2])
    (folder / "a copy of 1.png").write_bytes(photo_bytes(1))
    with Gallery.open(tmp_path / "gallery", write=True) as gallery:
        index(gallery, folder)
        (folder / "1.png").write_bytes(photo_bytes(7))
        (folder / "a copy of 1.png").rename(folder / "b.png")
        index(gallery, folder)
        (folder / "1.png").write_bytes(b"nonsense")
        report = embedder(gallery).run()
        assert gallery.search(SECOND, histogram_of(1), 1)[0].score > 0.999
    assert [photo.display for photo in report.failed] == [str(folder / "1.png")]  # of picture 7


def test_a_changed_file_is_listed_and_tried_again_only_when_it_changes_once_more(reader, photos):
    original = (photos / "5.png").read_bytes()
    (photos / "5.png").write_bytes(photo_bytes(77))
    report = embedder(reader).run()
    [failed] = report.failed
    assert failed.display == str(photos / "5.png")
    assert "changed since it was added" in failed.reason
    assert reader.coverage(SECOND) == Coverage(11, 12, 1)
    assert reader.coverage(SECOND).complete
    assert reader.search(SECOND, histogram_of(77), 1)[0].score < 0.999  # never another content's vector
    again = embedder(reader).run()
    assert (again.tried, again.failed) == (0, report.failed)
    (photos / "5.png").write_bytes(original)
    assert embedder(reader).run().embedded == 1
    assert reader.coverage(SECOND) == Coverage(12, 12)
    assert reader.unembedded(SECOND) == []


def test_a_photo_that_cannot_be_decoded_does_not_keep_the_set_from_being_complete(tmp_path):
    folder = fill(tmp_path / "photos", range(3))
    picture(9, size=(400, 300)).save(folder / "large.png")
    with Gallery.open(tmp_path / "gallery", write=True) as gallery:
        index(gallery, folder)
        report = embedder(gallery, max_pixels=10_000).run()
        assert [p.display for p in report.failed] == [str(folder / "large.png")]
        assert "too large" in report.failed[0].reason
        assert gallery.coverage(SECOND).complete
        assert embedder(gallery, max_pixels=10_000).run().tried == 0


def test_a_disk_that_is_not_connected_makes_no_complete_set_and_is_tried_at_every_run(reader, photos):
    photos.rename(photos.with_name("unplugged"))
    report = embedder(reader).run()
    assert (report.embedded, len(report.failed)) == (0, 12)
    assert not reader.coverage(SECOND).complete
    assert embedder(reader).run().tried == 12
    photos.with_name("unplugged").rename(photos)
    assert embedder(reader).run().embedded == 12
    assert reader.coverage(SECOND) == Coverage(12, 12)


@pytest.mark.parametrize("complaint", ["raises", "nan"])
def test_one_photo_that_the_encoder_cannot_take_costs_no_other(reader, photos, complaint):
    poison = np.asarray(picture(4))

    def picky(images):
        vectors = histogram(images)
        for row, image in enumerate(images):
            if np.array_equal(image, poison):
                if complaint == "raises":
                    raise ValueError("no such picture")
                vectors[row] = np.nan
        return vectors

    report = embedder(reader, picky).run()
    assert [p.display for p in report.failed] == [str(photos / "4.png")]
    assert reader.coverage(SECOND) == Coverage(11, 12, 1)


@pytest.mark.parametrize("batch_size", [1, 8])
def test_an_encoder_that_has_broken_down_ends_the_run_and_blames_no_photo(reader, batch_size):
    calls = []

    def breaking(images):
        calls.append(len(images))
        if sum(calls) > 8:
            raise RuntimeError("device lost")
        return histogram(images)

    with pytest.raises(EncoderError, match="device lost"):
        embedder(reader, breaking, batch_size=batch_size).run()
    assert reader.coverage(SECOND) == Coverage(8, 12)
    assert embedder(reader).run().embedded == 4


def test_an_answer_of_another_shape_is_refused(reader):
    with pytest.raises(EncoderError, match=r"\(8, 48\) instead of \(8, 24\)"):
        embedder(reader, encode).run()
    assert reader.coverage(SECOND) == Coverage(0, 12)
    with pytest.raises(VectorError, match="needs a new name"):
        Embedder(reader, histogram, MODEL, SECOND_DIMENSION).run()


def wait_for(condition):
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.002)


@contextlib.contextmanager
def in_thread(work):
    outcome = []
    thread = threading.Thread(target=lambda: outcome.append(work()))
    thread.start()
    try:
        yield outcome
    finally:
        thread.join(WAIT_S)
    assert not thread.is_alive()


def test_folders_are_added_while_the_gallery_is_embedded_and_their_photos_are_embedded_too(
    reader, directory, tmp_path
):
    """The encoder goes on only in step with the adding, so that the two really are interleaved."""
    turns = threading.Semaphore(0)

    def in_turn(images):
        assert turns.acquire(timeout=WAIT_S)
        return histogram(images)

    with in_thread(embedder(reader, in_turn, batch_size=2).run) as outcome:
        for number in range(20, 26):
            folder = fill(tmp_path / f"folder {number}", [number])
            with Gallery.open(directory, write=True) as gallery:
                index(gallery, folder)
            done = reader.coverage(SECOND).done
            turns.release()
            if number < 25:
                wait_for(lambda done=done: reader.coverage(SECOND).done > done)
        for _ in range(20):
            turns.release()
    [report] = outcome
    assert report.embedded == 18
    assert reader.coverage(SECOND) == Coverage(18, 18)


def test_embedding_waits_for_a_writer_and_can_be_cancelled_while_it_waits(reader, directory):
    phases = []
    stop = threading.Event()
    run = embedder(reader).run
    with Gallery.open(directory, write=True):
        with in_thread(lambda: run(progress=lambda p: phases.append(p.phase), cancelled=stop.is_set)) as out:
            wait_for(lambda: "waiting" in phases)
            stop.set()
        assert (out[0].cancelled, out[0].embedded) == (True, 0)
        phases.clear()
        stop.clear()
    with (
        in_thread(lambda: run(progress=lambda p: phases.append(p.phase))) as out,
        Gallery.open(directory, write=True),
    ):
        pass
    assert (out[0].cancelled, out[0].embedded) == (False, 12)


def test_a_second_writer_waits_a_moment_before_it_is_refused(directory):
    lock = writer_lock(directory, wait=0.0)
    with pytest.raises(GalleryBusyError):
        Gallery.open(directory, write=True, wait=0.0)
    with pytest.raises(GalleryBusyError):
        Gallery.open(directory, write=True, wait=WAIT_S, cancelled=lambda: True)
    threading.Timer(0.1, lock.release).start()
    Gallery.open(directory, write=True, wait=WAIT_S).close()


def test_only_a_complete_model_may_serve_a_lane_and_one_that_serves_is_not_forgotten(directory):
    with Gallery.open(directory, write=True) as gallery:
        assert gallery.active_model("deep") is None
        with pytest.raises(GalleryError, match="has no vectors"):
            gallery.set_active_model("deep", SECOND)
        embedder(gallery).run(cancelled=stop_after_commits(gallery, 1))
        with pytest.raises(GalleryError, match="8 of 12 photos"):
            gallery.set_active_model("deep", SECOND)
        gallery.set_active_model("deep", MODEL)
        embedder(gallery).run()
        gallery.set_active_model("deep", SECOND)
    with Gallery.open(directory, write=False) as reader:
        assert reader.active_model("deep") == SECOND
        assert reader.active_model("another lane") is None
        with pytest.raises(GalleryError, match="reading only"):
            reader.set_active_model("deep", None)
    with Gallery.open(directory, write=True) as gallery:
        with pytest.raises(GalleryError, match="serves the deep lane"):
            gallery.forget_model(SECOND)
        gallery.set_active_model("deep", None)
        assert gallery.forget_model(SECOND) == 12
        assert gallery.active_model("deep") is None


def test_a_forgotten_model_leaves_nothing_and_its_number_is_not_used_again(reader, directory):
    embedder(reader).run()
    assert len(reader.search(SECOND, histogram_of(0), 50)) == 12
    assert len(list(directory.glob("vectors-*.faiss"))) == 2
    third = "another of the same length"
    with Gallery.open(directory, write=True) as gallery:
        assert gallery.forget_model(SECOND) == 12
        assert gallery.forget_model(SECOND) == 0
        assert gallery.model_ids() == [MODEL]
        assert len(list(directory.glob("vectors-*.faiss"))) == 1
        Embedder(gallery, lambda i: -histogram(i), third, SECOND_DIMENSION).run()
        counts = dict(gallery.database.rows("SELECT model, count(*) FROM vectors GROUP BY model"))
        assert counts == {1: 12, 3: 12}
        embedder(gallery).run(cancelled=stop_after_commits(gallery, 1))
    # The reader held the forgotten one's index all the time.
    assert len(reader.search(SECOND, histogram_of(0), 50)) == 8
    embedder(reader).run()
    for number in range(12):
        assert best(reader, SECOND, histogram_of(number)) == (f"{number}.png", pytest.approx(1, abs=1e-3))
        assert best(reader, third, -histogram_of(number)) == (f"{number}.png", pytest.approx(1, abs=1e-3))


def test_a_model_forgotten_while_it_is_embedded_ends_the_run(reader, directory):
    def forgetting(images):
        with Gallery.open(directory, write=True) as gallery:
            gallery.forget_model(SECOND)
        return histogram(images)

    with pytest.raises(GalleryError, match="taken out of the gallery while"):
        embedder(reader, forgetting).run()
    assert reader.coverage(SECOND) == Coverage(0, 12)


def test_a_gallery_of_the_first_format_is_brought_up_to_date_even_by_a_reader(directory):
    connection = sqlite3.connect(directory / "gallery.sqlite3")
    later = ("previews", "originals", "phone_files", "phones", "unembedded")
    drops = "".join(f"DROP TABLE {table};" for table in later)
    connection.executescript(f"{drops} PRAGMA user_version = 1;")
    connection.close()
    with Gallery.open(directory, write=False) as reader:
        assert reader.count() == 12
        assert embedder(reader).run().embedded == 12
    connection = sqlite3.connect(directory / "gallery.sqlite3")
    assert schema.schema_version(connection) == len(schema.MIGRATIONS)
    connection.close()


def test_photos_that_lie_nowhere_count_for_nothing(reader, directory, tmp_path):
    Image.new("RGB", (40, 40), "red").save(fill(tmp_path / "more", [30]) / "red.png")
    with Gallery.open(directory, write=True) as gallery:
        Indexer(gallery, encode, MODEL, DIMENSION).run(tmp_path / "more")
        assert gallery.coverage(SECOND).total == 14
        gallery.remove_folder(gallery.folders()[1])
        assert gallery.coverage(SECOND).total == 12
    assert embedder(reader).run().tried == 12
    assert reader.coverage(SECOND).complete
