"""MediaStore's rows, through the phone's own shell and from output that was made to mislead."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from device.phone.media import read_media, read_rows
from device.phone.transport import Transport
from tests.support.phone.rig import Phone

CAMERA = "/storage/emulated/0/DCIM/Camera"


def printed(rows: list[tuple[int, bytes]]) -> tuple[bytes, bytes]:
    """What ``content query`` prints for rows of an id and a path, as carelessly as it does."""
    numbers = b"".join(b"Row: %d _id=%d, _size=%d\n" % (n, i, i * 10) for n, (i, _) in enumerate(rows))
    texts = b"".join(b"Row: %d _id=%d, _data=%s\n" % (n, i, path) for n, (i, path) in enumerate(rows))
    return numbers, texts


def row(number: int, path: str | bytes, **more: object) -> dict[str, object]:
    return {"_id": number, "media_type": 1, "_size": 5, "date_modified": 1_700_000_000, "_data": path, **more}


def test_what_the_phone_knows_of_its_photos_is_read(phone: Phone, transport: Transport) -> None:
    phone.set_media([
        row(7, f"{CAMERA}/a.jpg", datetaken=1_699_999_999_500, orientation=90, is_favorite=1, is_pending=0),
        row(8, f"{CAMERA}/b, _data=c.mp4", media_type=3, is_trashed=1, is_favorite=0),
        row(9, f"{CAMERA}/사진 'x'.heic", _size=None),
        row(10, f"{CAMERA}/song.mp3", media_type=2),
    ])  # fmt: skip
    rows = read_media(transport)
    assert rows is not None
    first, second, third = rows
    assert (first.path, first.id, first.size) == (f"{CAMERA}/a.jpg".encode(), 7, 5)
    assert (first.mtime, first.taken_ms, first.orientation) == (1_700_000_000, 1_699_999_999_500, 90)
    assert (first.favourite, first.is_trashed, first.is_pending, first.is_video) == (
        True,
        False,
        False,
        False,
    )
    assert (second.path, second.is_video, second.is_trashed) == (
        f"{CAMERA}/b, _data=c.mp4".encode(),
        True,
        True,
    )
    assert (third.path, third.size, third.taken_ms) == (f"{CAMERA}/사진 'x'.heic".encode(), 0, None)


def test_a_phone_with_no_photos_answers_with_none_of_them(phone: Phone, transport: Transport) -> None:
    phone.set_media([])
    assert read_media(transport) == ()


def test_a_phone_too_old_for_favourites_answers_without(phone: Phone, transport: Transport) -> None:
    phone.set_media([row(1, f"{CAMERA}/a.jpg", datetaken=5, orientation=0)])
    rows = phone.data / "media.rows"
    lines = rows.read_text().splitlines()
    kept = [place for place, name in enumerate(lines[0].split("\t")) if not name.startswith("is_")]
    rows.write_text("".join("\t".join(line.split("\t")[k] for k in kept) + "\n" for line in lines))
    (found,) = read_media(transport) or ()
    assert (found.id, found.taken_ms, found.favourite) == (1, 5, False)


def test_a_phone_that_does_not_answer_gives_nothing(phone: Phone, transport: Transport) -> None:
    broken = phone.data / "media.broken"
    broken.write_text("Error while accessing provider:media\njava.lang.SecurityException: no\n")
    try:
        assert read_media(transport) is None
    finally:
        broken.unlink()


def test_a_name_with_a_line_end_never_makes_or_changes_a_row(phone: Phone, transport: Transport) -> None:
    phone.set_media([
        row(1, f"{CAMERA}/a.jpg"),
        row(2, f"{CAMERA}/x\nRow: 2 _id=3, _data={CAMERA}/forged.jpg"),
        row(3, f"{CAMERA}/b.jpg"),
        row(4, f"{CAMERA}/c.jpg"),
        row(5, f"{CAMERA}/y\nRow: 5 _id=6, _data={CAMERA}/invented.jpg"),
    ])  # fmt: skip
    rows = read_media(transport) or ()
    # 2 and 5 lie, 3 is doubted; nothing is forged, and the others stand
    assert {found.id: found.path for found in rows} == {
        1: f"{CAMERA}/a.jpg".encode(),
        4: f"{CAMERA}/c.jpg".encode(),
    }


def test_rows_that_are_no_rows_are_refused() -> None:
    for path in (b"relative.jpg", b"", b"NULL", b"/a/../b", b"/a//b", b"/a\0b", b"/a/."):
        assert read_rows(*printed([(1, path)])) == ()
    assert read_rows(b"", b"Row: 0 _id=1, _data=/a\n") == ()
    assert read_rows(b"Row: 0 _id=1, _size=x\n", b"Row: 0 _id=1, _data=/a\n") == ()


_plain = st.sampled_from(
    [b"a", b"b", b", ", b"_size=7", b"'", b'"', b"=", b" ", "가".encode(), b"\xff", b"\r"]
)
_forged = st.builds(
    lambda n, i, path: b"\nRow: %d _id=%d, _data=/%s" % (n, i, path),
    st.integers(0, 12), st.integers(0, 12), st.sampled_from([b"a", b"b", b"victim"]),
)  # fmt: skip
_name = st.lists(
    st.one_of(_plain, _forged, st.just(b"\n"), st.just(b"\nRow: 1 _id=1")), min_size=1, max_size=6
)


@given(st.lists(_name.map(b"".join), max_size=10))
def test_hostile_names_hide_rows_and_never_make_or_change_one(names: list[bytes]) -> None:
    truth = [(number, b"/" + name) for number, name in enumerate(names)]
    read = read_rows(*printed(truth))
    assert {(found.id, found.path, found.size) for found in read} <= {(n, path, n * 10) for n, path in truth}


@given(st.lists(st.lists(_plain, min_size=1, max_size=6).map(b"".join), max_size=10))
def test_names_on_one_line_are_all_read(names: list[bytes]) -> None:
    truth = [(number, b"/" + name) for number, name in enumerate(names)]
    assert [(found.id, found.path) for found in read_rows(*printed(truth))] == truth


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_no_output_is_too_odd_to_be_read(numbers: bytes, texts: bytes) -> None:
    for found in read_rows(numbers, texts):
        assert found.path.startswith(b"/")
