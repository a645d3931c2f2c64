"""A 3D hand, rendered with NumPy and OpenCV, that the real hand tracker follows like a person's.

It draws in the demo, and in the tests and benchmarks it takes the place of a person at a camera.
"""

from device.virtual_hand.backgrounds import BACKGROUNDS, Background, background
from device.virtual_hand.hand import GroundTruth, View, VirtualHand
from device.virtual_hand.performance import Moment, Performance
from device.virtual_hand.shading import Look

__all__ = [
    "BACKGROUNDS",
    "Background",
    "GroundTruth",
    "Look",
    "Moment",
    "Performance",
    "View",
    "VirtualHand",
    "background",
]
