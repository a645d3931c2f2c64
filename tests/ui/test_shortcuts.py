"""Keys by their place: R is R on every layout and under Korean input."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

from ui.shortcuts import physical_key, plain

NONE = Qt.KeyboardModifier.NoModifier


def press(key: int, text: str = "", *, scan: int = 0, virtual: int = 0, held=NONE) -> QKeyEvent:
    return QKeyEvent(QEvent.Type.KeyPress, key, held, scan, virtual, 0, text)


@pytest.mark.parametrize(
    ("platform", "scan", "virtual"), [("linux", 27, 0), ("win32", 0x13, 0), ("darwin", 1, 0x0F)]
)
@pytest.mark.parametrize("letter", ["r", "ㄱ", "ㄲ", "к", "p"])
def test_the_key_at_the_place_of_r_is_r_whatever_it_types(platform, scan, virtual, letter):
    """Korean, Russian and Dvorak put other letters there."""
    event = press(ord(letter.upper()), letter, scan=scan, virtual=virtual)
    assert physical_key(event, platform) == "r"


def test_the_letter_r_elsewhere_is_not_the_key_r():
    assert (
        physical_key(press(Qt.Key.Key_R, "r", scan=32), "linux") is None
    )  # Dvorak: R is typed with the key O


@pytest.mark.parametrize(("jamo", "name"), [("ㄱ", "r"), ("ㄷ", "e"), ("ㅊ", "c"), ("ㅋ", "z")])
def test_without_a_place_a_jamo_stands_for_its_key(jamo, name):
    assert physical_key(press(ord(jamo), jamo), "linux") == name
    assert physical_key(press(0, jamo), "linux") == name


@pytest.mark.parametrize(("key", "name"), [(Qt.Key.Key_R, "r"), (Qt.Key.Key_1, "1"), (Qt.Key.Key_E, "e")])
def test_without_a_place_the_letter_counts(key, name):
    assert physical_key(press(key, name), "linux") == name


def test_other_keys_have_no_command():
    assert physical_key(press(Qt.Key.Key_Q, "q"), "linux") is None
    assert physical_key(press(Qt.Key.Key_F1), "linux") is None
    assert physical_key(press(Qt.Key.Key_Return, "\r", scan=36), "linux") is None


def test_a_held_modifier_makes_it_another_command():
    assert plain(press(Qt.Key.Key_R, "r"))
    assert plain(press(Qt.Key.Key_1, "1", held=Qt.KeyboardModifier.KeypadModifier))
    assert not plain(press(Qt.Key.Key_R, "r", held=Qt.KeyboardModifier.ControlModifier))
    assert not plain(press(Qt.Key.Key_R, "R", held=Qt.KeyboardModifier.ShiftModifier))
