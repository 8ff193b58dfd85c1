"""What lies near a sample: its nearest neighbours among all others, and how far each class is from it.

Each of ten groups of samples can be taken away from what lies there: for intervals, see `groups`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from analysis.geometry.features import NOTHING, ROWS, Features
from analysis.geometry.groups import GROUPS, grouped
from analysis.geometry.groups import MOST as NUMBERS

KEPT = 50  # neighbours of each
MOST = 300  # samples that are asked, each beside all others: a mean of their answers is off by .06 at most
_COLUMNS = 65_536  # samples that they are held against at a time


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """Of m samples whose class is known, each beside all the others whose class is known."""

    queries: np.ndarray  # (m,) places in the features, ascending
    neighbours: np.ndarray  # (m, k) places in the features, the nearest first, never the sample itself
    distances: np.ndarray  # (m, k) Euclidean
    groups: np.ndarray  # (N,) of all samples, for intervals; -1: in none
    sums: np.ndarray  # (G + 1, m, K) summed distances to the samples of each class, by group, the last of none
    counts: np.ndarray  # (G + 1, K) samples of each class, by group; one for all where these are too many numbers
    own: np.ndarray  # (m,) class of each

    def to_classes(self, group: int = -1) -> np.ndarray:
        """(m, K) mean distance to the samples of each class, itself left out, and without a group; NaN of none."""
        left = np.arange(len(self.sums)) != group
        counts = np.repeat(self.counts[left].sum(axis=0)[None, :], len(self.queries), axis=0).astype(np.float64)
        there = np.flatnonzero(self.groups[self.queries] != group) if group >= 0 else np.arange(len(self.queries))
        counts[there, self.own[there]] -= 1
        total = self.sums.sum(axis=0) if group < 0 else self.sums.sum(axis=0) - self.sums[group]
        return np.divide(total, counts, out=np.full(total.shape, np.nan), where=counts > 0)

    @property
    def divided(self) -> bool:
        """Whether there is something to say without a group."""
        return len(self.sums) > 1

    def without(self, group: int, k: int) -> tuple[np.ndarray, np.ndarray]:
        """(m',) which of the m are not of the group; (m', w) which of their w nearest are the k nearest not of it."""
        asked = np.flatnonzero(self.groups[self.queries] != group)
        held = self.neighbours[asked, : k + k // 2 + 5]
        there = self.groups[held] != group
        return asked, there & (np.cumsum(there, axis=1) <= k)


def surroundings(features: Features, samples: int = MOST, *, cosine: bool = False) -> Surroundings:
    """Of at most so many drawn samples. cosine: of rows of length 1, where distances go with the angle."""
    return features.once(("surroundings", samples, cosine), lambda: _surroundings(features, samples, cosine))


def _surroundings(features: Features, samples: int, cosine: bool) -> Surroundings:
    known = np.flatnonzero(features.places >= 0)
    queries = known
    if len(known) > samples:
        queries = np.sort(np.random.default_rng(features.seed).choice(known, samples, replace=False))
    groups = grouped(features)
    parts, counts = np.zeros(len(features), np.int64), features.counts[None, :]
    if (GROUPS + 1) * len(queries) * len(features.classes) <= NUMBERS:
        parts = np.where(groups >= 0, groups, GROUPS)
        counts = np.zeros((GROUPS + 1, len(features.classes)), np.int64)
        np.add.at(counts, (parts[known], features.places[known]), 1)
    blocks = [queries[i : i + MOST] for i in range(0, len(queries), MOST)] or [queries]
    found = [_block(features, block, known, cosine, parts, len(counts)) for block in blocks]
    nearest, distances, sums = zip(*found, strict=True)
    return Surroundings(
        queries,
        np.concatenate(nearest),
        np.concatenate(distances),
        groups=groups,
        sums=np.concatenate(sums, axis=1),
        counts=counts,
        own=features.places[queries],
    )


def _block(
    features: Features, queries: np.ndarray, known: np.ndarray, cosine: bool, group: np.ndarray, several: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """neighbours, distances (m, k) and sums (several, m, K) of a few hundred queries; group (N,) of several."""
    asked = _prepared(features, np.asarray(features.values[queries], dtype=np.float64), cosine)
    lengths, count, classes = np.square(asked).sum(axis=1), len(queries), len(features.classes)
    best, nearest = np.empty((count, 0)), np.empty((count, 0), np.int64)
    totals = np.zeros((several * classes, count))
    for start in range(0, len(known), _COLUMNS):
        held = np.empty((count, min(_COLUMNS, len(known) - start)))
        for i in range(0, held.shape[1], ROWS):
            places = known[start + i : min(start + i + ROWS, start + held.shape[1])]
            part = _prepared(features, np.asarray(features.values[places], dtype=np.float64), cosine)
            squared = part @ (-2 * asked).T
            squared += np.square(part).sum(axis=1)[:, None]
            squared += lengths
            np.maximum(squared, 0, out=squared)
            at = np.searchsorted(places, queries)
            own = np.flatnonzero(places[np.minimum(at, len(places) - 1)] == queries)
            squared[at[own], own] = 0
            chosen = (np.ones(len(places)), (group[places] * classes + features.places[places], np.arange(len(places))))
            totals += sparse.csr_array(chosen, shape=(len(totals), len(places))) @ np.sqrt(squared)
            squared[at[own], own] = np.inf
            held[:, i : i + len(places)] = squared.T
        best, nearest = _merged(best, nearest, held, known[start : start + _COLUMNS])
    there = max(min(KEPT, len(known) - 1), 0)
    return nearest[:, :there], np.sqrt(best[:, :there]), totals.reshape(several, classes, count).transpose(0, 2, 1)


def _prepared(features: Features, rows: np.ndarray, cosine: bool) -> np.ndarray:
    if not cosine:
        return rows - features.mean
    lengths = np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
    return rows / np.where(lengths > 0, lengths, 1)


def _merged(
    best: np.ndarray, nearest: np.ndarray, squared: np.ndarray, places: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The KEPT nearest so far, (m, k), and another part, (m, n) -> those of both, the nearest first."""
    if squared.shape[1] > KEPT:
        found = np.argpartition(squared, KEPT - 1, axis=1)[:, :KEPT]
        squared, places = np.take_along_axis(squared, found, axis=1), places[found]
    else:
        places = np.broadcast_to(places, squared.shape)
    squared, places = np.concatenate([best, squared], axis=1), np.concatenate([nearest, places], axis=1)
    order = np.argsort(squared, axis=1, kind="stable")[:, :KEPT]
    return np.take_along_axis(squared, order, axis=1), np.take_along_axis(places, order, axis=1)


def all_one(features: Features) -> bool:
    """Whether all samples whose class is known are one point: their neighbours are nothing but rounding."""
    within = float(np.nansum(features.apart))
    return bool(features.no_spread) and not within > NOTHING * features.size * features.labelled
