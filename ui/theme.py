"""How the window looks: colours, type and icons, in a light and a dark theme.

The sizes of single widgets are their own affair.
"""

from __future__ import annotations

import functools
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final, Literal

from PySide6.QtCore import QObject, Qt, Signal, SignalInstance, Slot
from PySide6.QtGui import (
    QAction,
    QColor,
    QFont,
    QFontDatabase,
    QGuiApplication,
    QIcon,
    QPainter,
    QPalette,
    QPixmap,
)
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QApplication

ThemeChoice = Literal["system", "light", "dark"]

_HERE: Final = Path(__file__).parent
_OBJECT_NAME: Final = "theme"
_ICON_SIZES: Final = (16, 20, 24, 32, 40, 48, 64, 96)  # physical pixels: 16, 20, 24, 32 at 1x, 2x and 3x


@dataclass(frozen=True, slots=True)
class Theme:
    """Every colour by its role, as "#rrggbb". Text roles reach WCAG AA (4.5:1) on surface, raised and sunken.

    Attributes
    ----------
    surface, raised, sunken
        The window, cards and sheets on it, wells in it.
    hover, pressed
        A control under the mouse, and held.
    border, strong_border
        Hairlines; outlines of inputs (3:1).
    text, muted
        Words; secondary words.
    accent, on_accent
        The one accent as a fill, and words on it.
    accent_text, accent_soft
        The accent as words or icons; a tinted background.
    danger, warning, success
        Words and icons.
    warning_soft
        A tinted background of a warning.
    paper, stage
        The canvas without a camera; what surrounds the picture.
    """

    name: str
    surface: str
    raised: str
    sunken: str
    hover: str
    pressed: str
    border: str
    strong_border: str
    text: str
    muted: str
    accent: str
    on_accent: str
    accent_text: str
    accent_soft: str
    danger: str
    warning: str
    warning_soft: str
    success: str
    paper: str
    stage: str
    toast: str
    on_toast: str

    @property
    def is_dark(self) -> bool:
        """Whether words are light on dark."""
        return self.name == "dark"

    def colour(self, token: str) -> QColor:
        """A token ("accent") or a colour's own notation ("#ff0000") as a colour."""
        return QColor(getattr(self, token) if token in _TOKENS else token)


_TOKENS: Final = frozenset(field.name for field in fields(Theme)) - {"name"}

LIGHT: Final = Theme(
    name="light",
    surface="#f6f6f8",
    raised="#ffffff",
    sunken="#ededf1",
    hover="#e9e9ee",
    pressed="#dddde4",
    border="#e2e2e8",
    strong_border="#8b8d98",
    text="#1b1c20",
    muted="#5c5f69",
    accent="#4c56c9",
    on_accent="#ffffff",
    accent_text="#434cbb",
    accent_soft="#e6e8fb",
    danger="#b4232b",
    warning="#8a5300",
    warning_soft="#fbeed8",
    success="#1a6f3c",
    paper="#ffffff",
    stage="#e6e6eb",
    toast="#26272c",
    on_toast="#f4f4f6",
)
DARK: Final = Theme(
    name="dark",
    surface="#141518",
    raised="#1d1e22",
    sunken="#0e0f11",
    hover="#292a30",
    pressed="#34363d",
    border="#2a2c32",
    strong_border="#747884",
    text="#ececf0",
    muted="#a3a6b1",
    accent="#5a64d6",
    on_accent="#ffffff",
    accent_text="#a5aeff",
    accent_soft="#282b4d",
    danger="#ff8a85",
    warning="#f0b860",
    warning_soft="#3a2d17",
    success="#6fd298",
    paper="#ffffff",
    stage="#0b0c0d",
    toast="#ececf0",
    on_toast="#1b1c20",
)


def apply_theme(app: QApplication, choice: str) -> Theme:
    """Dress the whole application, and go on following the system when the choice is "system".

    Parameters
    ----------
    app : QApplication
        All of its windows change at once.
    choice : {"system", "light", "dark"}
        Anything else counts as "system".

    Returns
    -------
    Theme
        The one in force now.
    """
    controller = _controller(app)
    controller.choose(choice)
    return controller.theme


def current_theme() -> Theme:
    """The theme in force; the light one before `apply_theme`."""
    app = QApplication.instance()
    return _controller(app).theme if isinstance(app, QApplication) else LIGHT


def theme_changed() -> SignalInstance:
    """The signal (with the new `Theme`) for widgets that paint themselves; the palette and QSS need none."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        raise RuntimeError("a theme needs an application")
    return _controller(app).changed


def icon(name: str, colour: str | QColor = "text") -> QIcon:
    """A line icon from ``ui/icons`` in one colour, sharp at every device pixel ratio.

    Parameters
    ----------
    name : str
        The file's name without ``.svg``.
    colour : str or QColor
        A token of the theme ("muted") or a colour. It does not follow a change of theme: `bind_icon` does.
    """
    theme = current_theme()
    ink = colour if isinstance(colour, QColor) else theme.colour(colour)
    faded = QColor(ink)
    faded.setAlphaF(0.38)
    return _drawn_icon(name, ink.name(QColor.NameFormat.HexArgb), faded.name(QColor.NameFormat.HexArgb))


def icon_pixmap(name: str, size: int, colour: str | QColor = "text", ratio: float = 1.0) -> QPixmap:
    """One icon as a pixmap of `size` logical pixels, for widgets that paint themselves."""
    ink = colour if isinstance(colour, QColor) else current_theme().colour(colour)
    pixmap = _drawn_pixmap(name, round(size * ratio), ink.name(QColor.NameFormat.HexArgb))
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def bind_icon(target: QAbstractButton | QAction, name: str, colour: str = "text") -> None:
    """Give a button or an action an icon that changes with the theme; call again for another icon."""
    target.setProperty("iconName", name)
    target.setProperty("iconColour", colour)
    target.setIcon(icon(name, colour))
    if not target.property("iconBound"):
        target.setProperty("iconBound", True)
        rebind = _Rebinding(target)
        theme_changed().connect(rebind.redraw)


class _Rebinding(QObject):
    """Redraws its parent's icon; dies with it."""

    def __init__(self, target: QAbstractButton | QAction) -> None:
        super().__init__(target)
        self._target = target

    @Slot()
    def redraw(self) -> None:
        self._target.setIcon(icon(self._target.property("iconName"), self._target.property("iconColour")))


class _ThemeController(QObject):
    """Holds the choice for one application and follows the system."""

    changed = Signal(object)

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self.setObjectName(_OBJECT_NAME)
        self.theme = LIGHT
        self._app = app
        self._choice = "system"
        self._dressed = False
        app.styleHints().colorSchemeChanged.connect(self._follow_system)

    def choose(self, choice: str) -> None:
        self._choice = choice if choice in ("light", "dark") else "system"
        scheme = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}.get(self._choice)
        hints = self._app.styleHints()
        # The window's own frame (Windows, macOS) follows too.
        hints.setColorScheme(scheme if scheme is not None else Qt.ColorScheme.Unknown)
        self._dress()

    @Slot()
    def _follow_system(self) -> None:
        if self._choice == "system" and self._dressed:
            self._dress()

    def _dress(self) -> None:
        dark = self._choice == "dark" or (
            self._choice == "system" and self._app.styleHints().colorScheme() == Qt.ColorScheme.Dark
        )
        theme = DARK if dark else LIGHT
        if self._dressed and theme is self.theme:
            return
        self.theme = theme
        if not self._dressed:
            self._app.setStyle("Fusion")
            self._app.setFont(_reading_font())
        self._dressed = True
        self._app.setPalette(_palette(theme))
        self._app.setStyleSheet(style_sheet(theme, self._app.font()))
        self.changed.emit(theme)


def _controller(app: QApplication) -> _ThemeController:
    controller = app.findChild(_ThemeController, _OBJECT_NAME)
    return controller if controller is not None else _ThemeController(app)


def style_sheet(theme: Theme, font: QFont) -> str:
    """The application's QSS: ``theme.qss`` with the theme's colours and sizes from the system's font."""
    base = font.pointSizeF() if font.pointSizeF() > 0 else font.pixelSize() * 0.75
    values = {key: value for key, value in asdict(theme).items() if key in _TOKENS}
    for name, step in (("font_small", -0.75), ("font_body", 0.0), ("font_large", 2.0), ("font_title", 5.0)):
        values[name] = f"{base + step:.2f}pt"
    text = (_HERE / "theme.qss").read_text(encoding="utf-8")
    values["icons"], values["arrow"] = (_HERE / "icons").as_posix(), theme.name
    for token in sorted(values, key=len, reverse=True):  # "@accent_soft" before "@accent"
        text = text.replace(f"@{token}", values[token])
    return text


def _reading_font() -> QFont:
    """The system's font; where there is none to speak of (bare X11) a better one, with Korean behind it."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    families = [] if font.family() in ("", "Sans Serif", "Sans", "DejaVu Sans") else [font.family()]
    families += ["Inter", "Noto Sans", "Ubuntu", "Cantarell", "Segoe UI"] if not families else []
    families += ["Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans CJK KR", "Noto Sans KR", "NanumGothic"]
    families = [family for family in families if QFontDatabase.hasFamily(family)]
    if families:
        font.setFamilies([*families, font.family()])
    if 0 < font.pointSizeF() < 9.75 and QGuiApplication.primaryScreen() is not None:
        font.setPointSizeF(9.75)  # 13 px at 96 dpi: Korean syllables close up below that
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font


def _palette(theme: Theme) -> QPalette:
    role, group = QPalette.ColorRole, QPalette.ColorGroup
    palette = QPalette(QColor(theme.surface))
    for target, colour in (
        (role.Window, theme.surface),
        (role.WindowText, theme.text),
        (role.Base, theme.raised),
        (role.AlternateBase, theme.sunken),
        (role.Text, theme.text),
        (role.PlaceholderText, theme.muted),
        (role.Button, theme.raised),
        (role.ButtonText, theme.text),
        (role.BrightText, theme.danger),
        (role.ToolTipBase, theme.toast),
        (role.ToolTipText, theme.on_toast),
        (role.Highlight, theme.accent),
        (role.HighlightedText, theme.on_accent),
        (role.Link, theme.accent_text),
        (role.LinkVisited, theme.accent_text),
        (role.Mid, theme.border),
        (role.Accent, theme.accent),
    ):
        palette.setColor(target, QColor(colour))
    for target in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(group.Disabled, target, QColor(theme.strong_border))
    return palette


@functools.lru_cache(maxsize=256)
def _drawn_icon(name: str, ink: str, faded: str) -> QIcon:
    drawn = QIcon()
    for size in _ICON_SIZES:
        drawn.addPixmap(_drawn_pixmap(name, size, ink), QIcon.Mode.Normal)
        drawn.addPixmap(_drawn_pixmap(name, size, faded), QIcon.Mode.Disabled)
    return drawn


def _drawn_pixmap(name: str, side: int, ink: str) -> QPixmap:
    colour = QColor(ink)
    renderer = QSvgRenderer(_svg(name).replace(b"currentColor", colour.name().encode()))
    pixmap = QPixmap(side, side)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setOpacity(colour.alphaF())
    renderer.render(painter)
    painter.end()
    return pixmap


@functools.cache
def _svg(name: str) -> bytes:
    return (_HERE / "icons" / f"{name}.svg").read_bytes()
