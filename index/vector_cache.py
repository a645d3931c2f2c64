"""The file that keeps a vector index between runs: sealed, so that FAISS never reads a torn one."""

import hashlib
import json
import re
import struct
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from index.replacing import replace_file
from index.vector_index import VectorIndex

_MAGIC = b"SKETCHAPP-VECTORS-1\n"
_LENGTH = struct.Struct("<IQ")  # of the header, of the index
_DIGEST_BYTES = 32


class CacheRejected(Exception):
    """The file is missing, torn or belongs to something else; the message says which."""


@dataclass(frozen=True, slots=True)
class CacheHeader:
    """What an index file was built from.

    Attributes
    ----------
    token
        Names this writing; the database knows it.
    generation
        The gallery's generation at that time.
    last_seq
        The last row of the vectors table that is in it.
    trained_on
        Vectors an inverted file was trained on; 0 for the exact index.
    """

    gallery_id: str
    model_id: str
    dimension: int
    token: str
    generation: int
    last_seq: int
    count: int
    trained_on: int


def cache_path(directory: Path, model_id: str) -> Path:
    """The index file of a model: its name made harmless, with a digest against two names becoming one."""
    plain = re.sub(r"[^A-Za-z0-9.-]+", "-", model_id).strip("-.")[:40]
    digest = hashlib.blake2b(model_id.encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()
    return directory / f"vectors-{plain}-{digest}.faiss"


def write_cache(path: Path, header: CacheHeader, payload: memoryview) -> None:
    """Write and fsync a new file, then move it over ``path``.

    Raises
    ------
    OSError
    """
    head = json.dumps(asdict(header)).encode()
    lengths = _LENGTH.pack(len(head), payload.nbytes)
    digest = hashlib.blake2b(head, digest_size=_DIGEST_BYTES)
    digest.update(payload)
    replace_file(path, [_MAGIC, lengths, head, payload, digest.digest()])


def read_cache(path: Path) -> tuple[CacheHeader, VectorIndex]:
    """Read a file back, whole or not at all.

    Raises
    ------
    CacheRejected
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise CacheRejected("there was no index file") from error
    except OSError as error:
        raise CacheRejected(f"the index file could not be read ({error.strerror})") from error
    start = len(_MAGIC) + _LENGTH.size
    if not data.startswith(_MAGIC) or len(data) < start:
        raise CacheRejected("the index file was torn or of another format")
    head_length, payload_length = _LENGTH.unpack_from(data, len(_MAGIC))
    if len(data) != start + head_length + payload_length + _DIGEST_BYTES:
        raise CacheRejected("the index file was torn")
    body = memoryview(data)[start:-_DIGEST_BYTES]
    if hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest() != data[-_DIGEST_BYTES:]:
        raise CacheRejected("the index file was damaged")
    try:
        header = CacheHeader(**json.loads(bytes(body[:head_length])))
        payload = np.frombuffer(body[head_length:], dtype=np.uint8)
        index = VectorIndex.deserialize(payload, header.dimension, header.trained_on)
    except (TypeError, ValueError, RuntimeError) as error:
        raise CacheRejected(f"the index file is of another version ({error})") from error
    if len(index) != header.count:
        raise CacheRejected("the index file was damaged")
    return header, index
