"""Whatever is added, removed, edited, embedded, cancelled, chosen and forgotten, in whatever order: a vector
is always that of its own photo by its own model, and a model serves only if its set was complete when it was
chosen.
"""

import contextlib
import os
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from photo_makers import DIMENSION, MODEL, encode, index, photo_bytes, picture

from index.embedding import Embedder
from index.errors import GalleryError
from index.gallery import Gallery, content_digest

CONTENTS = [photo_bytes(number, size=(8, 8)) for number in range(8)]
DIGESTS = {content_digest(data): number for number, data in enumerate(CONTENTS)}
FOLDERS = ("a", "b", "c")
LANE = "deep"


def channels_swapped(images):
    """Of the same length as the fast lane's vectors, and others."""
    return encode([image[..., ::-1] for image in images])


def finer_grid(images):
    """Of another length: every second row of pixels."""
    rows = np.stack([np.asarray(image, dtype=np.float32)[::2].reshape(-1) - 127.3 for image in images])
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


ENCODERS = {MODEL: (encode, DIMENSION), "swapped": (channels_swapped, DIMENSION), "finer": (finer_grid, 96)}
PICTURES = [np.asarray(picture(number, (8, 8))) for number in range(len(CONTENTS))]
TRUTH = {name: encoder(PICTURES) for name, (encoder, _) in ENCODERS.items()}

others = st.sampled_from(["swapped", "finer"])
models = st.sampled_from(list(ENCODERS))
numbers = st.integers(0, len(CONTENTS) - 1)
folders = st.sampled_from(FOLDERS)


class TwoModels(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.cleanup = contextlib.ExitStack()
        self.root = Path(self.cleanup.enter_context(tempfile.TemporaryDirectory()))
        self.gallery = Gallery.open(self.root / "gallery", write=True)
        # Held open all the time, as a window does: it sees models come, go and come again.
        self.window = Gallery.open(self.root / "gallery", write=False)
        self.clock = 10**9
        self.active = None
        for folder in FOLDERS:
            (self.root / folder).mkdir()

    def teardown(self):
        self.gallery.close()
        self.window.close()
        self.cleanup.close()

    def write(self, folder, name, data):
        path = self.root / folder / name
        path.write_bytes(data)
        self.clock += 10**9
        os.utime(path, ns=(self.clock, self.clock))

    def could_be_embedded(self):
        """The present photos of which some copy still has the photo's content."""
        readable = set()
        for photo_id, path in self.window.database.rows(
            "SELECT photo_id, path FROM locations WHERE state = 'present'"
        ):
            with contextlib.suppress(OSError):
                found = DIGESTS.get(content_digest(Path(os.fsdecode(path)).read_bytes()))
                if found is not None and self.number(photo_id) == found:
                    readable.add(photo_id)
        return readable

    def number(self, photo_id):
        [(digest,)] = self.window.database.rows("SELECT hash FROM photos WHERE id = ?", (photo_id,))
        return DIGESTS[digest]

    @rule(folder=folders, some=st.lists(numbers, min_size=1, max_size=4))
    def add_photos(self, folder, some):
        for number in some:
            self.write(folder, f"{number}.png", CONTENTS[number])
        index(self.gallery, self.root / folder, batch_size=3)

    @rule(folder=folders, place=numbers, content=numbers)
    def edit_a_file_behind_the_gallery_s_back(self, folder, place, content):
        if (self.root / folder / f"{place}.png").exists():
            self.write(folder, f"{place}.png", CONTENTS[content])

    @rule(folder=folders, place=numbers)
    def lose_a_file(self, folder, place):
        (self.root / folder / f"{place}.png").unlink(missing_ok=True)

    @rule(folder=folders)
    def remove_folder(self, folder):
        for known in self.gallery.folders():
            if known.path == self.root / folder:
                self.gallery.remove_folder(known)

    @rule(model=others, photos=st.integers(1, 6), beside=st.booleans())
    def embed_some(self, model, photos, beside):
        self.embed(model, photos, beside)

    @rule(model=models, beside=st.booleans())
    def embed_all(self, model, beside):
        report = self.embed(model, None, beside)
        assert not report.cancelled
        for photo_id in self.could_be_embedded():
            assert self.window.vector(photo_id, model) is not None
        assert self.window.coverage(model).remaining == 0

    def embed(self, model, photos, beside):
        """Through the open writer, or beside it as a reader that takes the right to write by itself."""
        if beside:
            self.gallery.close()
        encoder, dimension = ENCODERS[model]
        seen = []
        report = Embedder(
            self.window if beside else self.gallery, encoder, model, dimension, batch_size=2, workers=1
        ).run(progress=seen.append, cancelled=lambda: photos is not None and len(seen) >= photos)
        if beside:
            self.gallery = Gallery.open(self.root / "gallery", write=True)
        return report

    @rule(model=models)
    def choose(self, model):
        vectors = {photo_id for photo_id, _ in self.stored(model)}
        untried = self.could_be_embedded() - vectors
        before = self.window.coverage(model)
        try:
            self.gallery.set_active_model(LANE, model)
        except GalleryError:
            assert not before.complete or model not in self.window.model_ids()
            return
        self.active = model
        listed = {photo.photo_id for photo in self.window.unembedded(model)}
        present = {row[0] for row in self.window.database.rows("SELECT id FROM photos WHERE present > 0")}
        assert present <= vectors | listed
        # A file put back since it was tried is found by the next run.
        assert untried <= listed

    @rule()
    def choose_none(self):
        self.gallery.set_active_model(LANE, None)
        self.active = None

    @rule(model=others)
    def forget(self, model):
        try:
            self.gallery.forget_model(model)
        except GalleryError:
            assert model == self.active
        else:
            assert model != self.active
            assert model not in self.window.model_ids()
            assert self.window.search(model, TRUTH[model][0], 50) == []

    @rule(model=models)
    def keep_the_index_file(self, model):
        self.gallery.persist_index(model)

    @rule(window=st.booleans())
    def reopen(self, window):
        self.gallery.close()
        if window:
            self.window.close()
        self.gallery = Gallery.open(self.root / "gallery", write=True)
        if window:
            self.window = Gallery.open(self.root / "gallery", write=False)

    def stored(self, model):
        return self.window.database.rows(
            "SELECT photo_id, data FROM vectors JOIN models m ON m.id = model WHERE m.name = ?", (model,)
        )

    @invariant()
    def the_active_model_is_the_one_that_was_chosen(self):
        assert self.window.active_model(LANE) == self.active

    @invariant()
    def every_vector_is_its_own_photo_s_by_its_own_model(self):
        everyone = [row[0] for row in self.window.database.rows("SELECT id FROM photos")]
        numbers = {photo_id: self.number(photo_id) for photo_id in everyone}
        shown = {row[0] for row in self.window.database.rows("SELECT id FROM photos WHERE present > 0")}
        for model, truth in TRUTH.items():
            stored = dict(self.stored(model))
            for photo_id, data in stored.items():
                assert data == truth[numbers[photo_id]].astype("<f2").tobytes()
            query = truth[3]
            for gallery in (self.window, self.gallery):
                hits = {hit.photo_id: hit.score for hit in gallery.search(model, query, 50)}
                present = shown.intersection(stored)
                assert set(hits) == present
                scores = gallery.scores(model, query, everyone)
                for photo_id, score in zip(everyone, scores.tolist(), strict=True):
                    assert np.isnan(score) == (photo_id not in stored)
                    if photo_id in stored:
                        assert abs(score - float(truth[numbers[photo_id]] @ query)) < 2e-3
                    if photo_id in hits:
                        assert abs(score - hits[photo_id]) < 1e-5


TwoModels.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestTwoModels = TwoModels.TestCase
