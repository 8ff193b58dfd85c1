"""Neighbours in feature space: exact ones of any query, and a table of those of every sample."""

from dataclasses import dataclass

import numpy as np

from analysis.errors import NotApplicable
from analysis.projections.approximate import Index, others, recall
from analysis.projections.exact import Metric, checked, nearest, units

__all__ = ["EXACT", "Index", "Metric", "Table", "nearest", "recall", "table"]

EXACT = 100_000
"""Samples up to which a table is exact."""

STEP = 16_384


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The k nearest others of each of N samples, the nearest first."""

    indices: np.ndarray  # (N, k) int64; -1 for samples without finite features
    distances: np.ndarray  # (N, k) float32; infinite there
    exact: bool  # or by an index
    recall: float  # share of the truly nearest that it holds: 1 where it is exact, else measured on drawn samples


def table(features: np.ndarray, k: int, metric: str = "cosine", seed: int = 0, most: int = EXACT) -> Table:
    """The k nearest others of every sample: exact up to `most`, of more by an index."""
    usable = np.flatnonzero(np.isfinite(features).all(axis=1))
    if k + 1 > len(usable):
        raise NotApplicable(f"{k:,} neighbours of each sample were asked for, of {len(usable):,} with finite features.")
    indices = np.full((len(features), k), -1, np.int64)
    distances = np.full((len(features), k), np.inf, np.float32)
    checked(features, features[:0], k, metric)
    if len(usable) <= most:
        indices[usable], distances[usable] = _exact(features, usable, k, metric)
        return Table(indices, distances, exact=True, recall=1.0)
    index = Index(features, metric, seed)
    for start in range(0, len(usable), STEP):
        rows = usable[start : start + STEP]
        indices[rows], distances[rows] = others(*index.query(np.asarray(features[rows]), k + 1), rows)
    return Table(indices, distances, exact=False, recall=recall(index, features, k, seed=seed + 1))


def _exact(features: np.ndarray, rows: np.ndarray, k: int, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """By scikit-learn, for which all against all is 3 times as fast as block after block. -> (n, k), (n, k)"""
    from sklearn.neighbors import NearestNeighbors

    values = np.asarray(features[rows], np.float64)
    values -= values.mean(axis=0) if metric == "euclidean" else 0
    if metric == "cosine":
        values = units(values)
    apart, found = NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(values).kneighbors(values)
    found, apart = others(found, apart if metric == "euclidean" else apart**2 / 2, np.arange(len(rows)))
    return rows[found], apart
