"""What a person chose for their phones, as the settings keep it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sketch_app.phone.records import Originals, SyncChoices

if TYPE_CHECKING:
    from sketch_app.workspace import Workspace

log = logging.getLogger(__name__)


class PhoneChoices:
    """Reads and writes the choices of one workspace's settings."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._chosen: dict[str, Any] = {}

    def of(self, serial: str) -> SyncChoices:
        """What counts for a phone."""
        defaults = SyncChoices()
        try:
            originals = Originals(self._setting("phone_originals", defaults.originals))
        except ValueError:
            originals = defaults.originals
        gigabytes = float(self._setting("phone_originals_gb", defaults.originals_gb))
        return SyncChoices(
            originals,
            gigabytes,
            folders=self._paths("phone_folders", serial),
            without=self._paths("phone_folders_without", serial),
        )

    @property
    def auto_sync(self) -> bool:
        """Whether a phone that was synced before is synced by itself when it comes."""
        return bool(self._setting("phone_auto_sync", True))

    def choose_auto_sync(self, on: bool) -> None:
        """For every phone."""
        self._keep(phone_auto_sync=on)

    def choose_originals(self, originals: Originals, gigabytes: float) -> None:
        """For every phone."""
        self._keep(phone_originals=originals.value, phone_originals_gb=float(gigabytes))

    def choose_folders(self, serial: str, folders: Iterable[bytes], without: Iterable[bytes] = ()) -> None:
        """For one phone; none of either for all that it has and will have."""
        kept = {}
        for name, paths in (("phone_folders", folders), ("phone_folders_without", without)):
            others = [entry for entry in self._entries(name) if _serial_of(entry) != serial]
            kept[name] = [*others, *(_entry(serial, path) for path in paths)]
        self._keep(**kept)

    def _paths(self, name: str, serial: str) -> tuple[bytes, ...]:
        return tuple(path for entry in self._entries(name) if (path := _path_of(entry, serial)))

    def _entries(self, name: str) -> list[str]:
        return [entry for entry in self._setting(name, []) if isinstance(entry, str)]

    def _setting(self, name: str, default: Any) -> Any:
        return self._chosen.get(name, getattr(self._workspace.settings, name, default))

    def _keep(self, **changes: Any) -> None:
        self._chosen.update(changes)  # what was chosen counts also where the settings cannot be written
        known = {name: value for name, value in changes.items() if hasattr(self._workspace.settings, name)}
        try:
            if known:
                self._workspace.update_settings(**known)
        except OSError as error:
            log.warning("The choices for phones could not be kept: %s", error)


def _entry(serial: str, path: bytes) -> str:
    """A chosen folder as the settings keep it: a path is absolute, so that the first ":/" parts the two."""
    return f"{serial}:{path.decode('utf-8', 'surrogateescape')}"


def _serial_of(entry: str) -> str:
    return entry.partition(":/")[0]


def _path_of(entry: str, serial: str) -> bytes:
    known, _, path = entry.partition(":/")
    return f"/{path}".encode("utf-8", "surrogateescape") if known == serial and path else b""
