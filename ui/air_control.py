"""The hand's side of the window: camera on and off, readings into the drawing, pictures onto the stage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from sketch_app.air_drawing import AirDrawing, default_layout
from sketch_app.air_layout import AirLayout
from sketch_app.document import SketchDocument
from sketch_app.sketch import Size
from ui.canvas import StageWidget
from ui.live_bridge import CameraState, LiveBridge
from ui.tools import Tools


class AirControl(QObject):
    """Owns the live hand and the drawing in the air.

    Parameters
    ----------
    make_source : callable
        Gives a new frame source at every start; called off the GUI thread.
    """

    command = Signal(str)
    """A button in the air was pressed, or a pinch held: "undo", "redo", "clear", "search" or "save"."""
    camera_changed = Signal(object, str)
    """`CameraState` and a sentence, "" when all is well."""

    def __init__(
        self,
        document: SketchDocument,
        stage: StageWidget,
        tools: Tools,
        make_source: Callable[[], Any],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._stage, self._tools = document, stage, tools
        self._frame_size: Size | None = None
        self._layout: AirLayout | None = None
        self._air: AirDrawing | None = None
        self.bridge = LiveBridge(make_source, self)
        self.bridge.frame_size.connect(self._set_frame_size)
        self.bridge.reading.connect(self._read)
        self.bridge.picture.connect(self._show)
        self.bridge.state_changed.connect(self._camera_state)
        tools.changed.connect(self._tool_taken)
        self._unsubscribe = document.sketch_changed(self._canvas_may_have_changed)

    def close(self) -> None:
        """Close the camera, and wait until it is."""
        self._unsubscribe()
        self.bridge.close()

    def _set_frame_size(self, width: int, height: int) -> None:
        self._frame_size = (width, height)
        self._lay_out()

    def _canvas_may_have_changed(self) -> None:
        if self._frame_size is not None and self._canvas_size != self._document.sketch.size:
            self._lay_out()

    def _lay_out(self) -> None:
        assert self._frame_size is not None
        self._canvas_size = self._document.sketch.size
        self._layout = default_layout(self._frame_size, self._canvas_size)
        if self._air is None:
            self._air = AirDrawing(
                self._document,
                canvas_rect=self._layout.canvas_rect,
                buttons=self._layout.buttons,
                on_command=self.command.emit,
                frame_size=self._frame_size,
            )
            self._tool_taken()
        else:
            self._air.set_layout(self._layout)

    def _read(self, reading: Any) -> None:
        if self._air is None:
            return
        state = self._air.update(reading)
        self._tools.follow_pen(state.pen)
        self._stage.show_air(state)

    def _show(self, picture: QImage) -> None:
        if self._layout is not None:
            self._stage.show_picture(picture, self._layout)

    def _camera_state(self, state: CameraState, sentence: str) -> None:
        if state is not CameraState.RUNNING:
            if self._air is not None:
                self._air.hand_lost()
            # A picture that stands still would look like a camera that is on.
            self._stage.show_paper()
        self.camera_changed.emit(state, sentence)

    def _tool_taken(self) -> None:
        if self._air is not None:
            self._air.pen = self._tools.pen
            self._air.width = self._tools.width
