"""Which corruptions say the same of networks, and the fewest that rank the networks as all of them do.

Kendall's tau-b (ties counted) compares two rankings: 1 the same, 0 unrelated, -1 turned round.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, islice
from math import comb

import numpy as np

_ROUND = 9  # digits: means of the same counts in another order are ties
_VARIES = 1e-12  # variance over squared mean: less is rounding
_WORK = 40_000_000  # signs of pairs of networks that a search of one size may look at
_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class Subset:
    """The best of its size."""

    corruptions: tuple[int, ...]  # places, ascending
    tau: float
    exact: bool  # whether all of that size were tried; else the best found by adding one at a time


def correlation(numbers: np.ndarray) -> np.ndarray:
    """Pearson's over rows that have both: (n, K) -> (K, K); nan where one does not vary or two rows are too few."""
    there = np.isfinite(numbers)
    if len(numbers) >= 2 and there.all():
        return _whole(numbers.astype(np.float64))
    some = there.astype(np.float64)
    shared = some.T @ some
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = np.where(there, numbers, 0).sum(axis=0, dtype=np.float64) / some.sum(axis=0)
        held = np.where(there, numbers - middle, 0)
        sums, squares = held.T @ some, (held**2).T @ some  # of each column, over the rows that both have
        together = held.T @ held - sums * sums.T / shared
        spread = squares - sums**2 / shared
        varies = (spread > _VARIES * np.maximum(middle**2, 1e-300)[:, None] * shared) & (shared >= 2)
        found = together / np.sqrt(spread * spread.T)
    return np.clip(np.where(varies & varies.T, found, np.nan), -1, 1)


def tau(one: np.ndarray, other: np.ndarray) -> float:
    """Kendall's tau-b of two rankings (M,); nan where one has all networks alike."""
    return float(_taus(np.asarray(one)[None], _signs(np.asarray(other)[None])[0])[0])


def taus(accuracies: np.ndarray, subset: Sequence[int]) -> np.ndarray:
    """For each resample, how its ranking by a subset agrees with its ranking by all: (M, K, R) -> (R,)."""
    every, part = accuracies.mean(axis=1), accuracies[:, list(subset)].mean(axis=1)
    return np.array([tau(a, b) for a, b in zip(part.T, every.T, strict=True)])


def steadiness(accuracies: np.ndarray) -> np.ndarray:
    """How the ranking by all corruptions agrees with itself in each resample: (M, K, 1 + R) -> (R,).

    No subset needs to agree better than that.
    """
    every = accuracies.mean(axis=1)
    return _taus(every[:, 1:].T, _signs(every[None, :, 0])[0])


def smallest_subsets(accuracies: np.ndarray, threshold: float = 0.9, *, largest: int | None = None) -> list[Subset]:
    """The best subset of every size, up to the first whose tau reaches the threshold (or `largest`).

    accuracies (M, K) without nan. Empty with fewer than three networks or without any order among them. Of equals, the
    first in the order of the corruptions.
    """
    networks, count = accuracies.shape
    target = _signs(accuracies.mean(axis=1)[None])[0]
    if networks < 3 or not target.any() or not np.isfinite(accuracies).all():
        return []
    found: list[Subset] = []
    for size in range(1, (largest or count) + 1):
        exact = comb(count, size) * len(target) <= _WORK
        tried = combinations(range(count), size) if exact else _one_more(found[-1].corruptions, count)
        found.append(_best(accuracies, tried, target, exact))
        if found[-1].tau >= threshold - 1e-12 and largest is None:
            break
    return found


def _one_more(before: tuple[int, ...], count: int) -> Iterator[tuple[int, ...]]:
    """One added to what is there, also after one of it was exchanged."""
    rest = [c for c in range(count) if c not in before]
    added = [tuple(sorted((*before, c))) for c in rest]
    kept = [(*before[:i], *before[i + 1 :]) for i in range(len(before))]
    exchanged = [tuple(sorted((*k, *pair))) for k in kept for pair in combinations(rest, 2)]
    return chain(added, exchanged)


def _best(accuracies: np.ndarray, tried: Iterator[tuple[int, ...]], target: np.ndarray, exact: bool) -> Subset:
    best: tuple[float, tuple[int, ...]] = (-np.inf, ())
    while some := list(islice(tried, max(_AT_ONCE // len(target), 1))):
        means = accuracies[:, np.array(some)].mean(axis=2).T  # (subsets, M)
        values = np.nan_to_num(_taus(means, target), nan=-1.0)
        at = int(values.argmax())
        if values[at] > best[0] + 1e-12:
            best = (float(values[at]), some[at])
    return Subset(best[1], best[0], exact)


def _taus(rankings: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(B, M), signs of all pairs (P,) -> (B,)."""
    own = _signs(rankings)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (own @ target) / np.sqrt(np.abs(own).sum(axis=1) * np.abs(target).sum())


def _signs(rankings: np.ndarray) -> np.ndarray:
    """Of the difference of every pair: (B, M) -> (B, P) float32."""
    first, second = np.triu_indices(rankings.shape[1], 1)
    rounded = np.round(rankings.astype(np.float64), _ROUND)
    return np.sign(rounded[:, first] - rounded[:, second]).astype(np.float32)


def _whole(numbers: np.ndarray) -> np.ndarray:
    """The same where nothing is missing."""
    middle = numbers.mean(axis=0)
    together = (numbers - middle).T @ (numbers - middle)
    spread = np.diag(together)
    varies = spread > _VARIES * np.maximum(middle**2, 1e-300) * len(numbers)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = together / np.sqrt(np.outer(spread, spread))
    return np.clip(np.where(varies & varies[:, None], found, np.nan), -1, 1)
