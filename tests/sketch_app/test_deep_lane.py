"""The deep lane alone: its stages, what it remembers, and what happens when a model fails."""

from __future__ import annotations

import numpy as np
import pytest

from models.caption_sentence import caption_sentence
from models.errors import Cancelled, WeightsError
from sketch_app.deep_lane import SEED, DeepLane
from sketch_app.model_sets import PICTURE_SIDE
from sketch_app.protocols import SketchName
from sketch_app.resident import Words

SKETCH, OTHER = np.full((32, 32), 255, np.uint8), np.zeros((32, 32), np.uint8)


class Captioner:
    def __init__(self, *names):
        self.names, self.calls, self.error = names or ("cat", "dog"), 0, None

    def name_sketch(self, sketch, *, limit=5, cancelled=None):
        self.calls += 1
        if self.error:
            raise self.error
        return tuple(SketchName(n, n, n, 1 / (i + 2)) for i, n in enumerate(self.names))


class Generator:
    def __init__(self):
        self.prompts, self.error = [], None

    def generate(self, sketch, prompt, *, seed, strength, size, cancelled=None):
        assert seed == SEED
        self.prompts.append(prompt)
        if self.error:
            raise self.error
        return np.full((size, size, 3), len(prompt), np.uint8)


class Embedder:
    dimension = 2

    def __init__(self, model_id="m"):
        self.model_id, self.calls = model_id, 0

    def encode_photos(self, photos):
        self.calls += 1
        return np.array([[p.mean() / 255, 1] for p in photos], np.float32)


@pytest.fixture
def parts():
    return Captioner(), Generator(), Embedder()


def lane(parts, words=None):
    captioner, generator, embedder = parts
    return DeepLane(captioner, generator, lambda: embedder, words)


def run(deep, sketch=SKETCH, caption=None, cancelled=lambda: False):
    return list(deep.run(sketch, fallback=caption_sentence("moon"), caption=caption, cancelled=cancelled))


def test_caption_picture_and_vector_arrive_one_after_the_other(parts):
    captioned, imagined, embedded = run(lane(parts))
    assert captioned.caption == caption_sentence("cat")
    assert [n.english for n in captioned.names] == ["cat", "dog"]
    assert captioned.picture is None
    assert imagined.picture.shape == (PICTURE_SIDE, PICTURE_SIDE, 3)
    assert imagined.vector is None
    assert embedded.space == "m"
    assert embedded.vector.shape == (2,)
    assert set(embedded.seconds) == {"caption", "generate", "embed"}


def test_the_same_sketch_runs_no_model_again_and_another_one_does(parts):
    captioner, generator, embedder = parts
    deep = lane(parts)
    first, again = run(deep)[-1], run(deep)[-1]
    assert again.picture is first.picture
    assert (captioner.calls, len(generator.prompts), embedder.calls) == (1, 1, 1)
    run(deep, OTHER)
    assert (captioner.calls, len(generator.prompts), embedder.calls) == (2, 2, 2)


def test_words_of_the_person_go_before_the_captioner(parts):
    captioner, generator, _ = parts
    deep = lane(parts)
    states = run(deep, caption="a drawing of a red bus")
    assert states[0].caption == caption_sentence("red bus") == generator.prompts[0]
    assert captioner.calls == 0
    assert run(deep)[0].caption == caption_sentence("cat")  # taken back: the captioner's again
    run(deep, caption="red bus")
    assert len(generator.prompts) == 2  # imagined before


def test_another_photo_model_embeds_the_same_picture_anew(parts):
    captioner, generator, _ = parts
    models = [Embedder("a"), Embedder("b")]
    deep = DeepLane(captioner, generator, lambda: models[0])
    assert run(deep)[-1].space == "a"
    models.pop(0)
    assert run(deep)[-1].space == "b"
    assert len(generator.prompts) == 1


def test_a_captioner_that_fails_is_passed_over_with_a_word(parts):
    parts[0].error = WeightsError("The captioner is damaged.")
    states = run(lane(parts))
    assert states[0].caption == caption_sentence("moon")
    assert states[0].names == ()
    assert states[-1].vector is not None
    assert states[-1].notice == "The captioner is damaged."


@pytest.mark.parametrize("error", [WeightsError("The generator is damaged."), RuntimeError("tensor")])
def test_a_generator_that_fails_leaves_the_caption_and_a_sentence(parts, error):
    parts[1].error = error
    states = run(lane(parts))
    assert states[-1].picture is None
    assert states[-1].caption == caption_sentence("cat")
    assert str(error) in states[-1].notice


def test_what_the_models_say_meanwhile_is_passed_on_once(parts):
    words = Words()
    deep = lane(parts, words)
    words.say("It did not fit.")
    assert run(deep)[0].notice == "It did not fit."
    assert run(deep)[0].notice is None


@pytest.mark.parametrize("stages", [0, 1, 2])
def test_a_cancelled_run_ends_before_its_next_stage(parts, stages):
    captioner, generator, embedder = parts
    seen = []
    for state in lane(parts).run(SKETCH, fallback=None, cancelled=lambda: len(seen) >= stages):
        seen.append(state)
    assert captioner.calls == 1
    assert len(generator.prompts) == (1 if stages > 1 else 0)
    assert embedder.calls == (1 if stages > 2 else 0)


@pytest.mark.parametrize("part", [0, 1])
def test_a_model_that_is_cancelled_in_the_middle_ends_the_run_without_a_word(parts, part):
    parts[part].error = Cancelled()
    assert all(state.notice is None for state in run(lane(parts)))
    assert len(run(lane(parts))) == part


@pytest.mark.parametrize(
    ("has_captioner", "has_generator", "has_embedder", "count"),
    [(True, False, True, 1), (False, True, True, 3), (True, True, False, 2)],
)
def test_absent_models_are_passed_over(parts, has_captioner, has_generator, has_embedder, count):
    captioner, generator, embedder = parts
    deep = DeepLane(
        captioner if has_captioner else None,
        generator if has_generator else None,
        lambda: embedder if has_embedder else None,
    )
    assert len(run(deep)) == count


def test_without_any_sentence_nothing_is_imagined(parts):
    deep = DeepLane(None, parts[1], lambda: parts[2])
    (only,) = deep.run(SKETCH, fallback=None, cancelled=lambda: False)
    assert only.caption is None
    assert parts[1].prompts == []
