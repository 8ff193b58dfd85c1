"""Count, mean and squared deviations of features, merged part by part (Chan, Golub and LeVeque 1979)."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Of N vectors of D numbers, in float64."""

    count: int
    mean: np.ndarray  # (D,)
    m2: np.ndarray  # (D,), the sum of squared deviations from the mean

    @property
    def variance(self) -> np.ndarray:
        """(D,), divided by N."""
        return self.m2 / max(self.count, 1)


def moments(values: np.ndarray) -> Moments:
    """Of values (N, D), N at least 1."""
    values = values.astype(np.float64)
    mean = values.mean(axis=0)
    return Moments(len(values), mean, np.square(values - mean).sum(axis=0))


def merged(parts: Iterable[Moments]) -> Moments:
    """Of all the vectors of some parts, at least one; the order decides the last bits."""
    return reduce(_pair, parts)


def _pair(one: Moments, other: Moments) -> Moments:
    count = one.count + other.count
    apart = other.mean - one.mean
    mean = one.mean + apart * (other.count / count)
    return Moments(count, mean, one.m2 + other.m2 + np.square(apart) * (one.count * other.count / count))
