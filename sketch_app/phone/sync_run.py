"""One sync of one phone: list, compare, previews, what is gone, originals. What is committed survives a kill
at any moment, and the next sync goes on from there. Nothing on the phone is ever written.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TypeVar

from device.phone.errors import PhoneError
from index import phone_files
from index.errors import GalleryBusyError, GalleryError
from index.gallery import Gallery
from index.phone_files import FileState, ListedFile, PhoneFile, phone_source
from index.records import display_path
from index.writer_slices import WriterSlices
from sketch_app.phone.intake import Intake
from sketch_app.phone.plan import Plan, make_plan
from sketch_app.phone.queue import chosen_jobs
from sketch_app.phone.read_ahead import read_ahead
from sketch_app.phone.reader import FoundPreview, PhoneListing, PhoneReader
from sketch_app.phone.records import (
    FailedFile,
    Stopped,
    SyncChoices,
    SyncControl,
    SyncPhase,
    SyncProgress,
    SyncReport,
)
from sketch_app.phone.store import DiskFullError, OriginalStore
from sketch_app.phone.tidy import delete_dropped
from sketch_app.phone.transfer import Arrived, Failed, Transfer

logger = logging.getLogger(__name__)

_ROWS_A_SLICE = 1000
_PREVIEWS_A_REQUEST = 256
_TELL_EVERY_S = 0.1

T = TypeVar("T")
_UNFINISHED = (FileState.NEW, FileState.BARE, FileState.PREVIEW)


class _Cancelled(Exception):
    """The person no longer wants the sync."""


class SyncRun:
    """The state that the steps of one sync share; made and used by `sketch_app.phone.engine`."""

    def __init__(  # noqa: PLR0917
        self,
        gallery: Gallery,
        slices: WriterSlices,
        reader: PhoneReader,
        intake: Intake,
        control: SyncControl,
        choices: SyncChoices,
        workers: int,
        progress: Callable[[SyncProgress], None] | None,
    ) -> None:
        self._gallery = gallery
        self._slices = slices
        self._reader = reader
        self._intake = intake
        self._control = control
        self._choices = choices
        self._workers = workers
        self._progress = progress
        self._source = phone_source(reader.serial)
        self._store = OriginalStore(
            gallery.directory,
            self._source,
            reserve=choices.reserve_bytes,
            names={c: name for c, (name, _) in phone_files.originals(gallery.database).items()},
        )
        self._report = SyncReport()
        self._failed: list[FailedFile] = []
        self._told = 0.0
        self._last: SyncProgress | None = None

    def execute(self, work: Callable[[SyncRun], None], model_id: str) -> SyncReport:
        """Do `work`, finish what it began, and report how it ended."""
        started = time.monotonic()
        stopped: Stopped | None = None
        sentence = ""
        try:
            try:
                work(self)
            except DiskFullError:
                # The database may have no room either: what it lacks is taken in by the next sync.
                with contextlib.suppress(GalleryError):
                    self._intake.flush()
                raise
            except BaseException:
                self._intake.flush()
                raise
            self._intake.flush()
        except (_Cancelled, GalleryBusyError):
            stopped = Stopped.CANCELLED
        except DiskFullError as error:
            stopped, sentence = Stopped.DISK, str(error)
        except PhoneError as error:
            stopped, sentence = Stopped.PHONE, str(error)
        self._tell(SyncPhase.FINISHING, 0, 0)
        try:
            self._slices.persist_index(model_id)
        except GalleryError as error:
            logger.warning("%s", error)
        taken = self._intake.taken
        return replace(
            self._report,
            previews=taken.previews,
            originals=taken.originals,
            failed=tuple(self._failed),
            refused=self._refused(),
            stopped=stopped,
            sentence=sentence,
            seconds=time.monotonic() - started,
        )

    def sync(self, *, confirm: bool) -> None:
        """Every step; `confirm` is the person's yes to a mass disappearance."""
        self._begin()
        plan = self._list()
        asks = plan.asks if not confirm else None
        self._report = replace(
            self._report,
            added=len(plan.new),
            changed=len(plan.changed),
            moved=len(plan.moved),
            returned=plan.returned,
            unchanged=plan.unchanged,
            videos=plan.videos,
            asks=asks,
        )
        self._failed += plan.unlisted
        self._apply(plan)
        self._previews()
        # Only now: until a moved file is recognised at its new place, its old place keeps it found.
        if asks is None:
            self._forget(plan.absent)
            self._report = replace(self._report, missing=len(plan.absent))
        self._forget(plan.unchosen)
        self._originals()
        if self._choices.once:
            return  # a part of what is chosen: neither its videos nor its end are those of the phone
        with self._slices.database() as database, database.transaction() as connection:
            phone_files.put_synced(connection, self._source, plan.videos, int(time.time()))

    def fetch(self, photo_ids: Sequence[int]) -> None:
        """The originals of some photos."""
        self._begin()
        files = [
            next((f for f in self._gallery.phone_files(photo_id) if f.source == self._source), None)
            for photo_id in photo_ids
        ]
        wanted = [f.id for f in files if f is not None and f.state in _UNFINISHED]
        with self._slices.database() as database, database.transaction() as connection:
            phone_files.put_wanted(connection, wanted)
        self._originals(only_wanted=True)

    # Steps

    def _begin(self) -> None:
        """Remember the phone, and make good what an earlier run or a person left undone."""
        known = phone_files.originals(self._gallery.database)
        missing = self._store.missing(name for name, _ in known.values())
        gone = [content for content, (name, _) in known.items() if name in missing]
        with self._slices.database() as database, database.transaction() as connection:
            phone_files.put_phone(connection, self._source, self._reader.model, self._reader.name)
            phone_files.forget_originals(connection, gone)
            delete_dropped(connection, self._gallery.directory)
        self._store.sweep(phone_files.waiting_files(self._gallery.database, self._source, _UNFINISHED))
        for file in phone_files.waiting_files(self._gallery.database, self._source, [FileState.KEPT]):
            self._ask()
            self._take_original(file)
        self._intake.flush()

    def _take_original(self, file: PhoneFile) -> None:
        assert file.content is not None
        name = phone_files.original_name(self._gallery.database, file.content)
        if name is not None:
            self._intake.original(file, file.content, self._store.path(name))

    def _list(self) -> Plan:
        known, choices = phone_files.known_files(self._gallery.database, self._source), self._choices

        def told() -> Iterator[PhoneListing]:
            listings = self._reader.listings(choices.folders, choices.without)
            for number, listing in enumerate(listings, 1):
                self._ask()
                self._tell(SyncPhase.LISTING, number, 0, current=listing.directory)
                yield listing

        return make_plan(known, told(), choices.folders, choices.without, once=choices.once)

    def _apply(self, plan: Plan) -> None:
        for rows in _slices(plan.moved):
            with self._slices.database() as database, database.transaction() as connection:
                phone_files.put_moved(connection, rows)
        for listed in _slices([*plan.changed, *plan.new]):
            self._ask()
            with self._slices.database() as database, database.transaction() as connection:
                phone_files.put_listed(connection, self._source, listed)
        for details in _slices(plan.details):
            with self._slices.database() as database, database.transaction() as connection:
                phone_files.put_details(connection, details)

    def _forget(self, absent: Sequence[PhoneFile]) -> None:
        for files in _slices(absent):
            with self._slices.database() as database, database.transaction() as connection:
                phone_files.put_gone(connection, files)

    def _previews(self) -> None:
        files = phone_files.waiting_files(self._gallery.database, self._source, [FileState.NEW])
        by_path = {file.path: file for file in files}
        started, done = time.monotonic(), 0
        with closing(read_ahead(self._found_previews(files))) as previews:
            for found in previews:
                self._ask()
                file = by_path.pop(found.path, None)
                if file is None:
                    continue
                self._intake.preview(file, found)
                done += 1
                rate = done / max(time.monotonic() - started, 1e-6)
                left = (len(files) - done) / rate
                self._tell(SyncPhase.PREVIEWS, done, len(files), rate=rate, remaining=left, current=file.path)
        self._intake.flush()

    def _found_previews(self, files: Sequence[PhoneFile]) -> Iterator[FoundPreview]:
        """In another thread: the cable does not wait for the encoder."""
        for part in _slices(files, _PREVIEWS_A_REQUEST):
            if not self._control.wait_while_paused():
                return
            yield from self._reader.previews([_listed(file) for file in part])

    def _originals(self, *, only_wanted: bool = False) -> None:
        files = phone_files.waiting_files(
            self._gallery.database, self._source, _UNFINISHED, only_wanted=only_wanted
        )
        jobs, hopeless = chosen_jobs(
            files, self._choices, kept_bytes=phone_files.original_bytes(self._gallery.database)
        )
        for file in hopeless:
            self._intake.refuse(file, "It is too large to be looked at, and has no preview.")
        transfer = Transfer(self._reader, self._store, jobs, self._control, workers=self._workers)
        done, current = 0, b""
        with closing(iter(transfer)) as arrivals:
            for events in arrivals:
                if events:
                    done += len(events)
                    current = events[-1].job.file.path
                    self._settle(events)
                self._tell(SyncPhase.ORIGINALS, done, len(jobs), transfer=transfer, current=current)
        self._ask()

    def _settle(self, events: Sequence[Arrived | Failed]) -> None:
        """First durable, then searchable."""
        kept = [one for one in events if isinstance(one, Arrived) and one.kept is not None]
        failed = [one for one in events if isinstance(one, Failed)]
        self._store.flush(one.kept.name for one in kept if one.kept is not None)
        if kept or failed:
            with self._slices.database() as database, database.transaction() as connection:
                for one in kept:
                    assert one.kept is not None
                    phone_files.put_kept(connection, one.job.file, one.content, one.kept.name)
                for failure in failed:
                    phone_files.put_failed(connection, failure.job.file.id, failure.reason)
        self._failed += [FailedFile(display_path(f.job.file.path), f.reason) for f in failed]
        self._report = replace(
            self._report, bytes=self._report.bytes + sum(one.job.file.size for one in kept)
        )
        for event in events:
            if isinstance(event, Failed):
                continue
            file = event.job.file
            if event.kept is not None:
                self._intake.original(file, event.content, self._store.path(event.kept.name))
            elif event.part is not None:
                self._intake.passing(file, event.content, event.part)

    def _refused(self) -> tuple[FailedFile, ...]:
        files = phone_files.waiting_files(self._gallery.database, self._source, [FileState.REFUSED])
        return tuple(FailedFile(display_path(f.path), f.reason or "") for f in files)

    def _ask(self) -> None:
        if self._control.paused and self._last is not None and self._progress is not None:
            self._progress(replace(self._last, paused=True))
        if not self._control.wait_while_paused():
            raise _Cancelled

    def _tell(
        self,
        phase: SyncPhase,
        done: int,
        total: int,
        *,
        transfer: Transfer | None = None,
        rate: float = 0.0,
        remaining: float | None = None,
        current: bytes = b"",
    ) -> None:
        if self._progress is None:
            return
        moment = time.monotonic()
        # A phase is told of when it begins, however soon after the last word: it may be over before the next.
        begins = self._last is None or self._last.phase is not phase
        if moment - self._told < _TELL_EVERY_S and not begins:
            return
        self._told = moment
        taken = self._intake.taken
        self._last = SyncProgress(
            phase=phase,
            done=done,
            total=total,
            bytes_done=transfer.bytes_done if transfer else 0,
            bytes_total=transfer.bytes_total if transfer else 0,
            rate=transfer.rate if transfer else rate,
            remaining=transfer.remaining if transfer else remaining,
            searchable=taken.previews + taken.originals,
            current=display_path(current),
            paused=self._control.paused,
        )
        self._progress(self._last)


def _listed(file: PhoneFile) -> ListedFile:
    return ListedFile(file.path, file.directory, file.device, file.size, file.mtime, media_id=file.media_id)


def _slices(rows: Sequence[T], size: int = _ROWS_A_SLICE) -> Iterator[Sequence[T]]:
    """In pieces, so that nobody waits long for the right to write."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
