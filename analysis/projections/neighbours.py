"""Neighbours in feature space: exact ones of any query, and a table of those of every sample."""

from dataclasses import dataclass

import numpy as np

from analysis.errors import NotApplicable
from analysis.projections.approximate import Index, others, recall
from analysis.projections.exact import Metric, nearest

__all__ = ["EXACT", "Index", "Metric", "Table", "nearest", "recall", "table"]

EXACT = 100_000
"""Samples up to which a table is exact."""


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
    index = Index(features, metric, seed) if len(usable) > most else None
    step = 16_384
    for start in range(0, len(usable), step):
        rows = usable[start : start + step]
        asked = np.asarray(features[rows])
        found = index.query(asked, k + 1) if index else nearest(features, asked, k + 1, metric)
        indices[rows], distances[rows] = others(*found, rows)
    return Table(indices, distances, index is None, recall(index, features, k, seed=seed + 1) if index else 1.0)
