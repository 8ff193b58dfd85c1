"""New features put into a picture that is there: by the method's own map, or between their nearest neighbours."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from analysis.errors import BadParameter
from analysis.projections.methods.class_directions import angles
from analysis.projections.methods.pca import linear
from analysis.projections.neighbours import nearest
from analysis.projections.prepared import directions
from analysis.projections.registry import Placer

Neighbours = Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]
"""Queries (M, D), k -> indices (M, k) among the laid samples, -1 where fewer were found, distances (M, k)."""

K = 5  # of held-out digits 98 to 99 % land in their class's group, with 15 neighbours 96 %, with 30 92 %
BLOCK = 1 << 22  # numbers that are held at a time


def place(
    new: np.ndarray,
    *,
    placer: Placer | None = None,
    features: np.ndarray | None = None,
    points: np.ndarray | None = None,
    k: int = K,
    neighbours: Neighbours | None = None,
    metric: str = "euclidean",
) -> np.ndarray:
    """Where new samples lie in a picture.

    new (M, D) -> (M, dims) float32, NaN for rows that are not finite. With a placer by its map, exactly. Otherwise the
    mean of the points (N, dims) of the k nearest of the samples that were laid, whose features are (N, D), each
    weighted by 1 / distance; one with the same features as a sample lands on it. neighbours: a search that is there
    already (approximate, say), in place of the exact one. metric: the one that the picture was made with.
    """
    new = np.atleast_2d(new)
    usable = np.isfinite(new).all(axis=1)
    if placer is not None:
        found = mapped(new[usable], placer)
    elif features is None or points is None:
        raise BadParameter("Placing takes a placer, or features and points of the samples that were laid.")
    else:
        found = _between(new[usable], features, points, k, neighbours, metric)
    placed = np.full((len(new), found.shape[1]), np.nan, np.float32)
    placed[usable] = found
    return placed


def mapped(features: np.ndarray, placer: Placer) -> np.ndarray:
    """By the method's own map. (M, D) -> (M, dims) float32"""
    if features.shape[1] != len(placer.mean):
        raise BadParameter(f"The picture was made of {len(placer.mean):,} numbers a sample; got {features.shape[1]:,}.")
    return linear(features, placer) if placer.kind == "linear" else angles(features, placer)[0]


def save_placer(path: Path, placer: Placer) -> None:
    """As an .npz file, read again by `read_placer`."""
    with path.open("wb") as file:
        np.savez(file, kind=np.array(placer.kind), mean=placer.mean, matrix=placer.matrix)


def read_placer(path: Path) -> Placer:
    with np.load(path, allow_pickle=False) as held:
        kind = "angles" if str(held["kind"]) == "angles" else "linear"
        return Placer(kind, held["mean"], held["matrix"])


def _between(
    new: np.ndarray, features: np.ndarray, points: np.ndarray, k: int, neighbours: Neighbours | None, metric: str
) -> np.ndarray:
    """(M, D) finite -> (M, dims) float32"""
    if new.shape[1] != features.shape[1]:
        raise BadParameter(f"The picture was made of {features.shape[1]:,} numbers a sample; got {new.shape[1]:,}.")
    laid = np.asarray(np.isfinite(points).all(axis=1))
    if not laid.all() and neighbours is None:
        features, points, laid = features[laid], points[laid], np.ones(int(laid.sum()), bool)
    search = neighbours or exact(features, metric)
    k = min(k, len(features))
    found = np.empty((len(new), points.shape[1]), np.float32)
    step = max(1, BLOCK // (k * features.shape[1]))
    for start in range(0, len(new), step):
        rows = slice(start, start + step)
        indices = np.asarray(search(new[rows], k)[0])
        there = (indices >= 0) & laid[indices]
        apart = np.where(there, _distances(new[rows], features[indices], metric), np.inf)
        found[rows] = _mean(np.where(there[:, :, None], points[indices], 0), apart)
    return found


def exact(features: np.ndarray, metric: str) -> Neighbours:
    """The k nearest of these features under a metric, none left out."""
    if metric in ("cosine", "euclidean"):
        return lambda queries, k: nearest(features, queries, k, metric=metric)
    if metric == "correlation":
        turned = directions(features, centred=True)
        return lambda queries, k: nearest(turned, directions(queries, centred=True), k, metric="euclidean")
    return lambda queries, k: _by_all_distances(features, queries, k, metric)


def _by_all_distances(features: np.ndarray, queries: np.ndarray, k: int, metric: str) -> tuple[np.ndarray, np.ndarray]:
    from scipy.spatial.distance import cdist

    name: Any = {"manhattan": "cityblock", "chebyshev": "chebyshev"}.get(metric)
    if name is None:
        known = "euclidean, cosine, correlation, manhattan, chebyshev"
        raise BadParameter(f"Placing takes a metric of {known}; got '{metric}'.")
    indices = np.empty((len(queries), k), np.int64)
    distances = np.empty((len(queries), k), np.float32)
    step = max(1, BLOCK // len(features))
    for start in range(0, len(queries), step):
        rows = slice(start, start + step)
        table = cdist(queries[rows], features, name)
        indices[rows] = np.argpartition(table, k - 1, axis=1)[:, :k]
        distances[rows] = np.take_along_axis(table, indices[rows], axis=1)
    return indices, distances


def _distances(new: np.ndarray, near: np.ndarray, metric: str) -> np.ndarray:
    """Of (M, D) and their neighbours (M, k, D), without the rounding of a matrix product: 0 is 0. -> (M, k) float64"""
    if metric in ("cosine", "correlation"):
        flat = directions(near.reshape(-1, near.shape[2]), centred=metric == "correlation")
        new, near = directions(new, centred=metric == "correlation"), flat.reshape(near.shape)
    apart = np.abs(near.astype(np.float64) - new[:, None])
    if metric == "manhattan":
        return apart.sum(axis=2)
    return apart.max(axis=2) if metric == "chebyshev" else np.sqrt(np.square(apart).sum(axis=2))


def _mean(points: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Shepard 1968, power 1: (M, k, dims) weighted by 1 / (M, k); where some are 0, the mean of those. -> (M, dims)"""
    hit = distances == 0
    weights = np.where(hit.any(axis=1, keepdims=True), hit, 1 / np.where(hit, 1, distances))
    of = weights.sum(axis=1, keepdims=True)
    return np.einsum("mk,mkd->md", weights / np.where(of > 0, of, np.nan), points.astype(np.float64))
