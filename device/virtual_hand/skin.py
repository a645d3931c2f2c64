"""The hand's procedural skin: nails, creases, knuckles and palm lines painted once into a texture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from device.virtual_hand.rasteriser import rasterise
from device.virtual_hand.skeleton import DIGITS, JOINT, Floats, HandMesh, Side, load_mesh

TEXTURE = 512
BAND = 16  # rows below the hand's texture: first the forearm (palm side left, back right), then the sleeve

# Palm lines as (across, along) in metres in the right wrist's frame: heart, head and life line.
_PALM_LINES = (
    ((-0.024, -0.062), (-0.012, -0.058), (0.004, -0.060), (0.020, -0.072), (0.030, -0.078)),
    ((-0.024, -0.060), (-0.008, -0.052), (0.008, -0.042), (0.022, -0.030)),
    ((-0.024, -0.058), (-0.010, -0.050), (-0.002, -0.034), (-0.004, -0.016), (-0.010, -0.004)),
)


@cache
def bake(side: Side) -> NDArray[np.float32]:
    """Paint the texture of one hand.

    Returns
    -------
    (TEXTURE + 2 * BAND, TEXTURE, 4) float32
        Relative BGR albedo (1 is the plain skin) and gloss (1 on nails); the sleeve band is 1.
    """
    mesh = load_mesh(side)
    found = rasterise(mesh.uv * TEXTURE, np.zeros(len(mesh.uv)), mesh.faces, TEXTURE, TEXTURE, cull=False)
    corners = mesh.faces[found.triangles]
    weights = found.barycentric[..., None]
    points = (mesh.vertices[corners] * weights).sum(1)
    normals = (mesh.normals[corners] * weights).sum(1)
    dorsal = np.clip(normals[:, 1] / np.linalg.norm(normals, axis=1) * 1.4, -1, 1)
    albedo, gloss = _paint(mesh, points, dorsal)
    atlas = np.ones((TEXTURE + 2 * BAND, TEXTURE, 4), np.float32)
    atlas[:, :, 3] = 0
    hand = atlas[:TEXTURE].reshape(-1, 4)
    hand[found.pixels] = np.c_[albedo, gloss]
    covered = np.zeros(TEXTURE * TEXTURE, np.uint8)
    covered[found.pixels] = 1
    atlas[:TEXTURE] = _bleed(atlas[:TEXTURE], covered.reshape(TEXTURE, TEXTURE))
    across = np.linspace(-1, 1, TEXTURE)
    atlas[TEXTURE : TEXTURE + BAND, :, :3] = _side_tint(across)
    atlas.flags.writeable = False
    return atlas


def _side_tint(dorsal: Floats) -> Floats:
    """Palms are lighter and redder than the back of a hand: (n, 3) for dorsal -1 (palm) .. 1 (back)."""
    redder = 1 + np.clip(-dorsal, 0, 1)[:, None] * np.array([-0.01, -0.04, 0.03])
    return np.asarray((1 - 0.06 * dorsal)[:, None] * redder)


@dataclass(frozen=True, eq=False)
class _Coat:
    """What is painted over the plain skin, (n,) each, 0..1; filled in digit by digit."""

    red: Floats
    dark: Floats
    gloss: Floats


def _paint(mesh: HandMesh, points: Floats, dorsal: Floats) -> tuple[Floats, Floats]:
    """Return the albedo (n, 3) and gloss (n,) of surface points at rest."""
    albedo = _side_tint(dorsal)
    coat = _Coat(*(np.zeros(len(points)) for _ in range(3)))
    for k, digit in enumerate(DIGITS):
        _paint_tip(mesh, k, points, albedo, coat)
        joints = ("distal", "proximal") if digit == "thumb" else ("distal", "intermediate", "proximal")
        for joint in joints:
            # The crease of a finger's base lies beyond its joint, where finger and palm meet.
            offset = -0.010 if joint == "proximal" and digit != "thumb" else 0.0
            _paint_joint(mesh.bind[JOINT[f"{digit}-{joint}"]], offset, points, dorsal, coat)
    sign = 1.0 if mesh.side == "right" else -1.0
    palm = dorsal < -0.1
    for line in _PALM_LINES:
        steps = np.linspace(0, len(line) - 1, 60)
        x = np.interp(steps, range(len(line)), [p[0] for p in line])
        z = np.interp(steps, range(len(line)), [p[1] for p in line])
        gap = ((sign * points[palm, 0, None] - x) ** 2 + (points[palm, 2, None] - z) ** 2).min(1)
        coat.dark[palm] = np.maximum(coat.dark[palm], 0.45 * np.exp(-gap / 0.0012**2))
    albedo *= 1 - 0.30 * coat.dark[:, None] * np.array([1, 0.95, 0.75])
    albedo *= 1 + coat.red[:, None] * np.array([-0.10, -0.09, 0.03])
    albedo *= (1 + 0.05 * _mottle(points, 260, 1) + 0.03 * _mottle(points, 900, 2))[:, None]
    albedo *= 1 + _mottle(points, 120, 3)[:, None] * np.array([-0.03, -0.05, 0.02])
    return albedo, coat.gloss


def _paint_tip(mesh: HandMesh, k: int, points: Floats, albedo: Floats, coat: _Coat) -> None:
    """Redden a fingertip and set its nail, in place."""
    end, _ = mesh.tip_reach[k]
    base = mesh.bind[JOINT[f"{DIGITS[k]}-distal"]]
    local = (points - base[:3, 3]) @ base[:3, :3]
    near = (np.abs(local[:, :2]) < 0.011).all(1) & (local[:, 2] < 0.004) & (local[:, 2] > -0.03)
    coat.red[near] = np.maximum(coat.red[near], 0.5 * np.clip(-local[near, 2] / end, 0, 1))
    half_width, half_length = (0.0072, 0.0078) if k == 0 else (0.0056, 0.0062)
    oval = (local[:, 0] / half_width) ** 2 + ((-local[:, 2] - (end - half_length - 0.001)) / half_length) ** 2
    back = near & (local[:, 1] > 0.0005)
    nail, rim = back & (oval < 1), back & (oval >= 1) & (oval < 1.35)
    coat.gloss[nail] = 1
    coat.dark[rim] = np.maximum(coat.dark[rim], 0.5)
    albedo[nail] *= (1.10, 1.02, 1.05)


def _paint_joint(frame: Floats, offset: float, points: Floats, dorsal: Floats, coat: _Coat) -> None:
    """Draw a joint's creases on the palm side and its reddened wrinkles on the back, in place."""
    local = (points - frame[:3, 3]) @ frame[:3, :3]
    near = (np.abs(local[:, 0]) < 0.012) & (np.abs(local[:, 1]) < 0.016)
    palm, back = near & (dorsal < 0.1), near & (dorsal > 0.1)
    for at, depth, width in ((offset, 0.55, 0.0009), (offset + 0.003, 0.25, 0.0007)):
        coat.dark[palm] = np.maximum(coat.dark[palm], depth * np.exp(-(((local[palm, 2] - at) / width) ** 2)))
    coat.red[back] = np.maximum(coat.red[back], 0.55 * np.exp(-((local[back, 2] / 0.008) ** 2)))
    for at in (-0.003, 0.0, 0.003):
        coat.dark[back] = np.maximum(coat.dark[back], 0.22 * np.exp(-(((local[back, 2] - at) / 0.0007) ** 2)))


def _mottle(points: Floats, scale: float, seed: int) -> Floats:
    """Smooth noise on points in space: a sum of seven waves in random directions, about -1..1."""
    rng = np.random.default_rng(seed)
    out = np.zeros(len(points))
    for _ in range(7):
        direction = rng.normal(size=3)
        direction *= scale / np.linalg.norm(direction) * rng.uniform(0.6, 1.6)
        out += np.sin(points @ direction + rng.uniform(0, 2 * np.pi))
    return out / 7


def _bleed(texture: NDArray[np.float32], covered: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Grow the painted parts a few pixels, so that no seam shows where the surface was cut."""
    square = np.ones((3, 3), np.uint8)
    for _ in range(3):
        grown = cv2.dilate(texture * covered[..., None], square)
        wider = cv2.dilate(covered, square)
        fresh = (wider > covered)[..., None]
        texture = np.where(fresh, grown, texture).astype(np.float32)
        covered = wider
    return texture
