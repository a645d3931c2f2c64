"""Whatever is added, copied, moved, changed and deleted between runs, the gallery says what the disk says."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from photo_makers import MODEL, index, photo_bytes, vector_of

from index.gallery import Gallery, content_digest

CONTENTS = [photo_bytes(number, size=(8, 8)) for number in range(5)]
PLACES = [f"{folder}{name}.png" for folder in ("", "a/", "a/b/") for name in ("x", "y", "가")]

places = st.sampled_from(PLACES)
contents = st.integers(0, len(CONTENTS) - 1)


class GalleryFollowsTheDisk(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.cleanup = contextlib.ExitStack()
        self.root = Path(self.cleanup.enter_context(tempfile.TemporaryDirectory()))
        self.photos = self.root / "photos"
        self.photos.mkdir()
        self.gallery = self.cleanup.enter_context(Gallery.open(self.root / "gallery", write=True))
        self.disk = {}
        self.known = set()
        self.clock = 10**9
        self.in_step = False

    def teardown(self):
        self.cleanup.close()

    def put(self, place, content):
        path = self.photos / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CONTENTS[content])
        self.clock += 10**9  # a later second, whatever the disk's clock makes of quick writes
        os.utime(path, ns=(self.clock, self.clock))
        self.disk[place] = content
        self.in_step = False

    @rule(place=places, content=contents)
    def add_or_change(self, place, content):
        self.put(place, content)

    @rule(source=places, to=places)
    def copy(self, source, to):
        if source in self.disk:
            self.put(to, self.disk[source])

    @rule(source=places, to=places)
    def move(self, source, to):
        if source in self.disk and source != to:
            (self.photos / to).parent.mkdir(parents=True, exist_ok=True)
            (self.photos / source).replace(self.photos / to)  # keeps size and modification time
            self.disk[to] = self.disk.pop(source)
            self.in_step = False

    @rule(place=places)
    def delete(self, place):
        if place in self.disk:
            (self.photos / place).unlink()
            del self.disk[place]
            self.in_step = False

    @rule(folder=st.sampled_from(["a", "a/b"]))
    def delete_folder(self, folder):
        shutil.rmtree(self.photos / folder, ignore_errors=True)
        self.disk = {place: c for place, c in self.disk.items() if not place.startswith(folder + "/")}
        self.in_step = False

    @rule()
    def reopen(self):
        self.gallery.close()
        self.gallery = self.cleanup.enter_context(Gallery.open(self.root / "gallery", write=True))

    @rule(files=st.integers(0, 3))
    def run_cut_short(self, files):
        seen = []
        index(
            self.gallery,
            self.photos,
            batch_size=2,
            progress=seen.append,
            cancelled=lambda: bool(seen) and seen[-1].done >= files,
        )

    @rule()
    def run(self):
        report = index(self.gallery, self.photos)
        assert not report.skipped
        assert report.added == len(set(self.disk.values()) - self.known)
        self.in_step = True

    @invariant()
    def the_gallery_says_what_the_disk_says(self):
        hits = {n: self.gallery.search(MODEL, vector_of(n), 50) for n in range(len(CONTENTS))}
        rows = self.gallery.database.rows("SELECT hash FROM photos")
        self.known = {n for n, data in enumerate(CONTENTS) if (content_digest(data),) in rows}
        for found in hits.values():
            assert len({hit.photo_id for hit in found}) == len(found)
        if not self.in_step:
            return
        present = set(self.disk.values())
        assert self.gallery.count() == len(present)
        for number, found in hits.items():
            best = found[0] if found and found[0].score > 0.99 else None
            assert (best is not None) == (number in present)
            if best is not None:
                lying = [p for p in self.gallery.locations(best.photo_id) if p.state == "present"]
                expected = {str(self.photos / place) for place, c in self.disk.items() if c == number}
                assert {str(p.path) for p in lying} == expected
                assert len(lying) == len(expected)


GalleryFollowsTheDisk.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestGalleryFollowsTheDisk = GalleryFollowsTheDisk.TestCase
