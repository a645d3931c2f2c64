"""Run as a program: prepare a second model for galleries in children that are killed at random moments.

    python killed_embedder.py SEED GALLERY...

Prints one line a kill: after how many batches and microseconds, and whether the child was still at work. Also
holds the two models, and the pictures, of the tests of `sketch_app.photo_spaces`.
"""

import io
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from index.gallery import Gallery
from sketch_app.photo_spaces import PhotoSpaces

KILLS_A_GALLERY = 3
BATCH = 2
MOST_BATCHES = 8
"""Counted in batches, and not in time alone, the moments are spread alike on a fast and on a slow machine."""


class SmallPixels:
    """A photo as 4 x 4 pixels about grey."""

    model_id = "small-pixels/4x4"
    dimension = 48

    def encode_photos(self, photos):
        grids = [np.asarray(Image.fromarray(p).resize((4, 4), Image.Resampling.BOX)) for p in photos]
        return unit(np.stack(grids).reshape(len(photos), -1).astype(np.float32) - 127.3)


class Histogram:
    """How often each eighth of each channel's range occurs."""

    model_id = "colour-histogram/8"
    dimension = 24

    def encode_photos(self, photos):
        rows = []
        for photo in photos:
            bins = (photo >> 5).reshape(-1, 3) + np.array([0, 8, 16], np.uint8)
            rows.append(np.bincount(bins.reshape(-1), minlength=24) / len(bins))
        return unit(np.stack(rows).astype(np.float32) - 0.125 + 1e-3)


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


MODELS = {encoder.model_id: encoder for encoder in (SmallPixels(), Histogram())}
OLD, NEW = MODELS["small-pixels/4x4"], MODELS["colour-histogram/8"]


def photo_file(number):
    """The bytes of a small JPEG of its own."""
    patches = np.random.default_rng(number).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(patches).resize((32, 24), Image.Resampling.NEAREST).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def spaces(gallery, wanted=NEW, **options):
    return PhotoSpaces(lambda: gallery, wanted, MODELS.get, batch_size=BATCH, **options)


def child(directory, done):
    with Gallery.open(directory, write=False) as gallery:
        committed = gallery.coverage(NEW.model_id).done

        def tell(_):
            nonlocal committed
            now = gallery.coverage(NEW.model_id).done
            os.write(done, b"." * ((now - committed) // BATCH))
            committed = now

        spaces(gallery).prepare(tell)


def run(directory, batches, seconds):
    """Fork, prepare, and kill ``seconds`` after so many batches. Returns whether it was cut short."""
    told, done = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(told)
            child(directory, done)
        finally:
            os._exit(0)
    os.close(done)
    left = batches
    while left and (news := os.read(told, left)):  # nothing any more: the child has finished
        left -= len(news)
    time.sleep(seconds)  # the moment of the kill, not a wait for anything
    os.kill(pid, signal.SIGKILL)
    os.close(told)  # only now: a child that writes to nobody would end by itself
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0


def main():
    import faiss  # noqa: F401 - once, before the children

    import index.embedding  # noqa: F401

    seed, *galleries = sys.argv[1:]
    chance = random.Random(int(seed))
    for gallery in galleries:
        for _ in range(KILLS_A_GALLERY):
            batches, seconds = chance.randint(0, MOST_BATCHES), chance.uniform(0.0, 0.005)
            killed = run(Path(gallery), batches, seconds)
            sys.stdout.write(f"{batches}+{int(seconds * 1e6)} {int(killed)}\n")


if __name__ == "__main__":
    main()
