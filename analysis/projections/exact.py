"""The nearest in feature space, none left out: in blocks, so that features may stay on the disk.

Distances are Euclidean, or cosine: 1 - cosine, from 0 to 2, and 1 from a row of zeros. They are taken in float64, so
that features that have collapsed onto their classes' means are still told apart. Rows that are not finite are never
found. Of rows at one distance the earlier is the nearer.
"""

from typing import Literal, get_args

import numpy as np

from analysis.errors import BadParameter, NotApplicable
from analysis.projections.prepared import BLOCK

Metric = Literal["cosine", "euclidean"]

CROWD = 8  # candidates a query and neighbour, above which a block is cut down before it is sorted


def nearest(features: np.ndarray, queries: np.ndarray, k: int, metric: str = "cosine") -> tuple[np.ndarray, np.ndarray]:
    """The k nearest rows of each query, the nearest first.

    features (N, D), memory-mapped or not, queries (M, D) or (D,) -> indices (M, k) int64, distances (M, k) float32. A
    query that is one of the rows finds itself first, or an earlier twin. BadParameter for an unknown metric, another
    width, or k above the number of rows that are finite; NotApplicable for a query that is not finite.
    """
    queries = checked(features, queries, k, metric)
    found = np.full((len(queries), k), -1, np.int64)
    apart = np.full((len(queries), k), np.inf)
    several = max(1, BLOCK // max(1024, features.shape[1]))  # queries that are compared at a time
    for start in range(0, len(queries), several):
        part = slice(start, start + several)
        found[part], apart[part] = _scanned(features, queries[part], k, metric)
    if k and (found[:, -1] < 0).any():
        usable = int((found[0] >= 0).sum())
        raise BadParameter(
            f"{k:,} neighbours were asked for, and only {usable:,} of {len(features):,} samples have features that "
            f"are finite. Ask for {usable:,} or fewer."
        )
    return found, (np.sqrt(apart) if metric == "euclidean" else apart).astype(np.float32)


def checked(features: np.ndarray, queries: np.ndarray, k: int, metric: str) -> np.ndarray:
    """Queries as (M, D) float64, after a look at what was asked."""
    if metric not in get_args(Metric):
        raise BadParameter(f"Neighbours take a metric of {', '.join(get_args(Metric))}; got '{metric}'.")
    queries = np.atleast_2d(np.asarray(queries, np.float64))
    if features.ndim != 2 or queries.ndim != 2 or queries.shape[1] != features.shape[1]:
        raise BadParameter(f"The features are {features.shape}, the queries {queries.shape}: their widths must agree.")
    if not 1 <= k <= len(features):
        raise BadParameter(
            f"Neighbours can be asked for from 1 to {len(features):,}, the samples there are; got {k:,}."
        )
    if len(lost := np.flatnonzero(~np.isfinite(queries).all(axis=1))):
        raise NotApplicable(
            f"{len(lost):,} of {len(queries):,} queries have features that are not finite (the first: number "
            f"{lost[0]}), so that nothing is near them."
        )
    return queries


def _scanned(features: np.ndarray, queries: np.ndarray, k: int, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Squared Euclidean or cosine distances, block by block of the rows. -> indices (M, k), distances (M, k)"""
    found = np.full((len(queries), k), -1, np.int64)
    apart = np.full((len(queries), k), np.inf)
    if metric == "cosine":
        queries = units(queries)
    step = max(256, min(BLOCK // 4 // len(queries), BLOCK // 16 // features.shape[1]))
    for start in range(0, len(features), step):
        block = np.asarray(features[start : start + step], np.float64)
        with np.errstate(invalid="ignore", over="ignore"):  # rows that are not finite
            distances = _cosine(queries, block) if metric == "cosine" else _squared(queries, block)
        rows, columns = _candidates(distances, apart[:, -1], k)
        if len(rows):
            merge(found, apart, rows, columns + start, distances[rows, columns])
    return found, apart


def units(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1, those of zeros as they are. (M, D) -> (M, D)"""
    return rows / lengths_of(rows)[:, None]


def lengths_of(rows: np.ndarray) -> np.ndarray:
    """(M, D) -> (M,), 1 for rows of zeros"""
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return np.where(lengths > 0, lengths, 1)


def _cosine(queries: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Unit queries (M, D), block (B, D) -> (M, B)"""
    return np.maximum(1 - queries @ block.T / lengths_of(block), 0)


def _squared(queries: np.ndarray, block: np.ndarray) -> np.ndarray:
    """(M, D), (B, D) -> (M, B); few queries by differences, which round least, many by a matrix product."""
    if len(queries) <= 4:
        apart = np.empty((len(queries), len(block)))
        for row, query in zip(apart, queries, strict=True):
            difference = block - query
            np.einsum("ij,ij->i", difference, difference, out=row)
        return apart
    middle = queries.mean(axis=0)  # less is lost to rounding near the origin
    queries, block = queries - middle, block - middle
    lengths = np.einsum("ij,ij->i", queries, queries)[:, None] + np.einsum("ij,ij->i", block, block)
    squared = lengths - 2 * (queries @ block.T)
    squared[squared < 1e-13 * lengths] = 0  # twins
    return squared


def _candidates(distances: np.ndarray, bound: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns that may be among the k nearest. Rows of the block that are not finite compare as False."""
    near = distances < bound[:, None]
    if np.count_nonzero(near) > CROWD * k * len(distances) and distances.shape[1] > k:
        least = np.partition(np.where(np.isfinite(distances), distances, np.inf), k - 1, axis=1)[:, k - 1]
        near &= distances <= least[:, None]
    rows, columns = np.nonzero(near)
    return rows, columns


def merge(found: np.ndarray, apart: np.ndarray, rows: np.ndarray, indices: np.ndarray, distances: np.ndarray) -> None:
    """Put candidates (n,) of rows (n,) into the k nearest so far, `found` and `apart` (M, k), in place."""
    k = found.shape[1]
    touched = np.unique(rows)
    rows = np.concatenate([np.repeat(touched, k), rows])
    indices = np.concatenate([found[touched].ravel(), indices])
    distances = np.concatenate([apart[touched].ravel(), distances])
    order = np.lexsort((indices, distances, rows))
    starts = np.searchsorted(rows[order], touched)
    kept = order[starts[:, None] + np.arange(k)]
    found[touched], apart[touched] = indices[kept], distances[kept]
