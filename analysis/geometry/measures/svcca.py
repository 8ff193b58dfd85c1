"""SVCCA: how well the main directions of two sets of features can be turned into each other (Raghu et al. 2017).

For its interval both are taken anew without each of ten groups of at most 1,000 drawn samples, which directions are
kept among it; of N samples, the error of n is less by sqrt(n / N).
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.groups import GROUPS
from analysis.geometry.intervals import SHARE, Spread, from_groups, none
from analysis.geometry.pairs import cross, matched, narrow
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.registry import Range

_ASKED = 1000
_SPARE = 8
_ROUNDING = 1e-12  # of the largest eigenvalue: below it, a direction is nothing but rounding


@MEASURES.register(
    "pair",
    "svcca",
    label="SVCCA",
    group="similarity",
    paper="Raghu et al. 2017, arXiv 1706.05806, section 2; google/svcca",
    convention="Centred; the principal directions that hold 99 % of the variance of each; the mean of all canonical "
    "correlations, as many as the smaller of both has directions.",
    reads="1: the main directions of one are linear combinations of the other's; all count alike.",
    fails="With few samples beside directions correlations are high whatever the features: see its caveat.",
    better="high",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    version=2,
)
def svcca(one: Features, two: Features, *, variance: Annotated[float, Range(0.5, 1)] = 0.99) -> Measured:
    """(N, D), (N, E) of the same samples -> 0 to 1; arrays: correlations (k,), directions (2,) kept of each."""
    one, two, why = matched(one, two)
    if why:
        return undefined(why, len(one))
    first, second = (of.once(("directions", variance), lambda of=of: _whitening(of, variance)) for of in (one, two))
    kept = first.shape[1], second.shape[1]
    if sum(kept) >= len(one):
        said = f"with {len(one):,} samples for {kept[0]:,} and {kept[1]:,} directions some correlations are always 1"
        return undefined(said, len(one))
    products = first.T @ cross(narrow(one), narrow(two)) @ second
    correlations = np.minimum(np.linalg.svd(products, compute_uv=False), 1)
    few = f"{len(one):,} samples for {kept[0]:,} and {kept[1]:,} directions: of unrelated features it would say about "
    by_chance = float(np.sqrt(max(kept) / (len(one) - 1)))  # the root of the mean squared correlation of noise
    said = (few + f"{by_chance:.2f}.",) if len(one) < 10 * sum(kept) else ()
    arrays = {"correlations": correlations, "directions": np.array(kept)}
    value = float(correlations.mean())
    return Measured(value, len(one), *_spread(one, two, variance, value), caveats=said, arrays=arrays)


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    """One side's drawn samples, in coordinates of its leading directions, and what is left without each group."""

    rows: tuple[np.ndarray, ...]  # (n_g, Q) of each group
    sums: np.ndarray  # (G, Q)
    whitenings: tuple[np.ndarray, ...]  # (Q, k) without each group


def _spread(one: Features, two: Features, variance: float, value: float) -> Spread:
    """Of the mean correlation; none where the drawn samples are too few for the directions."""
    places = one.drawn(_ASKED)
    parts = np.array_split(np.random.default_rng(one.seed).permutation(len(places)), GROUPS)
    key = ("without groups", variance, len(places), one.seed)
    first, second = (of.once(key, lambda of=of: _groups(of, places, parts, variance)) for of in (one, two))
    left = len(places) - np.array([len(part) for part in parts])
    kept = max(sum(both) for both in zip(*([w.shape[1] for w in of.whitenings] for of in (first, second)), strict=True))
    if kept >= left.min():
        return none()
    products = [a.T @ b for a, b in zip(first.rows, second.rows, strict=True)]
    total, sums = np.sum(products, axis=0), (first.sums.sum(axis=0), second.sums.sum(axis=0))
    without = np.empty(GROUPS)
    for g in range(GROUPS):
        moved = np.outer(sums[0] - first.sums[g], sums[1] - second.sums[g]) / left[g]
        both = first.whitenings[g].T @ (total - products[g] - moved) @ second.whitenings[g]
        gram = both.T @ both if both.shape[1] <= both.shape[0] else both @ both.T
        without[g] = np.sqrt(np.clip(np.linalg.eigvalsh(gram), 0, 1)).mean()
    fewer = float(np.sqrt(len(places) / len(one)))
    return from_groups(value, without.mean() + fewer * (without - without.mean()), SHARE)


def _groups(features: Features, places: np.ndarray, parts: list[np.ndarray], variance: float) -> _Groups:
    """Beyond twice the directions that are kept, the rest counts by its variance only."""
    rows = narrow(features).rows(places)
    kept = features.once(("directions", variance), lambda: _whitening(features, variance)).shape[1]
    coordinates = rows @ narrow(features).axes[1][:, : 2 * kept + _SPARE]
    beyond = np.maximum(np.square(rows).sum(axis=1) - np.square(coordinates).sum(axis=1), 0)
    held = tuple(coordinates[part] for part in parts)
    sums, scatter = np.stack([of.sum(axis=0) for of in held]), coordinates.T @ coordinates
    whitenings = []
    for g, part in enumerate(parts):
        mean = (sums.sum(axis=0) - sums[g]) / (len(places) - len(part))
        rest = scatter - held[g].T @ held[g] - (len(places) - len(part)) * np.outer(mean, mean)
        values, vectors = np.linalg.eigh(rest)
        whitenings.append(_leading(values[::-1], vectors[:, ::-1], variance, float(beyond.sum() - beyond[part].sum())))
    return _Groups(held, sums, tuple(whitenings))


def _whitening(features: Features, variance: float) -> np.ndarray:
    """(M, k): what turns centred features into k uncorrelated directions of length 1."""
    return _leading(*narrow(features).axes, variance)


def _leading(values: np.ndarray, vectors: np.ndarray, variance: float, beyond: float = 0.0) -> np.ndarray:
    """Eigenvalues, the largest first, their vectors, the sum of those that are not given -> what turns into k of 1."""
    values, vectors = values[values > _ROUNDING * values[0]], vectors[:, values > _ROUNDING * values[0]]
    shares = np.cumsum(values) / (values.sum() + beyond)
    kept = len(values) if variance >= 1 else min(int(np.searchsorted(shares, variance)) + 1, len(values))
    return vectors[:, :kept] / np.sqrt(values[:kept])
