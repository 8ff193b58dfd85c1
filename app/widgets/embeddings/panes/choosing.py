"""From a lasso in a browser to samples: exact, over all points, not only over those that were drawn.

A point is inside a closed polygon where a ray from it crosses the edges an odd number of times (even-odd rule), so that
what a self-crossing lasso goes around twice is outside. An edge counts for a point where low <= y < high; a point on an
edge is inside on a polygon's left and lower edges and outside on its right and upper ones, so that of two polygons that
share an edge exactly one has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.widgets.embeddings.panes.drawn import Drawn

MODES = ("replace", "add", "remove")
MOST_CORNERS = 4000


def read(event: Any, count: int) -> dict[str, Any] | None:
    """A lasso as a browser sends it, checked; None where it is not one of a pane 0 .. count - 1."""
    if not isinstance(event, Mapping):
        return None
    pane, mode = event.get("pane"), event.get("mode")
    polygon, matrix = _array(event.get("polygon")), event.get("matrix")
    if not isinstance(pane, int) or isinstance(pane, bool) or not 0 <= pane < count or mode not in MODES:
        return None
    if polygon is None or polygon.ndim != 2 or polygon.shape[1] != 2 or not 3 <= len(polygon) <= MOST_CORNERS:
        return None
    found: dict[str, Any] = {"pane": pane, "mode": mode, "polygon": polygon.tolist()}
    if matrix is not None:
        turned = _array(matrix)
        if turned is None or turned.size != 16:
            return None
        found["matrix"] = turned.reshape(4, 4).tolist()
    return found


def _array(given: Any) -> np.ndarray | None:
    try:
        found = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return found if np.isfinite(found).all() else None


def resolve(event: Mapping[str, Any], drawn: Sequence[Drawn], lit: np.ndarray | None = None) -> np.ndarray:
    """The samples that a lasso encloses, ascending (n,) int32, whatever its mode.

    event: {"pane", "mode", "polygon": corners in data coordinates}; for three dimensions the polygon is in clip
    coordinates -1 .. 1 and "matrix" (4, 4) leads there from data coordinates. lit (N,): samples with 0 stay out.
    """
    asked = read(event, len(drawn))
    points = drawn[asked["pane"]].points if asked else None
    if asked is None or points is None:
        return np.zeros(0, np.int32)
    flat = seen(points, asked.get("matrix"))
    found = inside(np.array(asked["polygon"]), flat[:, 0], flat[:, 1])
    if lit is not None:
        found &= np.asarray(lit) > 0
    return np.flatnonzero(found).astype(np.int32)


def seen(points: np.ndarray, matrix: Sequence[Sequence[float]] | None) -> np.ndarray:
    """(N, 2) float64 where a pane shows points (N, dims); nan for those that have no place or are behind the eye."""
    given = np.asarray(points, dtype=np.float64)
    if matrix is None:
        return np.where(np.isfinite(given).all(axis=1, keepdims=True), given, np.nan)[:, :2]
    if given.shape[1] == 2:
        given = np.column_stack([given, np.zeros(len(given))])
    clip = np.column_stack([given, np.ones(len(given))]) @ np.asarray(matrix, dtype=np.float64).T
    with np.errstate(divide="ignore", invalid="ignore"):
        flat = clip[:, :2] / clip[:, 3:]
    flat[~(clip[:, 3] > 0)] = np.nan
    return flat


def inside(polygon: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Points within a polygon (K, 2), closed or not; x, y (N,), nan lies outside -> (N,) bool.

    As `local_lasso.inside`, but each edge only meets the points beside it, so that a million take moments.
    """
    found = np.zeros(len(x), bool)
    (left, bottom), (right, top) = polygon.min(axis=0), polygon.max(axis=0)
    near = np.flatnonzero((x >= left) & (x <= right) & (y >= bottom) & (y <= top))
    near = near[np.argsort(y[near], kind="stable")]
    px, py = np.asarray(x, np.float64)[near], np.asarray(y, np.float64)[near]
    odd = np.zeros(len(near), bool)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if y0 != y1:
            start, stop = np.searchsorted(py, [min(y0, y1), max(y0, y1)], side="left")
            odd[start:stop] ^= px[start:stop] < x0 + (py[start:stop] - y0) * (x1 - x0) / (y1 - y0)
    found[near] = odd
    return found
