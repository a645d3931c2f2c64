"""Small pictures of photos, read off the GUI thread and kept in memory: the newest asked for comes first."""

from __future__ import annotations

import logging
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QImage, QPainter, QPixmap, QTransform

from index.errors import DecodeError, GalleryError
from sketch_app.errors import SketchAppError
from ui.background import Job, run_in_background

if TYPE_CHECKING:
    from sketch_app.workspace import Workspace

log = logging.getLogger(__name__)

Key = tuple[int, int, int]
"""Photo id, width and height in device pixels."""

_AT_ONCE = 2
"""Threads that decode: more would starve the hand tracking on a laptop."""
_KEPT_BYTES = 96 << 20
_SIDES = (256, 384, 1024)
"""Sides asked of the workspace; more than 384 is what the gallery keeps ready, as it is."""


def to_image(picture: NDArray[np.uint8]) -> QImage:
    """An (h, w, 3) uint8 RGB picture as a QImage that owns its bytes."""
    rows = np.ascontiguousarray(picture)
    height, width = rows.shape[:2]
    return QImage(rows.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def cover(image: QImage, size: QSize, radius: float) -> QImage:
    """`image` scaled to fill `size` (device pixels), cropped around its centre, with rounded corners."""
    scaled = image.scaled(
        size, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
    )
    offset = QPointF((size.width() - scaled.width()) / 2, (size.height() - scaled.height()) / 2)
    covered = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
    covered.fill(Qt.GlobalColor.transparent)
    painter = QPainter(covered)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)  # a clip path would leave jagged corners
    brush = QBrush(scaled)
    brush.setTransform(QTransform.fromTranslate(offset.x(), offset.y()))
    painter.setBrush(brush)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawRoundedRect(QRectF(covered.rect()), radius, radius)
    painter.end()
    return covered


class Thumbnails(QObject):
    """A cache of rounded thumbnails of one size at a time, least recently used out first."""

    arrived = Signal(int, bool)
    """A photo id whose thumbnail can be painted now, and whether it is the photo's first (of any size)."""
    failed = Signal(int)
    """A photo id that gives no picture (its file is gone or cannot be read)."""

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._kept: OrderedDict[Key, QPixmap] = OrderedDict()
        self._kept_bytes = 0
        self._waiting: OrderedDict[Key, tuple[float, float]] = OrderedDict()
        self._running: set[Key] = set()
        self._without: set[int] = set()

    def pixmap(self, photo_id: int, size: QSize, radius: float, ratio: float) -> QPixmap | None:
        """The thumbnail, or None while it is being read; asking again puts it at the front.

        Parameters
        ----------
        size
            In logical pixels.
        radius
            Of the corners, in logical pixels.
        ratio
            Device pixels per logical pixel.
        """
        key = (photo_id, round(size.width() * ratio), round(size.height() * ratio))
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        if photo_id not in self._without and key not in self._running and min(key[1:]) > 0:
            self._waiting[key] = (radius * ratio, ratio)
            self._waiting.move_to_end(key)
            self._start_waiting()
        return self.any_size(photo_id)

    def any_size(self, photo_id: int) -> QPixmap | None:
        """The photo's thumbnail of any size that is kept; asks for nothing."""
        # While the window is being resized the old size, stretched, is better than a hole.
        return next((kept for key, kept in reversed(self._kept.items()) if key[0] == photo_id), None)

    @property
    def is_busy(self) -> bool:
        """Whether any thumbnail asked for is still to come."""
        return bool(self._waiting or self._running)

    def is_without(self, photo_id: int) -> bool:
        """Whether the photo gave no picture."""
        return photo_id in self._without

    def keep_waiting_for(self, photo_ids: set[int]) -> None:
        """Forget what was asked for other photos and not begun yet, and that they had no picture."""
        for key in [key for key in self._waiting if key[0] not in photo_ids]:
            del self._waiting[key]
        self._without &= photo_ids

    def _start_waiting(self) -> None:
        while self._waiting and len(self._running) < _AT_ONCE:
            key, (radius, ratio) = self._waiting.popitem()
            self._running.add(key)
            run_in_background(
                self,
                partial(self._read, key, radius),
                on_success=partial(self._arrive, key, ratio),
                name="thumbnail",
            )

    def _read(self, key: Key, radius: float, _job: Job) -> QImage | None:
        photo_id, width, height = key
        # The longer side must be long enough for the shorter one to cover: 3:2 and 4:3 photos do.
        needed = 1.2 * max(width, height)
        side = next((side for side in _SIDES if side >= needed), _SIDES[-1])
        try:
            picture = self._workspace.thumbnail(photo_id, side)
        except (SketchAppError, GalleryError, DecodeError, OSError) as error:
            log.debug("no thumbnail of photo %d: %s", photo_id, error)  # a missing file is daily life
            return None
        return cover(to_image(picture), QSize(width, height), radius)

    def _arrive(self, key: Key, ratio: float, image: QImage | None) -> None:
        self._running.discard(key)
        if image is None:
            self._without.add(key[0])
            self.failed.emit(key[0])
        else:
            self._keep(key, ratio, image)
        self._start_waiting()

    def _keep(self, key: Key, ratio: float, image: QImage) -> None:
        first = self.any_size(key[0]) is None
        pixmap = QPixmap.fromImage(image)
        pixmap.setDevicePixelRatio(ratio)
        self._kept[key] = pixmap
        self._kept_bytes += image.sizeInBytes()
        while self._kept_bytes > _KEPT_BYTES and len(self._kept) > 1:
            (_, width, height), _ = self._kept.popitem(last=False)
            self._kept_bytes -= 4 * width * height
        self.arrived.emit(key[0], first)
