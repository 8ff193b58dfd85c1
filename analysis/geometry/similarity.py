"""How alike two networks see the same samples: linear centred kernel alignment (Kornblith et al. 2019, eq. 4).

    CKA = HSIC(X X', Y Y') / sqrt(HSIC(X X', X X') HSIC(Y Y', Y Y'))

1 for features that are equal up to a rotation and a factor. With few samples and many features the plain (biased)
form is near 1 for anything: of independent Gaussians, 100 samples of 512 features, it says .83. So the debiased one
is the default here, with the unbiased HSIC of Song et al. (2012, eq. 5); it is about 0 there, and may be below 0.
All sums are in float64, over all samples at once: averages over small batches are something else.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from analysis.errors import BadParameter

Estimator = Literal["debiased", "biased"]

_ROWS = 4096  # at a time: features may lie on the disk
_ROUNDING = 1e-13  # what varies by no more, beside the features themselves, does not vary


def cka(x: np.ndarray, y: np.ndarray, *, estimator: Estimator = "debiased") -> float:
    """How alike two sets of features of the same samples are.

    x (N, D), y (N, E) -> at most 1; nan where it is not defined: features that do not vary, fewer than two samples,
    or fewer than four for the debiased form. Neither is modified; both may be memory-mapped.
    """
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
        raise BadParameter(
            f"CKA takes two matrices with a row for each sample, the same samples in both; got {x.shape} and {y.shape}."
        )
    if estimator not in ("debiased", "biased"):
        raise BadParameter(f"The estimator of CKA is 'debiased' or 'biased'; got '{estimator}'.")
    if len(x) < (4 if estimator == "debiased" else 2):
        return float("nan")
    dependence = _debiased if estimator == "debiased" else _biased
    one, two = _Centred(x), _Centred(y)
    own = dependence(one, one), dependence(two, two)
    if not (own[0] > one.nothing and own[1] > two.nothing):  # also where a feature is not a number
        return float("nan")
    return dependence(one, two) / float(np.sqrt(own[0]) * np.sqrt(own[1]))


class _Centred:
    """Features (N, D) less their mean, float64, a few thousand rows at a time."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.shape = values, values.shape
        self.mean = np.sum([part.sum(axis=0, dtype=np.float64) for part in _parts(values)], axis=0) / len(values)
        self.lengths = np.concatenate([np.square(part).sum(axis=1) for part in self])  # squared, (N,)
        size = self.lengths.sum() + len(values) * np.square(self.mean).sum()
        self.nothing = float(_ROUNDING**2 * size) ** 2

    def __iter__(self) -> Iterator[np.ndarray]:
        for part in _parts(self.values):
            yield part.astype(np.float64) - self.mean


def _parts(values: np.ndarray) -> Iterator[np.ndarray]:
    return (values[start : start + _ROWS] for start in range(0, len(values), _ROWS))


def _biased(x: _Centred, y: _Centred) -> float:
    """(N - 1)^2 HSIC_0: ||X' Y||^2, the same as the sum of K * L, whichever is smaller to have."""
    if x.shape[0] < min(x.shape[1], y.shape[1]):
        first, second = np.concatenate([*x]), np.concatenate([*y])
        return float(np.sum((first @ first.T) * (second @ second.T)))
    products = np.zeros((x.shape[1], y.shape[1]))
    for first, second in zip(x, y, strict=True):
        products += first.T @ second
    return float(np.square(products).sum())


def _debiased(x: _Centred, y: _Centred) -> float:
    """N (N - 3) HSIC_1, from the centred features alone: the diagonals of both kernels taken out."""
    n = x.shape[0]
    diagonals = n / (n - 2) * float(x.lengths @ y.lengths)
    return _biased(x, y) - diagonals + float(x.lengths.sum() * y.lengths.sum()) / ((n - 1) * (n - 2))
