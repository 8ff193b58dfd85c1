"""Ten groups of samples, and what is left without each: for intervals in which nothing is held fixed.

The delete-a-group jackknife: a value is taken anew without each group in turn, from sums by group, so that no sample is
read again (Shao & Tu 1995, The jackknife and bootstrap, section 2.3; on average it is too wide rather than too narrow,
Efron & Stein 1981, Annals of Statistics 9). Every class gives its samples to the groups in turn, so that all groups
have about as many of each. The only sample of a class is in no group: without it the class would be gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from analysis.geometry.intervals import ANYTHING, Spread, from_groups, none

if TYPE_CHECKING:
    from analysis.geometry.features import Features

GROUPS = 10
MOST = 25_000_000  # numbers that are kept of all groups; past that there is no interval
_LEAST = 2 * GROUPS  # samples
_SINGLE = 0.1  # of the classes may have a single sample: it does not vary, and so makes intervals too narrow


def grouped(features: Features) -> np.ndarray:
    """(N,) the group of each labelled sample; -1 of others, and of the only sample of its class."""
    found, start = np.full(len(features), -1), 0
    random = np.random.default_rng(features.seed)
    shuffled = random.permutation(len(features))
    order = shuffled[np.argsort(features.places[shuffled], kind="stable")]
    order = order[features.places[order] >= 0]
    order = order[features.counts[features.places[order]] > 1]
    found[order] = (start + np.arange(len(order))) % GROUPS
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Rest:
    """What is left of the labelled samples of K classes without one group."""

    group: int
    counts: np.ndarray  # (K,)
    means: np.ndarray  # (K, D)
    within: np.ndarray  # (K,) summed squared distances to the class's mean

    @property
    def samples(self) -> int:
        return int(self.counts.sum())

    @property
    def centred(self) -> np.ndarray:
        """(K, D) class means less their mean."""
        return self.means - self.means.mean(axis=0)


class GroupSums:
    """Sums of samples less their class's mean, by group."""

    def __init__(self, features: Features) -> None:
        """features of K classes."""
        self._features = features
        self.groups = grouped(features)
        classes, width = len(features.classes), features.width
        self.counts = np.zeros((GROUPS, classes), np.int64)  # (G, K)
        there = self.groups >= 0
        np.add.at(self.counts, (self.groups[there], features.places[there]), 1)
        self.left = features.counts - self.counts
        self.sums = self.summed(lambda part, where: part - features.class_means[features.places[where]])
        squares = np.zeros((GROUPS, classes))
        np.add.at(squares, (self.groups[there], features.places[there]), features.apart[there])
        self.squares = squares  # (G, K)
        self.by_feature = np.zeros((GROUPS, width))  # (G, D) squared
        for where, part in features.parts():
            chosen = np.flatnonzero(self.groups[where] >= 0)
            apart = part[chosen] - features.class_means[features.places[where][chosen]]
            choice = (np.ones(len(chosen)), (self.groups[where][chosen], np.arange(len(chosen))))
            self.by_feature += sparse.csr_array(choice, shape=(GROUPS, len(chosen))) @ np.square(apart)

    def summed(self, rows: Callable[[np.ndarray, slice], np.ndarray]) -> np.ndarray:
        """(G, K, D): what `rows` makes of each part, (n, D) -> (n, D), summed by group and class."""
        features, classes = self._features, len(self._features.classes)
        total = np.zeros((GROUPS * classes, features.width))
        for where, part in features.parts():
            chosen = np.flatnonzero(self.groups[where] >= 0)
            place = self.groups[where][chosen] * classes + features.places[where][chosen]
            choice = (np.ones(len(chosen)), (place, chosen))
            total += sparse.csr_array(choice, shape=(len(total), len(part))) @ rows(part, where)
        return total.reshape(GROUPS, classes, features.width)

    def __iter__(self) -> Iterator[Rest]:
        totals = np.bincount(
            self._features.places[self._features.places >= 0],
            self._features.apart[self._features.places >= 0],
            len(self._features.classes),
        )
        for g in range(GROUPS):
            moved = self.sums[g] / self.left[g][:, None]
            within = totals - self.squares[g] - self.left[g] * np.square(moved).sum(axis=1)
            means = self._features.class_means - moved
            yield Rest(g, self.left[g], means, np.maximum(within, 0))

    @cached_property
    def scatters(self) -> np.ndarray:
        """(G, D, D) float32: of each group, the sum of outer products of samples less their class's mean.

        In units of the mean squared length of a row: float32 would not hold what is very large or small.
        """
        features, unit = self._features, np.sqrt(self._features.size)
        total = np.zeros((GROUPS, features.width, features.width), np.float32)
        for where, part in features.parts():
            known = features.places[where] >= 0
            apart = ((part - features.class_means[features.places[where]]) / unit).astype(np.float32)
            for g in range(GROUPS):
                own = apart[known & (self.groups[where] == g)]
                total[g] += own.T @ own
        return total


def group_sums(features: Features) -> GroupSums | None:
    """None where they would take too much memory, or where there are too few samples of too many classes."""
    single = int(np.count_nonzero(features.counts < 2))
    if features.labelled < _LEAST or single > _SINGLE * len(features.classes):
        return None
    if GROUPS * len(features.classes) * features.width > MOST:
        return None
    return GroupSums(features)


def without_groups(
    features: Features, value: float, of_rest: Callable[[Rest], float], span: tuple[float, float] = ANYTHING
) -> Spread:
    """The interval of a value that `of_rest` takes anew without each group; span: what the value can be."""
    sums = features.group_sums
    return none() if sums is None else from_groups(value, np.array([of_rest(rest) for rest in sums]), span)
