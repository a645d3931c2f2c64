"""What the window says of phones: numbers, moments and states in the person's language."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from PySide6.QtCore import QCoreApplication, QLocale, QObject, QTime

from sketch_app.phone.records import Originals, SyncPhase, SyncProgress
from sketch_app.phone.states import PhoneState, Presence, Work
from ui.dates import short_date
from ui.reasons import sentence_in_words
from ui.time_left import time_left

translate = QCoreApplication.translate

_LIMITS_GB = (5.0, 10.0, 25.0, 50.0)


class PhoneWords(QObject):
    """Where a count decides the form of a word: only a QObject's own `tr` is collected with its plural."""

    def searchable(self, count: int) -> str:
        """Photos."""
        return self.tr("%Ln photo(s) can be searched", "", count)

    def searchable_of(self, count: int, total: int) -> str:
        """Some of the photos."""
        return self.tr("{0} of %Ln photo(s) can be searched", "", total).format(number(count))

    def photos_of(self, count: int, total: int) -> str:
        """How far photos have come."""
        return self.tr("{0} of %Ln photo(s)", "", total).format(number(count))

    def photos_a_second(self, count: int) -> str:
        """How fast."""
        return self.tr("%Ln photo(s) a second", "", count)

    def originals(self, count: int, in_bytes: int) -> str:
        """That are here."""
        return self.tr("%Ln original(s) here ({0})", "", count).format(size(in_bytes))

    def refused(self, count: int) -> str:
        """That are no photos."""
        return self.tr("%Ln file(s) cannot be shown: damaged, or no photos", "", count)

    def videos(self, count: int) -> str:
        """That are not fetched."""
        return self.tr("%Ln video(s) stay on the phone", "", count)

    def folders(self, count: int) -> str:
        """That have been listed."""
        return self.tr("%Ln folder(s) so far", "", count)


def number(count: int) -> str:
    """A count with the locale's separators."""
    return QLocale().toString(count)


def size(count: int) -> str:
    """Bytes in powers of ten."""
    digits = 1 if count >= 10**9 else 0
    return QLocale().formattedDataSize(count, digits, QLocale.DataSizeFormat.DataSizeSIFormat)


def title(phone: PhoneState) -> str:
    """What people call it."""
    return phone.name or phone.model or phone.serial


def status(phone: PhoneState) -> tuple[str, str]:
    """The line under a phone's name, and its colour's token."""
    presence = {
        Presence.UNAUTHORIZED: (translate("PhoneWords", "Waits for your permission"), "warning"),
        Presence.OFFLINE: (translate("PhoneWords", "Does not answer"), "warning"),
        Presence.NO_PERMISSIONS: (translate("PhoneWords", "Not allowed by this computer"), "warning"),
        Presence.CONNECTING: (translate("PhoneWords", "Connecting…"), "muted"),
        Presence.AWAY: (translate("PhoneWords", "Not connected"), "muted"),
    }
    work = {
        Work.PAUSED: (translate("PhoneWords", "Paused"), "muted"),
        Work.DISK_FULL: (translate("PhoneWords", "The disk is full"), "warning"),
        Work.FAILED: (translate("PhoneWords", "The sync stopped"), "warning"),
        Work.INTERRUPTED: (translate("PhoneWords", "The sync stopped"), "warning"),
    }
    if phone.work is Work.ASKS and phone.presence is Presence.READY:
        return translate("PhoneWords", "Has a question"), "warning"
    if phone.presence is not Presence.READY:
        return presence[phone.presence]
    if phone.work is Work.SYNCING:
        left = time_left(phone.progress.remaining) if phone.progress is not None else ""
        return " · ".join(part for part in (translate("PhoneWords", "Syncing"), left) if part), "accent_text"
    return work.get(phone.work, (translate("PhoneWords", "Connected"), "success"))


def connection(phone: PhoneState) -> tuple[str, str]:
    """How it is connected, and the icon for that; empty while it is away."""
    if phone.presence is Presence.AWAY:
        return "", ""
    return (
        (translate("PhoneWords", "Wi-Fi"), "wifi")
        if phone.connection == "wifi"
        else (translate("PhoneWords", "USB"), "usb")
    )


def searchable(phone: PhoneState) -> str:
    """How many of a phone's photos can be searched; empty before its first sync."""
    if not phone.photos:
        return ""
    if phone.shown >= phone.photos:
        return PhoneWords().searchable(phone.shown)
    return PhoneWords().searchable_of(phone.shown, phone.photos)


def facts(phone: PhoneState) -> str:
    """What else of a phone is here, and what stays on it; a line each."""
    parts = []
    if phone.originals:
        parts.append(PhoneWords().originals(phone.originals, phone.original_bytes))
    if phone.refused:
        parts.append(PhoneWords().refused(phone.refused))
    if phone.videos:
        parts.append(PhoneWords().videos(phone.videos))
    return "\n".join(parts)


def last_sync(phone: PhoneState, now: datetime | None = None) -> str:
    """When the last whole sync ended."""
    if phone.synced_at is None:
        return translate("PhoneWords", "Not synced yet")
    then, now = datetime.fromtimestamp(phone.synced_at), now or datetime.now()
    clock = QLocale().toString(QTime(then.hour, then.minute), QLocale.FormatType.ShortFormat)
    if then.date() == now.date():
        return translate("PhoneWords", "Last sync today, {0}").format(clock)
    if then.date() == (now - timedelta(days=1)).date():
        return translate("PhoneWords", "Last sync yesterday, {0}").format(clock)
    return translate("PhoneWords", "Last sync {0}").format(short_date(then))


def phase(progress: SyncProgress | None, *, for_previews: bool = False) -> str:
    """What a sync is doing; `for_previews` says that no original is to stay here: those that come are only
    looked at, for want of a preview.
    """
    if for_previews and progress is not None and progress.phase is SyncPhase.ORIGINALS:
        return translate("PhoneWords", "Reading photos that hold no preview")
    return {
        None: translate("PhoneWords", "Getting ready"),
        SyncPhase.LISTING: translate("PhoneWords", "Looking for photos"),
        SyncPhase.PREVIEWS: translate("PhoneWords", "Fetching previews"),
        SyncPhase.ORIGINALS: translate("PhoneWords", "Fetching originals"),
        SyncPhase.FINISHING: translate("PhoneWords", "Finishing"),
    }[progress.phase if progress is not None else None]


def numbers(progress: SyncProgress, *, resting: bool) -> str:
    """How far a sync is, and how fast."""
    if progress.phase is SyncPhase.LISTING:
        return PhoneWords().folders(progress.done) if progress.done else ""
    if not progress.total:
        return ""
    parts = [PhoneWords().photos_of(progress.done, progress.total)]
    if progress.phase is SyncPhase.ORIGINALS and progress.bytes_total:
        parts = [
            translate("PhoneWords", "{0} of {1}", "bytes done, bytes in all").format(
                size(progress.bytes_done), size(progress.bytes_total)
            )
        ]
    if not resting:
        if progress.rate > 0 and progress.phase is SyncPhase.ORIGINALS:
            parts.append(translate("PhoneWords", "{0} a second").format(size(round(progress.rate))))
        elif progress.rate >= 1:
            parts.append(PhoneWords().photos_a_second(round(progress.rate)))
    return " · ".join(parts)


def album_name(name: str) -> str:
    """A phone's folder as people know it: Android's own by their usual names, others by their own."""
    known = {
        "Camera": translate("PhoneWords", "Camera"),
        "Screenshots": translate("PhoneWords", "Screenshots"),
        "Download": translate("PhoneWords", "Downloads"),
        "Pictures": translate("PhoneWords", "Pictures"),
    }
    return known.get(name, name)


def originals_choices(gigabytes: float) -> tuple[tuple[Originals, float, str], ...]:
    """What can be chosen of the originals; the limit that is set now is among the limits offered."""
    newest = translate("PhoneWords", "The newest, up to {0} GB")
    limits = sorted({*_LIMITS_GB, gigabytes})
    return (
        (Originals.PREVIEWS, 0.0, translate("PhoneWords", "Previews only")),
        *((Originals.SOME, limit, newest.format(f"{limit:g}")) for limit in limits),
        (Originals.ALL, 0.0, translate("PhoneWords", "All originals")),
    )


def originals_meaning(originals: Originals) -> str:
    """What a choice means for the person."""
    return {
        Originals.PREVIEWS: translate(
            "PhoneWords", "Enough to search. An original comes when you double-click its photo."
        ),
        Originals.SOME: translate("PhoneWords", "Previews of all photos first, then the newest originals."),
        Originals.ALL: translate("PhoneWords", "Previews of all photos first, then every original."),
    }[originals]


def trouble_in_words(sentence: str) -> str:
    """What phones, gallery or adb have to say; an unknown sentence stays as it is."""
    known = (
        (
            r"Phones need adb, and this computer has none: install it \((.+)\).*",
            translate(
                "PhoneWords",
                "Phones are read with adb, which is not on this computer. Install it ({0}), then try again.",
            ),
        ),
        (
            r".+ could not start its server: (.+)\.",
            translate("PhoneWords", "Phones are read with adb, which does not start: {0}."),
        ),
        (
            r"What answers at (.+) is no adb server .*",
            translate(
                "PhoneWords",
                "Another program answers at {0}, where phones are read. End it, then try again.",
            ),
        ),
        (
            r"No adb server answers at (.+): start it there, or unset .*",
            translate(
                "PhoneWords",
                "No adb server answers at {0}, where ADB_SERVER_SOCKET says it is. Start it, or unset that.",
            ),
        ),
        (
            r"The adb server at (.+) (?:does not answer|cannot be reached)\b.*",
            translate("PhoneWords", "Phones are read with adb, whose server at {0} does not answer."),
        ),
        (
            r"A phone is being synced into this gallery: .*",
            translate("PhoneWords", "A phone is being synced: delete its old originals after that."),
        ),
        (
            r"The phone is not connected: .*",
            translate("PhoneWords", "Plug the phone in and unlock it, then try again."),
        ),
        (
            r"This photo is not on a phone any more.*",
            translate("PhoneWords", "This photo is no longer on a phone."),
        ),
        (
            r".* is being synced .*already.*",
            translate("PhoneWords", "Another window is syncing this phone already."),
        ),
    )
    for pattern, words in known:
        found = re.fullmatch(pattern, sentence, re.DOTALL)
        if found is not None:
            return words.format(*found.groups())
    return sentence_in_words(sentence)
