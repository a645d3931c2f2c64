"""The outside world: cameras and video frames, the hand in them, and the phone on its cable.

Nothing is imported here, so that ``import device`` costs nothing; import the module you need.
"""
