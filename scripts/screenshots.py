"""Takes a picture of every state of the window: both themes, both languages, at 1x and 2x, without a display.

``python scripts/screenshots.py FOLDER`` writes below a folder; ``--theme``, ``--language``, ``--scale`` and
``--state`` narrow it. ``--chief`` takes the few pictures of the documentation anew, in ``docs/screenshots``.
The window, the workspace and the search are the real ones, on a gallery of the photographs in the wheels of
scikit-image and scikit-learn. Korean needs a font with Korean letters (on Debian: fonts-noto-cjk or
fonts-nanum).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from sketch_app.sketch import Sketch
    from sketch_app.workspace import Workspace
    from ui.main_window import MainWindow

THEMES, LANGUAGES, SCALES = ("light", "dark"), ("en", "ko"), (1, 2)
SIZE = (1280, 800)
DOCUMENTATION = ROOT / "docs" / "screenshots"
CHIEF = {
    ("light", "en"): ("drawing", "no-gallery", "indexing", "phone"),
    ("dark", "ko"): ("drawing", "phone"),
}
"""States of the documentation's pictures, by theme and language; at 1x."""


def cat() -> list[np.ndarray]:
    """Strokes of a cat's face, (n, 2) each, in canvas pixels."""
    angle = np.linspace(-0.5 * np.pi, 1.5 * np.pi, 60)
    head = np.stack([320 + 110 * np.cos(angle), 260 + 95 * np.sin(angle)], axis=1)
    left_ear = np.array([[235, 200], [225, 110], [290, 168]])
    right_ear = np.array([[350, 168], [415, 110], [405, 200]])
    eyes = [
        np.stack([x + 9 * np.cos(angle), 235 + 12 * np.sin(angle)], axis=1)  # one each side
        for x in (280, 360)
    ]
    mouth = np.array([[295, 300], [308, 310], [320, 298], [332, 310], [345, 300]])
    whiskers = [
        np.array([[320 + side * 45, 285 + dy], [320 + side * 150, 275 + 2.2 * dy]])
        for side in (-1, 1)
        for dy in (-8, 6)
    ]
    return [head, left_ear, right_ear, *eyes, mouth, *whiskers]


def sketch_of(strokes: list[np.ndarray]) -> Sketch:
    """Black strokes as a sketch."""
    from sketch_app.sketch import Pen, Sketch, Stroke

    made = []
    for stroke in strokes:
        count = max(2, int(np.abs(np.diff(stroke, axis=0)).sum() / 6))
        along = np.linspace(0, len(stroke) - 1, count)
        points = np.stack([np.interp(along, np.arange(len(stroke)), stroke[:, axis]) for axis in (0, 1)], 1)
        times = np.linspace(0, count / 60, count, dtype=np.float32)
        made.append(Stroke(points.astype(np.float32), times, Pen.BLACK, 6.0))
    return Sketch(tuple(made))


def copy_photographs(folder: Path) -> None:
    """The wheels' photographs in albums, and files that cannot be read."""
    import skimage.data
    import sklearn.datasets

    albums = {
        "Travel": ("hubble_deep_field.jpg", "rocket.jpg", "moon.png", "gravel.png", "grass.png"),
        "At home": ("chelsea.png", "coffee.png", "clock_motion.png", "motorcycle_left.png", "horse.png"),
        "Work": (
            "astronaut.png",
            "camera.png",
            "coins.png",
            "page.png",
            "brick.png",
            "text.png",
            "retina.jpg",
        ),
    }
    for album, names in albums.items():
        (folder / album).mkdir(parents=True)
        for name in names:
            source = Path(skimage.data.__file__).parent / name
            if source.exists():
                shutil.copy(source, folder / album / name)
    pictures = Path(sklearn.datasets.__file__).parent / "images"
    for name in ("china.jpg", "flower.jpg"):
        shutil.copy(pictures / name, folder / "Travel" / name)
    whole = (folder / "Travel" / "china.jpg").read_bytes()
    (folder / "Travel" / "IMG_2041.jpg").write_bytes(whole[:20000])
    (folder / "Travel" / "IMG_2042.jpg").write_bytes(whole[:30000])
    (folder / "Work" / "scan.png").write_bytes(b"")
    (folder / "Work" / "letter.jpg").write_text("Dear reader")
    for number, path in enumerate(sorted(folder.rglob("*.*"))):
        day = time.mktime((2019 + number % 7, 1 + number % 12, 3 + number, 12, 0, 0, 0, 0, -1))
        os.utime(path, (day, day))


@dataclass
class Studio:
    """Makes windows and takes their pictures."""

    home: Path
    target: Path
    theme: str
    language: str
    scale: int
    chief: bool = False
    windows: int = 0
    taken: list[Path] = field(default_factory=list)

    @contextmanager
    def window(
        self, *, empty: bool = False, source: object | None = None, full: bool = False
    ) -> Iterator[MainWindow]:
        """A started window on the small gallery (or an empty one); closed at the end. With `full`, the tiny
        stand-ins of the full models are in use: their captions and pictures mean nothing.
        """
        from ui.main_window import MainWindow

        workspace = self._workspace(empty, full)
        window = MainWindow(workspace, source=source)
        window.resize(*SIZE)
        window.show()
        self.until(lambda: window._was_painted)
        window.start()
        self.until(lambda: window.photos.photo_count is not None)
        try:
            yield window
        finally:
            window.close()
            window.deleteLater()
            workspace.close()

    def _workspace(self, empty: bool, full: bool = False) -> Workspace:
        from sketch_app.paths import AppPaths
        from sketch_app.workspace import Workspace

        self.windows += 1
        place = self.home / f"window-{self.windows}"
        paths = AppPaths(place / "config", place / "data", place / "logs", place / "pictures")
        if full:
            from tests.support.tiny_full_set import install_tiny_full_set, write_tiny_full_set

            install_tiny_full_set(write_tiny_full_set(place / "carried"), paths.models)
        set_now = {"models": "full", "device": "cpu"} if full else None
        workspace = Workspace(paths, gallery=(place if empty else self.home) / "gallery", for_now=set_now)
        workspace.update_settings(theme=self.theme, language=self.language, camera_on=False)
        return workspace

    def draw(self, window: MainWindow, strokes: list[np.ndarray] | None = None) -> None:
        """Put a drawing onto the canvas and wait for its photos."""
        window.document.replace(sketch_of(strokes or cat()))
        self.until(lambda: not window.search.waiting and window.results.grid.model().rowCount() > 0, 60)

    def shoot(self, name: str, window: QWidget, dialog: QWidget | None = None) -> None:
        """Write the picture of a window, with a dialog in front of it."""
        from PySide6.QtCore import QPoint, Qt
        from PySide6.QtGui import QColor, QPainter

        self.rest()
        results = getattr(window, "results", None)
        if results is not None and results._thumbnails.is_busy:
            self.until(lambda: not results._thumbnails.is_busy)
            self.rest()
        picture = window.grab()
        if dialog is not None:
            front = dialog.grab()
            place = QPoint((window.width() - dialog.width()) // 2, (window.height() - dialog.height()) // 2)
            painter = QPainter(picture)
            painter.fillRect(window.rect(), QColor(0, 0, 0, 90))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawPixmap(place, front)
            painter.end()
        if self.chief:
            path = self.target / f"{name}-{self.theme}-{self.language}.png"
        else:
            path = self.target / f"{self.theme}-{self.language}-{self.scale}x" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not picture.save(str(path)):
            raise SystemExit(f"{path} could not be written.")
        if self.chief:
            make_small(path)
        self.taken.append(path)

    def until(self, condition: Callable[[], bool], seconds: float = 30.0) -> None:
        """Let the window work until something holds."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise SystemExit(f"Waited {seconds:g} s in vain for a picture's state.")
            run_events(0.02)

    def rest(self) -> None:
        """Let animations and thumbnails come to rest."""
        run_events(0.7)


def run_events(seconds: float) -> None:
    """Let Qt work for a while. Not with QTest.qWait: it keeps Python's lock, and a thread that imports a
    library beside it then waits at every file, most of a minute in all.
    """
    from PySide6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def make_small(path: Path) -> None:
    """Write a picture of the documentation again in fewer bytes, not a pixel changed."""
    from PIL import Image

    with Image.open(path) as picture:
        opaque = picture.convert("RGB")
    opaque.save(path, optimize=True)


def shoot_empty(studio: Studio) -> None:
    with studio.window() as window:
        studio.shoot("empty", window)
        window.side.show_gallery()
        studio.shoot("gallery", window)
        window.gallery.show_skipped()
        from ui.skipped_dialog import SkippedDialog

        studio.shoot("skipped", window, window.findChild(SkippedDialog))


def shoot_results(studio: Studio) -> None:
    with studio.window() as window:
        studio.draw(window)
        window.search.search()  # again: the first time has loaded the models
        studio.until(lambda: not window.search.waiting, 60)
        studio.shoot("results", window)
        window.gallery._filters._kind.setCurrentIndex(2)
        studio.until(lambda: window.results.empty.isVisible() and not window.search.waiting)
        studio.shoot("no-match", window)


def shoot_no_gallery(studio: Studio) -> None:
    with studio.window(empty=True) as window:
        studio.shoot("no-gallery", window)


def shoot_indexing(studio: Studio) -> None:
    from index.records import IndexProgress

    with studio.window() as window:
        window.photos._show_progress(
            IndexProgress("reading", 1284, 5310, 1270, 6, 74.0, 230.0, "IMG_20240817_181502.jpg")
        )
        window.side.show_gallery()
        studio.shoot("indexing", window)
        window.photos._show_progress(None)


def shoot_settings(studio: Studio) -> None:
    from ui.settings_dialog import SettingsDialog

    with studio.window() as window:
        window.actions_.settings.trigger()
        dialog = window.findChild(SettingsDialog)
        studio.until(dialog._camera.isEnabled)
        studio.shoot("settings", window, dialog)
        dialog.close()


def shoot_drawing(studio: Studio) -> None:
    """The virtual hand adds the last whisker in front of the camera, and lifts the pen."""
    from device.frames import IterableSource
    from device.gestures import Gesture
    from device.virtual_hand import Performance, VirtualHand
    from sketch_app.air_drawing import default_layout

    *there, last = cat()
    x, y, width, height = default_layout((640, 480), (640, 480)).canvas_rect
    path = last * (width / 640, height / 480) + (x, y)
    performance = Performance(VirtualHand()).enter().draw_strokes([path], speed=9).hold(Gesture.FIST, 300)
    # Slower than a camera, so that a busy computer's tracking sees most of the pictures.
    source = IterableSource(performance.images(), fps=6)
    with studio.window(source=source) as window:
        studio.draw(window, there)
        studio.until(lambda: len(window.document.sketch.strokes) > len(there), 180)
        window.search.search()  # again: models have been loaded meanwhile
        studio.until(lambda: not window.search.waiting, 60)
        studio.shoot("drawing", window)


def shoot_camera_lost(studio: Studio) -> None:
    """A camera that is not there, tried again and again."""
    from device.frames import WebcamSource
    from ui.live_bridge import CameraState

    with studio.window(source=WebcamSource(99)) as window:
        studio.until(lambda: window.air.bridge.state is CameraState.LOST, 60)
        studio.shoot("camera-lost", window)


def shoot_crash(studio: Studio) -> None:
    import logging

    from ui.crash import CrashReporter

    logging.getLogger("sketch_app.crash").setLevel(logging.CRITICAL + 1)
    with studio.window() as window:
        studio.draw(window)
        reporter = CrashReporter(Path("/home/you/.local/state/sketch_app/log/sketch_app.log"), window)
        try:
            raise ValueError("a stroke without points")
        except ValueError as error:
            reporter._post(type(error), error, error.__traceback__)
        studio.until(lambda: reporter.dialog is not None)
        studio.shoot("crash", window, reporter.dialog)
        reporter.dialog.close()


def shoot_recovery(studio: Studio) -> None:
    """A session that died leaves its sketch to the next one."""
    place = studio.home / f"window-{studio.windows + 1}" / "data" / "autosave"
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[1]); sys.path.insert(0, sys.argv[1] + '/scripts')\n"
        "from pathlib import Path; from screenshots import cat, sketch_of\n"
        "from sketch_app.autosave import Autosave; from sketch_app.document import SketchDocument\n"
        "document = SketchDocument(); saving = Autosave(document, Path(sys.argv[2]))\n"
        "document.replace(sketch_of(cat())); saving.tick(1e9); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", code, str(ROOT), str(place)], check=False)
    with studio.window() as window:
        if window.document.sketch.is_empty:
            raise SystemExit("The sketch of the session that died was not offered.")
        studio.shoot("recovery", window)  # at once: the sentence goes away by itself


def shoot_read_only(studio: Studio) -> None:
    """Another program writes to the gallery while a folder is scanned again."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path; from index.gallery import Gallery\n"
        "with Gallery.open(Path(sys.argv[2]), write=True): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(ROOT), str(studio.home / "gallery")]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other,
        studio.window() as window,
    ):
        assert other.stdout is not None
        other.stdout.readline()
        window.side.show_gallery()
        window.photos.read_folder(None)
        studio.until(lambda: bool(window.gallery._problem), 60)
        studio.shoot("read-only", window)
        other.communicate()


def shoot_imagined(studio: Studio) -> None:
    """The deep lane, with words that a person typed; the ranking's weights; yes and no to photos."""
    with studio.window(full=True) as window:
        studio.draw(window)
        window.search.search_as("cat")
        studio.until(lambda: not window.search.waiting, 60)
        studio.shoot("imagined", window)
        window.names.edit()
        studio.shoot("typing", window)
        window.search.search_as("")
        ids = [result.photo_id for result in window.results.grid.model().results[:3]]
        window.search.like(ids[1])
        window.search.dislike(ids[2])
        studio.until(lambda: not window.search.waiting, 60)
        studio.shoot("feedback", window)
        popover = window.answers.show_ranking()
        studio.shoot("ranking", window, popover)
        popover.close()


def shoot_models(studio: Studio) -> None:
    """Nothing of the full set is here; then the terms before it is fetched."""
    from ui.licence_dialog import LicenceDialog
    from ui.models_dialog import ModelsDialog

    with studio.window() as window:
        window.actions_.models.trigger()
        dialog = window.findChild(ModelsDialog)
        studio.rest()
        studio.shoot("models", window, dialog)
        store = window._workspace.store
        terms = LicenceDialog(store.select(["full"]), window)
        terms.show()
        studio.shoot("terms", window, terms)
        terms.close()
        dialog.close()


def shoot_phone(studio: Studio) -> None:
    """The third tab; its phones are made by hand."""
    from phone_states import phone_states

    with studio.window() as window:
        window.phones._asked = True  # looks at no phone of this computer
        window.side.show_phone()
        states = phone_states()
        if studio.chief:
            studio.draw(window)
            name = "phone-syncing" if studio.theme == "light" else "phone-done"
            states = {name: states[name]}
        for name, state in states.items():
            window.phone_panel.show_state(state)
            studio.shoot(name, window)


STATES: dict[str, Callable[[Studio], None]] = {
    "empty": shoot_empty,
    "results": shoot_results,
    "no-gallery": shoot_no_gallery,
    "indexing": shoot_indexing,
    "settings": shoot_settings,
    "imagined": shoot_imagined,
    "models": shoot_models,
    "phone": shoot_phone,
    "drawing": shoot_drawing,
    "camera-lost": shoot_camera_lost,
    "crash": shoot_crash,
    "recovery": shoot_recovery,
    "read-only": shoot_read_only,
}


def shoot_all(options: argparse.Namespace, scale: int) -> None:
    """Every chosen picture of one scale: a process knows one only."""
    from PySide6.QtWidgets import QApplication

    from ui.languages import apply_language
    from ui.theme import apply_theme

    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    apply_theme(app, "light")
    for theme in options.theme or THEMES:
        for language in options.language or LANGUAGES:
            apply_theme(app, theme)
            apply_language(app, language)
            studio = Studio(Path(options.home), Path(options.folder), theme, language, scale, options.chief)
            studio.windows = time.monotonic_ns()  # each window has a home of its own
            states = CHIEF.get((theme, language), ()) if options.chief else options.state or STATES
            for state in states:
                STATES[state](studio)
            print(f"{theme} {language} {scale}x: {len(studio.taken)} pictures")


def index_photographs(home: Path) -> None:
    """Fill the gallery that all windows share."""
    from sketch_app.paths import AppPaths
    from sketch_app.workspace import Workspace

    copy_photographs(home / "Photos")
    paths = AppPaths(home / "config", home / "data", home / "logs", home / "pictures")
    workspace = Workspace(paths, gallery=home / "gallery")
    try:
        workspace.index_folder(home / "Photos")
    finally:
        workspace.close()


def main() -> int:
    """One child process a scale: Qt reads it once, at the start."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--chief", action="store_true", help="the documentation's pictures only")
    parser.add_argument("--theme", action="append", choices=THEMES)
    parser.add_argument("--language", action="append", choices=LANGUAGES)
    parser.add_argument("--scale", action="append", type=int, choices=SCALES)
    parser.add_argument("--state", action="append", choices=tuple(STATES))
    parser.add_argument("--home", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.chief:
        options.folder, options.scale = str(DOCUMENTATION), [1]
    if options.folder is None:
        parser.error("say the folder to write below, or --chief")
    if options.home:
        shoot_all(options, options.scale[0])
        return 0
    with tempfile.TemporaryDirectory(prefix="sketch_app-") as home:
        index_photographs(Path(home))
        for scale in options.scale or SCALES:
            environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": str(scale)}
            command = [sys.executable, __file__, options.folder, "--home", home, "--scale", str(scale)]
            command += ["--chief"] * options.chief
            for name in ("theme", "language", "state"):
                for value in getattr(options, name) or ():
                    command += [f"--{name}", value]
            status = subprocess.run(command, env=environment, check=False).returncode
            if status:
                return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
