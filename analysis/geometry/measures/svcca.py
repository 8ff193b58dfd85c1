"""SVCCA: how well the main directions of two sets of features can be turned into each other (Raghu et al. 2017)."""

from typing import Annotated

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.pairs import cross, matched, narrow
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.registry import Range

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
    return Measured(float(correlations.mean()), len(one), caveats=said, arrays=arrays)


def _whitening(features: Features, variance: float) -> np.ndarray:
    """(M, k): what turns centred features into k uncorrelated directions of length 1."""
    values, vectors = narrow(features).axes
    values, vectors = values[values > _ROUNDING * values[0]], vectors[:, values > _ROUNDING * values[0]]
    shares = np.cumsum(values) / values.sum()
    kept = len(values) if variance >= 1 else int(np.searchsorted(shares, variance)) + 1
    return vectors[:, :kept] / np.sqrt(values[:kept])
