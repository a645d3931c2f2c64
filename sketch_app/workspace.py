"""The services of a running program in one place: settings, gallery, models, search. One per process, no Qt.

The gallery is open for reading all the time and for writing only while photos are added: a command line
beside an open window can add photos too, and neither ever waits for a lock to search.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sketch_app.errors import SketchAppError
from sketch_app.fusion import Calibration, FusionWeights, load_calibration
from sketch_app.model_sets import EMBEDDED, ModelSet, embedded_set, own_encoder
from sketch_app.paths import AppPaths
from sketch_app.photo_spaces import FAST_LANE, PhotoSpaces
from sketch_app.search import SearchPipeline
from sketch_app.settings import Settings, load_settings, save_settings

if TYPE_CHECKING:
    from index.gallery import Gallery
    from index.records import Album, IndexProgress, IndexReport, Location, SkippedFile
    from models.registry.store import ModelStore
    from sketch_app.protocols import PhotoEncoder, Rgb


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
        In place of the set that the settings name.
    for_now : mapping, optional
        Settings that are other than the stored ones while this workspace lives, and are not kept. When they
        name a set of models, that one is used or the reason raised; nothing stands in for it.

    Raises
    ------
    models.errors.ModelError
        The set of models that `for_now` names is not on this machine.
    """

    def __init__(
        self,
        paths: AppPaths,
        *,
        gallery: Path | None = None,
        models: ModelSet | None = None,
        for_now: Mapping[str, Any] | None = None,
    ) -> None:
        self.paths = paths
        self._stored = load_settings(paths.settings_file)
        self.settings = self._stored.with_(**(for_now or {}))
        chosen = Path(self.settings.gallery) if self.settings.gallery else paths.default_gallery
        self.gallery_directory = gallery or chosen
        self.models_problem = ""
        """Why the models that the settings name are not in use; empty when they are."""
        if models is None:
            named = for_now is not None and "models" in for_now
            models = self.make_set(self.settings.models) if named else self._models_of_settings()
        self.models = models
        self.fast_spaces = self._make_fast_spaces()
        self.spaces = self._make_spaces()
        self.search = self._make_search()
        self._gallery: Gallery | None = None
        self._opening = threading.Lock()
        self._closed = False

    def update_settings(self, **changes: Any) -> Settings:
        """Change some settings and keep them."""
        self.settings = self.settings.with_(**changes)
        self._stored = self._stored.with_(**changes)
        save_settings(self.paths.settings_file, self._stored)
        return self.settings

    # Models

    @cached_property
    def store(self) -> ModelStore:
        """The models on this machine."""
        from models.registry.store import ModelStore

        return ModelStore(self.paths.models)

    def make_set(self, name: str) -> ModelSet:
        """A set of models with the settings' choices within it.

        Raises
        ------
        models.errors.ModelError
            A model is not on this machine; the sentence says how to get it.
        SketchAppError
            There is no such set, or a choice cannot be used.
        """
        if name == EMBEDDED:
            return embedded_set(own_encoder(self.store))
        from sketch_app.full_models import FULL, FullChoices, full_set

        if name != FULL:
            raise SketchAppError(f"There is no set of models “{name}”: choose “{EMBEDDED}” or “{FULL}”.")
        settings = self.settings
        return full_set(
            self.store,
            FullChoices(
                captioner_weights=_path(settings.captioner_weights),
                generator_weights=_path(settings.generator_weights),
                photo_model=settings.photo_model,
                device=settings.device,
            ),
        )

    def use_models(self, models: ModelSet) -> None:
        """Search with other models from now on. `search` is then another pipeline: whoever listened to the
        former one listens to this one.
        """
        former, search = self.models, self.search
        self.models, self.models_problem = models, ""
        self.fast_spaces = self._make_fast_spaces()
        if self.spaces is None or models.second_embedder is None:
            self.spaces = self._make_spaces()
        else:
            self.spaces.want(models.second_embedder)
        self.search = self._make_search()
        search.close()
        former.release()

    def _models_of_settings(self) -> ModelSet:
        """The settings' set; where that cannot be used the embedded one, which needs nothing."""
        from models.errors import ModelError

        try:
            return self.make_set(self.settings.models)
        except (ModelError, SketchAppError) as error:
            self.models_problem = str(error)
            return embedded_set()

    def _make_fast_spaces(self) -> PhotoSpaces:
        former = self.models.former

        def encoder_for(model_id: str) -> PhotoEncoder | None:
            return former if former is not None and former.model_id == model_id else None

        return PhotoSpaces(self._opened, self.models.photos, encoder_for, lane=FAST_LANE, before=former)

    def _make_spaces(self) -> PhotoSpaces | None:
        embedder = self.models.second_embedder
        return None if embedder is None else PhotoSpaces(self._opened, embedder, self.models.encoder_for)

    def _make_search(self) -> SearchPipeline:
        return SearchPipeline(
            self.models,
            self._opened,
            weights=lambda: self.weights,
            embedder=self._serving_embedder,
            serving=self._serving_models,
        )

    @property
    def all_spaces(self) -> tuple[PhotoSpaces, ...]:
        """Of each lane that compares photos, the fast one first."""
        return (self.fast_spaces,) if self.spaces is None else (self.fast_spaces, self.spaces)

    def _serving_models(self) -> ModelSet:
        """The set, with the encoder that can find photos now."""
        models, former = self.models, self.models.former
        if former is None or not self.is_open:
            return models
        serves = self.fast_spaces.serving().model_id
        return models if serves == models.photos.model_id else models.with_encoder(former)

    def _serving_embedder(self) -> PhotoEncoder | None:
        return self._serving_models().imagined if self.spaces is None else self.spaces.serving().encoder

    # The ranking's weights

    @property
    def calibration(self) -> Calibration:
        """The weights that the ranking would have without the person's own, and where they come from."""
        return load_calibration(self.models.name, self.paths.calibration_file)

    @property
    def weights(self) -> FusionWeights:
        """The weights of the ranking: the person's own where they set some, else the calibrated ones."""
        own = self.settings.signal_weights
        return FusionWeights.from_dict(own) if own else self.calibration.weights

    def set_weights(self, weights: FusionWeights | None) -> None:
        """Rank with other weights from now on; None goes back to the calibrated ones."""
        self.update_settings(signal_weights=weights.as_dict() if weights else {})

    # The gallery

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
        """End the search, let the models go and close the gallery; may be called twice."""
        self.search.close()
        self.models.release()
        with self._opening:
            self._closed = True
            if self._gallery is not None:
                self._gallery.close()
                self._gallery = None


def _path(setting: str) -> Path | None:
    return Path(setting).expanduser() if setting else None
