"""What stands in the phone's place while none is connected: how to connect one, in three steps."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from ui.theme import current_theme, icon_pixmap, theme_changed

_ICON_SIDE = 30
_DISC = 60
_NUMBER = 24


class IconDisc(QWidget):
    """An icon in a tinted disc."""

    def __init__(self, name: str, disc: int, icon: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._icon = name, icon
        self._tints = ("accent_soft", "accent_text")
        self.setFixedSize(disc, disc)
        theme_changed().connect(self.update)

    def show_icon(self, name: str, *, quiet: bool = False) -> None:
        """Another icon; quiet for what is not at hand."""
        self._name = name
        self._tints = ("sunken", "muted") if quiet else ("accent_soft", "accent_text")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102 - Qt's own
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(self._tints[0]))
        painter.drawEllipse(self.rect())
        place = (self.width() - self._icon) // 2
        painter.drawPixmap(
            place, place, icon_pixmap(self._name, self._icon, self._tints[1], self.devicePixelRatioF())
        )


class _Number(QLabel):
    """A step's number in a disc."""

    def __init__(self, number: int) -> None:
        super().__init__(str(number), alignment=Qt.AlignmentFlag.AlignCenter)
        self.setFixedSize(_NUMBER, _NUMBER)
        theme_changed().connect(self._dress)
        self._dress()

    @Slot()
    def _dress(self) -> None:
        theme = current_theme()
        self.setStyleSheet(
            f"background: {theme.accent_soft}; color: {theme.accent_text}; font-weight: 600; "
            f"border-radius: {_NUMBER // 2}px;"
        )


class PhoneSteps(QWidget):
    """A picture of a phone, a title, and three numbered steps."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title, self._intro = QLabel(), QLabel()
        self._title.setProperty("role", "heading")
        self._intro.setProperty("role", "muted")
        for label in (self._title, self._intro):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._heads = [QLabel() for _ in range(3)]
        self._texts = [QLabel() for _ in range(3)]
        card = QFrame()
        card.setProperty("role", "card")
        rows = QVBoxLayout(card)
        rows.setContentsMargins(14, 14, 14, 14)
        rows.setSpacing(11)
        for place in range(3):
            rows.addLayout(self._step(place))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self._disc = IconDisc("phone-plug", _DISC, _ICON_SIDE)
        column.addWidget(self._disc, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._title)
        column.addWidget(self._intro)
        column.addSpacing(4)
        column.addWidget(card)
        self._retranslate()

    def set_titled(self, titled: bool) -> None:
        """With the picture and the title, or the steps alone."""
        for part in (self._disc, self._title, self._intro):
            part.setVisible(titled)

    def _step(self, place: int) -> QHBoxLayout:
        head, text = self._heads[place], self._texts[place]
        head.setStyleSheet("font-weight: 600;")
        text.setProperty("role", "muted")
        for label in (head, text):
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        lines = QVBoxLayout()
        lines.setSpacing(2)
        lines.addWidget(head)
        lines.addWidget(text)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(_Number(place + 1), 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(lines, 1)
        return row

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102 - Qt's own
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()
        super().changeEvent(event)

    def _retranslate(self) -> None:
        self._title.setText(self.tr("Connect your phone"))
        self._intro.setText(self.tr("Its photos become searchable while you draw, the newest first."))
        steps = (
            (
                self.tr("Turn on USB debugging"),
                self.tr(
                    "On the phone, open Settings, About phone, Software information and tap Build number "
                    "seven times. Then turn on USB debugging under Developer options."
                ),
            ),
            (self.tr("Plug it in"), self.tr("Use a USB cable that also carries data.")),
            (
                self.tr("Allow this computer"),
                self.tr("Unlock the phone and tap Allow when it asks."),
            ),
        )
        for head, text, (title, words) in zip(self._heads, self._texts, steps, strict=True):
            head.setText(title)
            text.setText(words)
