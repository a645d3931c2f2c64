"""What the models make of the sketch, as it arrives: its name, the imagined picture, the stage under way."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QLocale, QSize, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import (
    QFrame,
    QGraphicsOpacityEffect,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from sketch_app.protocols import Rgb
from sketch_app.search_types import SearchUpdate, Stage
from ui.background import run_in_background
from ui.busy_ring import BusyRing
from ui.imagined_picture import ImaginedButton, ImaginedPopup, save_imagined
from ui.names_bar import localised, word_of
from ui.reasons import sentence_in_words
from ui.theme import icon_pixmap, theme_changed
from ui.thumbnails import to_image

HEIGHT = 92
"""Logical pixels, whatever is known: nothing in the window moves when the picture comes."""
_PICTURE = 72
_RING = 16


class ImaginationPanel(QFrame):
    """Fills up while the deep lane works.

    Parameters
    ----------
    pictures : Path
        Where a picture is saved.
    """

    said = Signal(str, str)
    """A sentence for a toast, and its kind."""

    def __init__(self, pictures: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._pictures = pictures
        self._update: SearchUpdate | None = None
        self._pictured: SearchUpdate | None = None
        self._image: tuple[Rgb, QImage] | None = None
        self.names_sketches = True
        """Whether the models have a captioner: naming the sketch is the first stage then."""
        self.is_rough = False
        """Whether the pictures are a small model's, which only hint at what was drawn."""
        self.picture = ImaginedButton(_PICTURE)
        self.picture.clicked.connect(self.enlarge)
        self._subject, self._words, self._notice = QElidingLabel(), QElidingLabel(), QElidingLabel()
        self._subject.setProperty("role", "heading")
        self._words.setProperty("role", "small")
        self._notice.setProperty("role", "small")
        for label in (self._subject, self._words, self._notice):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._warning, self._stage = QLabel(), QLabel()
        self._stage.setProperty("role", "small")
        self._ring = BusyRing(_RING)
        self._opacity = QGraphicsOpacityEffect(self)
        self._opacity.setOpacity(0.4)
        self._opacity.setEnabled(False)
        self.setGraphicsEffect(self._opacity)
        self._lay_out()
        theme_changed().connect(self._dress)
        self._show()
        self.hide()  # whoever has a generator shows it

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self._subject, 1)
        top.addWidget(self._ring)
        top.addWidget(self._stage)
        bottom = QHBoxLayout()
        bottom.setSpacing(6)
        bottom.addWidget(self._warning)
        bottom.addWidget(self._notice, 1)
        words = QVBoxLayout()
        words.setSpacing(3)
        words.addStretch(1)
        words.addLayout(top)
        words.addWidget(self._words)
        words.addLayout(bottom)
        words.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 9, 14, 9)
        row.setSpacing(14)
        row.addWidget(self.picture)
        row.addLayout(words, 1)
        self.setFixedHeight(HEIGHT)

    @property
    def subject(self) -> str:
        """What was imagined, in the language of the window."""
        return self._subject.text()

    @property
    def words(self) -> str:
        """The line below it."""
        return self._words.text()

    @property
    def stage_text(self) -> str:
        """The stage under way, "" when nothing is."""
        return self._stage.text()

    @property
    def notice(self) -> str:
        """What could not be done, "" when all is well."""
        return self._notice.text()

    def show_update(self, update: SearchUpdate) -> None:
        """Show one step of an answer for the sketch on the canvas."""
        self._update = update
        if update.generated is not None:
            self._pictured = update
        elif update.stage is Stage.COMPLETE:
            self._pictured = None
        self.set_stale(False)
        self._show()

    def clear(self) -> None:
        """Show that nothing is imagined yet."""
        self._update = self._pictured = None
        self.set_stale(False)
        self._show()

    def set_stale(self, stale: bool) -> None:
        """Dim it all: the sketch has changed since."""
        self._opacity.setEnabled(stale)
        if stale:
            self.rest()

    def rest(self) -> None:
        """Nothing is under way any more, and nothing else comes for now."""
        self._show_stage("")

    @Slot()
    def enlarge(self) -> None:
        """Show the picture at its full size."""
        image = self.picture.image
        if image is None:
            return
        sentence = self._pictured.caption or "" if self._pictured is not None else ""
        popup = ImaginedPopup(image, self.subject, self)
        popup.save_requested.connect(partial(self._save, image, sentence))
        popup.copy_requested.connect(partial(self._copy, image))
        popup.save_requested.connect(popup.close)
        popup.copy_requested.connect(popup.close)
        popup.show_over(self.window())

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102 - Qt's own
        if event.type() == QEvent.Type.LanguageChange:
            self._show()
        super().changeEvent(event)

    def minimumSizeHint(self) -> QSize:  # noqa: D102 - Qt's own
        return QSize(280, HEIGHT)

    def _show(self) -> None:
        update = self._update
        self._subject.setText(_subject_word(update))
        self._subject.setVisible(bool(self._subject.text()))
        sentence = update.caption or "" if update is not None else ""
        self._subject.setToolTip(self.tr("Imagined as: “{0}”").format(sentence) if sentence else "")
        self._show_stage(self._stage_name())
        self._show_picture()
        self._words.setText(self._sentence())
        self._words.setToolTip(self._timings())
        self._stage.setToolTip(self._timings())
        notice = sentence_in_words(update.notice) if update is not None and update.notice else ""
        self._notice.setText(notice)
        self._notice.setToolTip(notice)
        self._warning.setToolTip(notice)
        for part in (self._warning, self._notice):
            part.setVisible(bool(notice))
        self.setAccessibleName(self.tr("What your sketch is imagined as"))
        said = (self._subject.text(), self._words.text(), self._stage.text(), notice)
        self.setAccessibleDescription(". ".join(text for text in said if text))
        self._dress()

    def _show_stage(self, name: str) -> None:
        self._stage.setText(name)
        self._ring.setVisible(bool(name))
        self._stage.setVisible(bool(name))

    def _show_picture(self) -> None:
        pictured, update = self._pictured, self._update
        if pictured is None or pictured.generated is None:
            self.picture.show_image(None)
            self.picture.setToolTip("")
            self.picture.setAccessibleName(self.tr("No imagined picture yet"))
            return
        if self._image is None or self._image[0] is not pictured.generated:
            self._image = (pictured.generated, to_image(pictured.generated))
        former = update is None or not _same_question(pictured, update)
        self.picture.show_image(self._image[1], former=former)
        words = "" if former else self.tr("Imagined, not a photo. Press to enlarge.")
        if words and self.is_rough:
            words = self.tr("Imagined by the small built-in model, not a photo. Press to enlarge.")
        self.picture.setToolTip(words)
        name = self.tr("Imagined picture of {0}").format(_subject_word(pictured))
        self.picture.setAccessibleName(name)
        self.picture.setAccessibleDescription(words)

    def _stage_name(self) -> str:
        update = self._update
        if update is None or update.stage is Stage.COMPLETE:
            return ""
        if update.stage is Stage.GENERATED:
            return self.tr("Comparing")
        naming = update.stage is Stage.FAST and self.names_sketches and not update.request.caption
        return self.tr("Naming the sketch") if naming else self.tr("Imagining a photo")

    def _sentence(self) -> str:
        if self.picture.isEnabled():
            return self.tr("A rough idea, not a photo") if self.is_rough else self.tr("Imagined, not a photo")
        if self._update is None:
            return self.tr("What your sketch may look like as a photo appears here.")
        if self._update.stage is Stage.COMPLETE:
            return self.tr("No picture was imagined.")
        return ""

    def _timings(self) -> str:
        if self._update is None:
            return ""
        names = {
            "caption": self.tr("Naming"),
            "generate": self.tr("Imagining"),
            "embed": self.tr("Comparing"),
        }
        return "\n".join(
            self.tr("{0}: {1} s").format(names[stage], QLocale().toString(seconds, "f", 2))
            for stage, seconds in self._update.stage_seconds.items()
            if stage in names
        )

    @Slot()
    def _dress(self) -> None:
        self._warning.setPixmap(icon_pixmap("warning", 14, "warning", self.devicePixelRatioF()))

    def _save(self, image: QImage, sentence: str) -> None:
        folder, now = self._pictures, datetime.now()
        saved = self.tr("Saved as {0} in {1}")
        run_in_background(
            self,
            lambda _job: save_imagined(image, sentence, folder, now),
            on_success=lambda path: self.said.emit(saved.format(path.name, folder), "check"),
            on_failure=lambda failure: self.said.emit(failure.sentence, "warning"),
            name="save the imagined picture",
            serial="files",
        )

    def _copy(self, image: QImage) -> None:
        QGuiApplication.clipboard().setImage(image)
        self.said.emit(self.tr("The picture is on the clipboard."), "check")


def _subject_word(update: SearchUpdate | None) -> str:
    if update is None:
        return ""
    if update.request.caption:
        return localised(update.request.caption, update.names)
    named = (name for name in update.names if name.sentence == update.caption)
    name = next(named, update.names[0] if update.names else None)
    return word_of(name) if name is not None else ""


def _same_question(one: SearchUpdate, other: SearchUpdate) -> bool:
    return one.request.sketch is other.request.sketch and one.request.caption == other.request.caption
