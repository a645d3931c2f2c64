"""The search pipeline: what it answers on the real models and gallery, and who wins when many ask."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from index.gallery import Gallery
from sketch_app.errors import SketchAppError, sentence_of
from sketch_app.model_sets import PICTURE_SIDE, EmbeddedModels, ModelSet
from sketch_app.protocols import (
    Captioner,
    ImageGenerator,
    PhotoEncoder,
    SketchEncoder,
    SketchName,
    SketchReading,
    caption_sentence,
)
from sketch_app.search import SearchPipeline
from sketch_app.search_types import Filters, PhotoResult, SearchRequest, Stage
from sketch_app.sketch import Sketch
from tests.sketch_app.demo_sketches import demo_drawing, demo_sketch
from tests.support.waiting import WAIT_S

CAT = SketchName("cat", "cat", "고양이", 0.9)


class Gate:
    """Models that stop where a race is to be provoked: they answer when the test lets them."""

    model_id = "gate"
    dimension = 4

    def __init__(self):
        self.calls = 0
        self.entered = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.error = None

    def wait(self):
        self.calls += 1
        self.entered.release()
        assert self.go_on.acquire(timeout=WAIT_S)
        if self.error is not None:
            raise self.error

    def read_sketch(self, sketch):
        self.wait()
        return SketchReading(np.eye(1, 4, dtype=np.float32), (CAT,), {"cat": 1.0})

    def encode_photos(self, photos):
        raise AssertionError("no photo is encoded while searching")


class GatedCaptioner(Gate):
    def name_sketch(self, sketch, *, limit=5, cancelled=None):
        self.wait()
        return (SketchName("hot_air_balloon", "hot air balloon", "열기구", 0.8),)


class GatedGenerator(Gate):
    def generate(self, sketch, prompt, *, seed, strength, size, cancelled=None):
        self.prompt, self.seed = prompt, seed
        self.wait()
        return np.full((size, size, 3), 9, np.uint8)


@dataclass
class Heard:
    """What a pipeline has said so far."""

    updates: list
    errors: list
    news: threading.Condition

    def wait_for(self, condition):
        with self.news:
            assert self.news.wait_for(lambda: condition(self), timeout=WAIT_S)

    @property
    def stages(self):
        return [(u.request.number, u.stage) for u in self.updates]


@contextmanager
def listening(pipeline):
    heard = Heard([], [], threading.Condition())

    def told(kind, *what):
        with heard.news:
            kind.append(what[0] if len(what) == 1 else what)
            heard.news.notify_all()

    pipeline.on_update = lambda update: told(heard.updates, update)
    pipeline.on_error = lambda request, sentence: told(heard.errors, request, sentence)
    try:
        yield heard
    finally:
        pipeline.close()


@pytest.fixture(scope="module")
def gallery(home):
    with Gallery.open(home.paths.default_gallery, write=False) as opened:
        yield opened


@pytest.fixture(scope="module")
def empty_gallery(tmp_path_factory):
    with Gallery.open(tmp_path_factory.mktemp("empty") / "gallery", write=True) as opened:
        yield opened


@pytest.fixture
def pipeline(models, gallery):
    made = SearchPipeline(models, lambda: gallery)
    yield made
    made.close()


def gated(gallery, **deep):
    gate = Gate()
    return gate, SearchPipeline(ModelSet("gate", fast=gate, photos=gate, **deep), lambda: gallery)


def asked(**changes):
    return replace(SearchRequest(0, demo_sketch("cat"), 0), **changes)


# What an answer holds


def test_a_drawing_finds_the_photo_of_its_subject(pipeline):
    for subject, photo in [("cat", "chelsea.png"), ("coffee cup", "coffee.png"), ("flower", "flower.jpg")]:
        update = pipeline.answer(SearchRequest(0, demo_sketch(subject), 0))
        assert update.results[0].path.name == photo
        assert update.stage is Stage.COMPLETE
        assert update.gallery_count == 25
        assert len(update.results) == 25
        assert 0 < update.seconds < WAIT_S


def test_results_come_best_first_each_photo_once_with_all_that_is_shown_of_it(pipeline, home):
    results = pipeline.answer(asked()).results
    scores = [r.score for r in results]
    assert scores == sorted(scores, reverse=True)
    assert all(-1.001 <= s <= 1.001 for s in scores)
    assert len({r.photo_id for r in results}) == len(results)
    first = results[0]
    assert first.path == home.photos / "chelsea.png"
    assert (first.width, first.height) == (451, 300)
    assert first.signals["sketch"] == first.score  # nothing else counts unless a weight says so
    assert 0.5 < first.signals["class"] <= 1
    assert first.other_paths == ()
    assert isinstance(first.taken_at, datetime)
    with pytest.raises(TypeError):
        first.signals["sketch"] = 1.0


def test_the_limit_is_kept(pipeline):
    everything = pipeline.answer(asked()).results
    assert pipeline.answer(asked(limit=3)).results == everything[:3]


def test_the_caption_is_the_one_sentence():
    assert (
        caption_sentence("cat") == "convert a cat into a high-resolution color image with a white background"
    )
    assert caption_sentence("hot_air_balloon").startswith("convert a hot air balloon into")
    assert CAT.sentence == caption_sentence("cat")


def test_the_caption_of_an_answer_is_of_its_first_name(pipeline):
    update = pipeline.answer(asked())
    assert update.names[0].class_name == "cat"
    assert update.caption == "convert a cat into a high-resolution color image with a white background"


def test_a_drawing_in_pixels_is_read_in_the_sketchs_place(pipeline):
    update = pipeline.answer(SearchRequest(0, Sketch(), 0, picture=demo_drawing("cat")))
    assert update.results == pipeline.answer(asked()).results


def test_more_like_a_photo_leaves_that_photo_out(pipeline, gallery):
    ids = {r.path.name: r.photo_id for r in pipeline.answer(asked()).results}
    update = pipeline.answer(asked(like_photo=ids["motorcycle_left.png"]))
    names = [r.path.name for r in update.results]
    assert names[0] == "motorcycle_right.png"
    assert "motorcycle_left.png" not in names
    assert len(names) == 24
    assert list(update.results[0].signals) == ["photo"]
    assert update.names == ()
    assert update.caption is None
    assert len(pipeline.answer(asked(like_photo=ids["moon.png"], limit=5)).results) == 5


def test_more_like_a_photo_that_has_no_vector_says_to_wait(pipeline):
    with pytest.raises(SketchAppError, match="not indexed yet"):
        pipeline.answer(asked(like_photo=10**6))


def test_filters_narrow_the_answer(pipeline, gallery):
    (album,) = gallery.albums()
    now = datetime.now()
    all_names = [r.path.name for r in pipeline.answer(asked()).results]
    for filters, expected in [
        (Filters(albums=frozenset({album.id})), all_names),
        (Filters(albums=frozenset({album.id + 1})), []),
        (Filters(taken_to=now - timedelta(days=36500)), []),
        (Filters(taken_from=now + timedelta(days=2)), []),
        (Filters(kinds=frozenset({"photo", "picture", "screenshot"})), all_names),
    ]:
        assert [r.path.name for r in pipeline.answer(asked(filters=filters)).results] == expected
    by_kind = [
        {r.path.name for r in pipeline.answer(asked(filters=Filters(kinds=frozenset({kind})))).results}
        for kind in ("photo", "picture", "screenshot")
    ]
    assert set.union(*by_kind) == set(all_names)
    assert sum(map(len, by_kind)) == len(all_names)


def test_an_empty_gallery_is_told_apart_from_nothing_found(models, empty_gallery, pipeline):
    update = SearchPipeline(models, lambda: empty_gallery).answer(asked())
    assert (update.results, update.gallery_count) == ((), 0)
    assert update.names[0].class_name == "cat"  # the drawing is named all the same
    nothing = pipeline.answer(asked(filters=Filters(taken_to=datetime(1900, 1, 1))))
    assert (nothing.results, nothing.gallery_count) == ((), 25)


def test_the_similarity_shown_is_between_0_and_100():
    shown = [PhotoResult(1, score, None, (), 1, 1, None).percent for score in (-0.4, 0.0, 0.496, 1.0, 1.0001)]
    assert shown == [0, 0, 50, 100, 100]


def test_the_embedded_models_speak_the_applications_protocols(models):
    assert isinstance(models.fast, SketchEncoder | Captioner)
    assert isinstance(models.photos, PhotoEncoder)
    assert isinstance(models.fast, Captioner)
    assert isinstance(GatedGenerator(), ImageGenerator)
    assert models.fast.name_sketch(demo_drawing("cat"), limit=2)[0].korean == "고양이"


# On its own thread


def test_an_answer_comes_with_the_request_it_belongs_to(pipeline):
    with listening(pipeline) as heard:
        request = pipeline.submit(demo_sketch("cat"), 17, limit=4)
        heard.wait_for(lambda h: h.updates)
        assert heard.updates[0].request is request
        assert request.revision == 17
        assert len(heard.updates[0].results) == 4
        assert heard.errors == []


def test_numbers_grow_with_every_request(pipeline):
    numbers = [pipeline.submit(Sketch(), 0).number for _ in range(3)]
    assert numbers == sorted(set(numbers))


def test_the_newest_wins_in_a_storm(empty_gallery):
    gate, pipeline = gated(empty_gallery)
    with listening(pipeline) as heard:
        pipeline.submit(demo_sketch("cat"), 0)
        assert gate.entered.acquire(timeout=WAIT_S)
        for revision in range(1, 200):
            last = pipeline.submit(demo_sketch("moon" if revision % 2 else "rocket"), revision)
        gate.go_on.release(2)
        heard.wait_for(lambda h: h.updates)
        assert gate.calls == 2  # the one that was running, and the newest
    assert heard.stages == [(last.number, Stage.COMPLETE)]


def test_a_storm_from_many_threads_ends_with_the_highest_number(pipeline):
    pipeline.answer(asked())
    newest = []
    with listening(pipeline) as heard:
        start = threading.Barrier(4)

        def ask():
            start.wait(WAIT_S)
            for revision in range(25):
                newest.append(pipeline.submit(demo_sketch("cat"), revision, limit=1).number)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT_S)
        heard.wait_for(lambda h: h.updates and h.updates[-1].request.number == max(newest))
    numbers = [u.request.number for u in heard.updates]
    assert sorted(newest) == list(range(1, 101))
    assert numbers == sorted(set(numbers))
    assert heard.errors == []


def test_an_answer_that_was_overtaken_while_ranking_is_not_shown(models, home):
    counting, go_on = threading.Semaphore(0), threading.Semaphore(0)

    class SlowGallery(Gallery):
        def count(self):
            counting.release()
            assert go_on.acquire(timeout=WAIT_S)
            return super().count()

    with SlowGallery.open(home.paths.default_gallery, write=False) as gallery:
        pipeline = SearchPipeline(replace(models, generator=None), lambda: gallery)
        with listening(pipeline) as heard:
            pipeline.submit(demo_sketch("cat"), 0)
            assert counting.acquire(timeout=WAIT_S)
            new = pipeline.submit(demo_sketch("cat"), 1)
            go_on.release(2)
            heard.wait_for(lambda h: h.updates and h.updates[-1].request is new)
    assert heard.stages == [(new.number, Stage.COMPLETE)]


def test_nothing_comes_for_what_was_cancelled(empty_gallery):
    gate, pipeline = gated(empty_gallery)
    with listening(pipeline) as heard:
        pipeline.submit(demo_sketch("cat"), 0)
        assert gate.entered.acquire(timeout=WAIT_S)
        pipeline.submit(demo_sketch("cat"), 1)  # still waiting
        pipeline.cancel()
        gate.go_on.release(3)
        last = pipeline.submit(demo_sketch("moon"), 2)  # and the pipeline lives on
        heard.wait_for(lambda h: h.updates)
        assert gate.calls == 2
    assert heard.stages == [(last.number, Stage.COMPLETE)]


def test_an_error_becomes_a_sentence_and_the_next_request_is_answered(empty_gallery):
    gate, pipeline = gated(empty_gallery)
    gate.go_on.release(3)
    with listening(pipeline) as heard:
        for error, sentence in [
            (SketchAppError("The pen is dry: fill it."), "The pen is dry: fill it."),
            (RuntimeError("tensor"), sentence_of(RuntimeError("tensor"))),
        ]:
            gate.error = error
            request = pipeline.submit(demo_sketch("cat"), 0)
            heard.wait_for(lambda h: h.errors)
            assert heard.errors.pop() == (request, sentence)
        gate.error = None
        pipeline.submit(demo_sketch("cat"), 1)
        heard.wait_for(lambda h: h.updates)


def test_an_error_of_a_superseded_request_is_not_shown(empty_gallery):
    gate, pipeline = gated(empty_gallery)
    gate.error = RuntimeError("old")
    with listening(pipeline) as heard:
        pipeline.submit(demo_sketch("cat"), 0)
        assert gate.entered.acquire(timeout=WAIT_S)
        pipeline.submit(demo_sketch("cat"), 1)
        gate.go_on.release()
        assert gate.entered.acquire(timeout=WAIT_S)
        gate.error = None
        gate.go_on.release()
        heard.wait_for(lambda h: h.updates)
        assert heard.errors == []


def test_a_gallery_that_cannot_be_opened_is_an_error_of_the_request(models):
    def refused():
        raise SketchAppError("The gallery is on a disk that is not there.")

    pipeline = SearchPipeline(models, refused)
    with listening(pipeline) as heard:
        pipeline.submit(demo_sketch("cat"), 0)
        heard.wait_for(lambda h: h.errors)
        assert heard.errors[0][1] == "The gallery is on a disk that is not there."


def test_our_own_errors_speak_for_themselves_and_others_name_their_kind():
    from models.errors import WeightsError

    assert sentence_of(WeightsError("Weights are missing.")) == "Weights are missing."
    foreign = sentence_of(KeyError("name"))
    assert "KeyError" in foreign
    assert "log file" in foreign


def test_warming_up_loads_the_models_on_the_worker(gallery):
    loaded = threading.Event()

    class Watched(EmbeddedModels):
        def read_sketch(self, sketch):
            answer = super().read_sketch(sketch)
            self.thread = threading.current_thread().name
            loaded.set()
            return answer

    watched = Watched()
    pipeline = SearchPipeline(ModelSet("embedded", fast=watched, photos=watched), lambda: gallery)
    with listening(pipeline) as heard:
        pipeline.warm_up()
        assert loaded.wait(WAIT_S)
        assert watched.thread != threading.current_thread().name
        pipeline.submit(demo_sketch("cat"), 0)
        heard.wait_for(lambda h: h.updates)
        assert len(heard.updates) == 1  # nothing was said about the warming itself


def test_a_failed_warm_up_is_silent_and_the_search_says_it(tmp_path, gallery):
    broken = EmbeddedModels(tmp_path)
    pipeline = SearchPipeline(ModelSet("broken", fast=broken, photos=broken), lambda: gallery)
    with listening(pipeline) as heard:
        pipeline.warm_up()
        pipeline.submit(demo_sketch("cat"), 0)
        heard.wait_for(lambda h: h.errors)
        assert str(tmp_path) in heard.errors[0][1]


def test_closing_ends_the_worker_and_may_come_twice_or_before_any_request(models, gallery):
    pipeline = SearchPipeline(models, lambda: gallery)
    pipeline.close()
    pipeline.close()
    gate, pipeline = gated(gallery)
    with listening(pipeline) as heard:
        pipeline.submit(demo_sketch("cat"), 0)
        assert gate.entered.acquire(timeout=WAIT_S)
        (worker,) = [t for t in threading.enumerate() if t.name == "search" and t.is_alive()][-1:]
        pipeline.close(timeout=0)
        gate.go_on.release()
        worker.join(WAIT_S)
        assert not worker.is_alive()
        pipeline.submit(demo_sketch("cat"), 1)
    assert heard.updates == []
    assert gate.calls == 1


# The deep lane


def test_a_deep_lane_speaks_in_stages_each_holding_all_before(empty_gallery):
    captioner, generator = GatedCaptioner(), GatedGenerator()
    gate, pipeline = gated(empty_gallery, captioner=captioner, generator=generator)
    for part in (gate, captioner, generator):
        part.go_on.release()
    with listening(pipeline) as heard:
        request = pipeline.submit(demo_sketch("cat"), 0)
        heard.wait_for(lambda h: h.updates and h.updates[-1].stage is Stage.COMPLETE)
    fast, captioned, imagined, complete = heard.updates
    stages = [Stage.FAST, Stage.CAPTIONED, Stage.GENERATED, Stage.COMPLETE]
    assert [u.stage for u in heard.updates] == stages
    assert all(u.request is request for u in heard.updates)
    assert fast.names == (CAT,)
    assert captioned.caption == complete.caption == generator.prompt == caption_sentence("hot_air_balloon")
    assert complete.names == captioned.names
    assert captioned.generated is None
    assert imagined.generated is complete.generated
    assert complete.generated.shape == (PICTURE_SIDE, PICTURE_SIDE, 3)
    assert fast.results == complete.results
    assert fast.seconds <= captioned.seconds <= complete.seconds


def test_without_a_generator_the_caption_completes_the_answer(empty_gallery):
    captioner = GatedCaptioner()
    gate, pipeline = gated(empty_gallery, captioner=captioner)
    gate.go_on.release()
    captioner.go_on.release()
    with listening(pipeline) as heard:
        pipeline.submit(demo_sketch("cat"), 0)
        heard.wait_for(lambda h: len(h.updates) == 3)
    assert [u.stage for u in heard.updates] == [Stage.FAST, Stage.CAPTIONED, Stage.COMPLETE]


@pytest.mark.parametrize("stage", ["fast", "captioner", "generator"])
def test_a_newer_request_ends_an_older_one_at_its_next_stage(empty_gallery, stage):
    captioner, generator = GatedCaptioner(), GatedGenerator()
    gate, pipeline = gated(empty_gallery, captioner=captioner, generator=generator)
    parts = {"fast": gate, "captioner": captioner, "generator": generator}
    held = parts.pop(stage)
    for part in parts.values():
        part.go_on.release(5)
    with listening(pipeline) as heard:
        old = pipeline.submit(demo_sketch("cat"), 0)
        assert held.entered.acquire(timeout=WAIT_S)
        new = pipeline.submit(demo_sketch("moon"), 1)
        before = heard.stages.copy()
        held.go_on.release(5)
        heard.wait_for(lambda h: (new.number, Stage.COMPLETE) in h.stages)
    after_the_newer_one = heard.stages[len(before) :]
    assert {number for number, _ in after_the_newer_one} == {new.number}
    assert {number for number, _ in before} <= {old.number}
    assert len(before) == {"fast": 0, "captioner": 1, "generator": 2}[stage]
    assert captioner.calls == (1 if stage == "fast" else 2)
    assert generator.calls == (2 if stage == "generator" else 1)


def test_more_like_a_photo_needs_no_deep_lane(models, gallery):
    captioner = GatedCaptioner()  # would wait for ever
    pipeline = SearchPipeline(replace(models, captioner=captioner), lambda: gallery)
    with listening(pipeline) as heard:
        pipeline.submit(Sketch(), 0, like_photo=1)
        heard.wait_for(lambda h: h.updates)
    assert heard.stages == [(1, Stage.COMPLETE)]
    assert captioner.calls == 0
