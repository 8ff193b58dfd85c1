"""Where many points lie: counts by cell as a picture, and contours.

A contour holds a stated share of all samples, as a highest-density region does (Hyndman 1996, "Computing and graphing
highest density regions", The American Statistician 50): its level is a quantile of the density at the samples. The
density is a histogram smoothed by a Gaussian whose width falls with the sixth root of their number (Scott 1992).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.errors import BadParameter

Bounds = tuple[float, float, float, float]
"""Left, bottom, right, top, in data coordinates."""

SIDE = 192  # cells of the histogram that contours are drawn from
FEWEST = 20  # points that have contours
OUTSIDE = 0.0005  # share of points at either end of an axis that the histogram need not cover


@dataclass(frozen=True, slots=True, eq=False)
class Contour:
    """One closed line. A level has as many as there are islands and holes in it."""

    level: float  # share of the samples inside all lines of this level, a hole being outside
    x: np.ndarray  # (K,) float32, data coordinates; the last is the first
    y: np.ndarray  # (K,) float32


def raster(points: np.ndarray, bounds: Bounds, side: int = 512) -> np.ndarray:
    """How many points lie in each cell of a square picture.

    points (N, 2), left, bottom, right, top -> counts (side, side) int64; row 0 is the top, as in a picture. All bounds
    are included; points beyond them, and those that are nan, are not counted.
    """
    cells = _cells(points, bounds, side)
    return np.bincount(cells[cells >= 0], minlength=side * side).reshape(side, side)


def commonest(points: np.ndarray, codes: np.ndarray, bounds: Bounds, side: int = 512) -> np.ndarray:
    """The most frequent code in each cell, to colour a raster by; of equals the smallest.

    points (N, 2), codes (N,) whole numbers -> (side, side) int64, -1 where no point lies; negative codes are not
    counted.
    """
    cells = _cells(points, bounds, side)
    kept = (cells >= 0) & (codes >= 0)
    found = np.full(side * side, -1, np.int64)
    if kept.any():
        most = int(codes.max()) + 1
        pairs, counts = np.unique(cells[kept] * most + codes[kept].astype(np.int64), return_counts=True)
        order = np.lexsort((-pairs, counts))  # the last one that is written to a cell stays
        found[pairs[order] // most] = pairs[order] % most
    return found.reshape(side, side)


def bounds(points: np.ndarray) -> Bounds:
    """Of the finite points (N, 2), a little wider where all share a coordinate; a unit square where there is none."""
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return 0.0, 0.0, 1.0, 1.0
    low, high = points.min(axis=0).astype(np.float64), points.max(axis=0).astype(np.float64)
    flat = high - low <= 1e-12 * np.maximum(np.abs(low), np.abs(high))
    room = np.where(flat, 0.5, 0.0)
    return float(low[0] - room[0]), float(low[1] - room[1]), float(high[0] + room[0]), float(high[1] + room[1])


def contours(points: np.ndarray, levels: int | Sequence[float] = 5) -> list[Contour]:
    """Lines around the densest shares of the samples, the widest first.

    points (N, 2) with nan for samples without one. levels: how many, evenly from 10 to 90 percent of the samples, or
    the shares themselves. Empty for fewer than 20 points, or points on a line.
    """
    from skimage.measure import find_contours

    points = np.asarray(points[np.isfinite(points).all(axis=1)], np.float64)
    shares = np.sort(_shares(levels))[::-1]
    spread = points.max(axis=0) - points.min(axis=0) if len(points) else np.zeros(2)
    if len(points) < FEWEST or not (spread > 1e-9 * np.abs(points).max()).all():
        return []
    density, corner, cell = _smoothed(points)
    at = _density_at(points, density, corner, cell)
    found = []
    for share in shares:
        threshold = float(np.quantile(at, 1 - share))
        for line in find_contours(density, max(threshold, density.max() * 1e-9)):
            x, y = (corner + cell * line).astype(np.float32).T
            found.append(Contour(float(share), x, y))
    return found


def _shares(levels: int | Sequence[float]) -> np.ndarray:
    if isinstance(levels, int):
        if levels < 1:
            raise BadParameter(f"Contours take one level or more; got {levels}.")
        return np.linspace(0.9, 0.1, levels) if levels > 1 else np.array([0.5])
    shares = np.asarray(levels, np.float64)
    if not ((shares > 0) & (shares < 1)).all():
        raise BadParameter(f"A contour's level is a share of the samples between 0 and 1; got {list(levels)}.")
    return shares


def _cells(points: np.ndarray, bounds: Bounds, side: int) -> np.ndarray:
    """(N, 2) -> (N,) int64, the cell of each point from the top left, -1 where it has none."""
    left, bottom, right, top = bounds
    if not (side >= 1 and left < right and bottom < top):
        raise BadParameter(
            f"A raster takes bounds with left < right and bottom < top, and a side of at least 1; got {bounds} and "
            f"{side}."
        )
    x, y = points[:, 0].astype(np.float64), points[:, 1].astype(np.float64)
    inside = (x >= left) & (x <= right) & (y >= bottom) & (y <= top)  # False for nan
    x, y = np.where(inside, x, left), np.where(inside, y, bottom)
    column = np.minimum(((x - left) * (side / (right - left))).astype(np.int64), side - 1)
    row = np.minimum(((top - y) * (side / (top - bottom))).astype(np.int64), side - 1)
    return np.where(inside, row * side + column, -1)


def _smoothed(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(N, 2) -> density at the middles of cells (SIDE, SIDE) as [x, y], the first middle (2,), a cell's size (2,)."""
    from scipy.ndimage import gaussian_filter

    width = max(1.5, SIDE / 12 * len(points) ** (-1 / 6))  # cells
    low, high = np.quantile(points, [OUTSIDE, 1 - OUTSIDE], axis=0)
    low, high = _seen(low, high, points)
    room = np.ceil(4 * width) + 1  # so that every line closes
    cell = (high - low) / (SIDE - 2 * room)
    corner = low - room * cell
    counts = raster(points, (*corner, *(corner + SIDE * cell)), SIDE)
    density = gaussian_filter(counts[::-1].T.astype(np.float64), width, mode="constant", truncate=4)
    return density, corner + cell / 2, cell


def _seen(low: np.ndarray, high: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the histogram covers: all of an axis where nearly all points share one coordinate."""
    flat = high - low <= 1e-9 * (points.max(axis=0) - points.min(axis=0))
    return np.where(flat, points.min(axis=0), low), np.where(flat, points.max(axis=0), high)


def _density_at(points: np.ndarray, density: np.ndarray, corner: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Between cells as the contours are drawn: linearly."""
    from scipy.ndimage import map_coordinates

    return map_coordinates(density, ((points - corner) / cell).T, order=1, mode="constant")
