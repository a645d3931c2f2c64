"""The two themes: legible, complete, and following the system."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import QApplication, QComboBox, QToolButton

import ui
from ui.theme import DARK, LIGHT, apply_theme, bind_icon, current_theme, icon, icon_pixmap, style_sheet

ICONS = sorted(path.stem for path in (Path(ui.__file__).parent / "icons").glob("*.svg"))


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = (QColor(colour).redF(), QColor(colour).greenF(), QColor(colour).blueF())
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_words_reach_wcag_aa_on_every_ground(theme):
    for ground in (theme.surface, theme.raised, theme.sunken):
        for words in (theme.text, theme.muted, theme.accent_text, theme.danger, theme.warning, theme.success):
            assert contrast(words, ground) >= 4.5, (words, ground)
    assert contrast(theme.on_accent, theme.accent) >= 4.5
    assert contrast(theme.accent_text, theme.accent_soft) >= 4.5
    assert contrast(theme.warning, theme.warning_soft) >= 4.5
    assert contrast(theme.on_toast, theme.toast) >= 4.5
    assert contrast(theme.strong_border, theme.raised) >= 3.0


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_style_sheet_leaves_no_token_unfilled(qapp, theme):
    sheet = style_sheet(theme, qapp.font())
    assert "@" not in sheet.replace("window's one style sheet; @names", "")


@pytest.fixture
def dressed(qapp):
    yield qapp
    apply_theme(qapp, "light")


def test_a_choice_wins_over_the_system_and_system_follows_it(dressed: QApplication):
    assert apply_theme(dressed, "dark") is DARK
    assert current_theme() is DARK
    assert dressed.palette().window().color() == QColor(DARK.surface)
    assert apply_theme(dressed, "light") is LIGHT
    assert dressed.palette().window().color() == QColor(LIGHT.surface)


def test_the_systems_change_is_followed_live(dressed: QApplication):
    apply_theme(dressed, "system")
    hints = dressed.styleHints()
    hints.setColorScheme(Qt.ColorScheme.Dark)  # what a platform does when its person chooses dark
    expected = DARK if hints.colorScheme() == Qt.ColorScheme.Dark else LIGHT
    assert current_theme() is expected
    hints.setColorScheme(Qt.ColorScheme.Light)
    assert current_theme() is LIGHT


@pytest.mark.parametrize("name", ICONS)
def test_every_icon_draws_something_in_the_colour_asked_for(qapp, name):
    image = icon_pixmap(name, 24, QColor("#ff0000")).toImage()
    inks = {
        image.pixelColor(x, y).name()
        for x in range(24)
        for y in range(24)
        if image.pixelColor(x, y).alpha() > 200
    }
    assert inks
    if not name.startswith(("arrow-", "tick")):
        assert inks == {"#ff0000"}


def test_a_bound_icon_changes_with_the_theme(dressed, qtbot):
    button = QToolButton()
    qtbot.addWidget(button)
    apply_theme(dressed, "light")
    bind_icon(button, "undo")
    before = button.icon().pixmap(24).toImage()
    apply_theme(dressed, "dark")
    assert button.icon().pixmap(24).toImage() != before
    assert button.icon().pixmap(24).toImage() == icon("undo").pixmap(24).toImage()


def test_a_disabled_icon_is_fainter(qapp):
    drawn = icon("save")
    normal = drawn.pixmap(24, QIcon.Mode.Normal).toImage()
    disabled = drawn.pixmap(24, QIcon.Mode.Disabled).toImage()
    strongest = [
        max(image.pixelColor(x, y).alpha() for x in range(24) for y in range(24))
        for image in (normal, disabled)
    ]
    assert strongest[1] < 0.5 * strongest[0]


def test_every_theme_has_every_colour():
    for theme in (LIGHT, DARK):
        for field in fields(theme):
            if field.name != "name":
                assert QColor(getattr(theme, field.name)).isValid(), field.name


@pytest.mark.parametrize("count", [1, 4, 10])
@pytest.mark.parametrize("choice", ["light", "dark"])
def test_a_box_drops_a_list_that_holds_all_its_rows(qtbot, dressed: QApplication, choice, count):
    apply_theme(dressed, choice)
    box = QComboBox()
    qtbot.addWidget(box)
    box.addItems([f"Row {n}" for n in range(count)])
    box.setCurrentIndex(count - 1)
    box.show()
    box.showPopup()
    rows = box.view()
    qtbot.waitUntil(rows.isVisible)
    last = rows.visualRect(rows.model().index(count - 1, 0))
    assert last.height() >= 28
    assert rows.viewport().height() >= count * last.height()
    assert rows.viewport().rect().contains(last)
    assert rows.verticalScrollBar().maximum() == 0
    box.hidePopup()
