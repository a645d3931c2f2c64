"""A server on this machine that speaks what huggingface_hub and a plain web server speak, over small models
made for tests, and that misbehaves on demand.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from models.registry.entries import HubHome, Licence, ModelEntry, ModelFile, UrlHome
from tests.support.waiting import WAIT_S

LARGE = 4096
"""Files from this size on are kept as the hub keeps large ones: named by their SHA-256, not as a git blob."""
_PIECE = 16 << 10


@dataclass
class Misbehaviour:
    """What the server does wrong; tests set it while it runs."""

    break_after: Callable[[str], int | None] = lambda path: None
    """After how many bytes of an answer's body the connection is cut; None for never."""
    ignore_ranges: bool = False
    wrong_range: bool = False
    """A range is answered with the whole file, and says so."""
    hide_length: bool = False
    """Bodies end where the connection does."""
    status: dict[str, list[int]] = field(default_factory=dict)
    """By a part of the path: the statuses of the next answers, one after the other."""
    forever: dict[str, int] = field(default_factory=dict)
    """By a part of the path: the status of every answer."""
    swapped: dict[str, bytes] = field(default_factory=dict)
    """By the path's end: other bytes than were promised, of whatever length."""
    on_body: Callable[[str], None] = lambda path: None
    """Called before each piece of a body is sent."""


@dataclass
class Request:
    """What was asked and how much of a body went out."""

    method: str
    path: str
    range: str = ""
    sent: int = 0


class _QuietServer(ThreadingHTTPServer):
    """A client that goes away in the middle is what these tests are about, and no error."""

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class HubServer:
    """Repositories and plain files over HTTP, on a free port of 127.0.0.1."""

    def __init__(self) -> None:
        self.repos: dict[str, dict[str, dict[str, bytes]]] = {}
        self.plain: dict[str, bytes] = {}
        self.etags: dict[str, str] = {}
        self.wrong = Misbehaviour()
        self.requests: list[Request] = []
        server = self

        class Handler(_Handler):
            hub = server

        self._http = _QuietServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def add_repo(self, repo: str, files: Mapping[str, bytes], commit: str = "") -> str:
        """Put a commit on top of a repository; returns its name."""
        text = json.dumps(
            [repo, commit, {k: hashlib.sha256(v).hexdigest() for k, v in sorted(files.items())}]
        )
        commit = commit or hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        self.repos.setdefault(repo, {}).pop(commit, None)
        self.repos[repo][commit] = dict(files)
        return commit

    def commit_of(self, repo: str, revision: str) -> str | None:
        """What a revision means: the last commit for the main branch."""
        commits = self.repos.get(repo, {})
        if revision == "main":
            return next(reversed(commits), None)
        return revision if revision in commits else None

    @property
    def body_bytes(self) -> int:
        """Bytes of files' bodies that went out so far."""
        return sum(r.sent for r in self.requests if not r.path.startswith("/api/"))

    def forget(self) -> None:
        """Count anew."""
        self.requests.clear()

    @contextmanager
    def running(self) -> Iterator[HubServer]:
        """Serve."""
        self._thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()
            self._thread.join(WAIT_S)


class _Handler(BaseHTTPRequestHandler):
    hub: HubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        address = urlsplit(self.path)
        path = unquote(address.path)
        request = Request(self.command, path, self.headers.get("Range", ""))
        self.hub.requests.append(request)
        status = self._ordered_status(path)
        if status:
            return self._send(
                status, b"no", {"Retry-After": "0"} if status == 503 else {}, request, body=body
            )
        if path.startswith("/api/models/"):
            return self._model_info(path, parse_qs(address.query), request, body=body)
        if "/resolve/" in path:
            return self._resolve(path, request, body=body)
        if path in self.hub.plain:
            etag = self.hub.etags.get(path, f'"{hashlib.md5(self.hub.plain[path]).hexdigest()}"')
            headers = {"ETag": etag} if etag else {}
            return self._send_file(path, self.hub.plain[path], headers, request, body=body)
        return self._send(404, b"not here", {}, request, body=body)

    def _ordered_status(self, path: str) -> int:
        for part, statuses in self.hub.wrong.status.items():
            if part in path and statuses:
                return statuses.pop(0)
        return next((s for part, s in self.hub.wrong.forever.items() if part in path), 0)

    def _model_info(self, path: str, query: Mapping[str, list[str]], request: Request, *, body: bool) -> None:
        repo, _, revision = path.removeprefix("/api/models/").partition("/revision/")
        commit = self.hub.commit_of(repo, revision or "main")
        if repo not in self.hub.repos:
            return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"}, request, body=body)
        if commit is None:
            return self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"}, request, body=body)
        siblings: list[dict[str, object]] = []
        for name, data in self.hub.repos[repo][commit].items():
            sibling: dict[str, object] = {"rfilename": name}
            if query.get("blobs"):
                sibling |= {"size": len(data), "blobId": _git_blob(data)}
                if len(data) >= LARGE:
                    sibling["lfs"] = {"size": len(data), "sha256": _sha256(data), "pointerSize": 134}
            siblings.append(sibling)
        text = json.dumps(
            {"id": repo, "sha": commit, "siblings": siblings, "tags": [], "downloads": 0, "likes": 0}
        )
        return self._send(200, text.encode(), {"Content-Type": "application/json"}, request, body=body)

    def _resolve(self, path: str, request: Request, *, body: bool) -> None:
        repo, _, rest = path.lstrip("/").partition("/resolve/")
        revision, _, name = rest.partition("/")
        commit = self.hub.commit_of(repo, revision)
        data = self.hub.repos.get(repo, {}).get(commit or "", {}).get(name)
        if data is None:
            return self._send(404, b"not here", {"X-Error-Code": "EntryNotFound"}, request, body=body)
        etag = _sha256(data) if len(data) >= LARGE else _git_blob(data)
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": commit or ""}
        if len(data) >= LARGE:
            headers |= {"X-Linked-Etag": f'"{etag}"', "X-Linked-Size": str(len(data))}
        return self._send_file(path, data, headers, request, body=body)

    def _send_file(
        self, path: str, data: bytes, headers: dict[str, str], request: Request, *, body: bool
    ) -> None:
        wrong = self.hub.wrong
        data = next((new for end, new in wrong.swapped.items() if path.endswith(end)), data)
        start, if_range = 0, self.headers.get("If-Range")
        if request.range and not wrong.ignore_ranges and if_range in {None, headers.get("ETag")}:
            start = int(request.range.removeprefix("bytes=").rstrip("-"))
        if start and start >= len(data):
            return self._send(416, b"", {"Content-Range": f"bytes */{len(data)}"}, request, body=body)
        if start and wrong.wrong_range:
            whole = {**headers, "Content-Range": f"bytes 0-{len(data) - 1}/{len(data)}"}
            return self._send(206, data, whole, request, body=body)
        if start:
            headers = {**headers, "Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
        return self._send(206 if start else 200, data[start:], headers, request, body=body)

    def _send(
        self, status: int, data: bytes, headers: Mapping[str, str], request: Request, *, body: bool
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.hub.wrong.hide_length and body:
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if not body:
            return
        limit = self.hub.wrong.break_after(request.path)
        try:
            for at in range(0, len(data), _PIECE):
                piece = data[at : at + _PIECE]
                if limit is not None:
                    piece = piece[: limit - at]
                self.hub.wrong.on_body(request.path)
                request.sent += len(piece)  # before: who has it all may ask for the sum at once
                self.wfile.write(piece)
                if limit is not None and at + len(piece) >= limit:
                    self.wfile.flush()
                    self.close_connection = True
                    return
        except OSError:  # the other side has gone
            self.close_connection = True


def safetensors_bytes(seed: int, length: int = 300_000) -> bytes:
    """A whole safetensors file with one tensor of random bytes."""
    header = json.dumps({"weight": {"dtype": "U8", "shape": [length], "data_offsets": [0, length]}}).encode()
    return len(header).to_bytes(8, "little") + header + random.Random(seed).randbytes(length)


CAPTIONER = {
    "config.json": b'{"model_type": "blip"}',
    "vocab.txt": b"a\nb\n",
    "model.safetensors": safetensors_bytes(1),
}
GENERATOR = {
    "model_index.json": b"{}",
    "unet/config.json": b'{"_class_name": "UNet2DConditionModel"}',
    "unet/model.fp16.safetensors": safetensors_bytes(2, 500_000),
    "vae/model.safetensors": safetensors_bytes(3, 200_000),
    "unet/model.onnx": b"not wanted",
    "pytorch_model.bin": b"not wanted either",
}
CHECKPOINT = b"PK\x03\x04" + random.Random(4).randbytes(150_000)
SMALL_SETS = {"full": ("captioner", "generator", "checkpoint")}


def small_catalogue(url: str) -> dict[str, ModelEntry]:
    """Three unpinned models of the kinds that the real catalogue has, at a server's address."""
    free = Licence("Free", "https://licence.example/free", "Any use.", non_commercial=False)
    bound = Licence("Bound", "https://licence.example/bound", "No commercial use.", non_commercial=True)
    generator = (
        ModelFile("model_index.json"),
        ModelFile("unet/config.json"),
        ModelFile("unet/model.safetensors", "unet/model.fp16.safetensors"),
        ModelFile("vae/model.safetensors"),
    )
    captioner = tuple(ModelFile(path) for path in CAPTIONER)
    entries = (
        ModelEntry("captioner", "captioner", "A captioner", HubHome("people/captioner"), captioner, free),
        ModelEntry("generator", "generator", "A generator", HubHome("people/generator"), generator, bound),
        ModelEntry(
            "checkpoint",
            "generator-checkpoint",
            "A checkpoint",
            UrlHome(f"{url}/files/"),
            (ModelFile("lora.pkl"),),
            bound,
            storage="loras",
        ),
    )
    return {entry.name: entry for entry in entries}


def fill(server: HubServer) -> None:
    """Put what `small_catalogue` names on a server."""
    server.add_repo("people/captioner", CAPTIONER)
    server.add_repo("people/generator", GENERATOR)
    server.plain["/files/lora.pkl"] = CHECKPOINT


def unpinned(entries: Mapping[str, ModelEntry]) -> dict[str, ModelEntry]:
    """A catalogue that takes any content, so that tiny models can stand in for the real ones."""
    return {
        name: replace(entry, revision=None, files=tuple(replace(f, sha256=None) for f in entry.files))
        for name, entry in entries.items()
        if not entry.comes_with_the_program
    }


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _git_blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
