"""What people see: the PySide6 window.

Nothing is imported here, so that ``import ui`` costs nothing; start with `ui.app`.
"""
