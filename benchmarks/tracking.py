"""How well the drawing hand is followed: real MediaPipe on the virtual hand, 640 x 480 pixels, named seeds.

Run ``python -m benchmarks.tracking`` for the whole table (some minutes); the tests use smaller parts of it.
The virtual hand is not a person's: these figures guard against a step back, they promise nothing more.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.rows import Row
from device.gestures import Gesture, GestureRecognizer, HandReading
from device.tracking import HandTracker
from device.virtual_hand import GroundTruth, Moment, Performance, View, VirtualHand
from device.virtual_hand.skeleton import Side

SIZE = (640, 480)
FPS = 30.0
SEEDS = (11, 23)
ROLLS = (-45, -30, -15, 0, 15, 30, 45)
SIDES: tuple[Side, ...] = ("right", "left")
HELD = (
    Gesture.FIST,
    Gesture.DRAW,
    Gesture.BLACK,
    Gesture.GREEN,
    Gesture.RED,
    Gesture.ERASE,
    Gesture.PINCH,
)


@dataclass(frozen=True, eq=False)
class Seen:
    """One frame: what was meant, where the hand was, what was read."""

    moment: Moment
    truth: GroundTruth | None
    reading: HandReading

    @property
    def in_view(self) -> bool:
        """Whether the whole hand is in the picture."""
        return self.truth is not None and self.truth.inside(SIZE) == 1.0


@dataclass
class Mark:
    """One stroke as a consumer draws it: its points and the frames they came from."""

    points: list[tuple[float, float]] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)


def watch(performance: Performance, tracker: HandTracker) -> list[Seen]:
    """Play a performance before the tracker."""
    tracker.reset()
    recognizer = GestureRecognizer(frame_size=SIZE, fps=FPS)
    out = []
    for k, (image, truth, moment) in enumerate(performance.play()):
        # Each performance has its own clock; the tracker has just been reset.
        hand = tracker.detect(image, k / FPS)
        out.append(Seen(moment, truth, recognizer.update(hand, k / FPS)))
    return out


def marks_of(readings: Sequence[HandReading]) -> list[Mark]:
    """Draw as the application does: see :class:`device.gestures.HandReading`."""
    marks: list[Mark] = []
    open_mark: Mark | None = None
    for k, reading in enumerate(readings):
        if open_mark is not None and reading.gesture is not Gesture.DRAW:
            if reading.withdraw:
                del open_mark.points[-reading.withdraw :], open_mark.frames[-reading.withdraw :]
            if open_mark.points:
                marks.append(open_mark)
            open_mark = None
        if reading.ink and reading.tip is not None:
            open_mark = open_mark or Mark()
            open_mark.points.append(reading.tip)
            open_mark.frames.append(k)
    if open_mark is not None:
        marks.append(open_mark)
    return marks


def distance_to_path(points: NDArray[np.float64], path: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance of each point (n, 2) to the nearest point of a polyline (m, 2)."""
    start, step = path[:-1], np.diff(path, axis=0)
    length = np.maximum((step**2).sum(1), 1e-12)
    share = np.clip(((points[:, None] - start) * step).sum(-1) / length, 0, 1)
    nearest = start + share[..., None] * step
    return np.asarray(np.linalg.norm(points[:, None] - nearest, axis=-1).min(1))


def drawing(seed: int) -> list[NDArray[np.float64]]:
    """Return a house, a star or a face: strokes in frame pixels with corners, curves and short lines."""
    rng = np.random.default_rng(seed)
    x, y = 300 + rng.uniform(-40, 40), 150 + rng.uniform(-10, 25)
    around = np.linspace(0, 2 * np.pi, 40)
    circle = np.stack([np.cos(around), np.sin(around)], -1)
    tips = np.array([[np.sin(4 * np.pi * k / 5), -np.cos(4 * np.pi * k / 5)] for k in range(6)])
    kinds = [
        [
            np.array([[-80, 70], [-80, -10], [80, -10], [80, 70], [-80, 70]]),
            np.array([[-95, -10], [0, -80], [95, -10]]),
            np.array([[-15, 70], [-15, 25], [15, 25], [15, 70]]),
        ],
        [tips * 90],
        [
            circle * 85,
            circle * 10 + [-30, -25],
            circle * 10 + [30, -25],
            np.array([[-35, 30], [0, 48], [35, 30]]),
        ],
    ]
    return [stroke + np.array([x, y]) for stroke in kinds[seed % 3]]


# ---------------------------------------------------------------- what is measured


@dataclass
class Held:
    """Of gestures held for ten frames."""

    total: int = 0
    right: int = 0
    false_erase: int = 0
    frames: int = 0
    found: int = 0
    wrong: list[str] = field(default_factory=list)


def held_gestures(
    tracker: HandTracker,
    *,
    seeds: Sequence[int],
    rolls: Sequence[float],
    sides: Sequence[Side] = SIDES,
    backs: Sequence[bool] = (False, True),
) -> Held:
    """Show every gesture for ten frames, in an order drawn from the seed, palm and back."""
    out = Held()
    for seed, side, back, roll in product(seeds, sides, backs, rolls):
        order = list(HELD)
        np.random.default_rng([seed, int(back), int(roll) + 90]).shuffle(order)  # type: ignore[arg-type]
        view = View(roll=roll, back=back)
        start = (320 + 130 * np.sin(np.deg2rad(roll)), 215 - 45 * np.cos(np.deg2rad(roll)))
        show = Performance(VirtualHand(side, size=SIZE), start=start, view=view, seed=seed)
        ends = []
        for gesture in order:
            show.hold(gesture, 10)
            ends.append(len(show) - 1)
        seen = watch(show, tracker)
        for gesture, end in zip(order, ends, strict=True):
            out.total += 1
            read = seen[end].reading.gesture
            out.right += read is gesture
            if read is not gesture:
                out.wrong.append(f"{gesture} read as {read}: {side}, back={back}, roll={roll}, seed={seed}")
        for k, s in enumerate(seen):
            # An erase is true in the frames of its own gesture and while the next is being recognised.
            own = any(near.moment.gesture is Gesture.ERASE for near in seen[max(0, k - 9) : k + 1])
            out.false_erase += s.reading.gesture is Gesture.ERASE and not own
        out.frames += sum(s.in_view for s in seen)
        out.found += sum(s.in_view and s.reading.hand is not None for s in seen)
    return out


@dataclass
class Drawn:
    """Of drawings."""

    distances: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    filter_lags: list[float] = field(default_factory=list)
    strokes: int = 0
    marks: int = 0
    stray_points: int = 0
    undrawn: list[float] = field(default_factory=list)
    frames: int = 0
    found: int = 0


def drawings(tracker: HandTracker, *, seeds: Sequence[int], sides: Sequence[Side] = SIDES) -> Drawn:
    """Draw with the finger and compare the marks with the strokes that were meant."""
    out = Drawn()
    for seed in seeds:
        for side in sides:
            hand = VirtualHand(side, size=SIZE)
            show = Performance(hand, seed=seed, start=(320, 150)).hold(Gesture.FIST, 8)
            show.draw_strokes(drawing(seed))
            compare(show, watch(show, tracker), out)
    return out


def compare(show: Performance, seen: Sequence[Seen], out: Drawn) -> None:
    """Add the marks of one performance to the figures."""
    marks = marks_of([s.reading for s in seen])
    out.strokes += len(show.strokes)
    out.marks += len(marks)
    out.frames += sum(s.in_view for s in seen)
    out.found += sum(s.in_view and s.reading.hand is not None for s in seen)
    for mark in marks:
        meant = Counter(seen[k].moment.stroke for k in mark.frames if seen[k].moment.stroke >= 0)
        if not meant:
            out.stray_points += len(mark.points)
            continue
        path = show.strokes[meant.most_common(1)[0][0]]
        away = distance_to_path(np.array(mark.points), path)
        out.distances += away.tolist()
        out.stray_points += int((away > 20).sum())
        out.undrawn.append(float(distance_to_path(path, np.array(mark.points)).max()))
    for stroke in range(len(show.strokes)):
        own = [s for s in seen if s.moment.stroke == stroke]
        out.lags.append(_lag([s.reading.tip for s in own], [s.truth.tip if s.truth else None for s in own]))
        out.filter_lags.append(_lag([s.reading.tip for s in own], [s.reading.raw_tip for s in own]))


def _lag(late: Sequence[tuple[float, float] | None], true: Sequence[tuple[float, float] | None]) -> float:
    """Return by how many milliseconds one track follows the other: the shift with the least distance."""
    pairs = [(a, b) for a, b in zip(late, true, strict=True) if a is not None and b is not None]
    if len(pairs) < 8:
        return float("nan")
    a, b = (np.array(track, dtype=np.float64) for track in zip(*pairs, strict=True))
    frame = np.arange(len(a), dtype=np.float64)
    shifts = np.arange(-1.0, 3.01, 0.05)
    errors = []
    for shift in shifts:
        inside = (frame - shift >= 0) & (frame - shift <= len(a) - 1)
        moved = np.stack([np.interp(frame - shift, frame, b[:, k]) for k in (0, 1)], -1)
        errors.append(float(np.linalg.norm(moved - a, axis=1)[inside].mean()))
    return float(shifts[int(np.argmin(errors))] / FPS * 1000)


def everything(side: Side, seed: int) -> Performance:
    """Return a performance of all gestures and the pinch, with two strokes, in and out of the picture."""
    rng = np.random.default_rng(seed)
    at = rng.uniform([230, 130], [380, 170], (6, 2))
    zigzag = np.array([[0, 0], [60, -40], [120, 0], [180, -40]]) + np.array([220, 170])
    show = Performance(VirtualHand(side, size=SIZE), start=tuple(at[0]), seed=seed)
    show.leave(6).enter(Gesture.FIST).hold(Gesture.FIST, 8)
    show.hold(Gesture.BLACK, 12).move(tuple(at[1])).draw(zigzag)
    show.hold(Gesture.GREEN, 12).move(tuple(at[2])).hold(Gesture.RED, 12).move(tuple(at[3]))
    show.draw(zigzag + np.array([10, 20])).hold(Gesture.PINCH, 20).hold(Gesture.FIST, 6)
    show.hold(Gesture.ERASE, 15).move(tuple(at[4]), gesture=Gesture.ERASE).hold(Gesture.FIST, 6)
    show.move(tuple(at[5])).hold(Gesture.ERASE, 12).hold(Gesture.PINCH, 12).hold(Gesture.FIST, 5)
    return show.leave(12).enter(Gesture.FIST).hold(Gesture.FIST, 8)


def rate(tracker: HandTracker, *, frames: int = 150, clock: Callable[[], float] = time.perf_counter) -> float:
    """Return frames a second of tracking and gesture alone (the pictures are rendered before), the median.

    With ``time.process_time`` the processor's time counts, which other programs do not lengthen.
    """
    show = Performance(VirtualHand("right", size=SIZE), seed=5).hold(Gesture.FIST, 5)
    show.draw(drawing(1)[0])
    images = [image for image, _ in zip(show.images(), range(frames), strict=False)]
    recognizer = GestureRecognizer(frame_size=SIZE, fps=FPS)
    tracker.reset()
    spent = []
    for k, image in enumerate(images):
        start = clock()
        recognizer.update(tracker.detect(image, k / FPS), k / FPS)
        spent.append(clock() - start)
    return 1.0 / float(np.median(spent))


def rows(_work: Path, *, quick: bool) -> list[Row]:
    frames = 60 if quick else 300
    tracker = HandTracker(mirrored=False)
    try:
        rate(tracker, frames=20)  # the models warm up
        measured = rate(tracker, frames=frames)
    finally:
        tracker.close()
    return [
        Row(
            what="tracking rate, hand and gesture",
            measured=measured,
            unit="fps",
            baseline=FPS,
            against="a camera",
            goal=1.5,
            judged="ratio",
            better="higher",
            note=f"median of {frames} pictures of the virtual hand, 640 x 480, rendered before",
        )
    ]


def _row(name: str, value: str, wanted: str) -> None:
    print(f"| {name:<55} | {value:<26} | {wanted:<11} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    seeds = parser.parse_args().seeds
    tracker = HandTracker(mirrored=False)
    _row("what", "measured", "wanted")
    _row("-" * 55, "-" * 26, "-" * 11)
    fps = rate(tracker)
    _row("tracking rate against a 30 fps camera", f"{fps:.0f} fps, {fps / FPS:.1f}x", ">= 1.5x")
    mixed = Drawn()
    for seed in seeds:
        for side in SIDES:
            show = everything(side, seed)
            compare(show, watch(show, tracker), mixed)
    _row("marks for strokes, all gestures and the pinch", f"{mixed.marks} for {mixed.strokes}", "equal")
    _row("stray points, all gestures and the pinch", f"{mixed.stray_points}", "0")
    drawn = drawings(tracker, seeds=[s + k for s in seeds for k in range(3)])
    median, high = np.percentile(drawn.distances, [50, 95])
    _row("filtered points to the true path, median / p95", f"{median:.1f} / {high:.1f} px", "<= 5 / 8 px")
    lag, own = np.nanmedian(drawn.lags), np.nanmedian(drawn.filter_lags)
    _row("lag behind the finger / of the filter alone, median", f"{lag:.0f} / {own:.0f} ms", "reported")
    _row("marks for strokes, drawings", f"{drawn.marks} for {drawn.strokes}", "equal")
    _row("stray points, drawings", f"{drawn.stray_points}", "0")
    undrawn = f"{np.median(drawn.undrawn):.0f} / {max(drawn.undrawn):.0f} px"
    _row("farthest corner of a stroke from its mark, median / max", undrawn, "reported")
    held = held_gestures(tracker, seeds=seeds, rolls=ROLLS)
    _row("held gestures read right", f"{held.right / held.total:.2%} of {held.total}", ">= 99 %")
    _row("erase read in another gesture, frames", f"{held.false_erase}", "0")
    found = held.found + drawn.found + mixed.found
    frames = held.frames + drawn.frames + mixed.frames
    _row("hand found, of frames with the whole hand", f"{found / frames:.2%} of {frames}", ">= 98 %")
    for line in held.wrong:
        print(line)
    tracker.close()


if __name__ == "__main__":
    main()
