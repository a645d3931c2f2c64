"""Phones as the window may meet them, made by hand for `screenshots`: no phone and no adb is needed."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from sketch_app.phone.records import Disappeared, Originals, SyncPhase, SyncProgress, SyncReport
from sketch_app.phone.states import LeftOriginals, PhoneAlbum, PhonesState, PhoneState, Presence, Work

_FOLDERS = (
    ("/sdcard/DCIM/Camera", 1024, 41),
    ("/sdcard/DCIM/Screenshots", 188, 3),
    ("/sdcard/Pictures/KakaoTalk", 96, 8),
    ("/sdcard/Download", 41, 0),
    ("/sdcard/Pictures/여름 휴가", 36, 0),
    ("/sdcard/Pictures/Instagram", 12, 0),
)
_FREE = 48_300_000_000


def phone_states() -> dict[str, PhonesState]:
    """Every state by the name of its picture."""
    albums = tuple(
        PhoneAlbum(path.encode(), path.rsplit("/", 1)[-1], path, photos, videos)
        for path, photos, videos in _FOLDERS
    )
    photos, videos = sum(a.photos for a in albums), sum(a.videos for a in albums)
    ready = PhoneState("R3CT40ABCDE", "Galaxy S23", "SM-S911N", presence=Presence.READY, albums=albums)
    today = int(time.time()) - 2 * 3600
    done = replace(ready, photos=photos, shown=photos, videos=videos, synced_at=today)
    some = replace(done, originals=310, original_bytes=1_240_000_000)
    coming = SyncProgress(SyncPhase.PREVIEWS, 420, photos, rate=31.2, remaining=130.0, searchable=388)
    syncing = replace(ready, work=Work.SYNCING, progress=coming)
    away = replace(
        ready, presence=Presence.AWAY, work=Work.INTERRUPTED, progress=coming, photos=photos, shown=388
    )
    passing = SyncProgress(
        SyncPhase.ORIGINALS, 3, 41, 254_000, 4_000_000, rate=800_000.0, remaining=5.0, searchable=388
    )
    asks = replace(some, work=Work.ASKS, report=SyncReport(asks=Disappeared(1200, photos)))
    wireless = replace(syncing, serial="2A1", name="Pixel 8a", model="Pixel 8a", connection="wifi")
    flip = PhoneState("R5K", "Galaxy Z Flip5", photos=842, shown=842, videos=17, synced_at=today - 6 * 86400)
    missing = "Phones need adb, and this computer has none: install it (apt install adb), then try again."
    stuck = "/usr/bin/adb could not start its server: cannot bind to 127.0.0.1:5037."
    originals = Path("/home/you/.local/share/sketch_app/gallery/phone/originals")
    left = LeftOriginals(frozenset(bytes([n]) * 32 for n in range(12)), 40_300_000, originals)
    return {
        "phone-none": PhonesState(),
        "phone-no-adb": PhonesState(unavailable=missing),
        "phone-adb-fails": PhonesState((flip,), unavailable=stuck),
        "phone-unauthorized": _one(replace(ready, presence=Presence.UNAUTHORIZED, albums=None)),
        "phone-offline": _one(replace(ready, presence=Presence.OFFLINE, albums=None)),
        "phone-ready": _one(ready),
        "phone-syncing": _one(syncing),
        "phone-paused": _one(replace(syncing, work=Work.PAUSED)),
        "phone-unplugged": _one(away),
        "phone-asks": _one(asks),
        "phone-disk-full": replace(_one(replace(some, work=Work.DISK_FULL)), free_bytes=980_000_000),
        "phone-done": replace(_one(some), originals=Originals.SOME),
        "phone-left": replace(_one(some), originals=Originals.SOME, auto_sync=False, left=left),
        "phone-left-away": PhonesState((flip,), left=left),
        "phone-asleep": _one(replace(away, presence=Presence.READY)),
        "phone-no-preview": _one(replace(syncing, work=Work.SYNCING, progress=passing)),
        "phone-away": PhonesState((flip,)),
        "phone-several": PhonesState((done, wireless, flip), free_bytes=_FREE),
    }


def _one(phone: PhoneState) -> PhonesState:
    return PhonesState((phone,), free_bytes=_FREE)
