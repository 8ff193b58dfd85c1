"""How alike networks and corruptions look in the geometry of their last features (Li et al. 2024).

A network under a condition is one long vector: angle, length and margin of every sample. Each of the three numbers is
standardised over all vectors together (less its mean, over its standard deviation), so that none outweighs the others
by its unit. The distance of two vectors is Euclidean over the square root of how many entries both have: 1 is one
standard deviation of difference, on average. What one of them lacks is left out of that pair alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.errors import NotApplicable
from analysis.types import Report, silent

_COLUMNS = 4096  # entries at a time
_REFINED = 300  # points: more are laid by classical scaling alone, for the steps after it take seconds
_ORDERED = 400  # points whose leaves are put in the best order


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Points in a plane."""

    points: np.ndarray  # (P, 2)
    stress: float  # Kruskal's stress-1 of the distances; nan where distances are not what it keeps
    method: str


@dataclass(frozen=True, slots=True, eq=False)
class Dendrogram:
    """A tree of points by average linkage, as segments to draw: leaves at x = 5, 15, 25 ..., heights are distances."""

    x: np.ndarray  # (P - 1, 4) left foot, left shoulder, right shoulder, right foot
    y: np.ndarray
    leaves: np.ndarray  # (P,) the points from left to right


def standardised(numbers: Mapping[str, np.ndarray]) -> np.ndarray:
    """Numbers (..., S) each, nan where there is none -> (..., G, S) float32, G of them, in their order."""
    made = []
    for values in numbers.values():
        finite = np.isfinite(values)
        there = values if finite.all() else values[finite]
        mean = float(there.mean(dtype=np.float64)) if there.size else 0.0
        spread = float(there.std(dtype=np.float64)) if there.size else 0.0
        scaled = (values - np.float32(mean)) / np.float32(spread or 1.0)
        made.append(scaled if there is values else np.where(finite, scaled, np.float32(np.nan)))
    return np.stack(made, axis=-2)


def distances(vectors: np.ndarray) -> np.ndarray:
    """(P, D) with nan where there is none -> (P, P) float64; nan between points that share no entry."""
    count = len(vectors)
    squares, shared = np.zeros((count, count)), np.zeros((count, count))
    for start in range(0, vectors.shape[1], _COLUMNS):
        part = vectors[:, start : start + _COLUMNS].astype(np.float64)
        there = np.isfinite(part)
        if there.all():
            size = np.einsum("pd,pd->p", part, part)
            squares += size[:, None] + size - 2 * part @ part.T
            shared += part.shape[1]
            continue
        some, held = there.astype(np.float64), np.where(there, part, 0)
        own = held**2 @ some.T
        squares += own + own.T - 2 * held @ held.T
        shared += some @ some.T
    with np.errstate(invalid="ignore"):
        found = np.sqrt(np.maximum(squares, 0) / shared)
    found[np.arange(count), np.arange(count)] = np.where(np.diag(shared) > 0, 0, np.nan)
    return found


def usable(apart: np.ndarray) -> np.ndarray:
    """The points that have a distance to all that have any: what maps and trees can be made of, (P',) places."""
    there = np.flatnonzero(np.isfinite(np.diag(apart)))
    while len(there) and not (fine := np.isfinite(apart[np.ix_(there, there)])).all():
        there = np.delete(there, fine.sum(axis=1).argmin())
    return there


def classical(apart: np.ndarray) -> np.ndarray:
    """Torgerson's scaling: (P, P) -> (P, 2). The larger end of each axis is on the right, or above."""
    count = len(apart)
    if count < 2:
        return np.zeros((count, 2))
    squares = apart**2
    means = squares.mean(axis=0)
    values, axes = np.linalg.eigh(-0.5 * (squares - means - means[:, None] + means.mean()))
    made = np.zeros((count, 2))
    for column, at in enumerate((-1, -2)):
        axis = axes[:, at] * np.sqrt(max(values[at], 0))
        made[:, column] = axis * (1 if axis[np.abs(axis).argmax()] >= 0 else -1)
    return made


def mds(apart: np.ndarray) -> Layout:
    """Multidimensional scaling: classical, then, of no more than 300 points, by majorisation from there (SMACOF)."""
    start = classical(apart)
    if not 2 < len(apart) <= _REFINED or not apart.any():
        return Layout(start, _stress(apart, start), "classical scaling")
    from sklearn.manifold import smacof

    refined = np.asarray(smacof(apart, n_components=2, init=start, n_init=1, max_iter=300, eps=1e-7)[0])
    return Layout(refined, _stress(apart, refined), "multidimensional scaling")


def umap(apart: np.ndarray, *, seed: int = 0, neighbours: int = 15, min_dist: float = 0.1) -> Layout:
    """UMAP of given distances (McInnes et al. 2018). Numba compiles for seconds: call it in a worker (`umap_of`).

    NotApplicable for fewer than four points.
    """
    if len(apart) < 4:
        raise NotApplicable(f"UMAP needs at least four points; there are {len(apart)}. MDS shows them.")
    start = classical(apart)
    init: Any = 10 * start / max(float(np.abs(start).max()), 1e-12)
    with warnings.catch_warnings(action="ignore"):  # of what it could do besides
        from umap import UMAP

        reducer = UMAP(
            n_neighbors=min(neighbours, len(apart) - 1),
            min_dist=min_dist,
            metric="precomputed",
            init=init,
            random_state=seed,
            n_jobs=1,
        )
        points = np.asarray(reducer.fit_transform(apart), dtype=np.float64)
    return Layout(points, float("nan"), "UMAP")


def umap_of(arguments: Mapping[str, Any], report: Report = silent) -> dict[str, Any]:
    """`umap` by name, for a worker: distances (P, P) as lists, seed, neighbours, min_dist -> points as lists."""
    report(0.0, "laying out with UMAP")
    turned = {n: arguments[n] for n in ("seed", "neighbours", "min_dist") if n in arguments}
    return {"points": umap(np.array(arguments["distances"], dtype=np.float64), **turned).points.tolist()}


def spanning_tree(apart: np.ndarray) -> np.ndarray:
    """The edges of the minimum spanning tree: (P, P) -> (P - 1, 2) places, the shortest first."""
    from scipy.sparse.csgraph import minimum_spanning_tree

    if len(apart) < 2:
        return np.empty((0, 2), np.int64)
    tree = minimum_spanning_tree(np.triu(apart + 1, 1)).tocoo()  # 0 would be no edge; the tree stays the same
    edges = np.stack([tree.row, tree.col], axis=1).astype(np.int64)
    return edges[np.lexsort((edges[:, 1], edges[:, 0], tree.data))]


def dendrogram(apart: np.ndarray) -> Dendrogram:
    """Average linkage (UPGMA) of (P, P)."""
    from scipy.cluster import hierarchy
    from scipy.spatial.distance import squareform

    if len(apart) < 2:
        return Dendrogram(np.empty((0, 4)), np.empty((0, 4)), np.arange(len(apart)))
    condensed = squareform((apart + apart.T) / 2, checks=False)
    linked = hierarchy.linkage(condensed, "average", optimal_ordering=len(apart) <= _ORDERED)
    drawn = hierarchy.dendrogram(linked, no_plot=True)
    return Dendrogram(np.array(drawn["icoord"]), np.array(drawn["dcoord"]), np.array(drawn["leaves"]))


def leaf_order(apart: np.ndarray) -> np.ndarray:
    """An order in which neighbours are alike: the leaves, then the points that have no distance. (P,)"""
    fine = usable(apart)
    rest = np.setdiff1d(np.arange(len(apart)), fine)
    return np.concatenate([fine[dendrogram(apart[np.ix_(fine, fine)]).leaves], rest]).astype(np.int64)


def _stress(apart: np.ndarray, points: np.ndarray) -> float:
    laid = np.linalg.norm(points[:, None] - points, axis=2)
    total = float((apart**2).sum())
    return float(np.sqrt(((laid - apart) ** 2).sum() / total)) if total else 0.0
