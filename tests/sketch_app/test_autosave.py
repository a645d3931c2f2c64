import os
import subprocess
import sys
from pathlib import Path

import pytest

from sketch_app.autosave import Autosave
from sketch_app.document import SketchDocument
from sketch_app.sketch import Sketch
from sketch_app.sketch_files import load_json
from tests.sketch_app.sketches import house, line
from tests.support.waiting import WAIT_S

# A session in a process of its own: draws a line, saves by itself, says so, and waits to be ended.
SESSION = """
import os, sys
from pathlib import Path
from sketch_app.autosave import Autosave
from sketch_app.document import SketchDocument
from sketch_app.sketch import Sketch, Stroke

document = SketchDocument()
autosave = Autosave(document, Path(sys.argv[1]))
y = float(sys.argv[2])
document.replace(Sketch((Stroke([(10, y), (90, y)], [0, 1]),)))
assert autosave.tick(0.0)
print("saved", flush=True)
if sys.stdin.readline().strip() == "clean":
    autosave.discard()
os._exit(0)  # nothing else gets to tidy up
"""
ROOT = Path(__file__).parents[2]


class Session:
    def __init__(self, directory, y=50):
        self.process = subprocess.Popen(
            [sys.executable, "-c", SESSION, str(directory), str(y)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == "saved\n"

    def end(self, how):
        if how == "crash":
            self.process.kill()
        self.process.communicate(None if how == "crash" else "clean\n", timeout=WAIT_S)


@pytest.fixture
def session(tmp_path):
    started = []

    def start(y=50):
        started.append(Session(tmp_path, y))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.end("crash")


def saved(directory):
    return sorted(directory.glob("*.sketch.json"))


def test_it_saves_what_is_new_and_no_oftener_than_asked(tmp_path):
    document = SketchDocument()
    autosave = Autosave(document, tmp_path / "new" / "folder", interval=3)
    assert autosave.tick(0) is False  # nothing drawn
    document.replace(house())
    assert autosave.tick(0.1)
    (path,) = saved(tmp_path / "new" / "folder")
    assert load_json(path).strokes[0] == house().strokes[0]
    assert autosave.tick(10) is False  # nothing new
    document.replace(Sketch((line(),)))
    assert autosave.tick(10)
    document.replace(house())
    assert autosave.tick(12.9) is False
    assert autosave.tick(13)
    assert saved(tmp_path / "new" / "folder") == [path]


def test_an_emptied_canvas_has_nothing_to_recover(tmp_path):
    document = SketchDocument()
    autosave = Autosave(document, tmp_path)
    document.replace(house())
    autosave.tick(0)
    document.clear()
    assert autosave.tick(5)
    assert saved(tmp_path) == []


def test_a_clean_end_leaves_nothing(tmp_path):
    document = SketchDocument()
    autosave = Autosave(document, tmp_path)
    document.replace(house())
    autosave.tick(0)
    autosave.discard()
    document.replace(Sketch((line(),)))
    assert autosave.tick(99) is False  # the timer has not stopped yet
    assert list(tmp_path.iterdir()) == []
    assert Autosave(SketchDocument(), tmp_path).recover() is None


def test_only_a_crashed_session_is_recovered(tmp_path, session):
    running, crashed, ended = session(10), session(20), session(30)
    crashed.end("crash")
    ended.end("clean")
    autosave = Autosave(SketchDocument(), tmp_path)
    assert autosave.recover().strokes[0].points[0].tolist() == [10, 20]
    autosave.discard_recovered()
    assert autosave.recover() is None
    running.end("crash")
    assert autosave.recover().strokes[0].points[0].tolist() == [10, 10]


def test_what_was_recovered_is_never_written_over(tmp_path, session):
    session(20).end("crash")
    (left,) = saved(tmp_path)
    before = left.read_bytes()
    document = SketchDocument()
    autosave = Autosave(document, tmp_path)
    assert autosave.recover() is not None
    document.replace(house())
    assert autosave.tick(0)
    document.clear()
    assert autosave.tick(5)
    autosave.discard()  # neither accepted nor discarded: offered again
    assert left.read_bytes() == before
    assert Autosave(SketchDocument(), tmp_path).recover() is not None


def test_a_recovered_sketch_is_offered_to_one_session_only(tmp_path, session):
    session(20).end("crash")
    first, second = Autosave(SketchDocument(), tmp_path), Autosave(SketchDocument(), tmp_path)
    assert first.recover() is not None
    assert second.recover() is None
    assert first.recover() is not None


def test_accepting_puts_it_on_the_canvas_and_keeps_it_safe(tmp_path, session):
    session(20).end("crash")
    document = SketchDocument()
    autosave = Autosave(document, tmp_path)
    recovered = autosave.recover()
    autosave.accept_recovered()
    assert document.sketch is recovered
    (path,) = saved(tmp_path)  # the old file went, one of this session's own is there
    assert load_json(path) == recovered
    assert autosave.recover() is None
    document.undo()
    assert document.sketch.is_empty
    autosave.discard()
    assert list(tmp_path.iterdir()) == []


def test_of_two_crashed_sessions_the_newest_is_offered_first(tmp_path, session):
    session(10).end("crash")
    (old,) = saved(tmp_path)
    session(20).end("crash")
    os.utime(old, (1, 1))
    autosave = Autosave(SketchDocument(), tmp_path)
    assert autosave.recover().strokes[0].points[0, 1] == 20
    autosave.discard_recovered()
    assert autosave.recover().strokes[0].points[0, 1] == 10


def test_a_damaged_left_over_is_passed_by(tmp_path):
    (tmp_path / "session-1.sketch.json").write_bytes(b"{")
    assert Autosave(SketchDocument(), tmp_path).recover() is None
    assert Autosave(SketchDocument(), tmp_path / "missing").recover() is None


def test_a_folder_that_cannot_be_written_is_a_sentence_and_is_tried_again(tmp_path):
    in_the_way = tmp_path / "autosave"
    in_the_way.write_bytes(b"a file")
    document = SketchDocument()
    autosave = Autosave(document, in_the_way, interval=3)
    document.replace(house())
    assert autosave.tick(0) is False
    assert "autosave" in autosave.problem
    in_the_way.unlink()
    assert autosave.tick(1) is False
    assert autosave.tick(3)
    assert autosave.problem is None


def test_the_lock_of_a_crash_with_nothing_drawn_is_swept_away(tmp_path):
    old, young = tmp_path / "session-1.lock", tmp_path / "session-2.lock"
    for lock in (old, young):
        lock.touch()
    os.utime(old, (1, 1))
    Autosave(SketchDocument(), tmp_path).recover()
    assert not old.exists()
    assert young.exists()
