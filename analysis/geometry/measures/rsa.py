"""Representational similarity analysis: whether the same pairs of samples are far apart (Kriegeskorte et al. 2008)."""

from typing import Annotated, Literal

import numpy as np
from scipy.spatial.distance import squareform
from scipy.stats import rankdata, t

from analysis.geometry.features import Features
from analysis.geometry.pairs import distances, matched, square
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.registry import Range

_PARTS = 10


@MEASURES.register(
    "pair",
    "rsa",
    label="RSA",
    group="similarity",
    paper="Kriegeskorte, Mur & Bandettini 2008, Frontiers in Systems Neuroscience 2:4",
    convention="Spearman's correlation of the distances of all pairs of samples, Euclidean unless 1 - Pearson over "
    "features is asked for (which a rotation changes); of at most 500 drawn samples.",
    reads="1: both order all pairs of samples alike from near to far; 0: the orders have nothing in common.",
    fails="Classes that are far apart in both give a high value, whatever is within them.",
    better="high",
    unmoved=("permutation", "rotation", "scaling", "shift"),
)
def rsa(
    one: Features,
    two: Features,
    *,
    dissimilarity: Literal["euclidean", "correlation"] = "euclidean",
    samples: Annotated[int, Range(50, 5000)] = 500,
) -> Measured:
    """(N, D), (N, E) of the same samples -> -1 to 1."""
    one, two, why = matched(one, two)
    if why or len(one) < 3:
        return undefined(why or "it takes three samples", len(one))
    places = one.drawn(samples)
    key = ("ranks", dissimilarity, samples, one.seed)
    ranks = [of.once(key, lambda of=of: rankdata(_told(distances(of, places, dissimilarity)))) for of in (one, two)]
    value = _correlation(ranks[0], ranks[1])
    if np.isnan(value):
        return undefined("all samples are equally far from each other", len(places))
    half = _half_spread(ranks[0], ranks[1], len(places), one.seed)
    if np.isnan(half):
        return Measured(value, len(places))
    how = f"Student's t, from {_PARTS} disjoint parts of the samples"
    return Measured(value, len(places), max(value - half, -1.0), min(value + half, 1.0), how)


def _told(apart: np.ndarray) -> np.ndarray:
    """Distances that differ by rounding alone are one rank."""
    return np.round(apart / apart.max(), 12) if apart.size and apart.max() > 0 else apart


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt(x @ x) * np.sqrt(y @ y))
    return float(np.clip(x @ y / scale, -1, 1)) if scale > 0 else float("nan")


def _half_spread(x: np.ndarray, y: np.ndarray, count: int, seed: int) -> float:
    """Half a 95 % interval, from what disjoint parts of the samples say: pairs share samples and are no sample."""
    if count < 10 * _PARTS:
        return float("nan")
    first, second = square(x), square(y)
    order = np.random.default_rng(seed).permutation(count)
    parts = (np.ix_(part, part) for part in np.array_split(order, _PARTS))
    found = [_correlation(_ranks(first[part]), _ranks(second[part])) for part in parts]
    return float(t.ppf(0.975, _PARTS - 1) * np.std(found, ddof=1) / np.sqrt(_PARTS))


def _ranks(apart: np.ndarray) -> np.ndarray:
    return rankdata(squareform(apart, checks=False))
