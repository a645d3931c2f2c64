"""Asking a model's home what its files are: the commit, and for each file its address, size and hash."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NoReturn
from urllib.parse import quote

from models.errors import NetworkError, WeightsError
from models.registry.entries import HubHome, ModelEntry, UrlHome
from models.registry.lock_file import EntryRecord
from models.registry.transfer import (
    TIMEOUT_S,
    Retries,
    attempt_again,
    check_status,
    host_of,
    validator_of,
)

NEWEST = "main"
_FEW = 3
"""Questions are asked no oftener: a machine without network should say so soon."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A file at its home."""

    url: str
    size: int | None = None
    """Bytes."""
    sha256: str | None = None
    git_blob: str | None = None
    hub_id: str = ""
    """What the home calls this content; see `models.registry.lock_file.FileRecord`."""
    headers: Mapping[str, str] = field(default_factory=dict)


def resolve(
    entry: ModelEntry,
    record: EntryRecord,
    *,
    endpoint: str,
    retries: Retries,
    cancelled: Callable[[], bool],
) -> tuple[str, dict[str, Remote]]:
    """The commit (empty for a plain web server) and a `Remote` for each path.

    The commit is the entry's own; where it has none, the one of an earlier pull; else the newest.

    Raises
    ------
    NetworkError
        The home cannot be reached, or does not give the model out.
    WeightsError
        The home lacks one of the files, or answers with another commit.
    Cancelled
        `cancelled` said so.
    """
    few = Retries(min(_FEW, retries.attempts), retries.first_delay_s)
    if isinstance(entry.home, HubHome):
        home = entry.home
        revision = entry.revision or record.commit or NEWEST
        return attempt_again(
            partial(_ask_hub, entry, home, revision, endpoint), few, cancelled, host=host_of(endpoint)
        )
    assert isinstance(entry.home, UrlHome)
    base = entry.home.base
    remotes = {}
    for file in entry.files:
        url = base + quote(file.home_path)
        ask = partial(_ask_server, entry, url, file.path)
        remotes[file.path] = attempt_again(ask, few, cancelled, host=host_of(url))
    return "", remotes


def _ask_hub(entry: ModelEntry, home: HubHome, revision: str, endpoint: str) -> tuple[str, dict[str, Remote]]:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined,unused-ignore]

    try:
        info = HfApi(endpoint=endpoint).model_info(
            home.repo, revision=revision, files_metadata=True, timeout=TIMEOUT_S
        )
    except HfHubHTTPError as error:
        _hub_refused(error, entry, home, revision, endpoint)
    commit = info.sha or ""
    if (entry.revision or "") not in ("", commit):
        raise WeightsError(
            f"{home.repo} was refused: its home answered with commit {commit}, not {entry.revision}."
        )
    siblings = {s.rfilename: s for s in info.siblings or ()}
    headers = dict(build_hf_headers())
    remotes = {}
    for file in entry.files:
        found = siblings.get(file.home_path)
        if found is None or found.size is None:
            raise WeightsError(
                f"{home.repo} has no file {file.home_path} at commit {commit}: look at {home.page}."
            )
        remotes[file.path] = Remote(
            f"{endpoint}/{home.repo}/resolve/{commit}/{quote(file.home_path)}",
            found.size,
            sha256=found.lfs.sha256 if found.lfs else None,
            git_blob=None if found.lfs else found.blob_id,
            hub_id=f"lfs:{found.lfs.sha256}" if found.lfs else f"git:{found.blob_id}",
            headers=headers,
        )
    return commit, remotes


def _hub_refused(error: Any, entry: ModelEntry, home: HubHome, revision: str, endpoint: str) -> NoReturn:
    status = error.response.status_code
    if status == 404 and entry.revision is None and revision != NEWEST:
        raise NetworkError(
            f"{home.repo} no longer has commit {revision}, which was pulled before: take the newest after "
            f"“sketch-app models remove --forget {entry.name}”, or import the files from a folder."
        ) from error
    url = f"{endpoint}/{home.repo}"
    check_status(status, home.repo, url, home.page, error.response.headers.get("retry-after", ""))
    raise NetworkError(f"{host_of(endpoint)} gave no sensible answer for {home.repo}.") from error


def _ask_server(entry: ModelEntry, url: str, name: str) -> Remote:
    from huggingface_hub import get_session

    response = get_session().head(
        url, headers={"Accept-Encoding": "identity"}, timeout=TIMEOUT_S, follow_redirects=True
    )
    if response.status_code in {405, 501}:  # it answers no such question; the file itself will tell
        return Remote(url)
    check_status(
        response.status_code,
        f"{entry.folder_name}/{name}",
        url,
        entry.home.page,
        response.headers.get("retry-after", ""),
    )
    length = response.headers.get("content-length", "")
    return Remote(url, int(length) if length.isdigit() else None, hub_id=validator_of(response.headers))
