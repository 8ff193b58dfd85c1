"""Classes as linear subspaces through the origin: directions, what they hold, and angles between them.

A class's subspace S_c (D, k) are the k leading right singular vectors of its features, not centred. Angles between two
are arccos of the singular values of S_a' S_b (Björck & Golub 1973); below 1e-7 radians they are rounding.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.linalg import eigh

MOST = 8  # directions kept of each class
_BLOCK = 4_000_000  # numbers at a time
_RANK = 1e-12  # of a class's largest: a smaller singular value squared is rounding


class ClassSubspaces:
    """Of K classes; what is asked of it is kept."""

    def __init__(self, values: np.ndarray, members: Sequence[np.ndarray]) -> None:
        """values (N, D), members of each class: places in values."""
        self.axes, self.squares, self.totals = class_axes(values, members)
        self._angles: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    @property
    def ranks(self) -> np.ndarray:
        """(K,) how many directions each class spans, at most those that are kept."""
        return np.count_nonzero(self.squares, axis=1)

    def angles(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """(P,) ascending places of classes that span k directions; (P, P, k) radians, the smallest first."""
        if k not in self._angles:
            there = np.flatnonzero(self.ranks >= k)
            self._angles[k] = there, principal_angles(self.axes[there, :, :k])
        return self._angles[k]


def class_axes(values: np.ndarray, members: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """values (N, D), K lists of places in it -> axes (K, D, m), squares (K, m), totals (K,); m at most 8.

    squares: mean squared coordinate along each axis, the largest first; totals: mean squared length. Axes beyond what
    a class spans are 0.
    """
    width = values.shape[1]
    kept = min(MOST, width)
    axes, squares = np.zeros((len(members), width, kept)), np.zeros((len(members), kept))
    totals = np.zeros(len(members))
    for c, places in enumerate(members):
        rows = np.asarray(values[places], dtype=np.float64)
        if not len(rows):
            continue
        totals[c] = np.square(rows).sum() / len(rows)
        short = len(rows) < width
        second = (rows @ rows.T if short else rows.T @ rows) / len(rows)
        top = min(kept, len(second))
        found, vectors = eigh(second, subset_by_index=(len(second) - top, len(second) - 1), check_finite=False)
        found, vectors = found[::-1], vectors[:, ::-1]
        top = int(np.count_nonzero(found > _RANK * totals[c]))
        found, vectors = found[:top], vectors[:, :top]
        squares[c, :top] = found
        axes[c, :, :top] = rows.T @ vectors / np.sqrt(len(rows) * found) if short else vectors
    return axes, squares, totals


def logits(rows: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """||S_c' x||: rows (n, D), axes (K, D, m) -> (m, n, K), entry j by the first j + 1 directions."""
    found = np.matmul(rows, axes.transpose(2, 1, 0))
    np.square(found, out=found)
    for before, own in pairwise(found):
        own += before
    return np.sqrt(found, out=found)


def principal_angles(axes: np.ndarray) -> np.ndarray:
    """(K, D, k) orthonormal -> (K, K, k) radians, ascending; 0 on the diagonal."""
    count, _, k = axes.shape
    found = np.zeros((count, count, k))
    flat = axes.transpose(0, 2, 1).reshape(count * k, axes.shape[1])
    step = max(1, _BLOCK // max(count * k * k, 1))
    for start in range(0, count, step):
        stop = min(start + step, count)
        products = (flat[start * k : stop * k] @ flat[start * k :].T).reshape(stop - start, k, count - start, k)
        cosines = np.linalg.svd(products.transpose(0, 2, 1, 3), compute_uv=False)
        found[start:stop, start:] = np.arccos(np.clip(cosines, 0, 1))
        found[start:, start:stop] = found[start:stop, start:].transpose(1, 0, 2)
    found[np.arange(count), np.arange(count)] = 0
    return found
