"""The phones' side of the window: the service off the GUI thread, and its panel kept in step. Nothing is
loaded before somebody wants to see phones.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from sketch_app.phone.states import LeftOriginals, PhonesState, PhoneState, Work
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
_AFTER_LAUNCH_MS = 4000
"""When known phones are looked for: gallery, camera and models are what a person waits for first."""


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
        self._awaited: set[str] = set()
        self._asked_photos: set[int] = set()
        self._news.connect(self._show_newest, Qt.ConnectionType.QueuedConnection)
        panel.retry_requested.connect(self._start)
        panel.sync_requested.connect(self._sync)
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
        panel.auto_sync_chosen.connect(
            lambda on: self._do("choose to sync by itself", lambda s: s.choose_auto_sync(on))
        )
        panel.delete_left_requested.connect(self._delete_left)

    @property
    def state(self) -> PhonesState:
        """What is known of phones now."""
        return self._state

    def open(self) -> None:
        """Begin to look for phones; the first time only, and cheap after that."""
        if not self._asked:
            self._asked = True
            self._start()

    def open_for_known_phones(self) -> None:
        """Begin to look for phones in some seconds if one was ever synced, and phones are to be synced by
        themselves. Nothing of phones is loaded where that is not so.
        """
        QTimer.singleShot(_AFTER_LAUNCH_MS, self, self._look_for_known)

    @Slot()
    def _look_for_known(self) -> None:
        if self._asked or self._closed or not self._workspace.settings.phone_auto_sync:
            return
        directory = self._workspace.gallery_directory
        run_in_background(
            self,
            lambda _job: _has_synced(directory),
            on_success=lambda known: known and not self._closed and self.open(),
            name="look for known phones",
        )

    def fetch_original(self, photo_id: int) -> None:
        """Fetch a photo's original from its phone."""
        self.open()
        self._asked_photos.add(photo_id)
        self._do(
            "fetch an original",
            lambda service: service.fetch_original(photo_id),
            done=self._say_fetching,
            failed=lambda: self._asked_photos.discard(photo_id),
        )

    def _say_fetching(self, on_its_way: bool) -> None:
        if on_its_way:
            self._panel.show_state(self._state, original_asked=True)
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
        self._panel.show_state(replace(self._state, looking=True, unavailable=""))
        self._do("look for phones", lambda service: service.start())

    def _sync(self, serial: str) -> None:
        self._awaited.add(serial)
        self._do("sync", lambda service: service.sync(serial))

    def _delete_left(self, contents: frozenset[bytes]) -> None:
        self._do("delete originals", lambda service: service.delete_left(contents), done=self._say_deleted)

    def _say_deleted(self, deleted: LeftOriginals) -> None:
        said = self.tr("%Ln original(s) deleted, {0} freed.", "", deleted.count)
        self.said.emit(said.format(words.size(deleted.size)), "check")

    def _choose_originals(self, originals: Originals, gigabytes: float) -> None:
        self._do("choose originals", lambda service: service.choose_originals(originals, gigabytes))

    def _do(
        self,
        name: str,
        act: Callable[[PhoneService], Any],
        done: Callable[[Any], None] | None = None,
        failed: Callable[[], None] | None = None,
    ) -> None:
        def work(_job: object) -> Any:
            return act(self._opened())

        def has_failed(failure: Failure) -> None:
            if failed is not None:
                failed()
            self._has_failed(failure)

        run_in_background(
            self,
            work,
            on_success=done,
            on_failure=has_failed,
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
        self._panel.show_state(self._state, original_asked=bool(self._asked_photos))
        self.changed.emit(self._state)
        grown = [self._has_grown(phone, former.get(phone.serial)) for phone in self._state.phones]
        if any(grown):
            self.photos_added.emit()

    def _has_grown(self, phone: PhoneState, former: PhoneState | None) -> bool:
        """Whether it is worth saying that photos have come: at the first ones, after every so many, where a
        sync waits, and at its end. Also says what a finished sync did.
        """
        at_work = (Work.SYNCING, Work.PAUSED)
        was_at_work = former is not None and former.work in at_work
        # A short sync may begin and end between two looks.
        reported = phone.report is not None and (former is None or former.report is not phone.report)
        if phone.work not in at_work and (was_at_work or reported):
            self._searchable.pop(phone.serial, None)
            self._announce(phone)
            self._look_for_originals()
            return True
        if phone.work not in at_work:
            return False
        begins = phone.serial not in self._searchable
        said = self._searchable.setdefault(phone.serial, phone.shown)
        came = phone.searchable - said
        is_first = begins or (former is not None and said == former.shown)
        if came >= _EVERY or (came > 0 and (is_first or phone.work is Work.PAUSED)):
            self._searchable[phone.serial] = phone.searchable
            return True
        return False

    def _announce(self, phone: PhoneState) -> None:
        awaited = phone.serial in self._awaited
        self._awaited.discard(phone.serial)
        if self._panel.isVisible():  # it stands there
            return
        name, report = words.title(phone), phone.report
        if phone.work is Work.IDLE and report is not None and report.stopped is None:
            # One that began by itself and found nothing new is nobody's news.
            news = report.previews or report.missing or (report.originals and not self._asked_photos)
            if awaited or news:
                self.said.emit(self.tr("{0} is in step with the gallery.").format(name), "check")
        elif phone.work is Work.ASKS:
            self.said.emit(self.tr("{0} has a question: see the tab Phone.").format(name), "warning")
        elif phone.work is Work.INTERRUPTED:
            self.said.emit(self.tr("{0} was unplugged. It goes on when it is back.").format(name), "warning")
        elif phone.work in (Work.DISK_FULL, Work.FAILED):
            self.said.emit(self.tr("{0} could not be synced: see the tab Phone.").format(name), "warning")

    def _look_for_originals(self) -> None:
        """Say of the originals that were asked for that they have come."""
        if not self._asked_photos:
            return
        directory, asked = self._workspace.gallery_directory, frozenset(self._asked_photos)
        run_in_background(
            self,
            lambda _job: originals_here(directory, asked),
            on_success=self._say_come,
            name="look for originals",
        )

    def _say_come(self, come: frozenset[int]) -> None:
        come &= self._asked_photos
        self._asked_photos -= come
        if len(come) == 1:
            self.said.emit(self.tr("The original is here."), "check")
        elif come:
            self.said.emit(self.tr("%Ln original(s) are here.", "", len(come)), "check")

    def _has_failed(self, failure: Failure) -> None:
        if self._service is None:  # not even made: phones cannot be used here
            self._asked = False
            self._panel.show_state(PhonesState(unavailable=failure.sentence))
        else:
            self.said.emit(words.trouble_in_words(failure.sentence), "warning")


def _has_synced(directory: Path) -> bool:
    """Whether the gallery in a folder knows a phone; False too where there is none yet."""
    from index.database import Database
    from index.errors import GalleryError
    from index.gallery import DATABASE_NAME
    from index.phone_files import has_synced

    try:
        database = Database(directory / DATABASE_NAME, write=False)
    except GalleryError:
        return False
    try:
        return has_synced(database)
    finally:
        database.close()


def originals_here(directory: Path, photo_ids: Collection[int]) -> frozenset[int]:
    """Those of some photos from phones whose originals are in the gallery in a folder."""
    from index.errors import GalleryError
    from index.gallery import Gallery

    try:
        with Gallery.open(directory, write=False) as gallery:
            return frozenset(photo.id for photo in gallery.photos(list(photo_ids)) if not photo.is_preview)
    except GalleryError:
        return frozenset()


def _service(workspace: Workspace) -> PhoneService:
    from sketch_app.phone.service import PhoneService

    return PhoneService(workspace)
