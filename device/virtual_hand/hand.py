"""The virtual hand: a pose, a view and a look become a camera frame with its ground truth.

Frames are the camera's own, unflipped view unless the hand is made ``mirrored``: then picture and
truth are those of a selfie view, and every position given or returned counts in that view.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from device.virtual_hand.backgrounds import Background, background
from device.virtual_hand.poses import Angles, PoseName, joint_turns, pose_angles
from device.virtual_hand.rasteriser import rasterise
from device.virtual_hand.shading import Look, arm_texture_position, coloured_skin, light_vertices, shade
from device.virtual_hand.skeleton import JOINT, Floats, Side, forearm, load_mesh, rotation
from device.virtual_hand.skin import TEXTURE

Point = tuple[float, float]
Image = NDArray[np.uint8]
Backdrop = Background | Image

# Wrist frame to camera frame with the fingers up and the palm, or the back, towards the camera.
_PALM_VIEW = np.array([[-1.0, 0, 0], [0, 0, 1], [0, 1, 0]])
_BACK_VIEW = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
_NEAR = 0.05  # metres; nothing closer to the camera is drawn
_FOCAL = 0.95  # focal length in picture widths: a usual webcam, 55 degrees across


@dataclass(frozen=True)
class View:
    """Where the hand is.

    Attributes
    ----------
    tip : (x, y)
        Pixels: where the index fingertip is, or would be if the finger pointed. Gestures can so
        change without the hand moving. Not used if ``palm`` is given.
    palm : (x, y) or None
        Pixels: the middle of the palm instead.
    distance : float
        Metres from the camera to the palm.
    roll, yaw, pitch : float
        Degrees: clockwise in the camera's view, about the hand's own length, fingers towards the camera.
    back : bool
        Show the back of the hand.
    """

    tip: Point = (320.0, 170.0)
    palm: Point | None = None
    distance: float = 0.50
    roll: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    back: bool = False


@dataclass(frozen=True, eq=False)
class GroundTruth:
    """Where the rendered hand really is.

    Attributes
    ----------
    landmarks : (21, 2) float64
        MediaPipe's points in frame pixels.
    space : (21, 3) float64
        The same in metres, camera frame: x right, y down, z away.
    side : "left" or "right"
        The person's hand, whether or not the frame is mirrored.
    """

    landmarks: Floats
    space: Floats
    side: Side

    @property
    def tip(self) -> Point:
        """Index fingertip in frame pixels."""
        return (float(self.landmarks[8, 0]), float(self.landmarks[8, 1]))

    def inside(self, size: tuple[int, int]) -> float:
        """Return the share of the landmarks that lie within a picture of ``size``, 0..1."""
        low = (self.landmarks >= 0).all(1)
        return float((low & (self.landmarks < size).all(1)).mean())


class VirtualHand:
    """A hand that can be photographed.

    Parameters
    ----------
    side : "left" or "right"
        Which hand of the person.
    size : (int, int)
        Width and height of the frames in pixels.
    mirrored : bool
        Make selfie views instead of the camera's own.
    """

    def __init__(
        self, side: Side = "right", *, size: tuple[int, int] = (640, 480), mirrored: bool = False
    ) -> None:
        self.side: Side = side
        self.size = size
        self.mirrored = mirrored
        self.mesh = load_mesh(side)
        arm, arm_normals, is_sleeve, arm_faces = forearm()
        self._rest = (arm, arm_normals)
        self._faces = np.concatenate([self.mesh.faces, arm_faces + len(self.mesh.vertices)]).astype(np.int32)
        on_texture = [self.mesh.uv * TEXTURE - 0.5, arm_texture_position(arm_normals[:, 1], is_sleeve)]
        self._texture_position = np.concatenate(on_texture).astype(np.float32)
        self._noise: dict[float, NDArray[np.int8]] = {}
        pointing = self.mesh.bend(joint_turns(side, pose_angles("one")))
        self._pointing_tip = self.mesh.landmarks(pointing)[8]

    def render(
        self,
        pose: PoseName | Angles = "one",
        view: View | None = None,
        *,
        backdrop: Backdrop = "wall",
        look: Look | None = None,
        motion: Point = (0.0, 0.0),
        rng: np.random.Generator | None = None,
    ) -> tuple[Image, GroundTruth]:
        """Take one picture.

        Parameters
        ----------
        pose : str or (22,) float64
            A named pose or joint angles (see ``poses``).
        backdrop : str or (H, W, 3) uint8
            A named background, or a BGR picture, such as another hand's frame (it is not mirrored again).
        motion : (x, y)
            How far the hand moves during the exposure, pixels: blurs the hand.
        rng : numpy Generator or None
            For the sensor's noise; None gives the same noise every time.

        Returns
        -------
        (H, W, 3) uint8 BGR, GroundTruth
        """
        view, look = view or View(), look or Look()
        angles = pose_angles(pose) if isinstance(pose, str) else pose
        if self.mirrored:
            view, motion = self._unmirror(view), (-motion[0], motion[1])
        joints = self.mesh.bend(joint_turns(self.side, angles))
        turn, shift = self._placement(joints, view)
        ground = backdrop if not isinstance(backdrop, str) else background(backdrop, self.size)
        if self.mirrored:
            ground = np.ascontiguousarray(ground[:, ::-1])
        image = self._compose(ground, joints, (turn, shift), look, motion)
        image = self._expose(image, look, rng or np.random.default_rng(0))
        space = self.mesh.landmarks(joints) @ turn.T + shift
        truth = GroundTruth(self._project(space), space, self.side)
        return self._mirror(image, truth) if self.mirrored else (image, truth)

    def _unmirror(self, view: View) -> View:
        width = self.size[0]
        palm = None if view.palm is None else (width - view.palm[0], view.palm[1])
        return replace(view, tip=(width - view.tip[0], view.tip[1]), palm=palm)

    def _mirror(self, image: Image, truth: GroundTruth) -> tuple[Image, GroundTruth]:
        landmarks = truth.landmarks * [-1, 1] + [self.size[0], 0]
        return cv2.flip(image, 1), GroundTruth(landmarks, truth.space * [-1, 1, 1], self.side)

    def _project(self, points: Floats) -> Floats:
        width, height = self.size
        return np.asarray(points[:, :2] / points[:, 2:] * (_FOCAL * width) + [width / 2, height / 2])

    def _placement(self, joints: Floats, view: View) -> tuple[Floats, Floats]:
        """Return rotation and shift from the wrist's frame to the camera's."""
        base = _BACK_VIEW if view.back else _PALM_VIEW
        turn = rotation("z", view.roll) @ rotation("x", view.pitch) @ rotation("y", view.yaw) @ base
        palm = joints[JOINT["middle-proximal"], :3, 3] * 0.55
        anchor, pixel = (self._pointing_tip, view.tip) if view.palm is None else (palm, view.palm)
        depth = view.distance + float((turn @ (anchor - palm))[2])
        focal = _FOCAL * self.size[0]
        at = [
            (pixel[0] - self.size[0] / 2) * depth / focal,
            (pixel[1] - self.size[1] / 2) * depth / focal,
            depth,
        ]
        return turn, np.array(at) - turn @ anchor

    def _compose(
        self, ground: Image, joints: Floats, placement: tuple[Floats, Floats], look: Look, motion: Point
    ) -> Image:
        """Draw the hand over the background."""
        image = ground.copy()
        width, height = self.size
        turn, shift = placement
        scale = look.supersample
        vertices, normals = self.mesh.skin(joints)
        points = np.concatenate([vertices, self._rest[0]]) @ turn.T + shift
        facing = np.concatenate([normals, self._rest[1]]) @ turn.T
        if points[:, 2].min() <= _NEAR:
            return image
        xy = self._project(points)
        margin = 2 + int(np.ceil(max(abs(motion[0]), abs(motion[1])) / 2))
        left, top = np.clip(np.floor(xy.min(0)).astype(int) - margin, 0, [width, height])
        right, bottom = np.clip(np.ceil(xy.max(0)).astype(int) + margin, 0, [width, height])
        if right <= left or bottom <= top:
            return image
        box = ((bottom - top) * scale, (right - left) * scale)
        found = rasterise((xy - [left, top]) * scale, points[:, 2], self._faces, *box)
        light = light_vertices(points, facing, look)
        attributes = np.c_[light, points[:, 2].astype(np.float32), self._texture_position]
        texture = coloured_skin(self.side, look.skin, look.sleeve)
        layer = shade(found, self._faces, attributes, texture, size=box, look=look)
        if scale > 1:
            layer = cv2.resize(layer, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
        layer = _smear(layer, motion)
        part = image[top:bottom, left:right]
        keep = cv2.cvtColor(255 - layer[:, :, 3], cv2.COLOR_GRAY2BGR)
        part[:] = cv2.add(cv2.multiply(part, keep, scale=1 / 255), layer[:, :, :3])
        return image

    def _expose(self, image: Image, look: Look, rng: np.random.Generator) -> Image:
        """Add the lens's blur and the sensor's noise."""
        if look.blur > 0:
            image = cv2.GaussianBlur(image, (0, 0), look.blur)
        if look.noise > 0:
            # One large sheet of noise, shifted for every frame: drawing it anew costs more than the hand.
            sheet = self._noise.get(look.noise)
            width, height = self.size
            if sheet is None:
                drawn = np.random.default_rng(7).normal(0, look.noise, (height + 97, width + 97))
                sheet = np.repeat(np.clip(np.round(drawn), -127, 127).astype(np.int8)[..., None], 3, axis=2)
                self._noise[look.noise] = sheet
            y, x = rng.integers(0, 97, 2)
            image = cv2.add(image, sheet[y : y + height, x : x + width], dtype=cv2.CV_8U)
        return image


def _smear(layer: Image, motion: Point) -> Image:
    """Blur a layer along the way it moves during the exposure."""
    if motion[0] ** 2 + motion[1] ** 2 <= 4:
        return layer
    radius = int(np.ceil(max(abs(motion[0]), abs(motion[1])) / 2))
    kernel = np.zeros((2 * radius + 1, 2 * radius + 1), np.float32)
    for share in np.linspace(-0.5, 0.5, 8 * radius):
        kernel[round(radius + share * motion[1]), round(radius + share * motion[0])] = 1
    return np.asarray(
        cv2.filter2D(layer, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE), dtype=np.uint8
    )
