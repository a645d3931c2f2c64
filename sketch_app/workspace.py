"""The services of a running program in one place: settings, gallery, models, search. One per process, no Qt.

The gallery is open for reading all the time and for writing only while photos are added: a command line
beside an open window can add photos too, and neither ever waits for a lock to search.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sketch_app.errors import SketchAppError
from sketch_app.model_sets import ModelSet, embedded_set
from sketch_app.paths import AppPaths
from sketch_app.search import SearchPipeline
from sketch_app.settings import Settings, load_settings, save_settings

if TYPE_CHECKING:
    from index.gallery import Gallery
    from index.records import Album, IndexProgress, IndexReport, Location, SkippedFile
    from sketch_app.protocols import Rgb


@dataclass(frozen=True, slots=True)
class FolderInfo:
    """A folder of the gallery."""

    path: Path
    display: str
    photo_count: int


@dataclass(frozen=True, slots=True)
class GallerySummary:
    """What the gallery holds at one moment."""

    directory: Path
    photo_count: int
    folders: tuple[FolderInfo, ...]
    skipped: tuple[SkippedFile, ...]
    albums: tuple[Album, ...]


class Workspace:
    """Everything a window or a command works with.

    Parameters
    ----------
    paths : AppPaths
        The program's folders.
    gallery : Path, optional
        The gallery's folder, in place of the one in the settings.
    models : ModelSet, optional
        The embedded set when not given.
    """

    def __init__(
        self, paths: AppPaths, *, gallery: Path | None = None, models: ModelSet | None = None
    ) -> None:
        self.paths = paths
        self.settings = load_settings(paths.settings_file)
        chosen = Path(self.settings.gallery) if self.settings.gallery else paths.default_gallery
        self.gallery_directory = gallery or chosen
        self.models = models or embedded_set()
        self.search = SearchPipeline(self.models, self._opened)
        self._gallery: Gallery | None = None
        self._opening = threading.Lock()
        self._closed = False

    def update_settings(self, **changes: Any) -> Settings:
        """Change some settings and keep them."""
        self.settings = self.settings.with_(**changes)
        save_settings(self.paths.settings_file, self.settings)
        return self.settings

    def open(self) -> None:
        """Open the gallery for reading, made first where there is none. Heavy: not for the GUI thread.

        Raises
        ------
        index.errors.GalleryError
            It cannot be used; the sentence says why.
        """
        from index.gallery import DATABASE_NAME, Gallery

        with self._opening:
            if self._closed:
                raise SketchAppError("The program is closing.")
            if self._gallery is not None:
                return
            if not (self.gallery_directory / DATABASE_NAME).exists():
                Gallery.open(self.gallery_directory, write=True).close()
            self._gallery = Gallery.open(self.gallery_directory, write=False)

    @property
    def is_open(self) -> bool:
        """Whether the gallery can be searched."""
        return self._gallery is not None

    def _opened(self) -> Gallery:
        self.open()
        assert self._gallery is not None
        return self._gallery

    def gallery_summary(self) -> GallerySummary:
        """Counts and lists for people; a few database queries."""
        gallery = self._opened()
        folders = gallery.folders()
        skipped = tuple(s for folder in folders for s in gallery.skipped(folder))
        return GallerySummary(
            gallery.directory,
            gallery.count(),
            tuple(FolderInfo(f.path, f.display, gallery.count_in(f)) for f in folders),
            skipped,
            tuple(gallery.albums()),
        )

    def index_folder(
        self,
        folder: Path | None,
        *,
        progress: Callable[[IndexProgress], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> tuple[IndexReport, ...]:
        """Add a folder or bring it up to date; None does so for every folder of the gallery. Blocks.

        Raises
        ------
        index.errors.GalleryBusyError
            Another process is writing; the sentence names it.
        index.errors.GalleryError
            The folder or the gallery cannot be used.
        """
        from index.gallery import Gallery
        from index.indexer import Indexer

        encoder = self.models.photos
        with Gallery.open(self.gallery_directory, write=True) as gallery:
            if folder is not None:
                targets = [gallery.add_folder(folder).path]
            else:
                targets = [f.path for f in gallery.folders()]
            indexer = Indexer(gallery, encoder.encode_photos, encoder.model_id, encoder.dimension)
            reports = []
            for target in targets:
                reports.append(indexer.run(target, progress=progress, cancelled=cancelled))
                if reports[-1].cancelled:
                    break
        return tuple(reports)

    def remove_folder(self, folder: Path) -> None:
        """Take a folder out of the gallery; its files stay where they are.

        Raises
        ------
        index.errors.GalleryBusyError
            Another process is writing.
        """
        from index.gallery import Gallery

        with Gallery.open(self.gallery_directory, write=True) as gallery:
            for known in gallery.folders():
                if known.path == folder:
                    gallery.remove_folder(known)

    def thumbnail(self, photo_id: int, side: int) -> Rgb:
        """A small picture of a photo, at most `side` pixels on its longer side where the cache has that much.

        Raises
        ------
        SketchAppError
            There is none and the photo cannot be read.
        """
        from index.errors import DecodeError, GalleryError

        try:
            small = self._opened().thumbnail(photo_id)
        except (DecodeError, GalleryError) as error:
            raise SketchAppError(str(error)) from error
        if max(small.shape[:2]) <= side:
            return small
        import numpy as np
        from PIL import Image

        image = Image.fromarray(small)
        image.thumbnail((side, side), Image.Resampling.BILINEAR)
        return np.asarray(image)

    def locations(self, photo_id: int) -> tuple[Location, ...]:
        """Everywhere a photo lies or lay, present places first."""
        return tuple(self._opened().locations(photo_id))

    def close(self) -> None:
        """End the search worker and close the gallery; may be called twice."""
        self.search.close()
        with self._opening:
            self._closed = True
            if self._gallery is not None:
                self._gallery.close()
                self._gallery = None
