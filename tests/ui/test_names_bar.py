"""The chips that say what the sketch may be."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QTranslator
from PySide6.QtWidgets import QApplication, QLabel

import ui
from sketch_app.protocols import SketchName
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
    return bar


def test_the_likeliest_name_comes_first_with_its_alternatives(bar):
    bar.set_names((CAT, DOG, BALLOON, UNLIKELY))
    assert bar.texts == ("cat 62%", "dog 20%", "hot air balloon 5%")


def test_a_name_stands_even_when_nothing_is_likely(bar):
    bar.set_names((UNLIKELY,))
    assert bar.texts == ("sun 0%",)


def test_each_chip_says_its_caption_on_hover(bar):
    bar.set_names((CAT, DOG), caption="convert a kitten into a picture")
    chips = [chip for chip in bar.findChildren(QLabel) if not chip.isHidden()]
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
    visible = [chip for chip in bar.findChildren(QLabel) if not chip.isHidden()]
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
