"""How the hand is lit: light, occlusion and texture turn fragments into a picture of the hand alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from device.virtual_hand.rasteriser import Fragments
from device.virtual_hand.skeleton import Floats, Side
from device.virtual_hand.skin import BAND, TEXTURE, bake


@dataclass(frozen=True)
class Look:
    """Skin, light and camera.

    Attributes
    ----------
    skin, sleeve : BGR 0..255
        Colours in full light.
    light : (x, y, z)
        Direction towards the light, camera frame: x right, y down, z away from the camera.
    ambient, gain, occlusion : float
        Light without direction; exposure; how dark creases between fingers become (0..1).
    noise : float
        Standard deviation of the sensor's noise, grey levels.
    blur : float
        Sigma of the lens blur, pixels.
    supersample : int
        Render at this many times the size and shrink.
    """

    skin: tuple[int, int, int] = (150, 175, 222)
    sleeve: tuple[int, int, int] = (92, 64, 48)
    light: tuple[float, float, float] = (-0.5, -0.7, -0.75)
    ambient: float = 0.42
    gain: float = 1.05
    occlusion: float = 0.55
    noise: float = 2.5
    blur: float = 0.6
    supersample: int = 1


@lru_cache(maxsize=16)
def coloured_skin(
    side: Side, skin: tuple[int, int, int], sleeve: tuple[int, int, int]
) -> NDArray[np.float32]:
    """Return the texture in the look's colours: (H, W, 4) float32, BGR 0..255 and gloss."""
    texture = bake(side).copy()
    texture[: TEXTURE + BAND, :, :3] *= np.asarray(skin, np.float32)
    texture[TEXTURE + BAND :, :, :3] = np.asarray(sleeve, np.float32)
    return texture


def arm_texture_position(dorsal: Floats, is_sleeve: NDArray[np.bool_]) -> Floats:
    """Return texture pixels (n, 2) for forearm vertices; ``dorsal`` is -1 (palm side) .. 1 (back)."""
    u = (np.clip(dorsal * 1.4, -1, 1) + 1) / 2 * (TEXTURE - 1)
    v = np.where(is_sleeve, TEXTURE + BAND + BAND // 2 - 0.5, TEXTURE + BAND // 2 - 0.5)
    return np.stack([u, v], -1)


def light_vertices(points: Floats, normals: Floats, look: Look) -> NDArray[np.float32]:
    """Light every vertex: (n, 5) float32 diffuse, softer red diffuse, sheen, nail gloss, rim light.

    Wrapped diffuse light for skin (red wraps further, as light travels under the skin), Blinn-Phong
    highlights and a Fresnel rim; all linear over a triangle, which a mesh this fine allows.
    """
    light = np.asarray(look.light) / np.linalg.norm(look.light)
    view = -points / np.linalg.norm(points, axis=1, keepdims=True)
    wrap = np.clip((normals @ light + 0.35) / 1.35, 0, 1)
    ambient = look.ambient * (0.95 - 0.25 * normals[:, 1])
    half = view + light
    highlight = np.clip((normals * half).sum(1) / np.linalg.norm(half, axis=1), 0, 1)
    rim = (1 - np.clip((normals * view).sum(1), 0, 1)) ** 3
    columns = [
        ambient + 0.75 * wrap, ambient + 0.75 * np.sqrt(wrap),
        0.10 * highlight**24, 0.35 * highlight**56, rim,
    ]  # fmt: skip
    return np.asarray(np.stack(columns, -1), dtype=np.float32)


def shade(
    fragments: Fragments,
    faces: NDArray[np.int32],
    attributes: NDArray[np.float32],
    texture: NDArray[np.float32],
    *,
    size: tuple[int, int],
    look: Look,
) -> NDArray[np.uint8]:
    """Colour the fragments.

    Parameters
    ----------
    attributes : (n, 8) float32
        For each vertex the five of :func:`light_vertices`, depth in metres, texture x and y in pixels.
    size : (height, width)
        Of the picture that the fragments' pixels count in.

    Returns
    -------
    (height, width, 4) uint8
        BGR, black where there is no hand, and coverage 0 or 255.
    """
    layer = np.zeros((size[0] * size[1], 4), np.uint8)
    if len(fragments.pixels) == 0:
        return layer.reshape(*size, 4)
    corners = faces[fragments.triangles]
    weight = fragments.barycentric
    value = attributes[corners[:, 0]] * weight[:, :1]
    value += attributes[corners[:, 1]] * weight[:, 1:2]
    value += attributes[corners[:, 2]] * weight[:, 2:]
    diffuse, soft, sheen, gloss, rim, depth, u, v = np.ascontiguousarray(value.T)
    skin = _sample(texture, u, v)
    clear = 1 - look.occlusion * _occlusion(fragments.pixels, depth, size, look.supersample)
    level = diffuse * clear
    red = 0.65 * level + 0.35 * soft * np.sqrt(clear)
    exposure = look.gain * (1 - 0.25 * rim)
    added = 255 * (sheen + gloss * skin[:, 3]) * clear + 18 * rim
    colour = skin[:, :3]
    colour[:, :2] *= (level * exposure)[:, None]
    colour[:, 2] *= red * exposure
    colour += added[:, None]
    np.clip(colour, 0, 255, out=colour)
    skin[:, 3] = 255
    layer[fragments.pixels] = skin.astype(np.uint8)
    return layer.reshape(*size, 4)


def _sample(
    texture: NDArray[np.float32], u: NDArray[np.float32], v: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Read the texture between its pixels: (n, 4) float32."""
    columns = 4096  # cv2.remap wants sides below 32768: fold the list into rows
    pad = -len(u) % columns
    x = np.pad(u, (0, pad)).reshape(-1, columns)
    y = np.pad(v, (0, pad)).reshape(-1, columns)
    found = cv2.remap(texture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found.reshape(-1, 4)[: len(u)], dtype=np.float32)


def _occlusion(
    pixels: NDArray[np.int64], depth: NDArray[np.float32], size: tuple[int, int], scale: int
) -> NDArray[np.float32]:
    """Return how far each fragment lies behind its surroundings, 0..1 for up to 12 mm."""
    both = np.zeros((size[0] * size[1], 2), np.float32)
    both[pixels, 0] = depth
    both[pixels, 1] = 1
    picture = both.reshape(*size, 2)
    out = np.zeros(len(pixels), np.float32)
    for side in (9, 31):
        kernel = side * scale // 2 * 2 + 1
        mean = cv2.blur(picture, (kernel, kernel)).reshape(-1, 2)[pixels]
        out += 0.5 * np.clip((depth - mean[:, 0] / mean[:, 1]) / 0.012, 0, 1)
    return out
