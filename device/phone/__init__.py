"""The phone over ADB: finding it, reading its folders, its media list, its previews and its files.

Nothing here ever writes on a phone. Nothing is imported, so that ``import device.phone`` costs nothing.
"""
