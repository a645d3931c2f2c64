"""The content of a sketch file, version 1: its fields and the bounds that each must keep.

Imported only when a file is read or written, because pydantic takes a while to load. Paths and the wording of
errors are in `sketch_files`.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from sketch_app.sketch import Pen, Sketch, Stroke

FORMAT: Final = "sketch_app sketch"
VERSION: Final = 1
MAX_STROKES: Final = 20_000
MAX_POINTS: Final = 200_000  # of the whole sketch: nearly two hours of unbroken drawing

# Wide enough for any canvas a person draws on, narrow enough that nothing overflows or fills the memory.
_Side = Annotated[int, Field(ge=16, le=16_384)]
_Coordinate = Annotated[float, Field(ge=-65_536, le=65_536)]
_Seconds = Annotated[float, Field(ge=0, le=10_000_000)]
_Width = Annotated[float, Field(ge=0.01, le=4096)]
_STRICT: Final = ConfigDict(strict=True, allow_inf_nan=False, extra="ignore", frozen=True)


class StrokeFields(BaseModel):
    """One stroke: as many times as points."""

    model_config = _STRICT

    pen: Literal["black", "green", "red"]
    width: _Width
    points: Annotated[
        list[Annotated[list[_Coordinate], Field(min_length=2, max_length=2)]], Field(min_length=1)
    ]
    times: list[_Seconds]

    @model_validator(mode="after")
    def _check_times(self) -> StrokeFields:
        if len(self.times) != len(self.points):
            raise ValueError(f"{len(self.points)} points but {len(self.times)} times")
        return self


class SketchFields(BaseModel):
    """A whole sketch."""

    model_config = _STRICT

    format: Literal["sketch_app sketch"] = "sketch_app sketch"
    version: Literal[1] = 1
    size: Annotated[list[_Side], Field(min_length=2, max_length=2)]
    strokes: Annotated[list[StrokeFields], Field(max_length=MAX_STROKES)]

    @model_validator(mode="after")
    def _check_points(self) -> SketchFields:
        count = sum(len(stroke.points) for stroke in self.strokes)
        if count > MAX_POINTS:
            raise ValueError(f"{count} points, more than {MAX_POINTS}")
        return self


def fields_of(sketch: Sketch) -> SketchFields:
    """Round a sketch for a file: coordinates to 0.1 px, times to 1 ms, widths to 0.01 px.

    Raises
    ------
    pydantic.ValidationError
        The sketch is out of bounds; what is returned can be read again.
    """
    strokes = [
        {
            "pen": stroke.pen.value,
            "width": round(float(stroke.width), 2),
            # Adding 0 makes a negative zero a plain one.
            "points": (np.round(stroke.points.astype(np.float64), 1) + 0.0).tolist(),
            "times": (np.round(stroke.times.astype(np.float64), 3) + 0.0).tolist(),
        }
        for stroke in sketch.strokes
    ]
    return SketchFields.model_validate({"size": list(sketch.size), "strokes": strokes})


def sketch_of(fields: object) -> Sketch:
    """Check the fields and build the sketch.

    Raises
    ------
    pydantic.ValidationError
        A field is missing, of the wrong kind, or out of bounds.
    """
    checked = SketchFields.model_validate(fields)
    strokes = tuple(
        Stroke(
            np.array(stroke.points, np.float32),
            np.array(stroke.times, np.float32),
            Pen(stroke.pen),
            stroke.width,
        )
        for stroke in checked.strokes
    )
    return Sketch(strokes, (checked.size[0], checked.size[1]))
