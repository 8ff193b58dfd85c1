"""Which samples a lasso or a box encloses, from its outline: a browser that drew thousands need not list them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def inside(outline: tuple[Sequence[float], Sequence[float]], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Points that a closed outline encloses, by the parity of the edges that a ray to the right crosses.

    outline: its corners' x and y, (K,) each, closed or not; x, y (N,), nan lies outside -> (N,) bool.
    """
    found = np.zeros(len(x), bool)
    corners_x, corners_y = (np.asarray(v, dtype=np.float64) for v in outline)
    if len(corners_x) < 3 or not np.isfinite(corners_x).all() or not np.isfinite(corners_y).all():
        return found
    for (x0, y0), (x1, y1) in zip(
        zip(corners_x, corners_y, strict=True),
        zip(np.roll(corners_x, -1), np.roll(corners_y, -1), strict=True),
        strict=True,
    ):
        if y0 != y1:
            spans = (y0 > y) != (y1 > y)
            found ^= spans & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return found & np.isfinite(x) & np.isfinite(y)


def enclosed(selection: Mapping[str, Any], x: np.ndarray, y: np.ndarray) -> np.ndarray | None:
    """All points within the lassos and boxes of a chart's selection, (N,) bool; None where there are neither."""
    shapes = [(s["x"], s["y"]) for s in selection.get("lasso") or []]
    for box in selection.get("box") or []:
        (left, right), (low, high) = box["x"][:2], box["y"][:2]
        shapes.append(([left, right, right, left], [low, low, high, high]))
    if not shapes:
        return None
    return np.any([inside(shape, x, y) for shape in shapes], axis=0)
