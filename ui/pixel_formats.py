"""Qt pixel formats by name, for code that may not import Qt."""

from PySide6.QtGui import QImage

RGB888 = QImage.Format.Format_RGB888
