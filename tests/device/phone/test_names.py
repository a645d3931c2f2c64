"""How names from the phone are shown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.phone.names import shown


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"plain.jpg", "plain.jpg"),
        (unicodedata.normalize("NFD", "가족 사진").encode(), "가족 사진"),
        ("가족 사진".encode(), "가족 사진"),
        (b"new\nline\t\x1b[31m", r"new\nline\t\x1b[31m"),
        (b"latin-\xe9", r"latin-\xe9"),
        ("\u202egpj.exe".encode(), r"\u202egpj.exe"),
        ("👨\u200d👩\u200d👧 \U0001f600".encode(), "👨\u200d👩\u200d👧 \U0001f600"),
    ],
)
def test_a_name_is_shown_on_one_line_as_people_read_it(name: bytes, expected: str) -> None:
    assert shown(name) == expected


@given(st.binary(max_size=300), st.integers(10, 80))
def test_any_bytes_are_shown_on_one_printable_line_of_the_length_asked_for(name: bytes, limit: int) -> None:
    text = shown(name, limit=limit)
    assert len(text) <= limit
    assert "\n" not in text
    assert text.encode().decode() == text
    assert all(unicodedata.category(character) != "Cc" for character in text)
