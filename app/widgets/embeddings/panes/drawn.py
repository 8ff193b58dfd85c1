"""What a page hands to the panes."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from app.figures.variant_colours import FAMILIES

NONE = 65_535
"""The code of samples without a class: no label, not predicted, in no cluster. They are drawn in grey."""

HIDDEN, FADED, LIT = 0, 1, 2
"""How a sample is drawn, and whether a lasso may choose it: what is hidden is never chosen."""


class Line(Protocol):
    """A contour of density, as `analysis.projections.density` finds them: x and y (K,) in data coordinates."""

    @property
    def level(self) -> float: ...  # share of the samples inside
    @property
    def x(self) -> np.ndarray: ...
    @property
    def y(self) -> np.ndarray: ...


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """A picture that lies under the points, such as the density of a million of them."""

    png: bytes
    bounds: tuple[float, float, float, float]  # left, bottom, right, top, in data coordinates; row 0 is the top


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """One pane. All panes are of the same samples, in the same order."""

    title: str
    subtitle: str = ""
    points: np.ndarray | None = None  # (N, 2) or (N, 3) float32, nan where there is none; None: nothing yet
    axes: Sequence[str] = ()  # what each axis is, where that can be said
    contours: Sequence[Line] | None = None
    raster: Raster | None = None
    rows: np.ndarray | None = None  # (n,) int: the samples to draw; None: all. A lasso chooses among all
    why: str = ""  # where there are no points: why, in words
    progress: float | None = None  # 0 to 1 while the points are computed


@dataclass(frozen=True, slots=True, eq=False)
class Colouring:
    """What the colours mean, in all panes."""

    kind: Literal["category", "number"]
    codes: np.ndarray | None = None  # (N,) int, places in `names`; NONE or anything outside: no class
    values: np.ndarray | None = None  # (N,) float, nan where there is none
    names: Sequence[str] = ()
    palette: Sequence[str] = ()  # "#rrggbb": of each name, or of the number from low to high; empty: the usual
    low: float = 0.0
    high: float = 1.0
    title: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class UploadMark:
    """A picture that is not of the dataset, at its place in one pane."""

    pane: int
    point: Sequence[float]  # (dims,) in the pane's data coordinates
    name: str
    src: str  # its thumbnail as data URI


def palette(count: int) -> tuple[str, ...]:
    """So many colours, "#rrggbb". Up to 13 are the app's own; of more, neighbours differ and far ones may not."""
    if count <= len(FAMILIES):
        return FAMILIES[:count]
    turns = ((0.47 + 0.61803398875 * i) % 1 for i in range(count))  # the golden ratio: no two neighbours are alike
    lights = (0.42, 0.55, 0.48)
    colours = (colorsys.hls_to_rgb(turn, lights[i % 3], 0.52 + 0.16 * (i % 2)) for i, turn in enumerate(turns))
    return tuple("#" + "".join(f"{round(255 * v):02x}" for v in colour) for colour in colours)
