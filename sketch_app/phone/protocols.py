"""What the phone service needs of the outside: phones as found, the way to them and the gallery."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Protocol

from sketch_app.phone.records import SyncChoices, SyncControl, SyncProgress, SyncReport
from sketch_app.phone.states import LeftOriginals, PhoneAlbum

if TYPE_CHECKING:
    from index.phone_files import PhoneSummary


class FoundPhone(Protocol):
    """A connected phone as `device.phone.watch.PhoneInfo` describes it."""

    @property
    def serial(self) -> str: ...  # noqa: D102
    @property
    def state(self) -> str: ...  # noqa: D102
    @property
    def model(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def connection(self) -> str: ...  # noqa: D102
    @property
    def what_to_do(self) -> str: ...  # noqa: D102


class PhoneAccess(Protocol):
    """Phones and gallery. Every call may take long; each raises with one sentence."""

    def watch(self, on_change: Callable[[Sequence[FoundPhone], str], None]) -> Callable[[], None]:
        """Tell what is connected, and why no phone can be seen at all ("" where they can), now and whenever
        that changes; returns what ends it.
        """
        ...

    def summaries(self) -> Sequence[PhoneSummary]:
        """What the gallery holds of every phone that was ever synced."""
        ...

    def albums(self, serial: str) -> Sequence[PhoneAlbum]:
        """The folders with photos of a connected phone."""
        ...

    def sync(
        self,
        serial: str,
        choices: SyncChoices,
        control: SyncControl,
        progress: Callable[[SyncProgress], None],
        *,
        confirm_disappeared: bool,
    ) -> SyncReport:
        """Sync a connected phone; blocks."""
        ...

    def want_original(self, photo_id: int) -> str:
        """Put a photo's original before all others, and return the serial of the phone that has it."""
        ...

    def left_originals(self) -> LeftOriginals:
        """The originals that no phone has any more."""
        ...

    def delete_left(self, contents: Collection[bytes]) -> LeftOriginals:
        """Delete those of some originals that no phone has any more; returns what was deleted."""
        ...
