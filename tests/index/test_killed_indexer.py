"""An indexer killed at any moment loses nothing that the next start does not make good."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from killed_indexer import KILLS_A_GALLERY
from photo_makers import fill, found_paths, index

from index.gallery import Gallery
from index.replacing import PART_SUFFIX
from tests.support.waiting import RUN_S

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs fork and SIGKILL")

GALLERIES = 12
PHOTOS = 36


def test_killed_at_random_moments_every_photo_is_found_once_after_the_next_start(tmp_path):
    photos = fill(tmp_path / "photos", range(PHOTOS))
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut")
    galleries = [tmp_path / f"gallery-{number}" for number in range(GALLERIES)]
    here = Path(__file__).parent
    paths = os.pathsep.join([str(here), str(here.parent.parent), os.environ.get("PYTHONPATH", "")])
    killed = subprocess.run(
        [sys.executable, here / "killed_indexer.py", photos, "20", *galleries],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=True,
    )
    moments = [line.split() for line in killed.stdout.splitlines()]
    assert len(moments) == GALLERIES * KILLS_A_GALLERY
    assert sum(cut == "1" for _, cut in moments) >= GALLERIES // 2  # many were cut short, not finished
    begun = 0
    for directory in galleries:
        with Gallery.open(directory, write=True) as gallery:
            before = gallery.count()
            begun += 0 < before < PHOTOS
            report = index(gallery, photos)
            assert before + report.added == PHOTOS  # nothing counted twice, nothing lost
            assert [skipped.path.name for skipped in report.skipped] == ["broken.jpg"]
            assert gallery.count() == PHOTOS
            for number in range(PHOTOS):
                assert found_paths(gallery, number) == [photos / f"{number}.png"]
                assert gallery.thumbnail(number + 1).shape == (48, 64, 3)
            assert gallery.database.rows("PRAGMA integrity_check") == [("ok",)]
        assert not list(directory.rglob(f"*{PART_SUFFIX}"))
        with Gallery.open(directory, write=False) as gallery:
            assert not gallery.index_status("colour-grid/4x4").rebuilt
    assert begun > 0  # at least one kill fell between two batches
