"""PCA: the orthogonal directions of the largest variance (Pearson 1901, Hotelling 1933)."""

from typing import Any

import numpy as np
from scipy.linalg import eigh

from analysis.projections.prepared import blocks, evenly
from analysis.projections.registry import PROJECTIONS, Given, Placer, Projected

EXACT = 2048  # numbers a sample up to which the covariance is written out
DRAWN = 20_000  # samples that the directions are found from, where all would take longer than
WORK = 1.5e10  # multiplications
WIDE = 50_000_000  # numbers in all that wider samples are drawn to


@PROJECTIONS.register(
    "alone",
    "pca",
    label="PCA",
    paper="Pearson 1901, On lines and planes of closest fit; Hotelling 1933",
    reads="A straight-line view along the directions in which the features differ most: distances are true in the "
    "plane, and each axis says how much of all variance it shows.",
    fails="What lies apart in the directions that are left out falls together: trust it as far as the shares go.",
    differs="Signs are fixed: the largest weight of a direction is positive. Of more than 20,000 samples with many "
    "numbers each, the directions are found from 20,000 drawn evenly.",
    seeded=False,
    quick=True,
    most=10_000_000,
)
def pca(features: np.ndarray, given: Given, *, standardise: bool = False) -> Projected:
    """See the largest differences, undistorted.

    features (N, D) -> points (N, dims). standardise: each column is divided by its standard deviation first.
    """
    drawn = _drawn(features)
    mean, spread = _moments(drawn, standardise=standardise)
    directions, variances, total = _leading(drawn, mean, spread, min(given.dims, features.shape[1]))
    matrix = np.zeros((features.shape[1], given.dims))
    matrix[:, : directions.shape[1]] = directions / spread[:, None]
    placer = Placer("linear", mean, matrix)
    shares = [*(variances / total), *[0.0] * given.dims][: given.dims]
    axes = tuple(f"PC {i + 1} ({percent(share)})" for i, share in enumerate(shares))
    return Projected(linear(features, placer), axes, placer, _remarks(features, drawn, given.dims))


def _remarks(features: np.ndarray, drawn: np.ndarray, dims: int) -> tuple[str, ...]:
    remarks = []
    if len(drawn) < len(features):
        remarks.append(f"The directions were found from {len(drawn):,} of {len(features):,} samples, drawn evenly.")
    if (d := features.shape[1]) < dims:
        remarks.append(f"Each sample has only {d} number{'s' * (d > 1)}: the axes beyond are 0.")
    return tuple(remarks)


def linear(features: np.ndarray, placer: Placer) -> np.ndarray:
    """(f - mean) @ matrix. (N, D) -> (N, dims) float32"""
    points = np.empty((len(features), placer.matrix.shape[1]), np.float32)
    for rows, block in blocks(features):
        points[rows] = (block - placer.mean) @ placer.matrix
    return points


def signed(directions: np.ndarray) -> np.ndarray:
    """Each column turned so that its entry of the largest size is positive: a picture is not mirrored at random."""
    largest = directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])]
    return directions * np.where(largest < 0, -1.0, 1.0)


def percent(share: float) -> str:
    return "<1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"


def _drawn(features: np.ndarray) -> np.ndarray:
    """The samples that the directions are found from: all, where that is a matter of a second."""
    n, d = features.shape
    most = DRAWN if d <= EXACT else max(2000, WIDE // d)
    if n * float(min(d, EXACT)) ** 2 <= WORK or n <= most:
        return features
    return features[evenly(n, most, seed=0)]


def _moments(features: np.ndarray, *, standardise: bool) -> tuple[np.ndarray, np.ndarray]:
    """-> mean (D,), what columns are divided by (D,)"""
    nothing = np.zeros(features.shape[1])
    mean = sum((b.sum(axis=0, dtype=np.float64) for _, b in blocks(features)), nothing) / len(features)
    if not standardise:
        return mean, np.ones_like(mean)
    variance = sum((np.square(b - mean).sum(axis=0) for _, b in blocks(features)), nothing) / len(features)
    return mean, np.sqrt(np.where(variance > 0, variance, 1))


def _leading(
    features: np.ndarray, mean: np.ndarray, spread: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """-> directions (D, count), their variances (count,), the variance of all"""
    d = features.shape[1]
    if d > EXACT:
        return _by_iteration(((features - mean) / spread).astype(np.float32), count)
    precise = np.float64 if len(features) * float(d) ** 2 < WORK / 10 else np.float32  # sums are exact enough by then
    covariance = np.zeros((d, d))
    for _, block in blocks(features):
        centred = ((block - mean) / spread).astype(precise)
        covariance += centred.T @ centred
    covariance /= len(features)
    variances, directions = eigh(covariance, subset_by_index=(d - count, d - 1))
    return signed(directions[:, ::-1]), variances[::-1].clip(min=0), float(np.trace(covariance))


def _by_iteration(centred: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Halko, Martinsson & Tropp 2011, for features too wide to write their covariance out."""
    from sklearn.utils.extmath import randomized_svd

    steps: Any = 10  # its stub knows of the word "auto" only
    _, sizes, rows = randomized_svd(centred, count, n_oversamples=20, n_iter=steps, random_state=0)
    return signed(rows.T), sizes**2 / len(centred), float(np.square(centred).sum() / len(centred))
