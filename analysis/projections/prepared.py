"""Features brought into the form that a method needs."""

from collections.abc import Iterator
from typing import Literal

import numpy as np

Metric = Literal["euclidean", "cosine", "correlation", "manhattan", "chebyshev"]

BLOCK = 1 << 22  # numbers that are held at a time of features that stay on the disk


def blocks(features: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Consecutive rows with their place, a few megabytes at a time: features may be memory-mapped."""
    step = max(1, BLOCK // max(1, features.shape[1]))
    for start in range(0, len(features), step):
        rows = slice(start, min(start + step, len(features)))
        yield rows, np.asarray(features[rows])


def evenly(samples: int, most: int, seed: int) -> np.ndarray:
    """At most so many of the samples, each as likely as any other, ascending. -> (n,) int64"""
    if samples <= most:
        return np.arange(samples)
    return np.sort(np.random.default_rng(seed).choice(samples, most, replace=False))


def wide_enough(features: np.ndarray, dims: int) -> np.ndarray:
    """Columns of zeros added where there are fewer than dimensions: no distance changes. (N, D) -> (N, max(D, dims))"""
    lacking = dims - features.shape[1]
    return np.pad(features, ((0, 0), (0, lacking))) if lacking > 0 else features


def directions(features: np.ndarray, *, centred: bool = False) -> np.ndarray:
    """Rows of length 1, a row of zeros as it is; centred: each row less its mean first. (N, D) -> (N, D) float32

    The Euclidean distance of two such rows is sqrt(2 (1 - cosine)), of centred ones sqrt(2 (1 - correlation)).
    """
    rows = np.array(features, dtype=np.float64)
    if centred:
        rows -= rows.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def under(features: np.ndarray, metric: str) -> np.ndarray:
    """Features whose Euclidean distances order as the metric does, where there are such; else as they are."""
    if metric not in ("cosine", "correlation"):
        return features
    return directions(features, centred=metric == "correlation")
