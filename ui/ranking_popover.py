"""How much each signal counts when photos are ranked: a slider a signal, and where the weights come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from sketch_app.errors import SketchAppError
from sketch_app.fusion import Calibration, FusionWeights
from sketch_app.fusion import Signal as RankingSignal
from ui.signal_words import signal_meaning, signal_name
from ui.theme import current_theme

if TYPE_CHECKING:
    from sketch_app.workspace import Workspace

STEPS = 20
"""Of a slider; a step is a tenth."""
_EVERY_MS = 40
"""A moving slider ranks as often: a change is seen within a tenth of a second, with the ranking itself."""
_WIDE = 360


class RankingPopover(QFrame):
    """Every change ranks anew at once, and is kept.

    Parameters
    ----------
    workspace : Workspace
        Whose weights these are.
    signals : sequence of Signal
        Those that the models in use can give.
    """

    weights_changed = Signal()
    """The workspace has other weights."""

    def __init__(self, workspace: Workspace, signals: Sequence[RankingSignal], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self._workspace = workspace
        self.sliders: dict[RankingSignal, QSlider] = {}
        self._figures: dict[RankingSignal, QLabel] = {}
        self._origins: dict[RankingSignal, QLabel] = {}
        self._notes = QLabel()
        self._problem = QLabel()
        self.back = QPushButton(self.tr("Back to the calibrated weights"))
        self._later = QTimer(self, singleShot=True, interval=_EVERY_MS)
        self._later.timeout.connect(self._keep)
        self._lay_out(signals)
        self.back.clicked.connect(self._go_back)
        self.setAccessibleName(self.tr("Ranking"))
        self._problem.hide()
        self._read()

    def _lay_out(self, signals: Sequence[RankingSignal]) -> None:
        card = QFrame()
        card.setProperty("role", "card")
        card.setStyleSheet(_slider_style())
        column = QVBoxLayout(card)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(12)
        title = QLabel(self.tr("What counts"))
        title.setProperty("role", "heading")
        column.addWidget(title)
        grid = QGridLayout()
        grid.setColumnStretch(0, 1)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        for number, signal in enumerate(signals):
            self._add_row(grid, 2 * number, signal)
        column.addLayout(grid)
        for label, role in ((self._notes, "small"), (self._problem, "danger")):
            label.setProperty("role", role)
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            column.addWidget(label)
        self.back.setProperty("role", "flat")
        column.addWidget(self.back, 0, Qt.AlignmentFlag.AlignRight)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(card)
        self.setFixedWidth(_WIDE)

    def _add_row(self, grid: QGridLayout, row: int, signal: RankingSignal) -> None:
        name, origin, figure = QLabel(signal_name(signal)), QLabel(), QLabel()
        origin.setProperty("role", "small")
        figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        figure.setMinimumWidth(figure.fontMetrics().horizontalAdvance("0.0") + 6)
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, STEPS)
        slider.setPageStep(5)
        slider.setToolTip(signal_meaning(signal))
        name.setToolTip(signal_meaning(signal))
        name.setBuddy(slider)
        slider.valueChanged.connect(self._moved)
        grid.addWidget(name, row, 0)
        grid.addWidget(origin, row, 1, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(slider, row + 1, 0, 1, 2)
        grid.addWidget(figure, row + 1, 2)
        self.sliders[signal], self._figures[signal], self._origins[signal] = slider, figure, origin

    def show_below(self, button: QWidget) -> None:
        """Hang it under a button, right edges in line, wholly on the screen."""
        self.adjustSize()
        corner = button.mapToGlobal(QPoint(button.width() - self.width(), button.height() + 6))
        screen = button.screen().availableGeometry()
        corner.setX(max(screen.left(), corner.x()))
        corner.setY(max(screen.top(), min(corner.y(), screen.bottom() - self.height())))
        self.move(corner)
        self.show()
        if button.hasFocus():  # opened by the keyboard, which goes on from here
            next(iter(self.sliders.values())).setFocus(Qt.FocusReason.TabFocusReason)
        else:
            self.setFocus(Qt.FocusReason.PopupFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102 - Qt's own
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def hideEvent(self, event: object) -> None:  # noqa: D102 - Qt's own
        if self._later.isActive():
            self._later.stop()
            self._keep()

    @property
    def note(self) -> str:
        """What it says of where the weights come from."""
        return self._notes.text()

    def _read(self) -> None:
        """Show the weights in force."""
        try:
            calibration, weights = self._workspace.calibration, self._workspace.weights
        except SketchAppError as error:
            self._say_problem(str(error))
            calibration = Calibration(FusionWeights())
            weights = calibration.weights
        for signal, slider in self.sliders.items():
            slider.blockSignals(True)
            slider.setValue(round(10 * weights.of(signal)))
            slider.blockSignals(False)
            measured = signal in calibration.measured
            self._origins[signal].setText(self.tr("measured") if measured else self.tr("not measured"))
        self._notes.setText(self._note(calibration))
        self._show_figures()

    def _note(self, calibration: Calibration) -> str:
        if any(signal in calibration.measured for signal in self.sliders):
            return self.tr("Measured on: {0}").format(calibration.note)
        return self.tr("These weights were not measured: a good guess.")

    def _show_figures(self) -> None:
        locale = self.locale()
        for signal, slider in self.sliders.items():
            figure = locale.toString(slider.value() / 10, "f", 1)
            self._figures[signal].setText(figure)
            slider.setAccessibleName(self.tr("{0}: weight {1}").format(signal_name(signal), figure))
            slider.setAccessibleDescription(signal_meaning(signal))
        self.back.setEnabled(bool(self._workspace.settings.signal_weights) or self._later.isActive())

    @Slot()
    def _moved(self) -> None:
        if not self._later.isActive():  # also while the slider goes on moving
            self._later.start()
        self._show_figures()

    @Slot()
    def _keep(self) -> None:
        try:
            weights = self._workspace.weights
        except SketchAppError:
            weights = FusionWeights()
        chosen = {
            "class_" if signal is RankingSignal.CLASS else signal.value: slider.value() / 10
            for signal, slider in self.sliders.items()
            if slider.value() != round(10 * min(weights.of(signal), STEPS / 10))
        }
        self._set(replace(weights, **chosen))

    @Slot()
    def _go_back(self) -> None:
        self._later.stop()
        self._set(None)
        self._read()

    def _set(self, weights: FusionWeights | None) -> None:
        try:
            self._workspace.set_weights(weights)
        except OSError as error:
            self._say_problem(self.tr("The weights could not be kept: {0}").format(error.strerror or error))
        self._show_figures()
        self.weights_changed.emit()

    def _say_problem(self, sentence: str) -> None:
        self._problem.setText(sentence)
        self._problem.setVisible(True)


def _slider_style() -> str:
    theme = current_theme()
    return f"""
        QPushButton:disabled {{ color: {theme.strong_border}; }}
        QSlider {{ min-height: 22px; background: transparent; border: 2px solid transparent;
            border-radius: 8px; }}
        QSlider:focus {{ border-color: {theme.accent_text}; }}
        QSlider::groove:horizontal {{ height: 4px; border-radius: 2px; background: {theme.pressed}; }}
        QSlider::sub-page:horizontal {{ height: 4px; border-radius: 2px; background: {theme.accent}; }}
        QSlider::handle:horizontal {{ width: 16px; margin: -6px 0; border-radius: 8px;
            background: {theme.accent}; }}
        QSlider::handle:horizontal:hover {{ background: {theme.accent_text}; }}
    """
