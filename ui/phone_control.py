"""The phones' side of the window: the service off the GUI thread, and its panel kept in step. Nothing is
loaded before somebody wants to see phones.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from sketch_app.phone.states import PhonesState, PhoneState, Work
from ui import phone_words as words
from ui.background import Failure, run_in_background
from ui.phone_panel import PhonePanel

if TYPE_CHECKING:
    from sketch_app.phone.records import Originals
    from sketch_app.phone.service import PhoneService
    from sketch_app.workspace import Workspace

_LANE = "phones"
_EVERY = 50
"""New photos after which a search that stands in the window is worth repeating."""


class PhoneControl(QObject):
    """Owns the phone service and shows how it goes.

    Parameters
    ----------
    make_service
        Called on a worker thread, once; in place of the service of the real phones.
    """

    photos_added = Signal()
    """Photos have come: a search may find others now."""
    said = Signal(str, str)
    """A sentence for a toast, and its kind."""
    changed = Signal(object)
    """The new `PhonesState`."""
    _news = Signal()

    def __init__(
        self,
        workspace: Workspace,
        panel: PhonePanel,
        parent: QObject | None = None,
        *,
        make_service: Callable[[Workspace], PhoneService] | None = None,
    ) -> None:
        super().__init__(parent)
        self._workspace, self._panel = workspace, panel
        self._make_service = make_service or _service
        self._service: PhoneService | None = None
        self._asked, self._closed = False, False
        self._state = PhonesState()
        self._newest: list[PhonesState] = []
        self._lock = threading.Lock()
        self._searchable: dict[str, int] = {}
        self._news.connect(self._show_newest, Qt.ConnectionType.QueuedConnection)
        panel.retry_requested.connect(self._start)
        panel.sync_requested.connect(lambda serial: self._do("sync", lambda s: s.sync(serial)))
        panel.pause_requested.connect(lambda serial: self._do("pause", lambda s: s.pause(serial)))
        panel.continue_requested.connect(lambda serial: self._do("continue", lambda s: s.resume(serial)))
        panel.disappeared_confirmed.connect(
            lambda serial: self._do("confirm", lambda s: s.confirm_disappeared(serial))
        )
        panel.disappeared_kept.connect(lambda serial: self._do("keep", lambda s: s.keep_disappeared(serial)))
        panel.albums_chosen.connect(
            lambda serial, paths: self._do("choose albums", lambda s: s.choose_albums(serial, paths))
        )
        panel.originals_chosen.connect(self._choose_originals)

    @property
    def state(self) -> PhonesState:
        """What is known of phones now."""
        return self._state

    def open(self) -> None:
        """Begin to look for phones; the first time only, and cheap after that."""
        if not self._asked:
            self._asked = True
            self._start()

    def fetch_original(self, photo_id: int) -> None:
        """Fetch a photo's original from its phone."""
        self.open()
        self._do(
            "fetch an original",
            lambda service: service.fetch_original(photo_id),
            done=self._say_fetching,
        )

    def _say_fetching(self, on_its_way: bool) -> None:
        if on_its_way:
            self.said.emit(self.tr("The original is on its way."), "info")
        else:
            self.said.emit(self.tr("The original comes when the phone is connected."), "info")

    def close(self) -> None:
        """End everything; what has come stays."""
        self._closed = True
        if self._service is not None:
            self._service.close()

    @Slot()
    def _start(self) -> None:
        self._panel.show_state(PhonesState(self._state.phones, looking=True))
        self._do("look for phones", lambda service: service.start())

    def _choose_originals(self, originals: Originals, gigabytes: float) -> None:
        self._do("choose originals", lambda service: service.choose_originals(originals, gigabytes))

    def _do(
        self, name: str, act: Callable[[PhoneService], Any], done: Callable[[Any], None] | None = None
    ) -> None:
        def work(_job: object) -> Any:
            return act(self._opened())

        run_in_background(
            self,
            work,
            on_success=done,
            on_failure=self._has_failed,
            name=name,
            serial=_LANE,
        )

    def _opened(self) -> PhoneService:
        """On the phones' own worker: the service, made the first time."""
        if self._service is None:
            service = self._make_service(self._workspace)
            service.on_change(self._hear)
            self._service = service
            if self._closed:  # the window went while it was being made
                service.close()
        return self._service

    def _hear(self, state: PhonesState) -> None:
        """On any thread; of states that come too fast the newest wins."""
        with self._lock:
            posted = bool(self._newest)
            self._newest[:] = [state]
        if not posted:
            try:
                self._news.emit()
            except RuntimeError:  # the window is gone
                return

    @Slot()
    def _show_newest(self) -> None:
        with self._lock:
            states, self._newest = self._newest, []
        if not states or self._closed:
            return
        former = {phone.serial: phone for phone in self._state.phones}
        self._state = states[0]
        self._panel.show_state(self._state)
        self.changed.emit(self._state)
        grown = [self._has_grown(phone, former.get(phone.serial)) for phone in self._state.phones]
        if any(grown):
            self.photos_added.emit()

    def _has_grown(self, phone: PhoneState, former: PhoneState | None) -> bool:
        """Whether enough has come of a phone since this was last said; also says what a finished sync did."""
        at_work = (Work.SYNCING, Work.PAUSED)
        was_at_work = former is not None and former.work in at_work
        # A short sync may begin and end between two looks.
        reported = phone.report is not None and (former is None or former.report is not phone.report)
        if phone.work not in at_work and (was_at_work or reported):
            self._searchable.pop(phone.serial, None)
            self._announce(phone)
            return True
        count = phone.searchable
        if phone.work is Work.SYNCING and count - self._searchable.get(phone.serial, 0) >= _EVERY:
            self._searchable[phone.serial] = count
            return True
        return False

    def _announce(self, phone: PhoneState) -> None:
        if self._panel.isVisible():  # it stands there
            return
        name = words.title(phone)
        if phone.work is Work.IDLE and phone.report is not None and phone.report.stopped is None:
            self.said.emit(self.tr("{0} is in step with the gallery.").format(name), "check")
        elif phone.work is Work.ASKS:
            self.said.emit(self.tr("{0} has a question: see the tab Phone.").format(name), "warning")
        elif phone.work is Work.INTERRUPTED:
            self.said.emit(self.tr("{0} was unplugged. It goes on when it is back.").format(name), "warning")
        elif phone.work in (Work.DISK_FULL, Work.FAILED):
            self.said.emit(self.tr("{0} could not be synced: see the tab Phone.").format(name), "warning")

    def _has_failed(self, failure: Failure) -> None:
        if self._service is None:  # not even made: phones cannot be used here
            self._asked = False
            self._panel.show_state(PhonesState(unavailable=failure.sentence))
        else:
            self.said.emit(failure.sentence, "warning")


def _service(workspace: Workspace) -> PhoneService:
    from sketch_app.phone.service import PhoneService

    return PhoneService(workspace)
