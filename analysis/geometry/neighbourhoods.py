"""The nearest neighbours of samples among each other: what estimators of dimension and sharpness are made of."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

NEIGHBOURS = 60  # kept of each sample: of half of the samples, about 30 are left of them
_CANCELS = 1e-6  # of the squared lengths: nearer samples are subtracted, not expanded
_SAME = 1e-12  # of the root mean squared length: no nearer than rounding
_SPARE = 4
_HALVES = 20
_Z = 1.959964


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """Of n samples that all differ."""

    places: np.ndarray  # (n,) ascending, in the features
    duplicates: int  # samples that were left out because an equal one is among the n
    neighbours: np.ndarray  # (n, k) places among the n, the nearest first, never the sample itself
    distances: np.ndarray  # (n, k) Euclidean, ascending

    def __len__(self) -> int:
        return len(self.places)

    @property
    def caveats(self) -> tuple[str, ...]:
        return (f"{self.duplicates:,} duplicates of other samples are left out.",) if self.duplicates else ()


def near(rows: np.ndarray, places: np.ndarray, most: int = NEIGHBOURS) -> Near:
    """rows (n, D) float64, centred so that little cancels; places (n,) of them in what they were drawn from."""
    count, kept = len(rows), _distinct(rows)
    while True:
        found, distances = _nearest(rows[kept], most)
        if not distances.size:
            break
        same = _SAME * float(np.sqrt(np.square(rows).sum(axis=1).mean()))
        own = np.arange(len(kept))[:, None]
        later = np.any((distances <= same) & (found < own), axis=1)  # one equal but for rounding comes before it
        if not later.any():
            break
        kept = kept[~later]
    return Near(places[kept], count - len(kept), found, distances)


def _distinct(rows: np.ndarray) -> np.ndarray:
    """(n, D) -> (m,) ascending places of rows that no earlier one equals to the last bit."""
    first = {row.tobytes(): i for i, row in reversed([*enumerate(rows + 0.0)])}  # + 0.0: -0.0 is 0.0
    return np.array(sorted(first.values()), dtype=np.int64)


def _nearest(rows: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """(n, D) -> (n, k) places and distances, k at most n - 1, the nearest first."""
    k = min(most, max(len(rows) - 1, 0))
    if not k:
        return np.empty((len(rows), 0), np.int64), np.empty((len(rows), 0))
    size = float(np.sqrt(np.square(rows).sum(axis=1).mean()))
    rows = rows / size
    lengths = np.square(rows).sum(axis=1)
    squared = _squared(rows, lengths)
    np.fill_diagonal(squared, np.inf)
    rough = squared.astype(np.float32)  # takes a third of the time; a few more are chosen, for what it rounds
    some = min(k + _SPARE, len(rows) - 1)
    found = np.argpartition(rough, some - 1, axis=1)[:, :some]
    chosen = np.take_along_axis(squared, found, axis=1)
    i, j = np.nonzero(chosen < _CANCELS * (lengths[:, None] + lengths[found]))
    for start in range(0, len(i), 4096):
        a, b = i[start : start + 4096], j[start : start + 4096]
        chosen[a, b] = np.square(rows[a] - rows[found[a, b]]).sum(axis=1)
    order = np.argsort(chosen, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(found, order, axis=1), size * np.sqrt(np.take_along_axis(chosen, order, axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class Rivals:
    """Of n samples of at least two classes, who of another class is nearest."""

    places: np.ndarray  # (n,) ascending, in the features
    other: np.ndarray  # (n,) which of the n
    distances: np.ndarray  # (n,) Euclidean, to that one


def rivals(rows: np.ndarray, classes: np.ndarray, places: np.ndarray) -> Rivals:
    """rows (n, D) float64, centred so that little cancels, classes (n,), places (n,) in what they were drawn from."""
    order = np.argsort(classes, kind="stable")
    sorted_rows, ends = rows[order], np.cumsum(np.unique(classes, return_counts=True)[1])
    squared = _squared(sorted_rows, np.square(sorted_rows).sum(axis=1))
    for start, stop in zip([0, *ends], ends, strict=False):
        squared[start:stop, start:stop] = np.inf
    other = np.empty(len(rows), np.int64)
    other[order] = order[squared.argmin(axis=1)]
    distances = np.sqrt(np.square(rows - rows[other]).sum(axis=1))
    return Rivals(places, other, distances)


def _squared(rows: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """(n, D), squared lengths (n,) -> (n, n) squared distances, to rounding of the lengths; may be below 0 by that."""
    found = rows @ (-2 * rows.T)
    found += lengths
    found += lengths[:, None]
    return found


def half_spread(samples: Near, need: int, estimate: Callable[[np.ndarray], float], seed: int) -> float:
    """How far an estimate from neighbours may be off: half of a 95 % interval; NaN where too few can say.

    The standard deviation over random halves is that of the whole: Var(half) - Var(whole) = Var(whole). Neighbours
    within a half are among those kept. estimate: distances (m, need) of samples to neighbours in their half -> value.
    """
    random, found = np.random.default_rng(seed), []
    count = len(samples)
    if count < 4 * need:
        return float("nan")
    for _ in range(_HALVES):
        chosen = np.zeros(count, bool)
        chosen[random.choice(count, count // 2, replace=False)] = True
        within = chosen[samples.neighbours[chosen]]
        order = np.cumsum(within, axis=1)
        enough = order[:, -1] >= need
        within &= (order <= need) & enough[:, None]  # the first of those in the half, `need` of them in each row
        distances = samples.distances[chosen][within].reshape(-1, need)
        found.append(estimate(distances) if len(distances) else float("nan"))
    return _Z * float(np.std(found, ddof=1))


SUBSAMPLED = f"normal, from {_HALVES} random halves of the samples"
