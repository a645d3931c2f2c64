"""Joint angles of the gestures, as one vector that can be blended from pose to pose.

A pose is 22 degrees: six for the thumb (CMC flexion, abduction, opposition; MCP flexion, deviation; IP
flexion), then four for each finger from index to little (MCP, PIP and DIP flexion, spread).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from device.gestures import Gesture
from device.virtual_hand.skeleton import FINGERS, Floats, Side, rotation

Angles = NDArray[np.float64]
PoseName = Literal[
    "fist", "one", "two", "three", "four", "five", "pinch", "thumb", "gun",
    "fist beside", "one beside", "two beside", "three beside", "four beside",
]  # fmt: skip

# Flexion of a folded and of a straight finger: within the ranges of motion of an adult hand.
_FOLDED = {"index": (76, 98, 50), "middle": (80, 100, 55), "ring": (82, 100, 55), "pinky": (80, 96, 52)}
_STRAIGHT = (3, 5, 3)
_SPREAD = {"index": 6, "middle": 0, "ring": -4, "pinky": -9}  # towards the thumb is positive
# Found by search for a thumb that rests on the folded fingers without passing through them.
_THUMB = {
    "open": (-8, 6, 0, -2, 0, -4),
    "fist": (2, 29, 6, 65, -5, 48),
    "one": (8, 21, -3, 65, -10, 42),
    "two": (19, 17, -11, 65, -12, 42),
    "three": (27, 14, -18, 65, -12, 48),
    "four": (22, 3, 3, 60, -12, 60),
    "pinch": (29, 13, -1, 7, 0, 9),
    "beside": (0, 14, 0, 25, 0, 25),
}
_PINCH_FINGERS = (40, 56, 39, 0, 12, 14, 8, 0, 8, 12, 6, -4, 6, 10, 5, -10)
# Name: (folded index..pinky, thumb, raised thumb..pinky).
_SHAPES: dict[str, tuple[tuple[int, ...], str, tuple[int, ...]]] = {
    "fist": ((1, 1, 1, 1), "fist", (0, 0, 0, 0, 0)),
    "one": ((0, 1, 1, 1), "one", (0, 1, 0, 0, 0)),
    "two": ((0, 0, 1, 1), "two", (0, 1, 1, 0, 0)),
    "three": ((0, 0, 0, 1), "three", (0, 1, 1, 1, 0)),
    "four": ((0, 0, 0, 0), "four", (0, 1, 1, 1, 1)),
    "five": ((0, 0, 0, 0), "open", (1, 1, 1, 1, 1)),
    "pinch": ((0, 0, 0, 0), "pinch", (0, 0, 1, 1, 1)),
    "thumb": ((1, 1, 1, 1), "open", (1, 0, 0, 0, 0)),
    "gun": ((0, 1, 1, 1), "open", (1, 1, 0, 0, 0)),
}
# The same counts with the thumb resting beside the palm, neither raised nor folded: the hard case.
for _name in ("fist", "one", "two", "three", "four"):
    _SHAPES[f"{_name} beside"] = (_SHAPES[_name][0], "beside", _SHAPES[_name][2])

POSE_OF: dict[Gesture, PoseName] = {
    Gesture.FIST: "fist",
    Gesture.DRAW: "one",
    Gesture.BLACK: "two",
    Gesture.GREEN: "three",
    Gesture.RED: "four",
    Gesture.ERASE: "five",
    Gesture.PINCH: "pinch",
}


def pose_angles(name: PoseName) -> Angles:
    """Return the 22 joint angles in degrees of a named pose."""
    folded, thumb, _ = _SHAPES[name]
    if name == "pinch":
        return np.array([*_THUMB[thumb], *_PINCH_FINGERS], dtype=np.float64)
    rows: list[float] = list(_THUMB[thumb])
    for finger, fold in zip(FINGERS, folded, strict=True):
        rows += [*(_FOLDED[finger] if fold else _STRAIGHT), _SPREAD[finger] * (0.2 if fold else 1.0)]
    return np.array(rows, dtype=np.float64)


def fingers_up(name: PoseName) -> tuple[int, ...]:
    """Return 1 for each raised digit of a named pose, thumb to little finger."""
    return _SHAPES[name][2]


def blend(start: Angles, end: Angles, share: float) -> Angles:
    """Return the pose ``share`` (0..1) of the way from ``start`` to ``end``."""
    return start + (end - start) * share


def joint_turns(side: Side, angles: Angles) -> dict[str, Floats]:
    """Turn 22 angles into a rotation for each joint, in the joint's own frame."""
    sign = 1.0 if side == "right" else -1.0
    flexion, abduction, opposition, bend, deviation, tip = (float(a) for a in angles[:6])
    turns = {
        "thumb-metacarpal": rotation("y", sign * abduction)
        @ rotation("x", -flexion)
        @ rotation("z", sign * opposition),
        "thumb-proximal": rotation("y", sign * deviation) @ rotation("x", -bend),
        "thumb-distal": rotation("x", -tip),
    }
    for k, finger in enumerate(FINGERS):
        base, middle, end, spread = (float(a) for a in angles[6 + 4 * k : 10 + 4 * k])
        turns[f"{finger}-proximal"] = rotation("y", sign * spread) @ rotation("x", -base)
        turns[f"{finger}-intermediate"] = rotation("x", -middle)
        turns[f"{finger}-distal"] = rotation("x", -end)
    return turns
