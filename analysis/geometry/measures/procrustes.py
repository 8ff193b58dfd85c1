"""Procrustes distance: what is left between two sets of features after the best rotation (Ding et al. 2021)."""

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.intervals import SHARE
from analysis.geometry.pairs import about, cross, matched, narrow
from analysis.geometry.registry import MEASURES, Measured, undefined


@MEASURES.register(
    "pair",
    "procrustes",
    label="Procrustes distance",
    group="similarity",
    paper="Ding, Denain & Steinhardt 2021, arXiv 2108.01661, section 3; js-d/sim_metric; Schoenemann 1966",
    convention="Both centred and divided by their Frobenius norm: 2 - 2 ||X'Y||_*, the squared distance, 0 to 2; "
    "the narrower one is filled up with zeros.",
    reads="0: the same features up to a rotation and a factor; 2: nothing in common. A distance in the strict sense is "
    "its square root.",
    fails="With fewer samples than features a rotation fits noise, and any two look nearer than they are.",
    better="low",
    unmoved=("permutation", "rotation", "scaling", "shift"),
)
def procrustes(one: Features, two: Features) -> Measured:
    """(N, D), (N, E) of the same samples -> 0 to 2."""
    one, two, why = matched(one, two)
    if why:
        return undefined(why, len(one))
    x, y, n = narrow(one), narrow(two), len(one)
    own = float(x.lengths.sum()), float(y.lengths.sum())
    left, values, right = np.linalg.svd(cross(x, y), full_matrices=False)
    scale = np.sqrt(own[0]) * np.sqrt(own[1])
    common, turn = float(values.sum() / scale), left @ right
    each = np.concatenate([((first @ turn) * second).sum(axis=1) for first, second in zip(x, y, strict=True)])
    relative = [n * mine / total for mine, total in ((x.lengths, own[0]), (y.lengths, own[1]))]
    pulls = n * each / scale - common * (relative[0] + relative[1]) / 2
    few = n <= max(one.width, two.width)
    said = (f"{n:,} samples of {max(one.width, two.width):,} features: a rotation fits noise.",) if few else ()
    found = about(common, pulls, said, SHARE)
    value, low, high = (max(2 - 2 * one, 0.0) for one in (common, found.high, found.low))
    return Measured(value, n, low, high, found.interval, caveats=found.caveats)
