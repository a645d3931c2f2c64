"""The hand's bones and skin: the mesh file, forward kinematics and linear blend skinning.

Units are metres in the wrist's frame. Every joint frame follows WebXR: -Z along the bone to the tip,
+Y dorsal (nail side), so flexion is a negative turn about X for both hands. Nothing is drawn here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Side = Literal["left", "right"]
Floats = NDArray[np.float64]

FINGERS = ("index", "middle", "ring", "pinky")
DIGITS = ("thumb", *FINGERS)
MESH_FILE = Path(__file__).with_name("hand_mesh.npz")


def _joint_names() -> list[str]:
    names = ["wrist", "thumb-metacarpal", "thumb-proximal", "thumb-distal", "thumb-tip"]
    for finger in FINGERS:
        names += [f"{finger}-{p}" for p in ("metacarpal", "proximal", "intermediate", "distal", "tip")]
    return names


NAMES = _joint_names()  # the order of the mesh file
JOINT = {name: i for i, name in enumerate(NAMES)}
PARENT = [-1] + [0 if name.endswith("metacarpal") else i for i, name in enumerate(NAMES[1:])]
# MediaPipe's 21 landmarks as joints; the fingers' metacarpal base is not one of them.
LANDMARK_JOINTS = [0, 1, 2, 3, 4] + [
    JOINT[f"{finger}-{p}"] for finger in FINGERS for p in ("proximal", "intermediate", "distal", "tip")
]
# Where MediaPipe puts a fingertip between the tip joint (0) and the end of the finger on the mesh (1).
TIP_FRACTION = 0.36


def rotation(axis: str, degrees: float) -> Floats:
    """Return the 3x3 rotation about ``axis`` ("x", "y" or "z")."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    rows = {
        "x": [[1, 0, 0], [0, c, -s], [0, s, c]],
        "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
        "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]],
    }[axis]
    return np.array(rows, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class HandMesh:
    """One hand at rest, ready to be bent.

    Attributes
    ----------
    vertices, normals : (n, 3) float64
        Metres and unit vectors in the wrist's frame.
    uv : (n, 2) float64
        Texture coordinates, 0..1.
    faces : (m, 3) int32
        Triangles, wound so that a face seen from outside has negative area in the image.
    weights : (n, 25) float64
        How much each joint carries each vertex; rows sum to 1.
    bind : (25, 4, 4) float64
        Joint frames at rest.
    tip_reach : (5, 2) float64
        For each digit, from its last joint along the bone: the mesh's end and the tip joint.
    """

    side: Side
    vertices: Floats
    normals: Floats
    uv: Floats
    faces: NDArray[np.int32]
    weights: Floats
    bind: Floats
    inverse_bind: Floats
    local: Floats
    tip_reach: Floats

    def bend(self, turns: dict[str, Floats]) -> Floats:
        """Forward kinematics: ``turns`` maps a joint to a rotation in its own frame -> (25, 4, 4) poses."""
        out = np.empty((len(NAMES), 4, 4))
        for i, parent in enumerate(PARENT):
            matrix = self.local[i].copy()
            turn = turns.get(NAMES[i])
            if turn is not None:
                matrix[:3, :3] = matrix[:3, :3] @ turn
            out[i] = matrix if parent < 0 else out[parent] @ matrix
        return out

    def skin(self, pose: Floats) -> tuple[Floats, Floats]:
        """Move the mesh with the joints: (n, 3) vertices and (n, 3) unit normals."""
        joints = (pose @ self.inverse_bind)[:, :3, :].reshape(len(NAMES), 12)
        blend = (self.weights @ joints).reshape(-1, 3, 4)
        vertices = np.einsum("vab,vb->va", blend[:, :, :3], self.vertices) + blend[:, :, 3]
        normals = np.einsum("vab,vb->va", blend[:, :, :3], self.normals)
        return vertices, normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)

    def landmarks(self, pose: Floats) -> Floats:
        """Return MediaPipe's 21 points, (21, 3) metres in the wrist's frame."""
        points = pose[LANDMARK_JOINTS, :3, 3].copy()
        for k, digit in enumerate(DIGITS):
            base, tip = pose[JOINT[f"{digit}-distal"], :3, 3], pose[JOINT[f"{digit}-tip"], :3, 3]
            along = (tip - base) / np.linalg.norm(tip - base)
            end, joint = self.tip_reach[k]
            points[4 * (k + 1)] = base + along * (joint + TIP_FRACTION * (end - joint))
        return points


@cache
def load_mesh(side: Side) -> HandMesh:
    """Read the mesh that ships beside this module; the left hand is the right one's mirror image."""
    with np.load(MESH_FILE, allow_pickle=False) as data:
        low, high = data["lo"].astype(np.float64), data["hi"].astype(np.float64)
        vertices = data["v"] / 65535.0 * (high - low) + low
        normals = data["n"] / 127.0
        uv = data["uv"] / 65535.0
        faces = data["f"].astype(np.int32)
        joints, share = data["j"], data["w"] / 255.0
        bind = np.tile(np.eye(4), (len(NAMES), 1, 1))
        bind[:, :3] = data["bind"]
    share /= share.sum(1, keepdims=True)
    if side == "left":
        flip = np.diag([-1.0, 1.0, 1.0, 1.0])
        vertices, normals, faces = vertices * [-1, 1, 1], normals * [-1, 1, 1], faces[:, ::-1]
        bind = flip @ bind @ flip
    faces = faces[~_wrist_cap(vertices, faces)]
    weights = np.zeros((len(vertices), len(NAMES)))
    np.add.at(weights, (np.arange(len(vertices))[:, None], joints), share)
    local = bind.copy()
    for i, parent in enumerate(PARENT):
        if parent >= 0:
            local[i] = np.linalg.inv(bind[parent]) @ bind[i]
    reach = np.array([_tip_reach(digit, vertices, weights, bind) for digit in DIGITS])
    inverse = np.linalg.inv(bind)
    return HandMesh(side, vertices, normals, uv, faces, weights, bind, inverse, local, reach)


def _wrist_cap(vertices: Floats, faces: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Find the lid over the cut wrist, which would show as a dark line where the forearm begins."""
    corner = vertices[faces]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    along = normal[:, 2] / np.maximum(np.linalg.norm(normal, axis=1), 1e-15)
    return np.asarray((along > 0.9) & (corner[:, :, 2].mean(1) > 0), dtype=np.bool_)


def _tip_reach(digit: str, vertices: Floats, weights: Floats, bind: Floats) -> tuple[float, float]:
    base, tip = JOINT[f"{digit}-distal"], JOINT[f"{digit}-tip"]
    along = bind[tip, :3, 3] - bind[base, :3, 3]
    length = float(np.linalg.norm(along))
    own = weights[:, base] + weights[:, tip] > 0.5
    end = float(((vertices[own] - bind[base, :3, 3]) @ (along / length)).max())
    return end, length


def forearm(segments: int = 28) -> tuple[Floats, Floats, NDArray[np.bool_], NDArray[np.int32]]:
    """Build what the mesh lacks: a tube behind the wrist with a sleeve over its far part.

    Returns
    -------
    tuple
        (n, 3) vertices and normals in the wrist's frame, (n,) "is sleeve", (m, 3) faces.
    """
    # z behind the wrist, half width, half thickness (m): an adult forearm, rounded off.
    skin = [
        (0.004, 0.0225, 0.0150), (0.014, 0.0255, 0.0172), (0.030, 0.0268, 0.0195), (0.060, 0.0280, 0.0220),
        (0.100, 0.0310, 0.0260), (0.112, 0.0330, 0.0280),
    ]  # fmt: skip
    sleeve = [
        (0.105, 0.036, 0.031), (0.15, 0.041, 0.036), (0.22, 0.045, 0.041), (0.32, 0.048, 0.044),
        (0.45, 0.050, 0.046), (0.60, 0.051, 0.047), (0.75, 0.052, 0.048),
    ]  # fmt: skip
    angle = np.linspace(0, 2 * np.pi, segments, endpoint=False)
    rings, normals = [], []
    for z, x, y in skin + sleeve:
        rings.append(np.c_[0.001 + x * np.cos(angle), y * np.sin(angle), np.full(segments, z)])
        normal = np.c_[np.cos(angle) / x, np.sin(angle) / y, np.zeros(segments)]
        normals.append(normal / np.linalg.norm(normal, axis=1, keepdims=True))
    vertices, normal_rows = np.concatenate(rings), np.concatenate(normals)
    is_sleeve = np.repeat(np.arange(len(rings)) >= len(skin), segments)
    here = np.arange(len(vertices) - segments).reshape(-1, segments)
    beside = np.roll(here, -1, axis=1)
    lower = np.stack([here, beside, here + segments], -1).reshape(-1, 3)
    upper = np.stack([beside, beside + segments, here + segments], -1).reshape(-1, 3)
    faces = np.concatenate([lower, upper]).astype(np.int32)
    corner = vertices[faces]
    outward = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    wrong = (outward * normal_rows[faces].mean(1)).sum(1) < 0
    faces[wrong] = faces[wrong][:, ::-1]
    return vertices, normal_rows, is_sleeve, faces
