"""The demo's gallery: photographs that come inside scikit-image and scikit-learn, so that nothing is
downloaded.
"""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

from sketch_app.errors import SketchAppError

PHOTOS = {
    "skimage": (
        "data",
        (
            "astronaut.png", "brick.png", "camera.png", "cell.png", "chelsea.png", "chessboard_RGB.png",
            "clock_motion.png", "coffee.png", "coins.png", "grass.png", "gravel.png", "horse.png",
            "hubble_deep_field.jpg", "ihc.png", "logo.png", "microaneurysms.png", "moon.png",
            "motorcycle_left.png", "motorcycle_right.png", "page.png", "retina.jpg", "rocket.jpg", "text.png",
        ),
    ),
    "sklearn": ("datasets/images", ("china.jpg", "flower.jpg")),
}  # fmt: skip
"""Package -> its folder and files: 25 pictures of 24 subjects."""


def make_demo_photos(folder: Path) -> Path:
    """Copy the photographs into a folder; ones already there stay.

    Raises
    ------
    SketchAppError
        A photograph is missing from its package, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SketchAppError(
            f"The demo's photographs have no place: {folder} cannot be made ({error.strerror})."
        ) from error
    for package, (inside, names) in PHOTOS.items():
        root = Path(str(resources.files(package))) / inside
        for name in names:
            target = folder / name
            if target.exists():
                continue
            part = target.with_suffix(target.suffix + ".part")
            try:
                shutil.copyfile(root / name, part)
                part.replace(target)
            except OSError as error:
                raise SketchAppError(
                    f"The demo's photo {name} could not be copied to {folder} ({error.strerror}): "
                    f"install {package} again, or free some disk space."
                ) from error
    return folder
