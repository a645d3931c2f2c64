"""What news of a phone mean for what is shown of it: one state into the next, nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sketch_app.phone.protocols import FoundPhone
from sketch_app.phone.records import Stopped, SyncReport
from sketch_app.phone.states import PhoneState, Presence, Work

if TYPE_CHECKING:
    from index.phone_files import PhoneSummary


def seen(before: PhoneState, info: FoundPhone) -> PhoneState:
    """It is connected, in some way."""
    return replace(
        before,
        name=info.name or info.model or before.name,
        model=info.model or before.model,
        connection=info.connection,
        presence=Presence(str(info.state)),
        what_to_do=info.what_to_do,
    )


def counted(before: PhoneState, summary: PhoneSummary) -> PhoneState:
    """What the gallery holds of it was counted."""
    return replace(
        before,
        name=before.name if before.name != before.serial else summary.name or summary.serial,
        model=before.model or summary.model,
        photos=summary.files,
        shown=summary.shown,
        refused=summary.refused,
        originals=summary.originals,
        original_bytes=summary.original_bytes,
        videos=summary.videos,
        synced_at=summary.synced_at,
    )


def outcome(report: SyncReport) -> Work:
    """A sync has ended."""
    if report.stopped is Stopped.PHONE:
        return Work.INTERRUPTED
    if report.stopped is Stopped.DISK:
        return Work.DISK_FULL
    return Work.ASKS if report.asks is not None else Work.IDLE


def is_due(phone: PhoneState) -> bool:
    """Whether a phone that has come may be synced without being asked for: a person has begun its first sync,
    has not stopped its last one, and was asked nothing by that.
    """
    report = phone.report
    undisturbed = report is None or (report.stopped is not Stopped.CANCELLED and report.asks is None)
    return phone.synced_at is not None and phone.work is not Work.ASKS and undisturbed
