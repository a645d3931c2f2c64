"""One phone as a card: its state and what to do, what of it is here, how far a sync is, and its choices."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from sketch_app.phone.records import Originals
from sketch_app.phone.states import PhonesState, PhoneState, Presence, Work
from ui import phone_words as words
from ui.phone_albums import AlbumList
from ui.phone_meter import UNDER_WAY, SyncMeter
from ui.phone_notice import Notice, NoticeBox
from ui.phone_steps import IconDisc
from ui.theme import current_theme, icon_pixmap, theme_changed


class PhoneCard(QFrame):
    """Shows what it is told; the owner does what the signals ask for. All carry the phone's serial first."""

    sync_requested = Signal(str)
    pause_requested = Signal(str)
    continue_requested = Signal(str)
    disappeared_confirmed = Signal(str)
    disappeared_kept = Signal(str)
    albums_chosen = Signal(str, object)
    """And a tuple of path bytes."""
    originals_chosen = Signal(object, float)
    """`Originals` and GB: they count for every phone."""
    auto_sync_chosen = Signal(bool)
    """It counts for every phone."""

    def __init__(self, serial: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.serial = serial
        self._phone: PhoneState | None = None
        self._all: PhonesState = PhonesState()
        self._for_previews = False
        self._disc = IconDisc("phone", 40, 22)
        self._name = QElidingLabel()
        self._name.setStyleSheet("font-weight: 600;")
        self._name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._status, self._cable, self._cable_icon = QLabel(), QLabel(), QLabel()
        self._status.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._tick, self._searchable = QLabel(), QLabel()
        self._facts, self._when = QLabel(), QLabel()
        for label in (self._searchable, self._facts):
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        for label in (self._cable, self._facts, self._when):
            label.setProperty("role", "small")
        self._notice, self._meter = NoticeBox(), SyncMeter()
        self._sync = QPushButton()
        self._sync.setProperty("role", "primary")
        self._line = QFrame()
        self._line.setProperty("role", "line")
        self.albums = AlbumList()
        self._originals_title, self._meaning = QLabel(), QLabel()
        self._originals_title.setStyleSheet("font-weight: 600;")
        self._meaning.setProperty("role", "small")
        self._meaning.setWordWrap(True)
        self._condition = QLabel()
        self._condition.setProperty("role", "small")
        self._condition.setWordWrap(True)
        self._condition.setContentsMargins(36, 0, 0, 0)  # below the tick's words
        self.originals = QComboBox()
        self._originals_title.setBuddy(self.originals)
        self.auto_sync = QCheckBox()
        self.auto_sync.setStyleSheet("spacing: 13px;")  # as the albums'
        self._choices = QWidget()
        self._unfold = QPushButton()
        self._unfold.setProperty("role", "flat")
        self._unfold.setStyleSheet("text-align: left; padding-left: 2px;")
        self._unfolded = False
        self._is_saying = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._lay_out()
        self._connect()

    def show_phone(self, phone: PhoneState, everything: PhonesState, *, for_previews: bool = False) -> None:
        """Show one phone, and the choices that count for all. `for_previews`: see `words.phase`."""
        self._phone, self._all, self._for_previews = phone, everything, for_previews
        self._say(phone)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """What is hidden with the focus hands it to the card, never to what is beside it."""
        if self._is_saying:
            self.setFocus(Qt.FocusReason.OtherFocusReason)
            return True
        return super().focusNextPrevChild(forward)

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102 - Qt's own
        if event.type() == QEvent.Type.LanguageChange and self._phone is not None:
            self._say(self._phone)
        super().changeEvent(event)

    def _lay_out(self) -> None:
        first = QHBoxLayout()
        first.setSpacing(4)
        first.addWidget(self._name, 1)
        first.addWidget(self._cable_icon)
        first.addWidget(self._cable)
        names = QVBoxLayout()
        names.setSpacing(1)
        names.addLayout(first)
        names.addWidget(self._status)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self._disc)
        head.addLayout(names, 1)
        found = QHBoxLayout()
        found.setSpacing(6)
        found.addWidget(self._tick, 0, Qt.AlignmentFlag.AlignTop)
        found.addWidget(self._searchable, 1)
        self._told = QWidget()
        said = QVBoxLayout(self._told)
        said.setContentsMargins(0, 0, 0, 0)
        said.setSpacing(3)
        said.addLayout(found)
        said.addWidget(self._facts)
        said.addWidget(self._when)
        choices = QVBoxLayout(self._choices)
        choices.setContentsMargins(0, 0, 0, 0)
        choices.setSpacing(8)
        choices.addWidget(self._line)
        choices.addWidget(self.albums)
        choices.addSpacing(2)
        choices.addWidget(self._originals_title)
        choices.addWidget(self.originals)
        choices.addWidget(self._meaning)
        choices.addSpacing(2)
        tick = QVBoxLayout()
        tick.setSpacing(0)
        tick.addWidget(self.auto_sync)
        tick.addWidget(self._condition)
        choices.addLayout(tick)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 14, 14, 14)
        column.setSpacing(12)
        column.addLayout(head)
        column.addWidget(self._notice)
        column.addWidget(self._meter)
        column.addWidget(self._told)
        column.addWidget(self._sync)
        column.addWidget(self._unfold, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._choices)

    def _connect(self) -> None:
        self._sync.clicked.connect(lambda: self.sync_requested.emit(self.serial))
        self._meter.pressed.connect(self._pause_or_continue)
        self._notice.said_yes.connect(self._yes)
        self._notice.said_no.connect(self._no)
        self.albums.chosen.connect(lambda paths: self.albums_chosen.emit(self.serial, paths))
        self.originals.activated.connect(lambda: self.originals_chosen.emit(*self.originals.currentData()))
        self.auto_sync.clicked.connect(self.auto_sync_chosen)
        self._unfold.clicked.connect(self._turn)
        theme_changed().connect(self._dress)

    def _say(self, phone: PhoneState) -> None:
        had_focus = self.hasFocus()
        self._is_saying = True
        try:
            self._show(phone)
        finally:
            self._is_saying = False
        if self.hasFocus() and not had_focus:
            self._way_on(phone).setFocus(Qt.FocusReason.OtherFocusReason)

    def _way_on(self, phone: PhoneState) -> QWidget:
        """What is pressed next; never the answer to a question that nobody has read yet."""
        buttons = [self._meter.button, self._sync]
        if phone.work is not Work.ASKS:
            buttons.append(self._notice.way_on)
        return next((button for button in buttons if button.isVisible()), self)

    def _show(self, phone: PhoneState) -> None:
        here = phone.presence is Presence.READY
        self._name.setText(words.title(phone))
        model = "" if phone.model in ("", words.title(phone)) else f"{phone.model}\n"
        self._name.setToolTip(f"{model}{phone.serial}")
        self._status.setText(words.status(phone)[0])
        cable, _ = words.connection(phone)
        self._cable.setText(cable)
        self._tell_what_is_here(phone)
        self._notice.show_notice(self._notice_of(phone))
        self._meter.show_phone(phone, for_previews=self._for_previews)
        self._sync.setText(self.tr("Sync again") if phone.work is Work.FAILED else self.tr("Sync now"))
        self._sync.setVisible(here and phone.work in (Work.IDLE, Work.FAILED))
        offered = here and phone.work not in (*UNDER_WAY, Work.ASKS)
        folded = self._is_one_of_several()
        self._unfold.setVisible(offered and folded)
        self._choices.setVisible(offered and (self._unfolded or not folded))
        self._unfold.setText(
            self.tr("Hide the choices") if self._unfolded else self.tr("Albums and originals")
        )
        self.albums.show_albums(phone.albums)
        self._show_originals()
        self._show_auto_sync()
        self.setAccessibleName(f"{words.title(phone)}: {self._status.text()}")
        self._disc.show_icon("phone", quiet=phone.presence is Presence.AWAY)
        self._dress()

    def _tell_what_is_here(self, phone: PhoneState) -> None:
        searchable, facts = words.searchable(phone), words.facts(phone)
        self._searchable.setText(searchable)
        for label in (self._tick, self._searchable):
            label.setVisible(bool(searchable))
        self._facts.setText(facts)
        self._facts.setVisible(bool(facts))
        known = phone.presence is Presence.READY or phone.synced_at is not None
        self._when.setText(words.last_sync(phone))
        self._when.setVisible(known)
        self._told.setVisible(phone.work not in UNDER_WAY and (known or bool(searchable)))

    def _is_one_of_several(self) -> bool:
        """Where several phones are connected each is small, so that all of them are seen."""
        return sum(phone.presence is not Presence.AWAY for phone in self._all.phones) > 1

    @Slot()
    def _turn(self) -> None:
        self._unfolded = not self._unfolded
        if self._phone is not None:
            self._say(self._phone)

    def _show_originals(self) -> None:
        chosen = (self._all.originals, self._all.originals_gb)
        self._originals_title.setText(self.tr("Originals"))
        with QSignalBlocker(self.originals):
            self.originals.clear()
            for originals, gigabytes, text in words.originals_choices(self._all.originals_gb):
                self.originals.addItem(text, (originals, gigabytes or self._all.originals_gb))
                if originals is chosen[0] and (originals is not Originals.SOME or gigabytes == chosen[1]):
                    self.originals.setCurrentIndex(self.originals.count() - 1)
        meaning = words.originals_meaning(chosen[0])
        if self._all.free_bytes is not None and chosen[0] is not Originals.PREVIEWS:
            free = self.tr("{0} are free on this disk.").format(words.size(self._all.free_bytes))
            meaning = f"{meaning} {free}"
        self._meaning.setText(meaning)

    def _show_auto_sync(self) -> None:
        self.auto_sync.setText(self.tr("Sync by itself when it is plugged in"))
        self._condition.setText(self.tr("From its first sync on, while this window is open"))
        self.auto_sync.setAccessibleDescription(self._condition.text())
        self.auto_sync.setChecked(self._all.auto_sync)

    def _notice_of(self, phone: PhoneState) -> Notice | None:
        """What stands in the tinted box."""
        presence, work = phone.presence, phone.work
        here = presence is Presence.READY
        if here and work is Work.ASKS and phone.report is not None and phone.report.asks is not None:
            asks = phone.report.asks
            return Notice(
                "warning",
                "warning",
                self.tr("Are these photos deleted?"),
                self.tr("{0} of its {1} photos are no longer on the phone.").format(
                    words.number(asks.missing), words.number(asks.known)
                ),
                self.tr("Yes, deleted"),
                self.tr("No, keep them"),
                "\n".join(
                    (
                        self.tr(
                            "Yes: they leave the search; originals that are here stay until you delete them."
                        ),
                        self.tr("No: everything stays as it is."),
                    )
                ),
            )
        if work is Work.INTERRUPTED and presence is not Presence.UNAUTHORIZED:
            return self._interrupted(phone)
        if presence is Presence.UNAUTHORIZED:
            return Notice(
                "ask",
                "lock",
                self.tr("Unlock the phone and allow USB debugging"),
                self.tr("The question stands on its screen. Tick “Always allow from this computer”."),
            )
        if presence is Presence.OFFLINE:
            return Notice(
                "warning",
                "refresh",
                self.tr("The phone does not answer"),
                self.tr("Unlock it. If that does not help, unplug it and plug it in again."),
            )
        if presence is Presence.NO_PERMISSIONS:
            return Notice(
                "warning",
                "lock",
                self.tr("This computer keeps the phone from the program"),
                self.tr(
                    "Install the rules for Android phones (on Debian and Ubuntu: "
                    "android-sdk-platform-tools-common), then plug the phone in again."
                ),
            )
        return self._trouble(phone) if here else None

    def _interrupted(self, phone: PhoneState) -> Notice:
        if phone.presence is Presence.AWAY:
            title = self.tr("The phone was unplugged")
            text = self.tr("What has come stays searchable. The rest comes when you plug it in again.")
            if phone.connection == "wifi":
                title = self.tr("The connection was lost")
                text = self.tr("What has come stays searchable. The rest comes when the phone is back.")
            return Notice("warning", "phone-plug", title, text)
        title = self.tr("The phone stopped answering")
        if phone.presence is Presence.READY:
            text = self.tr("What has come stays searchable. Press Continue when the phone is awake.")
            return Notice("warning", "phone-plug", title, text, self.tr("Continue"))
        text = self.tr("What has come stays searchable. Unlock the phone: the rest then comes by itself.")
        return Notice("warning", "phone-plug", title, text)

    def _trouble(self, phone: PhoneState) -> Notice | None:
        if phone.work is Work.DISK_FULL:
            free = self._all.free_bytes
            left = self.tr("{0} are left. ").format(words.size(free)) if free is not None else ""
            return Notice(
                "warning",
                "disk",
                self.tr("There is no room for more originals"),
                left + self.tr("Free some space or choose fewer originals; it then goes on from here."),
                self.tr("Continue"),
            )
        if phone.work is Work.FAILED:
            text = words.trouble_in_words(phone.problem)
            return Notice("warning", "warning", self.tr("The phone could not be synced"), text)
        report = phone.report
        if report is not None and report.failed and phone.work is Work.IDLE:
            title = self.tr("%Ln photo(s) did not come", "", len(report.failed))
            return Notice("warning", "info", title, self.tr("The next sync tries them again."))
        return None

    @Slot()
    def _dress(self) -> None:
        if self._phone is None:
            return
        ratio = self.devicePixelRatioF()
        self._tick.setPixmap(icon_pixmap("check", 16, "success", ratio))
        colour = current_theme().colour(words.status(self._phone)[1]).name()
        self._status.setStyleSheet(f"color: {colour};")
        _, icon = words.connection(self._phone)
        self._cable_icon.setVisible(bool(icon))
        if icon:
            self._cable_icon.setPixmap(icon_pixmap(icon, 16, "muted", ratio))

    @Slot()
    def _pause_or_continue(self) -> None:
        if self._phone is not None:
            paused = self._phone.work is Work.PAUSED
            (self.continue_requested if paused else self.pause_requested).emit(self.serial)

    @Slot()
    def _yes(self) -> None:
        if self._phone is None:
            return
        asks = self._phone.work is Work.ASKS
        (self.disappeared_confirmed if asks else self.continue_requested).emit(self.serial)

    @Slot()
    def _no(self) -> None:
        self.disappeared_kept.emit(self.serial)
