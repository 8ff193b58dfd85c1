"""Two sets of features of the same samples, and what measures of both need of each alone.

What is taken of one side is kept with its `Features`: of a layers x layers matrix each layer is prepared once.
"""

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from scipy.spatial.distance import pdist, squareform

from analysis.geometry.features import NOTHING, ROWS, Features
from analysis.geometry.intervals import JACKKNIFE, clipped, jackknifed, none
from analysis.geometry.registry import Measured

LEAST = 10  # samples for an interval: of fewer, what each pulls says nothing of the rest


def matched(one: Features, two: Features) -> tuple[Features, Features, str]:
    """The samples that are finite in both, in order; and in words why they cannot be compared, empty where they can."""
    if len(one) + one.left_out == len(two) + two.left_out:  # of the same rows, some left out of either
        if not np.array_equal(one.rows, two.rows):
            common = np.intersect1d(one.rows, two.rows)
            one, two = (
                Features(of.values[np.isin(of.rows, common)], seed=of.seed) if len(common) < len(of) else of
                for of in (one, two)
            )
    elif len(one) != len(two):
        return one, two, "the two are not of the same samples"
    for of in (one, two):
        if not varies(of):
            return one, two, "the features do not vary" if len(of) > 1 else "it takes two samples"
    return one, two, ""


def varies(features: Features) -> bool:
    """Whether the samples are not all one point, beside how far that is from the origin."""
    return len(features) > 1 and narrow(features).lengths.sum() > NOTHING * len(features) * features.size


class Narrow:
    """Centred features, (N, M) with M = min(N, D): turned into N coordinates where D are more, distances kept."""

    def __init__(self, features: Features) -> None:
        self._values, self._mean = features.values, features.mean
        if len(features) < features.width:
            centred = np.asarray(features.values, dtype=np.float64) - features.mean
            self._values, self._mean = np.asarray(np.linalg.qr(centred.T, mode="r")).T, np.zeros(len(features))

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[np.ndarray]:
        """(n, M) float64, a few thousand rows at a time, in order."""
        for start in range(0, len(self), ROWS):
            yield self._values[start : start + ROWS].astype(np.float64) - self._mean

    def rows(self, places: np.ndarray) -> np.ndarray:
        """(n, M) float64."""
        return self._values[places].astype(np.float64) - self._mean

    @property
    def width(self) -> int:
        return self._values.shape[1]

    @cached_property
    def lengths(self) -> np.ndarray:
        """(N,) squared."""
        return np.concatenate([np.square(part).sum(axis=1) for part in self] or [np.empty(0)])

    @cached_property
    def scatter(self) -> np.ndarray:
        """(M, M) X'X."""
        return cross(self, self)

    @cached_property
    def axes(self) -> tuple[np.ndarray, np.ndarray]:
        """(M,) eigenvalues of the scatter X'X, the largest first; (M, M) its eigenvectors, in columns."""
        values, vectors = np.linalg.eigh(self.scatter)
        return np.maximum(values[::-1], 0), vectors[:, ::-1]


def narrow(features: Features) -> Narrow:
    return features.once("narrow", lambda: Narrow(features))


def cross(one: Narrow, two: Narrow) -> np.ndarray:
    """(M, M') X'Y, of centred rows."""
    total = np.zeros((one.width, two.width))
    for first, second in zip(one, two, strict=True):
        total += first.T @ second
    return total


def distances(features: Features, places: np.ndarray, metric: str = "euclidean") -> np.ndarray:
    """Of n rows: (n (n - 1) / 2,) in SciPy's condensed order; `correlation` is 1 - Pearson's over the D features."""
    rows = np.asarray(features.values[places], dtype=np.float64)
    if metric == "correlation":
        rows = rows - rows.mean(axis=1, keepdims=True)
        lengths = np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
        rows = rows / np.where(lengths > 0, lengths, 1)
        return np.square(pdist(rows)) / 2
    return pdist(rows - rows.mean(axis=0) if len(rows) else rows)


def square(condensed: np.ndarray) -> np.ndarray:
    """(n (n - 1) / 2,) -> (n, n), 0 on the diagonal."""
    return squareform(condensed, checks=False)


def about(
    value: float, pulls: np.ndarray, caveats: tuple[str, ...] = (), span: tuple[float, float] = (-1.0, 1.0)
) -> Measured:
    """A likeness, what each sample pulls it by (N,), and what it can be -> with its 95 % interval, of ten samples."""
    if len(pulls) < LEAST:
        said = (*caveats, f"{len(pulls)} samples are too few for an interval.")
        return Measured(value, len(pulls), *none(), caveats=said)
    low, high = clipped(value, jackknifed(pulls), span)
    return Measured(value, len(pulls), low, high, JACKKNIFE, caveats=caveats)
