"""For each sample, the share of its nearest in the picture that are strangers in the features."""

import numpy as np

from analysis.projections.prepared import under

HELD = 1 << 22  # distances that are held at a time


def strangers(
    features: np.ndarray, points: np.ndarray, rows: np.ndarray, reference: np.ndarray, k: int, metric: str = "euclidean"
) -> np.ndarray:
    """Of each row's k nearest in the picture, the share that is not among its k nearest in the features.

    features (N, D), points (N, d), rows (n,), and reference (m,) that neighbours are sought among, ascending, m > k + 1
    -> (n,) float32. A sample is no neighbour of its own. One that is no farther than the k-th nearest is among them,
    so that twins are not strangers.
    """
    known = _centred(features, reference, metric)
    middle, known = known.mean(axis=0), known - known.mean(axis=0)
    lengths = np.einsum("ij,ij->i", known, known)
    own = _own(rows, reference)
    found = np.empty(len(rows), np.float32)
    near = _nearest(points[rows], points[reference], own, k)
    step = max(1, HELD // max(len(reference), features.shape[1]))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        block = _centred(features, rows[part], metric) - middle
        sums = np.einsum("ij,ij->i", block, block)[:, None] + lengths
        squared = sums - 2 * (block @ known.T)
        tolerance = 1e-12 * sums
        mine = np.flatnonzero(own[part] >= 0)
        squared[mine, own[part][mine]] = np.inf
        bound = np.partition(squared, k - 1, axis=1)[:, k - 1]
        apart = np.take_along_axis(squared - tolerance, near[part], axis=1)
        found[part] = (apart > bound[:, None]).mean(axis=1)
    return found


def _centred(features: np.ndarray, rows: np.ndarray, metric: str) -> np.ndarray:
    return np.asarray(under(np.asarray(features[rows]), metric), np.float64)


def _own(rows: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Where each row is in the reference, -1 where it is not. -> (n,) int64"""
    at = np.minimum(np.searchsorted(reference, rows), len(reference) - 1)
    return np.where(reference[at] == rows, at, -1)


def _nearest(points: np.ndarray, reference: np.ndarray, own: np.ndarray, k: int) -> np.ndarray:
    """The k nearest in the picture, oneself left out. (n, d), (m, d) -> (n, k) positions in the reference"""
    from scipy.spatial import KDTree

    found = np.asarray(KDTree(reference).query(points, k + 1)[1])
    out = found == own[:, None]
    out[:, -1] |= ~out.any(axis=1)
    return found[~out].reshape(len(points), k)
