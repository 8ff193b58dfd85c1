"""What lies near a sample: its nearest neighbours among all others, and how far each class is from it."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from analysis.geometry.features import NOTHING, ROWS, Features

KEPT = 50  # neighbours of each
MOST = 300  # samples that are asked, each beside all others: a mean of their answers is off by .06 at most
_COLUMNS = 65_536  # samples that they are held against at a time


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """Of m samples whose class is known, each beside all the others whose class is known."""

    queries: np.ndarray  # (m,) places in the features, ascending
    neighbours: np.ndarray  # (m, k) places in the features, the nearest first, never the sample itself
    distances: np.ndarray  # (m, k) Euclidean
    to_classes: np.ndarray  # (m, K) mean distance to the samples of each class, itself left out; NaN of none


def surroundings(features: Features, samples: int = MOST, *, cosine: bool = False) -> Surroundings:
    """Of at most so many drawn samples. cosine: of rows of length 1, where distances go with the angle."""
    return features.once(("surroundings", samples, cosine), lambda: _surroundings(features, samples, cosine))


def _surroundings(features: Features, samples: int, cosine: bool) -> Surroundings:
    known = np.flatnonzero(features.places >= 0)
    queries = known
    if len(known) > samples:
        queries = np.sort(np.random.default_rng(features.seed).choice(known, samples, replace=False))
    blocks = [queries[i : i + MOST] for i in range(0, len(queries), MOST)] or [queries]
    found = [_block(features, block, known, cosine) for block in blocks]
    return Surroundings(queries, *(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _block(
    features: Features, queries: np.ndarray, known: np.ndarray, cosine: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """neighbours, distances (m, k) and to_classes (m, K) of a few hundred queries."""
    asked = _prepared(features, np.asarray(features.values[queries], dtype=np.float64), cosine)
    lengths, count, classes = np.square(asked).sum(axis=1), len(queries), len(features.classes)
    best, nearest = np.empty((count, 0)), np.empty((count, 0), np.int64)
    totals = np.zeros((classes, count))
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
            chosen = (np.ones(len(places)), (features.places[places], np.arange(len(places))))
            totals += sparse.csr_array(chosen, shape=(classes, len(places))) @ np.sqrt(squared)
            squared[at[own], own] = np.inf
            held[:, i : i + len(places)] = squared.T
        best, nearest = _merged(best, nearest, held, known[start : start + _COLUMNS])
    others = np.repeat(features.counts[:, None], count, axis=1).astype(np.float64)
    others[features.places[queries], np.arange(count)] -= 1
    means = np.divide(totals, others, out=np.full_like(totals, np.nan), where=others > 0)
    there = max(min(KEPT, len(known) - 1), 0)
    return nearest[:, :there], np.sqrt(best[:, :there]), means.T


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
