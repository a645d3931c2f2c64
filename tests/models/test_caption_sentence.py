import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import caption_sentence as module
from models.caption_sentence import caption_sentence, subject_of
from models.class_names import _table


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("caption", "subject"),
    [
        ("a drawing of a cat", "cat"),
        ("a black and white drawing of a dog on a white background", "dog"),
        ("there is a drawing of a cup of coffee", "cup of coffee"),
        ("a sketch of an elephant", "elephant"),
        ("A simple line drawing of a hot air balloon.", "hot air balloon"),
        ("this is a hand drawn picture of the moon in black and white", "moon"),
        ("a black and white image of a drawing of a bicycle", "bicycle"),
        ("pizza", "pizza"),
        ("a pizza", "pizza"),
        ("convert a pizza into a high-resolution color image with a white background", "pizza"),
        ("convert a pizza into a high - resolution color image with a white background", "pizza"),
        ("convert an apple into a high-resolution colour image", "apple"),
        ("convert a hot air balloon into a", "hot air balloon"),
        ("a black and white cat", "cat"),
        ("the eiffel tower with a white background", "eiffel tower"),
        ("", ""),
        ("  .  ", ""),
    ],
)
def test_any_caption_has_the_subject_a_person_would_name(caption, subject):
    assert subject_of(caption) == subject


def test_every_class_comes_back_from_its_sentence():
    for name in _table():
        words = name.replace("_", " ").lower()
        assert subject_of(caption_sentence(name)) == words


@given(st.text())
def test_no_text_breaks_it_and_a_subject_stays_what_it_is(text):
    subject = subject_of(text)
    if subject:
        assert subject_of(caption_sentence(subject)) == subject
