"""What a model's entry says: its home, its files with their pins, its licence; and how names are read.

The entries themselves stand in `models.registry.catalogue`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from models.registry.errors import UnknownModelError

Role = Literal[
    "encoder", "captioner", "generator", "generator-checkpoint", "photo-embedder", "sketch-adapter"
]
Pinning = Literal["pinned", "partly pinned", "unpinned"]
STANDS_ON = "stands_on"
"""In the record of a person's own model: the public home of the model that it needs besides; empty, or not
there, where it needs none.
"""
FILES = "files"
"""In such a record: which of the files that its entry calls optional belong to the model."""
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class HubHome:
    """A repository on the Hugging Face hub."""

    repo: str

    @property
    def page(self) -> str:
        """Where a person reads about it."""
        return f"https://huggingface.co/{self.repo}"


@dataclass(frozen=True, slots=True)
class UrlHome:
    """A folder of plain files on a web server; ends with a slash."""

    base: str

    @property
    def page(self) -> str:
        """Where a person reads about it."""
        return self.base


@dataclass(frozen=True, slots=True)
class PackageHome:
    """A Python package that was installed with the program."""

    package: str

    @property
    def page(self) -> str:
        """Where a person reads about it."""
        return self.package


@dataclass(frozen=True, slots=True)
class OwnHome:
    """The person's own training: such a model is imported from its run's folder, as often as it changes."""

    kind: str
    """As its record names it (`models.training_record`), and the command that trains it."""

    @property
    def command(self) -> str:
        """What trains it."""
        return f"sketch-app train {self.kind}"

    @property
    def page(self) -> str:
        """Where it comes from, in words."""
        return f"“{self.command}”"


@dataclass(frozen=True, slots=True)
class Licence:
    """The terms of a model."""

    name: str
    link: str
    meaning: str
    """One sentence."""
    non_commercial: bool
    """Commercial use is excluded or restricted."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model."""

    path: str
    """Where it lies in the model's folder, with slashes."""
    remote: str = ""
    """Its path at home, where that is another one."""
    sha256: str | None = None
    """Only from a source that the entry names."""
    size: int | None = None
    """Bytes; only from a source that the entry names."""
    of_base: bool = False
    """Of a person's own model: a part of the base that it stands on, which comes with it unless the base is a
    published one.
    """
    optional: bool = False
    """Of a person's own model: belongs to it only where its record says so."""

    @property
    def always_there(self) -> bool:
        """Whether a model is not whole without it, whatever its record says."""
        return not (self.of_base or self.optional)

    @property
    def home_path(self) -> str:
        """Its path at home."""
        return self.remote or self.path


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model, or a part of one, that can be fetched by its name.

    Attributes
    ----------
    name
        What people type.
    title
        What people read.
    revision
        The commit (40 hexadecimal digits) to fetch; None where none was read anywhere: the first pull then
        takes the newest and keeps to it.
    source
        Where the revision and the pins were read.
    storage
        The folder in the store; the name when empty. Two entries may share one.
    about_bytes
        The size of all weights, rounded as the home's page shows it; for people, never checked.
    """

    name: str
    role: Role
    title: str
    home: HubHome | UrlHome | PackageHome | OwnHome
    files: tuple[ModelFile, ...]
    licence: Licence
    revision: str | None = None
    source: str = ""
    storage: str = ""
    about_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.revision is not None and not _COMMIT.fullmatch(self.revision):
            raise ValueError(f"{self.name}: a revision is a whole commit, not {self.revision!r}")

    @property
    def folder_name(self) -> str:
        """Its folder in the store."""
        return self.storage or self.name

    @property
    def pins(self) -> Mapping[str, str]:
        """SHA-256 by path, where known."""
        return {file.path: file.sha256 for file in self.files if file.sha256 is not None}

    @property
    def pinning(self) -> Pinning:
        """Whether every file's content is known beforehand, some of it, or none."""
        if len(self.pins) == len(self.files):
            return "pinned"
        return "partly pinned" if self.pins or self.revision else "unpinned"

    @property
    def size(self) -> int | None:
        """Bytes of all files; None where one of them is not known beforehand."""
        sizes = [file.size for file in self.files]
        return sum(s for s in sizes if s is not None) if None not in sizes else None

    @property
    def comes_with_the_program(self) -> bool:
        """It is never fetched, imported or removed."""
        return isinstance(self.home, PackageHome)

    @property
    def is_own(self) -> bool:
        """The person trained it: it is never fetched, and another one may take its place."""
        return isinstance(self.home, OwnHome)


def select_entries(
    names: Iterable[str], entries: Mapping[str, ModelEntry], sets: Mapping[str, tuple[str, ...]]
) -> tuple[ModelEntry, ...]:
    """The entries that names of models and of sets stand for, each once, in the order they were named.

    Raises
    ------
    UnknownModelError
        A name is neither; the sentence lists the known ones, the closest first.
    """
    chosen: dict[str, ModelEntry] = {}
    for name in names:
        for member in sets.get(name, (name,)):
            if member not in entries:
                raise UnknownModelError(_unknown(name, [*sets, *entries]))
            chosen[member] = entries[member]
    return tuple(chosen.values())


def _unknown(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=len(known), cutoff=0.5)
    ordered = [*close, *(k for k in known if k not in close)]
    return f"There is no model “{name}”: the known ones are {', '.join(ordered)}."
