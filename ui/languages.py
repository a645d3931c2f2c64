"""The window's language: which translation is installed. The words themselves are in ``ui/translations``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

_FOLDER: Final = Path(__file__).parent / "translations"
_NAMES: Final = ("sketch_app translator", "qtbase translator")


def apply_language(app: QCoreApplication, choice: str) -> str:
    """Speak a language from now on; widgets hear of it by a LanguageChange event.

    Dates and numbers follow: those of the system where it speaks that language, else those of the language.

    Parameters
    ----------
    choice : str
        "system", or a language's code such as "ko". English stands in for all others; its translation holds
        plural forms only.

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
    QLocale.setDefault(QLocale.system() if choice == "system" else _locale(code))
    ours = _translator(app, f"sketch_app_{code}", _FOLDER, _NAMES[0])
    if ours is None:
        _translator(app, "sketch_app_en", _FOLDER, _NAMES[0])
        return "en"
    _translator(
        app, f"qtbase_{code}", Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)), _NAMES[1]
    )
    return code


def _locale(code: str) -> QLocale:
    system, wanted = QLocale.system(), QLocale(code)
    return system if system.language() == wanted.language() else wanted


def _translator(app: QCoreApplication, file: str, folder: Path, name: str) -> QTranslator | None:
    path = folder / f"{file}.qm"
    if not path.exists():
        return None
    translator = QTranslator(app)
    translator.setObjectName(name)
    # From memory: Qt maps a file, and one rewritten under a running program would kill it (SIGBUS).
    translator.setProperty("bytes", data := path.read_bytes())
    if not translator.load(data):
        translator.setParent(None)
        return None
    app.installTranslator(translator)
    return translator
