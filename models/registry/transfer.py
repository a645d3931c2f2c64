"""One file over HTTP into a ``.part`` file: it goes on in the middle, tries again after a break, and is
compared with what was promised. What becomes of the file then is the caller's concern.

The client is huggingface_hub's own (its proxies, its certificates), so that there is one way to the network.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from models.errors import Cancelled, NetworkError, WeightsError
from models.registry.digests import Digest, read_into
from models.registry.errors import StoreError
from models.registry.progress import Meter

_Result = TypeVar("_Result")

TIMEOUT_S = 30.0
_LONGEST_WAIT_S = 60.0
_STOPPED = "The download was stopped; what has come is kept and goes on next time."
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a broken transfer is taken up again without a byte in between, and after how long."""

    attempts: int = 6
    first_delay_s: float = 0.5
    """Doubled each time."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A file to fetch.

    Attributes
    ----------
    validator
        What names this very content: a part of another content is thrown away. A web server's ETag, or what
        the hub calls it. Without one a part left by an earlier run is not trusted.
    size
        Bytes, where known for sure.
    size_hint
        Bytes as the server said, where `size` is not known.
    sha256, git_blob
        What it must be, where known.
    if_range
        The ETag to send with a range, for servers where a file may change under its address.
    """

    name: str
    url: str
    part: Path
    validator: str = ""
    size: int | None = None
    size_hint: int | None = None
    sha256: str | None = None
    git_blob: str | None = None
    if_range: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def network_errors() -> tuple[type[Exception], ...]:
    """What a failed connection raises. huggingface_hub 1 stands on httpx, 2 on httpx2; the names are the
    same.
    """
    found: list[type[Exception]] = []
    for library in ("httpx2", "httpx"):
        with contextlib.suppress(ImportError):
            found.append(importlib.import_module(library).HTTPError)
    return tuple(found)


def offline() -> bool:
    """Whether the person asked for no network (``HF_HUB_OFFLINE``)."""
    from huggingface_hub import constants

    asked = os.environ.get("HF_HUB_OFFLINE", "").strip().upper() in {"1", "ON", "YES", "TRUE"}
    return asked or bool(constants.HF_HUB_OFFLINE)


def host_of(url: str) -> str:
    """For sentences."""
    return urlsplit(url).hostname or url


class _Again(Exception):
    """The transfer broke off and may be taken up again."""

    def __init__(self, reason: str, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s
        self.done = -1
        """Bytes that had come, where bytes come; an attempt that got further starts the count anew."""


def validator_of(headers: Mapping[str, str]) -> str:
    """What a plain web server names this very content: a strong ETag, else its date; both serve
    ``If-Range``.
    """
    etag = headers.get("etag", "")
    return etag if etag and not etag.startswith("W/") else headers.get("last-modified", "")


def check_status(status: int, name: str, url: str, page: str, retry_after: str = "") -> None:
    """Turn a refusal of a server into a sentence; a passing one into another attempt.

    Raises
    ------
    NetworkError
        401, 403, 404 or anything else that will not change by itself.
    """
    if status < 400:
        return
    if status in {408, 429} or status >= 500:
        wait = float(retry_after) if retry_after.isdigit() else 0.0
        raise _Again(f"{host_of(url)} answered {status}", min(wait, _LONGEST_WAIT_S))
    if status in {401, 403}:
        raise NetworkError(
            f"{host_of(url)} does not give out {name} ({status}): open {page}, accept the terms there, log "
            "in with “hf auth login”, and try again."
        )
    if status in {404, 410}:
        raise NetworkError(
            f"{host_of(url)} has no {name} any more ({status}, {url}): look at {page}, or import it from a "
            "folder with “sketch-app models import DIR”."
        )
    raise NetworkError(f"{host_of(url)} refused {name} ({status}, {url}): try again later.")


def attempt_again(
    work: Callable[[], _Result], retries: Retries, cancelled: Callable[[], bool], *, host: str
) -> _Result:
    """Do something over the network, again after passing failures.

    Raises
    ------
    NetworkError
        It failed as often as allowed; the sentence names the host.
    Cancelled
        `cancelled` said so.
    """
    failures, furthest = 0, -1
    while True:
        if cancelled():
            raise Cancelled(_STOPPED)
        try:
            with passing_failures():
                return work()
        except _Again as again:
            failures = 1 if again.done > furthest >= 0 else failures + 1
            furthest = max(furthest, again.done)
            if failures >= retries.attempts:
                raise NetworkError(
                    f"{host} cannot be reached, or does not answer as it should ({again}): check the "
                    "network, then give the same command again; what has come is kept."
                ) from again
            _wait(max(again.wait_s, retries.first_delay_s * 2 ** (failures - 1)), cancelled)


@contextlib.contextmanager
def passing_failures() -> Iterator[None]:
    """Turn a failed connection into another attempt."""
    try:
        yield
    except network_errors() as error:
        raise _Again(str(error).strip().split("\n")[0][:200] or type(error).__name__) from error


def _wait(seconds: float, cancelled: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if cancelled():
            raise Cancelled(_STOPPED)
        time.sleep(min(0.1, left))


class Download:
    """The fetching of one file; when `run` returns its digests, the ``.part`` file is whole.

    Parameters
    ----------
    page
        Where a person can read about the file, for sentences.
    """

    def __init__(
        self, transfer: Transfer, *, page: str, meter: Meter, retries: Retries, cancelled: Callable[[], bool]
    ) -> None:
        self._t = transfer
        self._page = page
        self._meter = meter
        self._retries = retries
        self._cancelled = cancelled
        self._size = transfer.size if transfer.size is not None else transfer.size_hint
        self._offset = 0
        self._digest = self._fresh_digest()
        self._validator = transfer.validator
        self._spoilt = False
        self._note = transfer.part.with_name(transfer.part.name + ".json")

    @property
    def size(self) -> int:
        """Bytes that came."""
        return self._offset

    def run(self) -> Digest:
        """Fetch it.

        Raises
        ------
        NetworkError, Cancelled
            See `attempt_again`, `check_status`; the part is kept.
        WeightsError
            What came is not what was promised; it is deleted.
        StoreError
            The disk refuses.
        """
        try:
            self._t.part.parent.mkdir(parents=True, exist_ok=True)
            resumed = self._take_up()
            while True:
                try:
                    attempt_again(self._attempt, self._retries, self._cancelled, host=host_of(self._t.url))
                except WeightsError:
                    if self._spoilt:
                        self._discard()
                    raise
                problem = self._problem()
                if problem is None:
                    return self._digest  # the note stays: a kill before the file has its name costs nothing
                self._restart()
                if not resumed:
                    self._discard()
                    raise WeightsError(problem)
                resumed = False  # the part of an earlier run may have been torn: once more from the start
        except OSError as error:
            raise StoreError(
                f"{self._t.part} cannot be written ({error.strerror or error}): check the disk."
            ) from error

    def _fresh_digest(self) -> Digest:
        return Digest(self._t.size if self._t.git_blob else None)

    def _take_up(self) -> bool:
        """Go on from an earlier run's part, if it is one of the same content."""
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            same = bool(self._validator) and note == {"validator": self._validator}
            length = self._t.part.stat().st_size
        except (OSError, ValueError):
            same, length = False, 0
        if not same or not length or (self._size is not None and length > self._size):
            self._discard()
            return False
        read_into(self._digest, self._t.part)
        self._offset = length
        self._meter.skip(length)
        return True

    def _discard(self) -> None:
        self._t.part.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def _restart(self) -> None:
        self._meter.skip(-self._offset)
        self._offset = 0
        self._digest = self._fresh_digest()

    def _attempt(self) -> None:
        """One connection: from where the part ends to the end of the file."""
        if self._offset and self._offset == self._size:
            return
        if self._offset and not self._validator:  # nothing says that it is still the same file
            self._restart()
        from huggingface_hub import get_session

        headers = {**self._t.headers, "Accept-Encoding": "identity"}
        if self._offset:
            headers["Range"] = f"bytes={self._offset}-"
            if self._t.if_range:
                headers["If-Range"] = self._t.if_range
        try:
            with (
                passing_failures(),
                get_session().stream(
                    "GET", self._t.url, headers=headers, timeout=TIMEOUT_S, follow_redirects=True
                ) as response,
            ):
                self._check_answer(response)
                # Pieces as they come: one of a fixed size would be lost half full when the connection breaks.
                self._receive(response.iter_raw())
            if self._size is not None and self._offset < self._size:
                raise _Again(f"the connection broke off after {self._offset} of {self._size} bytes")
        except _Again as again:
            again.done = self._offset
            raise

    def _check_answer(self, response: Any) -> None:
        status, headers = response.status_code, response.headers
        if status == 416:  # our part is longer than their file, or is all of it
            self._restart()
            raise _Again("the file changed at its home")
        check_status(status, self._t.name, self._t.url, self._page, headers.get("retry-after", ""))
        if status == 206:
            match = _CONTENT_RANGE.match(headers.get("content-range", ""))
            if match is None or int(match[1]) != self._offset:
                self._restart()
                raise _Again("the server sent another range than it was asked for")
            return
        length = headers.get("content-length", "")
        if length.isdigit() and self._t.size is not None and int(length) != self._t.size:
            # A hotel's login page, say: what came before it is still good.
            raise WeightsError(self._wrong_size(f"{length} bytes"))
        if self._offset:  # it does not know ranges, or the file has changed
            self._restart()
        if length.isdigit() and self._t.size is None:
            self._meter.resize(int(length) - self._size if self._size is not None else 0)
            self._size = int(length)
        if self._t.if_range:
            self._validator = validator_of(headers)

    def _receive(self, pieces: Iterator[bytes]) -> None:
        if not self._offset:
            self._note.write_text(json.dumps({"validator": self._validator}), encoding="utf-8")
        with self._t.part.open("r+b" if self._offset else "wb") as stream:
            stream.seek(self._offset)
            for piece in pieces:
                if self._cancelled():
                    raise Cancelled(_STOPPED)
                if self._size is not None and self._offset + len(piece) > self._size:
                    self._spoilt = True
                    raise WeightsError(self._wrong_size("more"))
                stream.write(piece)
                self._digest.update(piece)
                self._offset += len(piece)
                self._meter.add(len(piece))

    def _wrong_size(self, what: str) -> str:
        return (
            f"{self._t.name} was refused: {host_of(self._t.url)} sends {what} instead of {self._size} "
            f"bytes. Try again, or look at {self._page}."
        )

    def _problem(self) -> str | None:
        """What is wrong with what came."""
        expected, came = self._t.sha256, self._digest.sha256
        if expected is None and self._t.git_blob is not None:
            expected, came = self._t.git_blob, self._digest.git_blob or ""
        if expected is None or expected == came:
            return None
        return (
            f"{self._t.name} was refused: what came from {host_of(self._t.url)} is not the file that was "
            f"promised ({came[:16]}… instead of {expected[:16]}…). It was deleted; try again, or look at "
            f"{self._page}."
        )
