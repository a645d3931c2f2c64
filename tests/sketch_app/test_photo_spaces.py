"""Changing the deep lane's photo model: searching goes on throughout, in one model's vectors at a time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from index.decode import decode_bytes
from index.errors import GalleryError
from index.gallery import Gallery, content_digest
from index.indexer import Indexer
from sketch_app.photo_spaces import DEEP_LANE, PhotoSpaces
from tests.index.killed_embedder import KILLS_A_GALLERY, MODELS, NEW, OLD, photo_file, spaces
from tests.support.waiting import RUN_S, WAIT_S

ROOT = Path(__file__).resolve().parents[2]


def fill(folder, numbers):
    folder.mkdir(exist_ok=True)
    for number in numbers:
        (folder / f"{number}.jpg").write_bytes(photo_file(number))
    return folder


def gallery_of(directory, folder):
    """A gallery of a folder's photos with the old model's vectors, which serve the deep lane."""
    with Gallery.open(directory, write=True) as gallery:
        Indexer(gallery, OLD.encode_photos, OLD.model_id, OLD.dimension, batch_size=32).run(folder)
        gallery.set_active_model(DEEP_LANE, OLD.model_id)
    return directory


class Truth:
    """What every photo's vector should be, made from the files alone."""

    def __init__(self, gallery, numbers):
        data = [photo_file(number) for number in numbers]
        self.images = [decode_bytes(one).image for one in data]
        self.vectors = {name: encoder.encode_photos(self.images) for name, encoder in MODELS.items()}
        places = {content_digest(one): place for place, one in enumerate(data)}
        rows = gallery.database.rows("SELECT id, hash FROM photos")
        self.place = {photo_id: places[digest] for photo_id, digest in rows}

    def check(self, space, place, hits):
        """The hits of a photo's picture are scored by the model that was asked, and by no other."""
        query = space.encoder.encode_photos([self.images[place]])[0]
        truth = self.vectors[space.model_id][[self.place[hit.photo_id] for hit in hits]]
        assert np.allclose([hit.score for hit in hits], truth @ query, atol=2e-3)
        assert hits[0].score > 0.998


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Photos and a gallery of 40; to be copied."""
    root = tmp_path_factory.mktemp("small")
    gallery_of(root / "gallery", fill(root / "photos", range(40)))
    return root


@pytest.fixture
def directory(small, tmp_path):
    return shutil.copytree(small / "gallery", tmp_path / "gallery")


@pytest.fixture
def gallery(directory):
    with Gallery.open(directory, write=False) as opened:
        yield opened


class Searcher:
    """Searches without pause on a thread of its own, and checks every answer."""

    def __init__(self, gallery, photo_spaces, truth):
        self.answers = dict.fromkeys(MODELS, 0)
        self.failures = []
        self._spaces, self._gallery, self._truth = photo_spaces, gallery, truth
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        chance = np.random.default_rng(3)
        while not self._stop.is_set() and not self.failures:
            try:
                self._search(int(chance.integers(len(self._truth.images))))
            except BaseException as error:
                self.failures.append(error)

    def _search(self, place):
        with self._spaces.lent() as space:
            query = space.encoder.encode_photos([self._truth.images[place]])[0]
            hits = self._gallery.search(space.model_id, query, 20)
        assert len(hits) == 20
        self._truth.check(space, place, hits)
        self.answers[space.model_id] += 1

    def wait_for(self, model_id):
        """Until a search was answered by a model."""
        deadline = time.monotonic() + WAIT_S
        while not self.answers[model_id] and not self.failures:
            assert time.monotonic() < deadline, f"{model_id} answered no search"
            time.sleep(0.005)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(WAIT_S)
        if self.failures:
            raise self.failures[0]


def test_a_change_of_model_over_2000_photos_loses_no_search_and_mixes_no_vectors(tmp_path):
    numbers = range(2000)
    directory = gallery_of(tmp_path / "gallery", fill(tmp_path / "photos", numbers))
    with Gallery.open(directory, write=False) as gallery:
        truth = Truth(gallery, numbers)
        photo_spaces = PhotoSpaces(lambda: gallery, NEW, MODELS.get, batch_size=32)
        served = []

        def note(progress):
            if progress.done % 100 == 0:
                served.append((gallery.coverage(NEW.model_id).complete, photo_spaces.serving().model_id))

        with Searcher(gallery, photo_spaces, truth) as searcher:
            searcher.wait_for(OLD.model_id)
            done = photo_spaces.prepare(note, forget_former=True)
            searcher.wait_for(NEW.model_id)
        assert (done.switched, done.former, done.forgotten) == (True, OLD.model_id, True)
        assert (done.report.embedded, done.report.failed) == (2000, ())
        assert len(served) >= 20
        assert all(model_id == OLD.model_id for complete, model_id in served if not complete)
        assert min(searcher.answers.values()) > 0
        assert gallery.model_ids() == [NEW.model_id]
        assert gallery.search(OLD.model_id, truth.vectors[OLD.model_id][0], 20) == []


@pytest.mark.skipif(os.name == "nt", reason="needs fork and SIGKILL")
def test_killed_while_preparing_the_old_model_serves_and_the_next_run_completes(small, tmp_path):
    galleries = [shutil.copytree(small / "gallery", tmp_path / f"gallery-{n}") for n in range(8)]
    killed = subprocess.run(
        [sys.executable, ROOT / "tests" / "index" / "killed_embedder.py", "11", *galleries],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=True,
    )
    moments = [line.split() for line in killed.stdout.splitlines()]
    assert len(moments) == len(galleries) * KILLS_A_GALLERY
    assert sum(cut == "1" for _, cut in moments) >= len(galleries) // 2  # many were cut short, not finished
    begun = 0
    for directory in galleries:
        with Gallery.open(directory, write=False) as gallery:
            truth = Truth(gallery, range(40))
            before = gallery.coverage(NEW.model_id).done
            begun += 0 < before < 40
            photo_spaces = spaces(gallery)
            space = photo_spaces.serving()
            assert before == 40 or space.model_id == OLD.model_id
            for place in range(40):
                query = space.encoder.encode_photos([truth.images[place]])[0]
                truth.check(space, place, gallery.search(space.model_id, query, 20))
            done = photo_spaces.prepare()
            assert before + done.report.embedded == 40  # nothing twice, nothing lost
            space = photo_spaces.serving()
            assert space.model_id == gallery.active_model(DEEP_LANE) == NEW.model_id
            for place in range(40):
                query = truth.vectors[NEW.model_id][place]
                truth.check(space, place, gallery.search(space.model_id, query, 20))
            assert gallery.database.rows("PRAGMA integrity_check") == [("ok",)]
    assert begun > 0  # at least one kill fell between two batches


def test_a_cancelled_preparation_leaves_the_old_model_serving_and_goes_on_the_next_time(gallery):
    photo_spaces = spaces(gallery)
    first = photo_spaces.prepare(cancelled=lambda: gallery.coverage(NEW.model_id).done >= 8)
    assert (first.switched, first.report.cancelled, first.report.embedded) == (False, True, 8)
    status = photo_spaces.status()
    assert (status.serving, status.wanted, status.preparing) == (OLD.model_id, NEW.model_id, True)
    assert (status.coverage.done, status.coverage.total) == (8, 40)
    second = photo_spaces.prepare()
    assert (second.switched, second.report.embedded) == (True, 32)
    assert photo_spaces.status().serving == NEW.model_id
    assert photo_spaces.status().settled


def test_a_run_that_died_between_its_last_vector_and_the_switch_is_not_settled(gallery):
    from index.embedding import Embedder

    Embedder(gallery, NEW.encode_photos, NEW.model_id, NEW.dimension).run()
    photo_spaces = spaces(gallery)
    status = photo_spaces.status()
    assert (status.preparing, status.settled, status.serving) == (False, False, OLD.model_id)
    assert photo_spaces.prepare().switched
    assert photo_spaces.status().settled
    assert OLD.model_id in gallery.model_ids()  # kept unless asked otherwise
    third = photo_spaces.prepare()
    assert (third.switched, third.report.tried) == (False, 0)


def test_without_the_old_weights_the_new_model_serves_with_what_it_has(gallery):
    photo_spaces = PhotoSpaces(lambda: gallery, NEW, lambda _: None, batch_size=4)
    photo_spaces.prepare(cancelled=lambda: gallery.coverage(NEW.model_id).done >= 8)
    space = photo_spaces.serving()
    assert (space.model_id, space.encoder) == (NEW.model_id, NEW)
    picture = decode_bytes(photo_file(1)).image
    assert len(gallery.search(space.model_id, NEW.encode_photos([picture])[0], 40)) == 8


def test_where_nothing_served_before_the_wanted_model_serves_at_once(small, tmp_path):
    with Gallery.open(tmp_path / "gallery", write=True) as gallery:
        Indexer(gallery, OLD.encode_photos, OLD.model_id, OLD.dimension).run(small / "photos")
        photo_spaces = spaces(gallery)
        assert photo_spaces.serving().model_id == NEW.model_id
        done = photo_spaces.prepare()
    assert (done.switched, done.former) == (True, None)


def test_a_model_that_indexing_has_embedded_serves_without_more_work(directory):
    with Gallery.open(directory, write=True) as gallery:
        gallery.set_active_model(DEEP_LANE, None)
        done = spaces(gallery, OLD).prepare()
    assert (done.switched, done.report.tried) == (True, 0)


def test_the_fast_lane_s_vectors_are_never_forgotten(gallery):
    done = spaces(gallery, keep=frozenset({OLD.model_id})).prepare(forget_former=True)
    assert (done.switched, done.forgotten) == (True, False)
    assert gallery.coverage(OLD.model_id).done == 40


def test_a_former_model_that_serves_another_lane_is_not_forgotten(gallery, directory):
    with Gallery.open(directory, write=True) as writer:
        writer.set_active_model("another lane", OLD.model_id)
    done = spaces(gallery).prepare(forget_former=True)
    assert (done.switched, done.forgotten) == (True, False)
    assert gallery.coverage(OLD.model_id).done == 40


def test_a_model_is_forgotten_only_when_the_search_that_uses_it_has_ended(gallery, monkeypatch):
    monkeypatch.setattr("sketch_app.photo_spaces._FORGET_WAIT_S", WAIT_S)
    photo_spaces = spaces(gallery)
    outcome = []
    preparing = threading.Thread(target=lambda: outcome.append(photo_spaces.prepare(forget_former=True)))
    with photo_spaces.lent() as space:
        preparing.start()
        deadline = time.monotonic() + WAIT_S
        while gallery.active_model(DEEP_LANE) != NEW.model_id:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        picture = decode_bytes(photo_file(1)).image
        assert len(gallery.search(space.model_id, space.encoder.encode_photos([picture])[0], 20)) == 20
        assert not outcome
    preparing.join(WAIT_S)
    assert outcome[0].forgotten
    assert gallery.model_ids() == [NEW.model_id]


def test_a_model_that_is_searched_too_long_is_not_forgotten(gallery, monkeypatch):
    monkeypatch.setattr("sketch_app.photo_spaces._FORGET_WAIT_S", 0.05)
    photo_spaces = spaces(gallery)
    with photo_spaces.lent() as space:
        done = photo_spaces.prepare(forget_former=True)
        assert (done.switched, done.forgotten) == (True, False)
        picture = decode_bytes(photo_file(1)).image
        assert len(gallery.search(space.model_id, space.encoder.encode_photos([picture])[0], 20)) == 20


def test_a_model_replaced_while_it_is_being_lent_is_not_the_one_lent(gallery, directory):
    spaces(gallery).prepare(cancelled=lambda: gallery.coverage(NEW.model_id).done == 40)

    def replaced_meanwhile(model_id):
        if gallery.active_model(DEEP_LANE) == model_id:
            spaces(gallery).prepare(forget_former=True)  # another process is as quick as this
        return MODELS[model_id]

    with PhotoSpaces(lambda: gallery, NEW, replaced_meanwhile).lent() as space:
        assert space.model_id == NEW.model_id
        assert OLD.model_id not in gallery.model_ids()


def test_photos_added_at_the_last_moment_are_embedded_before_the_switch(small, gallery, directory, tmp_path):
    added = []

    def add(progress):
        if progress.phase == "finishing" and not added:  # all are embedded, the switch comes next
            with Gallery.open(directory, write=True) as writer:
                added.append(fill(tmp_path / "more", range(100, 103)))
                Indexer(writer, OLD.encode_photos, OLD.model_id, OLD.dimension).run(added[0])

    done = spaces(gallery).prepare(add)
    assert (done.switched, done.report.embedded) == (True, 43)


def test_a_disk_that_is_not_connected_keeps_the_old_model_serving(tmp_path):
    folder = fill(tmp_path / "photos", range(6))
    with Gallery.open(gallery_of(tmp_path / "gallery", folder), write=False) as gallery:
        folder.rename(tmp_path / "unplugged")
        photo_spaces = spaces(gallery)
        done = photo_spaces.prepare()
        assert (done.switched, len(done.report.failed)) == (False, 6)
        assert photo_spaces.serving().model_id == OLD.model_id
        (tmp_path / "unplugged").rename(folder)
        assert photo_spaces.prepare().switched


def test_choosing_another_model_ends_the_preparation_of_the_one_before(gallery):
    photo_spaces = spaces(gallery)

    def change_of_mind(progress):
        if progress.done == 10:
            photo_spaces.want(OLD)

    done = photo_spaces.prepare(change_of_mind)
    assert (done.switched, done.report.cancelled) == (False, True)
    assert photo_spaces.serving() == photo_spaces.serving()
    assert photo_spaces.status().wanted == photo_spaces.serving().model_id == OLD.model_id
    assert not photo_spaces.prepare().switched  # it serves already


def test_a_closed_gallery_is_said_so(directory):
    with Gallery.open(directory, write=False) as gallery:
        photo_spaces = spaces(gallery)
    with pytest.raises(GalleryError, match="is closed"):
        photo_spaces.serving()
