"""The phones of a running program: which are connected, what is under way, what a person may ask for.
No Qt; how phones are found and read is behind `PhoneAccess`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sketch_app.phone.changes import counted, is_due, outcome, seen
from sketch_app.phone.choices import PhoneChoices
from sketch_app.phone.counting import count_phones
from sketch_app.phone.protocols import FoundPhone, PhoneAccess
from sketch_app.phone.records import Originals, SyncControl, SyncPhase, SyncProgress, is_chosen
from sketch_app.phone.states import LeftOriginals, PhonesState, PhoneState, Presence, Work

if TYPE_CHECKING:
    from sketch_app.workspace import Workspace

log = logging.getLogger(__name__)

_PATIENCE_S = 3.0
"""How long closing waits for a sync to put down what it holds; the next one takes that up in any case."""

_REST_S = 30.0
"""How long after a sync a phone that comes again is not synced by itself: a loose cable comes often."""


class PhoneService:
    """Usable from any thread; its callbacks come on whichever thread has the news.

    Parameters
    ----------
    workspace
        Whose gallery is synced, and whose settings hold the choices.
    access
        In place of the real phones.
    clock
        Seconds that only grow.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        access: PhoneAccess | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._workspace = workspace
        self._given = access
        self._clock = clock
        self._access: PhoneAccess | None = None
        self._lock = threading.RLock()
        self._phones: dict[str, PhoneState] = {}
        self._controls: dict[str, SyncControl] = {}
        self._threads: list[threading.Thread] = []
        self._arrivals: dict[str, int] = {}
        self._listeners: list[Callable[[PhonesState], None]] = []
        self._stop_watching: Callable[[], None] | None = None
        self._watch = object()  # another one for each: a watch that is being ended says nothing any more
        self._ended: dict[str, float] = {}
        self._looking, self._closed = False, False
        self._unavailable = ""
        self._free: int | None = None
        self._left: LeftOriginals | None = None
        self._choices = PhoneChoices(workspace)
        self._again: set[str] = set()
        self._by_itself: set[str] = set()
        self._kept: dict[str, int] = {}  # photos missing from a phone that a person said are not deleted

    # Looking

    @property
    def state(self) -> PhonesState:
        """All that is known now."""
        with self._lock:
            order = sorted(
                self._phones.values(),
                key=lambda phone: (phone.presence is Presence.AWAY, phone.name.casefold(), phone.serial),
            )
            choices = self._choices.of("")
            return PhonesState(
                tuple(order),
                self._looking,
                self._unavailable,
                choices.originals,
                choices.originals_gb,
                self._free,
                self._choices.auto_sync,
                self._left,
            )

    @property
    def phones(self) -> tuple[PhoneState, ...]:
        """Connected phones first, then those that are known."""
        return self.state.phones

    def on_change(self, callback: Callable[[PhonesState], None]) -> Callable[[], None]:
        """Call `callback` with every new state; returns what ends that."""
        with self._lock:
            self._listeners.append(callback)

        def unsubscribe() -> None:
            with self._lock:
                if callback in self._listeners:
                    self._listeners.remove(callback)

        return unsubscribe

    def start(self) -> None:
        """Begin to watch for phones, or try again where that did not work. Slow the first time: it loads what
        talks to phones. Nothing is raised: `PhonesState.unavailable` says what is wrong.
        """
        former: Callable[[], None] | None = None
        with self._lock:
            watches = self._looking or (self._stop_watching is not None and not self._unavailable)
            if self._closed:
                return
            if not watches:
                self._looking, self._unavailable = True, ""
                former, self._stop_watching = self._stop_watching, None
                watch = self._watch = object()
        self._tell()
        if watches:
            return
        if former is not None:  # not waited for: it may be waiting for an adb that does not start
            self._on_thread("end of a watch", former)
        try:
            access = self._opened()
            self._count()
            stop = access.watch(lambda found, problem: self._found(watch, found, problem))
        except Exception as error:
            log.warning("Phones cannot be used: %s", error, exc_info=not _is_own(error))
            with self._lock:
                self._looking, self._unavailable = False, _sentence(error)
        else:
            with self._lock:
                self._stop_watching = stop
            if self._is_closed():  # meanwhile
                stop()
        self._tell()

    # What a person asks for

    def sync(self, serial: str, *, confirm_disappeared: bool = False) -> None:
        """Begin a sync, unless one of this phone runs or the phone is not ready."""
        with self._lock:
            phone = self._phones.get(serial)
            if (
                self._closed
                or phone is None
                or serial in self._controls
                or phone.presence is not Presence.READY
            ):
                return
            control = self._controls[serial] = SyncControl()
            listing = SyncProgress(SyncPhase.LISTING, 0, 0)
            self._phones[serial] = replace(
                phone, work=Work.SYNCING, progress=listing, report=None, problem=""
            )
        self._tell()
        self._on_thread(f"sync of {serial}", lambda: self._run(serial, control, confirm_disappeared))

    def pause(self, serial: str) -> None:
        """Let a sync wait; what it is fetching goes on later from where it was."""
        self._hold(serial, pause=True)

    def resume(self, serial: str) -> None:
        """Let a sync go on; one that was interrupted begins anew and goes on from what is here."""
        if serial in self._controls:
            self._hold(serial, pause=False)
        else:
            self.sync(serial)

    def confirm_disappeared(self, serial: str) -> None:
        """The photos that are gone from the phone were deleted there: let the gallery follow."""
        self._kept.pop(serial, None)
        self.sync(serial, confirm_disappeared=True)

    def keep_disappeared(self, serial: str) -> None:
        """They were not: the gallery stays as it is. A sync that a person asks for asks again; one that
        begins by itself only if still more are gone.
        """

        def keep(phone: PhoneState) -> PhoneState:
            report = phone.report
            if report is not None and report.asks is not None:
                self._kept[serial] = report.asks.missing
                report = replace(report, asks=None)
            return replace(phone, work=Work.IDLE, progress=None, report=report)

        self._change(serial, keep)

    def choose_albums(self, serial: str, paths: Iterable[bytes]) -> None:
        """Look into these folders only from the next sync on; all, or none, means all there will be."""
        chosen = frozenset(paths)

        def apply(phone: PhoneState) -> PhoneState:
            albums = phone.albums or ()
            every = not chosen or chosen >= {album.path for album in albums}
            return replace(phone, albums=tuple(replace(a, chosen=every or a.path in chosen) for a in albums))

        with self._lock:
            self._change(serial, apply)
            phone = self._phones.get(serial)
            albums = phone.albums if phone is not None and phone.albums is not None else ()
            ticked = [a.path for a in albums if a.chosen]
            others = [a.path for a in albums if not a.chosen]
            if others:
                without = [path for path in others if is_chosen(path, ticked)]
                self._choices.choose_folders(serial, ticked, without)
            else:
                self._choices.choose_folders(serial, ())

    def choose_originals(self, originals: Originals, gigabytes: float) -> None:
        """Fetch other originals from the next sync on."""
        self._choices.choose_originals(originals, gigabytes)
        self._tell()

    def choose_auto_sync(self, on: bool) -> None:
        """Let phones that were synced before be synced by themselves whenever they come, or not."""
        self._choices.choose_auto_sync(on)
        self._tell()

    def delete_left(self, contents: Collection[bytes]) -> LeftOriginals:
        """Delete originals that no phone has any more; returns what was deleted. Blocks.

        Parameters
        ----------
        contents
            Those of `PhonesState.left` that the person was shown.

        Raises
        ------
        Exception
            Of the gallery, with a sentence: a phone is being synced, say.
        """
        try:
            return self._opened().delete_left(contents)
        finally:
            self._count()
            self._tell()

    def fetch_original(self, photo_id: int) -> bool:
        """Fetch one photo's original before all others. Blocks while the wish is recorded.

        Returns
        -------
        bool
            Whether it is on its way; else it comes with the next sync of its phone.

        Raises
        ------
        Exception
            Of the gallery or of the phone, with a sentence.
        """
        if self._access is None:
            self.start()
        if self._access is None:
            return False
        serial = self._access.want_original(photo_id)
        with self._lock:
            if serial in self._controls:  # the one that runs may be past its queue
                self._again.add(serial)
        self.sync(serial)
        return serial in self._controls

    def close(self) -> None:
        """End everything; what has come stays, and the next sync goes on from there. May be called twice."""
        with self._lock:
            self._closed = True
            self._listeners.clear()
            stop, self._stop_watching = self._stop_watching, None
            controls, threads = list(self._controls.values()), list(self._threads)
        for control in controls:
            control.cancel()
        if stop is not None:
            stop()
        end = time.monotonic() + _PATIENCE_S
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, end - time.monotonic()))

    def _opened(self) -> PhoneAccess:
        self._access = self._access or self._given or _real_access(self._workspace)
        return self._access

    def _is_closed(self) -> bool:
        return self._closed

    # What happens

    def _found(self, watch: object, found: Sequence[FoundPhone], problem: str) -> None:
        ready: list[str] = []
        with self._lock:
            if watch is not self._watch:
                return
            self._looking, self._unavailable = False, problem
            here = {info.serial: info for info in found}
            for serial in [*here, *(known for known in self._phones if known not in here)]:
                before = self._phones.get(serial) or PhoneState(serial, serial)
                if serial not in here:
                    if before.photos or before.synced_at or serial in self._controls:
                        self._phones[serial] = replace(before, presence=Presence.AWAY, what_to_do="")
                    else:
                        self._phones.pop(serial)
                    continue
                after = seen(before, here[serial])
                self._phones[serial] = after
                if after.presence is Presence.READY and before.presence is not Presence.READY:
                    self._arrivals[serial] = self._arrivals.get(serial, 0) + 1
                    ready.append(serial)
        self._tell()
        for serial in ready:
            self._has_come(serial)

    def _has_come(self, serial: str) -> None:
        with self._lock:
            phone = self._phones.get(serial)
            ended = self._ended.get(serial)
            rested = ended is None or self._clock() - ended >= _REST_S
            due = phone is not None and self._choices.auto_sync and rested and is_due(phone)
            goes_on = phone is not None and phone.work is Work.INTERRUPTED
        self._on_thread(f"albums of {serial}", lambda: self._look_for_albums(serial))
        if goes_on or due:
            if not goes_on:
                self._by_itself.add(serial)
            self.sync(serial)

    def _look_for_albums(self, serial: str) -> None:
        assert self._access is not None
        try:
            albums = tuple(self._access.albums(serial))
        except Exception as error:  # the sync itself will say what is wrong
            log.warning("The albums of %s cannot be listed: %s", serial, error)
            return
        choices = self._choices.of(serial)
        shown = tuple(replace(a, chosen=is_chosen(a.path, choices.folders, choices.without)) for a in albums)
        self._change(serial, lambda phone: replace(phone, albums=shown))

    def _run(self, serial: str, control: SyncControl, confirm: bool) -> None:
        """On its own thread: one sync, and what comes of it."""
        assert self._access is not None
        arrival = self._arrivals.get(serial, 0)
        counted: SyncProgress | None = None

        def told(progress: SyncProgress) -> None:
            nonlocal counted
            if counted is not None and counted.phase is not progress.phase:
                self._count()
            if progress.total or counted is None:
                counted = progress
            work = Work.PAUSED if control.paused else Work.SYNCING
            self._change(serial, lambda phone: replace(phone, progress=progress, work=work))

        work, problem, report = Work.FAILED, "", None
        try:
            report = self._access.sync(
                serial, self._choices.of(serial), control, told, confirm_disappeared=confirm
            )
            if serial in self._by_itself and report.asks is not None:
                known = report.asks.missing <= self._kept.get(serial, 0)
                report = replace(report, asks=None) if known else report
            work, problem = outcome(report), report.sentence
        except Exception as error:
            problem = _sentence(error)
            log.warning("The phone %s was not synced: %s", serial, error, exc_info=not _is_own(error))
        self._count()
        with self._lock:
            self._controls.pop(serial, None)
            self._ended[serial] = self._clock()
            left = counted if work is Work.INTERRUPTED else None
            self._change(
                serial,
                lambda phone: replace(phone, work=work, progress=left, problem=problem, report=report),
            )
            returned = work is Work.INTERRUPTED and self._arrivals.get(serial, 0) != arrival  # already back
            wanted = work is Work.IDLE and serial in self._again
            self._again.discard(serial)
            self._by_itself.discard(serial)
        if returned or wanted:
            self.sync(serial)
        elif work in (Work.IDLE, Work.ASKS):
            self._look_for_albums(serial)  # their counts are others now

    def _hold(self, serial: str, *, pause: bool) -> None:
        with self._lock:
            control = self._controls.get(serial)
            if control is None:
                return
            (control.pause if pause else control.resume)()
            work = Work.PAUSED if pause else Work.SYNCING
            self._change(serial, lambda phone: replace(phone, work=work))

    def _change(self, serial: str, change: Callable[[PhoneState], PhoneState]) -> None:
        with self._lock:
            phone = self._phones.get(serial)
            if phone is None:
                return
            self._phones[serial] = change(phone)
        self._tell()

    def _count(self) -> None:
        """Read anew what the gallery holds of every phone, and how much room its disk has."""
        if self._access is None or self._closed:
            return
        counts = count_phones(self._access, self._workspace.gallery_directory)
        with self._lock:
            self._free, self._left = counts.free_bytes, counts.left
            for one in counts.phones:
                before = self._phones.get(one.serial) or PhoneState(one.serial, one.name or one.serial)
                self._phones[one.serial] = counted(before, one)

    def _tell(self) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        if listeners:
            state = self.state
            for listener in listeners:
                listener(state)

    def _on_thread(self, name: str, work: Callable[[], None]) -> None:
        with self._lock:
            if self._closed:
                return
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            thread = threading.Thread(target=work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()


def _is_own(error: Exception) -> bool:
    return type(error).__module__.split(".")[0] in ("sketch_app", "index", "device", "models")


def _sentence(error: Exception) -> str:
    if _is_own(error) and str(error):
        return str(error)
    return f"Phones cannot be read ({error or type(error).__name__}). The log has the details."


def _real_access(workspace: Workspace) -> PhoneAccess:
    from sketch_app.phone.access import AdbAccess

    access: PhoneAccess = AdbAccess(workspace)
    return access
