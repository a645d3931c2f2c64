"""Makes sketches for training from line icons: named drawings of the same things by many hands.

``npm pack @iconify/json``, unpack it, then ``python scripts/icon_sketches.py package OUT --like DATA`` writes
a folder in the layout of `models.training.dataset` (``index.csv``, ``sketches/icons/<class>/*.png``), to be
given to ``sketch-app train encoder --data DATA --also OUT``. Only icon sets under terms that allow reuse
without a share-alike or non-commercial clause are read; the terms of each are in ``LICENSES.txt`` beside
the index.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.dataset import SketchPhotoData

SIDE = 256
PER_CLASS = 120
"""A class with thousands of icons (house, clock) teaches no more than one with a hundred."""
FREE = {
    *("MIT", "Apache-2.0", "CC-BY-4.0", "CC-BY-3.0", "CC0-1.0"),
    *("ISC", "OFL-1.1", "Unlicense", "BSD-3-Clause"),
}
STYLES = {
    *("outline", "outlined", "line", "linear", "fill", "filled", "solid", "bold", "duotone", "broken"),
    *("rounded", "round", "sharp", "thin", "light", "regular", "twotone", "two", "tone", "stroke", "alt"),
    *("bulk", "variant", "new", "emoji", "mdi", "small", "big", "large", "simple", "animal", "black"),
    *("white", "color", "side", "back", "full", "body"),
}
"""Words of an icon's name that tell of its style and not of the thing."""
WORDS: dict[str, str] = {
    "airplane": "airplane plane aeroplane small-airplane airliner jet jet-plane commercial-airplane",
    "alarm_clock": "alarm-clock alarm clock-alarm",
    "armor": "armor breastplate chest-armor body-armor armour chest-plate plate-armor leather-armor",
    "axe": "axe hatchet battle-axe wood-axe fire-axe",
    "bear": "bear polar-bear bear-body grizzly",
    "bee": "bee honeybee bumblebee bumble-bee",
    "beetle": "beetle lady-beetle ladybug ladybird scarab-beetle ladybeetle",
    "bench": "bench park-bench bench-park bench-tree",
    "bicycle": "bicycle bike city-bike mountain-bike road-bike",
    "blimp": "blimp zeppelin airship dirigible",
    "bread": "bread loaf bread-loaf loaf-of-bread toast",
    "camel": "camel dromedary two-hump-camel bactrian-camel",
    "cannon": "cannon old-cannon field-gun",
    "car": "car automobile car-side sedan sports-car oncoming-automobile",
    "castle": "castle european-castle",
    "chair": "chair wooden-chair dining-chair armchair chair-school seat",
    "chicken": "chicken hen rooster chick",
    "church": "church place-of-worship chapel",
    "couch": "couch sofa couch-and-lamp",
    "crocodile": "crocodile alligator croc",
    "cup": "cup mug teacup coffee-cup tea-cup",
    "deer": "deer stag reindeer deer-head",
    "dog": "dog dog-side guide-dog sitting-dog labrador-head poodle",
    "duck": "duck mallard rubber-duck",
    "eyeglasses": "eyeglasses glasses spectacles sunglasses reading-glasses",
    "fan": "fan electric-fan table-fan",
    "fish": "fish tropical-fish fish-fins clownfish",
    "flower": "flower tulip rose daisy blossom hibiscus flower-tulip flower-pot sunflower",
    "geyser": "geyser",
    "guitar": "guitar guitar-acoustic acoustic-guitar guitar-electric electric-guitar",
    "gun": "gun pistol revolver handgun pistol-gun",
    "hamburger": "hamburger burger cheeseburger",
    "hat": "hat cowboy-hat top-hat bowler-hat hat-fedora fedora sun-hat womans-hat",
    "hermit_crab": "hermit-crab",
    "horse": "horse horse-variant horse-head",
    "hot_air_balloon": "hot-air-balloon air-balloon airballoon",
    "hot_dog": "hot-dog hotdog",
    "hourglass": "hourglass",
    "house": "house home cottage",
    "jack_o_lantern": "jack-o-lantern pumpkin halloween-pumpkin pumpkin-lantern",
    "knife": "knife kitchen-knife chef-knife cleaver",
    "lizard": "lizard gecko iguana salamander",
    "monkey": "monkey gorilla orangutan chimpanzee",
    "motorbike": "motorbike motorcycle moped",
    "mouse": "mouse rat mouse-animal computer-mouse",
    "parrot": "parrot macaw",
    "person": "person-standing standing-person man-standing woman-standing",
    "piano": "piano grand-piano",
    "pickup_truck": "pickup-truck pickup truck-pickup car-pickup",
    "pig": "pig boar",
    "rabbit": "rabbit bunny hare",
    "racket": "racket tennis-racket tennis-racquet badminton-racket racquet",
    "ray": "manta-ray stingray ray-fish manta",
    "rifle": "rifle winchester-rifle ak47 sniper-rifle musket lee-enfield mp5 shotgun thompson-gun famas "
    "m3-grease-gun sawed-off-shotgun steyr-aug mac-10 blunderbuss",
    "rocket": "rocket rocket-launch spaceship rocket-flight",
    "sailboat": "sailboat sail-boat sailing-boat sailing",
    "sea_turtle": "sea-turtle",
    "seal": "sea-lion seal-animal harp-seal",
    "shark": "shark shark-fin hammerhead-shark",
    "sheep": "sheep ram ewe lamb",
    "shoe": "shoe running-shoe mans-shoe sneaker shoe-sneaker sneakers",
    "starfish": "starfish sea-star",
    "swan": "swan goose",
    "table": "table-furniture dining-table wooden-table desk table-picnic coffee-table",
    "tank": "tank battle-tank military-tank",
    "teapot": "teapot kettle",
    "teddy_bear": "teddy-bear teddy bear-toy",
    "turtle": "turtle tortoise",
    "wading_bird": "heron stork crane-bird egret crane-animal",
    "wine_bottle": "wine-bottle bottle-wine bottle-of-wine",
    "television": "television tv",
    "telephone": "telephone phone-classic rotary-phone",
    "calendar": "calendar",
    "light_bulb": "light-bulb lightbulb",
    "t_shirt": "t-shirt tshirt",
    "cell_phone": "cell-phone mobile-phone smartphone",
}
"""Names under which icon sets hold a class, where its own name is not enough or means something else."""


@dataclass(frozen=True)
class Icon:
    """One icon of one set."""

    set_name: str
    name: str
    svg: str


def icons(package: Path, wanted: dict[str, list[str]]) -> Iterator[tuple[str, Icon]]:
    """Every (class, icon) whose name, without words of style, is one of the class's names."""
    info = json.loads((package / "collections.json").read_text(encoding="utf-8"))
    for path in sorted((package / "json").glob("*.json")):
        terms = info.get(path.stem, {}).get("license", {})
        if terms.get("spdx") not in FREE:
            continue
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for name, icon in data["icons"].items():
            for class_name in wanted.get(_thing(name), ()):
                if class_name == "seal" and path.stem not in EMOJI:
                    continue
                width = icon.get("width", data.get("width", 16))
                height = icon.get("height", data.get("height", 16))
                box = f"{icon.get('left', 0)} {icon.get('top', 0)} {width} {height}"
                svg = (
                    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
                    f'width="{SIDE}" height="{SIDE}" viewBox="{box}">{icon["body"]}</svg>'
                )
                yield class_name, Icon(path.stem, name, svg.replace("currentColor", "#000"))


EMOJI = {"noto", "fluent-emoji", "fluent-emoji-flat", "fluent-emoji-high-contrast", "twemoji", "noto-v1"}


def _thing(name: str) -> str:
    """The name without numbers and words of style."""
    words = [w for w in name.split("-") if not w.isdigit() and w not in STYLES]
    return "-".join(words)


def draw(svg: str) -> NDArray[np.uint8] | None:
    """A line drawing (SIDE, SIDE), black on white: lines as they are, filled shapes and colours by their
    edges. None where there is next to nothing to see.
    """
    from PySide6.QtCore import QByteArray
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    renderer = QSvgRenderer(QByteArray(svg.encode()))
    if not renderer.isValid():
        return None
    image = QImage(SIDE, SIDE, QImage.Format.Format_RGB888)
    image.fill(0xFFFFFFFF)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    rgb = np.frombuffer(image.constBits(), np.uint8).reshape(SIDE, image.bytesPerLine())[:, : SIDE * 3]
    rgb = rgb.reshape(SIDE, SIDE, 3).copy()
    grey = rgb.min(2)
    ys, xs = np.nonzero(grey < 200)
    if len(ys) < 150 or max(np.ptp(ys), np.ptp(xs)) < SIDE // 4:
        return None
    filled = len(ys) / ((np.ptp(ys) + 1) * (np.ptp(xs) + 1))
    coloured = (rgb.max(2).astype(int) - rgb.min(2)).max() > 40
    thick = cv2.erode((grey < 128).astype(np.uint8), np.ones((3, 3), np.uint8), iterations=8).sum()
    if not coloured and filled < 0.45 and thick < 200:
        return np.asarray(grey, np.uint8)
    edges = np.zeros((SIDE, SIDE), np.uint8)
    for channel in cv2.split(cv2.GaussianBlur(rgb, (5, 5), 1.0)):
        edges |= cv2.Canny(channel, 30, 80)
    lines = 255 - cv2.dilate(edges, np.ones((3, 3), np.uint8))
    return np.asarray(lines, np.uint8) if (lines < 128).sum() > 150 else None


def wanted_names(data: Path) -> dict[str, list[str]]:
    """Icon name -> classes of the data that it shows."""
    wanted: dict[str, list[str]] = {}
    for class_name in SketchPhotoData.open(data).sketch_classes():
        for name in dict.fromkeys(WORDS.get(class_name, class_name.replace("_", "-")).split()):
            wanted.setdefault(name, []).append(class_name)
    return wanted


def distinct(candidates: list[Icon], rng: np.random.Generator) -> Iterator[tuple[Icon, NDArray[np.uint8]]]:
    """Up to `PER_CLASS` of the icons, in random order, with their drawings."""
    seen: set[bytes] = set()
    for k in rng.permutation(len(candidates)):
        if len(seen) == PER_CLASS:
            return
        picture = draw(candidates[k].svg)
        if picture is None:
            continue
        # The same drawing comes in several sizes: a coarse copy tells.
        coarse = (cv2.resize(picture, (24, 24), interpolation=cv2.INTER_AREA) // 64).tobytes()
        if coarse not in seen:
            seen.add(coarse)
            yield candidates[k], picture


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("package", type=Path, help="the unpacked @iconify/json")
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--like", type=Path, required=True, help="data folder whose classes are wanted")
    options = parser.parse_args()
    found: dict[str, list[Icon]] = {}
    for class_name, icon in icons(options.package, wanted_names(options.like)):
        found.setdefault(class_name, []).append(icon)
    rng = np.random.default_rng(0)
    rows, used = [], set()
    for class_name, candidates in sorted(found.items()):
        for icon, picture in distinct(candidates, rng):
            used.add(icon.set_name)
            name = f"icons/{class_name}/{icon.set_name}_{icon.name}.png"
            path = options.out / "sketches" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), picture)
            rows.append(("sketch", "icons", class_name, name))
    with (options.out / "index.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("kind", "source", "class", "path"))
        writer.writerows(sorted(rows))
    info = json.loads((options.package / "collections.json").read_text(encoding="utf-8"))
    terms = []
    for set_name in sorted(used):
        about = info[set_name]
        terms.append(f"{set_name}: {about['name']}, {about['license']['spdx']}, {about['author']['name']}\n")
    (options.out / "LICENSES.txt").write_text("".join(terms), encoding="utf-8")
    print(f"{len(rows)} sketches of {len(found)} classes from {len(used)} sets in {options.out}")


if __name__ == "__main__":
    main()
