"""The application without a window: sketch, drawing by gesture, search, settings, command line.

Nothing heavy is imported here.
"""

__version__ = "0.1.0"
