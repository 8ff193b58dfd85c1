"""How much of activations is zero, sample by sample."""

from dataclasses import dataclass

import numpy as np


def zeros(rows: np.ndarray) -> np.ndarray:
    """(n, ...) -> (n,) the share of each sample's entries that are exactly 0."""
    flat = _flat(rows)
    return np.count_nonzero(flat == 0, axis=1) / max(flat.shape[1], 1)


def near_zeros(rows: np.ndarray, near: float) -> np.ndarray:
    """(n, ...) -> (n,) the share of entries within `near` of 0, in units of the sample's own root mean square."""
    flat = np.abs(_flat(rows))
    size = np.sqrt(np.square(flat, dtype=np.float64).mean(axis=1, keepdims=True))
    return np.count_nonzero(flat <= near * size, axis=1) / max(flat.shape[1], 1)


def carrying(rows: np.ndarray, energy: float) -> np.ndarray:
    """(n, D) -> (n,) the smallest share of entries that hold so much of the squared length; NaN for a row of zeros."""
    squares = -np.sort(-np.square(_flat(rows)), axis=1)
    held = np.cumsum(squares, axis=1)
    total = held[:, -1:]
    needed = 1 + np.count_nonzero(held < energy * total, axis=1)
    return np.where(total[:, 0] > 0, needed / max(squares.shape[1], 1), np.nan)


def _flat(rows: np.ndarray) -> np.ndarray:
    return rows.reshape(len(rows), int(np.prod(rows.shape[1:])))


@dataclass(frozen=True, slots=True, eq=False)
class MapZeros:
    """Of maps (N, C, h, w), counted before they were pooled: the shares of entries that are exactly 0."""

    samples: np.ndarray  # (N,) over all channels and cells
    channels: np.ndarray  # (C,) over all samples whose features are finite, and all cells


def silent(per_feature: np.ndarray) -> tuple[str, ...]:
    """What must be said of features that are never anything but 0."""
    count = int(np.count_nonzero(per_feature == 1))
    return (f"{count:,} of {len(per_feature):,} features are 0 for every sample.",) if count else ()
