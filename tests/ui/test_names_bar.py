"""The chips that say what the sketch may be."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTranslator
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

import ui
from sketch_app.protocols import SketchName
from ui.chip import Chip
from ui.names_bar import MOST, NamesBar

CAT = SketchName("cat", "cat", "고양이", 0.62)
DOG = SketchName("dog", "dog", "개", 0.2)
BALLOON = SketchName("hot_air_balloon", "hot air balloon", "열기구", 0.05)
UNLIKELY = SketchName("sun", "sun", "해", 0.004)


@pytest.fixture
def bar(qtbot):
    bar = NamesBar()
    qtbot.addWidget(bar)
    bar.resize(600, 32)
    bar.show()
    bar.activateWindow()  # without a window manager nobody else does it
    qtbot.waitUntil(bar.isActiveWindow)
    return bar


def test_the_likeliest_name_comes_first_with_its_alternatives(bar):
    bar.set_names((CAT, DOG, BALLOON, UNLIKELY))
    assert bar.texts == ("cat 62%", "dog 20%", "hot air balloon 5%")


def test_a_name_stands_even_when_nothing_is_likely(bar):
    bar.set_names((UNLIKELY,))
    assert bar.texts == ("sun 0%",)


def test_each_chip_says_its_caption_on_hover(bar):
    bar.set_names((CAT, DOG), caption="convert a kitten into a picture")
    chips = [chip for chip in bar.findChildren(Chip) if chip.text() and not chip.isHidden()]
    assert "convert a kitten into a picture" in chips[0].toolTip()
    assert DOG.sentence in chips[1].toolTip()


def test_names_are_korean_in_a_korean_window_and_change_with_it(qtbot, bar):
    bar.set_names((CAT, DOG))
    translator = QTranslator()
    assert translator.load(str(Path(ui.__file__).parent / "translations" / "sketch_app_ko.qm"))
    QApplication.installTranslator(translator)
    try:
        qtbot.waitUntil(lambda: bar.texts == ("고양이 62%", "개 20%"))
    finally:
        QApplication.removeTranslator(translator)
    qtbot.waitUntil(lambda: bar.texts == ("cat 62%", "dog 20%"))


def test_a_narrow_bar_keeps_the_best_names_whole(bar):
    names = tuple(SketchName(f"n{k}", f"long name {k}", "이름", 0.19) for k in range(MOST))
    bar.resize(1200, 32)
    bar.set_names(names)
    assert len(bar.texts) == MOST
    bar.resize(260, 32)
    assert 1 <= len(bar.texts) < MOST
    assert bar.texts[0] == "long name 0 19%"
    visible = [chip for chip in bar.findChildren(Chip) if not chip.isHidden()]
    assert visible[-1].geometry().right() <= bar.width()


def test_clearing_leaves_no_name_and_the_same_height(bar):
    bar.set_names((CAT,))
    height = bar.sizeHint().height()
    bar.clear()
    assert bar.texts == ()
    assert bar.sizeHint().height() == height


def test_stale_names_are_dimmed_until_new_ones_come(bar):
    bar.set_names((CAT,))
    bar.set_stale(True)
    assert bar.graphicsEffect().isEnabled()
    bar.set_names((DOG,))
    assert not bar.graphicsEffect().isEnabled()


def chips_of(bar):
    return [chip for chip in bar.findChildren(Chip) if chip.text() and not chip.isHidden()]


def test_a_click_or_a_key_chooses_a_name_and_again_lets_go_of_it(qtbot, bar):
    bar.set_names((CAT, DOG))
    dog = chips_of(bar)[1]
    with qtbot.waitSignal(bar.caption_chosen) as said:
        qtbot.mouseClick(dog, Qt.MouseButton.LeftButton)
    assert said.args == ["dog"]
    assert [chip.isChecked() for chip in chips_of(bar)] == [False, True]
    dog.setFocus()
    for key, words in ((Qt.Key.Key_Return, ""), (Qt.Key.Key_Space, "dog")):
        with qtbot.waitSignal(bar.caption_chosen) as said:
            qtbot.keyClick(dog, key)
        assert said.args == [words]
        assert dog.isChecked() == bool(words)


def test_what_was_chosen_stays_chosen_when_the_names_come_anew(bar):
    bar.set_names((CAT, DOG), chosen="dog")
    assert [chip.text() for chip in chips_of(bar) if chip.isChecked()] == ["dog 20%"]
    bar.set_names((CAT, BALLOON), chosen="dog")
    assert bar.texts == ("dog", "cat 62%", "hot air balloon 5%")
    assert chips_of(bar)[0].isChecked()


def pencil_of(bar):
    return next(chip for chip in bar.findChildren(Chip) if not chip.text() and not chip.isHidden())


def test_own_words_are_typed_in_place_and_enter_takes_them(qtbot, bar):
    bar.set_names((CAT, DOG))
    height = bar.height()
    qtbot.mouseClick(pencil_of(bar), Qt.MouseButton.LeftButton)
    field = bar.findChild(QLineEdit)
    assert field.isVisible()
    assert bar.window().focusWidget() is field  # which has the keys whenever the window has them
    assert field.selectedText() == "cat"
    assert bar.texts == ()
    qtbot.keyClicks(field, "  striped   cat ")
    with qtbot.waitSignal(bar.caption_chosen) as said:
        qtbot.keyClick(field, Qt.Key.Key_Return)
    assert said.args == ["striped cat"]
    assert bar.texts[0] == "striped cat"
    assert not field.isVisible()
    assert bar.window().focusWidget() is pencil_of(bar)
    assert bar.height() == height
    with qtbot.waitSignal(bar.caption_chosen) as said:
        qtbot.mouseClick(chips_of(bar)[0], Qt.MouseButton.LeftButton)
    assert said.args == [""]
    assert bar.texts == ("cat 62%", "dog 20%")


def test_escape_gives_up_and_an_emptied_field_lets_go(qtbot, bar):
    bar.set_names((CAT, DOG), chosen="lion")
    said = []
    bar.caption_chosen.connect(said.append)
    bar.edit()
    field = bar.findChild(QLineEdit)
    qtbot.keyClicks(field, "tiger")
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert said == []
    assert bar.texts == ("lion", "cat 62%", "dog 20%")
    bar.edit()
    field.clear()
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert said == [""]


def test_the_words_of_a_name_are_that_name_in_either_language(qtbot, bar):
    bar.set_names((CAT, DOG))
    for words in ("dog", "개"):
        bar.edit()
        bar.findChild(QLineEdit).setText(words)
        with qtbot.waitSignal(bar.caption_chosen) as said:
            qtbot.keyClick(bar.findChild(QLineEdit), Qt.Key.Key_Return)
        assert said.args == ["dog"]
        bar.set_names((CAT, DOG))


def test_names_that_come_while_a_person_types_do_not_disturb(qtbot, bar):
    bar.set_names((CAT, DOG))
    bar.edit()
    qtbot.keyClicks(bar.findChild(QLineEdit), "bir")
    bar.set_stale(True)
    bar.set_names((DOG, CAT))
    assert bar.findChild(QLineEdit).text() == "bir"
    assert bar.is_editing
    assert bar.texts == ()


def test_in_a_narrow_bar_the_chosen_name_and_the_pencil_stay(bar):
    names = tuple(SketchName(f"n{k}", f"long name {k}", "이름", 0.19) for k in range(MOST))
    bar.resize(330, 32)
    bar.set_names(names, chosen="long name 4")
    assert "long name 4 19%" in bar.texts
    assert len(bar.texts) < MOST
    assert pencil_of(bar).geometry().right() <= bar.width()


def test_every_chip_says_what_it_is_and_what_pressing_it_does(bar):
    bar.set_names((CAT, DOG), chosen="dog")
    cat, dog = chips_of(bar)
    assert cat.accessibleName() == "cat 62%"
    assert "search for “cat”" in cat.accessibleDescription()
    assert "leave “dog”" in dog.accessibleDescription()
    assert pencil_of(bar).accessibleName()
    assert pencil_of(bar).focusPolicy() & Qt.FocusPolicy.TabFocus


def test_an_empty_bar_offers_nothing_to_type(bar):
    bar.set_names((CAT,))
    bar.edit()
    bar.clear()
    assert not bar.is_editing
    assert all(chip.isHidden() for chip in bar.findChildren(Chip))


def test_a_field_that_loses_the_keyboard_to_the_window_gives_up(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    bar, other = NamesBar(window), QLineEdit(window)
    bar.resize(500, 32)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    bar.set_names((CAT, DOG))
    bar.edit()
    assert bar.is_editing
    other.setFocus()
    assert not bar.is_editing
    assert other.window().focusWidget() is other
    assert bar.texts == ("cat 62%", "dog 20%")
