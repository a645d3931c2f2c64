"""A sketch as SVG and back: one polyline a stroke, pen and times in `data-` attributes.

Only the SVG of this program is read; bounds are checked in `sketch_schema`.
"""

from __future__ import annotations

from typing import Final
from xml.parsers import expat

from sketch_app.sketch import Pen
from sketch_app.sketch_schema import FORMAT, SketchFields, StrokeFields

_VERSION: Final = "data-sketch-app-version"
_PEN: Final = "data-pen"
_TIMES: Final = "data-times"


def svg_of(fields: SketchFields) -> str:
    """Return the SVG document of a sketch."""
    width, height = fields.size
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {_VERSION}="{fields.version}" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'fill="none" stroke-linecap="round" stroke-linejoin="round">'
    )
    paper = '<rect width="100%" height="100%" fill="#ffffff"/>'
    return "\n".join([head, paper, *map(_polyline, fields.strokes), "</svg>\n"])


def _polyline(stroke: StrokeFields) -> str:
    red, green, blue = Pen(stroke.pen).rgb
    # A line of one point is not painted; of the same point twice, its round caps make it a dot.
    painted = stroke.points if len(stroke.points) > 1 else stroke.points * 2
    points = " ".join(f"{x},{y}" for x, y in painted)
    times = " ".join(map(str, stroke.times))
    return (
        f'<polyline {_PEN}="{stroke.pen}" {_TIMES}="{times}" stroke="#{red:02x}{green:02x}{blue:02x}" '
        f'stroke-width="{stroke.width}" points="{points}"/>'
    )


def fields_from_svg(data: bytes) -> dict[str, object]:
    """Take the fields of a sketch out of an SVG document, unchecked.

    Raises
    ------
    ValueError
        The document is not well-formed XML, declares a document type (which a sketch never does and an attack
        might), or a number in it is none.
    """
    fields: dict[str, object] = {}
    strokes: list[dict[str, object]] = []

    def on_element(name: str, attributes: dict[str, str]) -> None:
        if not fields:
            is_ours = name == "svg" and _VERSION in attributes
            fields["format"] = FORMAT if is_ours else name
            if is_ours:
                fields["version"] = int(attributes[_VERSION])
                fields["size"] = [int(attributes.get(side, "0")) for side in ("width", "height")]
        elif name == "polyline" and _PEN in attributes:
            strokes.append(_stroke_fields(attributes))

    def on_doctype(*_: object) -> None:
        raise ValueError("it declares a document type")

    parser = expat.ParserCreate()
    parser.StartElementHandler = on_element
    parser.StartDoctypeDeclHandler = on_doctype
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from error
    return {**fields, "strokes": strokes}


def _stroke_fields(attributes: dict[str, str]) -> dict[str, object]:
    points = [[float(number) for number in pair.split(",")] for pair in attributes.get("points", "").split()]
    times = [float(number) for number in attributes.get(_TIMES, "").split()]
    if len(times) == 1 and len(points) == 2 and points[0] == points[1]:
        del points[1]
    return {
        "pen": attributes[_PEN],
        "width": float(attributes.get("stroke-width", "0")),
        "points": points,
        "times": times,
    }
