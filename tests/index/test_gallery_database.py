"""The database: its versions, its one writer, its filters, and how it fails."""

import os
import sqlite3
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from photo_makers import MODEL, fill, index, is_found, photo_bytes, picture, vector_of
from PIL import Image

from index import schema
from index.errors import (
    GalleryBusyError,
    GalleryDamagedError,
    GalleryError,
    GalleryTooNewError,
)
from index.gallery import Gallery
from index.records import SearchFilter
from tests.support.waiting import WAIT_S


@pytest.fixture
def directory(tmp_path):
    with Gallery.open(tmp_path / "gallery", write=True) as gallery:
        index(gallery, fill(tmp_path / "photos", range(5)))
    return tmp_path / "gallery"


def change(directory, statement):
    connection = sqlite3.connect(directory / "gallery.sqlite3")
    with connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize("write", [True, False])
def test_a_newer_gallery_is_refused_and_left_as_it_is(directory, write):
    change(directory, f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    before = (directory / "gallery.sqlite3").read_bytes()
    with pytest.raises(GalleryTooNewError, match=r"newer version of the program.*update the program"):
        Gallery.open(directory, write=write)
    assert (directory / "gallery.sqlite3").read_bytes() == before


def test_the_next_version_keeps_what_was_there(directory):
    path = directory / "gallery.sqlite3"
    steps = (*schema.MIGRATIONS, "ALTER TABLE photos ADD COLUMN stars INTEGER NOT NULL DEFAULT 3;")
    connection = sqlite3.connect(path, isolation_level=None)
    assert schema.migrate(connection, path, steps) == len(schema.MIGRATIONS)
    assert schema.migrate(connection, path, steps) == len(steps)
    assert connection.execute("SELECT sum(stars) FROM photos").fetchone() == (15,)
    connection.close()
    with pytest.raises(GalleryTooNewError):  # the program before the step
        Gallery.open(directory, write=True)


def test_a_migration_that_fails_changes_nothing(directory):
    path = directory / "gallery.sqlite3"
    broken = (*schema.MIGRATIONS, "ALTER TABLE photos ADD COLUMN stars INTEGER; SELECT * FROM nowhere;")
    connection = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(GalleryError, match="left as it was"):
        schema.migrate(connection, path, broken)
    connection.close()
    with Gallery.open(directory, write=True) as gallery:
        assert is_found(gallery, 1)
        columns = {row[1] for row in gallery.database.rows("PRAGMA table_info(photos)")}
        assert "stars" not in columns


def test_another_program_s_database_is_not_touched(tmp_path):
    path = tmp_path / "gallery.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(GalleryDamagedError, match="another program"):
        Gallery.open(tmp_path, write=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize("write", [True, False])
def test_a_file_that_is_no_database_is_named(tmp_path, write):
    (tmp_path / "gallery.sqlite3").write_bytes(b"not a database at all" * 100)
    with pytest.raises(GalleryDamagedError, match=r"gallery\.sqlite3 is damaged"):
        Gallery.open(tmp_path, write=write)


def test_reading_where_there_is_no_gallery_says_what_to_do(tmp_path):
    with pytest.raises(GalleryError, match="add a folder of photos"):
        Gallery.open(tmp_path, write=False)
    assert list(tmp_path.iterdir()) == []


HOLDER = """
import sys
from pathlib import Path
from index.gallery import Gallery
with Gallery.open(Path(sys.argv[1]), write=True):
    print("open", flush=True)
    sys.stdin.readline()
"""


def test_a_second_process_may_read_but_not_write_until_the_first_is_gone(directory):
    root = str(Path(__file__).parent.parent.parent)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, directory],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout.readline().strip() == b"open"
        with pytest.raises(GalleryBusyError, match=rf"pid {holder.pid}\)"):
            Gallery.open(directory, write=True)
        with Gallery.open(directory, write=False) as reader:
            assert is_found(reader, 1)
        holder.kill()  # the lock dies with its process, whatever the file says
        holder.wait(WAIT_S)
        with Gallery.open(directory, write=True) as gallery:
            assert is_found(gallery, 1)


def test_one_process_cannot_write_twice_either(directory):
    with (
        Gallery.open(directory, write=True),
        pytest.raises(GalleryBusyError, match="this program itself"),
    ):
        Gallery.open(directory, write=True)
    Gallery.open(directory, write=True).close()


def test_a_closed_gallery_says_so(directory):
    gallery = Gallery.open(directory, write=False)
    gallery.close()
    gallery.close()
    with pytest.raises(GalleryError, match="is closed"):
        gallery.count()


def test_every_change_raises_the_generation(directory, tmp_path):
    with Gallery.open(directory, write=True) as gallery:
        before = gallery.generation
        index(gallery, fill(tmp_path / "more", [9]))
        assert gallery.generation > before


@pytest.fixture
def varied(tmp_path):
    """Camera photos of two years, a screenshot, a web picture, in three albums."""
    folder = tmp_path / "varied"
    for number, (album, year) in enumerate([("Camera", 2020), ("Camera", 2021), ("Trip", 2021)]):
        exif = Image.Exif()
        exif[0x010F] = "Maker"
        exif.get_ifd(0x8769)[0x9003] = f"{year}:06:15 12:00:00"
        (folder / album).mkdir(parents=True, exist_ok=True)
        picture(number).save(folder / album / f"{number}.jpg", exif=exif)
    (folder / "Screenshots").mkdir()
    (folder / "Screenshots" / "3.png").write_bytes(photo_bytes(3))
    (folder / "Trip" / "4.webp").write_bytes(photo_bytes(4, "WEBP", lossless=True))
    for path in (folder / "Screenshots" / "3.png", folder / "Trip" / "4.webp"):
        moment = datetime(2022, 3, 1, 9, 0).timestamp()
        os.utime(path, (moment, moment))
    with Gallery.open(tmp_path / "gallery", write=True) as gallery:
        index(gallery, folder)
        yield gallery


def answers(gallery, chosen):
    hits = gallery.search(MODEL, vector_of(0), 50, filter=chosen)
    return sorted(place.path.name for hit in hits for place in gallery.locations(hit.photo_id))


def test_searches_are_narrowed_by_date_album_kind_format_and_source(varied):
    albums = {album.name: album for album in varied.albums()}
    assert {name: album.photo_count for name, album in albums.items()} == {
        "Camera": 2,
        "Screenshots": 1,
        "Trip": 2,
    }
    summer_2021 = SearchFilter(taken_from=datetime(2021, 6, 1), taken_to=datetime(2021, 7, 1))
    trip = SearchFilter(albums=frozenset({albums["Trip"].id}))
    assert len(answers(varied, None)) == 5
    assert answers(varied, summer_2021) == ["1.jpg", "2.jpg"]
    assert answers(varied, SearchFilter(taken_from=datetime(2022, 1, 1))) == ["3.png", "4.webp"]
    assert answers(varied, SearchFilter(taken_to=datetime(2020, 6, 15, 12))) == []
    assert answers(varied, trip) == ["2.jpg", "4.webp"]
    assert answers(varied, SearchFilter(kinds=frozenset({"photo"}))) == ["0.jpg", "1.jpg", "2.jpg"]
    assert answers(varied, SearchFilter(kinds=frozenset({"screenshot", "picture"}))) == ["3.png", "4.webp"]
    assert answers(varied, SearchFilter(formats=frozenset({"webp"}))) == ["4.webp"]
    assert answers(varied, SearchFilter(sources=frozenset({"phone:1"}))) == []
    photo = varied.photos([hit.photo_id for hit in varied.search(MODEL, vector_of(1), 1)])[0]
    assert photo.taken_at == datetime(2021, 6, 15, 12)


def test_missing_photos_are_found_only_when_asked_for(varied):
    [folder] = varied.folders()
    (folder.path / "Trip" / "4.webp").unlink()
    index(varied, folder.path)
    assert "4.webp" not in answers(varied, None)
    assert "4.webp" in answers(varied, SearchFilter(include_missing=True))
    webp = frozenset({"webp"})
    assert answers(varied, SearchFilter(formats=webp)) == []
    assert answers(varied, SearchFilter(formats=webp, include_missing=True)) == ["4.webp"]
