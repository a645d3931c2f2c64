"""The third tab: every phone as a card, or how to connect one."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from sketch_app.phone.records import Originals
from sketch_app.phone.states import PhonesState, PhoneState, Presence, Work
from ui.busy_ring import BusyRing
from ui.empty_state import EmptyState
from ui.phone_card import PhoneCard
from ui.phone_left import LeftRow
from ui.phone_steps import PhoneSteps
from ui.phone_words import trouble_in_words
from ui.theme import icon_pixmap, theme_changed


class PhonePanel(QWidget):
    """Shows what it is told; the owner does what the signals ask for. Those of one phone carry its serial."""

    sync_requested = Signal(str)
    pause_requested = Signal(str)
    continue_requested = Signal(str)
    disappeared_confirmed = Signal(str)
    disappeared_kept = Signal(str)
    albums_chosen = Signal(str, object)
    """And a tuple of path bytes."""
    originals_chosen = Signal(object, float)
    """`Originals` and GB."""
    auto_sync_chosen = Signal(bool)
    delete_left_requested = Signal(object)
    """Contents of originals that no phone has any more; the person has confirmed it."""
    retry_requested = Signal()
    """Look again whether phones can be used on this computer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = PhonesState(looking=True)
        self._original_asked = False
        self._cards: dict[str, PhoneCard] = {}
        self._heading, self._count = QLabel(), QLabel()
        self._heading.setProperty("role", "heading")
        self._count.setProperty("role", "muted")
        self._steps = PhoneSteps()
        self._how = QPushButton()
        self._how.setProperty("role", "flat")
        self._how.setStyleSheet("text-align: left; padding-left: 2px;")
        self._unfolded = False
        self._ring, self._looking = BusyRing(18), QLabel()
        self._looking.setProperty("role", "muted")
        self._waiting = QWidget()
        self._unavailable = EmptyState("phone-off")
        self._known = QLabel()
        self._known.setProperty("role", "heading")
        self._connected_column, self._known_column = QVBoxLayout(), QVBoxLayout()
        self.left = LeftRow()
        self._lock, self._promise = QLabel(), QLabel()
        self._promise.setProperty("role", "small")
        self._promise.setWordWrap(True)
        self._lay_out()
        self._unavailable.action.connect(self.retry_requested)
        self._how.clicked.connect(self._turn)
        self.left.delete_requested.connect(self.delete_left_requested)
        theme_changed().connect(self._paint)
        self._paint()
        self.show_state(self._state)

    def show_state(self, state: PhonesState, *, original_asked: bool = False) -> None:
        """Show how things stand; `original_asked`: somebody waits for an original."""
        self._state, self._original_asked = state, original_asked
        self._keep_cards(state)
        self._say()

    @property
    def cards(self) -> tuple[PhoneCard, ...]:
        """The phones' cards, from above to below."""
        return tuple(self._cards[phone.serial] for phone in self._state.phones)

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102 - Qt's own
        if event.type() == QEvent.Type.LanguageChange:
            self._say()
        super().changeEvent(event)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self._heading, 1)
        top.addWidget(self._count)
        waiting = QHBoxLayout(self._waiting)
        waiting.setContentsMargins(0, 24, 0, 24)
        waiting.setSpacing(10)
        waiting.addStretch(1)
        waiting.addWidget(self._ring)
        waiting.addWidget(self._looking)
        waiting.addStretch(1)
        promise = QHBoxLayout()
        promise.setSpacing(8)
        promise.addWidget(self._lock, 0, Qt.AlignmentFlag.AlignTop)
        promise.addWidget(self._promise, 1)
        for column in (self._connected_column, self._known_column):
            column.setSpacing(12)
        column = QVBoxLayout()
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        column.addLayout(top)
        column.addWidget(self._waiting)
        column.addWidget(self._unavailable)
        column.addLayout(self._connected_column)
        column.addWidget(self._known)
        column.addLayout(self._known_column)
        column.addWidget(self._how, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._steps)
        column.addWidget(self.left)
        column.addStretch(1)
        column.addLayout(promise)
        content = QWidget()
        content.setLayout(column)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(content)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        self.setMinimumWidth(280)

    def _keep_cards(self, state: PhonesState) -> None:
        """A card for each phone, in their order; what stays keeps its focus."""
        wanted = {phone.serial for phone in state.phones}
        for serial in [known for known in self._cards if known not in wanted]:
            card = self._cards.pop(serial)
            card.setParent(None)
            card.deleteLater()
        places = {True: 0, False: 0}
        for phone in state.phones:
            card = self._cards.get(phone.serial) or self._make_card(phone.serial)
            connected = _is_at_hand(phone)
            column = self._connected_column if connected else self._known_column
            if column.indexOf(card) != places[connected]:
                for layout in (self._connected_column, self._known_column):
                    layout.removeWidget(card)
                column.insertWidget(places[connected], card)
            places[connected] += 1
            previews = state.originals is Originals.PREVIEWS and not self._original_asked
            card.show_phone(phone, state, for_previews=previews)

    def _make_card(self, serial: str) -> PhoneCard:
        card = self._cards[serial] = PhoneCard(serial)
        card.sync_requested.connect(self.sync_requested)
        card.pause_requested.connect(self.pause_requested)
        card.continue_requested.connect(self.continue_requested)
        card.disappeared_confirmed.connect(self.disappeared_confirmed)
        card.disappeared_kept.connect(self.disappeared_kept)
        card.albums_chosen.connect(self.albums_chosen)
        card.originals_chosen.connect(self.originals_chosen)
        card.auto_sync_chosen.connect(self.auto_sync_chosen)
        return card

    def _say(self) -> None:
        state = self._state
        at_hand = sum(_is_at_hand(phone) for phone in state.phones)
        connected = sum(phone.presence is not Presence.AWAY for phone in state.phones)
        self._heading.setText(self.tr("Phone") if connected < 2 else self.tr("Phones"))
        self._count.setText(self.tr("%n connected", "", connected) if connected > 1 else "")
        self._count.setVisible(connected > 1)
        self._looking.setText(self.tr("Looking for phones…"))
        self._waiting.setVisible(state.looking and not at_hand)
        self._unavailable.setVisible(bool(state.unavailable))
        self._unavailable.show_message("phone-off", trouble_in_words(state.unavailable), self.tr("Try again"))
        invites = not at_hand and not state.looking and not state.unavailable
        away = len(state.phones) - at_hand
        # Who has connected a phone before knows how: the lesson is one press away.
        self._how.setVisible(invites and away > 0)
        self._how.setText(
            self.tr("Hide how to connect") if self._unfolded else self.tr("How to connect a phone")
        )
        self._steps.setVisible(invites and (self._unfolded or not away))
        self._steps.set_titled(not away)
        self._heading.setVisible(not invites or away > 0)  # the steps have a title of their own
        self._known.setText(self.tr("Phones in the gallery"))
        self._known.setVisible(away > 0 and not invites)
        at_work = any(phone.work in (Work.SYNCING, Work.PAUSED) for phone in state.phones)
        self.left.show_left(state.left, at_rest=not at_work)
        self._promise.setText(
            self.tr(
                "The phone is only read. Nothing on it is ever changed, and nothing leaves this computer."
            )
        )

    @Slot()
    def _turn(self) -> None:
        self._unfolded = not self._unfolded
        self._say()

    def _paint(self) -> None:
        self._lock.setPixmap(icon_pixmap("lock", 16, "success", self.devicePixelRatioF()))


def _is_at_hand(phone: PhoneState) -> bool:
    """Whether its card belongs to those above: connected, or gone in the middle of a sync."""
    return phone.presence is not Presence.AWAY or phone.work in (Work.INTERRUPTED, Work.SYNCING, Work.PAUSED)
