"""Sketches as files: the program's own JSON, SVG that any drawing program opens, and PNG.

The fields and their bounds are in `sketch_schema`, the SVG in `sketch_svg`, pixels in `raster`. A drawing
that comes as another program's picture is not read here.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sketch_app.atomic_files import write_atomically
from sketch_app.errors import SketchFileError
from sketch_app.raster import render
from sketch_app.sketch import Size, Sketch

if TYPE_CHECKING:
    from sketch_app.sketch_schema import SketchFields

MAX_BYTES: Final = 8_000_000
"""A sketch file is never larger; one that is was not written by this program, or is not worth the memory."""


def save_json(sketch: Sketch, path: Path) -> None:
    """Save a sketch with everything that belongs to it: strokes, pens, widths and times.

    Coordinates are rounded to 0.1 px, times to 1 ms. The file is replaced as a whole or not at all.

    Raises
    ------
    SketchFileError
        The file cannot be written, or the sketch is out of the format's bounds.
    """
    _write(path, sketch_to_json(sketch, path.name))


def load_json(path: Path) -> Sketch:
    """Read a sketch that `save_json` wrote.

    Raises
    ------
    SketchFileError
        The file cannot be read, is damaged, too large, or from a newer version of the program.
    """
    return sketch_from_json(_read(path), path.name)


def save_svg(sketch: Sketch, path: Path) -> None:
    """Save a sketch as SVG: one polyline a stroke, its times in an attribute, so that it loads again.

    Raises
    ------
    SketchFileError
        The file cannot be written, or the sketch is out of the format's bounds.
    """
    from sketch_app.sketch_svg import svg_of

    _write(path, _within_size(svg_of(_fields_of(sketch, path.name)).encode(), path.name))


def load_svg(path: Path) -> Sketch:
    """Read a sketch that `save_svg` wrote; other programs' drawings are refused.

    Raises
    ------
    SketchFileError
        The file cannot be read, is damaged, too large, from a newer version, or not a sketch of this program.
    """
    from sketch_app.sketch_svg import fields_from_svg

    try:
        fields = fields_from_svg(_read(path))
    except ValueError as error:
        raise _damaged(path.name, str(error)) from error
    return _sketch_of(fields, path.name)


def save_png(sketch: Sketch, path: Path, size: Size | None = None) -> None:
    """Save a picture of the whole canvas in colour on white.

    Parameters
    ----------
    sketch : Sketch
        What to draw.
    path : Path
        Where to.
    size : tuple of int, optional
        Width and height in pixels; by default twice the canvas's.

    Raises
    ------
    SketchFileError
        The file cannot be written.
    """
    from PIL import Image

    picture = render(sketch, size or (2 * sketch.size[0], 2 * sketch.size[1]))
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    _write(path, buffer.getvalue())


def load_sketch(path: Path) -> Sketch:
    """Read a sketch file of this program, JSON or SVG by its ending.

    Raises
    ------
    SketchFileError
        As in `load_json`; also for any other ending.
    """
    ending = path.suffix.lower()
    if ending == ".json":
        return load_json(path)
    if ending == ".svg":
        return load_svg(path)
    raise SketchFileError(f"“{path.name}” is not a sketch of this program: choose a .json or .svg file.")


def sketch_to_json(sketch: Sketch, name: str) -> bytes:
    """Return what `save_json` writes; `name` is for the error's sentence.

    Raises
    ------
    SketchFileError
        The sketch is out of the format's bounds.
    """
    return _within_size(_fields_of(sketch, name).model_dump_json().encode(), name)


def sketch_from_json(data: bytes, name: str) -> Sketch:
    """Read a sketch from a JSON file's content; `name` is for the error's sentence.

    Raises
    ------
    SketchFileError
        The content is damaged, not a sketch, or from a newer version of the program.
    """
    from pydantic_core import from_json

    try:
        fields = from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise _damaged(name, str(error)) from error
    if not isinstance(fields, dict):
        raise _foreign(name)
    return _sketch_of(fields, name)


def _sketch_of(fields: dict[str, object], name: str) -> Sketch:
    from pydantic import ValidationError

    from sketch_app.sketch_schema import FORMAT, VERSION, sketch_of

    if fields.get("format") != FORMAT:
        raise _foreign(name)
    version = fields.get("version")
    if isinstance(version, int) and version > VERSION:
        raise SketchFileError(
            f"“{name}” was saved by a newer version of this program: update the program to open it."
        )
    try:
        return sketch_of(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise _damaged(name, f"{place}: {first['msg']}") from error


def _fields_of(sketch: Sketch, name: str) -> SketchFields:
    from pydantic import ValidationError

    from sketch_app.sketch_schema import fields_of

    try:
        return fields_of(sketch)
    except ValidationError as error:
        raise _too_large_to_save(name) from error


def _read(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():  # reading a pipe or a device could wait for ever
            raise SketchFileError(f"“{path.name}” is not a file: choose a sketch file.")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        reason = getattr(error, "strerror", None) or error
        raise SketchFileError(
            f"“{path}” cannot be read ({reason}): check that it is there and yours."
        ) from error
    if len(data) > MAX_BYTES:
        raise SketchFileError(
            f"“{path.name}” is larger than {MAX_BYTES // 1_000_000} MB, no sketch is: choose another file."
        )
    return data


def _write(path: Path, data: bytes) -> None:
    try:
        write_atomically(path, data)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SketchFileError(f"“{path}” cannot be saved ({reason}): choose another folder.") from error


def _within_size(data: bytes, name: str) -> bytes:
    if len(data) > MAX_BYTES:
        raise _too_large_to_save(name)
    return data


def _too_large_to_save(name: str) -> SketchFileError:
    return SketchFileError(
        f"The sketch is too large to be saved as “{name}”: erase some of it, or save it as a picture."
    )


def _damaged(name: str, reason: str) -> SketchFileError:
    return SketchFileError(f"“{name}” is damaged ({reason[:200]}): open another copy of it.")


def _foreign(name: str) -> SketchFileError:
    return SketchFileError(f"“{name}” is not a sketch of this program: choose another file.")
