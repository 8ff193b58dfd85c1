"""A picture of very many samples: what was not laid out is placed among what was."""

import numpy as np

from analysis.projections.neighbours import Index
from analysis.projections.placing import Neighbours, place
from analysis.projections.prepared import directions
from analysis.projections.registry import Given, Placer

TABLE = 2e9  # distances above which neighbours are approximate


def filled(
    features: np.ndarray,
    rest: np.ndarray,
    fitted: np.ndarray,
    points: np.ndarray,
    placer: Placer | None,
    given: Given,
    metric: str,
) -> np.ndarray:
    """features (N, D), rows of the rest (M,), rows that were laid (n,), their points (n, dims) -> (M, dims) float32"""
    laid = np.asarray(features[fitted]) if placer is None else None
    search = None
    if laid is not None and len(rest) * float(len(fitted)) > TABLE:
        search = _approximate(laid, metric, given.seed)
    found = np.empty((len(rest), points.shape[1]), np.float32)
    step = max(1, min(20_000, (1 << 24) // features.shape[1]))
    for start in range(0, len(rest), step):
        part = rest[start : start + step]
        found[start : start + step] = place(
            np.asarray(features[part]), placer=placer, features=laid, points=points, neighbours=search, metric=metric
        )
        given.report(0.9 + 0.1 * min(1.0, (start + step) / len(rest)), f"placing {len(rest):,} samples")
    return found


def _approximate(features: np.ndarray, metric: str, seed: int) -> Neighbours | None:
    """A search for very many; None under a metric that has only the exact one."""
    if metric == "correlation":
        index = Index(directions(features, centred=True), "euclidean", seed)
        return lambda queries, k: index.query(directions(queries, centred=True), k)
    return Index(features, metric, seed).query if metric in ("euclidean", "cosine") else None
