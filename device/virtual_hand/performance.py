"""What the virtual hand does over time: hold gestures, move, draw, pinch, leave and come back.

A performance is written down first, as one moment a frame, and rendered only when it is played.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.gestures import Gesture
from device.virtual_hand.hand import Backdrop, GroundTruth, Image, Point, View, VirtualHand
from device.virtual_hand.poses import POSE_OF, Angles, PoseName, blend, pose_angles
from device.virtual_hand.shading import Look

BLEND_FRAMES = 7  # a quarter of a second at 30 frames a second: a brisk change of gesture
SETTLE_FRAMES = 9  # held before a stroke begins: longer than the gesture needs to settle
EASE_FRAMES = 4.0  # to full speed and back to rest


@dataclass(frozen=True, eq=False)
class Moment:
    """One frame of a performance, as it was meant.

    Attributes
    ----------
    gesture : Gesture or None
        The gesture held; NONE with no hand in the picture; None on the way from one to the next.
    drawing : bool
        The fingertip follows a stroke.
    stroke : int
        Which stroke, counted from 0; -1 between strokes.
    tip : (x, y)
        Where the fingertip of the pointing hand is, frame pixels.
    angles : (22,) float64 or None
        The pose; None with no hand in the picture.
    """

    gesture: Gesture | None
    drawing: bool
    stroke: int
    tip: Point
    angles: Angles | None


class Performance:
    """A choreography for a :class:`VirtualHand`, built step by step and played as frames.

    Every step returns the performance, so that steps chain. The same steps and seed always give the
    same pictures. One performance may be played several times.

    Parameters
    ----------
    hand : VirtualHand
    start : (x, y)
        Frame pixels where the fingertip begins.
    view : View
        Distance, side of the hand and turn; its position is not used.
    sway : float
        How much the wrist turns about while it works: 1 is some 6 degrees, 0 holds it still.
    """

    def __init__(
        self,
        hand: VirtualHand,
        *,
        start: Point = (320.0, 170.0),
        view: View | None = None,
        backdrop: Backdrop = "room",
        look: Look | None = None,
        sway: float = 1.0,
        seed: int = 0,
    ) -> None:
        self.hand = hand
        self.moments: list[Moment] = []
        self.strokes: list[NDArray[np.float64]] = []
        self._view = view or View()
        self._backdrop = backdrop
        self._look = look or Look()
        self._sway = sway
        self._seed = seed
        self._tip: Point = start
        self._angles: Angles | None = None

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.moments)

    def hold(self, gesture: Gesture, frames: int = 15, *, pose: PoseName | None = None) -> Performance:
        """Change to a gesture (in ``BLEND_FRAMES``) and hold it for ``frames``.

        Parameters
        ----------
        pose : str or None
            A variant of the gesture, such as "two beside"; None for the plain one.
        """
        self._change_to(pose_angles(pose or POSE_OF[gesture]))
        for _ in range(frames):
            self._add(gesture)
        return self

    def move(self, to: Point, *, gesture: Gesture = Gesture.FIST, speed: float = 22.0) -> Performance:
        """Go to a point in a straight line, with the pen lifted unless ``gesture`` says otherwise.

        Parameters
        ----------
        speed : float
            Pixels a frame at most.
        """
        self._change_to(pose_angles(POSE_OF[gesture]))
        for point in _eased(np.array([self._tip, to], dtype=np.float64), speed):
            self._tip = (float(point[0]), float(point[1]))
            self._add(gesture)
        return self

    def draw(self, points: NDArray[np.float64] | NDArray[np.float32], *, speed: float = 14.0) -> Performance:
        """Draw one stroke along a polyline, from where the hand is moved to first.

        The hand lifts the pen (a fist), goes to the first point, points, waits until that has been
        seen, draws, rests for a moment and makes a fist again.

        Parameters
        ----------
        points : (n, 2) float
            Frame pixels.
        speed : float
            Pixels a frame at most.
        """
        path = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        self.move((float(path[0, 0]), float(path[0, 1])))
        self.hold(Gesture.DRAW, SETTLE_FRAMES)
        stroke = len(self.strokes)
        for point in _eased(path, speed):
            self._tip = (float(point[0]), float(point[1]))
            self._add(Gesture.DRAW, drawing=True, stroke=stroke)
        self.strokes.append(path)
        self.hold(Gesture.DRAW, 3)
        return self.hold(Gesture.FIST, 4)

    def draw_strokes(
        self, strokes: Sequence[NDArray[np.float64] | NDArray[np.float32]], *, speed: float = 14.0
    ) -> Performance:
        """Draw a whole drawing, stroke by stroke, with the pen lifted between.

        Parameters
        ----------
        strokes : sequence of (n, 2) float
            Frame pixels; see :meth:`drawable` for where the whole hand stays in the picture.
        """
        for stroke in strokes:
            self.draw(stroke, speed=speed)
        return self

    def leave(self, frames: int = 20, *, speed: float = 45.0) -> Performance:
        """Take the hand out of the picture by the bottom, as it is, and stay away for ``frames``."""
        x, y = self._tip
        height = self.hand.size[1]
        while self._angles is not None and self._tip[1] < height + 60:
            self._tip = (x, self._tip[1] + speed)
            self._add(None)
        self._angles, self._tip = None, (x, y)
        for _ in range(frames):
            self._add(Gesture.NONE)
        return self

    def enter(
        self, gesture: Gesture = Gesture.FIST, *, at: Point | None = None, speed: float = 45.0
    ) -> Performance:
        """Bring the hand back from below, showing ``gesture``."""
        x, y = at or self._tip
        self._angles = pose_angles(POSE_OF[gesture])
        for depth in np.arange(self.hand.size[1] + 60, y, -speed):
            self._tip = (x, float(depth))
            self._add(None)
        self._tip = (x, y)
        return self

    def drawable(self) -> tuple[float, float, float, float]:
        """Return left, top, right, bottom in frame pixels where a fingertip leaves its whole hand in view."""
        width, height = self.hand.size
        # A pointing hand reaches 0.17 m down to its wrist and 0.08 m to the side of its little finger.
        unit = 0.95 * width / self._view.distance
        return (0.09 * unit, 0.02 * unit, width - 0.09 * unit, max(height - 0.19 * unit, 0.1 * unit))

    def play(self) -> Iterator[tuple[Image, GroundTruth | None, Moment]]:
        """Render frame by frame: picture, where the hand really is (None without one), what was meant."""
        rng = np.random.default_rng(self._seed)
        phase = rng.uniform(0, 2 * np.pi, 3)
        before: Point | None = None
        for k, moment in enumerate(self.moments):
            image, truth = self._picture(k, moment, phase, before, rng)
            before = moment.tip if moment.angles is not None else None
            yield image, truth, moment

    def images(self) -> Iterator[Image]:
        """Render frame by frame, the pictures alone: what :class:`device.frames.IterableSource` takes."""
        for image, _, _ in self.play():
            yield image

    def _picture(
        self,
        k: int,
        moment: Moment,
        phase: NDArray[np.float64],
        before: Point | None,
        rng: np.random.Generator,
    ) -> tuple[Image, GroundTruth | None]:
        base = self._view
        if moment.angles is None:
            away = View(palm=(self.hand.size[0] / 2, self.hand.size[1] * 4.0))
            return self.hand.render("fist", away, backdrop=self._backdrop, look=self._look, rng=rng)[0], None
        view = View(
            tip=moment.tip,
            distance=base.distance,
            roll=base.roll + 6 * self._sway * float(np.sin(k / 40 + phase[0])),
            yaw=base.yaw + 8 * self._sway * float(np.sin(k / 55 + phase[1])),
            pitch=base.pitch + 5 * self._sway * float(np.sin(k / 47 + phase[2])),
            back=base.back,
        )
        # The shutter is open for half of the time between two frames.
        motion = (0.0, 0.0)
        if before is not None:
            motion = ((moment.tip[0] - before[0]) / 2, (moment.tip[1] - before[1]) / 2)
        return self.hand.render(
            moment.angles, view, backdrop=self._backdrop, look=self._look, motion=motion, rng=rng
        )

    def _change_to(self, angles: Angles) -> None:
        if self._angles is None:
            self._angles = angles
            return
        start = self._angles
        if np.array_equal(start, angles):
            return
        for k in range(1, BLEND_FRAMES):
            self._angles = blend(start, angles, _smooth(k / BLEND_FRAMES))
            self._add(None)
        self._angles = angles

    def _add(self, gesture: Gesture | None, *, drawing: bool = False, stroke: int = -1) -> None:
        self.moments.append(Moment(gesture, drawing, stroke, self._tip, self._angles))


def _smooth(share: float) -> float:
    """Ease in and out: 0..1 to 0..1, at rest at both ends."""
    return share * share * (3 - 2 * share)


def _eased(path: NDArray[np.float64], speed: float) -> NDArray[np.float64]:
    """Walk along a polyline: (k, 2) points a frame apart, getting up to ``speed`` and back to rest.

    The first point itself is left out, the last is reached.
    """
    lengths = np.hypot(*np.diff(path, axis=0).T) if len(path) > 1 else np.zeros(0)
    total = float(lengths.sum())
    if total < 1e-6:
        return path[-1:].copy()
    # Speed over time is a trapeze; a short way is a triangle that never gets to full speed.
    ramp = min(EASE_FRAMES, float(np.sqrt(total * EASE_FRAMES / speed)))
    top = speed * ramp / EASE_FRAMES
    frames = int(np.ceil(total / top + ramp))
    time = np.arange(1, frames + 1) * ((total / top + ramp) / frames)
    end = total / top + ramp
    rising = 0.5 * top * time**2 / ramp
    falling = total - 0.5 * top * (end - time) ** 2 / ramp
    steady = top * (time - ramp / 2)
    along = np.where(time < ramp, rising, np.where(time > end - ramp, falling, steady))
    at = np.concatenate([[0.0], np.cumsum(lengths)])
    return np.stack([np.interp(along, at, path[:, 0]), np.interp(along, at, path[:, 1])], -1)
