"""The window's language: which translation is installed. The words themselves are in ``ui/translations``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

_FOLDER: Final = Path(__file__).parent / "translations"
_NAMES: Final = ("sketch_app translator", "qtbase translator")


def apply_language(app: QCoreApplication, choice: str) -> str:
    """Speak a language from now on; widgets hear of it by a LanguageChange event.

    Parameters
    ----------
    choice : str
        "system", or a language's code such as "ko". English needs no translation, and stands in for all others.

    Returns
    -------
    str
        The code of the language in force.
    """
    code = QLocale.system().name().split("_")[0] if choice == "system" else choice
    for name in _NAMES:
        former = app.findChild(QTranslator, name)
        if former is not None:
            app.removeTranslator(former)
            former.setParent(None)
    if code == "en":
        return "en"
    ours = _translator(app, f"sketch_app_{code}", _FOLDER, _NAMES[0])
    if ours is None:
        return "en"
    _translator(
        app, f"qtbase_{code}", Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)), _NAMES[1]
    )
    return code


def _translator(app: QCoreApplication, file: str, folder: Path, name: str) -> QTranslator | None:
    translator = QTranslator(app)
    translator.setObjectName(name)
    if not translator.load(file, str(folder)):
        translator.setParent(None)
        return None
    app.installTranslator(translator)
    return translator
