"""Models side by side: from what each says of some pictures to the document that the columns are drawn from."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.arrays import likeness, relative_difference
from analysis.types import AttributionMap, Picture
from app.figures import grid

if TYPE_CHECKING:  # importing them costs seconds of torch
    from analysis.pipelines.side_by_side import Place
    from app.figures.grid import Methods, Row

NOT_LINEAR = "The head of this model is not one linear map, so its features have no angle, length or margin to a class."
SAME = "The same map as the base's."


@dataclass(frozen=True, slots=True)
class Column:
    """One model: its name and a line about it."""

    name: str
    facts: str
    base: bool = False
    full: str = ""  # the whole name, where `name` is short


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One picture before one model."""

    row: Row
    place: Place | None = None
    linear: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One picture before all models, the base first."""

    cells: Sequence[Cell]
    truth: str = ""  # its label, where it has one
    known: Sequence[int | None] = ()  # the label as each model's class


def document(
    columns: Sequence[Column], lines: Sequence[Line], methods: Methods, send: Callable[[Picture], str]
) -> dict[str, Any]:
    """Everything that the columns show, as JSON; rows as the map grid has them, picture by picture."""
    drawn = grid.document([cell.row for line in lines for cell in line.cells], methods, send)
    rows = iter(drawn["rows"])
    for line in lines:
        for number, cell in enumerate(line.cells):
            row = next(rows)
            row["column"] = number
            row |= _said(line, number)
            row["geometry"] = _geometry(cell, line.cells[0])
            row |= _difference(row, cell, line.cells[0]) if number else {"why": "", "like": ""}
    found = drawn | {
        "columns": [{"name": c.name, "facts": c.facts, "base": c.base, "full": c.full or c.name} for c in columns],
        "lines": [{"picture": line.cells[0].row.picture.digest, "truth": line.truth} for line in lines],
    }
    del found["stamp"]
    return found | {"stamp": hashlib.sha256(json.dumps(found).encode()).hexdigest()}


def _said(line: Line, number: int) -> dict[str, Any]:
    """Whether the model is right, and whether it says what the base says."""
    found, first = line.cells[number].row.explanation, line.cells[0].row.explanation
    truth = line.known[number] if number < len(line.known) else None
    right = None if found is None or truth is None else found.top[0].index == truth
    moved = found is not None and first is not None and found.top[0].name != first.top[0].name
    return {"verdict": {True: "right", False: "wrong", None: ""}[right], "moved": moved}


def _difference(row: dict[str, Any], cell: Cell, base: Cell) -> dict[str, Any]:
    """Add the map of the difference to the base's beside the model's own; else say why there is none."""
    own, other = _only(cell), _only(base)
    if own is None or other is None or not row["groups"][0]["maps"]:
        return {"why": "", "like": ""}
    if reason := _incomparable(cell, base):
        return {"why": reason, "like": ""}
    values, like = relative_difference(own.raw, other.raw), likeness(own.raw, other.raw)
    said = "One of the maps is the same everywhere"
    if math.isfinite(like):
        digits = 2 if abs(like) < 0.995 else 4  # only equal maps are 1.0000
        said = f"r = {like:.{digits}f} with the base's map".replace("-", "−")
    if own.target != other.target:
        said += f"; it speaks of {own.target}, the base's of {other.target}"
    drawn = row["groups"][0]["maps"][0]
    row["groups"][0]["maps"].append(drawn | _changed(drawn, values, said))
    return {"why": "", "like": said}


def _changed(drawn: Mapping[str, Any], values: np.ndarray, said: str) -> dict[str, Any]:
    """What a difference has otherwise than the map that it was made from."""
    return {
        "id": f"{drawn['id']}-difference",
        "label": f"{drawn['label']} minus the base's",
        "raw": base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode(),
        "shape": list(values.shape),
        "range": "symmetric",
        "identical": [],
        "remarks": [SAME] if not values.any() else [],
        "file": f"{drawn['file']}.difference",
        "note": dict.fromkeys(drawn["note"], "") | {"reads": said},
    }


def _only(cell: Cell) -> AttributionMap | None:
    found = cell.row.explanation
    return found.maps[0] if found is not None and found.maps else None


def _incomparable(cell: Cell, base: Cell) -> str:
    """Why two maps do not lie over each other; empty where they do."""
    size = cell.row.picture.pixels.size
    one, other = cell.row.classifier.preprocessing.view(*size), base.row.classifier.preprocessing.view(*size)
    if any(abs(a - b) > 1 for a, b in zip(one, other, strict=True)):
        return "This model sees another part of the picture than the base, so their maps cannot be subtracted."
    return ""


def _geometry(cell: Cell, base: Cell) -> dict[str, Any]:
    """Angle, length and margin in words, each with its change from the base where both are to the same class."""
    if cell.row.explanation is None:
        return {"to": "", "rows": [], "why": ""}
    if cell.place is None:
        return {"to": "", "rows": [], "why": NOT_LINEAR if not cell.linear else ""}
    place, names = cell.place, cell.row.classifier.class_names
    other = base.place if base is not cell and base.place and _same_class(cell, base) else None
    rows = [
        ["Angle", _degrees(place.angle), _moved(place.angle, other and other.angle, math.degrees, "°")],
        ["Length", _figures(place.length), _moved(place.length, other and other.length)],
        ["Margin", _figures(place.margin), _moved(place.margin, other and other.margin)],
    ]
    return {"to": names[place.against], "rows": rows, "why": ""}


def _same_class(cell: Cell, base: Cell) -> bool:
    if cell.place is None or base.place is None:
        return False
    return cell.row.classifier.class_names[cell.place.against] == base.row.classifier.class_names[base.place.against]


def _degrees(radians: float) -> str:
    return f"{math.degrees(radians):.1f}°" if math.isfinite(radians) else "none"


def _figures(value: float) -> str:
    return f"{value:.3g}".replace("-", "−") if math.isfinite(value) else "none"


def _moved(value: float, base: float | None, unit: Callable[[float], float] = float, sign: str = "") -> str:
    """`+4.1°`; empty where there is nothing to compare with."""
    if base is None or not (math.isfinite(value) and math.isfinite(base)):
        return ""
    change = unit(value) - unit(base)
    text = f"{change:+.1f}" if sign else f"{change:+.2g}"
    return f"{text.replace('-', '−')}{sign}"
