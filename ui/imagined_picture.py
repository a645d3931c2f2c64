"""The imagined picture: small on a button, large in a popup from which it is saved or copied."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageWriter, QKeyEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from sketch_app.atomic_files import write_atomically
from ui.theme import bind_icon, current_theme, icon_pixmap, theme_changed
from ui.thumbnails import cover

LARGE = 512
"""Logical pixels of the picture in the popup."""
_RADIUS = 10.0
_FORMER = 0.3
"""Opacity of a picture that another one is about to replace."""
_BADGE = 20


class ImaginedButton(QAbstractButton):
    """The picture with round corners and the sign of what is made up; a well while there is none."""

    def __init__(self, side: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: QImage | None = None
        self._drawn: tuple[float, QPixmap] | None = None
        self._is_former = False
        self.setFixedSize(side, side)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setEnabled(False)
        theme_changed().connect(self.update)

    @property
    def image(self) -> QImage | None:
        """The picture, None while there is none."""
        return self._image

    @property
    def is_former(self) -> bool:
        """Whether the picture is of the question before this one."""
        return self._is_former

    def show_image(self, image: QImage | None, *, former: bool = False) -> None:
        """Show a picture; a former one is faint and cannot be pressed."""
        if image is not self._image:
            self._image, self._drawn = image, None
        self._is_former = former
        self.setEnabled(image is not None and not former)
        self.setCursor(Qt.CursorShape.PointingHandCursor if self.isEnabled() else Qt.CursorShape.ArrowCursor)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102 - Qt's own
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102 - Qt's own
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ratio = self.devicePixelRatioF()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("sunken"))
        painter.drawRoundedRect(self.rect(), _RADIUS, _RADIUS)
        if self._image is None:
            place = QRect(0, 0, 28, 28)
            place.moveCenter(self.rect().center())
            painter.setOpacity(0.55)
            painter.drawPixmap(place, icon_pixmap("sparkle", 28, "muted", ratio))
            return
        painter.setOpacity(_FORMER if self._is_former else 1.0)
        painter.drawPixmap(self.rect(), self._pixmap(self._image, ratio))
        painter.setOpacity(1.0)
        if self._is_former:
            return
        badge = QRect(self.width() - _BADGE - 4, self.height() - _BADGE - 4, _BADGE, _BADGE)
        painter.setBrush(theme.colour("accent"))
        painter.drawEllipse(badge)
        painter.drawPixmap(
            badge.adjusted(4, 4, -4, -4), icon_pixmap("sparkle", _BADGE - 8, "on_accent", ratio)
        )
        if self.hasFocus() or self.underMouse():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("accent_text"), 2.5))
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), _RADIUS, _RADIUS)

    def _pixmap(self, image: QImage, ratio: float) -> QPixmap:
        if self._drawn is None or self._drawn[0] != ratio:
            side = round(self.width() * ratio)
            pixmap = QPixmap.fromImage(cover(image, QSize(side, side), _RADIUS * ratio))
            pixmap.setDevicePixelRatio(ratio)
            self._drawn = (ratio, pixmap)
        return self._drawn[1]


class ImaginedPopup(QFrame):
    """The picture at 512 pixels, with what it is; goes at Esc or a click beside it."""

    save_requested = Signal()
    copy_requested = Signal()

    def __init__(self, image: QImage, subject: str, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        card = QFrame()
        card.setProperty("role", "card")
        self.picture = QLabel()
        self.picture.setFixedSize(LARGE, LARGE)
        ratio = parent.devicePixelRatioF()
        side = round(LARGE * ratio)
        pixmap = QPixmap.fromImage(cover(image, QSize(side, side), 8 * ratio))
        pixmap.setDevicePixelRatio(ratio)
        self.picture.setPixmap(pixmap)
        self.picture.setAccessibleName(self.tr("Imagined picture of {0}").format(subject))
        name, label = QLabel(subject), QLabel(self.tr("Imagined from your sketch, not a photo"))
        name.setTextFormat(Qt.TextFormat.PlainText)
        name.setProperty("role", "heading")
        label.setProperty("role", "small")
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(name)
        words.addWidget(label)
        copy, save = QPushButton(self.tr("Copy")), QPushButton(self.tr("Save picture"))
        for button, icon in ((copy, "copy"), (save, "save")):
            bind_icon(button, icon)
        copy.clicked.connect(self.copy_requested)
        save.clicked.connect(self.save_requested)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addLayout(words, 1)
        row.addWidget(copy)
        row.addWidget(save)
        column = QVBoxLayout(card)
        column.setContentsMargins(14, 14, 14, 12)
        column.setSpacing(12)
        column.addWidget(self.picture)
        column.addLayout(row)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(card)
        self.setAccessibleName(label.text())
        save.setFocus()

    def show_over(self, window: QWidget) -> None:
        """Show it in the middle of a window, wholly on its screen."""
        self.adjustSize()
        corner = window.mapToGlobal(window.rect().center()) - QPoint(self.width() // 2, self.height() // 2)
        screen = window.screen().availableGeometry()
        corner.setX(max(screen.left(), min(corner.x(), screen.right() - self.width())))
        corner.setY(max(screen.top(), min(corner.y(), screen.bottom() - self.height())))
        self.move(corner)
        self.show()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102 - Qt's own
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)


def save_imagined(image: QImage, sentence: str, folder: Path, now: datetime) -> Path:
    """Write the picture as a PNG that says of itself that it is imagined; never over a file that is there.

    Raises
    ------
    OSError
        The folder or a file in it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    marked = QImage(image)
    marked.setText("Description", f"Imagined from a sketch by sketch_app, not a photo: {sentence}")
    marked.setText("Software", "sketch_app")
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not QImageWriter(buffer, QByteArray(b"png")).write(marked):
        raise OSError("The picture could not be written as a PNG.")
    stem = f"imagined-{now:%Y-%m-%d-%H%M%S}"
    path, number = folder / f"{stem}.png", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.png"
    write_atomically(path, bytes(buffer.data().data()))
    return path
