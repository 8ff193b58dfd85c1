"""How much of activations is zero, sample by sample: of features, and of raw activations batch by batch."""

import numpy as np

from analysis.geometry.intervals import mean
from analysis.geometry.registry import Measured, undefined


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


class ActivationSparsity:
    """Adds up what batches of one layer's raw activations say; holds two numbers a sample and two a channel."""

    def __init__(self, *, near: float = 0.01) -> None:
        self.near = near
        self._zeros: list[np.ndarray] = []
        self._near: list[np.ndarray] = []
        self._channels, self._places = np.zeros(0), 0

    def add(self, activations: np.ndarray) -> None:
        """(n, C, ...), channels second: conv maps (n, C, h, w), or features (n, C). Not modified."""
        if not activations.size:
            return
        channels = np.moveaxis(activations, 1, 0).reshape(activations.shape[1], -1)
        if not self._places:
            self._channels = np.zeros(len(channels))
        self._channels += np.count_nonzero(channels == 0, axis=1)
        self._places += channels.shape[1]
        self._zeros.append(zeros(activations))
        self._near.append(near_zeros(activations, self.near))

    def found(self) -> Measured:
        """The mean share of zeros; arrays: samples (N,), near (N,), per_feature (C,) share of places where it is 0."""
        if not self._places:
            return undefined("no activations were seen")
        samples = np.concatenate(self._zeros)
        arrays = {
            "samples": samples,
            "near": np.concatenate(self._near),
            "per_feature": self._channels / self._places,
        }
        return mean(samples, arrays, silent(arrays["per_feature"]))


def silent(per_feature: np.ndarray) -> tuple[str, ...]:
    """What must be said of features that are never anything but 0."""
    count = int(np.count_nonzero(per_feature == 1))
    return (f"{count:,} of {len(per_feature):,} features are 0 for every sample.",) if count else ()
