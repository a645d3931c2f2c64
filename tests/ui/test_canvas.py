"""The stage: what pointers draw on it, and what is to be seen."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap, QPointingDevice, QTabletEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from sketch_app.air_drawing import AirState, Gesture
from sketch_app.air_layout import default_layout
from sketch_app.document import SketchDocument
from sketch_app.sketch import Pen
from tests.ui.sketching import draw_line
from ui.canvas import StageWidget
from ui.ink import InkCache
from ui.stage_geometry import StageGeometry
from ui.tools import Tools

LAYOUT = default_layout((640, 480))


@pytest.fixture
def document():
    return SketchDocument()


@pytest.fixture
def tools(qapp):
    return Tools()


@pytest.fixture
def stage(qtbot, document, tools):
    stage = StageWidget(document, tools)
    qtbot.addWidget(stage)
    stage.resize(640, 480)
    with qtbot.waitExposed(stage):
        stage.show()
    return stage


def picture(shade: int) -> QImage:
    image = QImage(640, 480, QImage.Format.Format_RGB32)
    image.fill(QColor(shade, shade, shade))
    return image


def colour_at(stage, x: int, y: int) -> QColor:
    grabbed = stage.grab().toImage()
    ratio = grabbed.devicePixelRatio()
    return grabbed.pixelColor(round(x * ratio), round(y * ratio))


def is_ink(colour: QColor, pen: Pen) -> bool:
    return np.abs(np.subtract(colour.getRgb()[:3], pen.rgb)).max() < 40


def test_the_left_button_inks_with_the_pen_in_hand(qtbot, stage, document, tools):
    tools.take_pen(Pen.GREEN)
    draw_line(qtbot, stage, (100, 100), (200, 100), (300, 100))
    (stroke,) = document.sketch.strokes
    assert stroke.pen is Pen.GREEN
    np.testing.assert_allclose(stroke.points[[0, -1]], [(100, 100), (300, 100)], atol=1)
    assert is_ink(colour_at(stage, 200, 100), Pen.GREEN)


def test_a_click_leaves_a_dot(qtbot, stage, document):
    draw_line(qtbot, stage, (320, 240))
    assert len(document.sketch.strokes) == 1
    assert is_ink(colour_at(stage, 320, 240), Pen.BLACK)


def test_what_is_being_drawn_is_seen_before_the_button_is_up(qtbot, stage, document):
    qtbot.mousePress(stage, Qt.MouseButton.LeftButton, pos=QPoint(100, 200))
    for x in range(110, 310, 10):
        qtbot.mouseMove(stage, QPoint(x, 200))
    assert document.is_drawing
    assert is_ink(colour_at(stage, 200, 200), Pen.BLACK)
    qtbot.mouseRelease(stage, Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
    assert is_ink(colour_at(stage, 200, 200), Pen.BLACK)


@pytest.mark.parametrize("by", ["right button", "eraser"])
def test_erasing_is_one_step_and_cuts_the_stroke(qtbot, stage, document, tools, by):
    draw_line(qtbot, stage, (100, 100), (500, 100))
    tools.take_eraser(by == "eraser")
    button = Qt.MouseButton.RightButton if by == "right button" else Qt.MouseButton.LeftButton
    draw_line(qtbot, stage, (300, 60), (300, 140), button=button)
    assert len(document.sketch.strokes) == 2
    stage_centre = colour_at(stage, 300, 100)
    document.undo()
    assert len(document.sketch.strokes) == 1
    assert not is_ink(stage_centre, Pen.BLACK)


def test_a_clear_in_the_middle_of_a_stroke_ends_it(qtbot, stage, document):
    qtbot.mousePress(stage, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    qtbot.mouseMove(stage, QPoint(200, 100))
    document.clear()
    qtbot.mouseMove(stage, QPoint(300, 100))
    qtbot.mouseRelease(stage, Qt.MouseButton.LeftButton, pos=QPoint(300, 100))
    assert document.sketch.is_empty
    assert not document.is_drawing


def test_one_finger_draws_and_a_second_one_does_not(qapp, stage, document):
    glass = QTest.createTouchDevice()
    touch = QTest.touchEvent(stage, glass)
    touch.press(0, QPoint(100, 100), stage).commit()
    touch = QTest.touchEvent(stage, glass)
    touch.move(0, QPoint(200, 100), stage).press(1, QPoint(400, 400), stage).commit()
    touch = QTest.touchEvent(stage, glass)
    touch.release(0, QPoint(200, 100), stage).release(1, QPoint(420, 420), stage).commit()
    qapp.processEvents()
    (stroke,) = document.sketch.strokes
    assert stroke.points[:, 1].max() < 110


@pytest.fixture(scope="module")
def tablet(qapp):
    """A pen and its other end; Qt goes on pointing at a device after its events, so they stay."""
    kinds = (QPointingDevice.PointerType.Pen, QPointingDevice.PointerType.Eraser)
    return {
        kind: QPointingDevice(
            "pen",
            number,
            QPointingDevice.DeviceType.Stylus,
            kind,
            QPointingDevice.Capability.Pressure,
            1,
            1,
            parent=qapp,
        )
        for number, kind in enumerate(kinds, start=7)
    }


def tablet_event(stage, device, kind, place):
    button, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.TabletRelease else button
    point = QPointF(*place)
    return QTabletEvent(kind, device, point, stage.mapToGlobal(point), 0.5, 0, 0, 0, 0, 0, none, button, held)


def test_the_tablets_pen_draws_and_its_other_end_erases(tablet, stage, document):
    steps = ((QEvent.Type.TabletPress, 100), (QEvent.Type.TabletMove, 400), (QEvent.Type.TabletRelease, 400))
    for kind, x in steps:
        QApplication.sendEvent(
            stage, tablet_event(stage, tablet[QPointingDevice.PointerType.Pen], kind, (x, 100))
        )
    assert len(document.sketch.strokes) == 1
    for kind, x in steps:
        QApplication.sendEvent(
            stage, tablet_event(stage, tablet[QPointingDevice.PointerType.Eraser], kind, (x, 100))
        )
    assert document.sketch.is_empty


@pytest.mark.parametrize("shade", [0, 128, 255])
@pytest.mark.parametrize("pen", list(Pen))
def test_ink_is_legible_on_any_picture(stage, document, shade, pen):
    stage.show_picture(picture(shade), LAYOUT)
    document.begin_stroke(pen, 6, 100, 240, 0)
    document.extend_stroke(540, 240, 1)
    document.end_stroke()
    place = stage.geometry_now.to_widget(320, 240)
    column = [
        colour_at_image.lightnessF()
        for colour_at_image in (
            stage.grab().toImage().pixelColor(place.toPoint() + QPoint(0, dy)) for dy in range(-9, 10)
        )
    ]
    assert max(column) - min(column) > 0.35


def test_a_hand_and_a_mouse_meet_on_the_same_canvas_place(stage):
    stage.show_picture(picture(90), LAYOUT)
    geometry = stage.geometry_now
    x, y, width, height = LAYOUT.canvas_rect
    scale = geometry.picture.width() / 640
    corner = QPointF(geometry.picture.x() + x * scale, geometry.picture.y() + y * scale)
    np.testing.assert_allclose(geometry.to_canvas(corner), (0, 0), atol=1e-6)
    np.testing.assert_allclose(
        geometry.to_canvas(corner + QPointF(width, height) * scale), (640, 480), atol=1e-6
    )


def test_the_picture_keeps_its_shape_in_any_stage():
    for size in (QSizeF(1000, 300), QSizeF(300, 1000)):
        geometry = StageGeometry.of(size, (640, 480), LAYOUT)
        assert geometry.picture.width() / geometry.picture.height() == pytest.approx(640 / 480)
        assert geometry.picture.width() <= size.width() + 1e-6
        assert geometry.picture.height() <= size.height() + 1e-6


def test_buttons_are_pressed_with_the_mouse_only_over_a_picture(qtbot, stage, document):
    stage.show_picture(picture(90), LAYOUT)
    undo = next(button for button in LAYOUT.buttons if button.id == "undo")
    place = stage.geometry_now.button_rect(undo).center().toPoint()
    with qtbot.waitSignal(stage.button_pressed) as pressed:
        qtbot.mouseClick(stage, Qt.MouseButton.LeftButton, pos=place)
    assert pressed.args == ["undo"]
    assert document.sketch.is_empty
    stage.show_paper()
    with qtbot.assertNotEmitted(stage.button_pressed):
        qtbot.mouseClick(stage, Qt.MouseButton.LeftButton, pos=place)
    assert len(document.sketch.strokes) == 1


def test_the_dwell_ring_fills(stage):
    stage.show_picture(picture(90), LAYOUT)

    def grab(dwell: float) -> QImage:
        stage.show_air(AirState(Gesture.DRAW, Pen.RED, (10, -50), False, False, None, "undo", dwell, 0.0))
        return stage.grab().toImage()

    def lit(image: QImage) -> int:
        box = stage.geometry_now.button_rect(LAYOUT.buttons[0]).toRect()
        return sum(
            image.pixelColor(x, y).blue() > image.pixelColor(x, y).red() + 40
            for x in range(box.left(), box.right())
            for y in range(box.top(), box.bottom())
        )

    quarter, most = lit(grab(0.25)), lit(grab(0.9))
    assert 0 < quarter < most


def test_paper_is_white_in_both_themes_and_a_stopped_camera_leaves_no_picture(stage):
    stage.show_picture(picture(0), LAYOUT)
    stage.show_paper()
    assert colour_at(stage, 320, 100) == QColor("white")


@pytest.mark.parametrize("ratio", [1.0, 2.0, 1.25])
def test_the_cache_paints_what_a_fresh_painting_would(qapp, ratio):
    """Stroke after stroke, erased, undone: the cached picture equals one painted from nothing."""
    document = SketchDocument()
    geometry = StageGeometry.of(QSizeF(640, 480), (640, 480), LAYOUT)
    cache = InkCache()

    def painted(with_cache: InkCache) -> QImage:
        target = QPixmap(round(640 * ratio), round(480 * ratio))
        target.setDevicePixelRatio(ratio)
        target.fill(Qt.GlobalColor.gray)
        painter = QPainter(target)
        with_cache.paint(painter, document.sketch, geometry, ratio, halo=True)
        painter.end()
        return target.toImage()

    def stroke(y: float) -> None:
        document.begin_stroke(Pen.RED, 6, 50, y, 0)
        document.extend_stroke(590, y + 40, 1)
        document.end_stroke()

    def erase() -> None:
        document.begin_erase()
        document.erase_at(320, 240, 60)
        document.end_erase()

    for act in (
        lambda: stroke(100),
        lambda: stroke(220),
        lambda: stroke(230),
        erase,
        document.undo,
        document.clear,
    ):
        act()
        assert painted(cache) == painted(InkCache())
